"""One burst of an instance: outcomes in, engine steps, and what it waits for then. No store, no channel.

Outcomes that have been decided are applied before any timer fires, each with the steps that follow from it;
then the timers that are due fire one after the other in order of time. Texts and attributes of the social
tasks reached are evaluated at the end, once. What a task cannot carry out is a BPMN error of that task;
anything else that goes wrong ends the burst with ``Parked``, and nothing of it is kept.
"""

from __future__ import annotations

import copy
import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from SpiffWorkflow.bpmn.exceptions import WorkflowTaskException
from SpiffWorkflow.bpmn.script_engine import PythonScriptEngine
from SpiffWorkflow.exceptions import SpiffWorkflowException
from SpiffWorkflow.task import Task
from SpiffWorkflow.util.task import TaskState

from socialbpm import tasks
from socialbpm.errors import SocialBpmError, StateError, TaskFailed
from socialbpm.requests import WITHHELD, Closed, Opening, Prospect
from socialbpm.spiff.address import MARK
from socialbpm.spiff.scripts import Environment
from socialbpm.spiff.serializer import TYPENAME, without_typename
from socialbpm.spiff.specs import throw_at
from socialbpm.spiff.steps import Step
from socialbpm.spiff.timers import FOREVER
from socialbpm.spiff.values import evaluator
from socialbpm.spiff.workflow import NEVER, SocialWorkflow

Stub = Callable[[Mapping[str, Any]], Mapping[str, Any]]
Stubs = Mapping[str, Stub]
"""BPMN id of a task of the host -> what it does: gets the data, gives what it adds to them."""

MOST_STEPS = 50_000
"""Tasks of one burst. A model that goes round without ever waiting must not hold a worker for ever."""

Examine = Callable[[Opening], Prospect | None]


class Parked(SocialBpmError):
    """The run cannot go on by itself. The text says where and why."""


class ScriptEngine(PythonScriptEngine):  # type: ignore[misc]
    """The engine's own, for models by trusted authors. Services are stubs.

    One that has none is a clear error.
    """

    def __init__(self, stubs: Stubs | None = None) -> None:
        super().__init__(Environment())
        self.stubs = stubs or {}

    def call_service(self, task: Task, **service: Any) -> str:
        """The result of a service task, as JSON. Raises WorkflowTaskException."""
        stub = self.stubs.get(task.task_spec.bpmn_id)
        if stub is None:
            raise WorkflowTaskException(
                f"no service '{service.get('operation_name')}' is connected", task=task
            )
        task.data.update(stub(copy.deepcopy(task.data)))
        return json.dumps(task.data.get(task.task_spec.result_variable))


@dataclass
class Burst:
    """Plays one burst.

    Afterwards ``openings`` are the requests to open, ``examined`` is what each comes to, by its key, and
    ``withheld`` says what may not be opened. Of the keys, ``seen`` are those of the outcomes offered,
    ``applied`` of those taken, ``gone`` of the requests that the process no longer waits for.
    """

    workflow: SocialWorkflow
    stubs: Stubs
    examine: Examine
    most: int = MOST_STEPS
    seen: frozenset[str] = frozenset()
    openings: list[Opening] = field(default_factory=list)
    examined: dict[str, Prospect | None] = field(default_factory=dict)
    withheld: list[TaskFailed] = field(default_factory=list)
    applied: list[str] = field(default_factory=list)
    gone: list[str] = field(default_factory=list)

    def play(self, closed: Sequence[Closed], now: datetime) -> None:
        """Apply what has been decided, fire what is due, and go on as far as the process can.

        Raises Parked.
        """
        known, self.seen = set(live(self.workflow)), frozenset(each.key for each in closed)
        try:
            self._play(closed, now)
            self._reach(known)
        except (SpiffWorkflowException, TaskFailed) as error:
            raise Parked(_where(error)) from error
        except SocialBpmError:
            raise
        except Exception as error:  # the engine's own faults: a person must see them, the worker must go on
            raise Parked(f"{_at(error)}the engine failed: {type(error).__name__}: {error}") from error
        waiting = set(live(self.workflow))
        self.gone = sorted((known | self.seen) - waiting - set(self.applied))

    def _play(self, closed: Sequence[Closed], now: datetime) -> None:
        self.workflow.horizon = NEVER
        self._steps()
        for outcome in closed:
            task = live(self.workflow).get(outcome.key)
            if task is not None:
                self.applied.append(outcome.key)
                apply(task, outcome)
                self._steps()
        self._timers(now)

    def _timers(self, now: datetime) -> None:
        before = None
        while (due := self.workflow.next_due()) is not None and due <= now:
            self.workflow.horizon = due
            self._steps()
            moved = (due, self.workflow.latest)
            if moved == before:
                break  # it is due, and yet nothing happens: not ours to wait for
            before = moved
        self.workflow.horizon = FOREVER

    def _steps(self) -> None:
        """All steps that need nobody, those of the host's stubs included."""
        self.workflow.do_engine_steps(self._count)
        while stubbed := [task for task in _manual(self.workflow) if task.task_spec.bpmn_id in self.stubs]:
            for task in stubbed:
                task.data.update(self.stubs[task.task_spec.bpmn_id](copy.deepcopy(task.data)))
                self._count(task)
                task.run()
            self.workflow.do_engine_steps(self._count)

    def _count(self, task: Task) -> None:
        self.most -= 1
        if self.most < 0:
            raise Parked(
                f"element '{task.task_spec.bpmn_id}': {MOST_STEPS} steps and no end; does it ever wait?"
            )

    def _reach(self, known: set[str]) -> None:
        """Make openings of the social tasks that are new.

        One that cannot be carried out fails as a BPMN error.
        """
        made: dict[str, Opening] = {}
        while new := {
            key: task for key, task in live(self.workflow).items() if key not in known | made.keys()
        }:
            for key, task in new.items():
                if _waits(task):
                    self._open(key, task, made)
        self.openings = [opening for key, opening in made.items() if key in live(self.workflow)]

    def _open(self, key: str, task: Step, made: dict[str, Opening]) -> None:
        try:
            opening = opening_of(self.workflow, key, task)
            self.examined[key] = self.examine(opening)
            made[key] = opening
        except TaskFailed as failure:
            if failure.code == WITHHELD:
                self.withheld.append(failure)
            if not throw_at(task, failure.code, _failure(task, failure.code, failure.what)):
                raise
            self._steps()


