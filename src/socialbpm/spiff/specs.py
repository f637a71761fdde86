"""Task specifications of our own: the social task, and boundary events that may happen more than once."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from SpiffWorkflow.bpmn import BpmnEvent
from SpiffWorkflow.bpmn.exceptions import WorkflowTaskException
from SpiffWorkflow.bpmn.specs.control import BoundaryEventSplit
from SpiffWorkflow.bpmn.specs.defaults import BoundaryEvent
from SpiffWorkflow.bpmn.specs.mixins.multiinstance_task import LoopTask
from SpiffWorkflow.spiff.specs.event_definitions import ErrorEventDefinition
from SpiffWorkflow.spiff.specs.spiff_task import SpiffBpmnTask
from SpiffWorkflow.task import Task
from SpiffWorkflow.util.task import TaskState

from socialbpm.spiff.address import MARK, locate, request_key


class SocialTask(SpiffBpmnTask):  # type: ignore[misc]
    """A service task that asks people something: STARTED until its outcome completes it. It does no I/O.

    ``declaration`` is what the model says (``tasks.Declaration``), ``result_variable`` where the outcome
    goes.
    """

    def __init__(
        self,
        wf_spec: Any,
        name: str,
        declaration: Mapping[str, Any],
        result_variable: str,
        **kwargs: Any,
    ) -> None:
        super().__init__(wf_spec, name, **kwargs)
        self.declaration = dict(declaration)
        self.result_variable = result_variable

    def _run_hook(self, my_task: Task) -> None:
        """Note which request this is; None tells the engine that the task goes on outside of it."""
        top = my_task.workflow.top_workflow
        if not hasattr(top, "run_id"):
            raise WorkflowTaskException("a social task needs a SocialWorkflow to run in", task=my_task)
        address = locate(my_task)
        my_task.internal_data[MARK] = {
            "key": request_key(top.run_id, address, top.resets),
            "address": address,
        }


class RepeatingBoundary(BoundaryEvent):  # type: ignore[misc]
    """A boundary event that does not interrupt and may happen any number of times: one branch per event.

    The engine's happens once, and what it began is dropped when the activity ends; these branches go on.
    """

    def catch(self, my_task: Task, event: BpmnEvent) -> None:
        """Begin a branch and go on waiting."""
        self.event_definition.catch(my_task, event)
        before = dict(my_task.data)
        self.event_definition.update_task_data(my_task)  # the payload, into the variable that the model names
        for output in self.outputs:
            self._branch(my_task, output)
        my_task.data = before
        self.event_definition.reset(my_task)
        my_task.workflow.top_workflow.trail.append(self.bpmn_id)

    def retire(self, my_task: Task) -> None:
        """Wait no longer, but let the branches go on."""
        my_task._set_state(TaskState.COMPLETED)
        my_task.workflow.top_workflow.event_manager.remove_task(my_task)

    def _branch(self, my_task: Task, output: Any) -> None:
        child = my_task._add_child(output, TaskState.FUTURE)
        child.task_spec._predict(child, mask=TaskState.NOT_FINISHED_MASK)
        child.task_spec._update(child)

    def _predict_hook(self, my_task: Task) -> None:
        """Nothing can be foreseen: there is no branch before the event."""

    def _update_hook(self, my_task: Task) -> bool:
        """Never ready itself; after the last round of a cycle it retires."""
        if super()._update_hook(my_task):
            self.retire(my_task)
        return False


def activity_of(task: Task) -> Task:
    """The activity that a task belongs to in the diagram.

    Of a round of a loop or multi-instance, the whole of it.
    """
    parent = task.parent
    is_round = parent is not None and isinstance(parent.task_spec, LoopTask)
    return parent if is_round and parent.task_spec.task_spec == task.task_spec.name else task


def throw_at(task: Task, code: str, payload: Mapping[str, Any]) -> bool:
    """An error out of one activity: the nearest boundary event around it that catches ``code`` takes it.

    The engine's own way matches per workflow and would also cancel a sibling. ``payload`` joins the data of
    the branch that follows the boundary event. False if nothing catches the error. Engine steps must follow.
    """
    around: Task | None = task
    while around is not None:
        activity = activity_of(around)
        if _caught(activity, code, payload):
            return True
        parent = activity.workflow.parent_task_id
        around = activity.workflow.top_workflow.find_task(parent) if parent is not None else None
    return False


def _caught(activity: Task, code: str, payload: Mapping[str, Any]) -> bool:
    split = activity.parent
    if split is None or not isinstance(split.task_spec, BoundaryEventSplit):
        return False
    event = BpmnEvent(ErrorEventDefinition(code, code=code), payload=dict(payload), target=activity.workflow)
    for boundary in split.children:
        if isinstance(boundary.task_spec, BoundaryEvent) and boundary.task_spec.catches(boundary, event):
            boundary.task_spec.catch(boundary, event)
            boundary.task_spec._update(boundary)
            boundary.data.update(payload)  # after it has inherited, or an older value would be merged in
            return True
    return False
