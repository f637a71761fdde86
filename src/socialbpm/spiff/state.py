"""The state of an instance as bytes, without its specification, which is stored once for all instances.

The engine's own JSON repeats the specification and spells out every task. Here a task is a short row: number
of its specification, parent, state, time, id as a difference to the row before, and what its data changes
against its parent's. All of it is compact JSON under zlib. What JSON does not know (times, events that were
caught) is wrapped under a key that process data may not use; so nothing in process data, whatever its keys,
can pass for such a thing.
"""

from __future__ import annotations

import json
import zlib
from collections.abc import Callable, Iterable, Mapping
from copy import copy
from datetime import datetime, timedelta
from types import ModuleType
from typing import Any
from uuid import UUID

from SpiffWorkflow.bpmn import BpmnEvent
from SpiffWorkflow.bpmn.specs.mixins.events.event_types import CatchingEvent
from SpiffWorkflow.task import Task
from SpiffWorkflow.util.task import TaskState

from socialbpm.errors import StateError
from socialbpm.spiff.steps import Step
from socialbpm.spiff.workflow import SocialSubWorkflow, SocialWorkflow, task_id

MARK = "\ue5bc"  # the reserved key: private use, so that nobody types it
MARK_AS_KEY = f'"{MARK}":'
DATA, ROWS = 2, 4  # of a workflow: its data and correlations from the first on, then its tasks
FIXED = 5  # fields that every row has; what follows are contents, left out where empty
LEVEL = 1  # of zlib: the fastest is small enough
TICKS = 2**22  # a float of seconds since the epoch is an exact multiple of 1/TICKS until 2242
MICROSECOND = timedelta(microseconds=1)

Restore = Callable[[Any], Any]
Row = list[Any]


def pack(document: Mapping[str, Any], convert: Callable[[Any], Any]) -> bytes:
    """A document as bytes. ``convert`` makes a dict of an event definition. Raises StateError."""
    wrapped = 0

    def wrap(value: object) -> object:
        nonlocal wrapped
        plain = _wrapped(value, convert)
        wrapped += isinstance(plain, dict)
        return plain

    try:
        text = json.dumps(
            document,
            default=wrap,
            ensure_ascii=False,
            check_circular=False,  # what goes round in circles is a RecursionError all the same
            separators=(",", ":"),
        )
    except (TypeError, ValueError, RecursionError) as error:
        raise StateError(f"process data holds what cannot be stored: {error}") from None
    if text.count(MARK_AS_KEY) != wrapped:
        raise StateError(f"process data uses the reserved key {MARK!a}")
    return _compressed(text.encode("utf-8", "surrogatepass"))


def unpack(body: bytes, restore: Restore) -> dict[str, Any]:
    """What ``pack`` was given."""
    text = zlib.decompress(body).decode("utf-8", "surrogatepass")
    if MARK_AS_KEY not in text:
        return json.loads(text)  # type: ignore[no-any-return]
    return json.loads(text, object_hook=lambda found: _unwrapped(found, restore))  # type: ignore[no-any-return]


def rewritten(body: bytes, change: Callable[[Any], Any]) -> bytes:
    """The same state with ``change`` made to the data of all its tasks; of tasks that have ended, too.

    Nothing is restored and no specification needed: what JSON does not know passes through as it is wrapped.
    """
    document = json.loads(zlib.decompress(body).decode("utf-8", "surrogatepass"))
    for workflow in document["workflows"]:
        workflow[DATA:ROWS] = [change(each) for each in workflow[DATA:ROWS]]
        for row in workflow[ROWS]:
            row[FIXED : FIXED + 2] = [change(each) for each in row[FIXED : FIXED + 2]]
    text = json.dumps(document, ensure_ascii=False, separators=(",", ":"))
    return _compressed(text.encode("utf-8", "surrogatepass"))


def differ(one: bytes, other: bytes) -> bool:
    """Whether two states say different things; how well they are compressed does not matter."""
    return zlib.decompress(one) != zlib.decompress(other)


def _compressed(body: bytes) -> bytes:
    """Under zlib, with a window no larger than the text: its tables are made anew each time, 256 KB for all.

    For a state of a kilobyte that was more than half of the time.
    """
    window = min(max(len(body).bit_length(), 10), zlib.MAX_WBITS)
    level = zlib.compressobj(LEVEL, zlib.DEFLATED, window, min(window - 7, zlib.DEF_MEM_LEVEL))
    return level.compress(body) + level.flush()


