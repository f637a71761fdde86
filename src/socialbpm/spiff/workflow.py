"""A running instance. Behaves as SpiffWorkflow's, without its whole-tree walks, depth limit and system clock.

An index of open tasks is kept up to date, so that what is ready or waiting is found without walking the
history. Ids come from a counter that is saved with the run: they cost nothing, take no
room, and are the same when a burst is replayed.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from typing import Any
from uuid import UUID, SafeUUID, uuid4, uuid5

from SpiffWorkflow.bpmn.specs.control import BoundaryEventSplit
from SpiffWorkflow.bpmn.specs.mixins.events.intermediate_event import BoundaryEvent
from SpiffWorkflow.bpmn.util.subworkflow import BpmnSubWorkflow
from SpiffWorkflow.bpmn.workflow import BpmnWorkflow
from SpiffWorkflow.exceptions import TaskNotFoundException
from SpiffWorkflow.task import Task
from SpiffWorkflow.util.task import TaskState

from socialbpm.clock import Clock, SystemClock
from socialbpm.spiff.lean import Lean
from socialbpm.spiff.specs import SocialTask, activity_of
from socialbpm.spiff.steps import Step, in_tree_order
from socialbpm.spiff.timers import FOREVER

NEVER = datetime.min.replace(tzinfo=UTC)
IDS = UUID("5e0c1a1b-4f57-4c1e-9d3f-6d2f7a4b8c90")  # namespace of the ids of tasks
SLOT = 64  # bits of a task's id that count; the others belong to the run

Hook = Callable[[Task], None]


class SocialSubWorkflow(Lean, BpmnSubWorkflow):  # type: ignore[misc]
    """A sub-process or called process of an instance."""

    def __init__(
        self, spec: Any, parent_task_id: UUID, top_workflow: SocialWorkflow, deserializing: bool = False
    ):
        self.open, self.reached = {}, {}
        super().__init__(spec, parent_task_id, top_workflow, deserializing=True)
        if not deserializing:
            self._plant()

    def reset_from_task_id(self, *args: Any, **kwargs: Any) -> list[Task]:
        """As the engine's, counted: requests of what runs again get new keys."""
        self.top_workflow.resets += 1
        return super().reset_from_task_id(*args, **kwargs)  # type: ignore[no-any-return]


