"""How times are written in a model: durations, moments, and deadlines, which may be either."""

from __future__ import annotations

import re
from datetime import datetime, timedelta

from socialbpm.tasks.notation import Misread, Notation, shown

LONGEST = timedelta(days=3660)
"""Ten years: longer than any request should wait; a slip of the pen is longer."""
LAST_YEAR = 2200
"""Far enough, and LONGEST can be added to it in any time zone."""

_DURATION = re.compile(
    r"P(?:(?P<weeks>\d{1,4})W"
    r"|(?=\d|T\d)(?:(?P<days>\d{1,5})D)?"
    r"(?:T(?=\d)(?:(?P<hours>\d{1,6})H)?(?:(?P<minutes>\d{1,7})M)?(?:(?P<seconds>\d{1,9}(?:\.\d{1,6})?)S)?)?)"
)


def _duration(value: object) -> timedelta:
    found = _DURATION.fullmatch(value) if isinstance(value, str) else None
    duration = timedelta(**_units(found)) if found else value
    if not isinstance(duration, timedelta):
        raise Misread(
            f"{shown(value)} is no duration", "write days, hours, minutes or weeks: P3D, PT30M, P1DT12H, P2W"
        )
    if not timedelta(0) <= duration <= LONGEST:
        raise Misread(f"{shown(value)} is too long or negative", "a duration lies between 0 and 10 years")
    return duration


def _units(found: re.Match[str]) -> dict[str, float]:
    return {unit: float(text) for unit, text in found.groupdict().items() if text}


def _time(value: object) -> datetime:
    moment = value
    if isinstance(value, str):
        try:
            moment = datetime.fromisoformat(value)
        except ValueError:
            moment = None
    if not isinstance(moment, datetime):
        raise Misread(f"{shown(value)} is no time", "write 2026-12-01T09:00:00+01:00")
    if moment.utcoffset() is None:
        raise Misread(f"{shown(value)} has no time zone", "add one: 2026-12-01T09:00:00+01:00, or Z")
    if not 1970 < moment.year <= LAST_YEAR:
        raise Misread(f"{shown(value)} is no time to plan with", f"a year lies between 1971 and {LAST_YEAR}")
    return moment


def _optional_time(value: object) -> datetime | None:
    return None if value is None else _time(value)


def _pause(value: object) -> timedelta | None:
    if value is None:
        return None
    if not _duration(value):
        raise Misread(f"{shown(value)} is no time at all", "write a duration: P1D, PT30M")
    return _duration(value)


def _deadline(value: object) -> timedelta | datetime | None:
    if (
        value is None
        or isinstance(value, datetime)
        or (isinstance(value, str) and re.match(r"\d{4}-", value))
    ):
        return None if value is None else _time(value)
    if not _duration(value):
        raise Misread(f"{shown(value)} is no time at all", "give people some time: P3D, PT30M")
    return _duration(value)


def _written_time(value: timedelta | datetime | None) -> str | None:
    return written(value) if isinstance(value, timedelta) else value.isoformat() if value else None


def written(duration: timedelta) -> str:
    """A duration in ISO 8601, exact to the microsecond: ``P3DT0.5S``."""
    fraction = f"{duration.microseconds:06}".rstrip("0")
    return f"P{duration.days}DT{duration.seconds}{'.' + fraction if fraction else ''}S"


_TIME_PATTERN = r"\d{4}-\d{2}-\d{2}T\d{2}:\d{2}(:\d{2}(\.\d+)?)?(Z|[+\-]\d{2}:\d{2})"
_DURATION_PATTERN = r"P(\d+W|\d+D|(\d+D)?T(\d+H)?(\d+M)?(\d+(\.\d+)?S)?)"

DURATION = Notation(
    "duration", "an ISO 8601 duration: P3D, PT30M, P2W", _duration, _written_time, pattern=_DURATION_PATTERN
)
PAUSE = Notation(
    "pause",
    "an ISO 8601 duration of some length: P1D, PT30M",
    _pause,
    _written_time,
    pattern=_DURATION_PATTERN,
)
TIME = Notation(
    "time", "an ISO 8601 time with its time zone", _optional_time, _written_time, pattern=_TIME_PATTERN
)
DEADLINE = Notation(
    "deadline",
    "an ISO 8601 duration (P3D) or a time with its time zone",
    _deadline,
    _written_time,
    pattern=f"{_DURATION_PATTERN}|{_TIME_PATTERN}",
)
