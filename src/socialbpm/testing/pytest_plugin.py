"""Replay of `*.replay.toml` files under pytest."""
