"""Timers that take the time as an argument.

SpiffWorkflow's timer definitions ask the system clock themselves and share one stored value per task. Ours
read the clock of their workflow, so that weeks can be replayed in a moment; they keep one due time per
definition, so that two timers at one event gateway do not overwrite each other; and overdue rounds of a cycle
collapse into one.

They carry the names of the stock classes, so a specification looks the same in JSON whoever wrote it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, Protocol

from SpiffWorkflow.bpmn.specs.event_definitions import multiple as stock_multiple
from SpiffWorkflow.bpmn.specs.event_definitions import timer as stock
from SpiffWorkflow.bpmn.util import BpmnEvent
from SpiffWorkflow.task import Task

from socialbpm.clock import Clock, SystemClock

SYSTEM = SystemClock()
FOREVER = datetime.max.replace(tzinfo=UTC)
VALUE = "event_value"  # where the engine keeps a timer's state in a task's internal data
VALUES = "event_values"  # the same for a task that waits for several timers: index of the definition -> state


class Timed(Protocol):
    """What timers need of the workflow they belong to: ``SocialWorkflow`` has it."""

    clock: Clock
    horizon: datetime  # nothing that is due later than this fires, whatever the clock says


class Timer(stock.TimerEventDefinition):  # type: ignore[misc]
    """What our three timers share: where their state lies, and what time it is."""

    def due(self, task: Task) -> datetime | None:
        """When this timer fires next; None before it was first looked at, and after its last round."""
        raise NotImplementedError

    def _stored(self, task: Task) -> Any:
        return _slot(task, self).get(_key(task, self))

    def _store(self, task: Task, value: Any) -> None:
        _slot(task, self)[_key(task, self)] = value

    def __eq__(self, other: object) -> bool:
        """Two timers at one gateway differ by their expression even where they bear the same name."""
        return bool(super().__eq__(other)) and self.expression == getattr(other, "expression", None)

    __hash__ = None  # type: ignore[assignment]


class _Once(Timer):
    """A timer that fires once: its state is the due time as text."""

    def due(self, task: Task) -> datetime | None:
        """The due time, once it has been worked out."""
        value = self._stored(task)
        return None if value is None else moment(value)

    def has_fired(self, task: Task) -> bool:
        """Work out the due time at the first look; fired once it has been reached."""
        if self._stored(task) is None:
            expression = task.workflow.script_engine.evaluate(task, self.expression)
            self._store(task, self._first(str(expression), _clock(task).now()))
        if not _reached(task, self.due(task)):
            return bool(_alone(task)) and bool(task.internal_data.get("event_fired", False))
        if _alone(task):
            task.internal_data["event_fired"] = True
        return True

    def _first(self, expression: str, now: datetime) -> str:
        raise NotImplementedError


class TimeDateEventDefinition(_Once, stock.TimeDateEventDefinition):  # type: ignore[misc]
    """A date and time."""

    def _first(self, expression: str, now: datetime) -> str:
        return moment(expression, now).isoformat()


class DurationTimerEventDefinition(_Once, stock.DurationTimerEventDefinition):  # type: ignore[misc]
    """A duration, counted from the instant at which the token arrives."""

    def _first(self, expression: str, now: datetime) -> str:
        return (now + duration(expression, now)).isoformat()


class CycleTimerEventDefinition(Timer, stock.CycleTimerEventDefinition):  # type: ignore[misc]
    """A repetition; its state is ``{"cycles": left, "next": due time, "duration": seconds}``."""

    def due(self, task: Task) -> datetime | None:
        """The next round."""
        value = self._stored(task)
        return None if value is None or value["cycles"] == 0 else moment(value["next"])

    def cycle_complete(self, task: Task) -> bool:
        """True when a round is due. All rounds that were missed count as this one.

        After the last, it has fired.
        """
        value = self._stored(task)
        if value is None:
            value = self._begin(task)
        rounds = self._rounds_due(task, value)
        if rounds:
            step = timedelta(seconds=value["duration"]) * rounds
            value = value | {
                "cycles": value["cycles"] - rounds,
                "next": (moment(value["next"]) + step).isoformat(),
            }
        self._store(task, value)
        if value["cycles"] == 0:
            task.internal_data["event_fired"] = True
        return rounds > 0

    def update_task(self, task: Task) -> None:
        """Begin a branch for a round that is due."""
        before = len(task._children)
        super().update_task(task)
        if len(task._children) > before and _timed(task) is not _STOCK:
            _timed(task).trail.append(task.task_spec.bpmn_id)

    def _begin(self, task: Task) -> dict[str, Any]:
        now = _clock(task).now()
        return cycle(str(task.workflow.script_engine.evaluate(task, self.expression)), now)

    def _rounds_due(self, task: Task, value: dict[str, Any]) -> int:
        following = moment(value["next"])
        if value["cycles"] == 0 or not _reached(task, following):
            return 0
        left, step = value["cycles"], timedelta(seconds=value["duration"])
        missed = (_clock(task).now() - following) // step if step else left - 1
        return max(1, missed + 1 if left < 0 else min(missed + 1, left))


class MultipleEventDefinition(stock_multiple.MultipleEventDefinition):  # type: ignore[misc]
    """Several events at once. Of alternatives exactly one is taken.

    An event that came, else the earliest timer.
    """

    def has_fired(self, task: Task) -> bool:
        """As the engine's, but an event gateway takes one way only: of overdue timers the earliest."""
        seen = task.internal_data.get("seen_events", [])
        fired = sorted((d for d in self._timers(task) if d.has_fired(task)), key=lambda d: _due(d, task))
        if not self.parallel:
            seen, fired = seen[:1], fired[: 0 if seen else 1]
        seen = seen + [BpmnEvent(definition) for definition in fired]
        task.internal_data["seen_events"] = seen
        return len(seen) >= len(self.event_definitions) if self.parallel else bool(seen)

    def due(self, task: Task) -> datetime | None:
        """When the earliest of its timers fires."""
        times = [timer.due(task) for timer in self._timers(task)]
        return min((time for time in times if time is not None), default=None)

    def _timers(self, task: Task) -> list[Timer]:
        """Those that have not fired yet."""
        seen = [event.event_definition for event in task.internal_data.get("seen_events", [])]
        return [each for each in self.event_definitions if isinstance(each, Timer) and each not in seen]


