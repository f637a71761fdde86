"""How long a write that fails is tried again, and how long to wait in between. Pure."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Row

from socialbpm.errors import ChannelError

FIRST_PAUSE = timedelta(seconds=2)
LONGEST_PAUSE = timedelta(minutes=15)
PATIENCE = timedelta(days=1)
"""How long a failing write is tried again after it was first due."""
TRIES = 10
"""How often it is tried at least: a worker may have been away for as long."""


def out_of_patience(row: Row[Any], now: datetime) -> bool:
    """Whether a delivery has been tried for long enough, and often enough."""
    return bool(now - row.due > PATIENCE and row.attempts >= TRIES)


def rest_of(error: ChannelError | None) -> timedelta:
    """How long the platform asks us to rest; more than a day is no answer to a single write."""
    wished = error.retry_after if error is not None else 0.0
    return timedelta(seconds=min(max(wished, 0.0), PATIENCE.total_seconds()))


def pause(attempts: int) -> timedelta:
    """How long to wait after so many attempts before this one."""
    return min(FIRST_PAUSE * 2.0 ** min(attempts, 20), LONGEST_PAUSE)