class SocialWorkflow(Lean, BpmnWorkflow):  # type: ignore[misc]
    """An instance of a process.

    ``clock`` says what time it is, ``horizon`` up to when timers may fire. ``run_id`` names the run in the
    keys of its requests; ``resets`` counts deliberate resets. Both are saved with the state, as is
    ``counter``, from which task ids are made. ``trail`` lists the BPMN ids of the elements completed in this
    burst.
    """

    def __init__(
        self,
        spec: Any,
        subprocess_specs: dict[str, Any] | None = None,
        script_engine: Any = None,
        *,
        clock: Clock | None = None,
        run_id: str | None = None,
        deserializing: bool = False,
    ) -> None:
        self.clock, self.horizon = clock or SystemClock(), FOREVER
        self.resets = self.counter = 0
        self.latest = 0.0
        self.trail: list[str] = []
        self.open, self.reached = {}, {}
        self.name_run(run_id or str(uuid4()))
        super().__init__(spec, subprocess_specs, script_engine, deserializing=True)
        if not deserializing:
            self._plant()

    def name_run(self, run_id: str) -> None:
        """Say which run this is: part of every task id and of every request's key."""
        self.run_id = run_id
        self.prefix = uuid5(IDS, run_id).int >> SLOT << SLOT

    def next_id(self) -> UUID:
        """The id of the next task: the same in every replay from the same state."""
        self.counter += 1
        return task_id(self.prefix | self.counter)

    def tick(self) -> float:
        """The time in seconds, but always later than the last: joins merge their branches in this order."""
        now = self.clock.now().timestamp()
        self.latest = now if now > self.latest else math.nextafter(self.latest, math.inf)
        return self.latest

    # sub-processes

    def create_subprocess(self, my_task: Task, spec_name: str) -> SocialSubWorkflow:
        """A sub-workflow of our class for a task that begins one."""
        sub = SocialSubWorkflow(self.subprocess_specs[spec_name], my_task.id, self)
        self.subprocesses[my_task.id] = sub
        return sub

    def find_task(self, task_id: UUID) -> Task | None:
        """A task of this workflow or of any sub-process, if it is still there."""
        if task_id in self.tasks:
            return self.tasks[task_id]
        for sub in self.subprocesses.values():
            if task_id in sub.tasks:
                return sub.tasks[task_id]
        return None

    def get_task_from_id(self, task_id: UUID) -> Task:
        """A task of this workflow or of any sub-process. Raises TaskNotFoundException."""
        task = self.find_task(task_id)
        if task is None:
            raise TaskNotFoundException(f"A task with id {task_id} was not found", task_spec=self.spec)
        return task

    def reset_from_task_id(self, task_id: UUID, *args: Any, **kwargs: Any) -> list[Task]:
        """As the engine's, counted: requests of what runs again get new keys."""
        self.resets += 1
        return super().reset_from_task_id(task_id, *args, **kwargs)  # type: ignore[no-any-return]

    def cancel(self, workflow: Any = None) -> list[Task]:
        """Cancel this workflow, or one sub-process of it, with all that runs inside."""
        cancelled = Lean.cancel(workflow or self)
        ids = {task.id for task in cancelled}
        for sub in [sub for key, sub in self.subprocesses.items() if key in ids]:
            cancelled.extend(self.cancel(sub))
        return cancelled

    def prune_orphans(self) -> None:
        """Drop sub-processes whose task is gone.

        An interrupted multi-instance leaves them, and the engine raises.
        """
        while orphans := [key for key in self.subprocesses if self.find_task(key) is None]:
            for key in orphans:
                for task in self.subprocesses.pop(key).tasks.values():
                    self.event_manager.remove_task(task)

    # going on

    def do_engine_steps(
        self, will_complete_task: Hook | None = None, did_complete_task: Hook | None = None
    ) -> None:
        """Run all that the engine can run by itself, timers that fire meanwhile included."""
        while True:
            while self._do_engine_steps(will_complete_task, did_complete_task):
                pass
            self.refresh_timers()
            if not any(not task.task_spec.manual for task in self._everywhere(TaskState.READY)):
                return

    def _do_engine_steps(
        self, will_complete_task: Hook | None = None, did_complete_task: Hook | None = None
    ) -> bool:
        """One round: the deepest sub-processes first, then the rest; whether there may be more."""
        self.prune_orphans()
        active = sorted(self.get_active_subprocesses(), key=lambda sub: sub.depth, reverse=True)
        for sub in active:
            while sub.parent_task_id in self.subprocesses and self._run_ready(
                sub, will_complete_task, did_complete_task
            ):
                pass
            parent = self.find_task(sub.parent_task_id)
            if parent is not None:
                parent.task_spec._update(parent)
        count = self._run_ready(self, will_complete_task, did_complete_task)
        return count > 0 or len(self.get_active_subprocesses()) > len(active)

    def _run_ready(self, workflow: Any, will: Hook | None, did: Hook | None) -> int:
        """Run what is ready in a workflow and below.

        A task that another one has just cancelled is left alone.
        """
        count = 0
        for task in self._ready_in(workflow):
            if task._state != TaskState.READY or task.task_spec.manual or task.id not in task.workflow.tasks:
                continue
            if will is not None:
                will(task)
            task.run()
            count += 1
            if did is not None:
                did(task)
        return count

    def _ready_in(self, workflow: Any) -> list[Step]:
        """Ready tasks in the order of the tree, which is the order in which the engine runs them."""
        ready: list[Step] = workflow.in_state(TaskState.READY)
        for sub in self.subprocesses.values():
            if sub.open and (workflow is self or (sub.depth > workflow.depth and _inside(sub, workflow))):
                ready.extend(sub.in_state(TaskState.READY))
        return ready if len(ready) < 2 else in_tree_order(ready)

    def _everywhere(self, state: int) -> Iterator[Step]:
        for workflow in (self, *self.subprocesses.values()):
            yield from workflow.in_state(state)

    # what waits

    def social_tasks(self) -> list[Step]:
        """The social tasks that wait for their outcome, oldest first."""
        self.prune_orphans()
        waiting = [
            task for task in self._everywhere(TaskState.STARTED) if isinstance(task.task_spec, SocialTask)
        ]
        return sorted(waiting, key=lambda task: task.id.int)

    def at_work(self) -> Iterator[Step]:
        """The tasks that are ready, waiting or going on, of this workflow first."""
        return self._everywhere(TaskState.READY | TaskState.WAITING | TaskState.STARTED)

    def next_due(self) -> datetime | None:
        """When the next timer fires, those at event gateways included; None if no timer runs."""
        dues = [task.task_spec.event_definition for task in self.event_manager.tasks.values()]
        times = [
            _due(definition, task)
            for definition, task in zip(dues, self.event_manager.tasks.values(), strict=True)
        ]
        return min((time for time in times if time is not None), default=None)

    def interrupted_at(self, task: Task) -> datetime | None:
        """When a timer on the boundary of ``task``, or of anything around it, will interrupt it.

        None if none will.
        """
        times: list[datetime] = []
        around: Task | None = task
        while around is not None:
            activity = activity_of(around)
            times.extend(_interruptions(activity))
            parent = activity.workflow.parent_task_id
            around = self.find_task(parent) if parent is not None else None
        return min(times, default=None)


_UNKNOWN = SafeUUID.unknown  # whether it was made by a system that takes care, as uuid puts it


def task_id(number: int) -> UUID:
    """The UUID of a number that is known to be one: without the checks that take longer than making it."""
    made = UUID.__new__(UUID)
    object.__setattr__(made, "int", number)
    object.__setattr__(made, "is_safe", _UNKNOWN)
    return made


def _inside(sub: Any, workflow: Any) -> bool:
    while sub is not None and sub is not workflow:
        sub = sub.parent_workflow
    return sub is workflow


def _due(definition: Any, task: Task) -> datetime | None:
    return definition.due(task) if hasattr(definition, "due") else None


def _interruptions(activity: Task) -> Iterator[datetime]:
    """The due times of the interrupting timers on one activity's boundary."""
    split = activity.parent
    if split is None or not isinstance(split.task_spec, BoundaryEventSplit):
        return
    for event in split.children:
        spec = event.task_spec
        if isinstance(spec, BoundaryEvent) and spec.cancel_activity and event._state == TaskState.WAITING:
            due = _due(spec.event_definition, event)
            if due is not None:
                yield due
