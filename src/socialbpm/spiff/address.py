"""Where in a process a task is: the same in every replay, another for every other task.

Task ids do not serve: the engine makes them anew when it replays. An address is the way from the start of the
run to the task: the name of each step and, among steps of the same name under one parent, its number (rounds
of a loop, instances of a multi-instance, repeated boundary events). Inside a sub-process or called process
the way goes on in the process around it.

One thing about the way depends on chance: a join goes on below whichever branch arrived last. So the way
leads from a join straight to the nearest step that all its branches share, and says how often the join has
fired since.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from hashlib import blake2b
from uuid import UUID, uuid5

from SpiffWorkflow.bpmn.specs.mixins.multiinstance_task import MultiInstanceTask
from SpiffWorkflow.bpmn.specs.mixins.unstructured_join import UnstructuredJoin
from SpiffWorkflow.task import Task
from SpiffWorkflow.util.task import TaskState

from socialbpm.spiff.joins import same_round

KEYS = UUID("0b9c1c36-6a0f-4a0e-8f0b-0d6b7c5d2e11")  # namespace of the keys of requests
MARK = "social"  # the entry in a task's internal data that says which request it waits for
SIZE = 16  # bytes of a digest: enough that no two ways of a run ever share one


def request_key(run: str, address: str, occurrence: int) -> str:
    """The key of the request of one task.

    The same after a crash and replay, a new one after a deliberate reset.
    """
    return str(uuid5(KEYS, f"{run}\n{address}\n{occurrence}"))


def locate(task: Task) -> str:
    """The address of ``task``: where in the diagram, for people, then the digest of the whole way to it.

    Reads only what is saved with the run.
    """
    return f"{'/'.join(_names(task))}~{_digest(task)}"


def _names(task: Task) -> list[str]:
    """The elements around and including the task, outermost first.

    Instances of a multi-instance bear their number, rounds of a loop do not: a round follows the one before.
    """
    names: list[str] = []
    at: Task | None = task
    while at is not None:
        names.append(_name(at))
        at = _outside(at)
    return names[::-1]


def _name(task: Task) -> str:
    parent, element = task.parent, str(task.task_spec.bpmn_id or task.task_spec.name)
    many = parent is not None and isinstance(parent.task_spec, MultiInstanceTask) and task.triggered
    return f"{element}[{_number(task)}]" if many else element


def _digest(task: Task) -> str:
    """The way to ``task`` as a digest, built on that of the last task on it whose digest is known."""
    way: list[str] = []
    before = ""
    at: Task | None = task
    while at is not None:
        step, at = _step(at)
        way.append(step)
        if at is not None and (known := at.internal_data.get(MARK)):
            before, at = known["address"].partition("~")[2], None
    for step in reversed(way):
        before = blake2b(f"{before}>{step}".encode(), digest_size=SIZE).hexdigest()
    return before


def _step(task: Task) -> tuple[str, Task | None]:
    """What ``task`` adds to the way, and the task from which the way leads here."""
    name = task.task_spec.name
    if isinstance(task.task_spec, UnstructuredJoin):
        merged, fired = _firing(task)
        if merged:
            return f"{name}*{fired}", _common_ancestor([task, *merged])
    number = _number(task)
    parent = task.parent
    return f"{name}[{number}]" if number else name, parent if parent is not None else _outside(task)


def _number(task: Task) -> int:
    """How many steps of the same name were begun by the same parent before."""
    index = task.internal_data.get("key_or_index")
    if isinstance(index, int):  # of a multi-instance over a list: the same, without counting
        return index
    parent = task.parent
    siblings = [] if parent is None else parent.children
    name = task.task_spec.name
    return sum(
        1 for child in siblings[: siblings.index(task) if siblings else 0] if child.task_spec.name == name
    )


def _outside(task: Task) -> Task | None:
    """The task, in the process around, whose sub-process this task belongs to."""
    parent = task.workflow.parent_task_id
    return task.workflow.top_workflow.get_task_from_id(parent) if parent is not None else None


def _firing(join: Task) -> tuple[list[Task], int]:
    """The tasks merged into this join, and how often it had fired before under the same round.

    What happened to the join after it had fired says nothing about the way through it, so later tasks are
    left out.
    """
    before = [task for task in same_round(join) if task.last_state_change < join.last_state_change]
    merged = [task for task in before if task.has_state(TaskState.CANCELLED)]
    return merged, sum(task.has_state(TaskState.COMPLETED) for task in before)


def _upwards(task: Task) -> Iterator[Task]:
    at = task.parent
    while at is not None:
        yield at
        at = at.parent


def _common_ancestor(tasks: Sequence[Task]) -> Task:
    """The nearest task above all of these: the start, if nothing else."""
    shared = list(_upwards(tasks[0]))
    for task in tasks[1:]:
        ids = {ancestor.id for ancestor in _upwards(task)}
        shared = [ancestor for ancestor in shared if ancestor.id in ids]
    return shared[0]
