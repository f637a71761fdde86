"""Intervals of a request: counted by the clock, or in the working time of its calendar."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from socialbpm.calendars import Calendar
from socialbpm.errors import StateError
from socialbpm.outcomes import working
from tests.middle import poll

OFFICE = {"office": Calendar(zone="Europe/Berlin", hours="09:00-17:00")}
FRIDAY = datetime(2026, 1, 9, 14, 0, tzinfo=UTC)  # 15:00 in Berlin: two hours are left
HOUR = timedelta(hours=1)


def test_without_a_calendar_time_is_the_clocks() -> None:
    """A day is 24 hours, weekends included."""
    assert working.later(FRIDAY, 3 * HOUR, poll(), OFFICE) == FRIDAY + 3 * HOUR
    assert working.passed(FRIDAY, HOUR, FRIDAY + 2.5 * HOUR, poll(), OFFICE) == 2


def test_with_a_calendar_time_is_working_time() -> None:
    """Three hours from Friday 15:00 are over on Monday at 10:00; the weekend counts for nothing."""
    task = poll(calendar="office")
    assert working.later(FRIDAY, 3 * HOUR, task, OFFICE) == datetime(2026, 1, 12, 9, tzinfo=UTC)
    assert working.passed(FRIDAY, HOUR, datetime(2026, 1, 11, 12, tzinfo=UTC), task, OFFICE) == 2


@given(st.integers(1, 40), st.integers(1, 600), st.sampled_from(["", "office"]))
def test_an_interval_is_over_exactly_when_it_is_due(number: int, minutes: int, calendar: str) -> None:
    """At its due time it has passed; a microsecond earlier it has not."""
    task, every = poll(calendar=calendar), timedelta(minutes=minutes)
    due = working.later(FRIDAY, number * every, task, OFFICE)
    assert working.passed(FRIDAY, every, due, task, OFFICE) == number
    assert working.passed(FRIDAY, every, due - timedelta(microseconds=1), task, OFFICE) == number - 1


def test_a_calendar_that_was_taken_out_of_the_settings_is_named() -> None:
    """Rather a clear error than another deadline than people were told."""
    with pytest.raises(StateError, match="calendar 'office' is no longer in the settings"):
        working.later(FRIDAY, HOUR, poll(calendar="office"), {})
