"""The tasks of a running instance, which keep their workflow's index of open tasks up to date."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from typing import Any
from uuid import UUID

from SpiffWorkflow.bpmn.specs.mixins.multiinstance_task import LoopTask
from SpiffWorkflow.bpmn.util.task import BpmnTaskIterator
from SpiffWorkflow.task import Task
from SpiffWorkflow.task import logger as task_logger
from SpiffWorkflow.util.task import TaskState

from socialbpm.spiff.merging import drop_old_results
from socialbpm.spiff.specs import RepeatingBoundary, activity_of

NO_LIMIT = 10**9


class Step(Task):  # type: ignore[misc]
    """One task of an instance, which reports its changes of state to its workflow."""

    def __init__(
        self, workflow: Any, task_spec: Any, parent: Any = None, state: int = 1, id: UUID | None = None
    ) -> None:
        super().__init__(workflow, task_spec, parent, state, id or workflow.top_workflow.next_id())
        self.last_state_change = workflow.top_workflow.tick()
        workflow.note(self)

    def _add_child(self, task_spec: Any, state: int = TaskState.MAYBE) -> Step:
        """As the engine's, with a child of this class."""
        if self._state & TaskState.PREDICTED_MASK and not state & TaskState.PREDICTED_MASK:
            return super()._add_child(task_spec, state)  # type: ignore[no-any-return]  # refuses, in its own words
        child = Step(self.workflow, task_spec, self, state)
        child.thread_id = self.thread_id
        if state == TaskState.READY:
            child._ready()
        return child

    def _set_state(self, value: int) -> None:
        if task_logger.isEnabledFor(logging.INFO):
            super()._set_state(value)  # builds its log record whether or not anybody reads it
        self._state = value
        self.last_state_change = self.workflow.top_workflow.tick()
        self.workflow.note(self)

    def complete(self) -> None:
        """Mark this task complete; its element joins the trail of what people see as the path taken."""
        element = getattr(self.task_spec, "bpmn_id", None)
        if element and not (isinstance(self.task_spec, LoopTask) and self._children):
            self.workflow.top_workflow.trail.append(element)
        around = activity_of(self)
        if around is not self and getattr(around.task_spec, "data_output", None) is None:
            drop_old_results(around.data, self.data)  # the engine is about to merge this round into the whole
        super().complete()

    def cancel(self) -> None:
        """Cancel this task and what it began, unless that is to outlive it."""
        if isinstance(self.task_spec, RepeatingBoundary) and self._state == TaskState.WAITING:
            self.task_spec.retire(self)
        else:
            super().cancel()

    def is_descendant_of(self, task: Task) -> bool:
        """Whether ``task`` is an ancestor; without recursion, because loops make trees deep."""
        return any(ancestor is task for ancestor in ancestors(self))

    def find_ancestor(self, spec_name: str) -> Task | None:
        """The nearest ancestor of that name; without recursion."""
        return next((ancestor for ancestor in ancestors(self) if ancestor.task_spec.name == spec_name), None)

    def __iter__(self) -> Iterator[Task]:
        return BpmnTaskIterator(self, max_depth=NO_LIMIT)  # type: ignore[no-any-return]


def ancestors(task: Task) -> Iterator[Task]:
    """The tasks above ``task`` in its own workflow, nearest first."""
    while (task := task.parent) is not None:
        yield task


def in_tree_order(tasks: list[Step]) -> list[Step]:
    """Tasks of one instance in depth-first order, a sub-process before what follows it."""
    places: dict[UUID, dict[UUID, int]] = {}
    return sorted(tasks, key=lambda task: _position(task, places))


def _position(task: Task, places: dict[UUID, dict[UUID, int]]) -> list[int]:
    """The way from the root: the number of each branch taken; -1 into a sub-process."""
    way: list[int] = []
    at: Task | None = task
    while at is not None:
        parent = at.parent
        if parent is not None:
            if parent.id not in places:
                places[parent.id] = {child: number for number, child in enumerate(parent._children)}
            way.append(places[parent.id][at.id])
            at = parent
        elif at.workflow.parent_task_id is not None:
            way.append(-1)
            at = at.workflow.top_workflow.find_task(at.workflow.parent_task_id)
        else:
            at = None
    return way[::-1]
