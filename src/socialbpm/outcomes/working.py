"""How long a duration of a task lasts: by the clock, or in the working time of the task's calendar. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from types import MappingProxyType

from socialbpm.calendars import Calendar
from socialbpm.errors import StateError
from socialbpm.tasks import SocialTask

Calendars = Mapping[str, Calendar]
NO_CALENDARS: Calendars = MappingProxyType({})


def later(start: datetime, duration: timedelta, task: SocialTask, calendars: Calendars) -> datetime:
    """When ``duration`` has passed since ``start``, in UTC. Raises StateError if the calendar is gone."""
    calendar = _calendar(task, calendars)
    return calendar.after(start, duration) if calendar else start + duration


def passed(since: datetime, every: timedelta, now: datetime, task: SocialTask, calendars: Calendars) -> int:
    """How many intervals of ``every`` are over that began at ``since``."""
    calendar = _calendar(task, calendars)
    return max(calendar.between(since, now) if calendar else now - since, timedelta()) // every


def _calendar(task: SocialTask, calendars: Calendars) -> Calendar | None:
    name = getattr(task, "calendar", "")  # what only posts has none
    if name and name not in calendars:
        raise StateError(f"calendar '{name}' is no longer in the settings; add it again")
    return calendars.get(name)
