"""Rooms together, and real servers. A missing server is a failure in CI and a stated skip elsewhere."""
