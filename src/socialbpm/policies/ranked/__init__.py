"""Ranked ballots: how a ranking is written, and the methods that decide by whole rankings."""
