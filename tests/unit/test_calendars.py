"""Working time: hand-counted examples, the nights on which clocks are changed, and laws."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from socialbpm.calendars import DAYS, Calendar
from socialbpm.tasks.notation import Misread

BERLIN = "Europe/Berlin"
OFFICE = Calendar(
    zone=BERLIN, days="mon-fri", hours="09:00-12:00 13:00-17:30", holidays=["2026-12-25", "01-01"]
)


def berlin(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=ZoneInfo(BERLIN)).astimezone(UTC)


@pytest.mark.parametrize(
    ("start", "working", "end"),
    [
        ("2026-11-23T10:00", timedelta(hours=1), "2026-11-23T11:00"),  # within a span
        ("2026-11-23T11:30", timedelta(hours=1), "2026-11-23T13:30"),  # lunch does not count
        ("2026-11-23T09:00", timedelta(hours=7.5), "2026-11-23T17:30"),  # just used up: the same evening
        ("2026-11-23T09:00", timedelta(hours=7.5, microseconds=1), "2026-11-24T09:00:00.000001"),
        ("2026-11-27T17:00", timedelta(hours=16), "2026-12-02T09:30"),  # Friday evening: half an hour is left
        ("2026-11-28T12:00", timedelta(hours=1), "2026-11-30T10:00"),  # nobody works on a Saturday
        ("2026-12-24T17:00", timedelta(hours=1), "2026-12-28T09:30"),  # the holiday and the weekend after it
        ("2026-12-31T17:00", timedelta(hours=1), "2027-01-04T09:30"),  # a holiday of every year
        ("2026-11-23T03:00", timedelta(0), "2026-11-23T03:00"),  # no time at all passes at once
    ],
)
def test_worked_examples(start: str, working: timedelta, end: str) -> None:
    """So much working time after a start, counted by hand."""
    assert OFFICE.after(berlin(start), working) == berlin(end)


def test_what_comes_out_is_in_utc() -> None:
    """Whatever zone a moment comes in with, and a moment without one is refused."""
    start = datetime(2026, 11, 23, 10, tzinfo=ZoneInfo("Asia/Tokyo"))
    for moment in (
        OFFICE.after(start, timedelta(hours=1)),
        OFFICE.after(start, timedelta(0)),
        OFFICE.closing(start),
        OFFICE.next_opening(start),
    ):
        assert moment.tzinfo is UTC
    with pytest.raises(ValueError, match="time zone"):
        OFFICE.after(start.replace(tzinfo=None), timedelta(hours=1))


@pytest.mark.parametrize(
    ("night", "hours", "passed"),
    [
        ("2026-03-29", "00:00-24:00", 23),  # Berlin skips from 02:00 to 03:00
        ("2026-10-25", "00:00-24:00", 25),  # and shows the hour from 02:00 twice
        ("2026-03-29", "01:00-04:00", 2),
        ("2026-10-25", "01:00-04:00", 4),
        ("2026-03-29", "02:15-02:45", 0),  # not on the clock that night
        ("2026-03-29", "02:30-03:30", 0.5),
        ("2026-10-25", "02:00-02:30", 0.5),  # the first of the two
        ("2026-10-25", "02:30-03:00", 1.5),
    ],
)
def test_the_nights_on_which_clocks_are_changed(night: str, hours: str, passed: float) -> None:
    """Working time is what really passes; a skipped time is the moment of the skip; the first of two."""
    calendar = Calendar(zone=BERLIN, days="sun", hours=hours)
    day = datetime.fromisoformat(night).replace(tzinfo=UTC)
    assert calendar.between(day - timedelta(hours=6), day + timedelta(days=2)) == timedelta(hours=passed)


def test_hours_that_are_skipped_never_open() -> None:
    """In that night it opens not at all, but a week later."""
    calendar = Calendar(zone=BERLIN, days="sun", hours="02:15-02:45")
    assert calendar.next_opening(berlin("2026-03-28T12:00")) == berlin("2026-04-05T02:15")


def test_a_zone_that_skips_a_whole_day() -> None:
    """Samoa had no 30 December 2011: nobody worked on it."""
    samoa = Calendar(zone="Pacific/Apia", hours="09:00-17:00")
    start = datetime(2011, 12, 29, 9, tzinfo=ZoneInfo("Pacific/Apia"))
    end = datetime(2012, 1, 2, 10, tzinfo=ZoneInfo("Pacific/Apia"))
    assert samoa.after(start, timedelta(hours=9)) == end
    assert samoa.between(start, end) == timedelta(hours=9)


def test_hours_may_differ_by_day() -> None:
    """A row of hours for each group of days; days without one are free; a week may begin on any day."""
    calendar = Calendar(zone="UTC", hours={"sun-wed": "08:00-16:00", "thu": "08:00-12:00"})
    assert calendar.open_at(datetime(2026, 11, 22, 8, tzinfo=UTC))  # a Sunday
    assert not calendar.open_at(datetime(2026, 11, 26, 12, tzinfo=UTC))
    assert calendar.next_opening(datetime(2026, 11, 26, 12, tzinfo=UTC)) == datetime(
        2026, 11, 29, 8, tzinfo=UTC
    )


def test_hours_that_meet_at_midnight_close_once() -> None:
    """A night shift is written as two spans, and closes in the morning."""
    night = Calendar(zone="UTC", days="mon-sun", hours="00:00-06:00 22:00-24:00")
    assert night.closing(datetime(2026, 11, 23, 23, tzinfo=UTC)) == datetime(2026, 11, 24, 6, tzinfo=UTC)
    assert night.closing(datetime(2026, 11, 23, 12, tzinfo=UTC)) == datetime(2026, 11, 23, 12, tzinfo=UTC)


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ({"zone": "Europe/Berln"}, "'Europe/Berln' is no time zone; did you mean 'Europe/Berlin'?"),
        ({"zone": "../../etc/passwd"}, "is no time zone; write a name like"),
        ({"zone": ""}, "'' is no time zone; write a name like"),
        ({"zone": 7}, "'7' is no time zone"),
        ({"days": ""}, "'' names no day; write \"mon-fri\""),
        ({"days": "monday"}, "'monday' is no day and no row of days; the days are mon tue"),
        ({"days": "mon-tue-wed"}, "'mon-tue-wed' is no day and no row of days"),
        ({"hours": ""}, "'' says no hours"),
        ({"hours": 9}, "'9' says no hours"),
        ({"hours": "9-17"}, "'9-17' is no span of hours; write 09:00-12:00"),
        ({"hours": "24:30-25:00"}, "is no span of hours"),
        (
            {"hours": "22:00-06:00"},
            "ends before it begins; end the day at 24:00 and begin the next with 00:00-06:00",
        ),
        ({"hours": "09:00-09:00"}, "ends before it begins"),
        ({"hours": "09:00-12:00 11:00-13:00"}, "hours that begin at 11:00 overlap those before them"),
        ({"hours": {}}, "'hours' names no day at all"),
        ({"hours": {"mon-wed": "09:00-12:00", "wed": "13:00-17:00"}}, "a day has two rows of hours"),
        ({"hours": {"mon": "09:00-12:00"}, "days": "mon"}, "both 'days' and 'hours' name the days"),
        ({"holidays": "2026-12-25"}, "is no list of holidays"),
        ({"holidays": ["2026-02-30"]}, "'2026-02-30' is no day"),
        ({"holidays": ["13-01"]}, "'13-01' is no day"),
        ({"holiday": []}, "Extra inputs"),
    ],
)
def test_a_calendar_that_makes_no_sense_is_refused(given: dict[str, Any], expected: str) -> None:
    """At the border, with what is wrong and what to write instead."""
    with pytest.raises(ValidationError) as error:
        Calendar(**{"zone": "UTC", "hours": "09:00-17:00", **given})
    assert expected in str(error.value)


def test_holidays_may_be_dates_as_toml_has_them() -> None:
    """Without quotes TOML gives a date."""
    calendar = Calendar(zone="UTC", hours="09:00-17:00", holidays=[date(2026, 11, 23)])
    assert not calendar.open_at(datetime(2026, 11, 23, 10, tzinfo=UTC))
    assert calendar.model_copy() == Calendar(zone="UTC", hours="09:00-17:00", holidays=["2026-11-23"])


def test_time_that_never_passes_is_refused() -> None:
    """One hour a week, and ten years of them: the end lies beyond all planning."""
    with pytest.raises(Misread, match="before the year 2201"):
        Calendar(zone="UTC", days="mon", hours="09:00-10:00").after(
            datetime(2026, 1, 1, tzinfo=UTC), timedelta(days=3660)
        )


HALF_HOURS = st.integers(0, 48).map(lambda half: f"{half // 2:02}:{half % 2 * 30:02}")


@st.composite
def calendars(draw: st.DrawFn) -> Calendar:
    """Any calendar that is open for some of the half hours of the week."""
    marks = draw(st.lists(HALF_HOURS, min_size=2, max_size=6, unique=True).map(sorted))
    pairs = zip(marks[::2], marks[1::2], strict=False)
    return Calendar(
        zone=draw(
            st.sampled_from([BERLIN, "UTC", "America/New_York", "Australia/Lord_Howe", "Asia/Kolkata"])
        ),
        days=" ".join(draw(st.lists(st.sampled_from(DAYS), min_size=1, unique=True))),
        hours=" ".join(f"{begin}-{end}" for begin, end in pairs),
        holidays=draw(st.lists(st.dates(date(2026, 3, 20), date(2026, 4, 20)), max_size=3)),
    )


SPRING = datetime(2026, 3, 20, tzinfo=UTC)
MOMENTS = st.timedeltas(timedelta(0), timedelta(days=235)).map(lambda later: SPRING + later)
TIMES = st.timedeltas(timedelta(0), timedelta(hours=60))


@given(calendars(), MOMENTS, TIMES)
def test_after_is_the_first_moment_with_so_much_time(
    calendar: Calendar, start: datetime, working: timedelta
) -> None:
    """Exactly so much passes until then, and a microsecond earlier not yet."""
    end = calendar.after(start, working)
    assert calendar.between(start, end) == working
    if working:
        assert calendar.between(start, end - timedelta(microseconds=1)) < working


@given(calendars(), MOMENTS, TIMES, TIMES)
def test_waiting_in_two_parts_is_waiting_once(
    calendar: Calendar, start: datetime, first: timedelta, second: timedelta
) -> None:
    """A restart in the middle changes nothing."""
    assert calendar.after(calendar.after(start, first), second) == calendar.after(start, first + second)


@given(calendars(), MOMENTS, st.timedeltas(timedelta(0), timedelta(days=3)))
def test_working_time_is_the_minutes_in_which_it_is_open(
    calendar: Calendar, moment: datetime, long: timedelta
) -> None:
    """Against counting every half hour: these calendars open and close on them, in zones that do so too."""
    half = timedelta(minutes=30)
    start = moment.replace(minute=0, second=0, microsecond=0)
    steps = int(long / half)
    counted = sum(calendar.open_at(start + step * half) for step in range(steps))
    assert calendar.between(start, start + steps * half) == counted * half


@given(calendars(), MOMENTS)
def test_it_opens_and_closes_in_turn(calendar: Calendar, moment: datetime) -> None:
    """At the next opening it is open, at the closing after it closed, and in between it never was."""
    opens = calendar.next_opening(moment)
    assert calendar.open_at(opens)
    assert (opens == moment) == calendar.open_at(moment)
    assert calendar.between(moment, opens) == timedelta(0)
    closes = calendar.closing(opens)
    assert not calendar.open_at(closes)
    assert calendar.between(opens, closes) == closes - opens
