"""Quiet hours: the hours of a time zone in which nothing goes out, also over midnight."""

from __future__ import annotations

from functools import cached_property
from typing import Annotated, Self

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, model_validator

from socialbpm.calendars import DAYS, MINUTES, Calendar, Zone, clock_span, weekdays, written_clock
from socialbpm.tasks.notation import Misread, shown


def _spans(value: object) -> tuple[tuple[int, int], ...]:
    if not isinstance(value, str) or not value.split():
        raise Misread(f"{shown(value)} says no hours", 'write "22:00-07:00"')
    return tuple(clock_span(part) for part in value.split())


class Quiet(BaseModel):
    """Quiet hours of some days of the week. A night belongs to the day on which it begins."""

    model_config = ConfigDict(extra="forbid", frozen=True, arbitrary_types_allowed=True)

    zone: Zone = Field(description='Time zone of the hours: `"Europe/Berlin"`.')
    hours: Annotated[tuple[tuple[int, int], ...], BeforeValidator(_spans)] = Field(
        description='From and to, also over midnight: `"22:00-07:00"`.'
    )
    days: Annotated[tuple[int, ...] | None, BeforeValidator(weekdays)] = Field(
        None, description='Days on which they begin: `"mon-fri"`. Every day if left out.'
    )

    @model_validator(mode="after")
    def _leaves_some_time(self) -> Self:
        _ = self.calendar  # raises where hours overlap
        loud = 7 * MINUTES - sum(end - begin for row in self._week.values() for begin, end in row)
        if loud <= 0:
            raise Misread("the whole week is quiet, so nothing would ever go out", "leave some hours")
        return self

    @cached_property
    def _week(self) -> dict[int, list[tuple[int, int]]]:
        week: dict[int, list[tuple[int, int]]] = {}
        for day in range(7) if self.days is None else self.days:
            for begin, end in self.hours:
                week.setdefault(day, []).append((begin, end if begin < end else MINUTES))
                if end <= begin and end:
                    week.setdefault((day + 1) % 7, []).append((0, end))
        return week

    @cached_property
    def calendar(self) -> Calendar:
        """It is "open" while it is quiet."""
        rows = {
            day: [f"{written_clock(a)}-{written_clock(b)}" for a, b in row] for day, row in self._week.items()
        }
        return Calendar(zone=self.zone, hours={DAYS[day]: " ".join(row) for day, row in rows.items()})
