"""What a workflow and its sub-processes share: an index of open tasks instead of walks through the tree."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from SpiffWorkflow.bpmn.util.task import BpmnTaskIterator
from SpiffWorkflow.task import Task
from SpiffWorkflow.util.task import TaskState

from socialbpm.spiff.joins import TOKENS
from socialbpm.spiff.steps import NO_LIMIT, Step

FORESEEN = TaskState.PREDICTED_MASK | TaskState.FUTURE | TaskState.FINISHED_MASK


class Lean:
    """The index of open tasks, which has no limit to their depth."""

    open: dict[UUID, Step]  # unfinished tasks, in order of creation
    reached: dict[UUID, Step]  # those of them that are more than foreseen: few, however long the process is
    tasks: dict[UUID, Step]
    spec: Any
    task_tree: Step
    completed: bool
    success: bool
    top_workflow: Any

    def _plant(self) -> None:
        """The first task, and what can be foreseen of the way from there."""
        self.task_tree = Step(self, self.spec.start, state=TaskState.FUTURE)
        self.task_tree.task_spec._predict(self.task_tree, mask=TaskState.NOT_FINISHED_MASK)
        self.task_tree._ready()

    def get_tasks_iterator(self, first_task: Task | None = None, **kwargs: Any) -> BpmnTaskIterator:
        """As the engine's, which silently stops at depth 1000."""
        kwargs.setdefault("max_depth", NO_LIMIT)
        return BpmnTaskIterator(first_task or self.task_tree, **kwargs)

    def get_tasks(self, first_task: Task | None = None, **kwargs: Any) -> list[Task]:
        """As the engine's, without the walk that each event takes to find others of its name below it.

        Mostly there are none, and the walk through all that follows cost as much as running the event.
        """
        name = kwargs.get("spec_name")
        if name is not None and len(kwargs) == 1 and not self.top_workflow.subprocesses:
            named = [task for task in self.tasks.values() if task.task_spec.name == name]
            if all(task is first_task for task in named):
                return named
        return super().get_tasks(first_task, **kwargs)  # type: ignore[misc,no-any-return]

    def in_state(self, state: int) -> list[Step]:
        """The open tasks in one of these states, of this workflow alone."""
        if not state & FORESEEN:
            found = [task for task in self.reached.values() if task._state & state]
            if len(found) < 2:  # else their order matters
                return found
        return [task for task in self.open.values() if task._state & state]

    def note(self, task: Step) -> None:
        """Keep the index, whenever a task is new or has changed its state."""
        state = task._state
        if state & TaskState.NOT_FINISHED_MASK:
            self.open[task.id] = task
        else:
            self.open.pop(task.id, None)
        if state & TOKENS:
            self.reached[task.id] = task
        else:
            self.reached.pop(task.id, None)

    def is_completed(self) -> bool:
        """Whether nothing is left to do."""
        if not self.completed and not self.open:
            self.completed = True
        return self.completed

    def update_waiting_tasks(self) -> None:
        """Let every waiting task look again whether it may go on."""
        for task in self.in_state(TaskState.WAITING):
            if task._state == TaskState.WAITING and task.id in self.tasks:
                task.task_spec._update(task)

    def cancel(self, success: bool = False) -> list[Step]:
        """Cancel all that is open; what was cancelled."""
        self.success, self.completed = success, True
        cancelled = list(self.open.values())
        for task in cancelled:
            task.cancel()
        return cancelled

    def _remove_task(self, task_id: UUID) -> None:
        """Take a task and all below it out of the tree; without recursion."""
        branch = [self.tasks[task_id]]
        for task in branch:
            branch.extend(task.children)
        branch[0].parent._children.remove(task_id)
        for task in reversed(branch):
            self._forget(task)

    def _forget(self, task: Step) -> None:
        task._children = []
        self.tasks.pop(task.id)
        self.open.pop(task.id, None)
        self.reached.pop(task.id, None)
        self.top_workflow.event_manager.remove_task(task)
        self._task_removed_notify(task)  # type: ignore[attr-defined]
