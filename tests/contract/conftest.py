"""One suite for each port; every adapter runs it, and a sabotaged one must fail it."""
