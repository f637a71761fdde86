"""Where the time comes from: an argument, so that weeks can be replayed in a moment."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Protocol


class Clock(Protocol):
    """Tells the time; ``testing.FakeClock`` is the other implementation."""

    def now(self) -> datetime:
        """The present as an aware datetime in UTC."""
        ...


class SystemClock:
    """The machine's clock."""

    def now(self) -> datetime:
        """The present as an aware datetime in UTC."""
        return datetime.now(UTC)