OURS: dict[type, type] = {
    stock.TimeDateEventDefinition: TimeDateEventDefinition,
    stock.DurationTimerEventDefinition: DurationTimerEventDefinition,
    stock.CycleTimerEventDefinition: CycleTimerEventDefinition,
}


def of_stock(definition: Any) -> Any:
    """The same definition on our clock; what is no timer is handed back as it is."""
    if type(definition) is stock_multiple.MultipleEventDefinition:
        members = [of_stock(member) for member in definition.event_definitions]
        return MultipleEventDefinition(members, definition.parallel, description=definition.description)
    ours = OURS.get(type(definition))
    if ours is None:
        return definition
    return ours(definition.name, definition.expression, description=definition.description)


# reading ISO 8601; the arithmetic of months is the engine's own


def moment(expression: str, now: datetime | None = None) -> datetime:
    """An aware time in UTC from ISO 8601: a time, a week date, or (with ``now``) a duration from then.

    A time without zone is local time by the rules of that day; the model check warns of it.
    """
    if expression.upper().startswith("P") and now is not None:
        return now + duration(expression, now)
    if "W" in expression.upper():
        return stock.TimerEventDefinition.parse_iso_week(expression)  # type: ignore[no-any-return]
    return datetime.fromisoformat(expression).astimezone(UTC)


def duration(expression: str, start: datetime) -> timedelta:
    """How long an ISO 8601 duration lasts when it begins at ``start`` (months differ in length)."""
    parsed = stock.TimerEventDefinition.parse_iso_duration(expression)
    return stock.TimerEventDefinition.get_timedelta_from_start(parsed, start)  # type: ignore[no-any-return]


def cycle(expression: str, now: datetime) -> dict[str, Any]:
    """The state in which an ISO 8601 repetition (``R3/PT1H``, ``R/start/PT1H``, ``R3/PT1H/end``) begins."""
    repeat, *parts = expression.upper().replace("--", "/").split("/")
    left = int(repeat.strip("R")) if repeat.strip("R") else -1
    first, step = _span(parts, now)
    if step <= timedelta(0):
        raise ValueError(f"'{expression}' repeats without a pause; give it one, e.g. R/PT1H")
    return {"cycles": left, "next": first.isoformat(), "duration": step.total_seconds()}


def _span(parts: Sequence[str], now: datetime) -> tuple[datetime, timedelta]:
    """The first round and the time between rounds."""
    if len(parts) == 1:
        step = duration(parts[0], now)
        return now + step, step
    if parts[0].startswith("P"):
        end = moment(parts[1])
        step = stock.TimerEventDefinition.get_timedelta_from_end(
            stock.TimerEventDefinition.parse_iso_duration(parts[0]), end
        )
        return end - step, step
    start = moment(parts[0])
    return start, duration(parts[1], start)


# the task a timer waits at


@dataclass(frozen=True, slots=True)
class _Stock:
    """Stands in where a host runs our specifications under the engine's own workflow class."""

    clock: Clock = SYSTEM
    horizon: datetime = FOREVER


_STOCK = _Stock()


def _timed(task: Task) -> Any:
    top = task.workflow.top_workflow
    return top if hasattr(top, "horizon") else _STOCK


def _clock(task: Task) -> Clock:
    return _timed(task).clock  # type: ignore[no-any-return]


def _reached(task: Task, due: datetime | None) -> bool:
    timed = _timed(task)
    return due is not None and due <= timed.horizon and due <= timed.clock.now()


def _alone(task: Task) -> bool:
    return not isinstance(task.task_spec.event_definition, stock_multiple.MultipleEventDefinition)


def _slot(task: Task, definition: Timer) -> dict[str, Any]:
    data: dict[str, Any] = task.internal_data
    return data if _alone(task) else data.setdefault(VALUES, {})


def _key(task: Task, definition: Timer) -> str:
    if _alone(task):
        return VALUE
    members = task.task_spec.event_definition.event_definitions
    return str(next(i for i, member in enumerate(members) if member is definition))


def _due(definition: Timer, task: Task) -> datetime:
    return definition.due(task) or FOREVER
