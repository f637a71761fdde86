"""Plays instances without a store: answers, saves and restores them as the runner does."""

from __future__ import annotations

import json
import zlib
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from SpiffWorkflow.bpmn import BpmnEvent

from socialbpm.spiff.parser import SocialParser
from socialbpm.spiff.serializer import Codec, Specs
from socialbpm.spiff.steps import Step
from socialbpm.spiff.workflow import SocialWorkflow
from socialbpm.testing.clock import FakeClock


@dataclass
class Player:
    """One process and a clock that stands still."""

    specs: Specs
    spec_id: str
    clock: FakeClock = field(default_factory=FakeClock)

    @classmethod
    def of(cls, document: str) -> Player:
        """The process ``main`` of a BPMN document, its specification stored and read again."""
        parser = SocialParser()
        parser.add_bpmn_str(document)
        codec = Codec(FakeClock())
        spec_id, body = codec.pack_specs(parser, "main")
        return cls(codec.unpack_specs(body), spec_id)

    def start(self, **data: Any) -> SocialWorkflow:
        """A new instance, gone as far as it goes."""
        workflow = self.planted(**data)
        workflow.do_engine_steps()
        return workflow

    def planted(self, **data: Any) -> SocialWorkflow:
        """A new instance before its first step."""
        workflow = SocialWorkflow(self.specs.spec, self.specs.subprocesses, clock=self.clock, run_id="run")
        workflow.task_tree.data.update(data)
        return workflow

    def save(self, workflow: SocialWorkflow) -> bytes:
        """Its state."""
        return Codec(self.clock).pack(workflow, self.spec_id)

    def restore(self, body: bytes) -> SocialWorkflow:
        """The instance of a state."""
        return Codec(self.clock).unpack(body, self.specs, self.spec_id)

    def again(self, workflow: SocialWorkflow) -> SocialWorkflow:
        """The instance after a restart, in which nothing may change."""
        body = self.save(workflow)
        restored = self.restore(body)
        assert document(self.save(restored)) == document(body), "restoring changed the state"
        return restored

    def later(self, workflow: SocialWorkflow, by: timedelta) -> SocialWorkflow:
        """The instance after a restart, some time later, with all timers that are due."""
        self.clock.advance(by)
        restored = self.again(workflow)
        restored.do_engine_steps()
        return restored


def document(body: bytes) -> Any:
    """What a saved state says."""
    return json.loads(zlib.decompress(body))


def live(workflow: SocialWorkflow) -> dict[str, Step]:
    """Key -> task, of all social tasks that wait. Two that share a key are an error."""
    tasks = workflow.social_tasks()
    found = {task.internal_data["social"]["key"]: task for task in tasks}
    assert len(found) == len(tasks), [task.internal_data for task in tasks]
    return found


def waiting(workflow: SocialWorkflow) -> list[str]:
    """The BPMN ids of the social tasks that wait, oldest first."""
    return [task.task_spec.bpmn_id for task in workflow.social_tasks()]


def the(workflow: SocialWorkflow, element: str) -> Step:
    """The one waiting social task of an element."""
    (task,) = [task for task in workflow.social_tasks() if task.task_spec.bpmn_id == element]
    return task


def answer(workflow: SocialWorkflow, *keys: str) -> None:
    """Give social tasks their outcome, by key, and go on."""
    tasks = live(workflow)
    for key in keys:
        complete(tasks[key])
    workflow.do_engine_steps()


def complete(task: Step, outcome: str = "approved") -> None:
    """Give one social task its outcome; engine steps must follow."""
    task.data[task.task_spec.result_variable] = {"outcome": outcome}
    task.complete()


def send(workflow: SocialWorkflow, name: str, payload: Any = None) -> None:
    """A message or signal from outside reaches the events that wait for it."""
    definitions = [task.task_spec.event_definition for task in workflow.event_manager.tasks.values()]
    members = [each for one in definitions for each in getattr(one, "event_definitions", [one])]
    workflow.send_event(BpmnEvent(next(each for each in members if each.name == name), payload=payload))
    workflow.do_engine_steps()


def moment(workflow: SocialWorkflow) -> datetime:
    """When the next timer of an instance is due; there must be one."""
    due = workflow.next_due()
    assert due is not None
    return due
