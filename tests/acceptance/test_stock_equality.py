"""Plain BPMN and DMN run under ours exactly as under SpiffWorkflow's own parser, workflow and serializer."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from SpiffWorkflow.bpmn import BpmnEvent
from SpiffWorkflow.bpmn.script_engine import PythonScriptEngine
from SpiffWorkflow.bpmn.serializer import BpmnWorkflowSerializer
from SpiffWorkflow.bpmn.workflow import BpmnWorkflow
from SpiffWorkflow.spiff.parser.process import SpiffBpmnParser
from SpiffWorkflow.spiff.serializer.config import SPIFF_CONFIG
from SpiffWorkflow.util.task import TaskState

from socialbpm.clock import SystemClock
from socialbpm.spiff.parser import SocialParser
from socialbpm.spiff.serializer import Codec, serializer
from socialbpm.spiff.workflow import SocialWorkflow

PLAIN = Path(__file__).parents[1] / "plain"
Act = tuple[str, Any]  # what happens from outside, once nothing happens by itself
SCRIPTS: dict[str, list[Act]] = {
    "gateways": [],
    "subprocesses": [("do", "ask_somebody"), ("do", "c_wait")],
    "multi_instance": [*[("do", "times")] * 3, *[("do", "look")] * 3, ("do", "early")],
    "timers": [("pass", 0.08), ("pass", 0.12), ("pass", 0.08), ("do", "patient")],
    "cycle": [("pass", 0.45), ("pass", 0.4), ("do", "work")],
    "messages": [
        ("send", ("order", {"what": "pears"})),
        ("send", ("news", "good")),
        ("send", ("stop", "enough")),
    ],
    "signals_and_errors": [],
    "decision": [],
    "data": [("do", "around")],
    "collaboration": [("do", "ask"), ("do", "sign")],
    "boundaries": [("pass", 0.12), ("send", ("note", "n1")), ("do", "busy"), ("do", "last_one")],
    "aside": [("do", "wait"), ("send", ("ring", "loud")), ("do", "then")],
    "branches": [
        *[("do", "quick"), ("do", "slow"), ("do", "second"), ("do", "first")],
        *[("pass", 0.12), ("send", ("letter", "dear"))],
    ],
}
COLLABORATIONS = {"collaboration": "market"}
INTERLEAVED = ("cycle",)  # the boundary event and the branch that it began go on at the same moment
STOCK = BpmnWorkflowSerializer(BpmnWorkflowSerializer.configure(SPIFF_CONFIG))


class Services(PythonScriptEngine):
    """A host's script engine, with one service."""

    def call_service(self, task: Any, **service: Any) -> str:
        return json.dumps({"asked": service["operation_params"]["key"]["value"]})


def parsed(parser_class: type, name: str) -> Any:
    parser = parser_class()
    parser.add_bpmn_file(str(PLAIN / f"{name}.bpmn"))
    parser.add_dmn_files([str(path) for path in PLAIN.glob("*.dmn")])
    return parser


def read(parser: Any, name: str) -> Any:
    """The specification of a file's process or collaboration, and of what it calls."""
    if name in COLLABORATIONS:
        return parser.get_collaboration(COLLABORATIONS[name])
    return parser.get_spec(name), parser.get_subprocess_specs(name)


class Theirs:
    """SpiffWorkflow as it comes."""

    def __init__(self, name: str) -> None:
        self.specs = read(parsed(SpiffBpmnParser, name), name)

    def start(self) -> Any:
        return BpmnWorkflow(*self.specs, script_engine=Services())

    def reload(self, workflow: Any) -> Any:
        restored = STOCK.deserialize_json(STOCK.serialize_json(workflow))
        restored.script_engine = Services()
        return restored


class Ours:
    """Ours, saved as a host saves it: in SpiffWorkflow's own format."""

    def __init__(self, name: str) -> None:
        self.specs = read(parsed(SocialParser, name), name)

    def start(self) -> Any:
        return SocialWorkflow(*self.specs, script_engine=Services())

    def reload(self, workflow: Any) -> Any:
        restored = serializer().deserialize_json(serializer().serialize_json(workflow))
        restored.script_engine = Services()
        return restored


