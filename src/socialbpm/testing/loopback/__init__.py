"""A channel with a store of its own, on this machine: to see what becomes of posts when things break.

The local channel shares our database, so it can never be in doubt whether a post went out. Here it can: a
real HTTP server keeps posts in its own SQLite file, may be told to accept one and then hang up or die, and
offers idempotency keys, a lookup, or neither. ``python -m socialbpm.testing.loopback --help`` runs it as a
process.
"""

from __future__ import annotations

from socialbpm.testing.loopback.channel import LoopbackChannel
from socialbpm.testing.loopback.server import LoopbackServer

__all__ = ["LoopbackChannel", "LoopbackServer"]
