"""A clock that stands still until it is told to go on."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

START = datetime(2026, 1, 5, 9, 0, tzinfo=UTC)  # a Monday morning


class FakeClock:
    """Implements ``socialbpm.clock.Clock``; weeks pass in a moment, and only when a test says so."""

    def __init__(self, start: datetime = START) -> None:
        self._now = _aware(start)

    def now(self) -> datetime:
        """The present as an aware datetime in UTC."""
        return self._now

    def advance(self, by: timedelta | float) -> datetime:
        """Let ``by`` (a timedelta, or seconds) pass; the new present. Time never goes back: ValueError."""
        step = by if isinstance(by, timedelta) else timedelta(seconds=by)
        if step < timedelta(0):
            raise ValueError(f"a clock cannot be advanced by {step}; use set() to put it back")
        self._now += step
        return self._now

    def set(self, to: datetime) -> datetime:
        """Put the clock to ``to``, forwards or back. A naive datetime is refused: ValueError."""
        self._now = _aware(to)
        return self._now


def _aware(moment: datetime) -> datetime:
    if moment.tzinfo is None:
        raise ValueError(f"{moment.isoformat()} has no time zone; write it as datetime(..., tzinfo=UTC)")
    return moment.astimezone(UTC)