def _wrapped(value: object, convert: Callable[[Any], Any]) -> object:
    """What JSON does not know: a dict under the reserved key, or something that it does know."""
    if isinstance(value, datetime):
        return {MARK: "datetime", "v": value.isoformat()}
    if isinstance(value, timedelta):
        return {MARK: "timedelta", "v": value // MICROSECOND}
    if isinstance(value, UUID):
        return {MARK: "uuid", "v": str(value)}
    if isinstance(value, BpmnEvent):
        kept = [convert(value.event_definition), value.payload, value.correlations]
        return {MARK: "event", "v": kept}
    if isinstance(value, set | frozenset):
        return list(value)
    if callable(value) or isinstance(value, ModuleType):
        return None  # as the engine does with what a script leaves behind
    raise TypeError(f"a value of type {type(value).__name__}")


def _unwrapped(found: dict[str, Any], restore: Restore) -> Any:
    kind = found.get(MARK)
    if kind is None:
        return found
    value = found["v"]
    if kind == "event":
        return BpmnEvent(restore(value[0]), payload=value[1], correlations=value[2])
    return _READ[kind](value)


_READ: dict[str, Callable[[Any], Any]] = {
    "datetime": datetime.fromisoformat,
    "timedelta": lambda count: count * MICROSECOND,
    "uuid": UUID,
}


# writing


def dump(workflow: SocialWorkflow) -> dict[str, Any]:
    """The state of an instance as a document for ``pack``."""
    since = int(workflow.task_tree.last_state_change * TICKS)
    places: dict[UUID, list[int]] = {}  # task -> number of its workflow, and of its row
    workflows = [
        _dump(each, number, places, since, workflow.prefix)
        for number, each in enumerate([workflow, *workflow.subprocesses.values()])
    ]
    return {
        "run": workflow.run_id,
        "resets": workflow.resets,
        "counter": workflow.counter,
        "since": since,
        "workflows": workflows,
    }


def _dump(workflow: Any, number: int, places: dict[UUID, list[int]], since: int, prefix: int) -> list[Any]:
    """One workflow: where it hangs, its flags, data and tasks."""
    places.update((id_, [number, row]) for row, id_ in enumerate(workflow.tasks))
    hangs = None if workflow.parent_task_id is None else places[workflow.parent_task_id]
    last = None if workflow.last_task is None else places.get(workflow.last_task.id, [0, None])[1]
    flags = [last, workflow.success, workflow.completed]
    rows = _rows(workflow, places, since, prefix)
    return [hangs, flags, _clean(workflow.data), workflow.correlations, rows]


def _rows(workflow: Any, places: Mapping[UUID, list[int]], since: int, prefix: int) -> list[Row]:
    specs = {name: number for number, name in enumerate(workflow.spec.task_specs)}
    tasks = workflow.tasks
    children: dict[UUID, list[UUID]] = {}
    rows, before, earlier = [], prefix, since
    for id_, task in tasks.items():
        parent = tasks.get(task._parent)
        if parent is not None:
            children.setdefault(parent.id, []).append(id_)
        time = int(task.last_state_change * TICKS)
        row = [
            specs[task.task_spec.name],
            -1 if parent is None else places[parent.id][1],
            -task._state if task.triggered else task._state,
            time - earlier,
            id_.int - before,
        ]
        rows.append(row + _contents(task, parent))
        before, earlier = id_.int, time
    _note_order(tasks, places, children, rows)
    return rows


def _contents(task: Step, parent: Step | None) -> Row:
    """Internal data, changed and deleted keys, left out at the end where empty. None: there are no data."""
    base = {} if parent is None else parent.data
    if base and not task.data:  # a task that is only foreseen
        return [task.internal_data, None]
    changed, deleted = _delta(task.data, base)
    if deleted:
        return [task.internal_data, changed, deleted]
    return [task.internal_data, changed] if changed else [task.internal_data] if task.internal_data else []


def _delta(data: dict[str, Any], base: dict[str, Any]) -> tuple[dict[str, Any], list[str]]:
    if data is base:
        return {}, []
    changed = {
        key: value
        for key, value in data.items()
        if (old := base.get(key, _NOTHING)) is not value and not _same(value, old)
    }
    deleted = {} if base.keys() <= data.keys() else {key: base[key] for key in base if key not in data}
    return _clean(changed), list(_clean(deleted))


_NOTHING = object()


def _same(one: Any, other: Any) -> bool:
    return type(one) is type(other) and bool(one == other)


def _clean(data: dict[str, Any]) -> dict[str, Any]:
    """Without the functions and modules that scripts leave behind."""
    return {
        key: value for key, value in data.items() if not callable(value) and not isinstance(value, ModuleType)
    }


def _note_order(
    tasks: Mapping[UUID, Step],
    places: Mapping[UUID, list[int]],
    children: Mapping[UUID, list[UUID]],
    rows: list[Row],
) -> None:
    """Children stand in order of creation; where a task has them otherwise, its row says so."""
    for (id_, task), row in zip(tasks.items(), rows, strict=True):
        if task._children != children.get(id_, []):
            row.extend([{}, {}, []][len(row) - FIXED :])
            row.append([places[child][1] for child in task._children if child in tasks])


# reading


def load(document: Mapping[str, Any], workflow: SocialWorkflow) -> SocialWorkflow:
    """Fill a new ``workflow``, which bears the id of the same run, with what ``dump`` wrote."""
    workflow.resets, workflow.counter = document["resets"], document["counter"]
    loaded: list[tuple[Any, list[Step]]] = []
    for hangs, flags, data, correlations, rows in document["workflows"]:
        each = workflow if hangs is None else _hang(workflow, loaded[hangs[0]][1][hangs[1]])
        steps = _load_rows(each, rows, document["since"], workflow.prefix)
        loaded.append((each, steps))
        each.success, each.completed = flags[1:]
        each.last_task = None if flags[0] is None else steps[flags[0]]
        each.data, each.correlations = data, correlations
    workflow.latest = max(step.last_state_change for _, steps in loaded for step in steps)
    return workflow


def _hang(top: SocialWorkflow, task: Step) -> SocialSubWorkflow:
    """The (still empty) sub-workflow that belongs to ``task``."""
    sub = SocialSubWorkflow(top.subprocess_specs[task.task_spec.spec], task.id, top, deserializing=True)
    top.subprocesses[task.id] = sub
    sub.completed_event.connect(task.task_spec._on_subworkflow_completed, task)
    return sub


def _load_rows(workflow: Any, rows: Iterable[Row], since: int, prefix: int) -> list[Step]:
    specs = list(workflow.spec.task_specs.values())
    steps: list[Step] = []
    count, time = prefix, since
    for spec, above, state, passed, more, *contents in rows:
        count, time = count + more, time + passed
        parent = steps[above] if above >= 0 else None
        step = _step(workflow, specs[spec], parent, state, task_id(count))
        step.last_state_change = time / TICKS
        step.internal_data = contents[0] if contents else {}
        step.data = _data(step, parent, contents[1:])
        steps.append(step)
    for step, row in zip(steps, rows, strict=True):
        if len(row) > FIXED + 3:
            step._children = [steps[child].id for child in row[-1]]
    workflow.task_tree = steps[0]
    return steps


def _step(workflow: Any, spec: Any, parent: Step | None, state: int, id_: UUID) -> Step:
    """A task as it was; the constructor would count and time it as a new one."""
    step = Step.__new__(Step)
    step.id, step.workflow, step.task_spec = id_, workflow, spec
    step._parent, step._children = None if parent is None else parent.id, []
    step._state, step.triggered, step.thread_id = abs(state), state < 0, Task.thread_id_pool
    workflow.tasks[id_] = step
    if parent is not None:
        parent._children.append(id_)
    workflow.note(step)
    if step._state == TaskState.WAITING and isinstance(spec, CatchingEvent):
        workflow.top_workflow.event_manager.add_task(step)
    return step


def _data(step: Step, parent: Step | None, contents: Row) -> dict[str, Any]:
    """The parent's data with this task's changes.

    Finished tasks without changes share one dict, because nothing writes to them any more; others get their
    own.
    """
    if parent is None:
        return contents[0] if contents else {}
    if not contents and _finished(step) and _finished(parent):
        return parent.data  # type: ignore[no-any-return]
    if contents and contents[0] is None:
        return {}
    changed, deleted = [*contents, {}, []][:2] if len(contents) < 2 else contents[:2]
    data = {
        key: copy(value) if isinstance(value, dict | list) else value for key, value in parent.data.items()
    }
    data.update(changed)
    for key in deleted:
        data.pop(key, None)
    return data


def _finished(step: Step) -> bool:
    return bool(step._state & TaskState.FINISHED_MASK)
