"""A clock that stands still until it is told to go on."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone

import pytest

from socialbpm.testing import FakeClock


def test_it_starts_at_a_known_moment_and_stands_still() -> None:
    """Two looks give the same time."""
    clock = FakeClock()
    assert clock.now() == clock.now() == datetime(2026, 1, 5, 9, 0, tzinfo=UTC)


def test_it_goes_on_by_as_much_as_it_is_told() -> None:
    """By a timedelta or by seconds; never back."""
    clock = FakeClock()
    assert clock.advance(timedelta(days=3)) == datetime(2026, 1, 8, 9, 0, tzinfo=UTC)
    assert clock.advance(0.5) == clock.now() == datetime(2026, 1, 8, 9, 0, 0, 500_000, tzinfo=UTC)
    with pytest.raises(ValueError, match="cannot be advanced"):
        clock.advance(-1)


def test_it_can_be_set_and_tells_utc() -> None:
    """Whatever the zone it was set in; a time without a zone is refused."""
    clock = FakeClock()
    clock.set(datetime(2026, 7, 1, 12, 0, tzinfo=timezone(timedelta(hours=2))))
    assert clock.now() == datetime(2026, 7, 1, 10, 0, tzinfo=UTC)
    assert clock.now().tzinfo is UTC
    with pytest.raises(ValueError, match="no time zone"):
        FakeClock(datetime(2026, 7, 1))  # noqa: DTZ001
