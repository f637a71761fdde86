"""Joins that know their round.

SpiffWorkflow counts what arrived at a join in an earlier round of a loop as if it had arrived in this one. So
from the second round on a parallel join goes on without waiting for all branches, or fails, depending on the
order in which they end; an inclusive one never waits; and neither sees a branch that is STARTED behind
another gateway. In models with social tasks, where branches end whenever people answer, these take the place
of the engine's. What the data of branches come to where they meet is said in ``merging``.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

from SpiffWorkflow.bpmn.exceptions import WorkflowTaskException
from SpiffWorkflow.bpmn.specs.control import _EndJoin
from SpiffWorkflow.bpmn.specs.defaults import InclusiveGateway, ParallelGateway
from SpiffWorkflow.specs.base import TaskSpec
from SpiffWorkflow.task import Task
from SpiffWorkflow.util.task import TaskState

from socialbpm.spiff.merging import together

TOKENS = TaskState.READY | TaskState.WAITING | TaskState.STARTED


class ParallelJoin(ParallelGateway):  # type: ignore[misc]
    """Waits until every incoming flow that can bring a token in this round has brought one.

    In the first round of a loop that leaves out flows that come back from behind the join, in later rounds
    those from before the loop.
    """

    def _check_threshold_unstructured(self, my_task: Task) -> bool:
        came = _came(my_task)
        origin = [self._wf_spec.start] if round_before(my_task) is None else self.outputs
        return not (_inputs(self) & _reachable(origin, self)) - came

    def _run_hook(self, my_task: Task) -> bool:
        merge(my_task)
        return True


class InclusiveJoin(InclusiveGateway):  # type: ignore[misc]
    """Waits while a token is under way that can still come by a flow which has brought none in this round.

    A token that could as well come by a flow that has brought one is not waited for (BPMN 2.0, 13.4.3).
    """

    def _check_threshold_unstructured(self, my_task: Task) -> bool:
        came = _came(my_task)
        empty = _inputs(self) - came
        if not empty:
            return True
        ways = (_reachable([task.task_spec], self) for task in self._under_way(my_task))
        return not any(way & empty and not way & came for way in ways)

    def _under_way(self, my_task: Task) -> Iterator[Task]:
        """Tasks that hold a token, or get one from a task that has just ended."""
        for task in open_tasks(my_task.workflow):
            if task.task_spec is not self and (task.has_state(TOKENS) or _done(task.parent)):
                yield task

    def _run_hook(self, my_task: Task) -> bool:
        merge(my_task)
        chosen, otherwise = self._get_matching_outputs(my_task)
        if not chosen and not otherwise:
            raise WorkflowTaskException("no condition holds and there is no default flow", task=my_task)
        my_task._sync_children(chosen or otherwise, TaskState.FUTURE)
        for child in my_task.children:
            child.task_spec._predict(child, mask=TaskState.FUTURE | TaskState.PREDICTED_MASK)
        return True


class EndJoin(_EndJoin):  # type: ignore[misc]
    """The end of a process.

    Waits until nothing else is open, without walking the tree (nor stopping at depth 1000).
    """

    def _check_threshold_unstructured(self, my_task: Task) -> bool:
        index = getattr(my_task.workflow, "open", None)
        if index is None:  # a host runs our specification under the engine's own workflow class
            return bool(super()._check_threshold_unstructured(my_task))
        return not any(task is not my_task and not self._follows(task) for task in index.values())

    def _follows(self, task: Task) -> bool:
        parent = task.parent
        return parent is not None and parent.task_spec is self


class LastJoin(EndJoin):
    """The end of a process in a file with social tasks: its branches are brought together as at joins."""

    def _run_hook(self, my_task: Task) -> bool:
        ended = [task for task in my_task.workflow.tasks.values() if task.task_spec is self]
        others = (task for task in ended if task.has_state(TaskState.FINISHED_MASK))
        _bring_together(my_task, [task for task in others if not my_task.is_descendant_of(task)])
        my_task.workflow.data.update(my_task.data)
        return True


def open_tasks(workflow: Any) -> Iterable[Task]:
    """The unfinished tasks of one workflow, ours or the engine's own."""
    if hasattr(workflow, "open"):
        return list(workflow.open.values())
    return [task for task in workflow.tasks.values() if task.has_state(TaskState.NOT_FINISHED_MASK)]


def same_round(join: Task) -> Iterator[Task]:
    """The other tasks of a join in the same round: those below the same earlier task of it, or below none."""
    before = round_before(join)
    for task in reversed(join.workflow.tasks.values()):
        if task is before:
            return  # whatever belongs to this round was begun after it
        if task.task_spec is join.task_spec and task is not join and round_before(task) is before:
            yield task


def round_before(join: Task) -> Task | None:
    """The nearest task of the same join above: that of the round before, in a loop."""
    at = join.parent
    while at is not None and at.task_spec is not join.task_spec:
        at = at.parent
    return at


def merge(join: Task) -> None:
    """Bring together the data of all branches of this round, in the order in which they ended.

    A task of the join that had gone on already is of a branch that was reset since: what followed it is
    dropped.
    """
    others = [task for task in same_round(join) if task.has_state(TaskState.FINISHED_MASK)]
    _bring_together(join, others)


def _bring_together(join: Task, others: Iterable[Task]) -> None:
    came = []
    for task in sorted(others, key=lambda task: task.last_state_change):
        if task.id in join.workflow.tasks:
            came.append(task)
            if task.has_state(TaskState.COMPLETED):
                task._drop_children(force=True)
    if came:
        join.data = together([*came, join])


def _came(join: Task) -> set[str]:
    """The names of the steps from which tokens have come in this round."""
    return {task.parent.task_spec.name for task in (join, *same_round(join)) if _done(task.parent)}


def _inputs(spec: TaskSpec) -> set[str]:
    return {source.name for source in spec.inputs}


def _reachable(specs: Iterable[TaskSpec], join: TaskSpec) -> set[str]:
    """The names of all steps that can be reached from these, themselves included, not passing the join."""
    seen: set[str] = set()
    todo = [spec for spec in specs if spec is not join]
    while todo:
        spec = todo.pop()
        if spec.name not in seen:
            seen.add(spec.name)
            todo.extend(output for output in spec.outputs if output is not join)
    return seen


def _done(task: Task | None) -> bool:
    return task is not None and bool(task.state == TaskState.COMPLETED)
