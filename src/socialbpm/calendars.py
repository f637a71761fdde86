"""Working time: when an office is open, and when so much working time has passed. Pure and exact.

A span of hours begins and ends at wall-clock times of the calendar's zone; working time is what really passes
between them. So the night that summer time begins is an hour shorter for those who work in it, and the other
an hour longer. Of a time that the clock shows twice the first counts; one that it skips is the moment it
skips.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from datetime import UTC, date, datetime, time, timedelta
from functools import cached_property, lru_cache
from itertools import pairwise
from typing import Annotated, Any, Self
from zoneinfo import ZoneInfo, available_timezones

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, model_validator

from socialbpm.tasks.notation import Misread, did_you_mean, shown
from socialbpm.tasks.times import LAST_YEAR

DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
MINUTES = 24 * 60

Spans = tuple[tuple[int, int], ...]
"""Hours of one day as minutes from midnight, from and to, in order; no two overlap."""

Holiday = date | tuple[int, int]
"""A date, or month and day of every year."""

_CLOCK = re.compile(r"([01]\d|2[0-3]):([0-5]\d)|24:00")


def _zone(value: object) -> ZoneInfo:
    if isinstance(value, ZoneInfo):
        return value
    try:
        return ZoneInfo(str(value))
    except (KeyError, ValueError, OSError):  # a path or a folder of the zone database is no zone either
        remedy = did_you_mean(str(value), available_timezones()) if value else ""
        wanted = remedy if remedy.startswith("did") else 'write a name like "Europe/Berlin" or "UTC"'
        raise Misread(f"{shown(value)} is no time zone", wanted) from None


Zone = Annotated[ZoneInfo, BeforeValidator(_zone)]


def weekdays(value: object) -> tuple[int, ...]:
    """``mon-fri``, ``sun-thu`` or ``mon wed fri`` as weekdays, 0 is Monday. Raises Misread."""
    if isinstance(value, tuple):
        return value
    found = [day for part in str(value).split() for day in _days(part)]
    if not found:
        raise Misread(f"{shown(value)} names no day", 'write "mon-fri" or "mon wed fri"')
    return tuple(sorted(set(found)))


def _days(part: str) -> Iterator[int]:
    names = part.lower().split("-")
    if len(names) > 2 or not set(names) <= set(DAYS):
        raise Misread(f"{shown(part)} is no day and no row of days", f"the days are {' '.join(DAYS)}")
    first, last = DAYS.index(names[0]), DAYS.index(names[-1])
    return ((first + step) % 7 for step in range((last - first) % 7 + 1))


def hours(value: object) -> Spans:
    """``09:00-12:00 13:00-17:30`` as spans of one day. Raises Misread."""
    if not isinstance(value, str) or not value.split():
        raise Misread(f"{shown(value)} says no hours", 'write "09:00-12:00 13:00-17:30"')
    spans = tuple(sorted(clock_span(part) for part in value.split()))
    for begin, end in spans:
        if begin >= end:
            remedy = f"end the day at 24:00 and begin the next with 00:00-{written_clock(end)}"
            raise Misread(f"{written_clock(begin)}-{written_clock(end)} ends before it begins", remedy)
    for (_, end), (begin, _) in pairwise(spans):
        if begin < end:
            raise Misread(
                f"hours that begin at {written_clock(begin)} overlap those before them", "join them"
            )
    return spans


def clock_span(part: str) -> tuple[int, int]:
    """``09:00-12:00`` as minutes from midnight, whichever is earlier. Raises Misread."""
    ends = part.split("-")
    if len(ends) != 2 or not all(_CLOCK.fullmatch(end) for end in ends):
        raise Misread(f"{shown(part)} is no span of hours", "write 09:00-12:00; a day ends at 24:00")
    begin, end = (int(end[:2]) * 60 + int(end[3:]) for end in ends)
    return begin, end


def written_clock(minutes: int) -> str:
    """Minutes from midnight as a clock shows them."""
    return f"{minutes // 60:02}:{minutes % 60:02}"


def _hours_by_day(value: object) -> Spans | dict[tuple[int, ...], Spans]:
    """One row of hours for every working day, or a row for each named group of days."""
    if isinstance(value, Mapping):
        return {weekdays(days): hours(row) for days, row in value.items()}
    return hours(value)


def _holidays(value: object) -> frozenset[Holiday]:
    if not isinstance(value, list | tuple | frozenset):
        raise Misread(f"{shown(value)} is no list of holidays", 'write ["2026-12-25", "01-01"]')
    return frozenset(_holiday(each) for each in value)


def _holiday(value: object) -> Holiday:
    if isinstance(value, date | tuple) and not isinstance(value, datetime):
        return value
    try:
        if isinstance(value, str) and re.fullmatch(r"\d{2}-\d{2}", value):
            yearly = date.fromisoformat(f"2000-{value}")  # a leap year: every day there is
            return yearly.month, yearly.day
        if isinstance(value, str) and re.fullmatch(r"\d{4}-\d{2}-\d{2}", value):
            return date.fromisoformat(value)
    except ValueError:
        pass
    raise Misread(f"{shown(value)} is no day", 'write "2026-12-25", or "12-25" for every year')


class Calendar(BaseModel):
    """When an office is open: its time zone, its working days with their hours, and its holidays.

    Times go in with a zone and come out in UTC. Raises Misread when a moment lies after the year 2200.
    """

    model_config = ConfigDict(extra="forbid", frozen=True, arbitrary_types_allowed=True)

    zone: Zone = Field(description='Time zone of the hours and holidays: `"Europe/Berlin"`, `"UTC"`.')
    hours: Annotated[Any, BeforeValidator(_hours_by_day)] = Field(
        description='Opening hours of a working day, `"09:00-12:00 13:00-17:30"`; or of each: '
        '`{ mon-thu = "09:00-17:00", fri = "09:00-14:00" }`. Hours do not run over midnight.'
    )
    days: Annotated[tuple[int, ...] | None, BeforeValidator(weekdays)] = Field(
        None, description='Working days: `"mon-fri"` (if left out), `"sun-thu"`, `"mon wed fri"`.'
    )
    holidays: Annotated[frozenset[Holiday], BeforeValidator(_holidays)] = Field(
        default=frozenset(), description='Days off: `"2026-12-25"`, or `"12-25"` for every year.'
    )

    @model_validator(mode="after")
    def _one_row_a_day(self) -> Self:
        if isinstance(self.hours, Mapping):
            named = [day for days in self.hours for day in days]
            if self.days is not None:
                raise Misread("both 'days' and 'hours' name the days", "leave 'days' out")
            if len(named) != len(set(named)):
                raise Misread("a day has two rows of hours", "give each day one row: 09:00-12:00 13:00-17:00")
        if not any(self._week):
            raise Misread("'hours' names no day at all", "say when it is open")
        return self

    @cached_property
    def _week(self) -> tuple[Spans, ...]:
        if isinstance(self.hours, Mapping):
            by_day = {day: spans for days, spans in self.hours.items() for day in days}
        else:
            by_day = dict.fromkeys(range(5) if self.days is None else self.days, self.hours)
        return tuple(by_day.get(day, ()) for day in range(7))

    def open_at(self, moment: datetime) -> bool:
        """Whether it is open then. At the end of a span it is closed."""
        begin, _ = next(self._openings(moment))
        return begin <= moment

    def next_opening(self, moment: datetime) -> datetime:
        """The first moment from then on at which it is open: that very one if it is."""
        begin, _ = next(self._openings(moment))
        return max(begin, _utc(moment))

    def closing(self, moment: datetime) -> datetime:
        """The first moment from then on at which it is closed; hours that meet at midnight are one."""
        last = _utc(moment)
        for begin, end in self._openings(moment):
            if begin > last:
                break
            last = end
        return last

    def after(self, start: datetime, working: timedelta) -> datetime:
        """The first moment at which ``working`` time has passed since ``start``.

        A row of hours that is just used up ends it: 8 hours from 09:00 to 17:00 end at 17:00, not on the
        next morning.
        """
        left = working
        if left <= timedelta(0):
            return _utc(start)
        for begin, end in self._openings(start):
            begin = max(begin, _utc(start))
            if left <= end - begin:
                return begin + left
            left -= end - begin
        raise AssertionError  # pragma: no cover - _openings only ends by raising

    def between(self, start: datetime, end: datetime) -> timedelta:
        """The working time that passes from ``start`` to ``end``."""
        passed, start, end = timedelta(0), _utc(start), _utc(end)
        for opens, closes in self._openings(start):
            if opens >= end:
                return passed
            passed += min(closes, end) - max(opens, start)
        raise AssertionError  # pragma: no cover - _openings only ends by raising

    def _openings(self, moment: datetime) -> Iterator[tuple[datetime, datetime]]:
        """Every opening that ends after ``moment``, in order, in UTC. Raises Misread behind LAST_YEAR."""
        moment = _utc(moment)
        day = moment.astimezone(self.zone).date()
        while day.year <= LAST_YEAR:
            for begin, end in () if self._off(day) else self._week[day.weekday()]:
                opens, closes = _instant(self.zone, day, begin), _instant(self.zone, day, end)
                if moment < closes and opens < closes:
                    yield opens, closes
            day += timedelta(days=1)
        raise Misread(f"no working time is left before the year {LAST_YEAR + 1}", "shorten the duration")

    def _off(self, day: date) -> bool:
        return day in self.holidays or (day.month, day.day) in self.holidays


def _utc(moment: datetime) -> datetime:
    if moment.utcoffset() is None:
        raise ValueError("a moment needs its time zone")
    return moment.astimezone(UTC)


@lru_cache(maxsize=4096)
def _instant(zone: ZoneInfo, day: date, minutes: int) -> datetime:
    """The moment at which the clock of ``zone`` shows so many minutes after midnight of ``day``."""
    shown_time = datetime.combine(day, time()) + timedelta(minutes=minutes)
    first = shown_time.replace(tzinfo=zone).astimezone(UTC)
    if first.astimezone(zone).replace(tzinfo=None) == shown_time:
        return first
    return _skip(zone, shown_time.replace(tzinfo=zone, fold=1).astimezone(UTC), first)


def _skip(zone: ZoneInfo, before: datetime, after: datetime) -> datetime:
    """The second between two moments at which the clock of ``zone`` is put forward."""
    offset = before.astimezone(zone).utcoffset()
    while after - before > timedelta(seconds=1):
        middle = before + timedelta(seconds=int((after - before).total_seconds()) // 2)
        before, after = (middle, after) if middle.astimezone(zone).utcoffset() == offset else (before, middle)
    return after