def apply(task: Step, closed: Closed) -> None:
    """Give a task its outcome: complete it, or for an error take the way of its boundary. Raises Parked.

    Engine steps must follow.
    """
    if closed.error:
        payload = {task.task_spec.result_variable: without_typename(closed.result)}
        if not throw_at(task, closed.error, payload):
            raise Parked(uncaught(closed))
        return
    task.data[task.task_spec.result_variable] = without_typename(closed.result)
    task.complete()


def uncaught(closed: Closed) -> str:
    """Why a run is parked whose model does not catch this error."""
    return f"element '{closed.element}': {closed.error}: {closed.reason}"


def check_data(data: Mapping[str, Any], place: str = "data") -> None:
    """Refuse what a process may not be started with. Raises StateError, naming the place."""
    try:
        json.dumps(data, allow_nan=False)
    except (TypeError, ValueError, RecursionError) as error:
        raise StateError(f"{place} is not JSON: {error}") from None
    if without_typename(data) is not data:
        raise StateError(f"{place} holds the key '{TYPENAME}', which the engine keeps for itself; rename it")


def data_of(workflow: SocialWorkflow) -> dict[str, Any]:
    """The data of a run as people see it: the result or, while it goes on, what its open tasks see."""
    seen = {key: value for key, value in workflow.data.items() if key != "data_objects"}
    if not workflow.completed:
        for task in workflow.at_work():
            seen.update(task.data)
    return seen


def opening_of(workflow: SocialWorkflow, key: str, task: Step) -> Opening:
    """What the request of a social task is to be; evaluates its texts and attributes. Raises TaskFailed."""
    spec = task.task_spec
    return Opening(
        key=key,
        run=workflow.run_id,
        address=task.internal_data[MARK]["address"],
        element=spec.bpmn_id,
        name=spec.bpmn_name or spec.bpmn_id,
        task=tasks.resolve(spec.declaration, evaluator(task.data)),
        ends_at=workflow.interrupted_at(task),
    )


def live(workflow: SocialWorkflow) -> dict[str, Step]:
    """The social tasks that wait for an outcome, by the keys of their requests."""
    return {task.internal_data[MARK]["key"]: task for task in workflow.social_tasks()}


def _manual(workflow: SocialWorkflow) -> list[Step]:
    return [task for task in workflow.at_work() if task.state == TaskState.READY and task.task_spec.manual]


def _waits(task: Step) -> bool:
    return task.state == TaskState.STARTED and task.id in task.workflow.tasks


def _failure(task: Step, code: str, what: str) -> dict[str, Any]:
    """What the way behind an error boundary event finds in the task's result variable."""
    spec = task.task_spec
    return {spec.result_variable: tasks.failed(spec.declaration["element"], code, what)}


def _where(error: Exception) -> str:
    spec = getattr(error, "task_spec", None)
    element = getattr(spec, "bpmn_id", None) or getattr(spec, "name", None)
    text = str(error).strip() or type(error).__name__
    return f"element '{element}': {text}" if element else text


def _at(error: Exception) -> str:
    """The element that the engine was busy with: its own faults do not say, but its frames know the task."""
    element = None
    at = error.__traceback__
    while at is not None:
        task = at.tb_frame.f_locals.get("my_task")
        element = getattr(getattr(task, "task_spec", None), "bpmn_id", None) or element
        at = at.tb_next
    return f"element '{element}': " if element else ""