class OursStored:
    """Ours, saved as our own store saves it: specification and state apart."""

    def __init__(self, name: str) -> None:
        self.codec = Codec(SystemClock())
        self.id, self.body = self.codec.pack_specs(parsed(SocialParser, name), name)
        self.specs = self.codec.unpack_specs(self.body)

    def start(self) -> Any:
        return SocialWorkflow(self.specs.spec, self.specs.subprocesses, script_engine=Services())

    def reload(self, workflow: Any) -> Any:
        state = self.codec.pack(workflow, self.id)
        restored = self.codec.unpack(state, self.specs, self.id, Services())
        assert shape(restored) == shape(workflow)
        return restored


def play(side: Any, name: str, *, restart: bool) -> Any:
    workflow = side.start()
    steps(workflow)
    for act, what in SCRIPTS[name]:
        if restart:
            workflow = side.reload(workflow)
        ACTS[act](workflow, what)
        steps(workflow)
    assert workflow.is_completed(), workflow.get_dump()
    return workflow


def steps(workflow: Any) -> None:
    """Go on until nothing happens by itself any more: the engine looks at timers once per call."""
    before: Any = None
    while before != (before := [(task.id, task.state) for task in workflow.get_tasks()]):
        workflow.do_engine_steps()


def do(workflow: Any, element: str) -> None:
    """A person does the first ready task of this element."""
    task = next(t for t in workflow.get_tasks(state=TaskState.READY) if t.task_spec.bpmn_id == element)
    task.data[f"by_{element}"] = True
    task.run()


def send(workflow: Any, message: tuple[str, Any]) -> None:
    """A message comes from outside: to a task that waits for it, else to the start of a sub-process."""
    name, payload = message
    waiting = [task.task_spec for task in workflow.get_tasks(state=TaskState.WAITING)]
    starts = [spec for each in workflow.subprocess_specs.values() for spec in each.task_specs.values()]
    heard = [spec.event_definition for spec in (*waiting, *starts) if hasattr(spec, "event_definition")]
    members = [each for one in heard for each in getattr(one, "event_definitions", [one])]
    definition = next(each for each in members if each.name == name)
    workflow.send_event(BpmnEvent(definition, payload=payload))


ACTS: dict[str, Callable[[Any, Any], None]] = {"do": do, "send": send, "pass": lambda _, s: time.sleep(s)}


def shape(workflow: Any) -> list[tuple[int, str, str, dict[str, Any]]]:
    """The whole tree: depth, name, state and data of every task, in order."""
    tasks = workflow.get_tasks()
    return [(t.depth, t.task_spec.name, TaskState.get_name(t.state), t.data) for t in tasks]


def way(workflow: Any) -> list[str]:
    """The elements in the order in which they were completed."""
    done = [task for task in workflow.get_tasks() if task.state == TaskState.COMPLETED]
    return [task.task_spec.name for task in sorted(done, key=lambda task: task.last_state_change)]


def specs(side: Any, registry: Any) -> Any:
    spec, calls = side.specs
    return registry.convert(spec), {name: registry.convert(called) for name, called in calls.items()}


@pytest.mark.parametrize("name", SCRIPTS)
def test_plain_models_parse_to_the_same_specification(name: str) -> None:
    """The specification as JSON is the same, whichever parser made it."""
    theirs, ours = specs(Theirs(name), STOCK.registry), specs(Ours(name), serializer().registry)
    assert json.loads(json.dumps(ours)) == json.loads(json.dumps(theirs))


@pytest.mark.parametrize("restart", [False, True], ids=["in one go", "restarted at every wait"])
@pytest.mark.parametrize("name", SCRIPTS)
def test_plain_models_run_to_the_same_result(name: str, restart: bool) -> None:
    """The same tasks in the same tree, in the same states, with the same data; in both forms of storage."""
    theirs = play(Theirs(name), name, restart=restart)
    sides = [Ours, OursStored] if name not in COLLABORATIONS else [Ours]  # our store runs processes
    for side in sides:
        ours = play(side(name), name, restart=restart)
        assert shape(ours) == shape(theirs)
        assert name in INTERLEAVED or way(ours) == way(theirs)
        assert ours.data == theirs.data


def test_every_plain_model_is_compared() -> None:
    """A file that nobody plays would prove nothing."""
    assert set(SCRIPTS) == {path.stem for path in PLAIN.glob("*.bpmn")}


@pytest.mark.parametrize("name", SCRIPTS)
def test_a_host_may_go_back_to_the_stock_serializer(name: str) -> None:
    """What our serializer writes of a plain instance, SpiffWorkflow's own reads."""
    workflow = Ours(name).start()
    steps(workflow)
    restored = STOCK.deserialize_json(serializer().serialize_json(workflow))
    assert shape(restored) == shape(workflow)
