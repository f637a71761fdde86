"""Specifications and instances as bytes or JSON.

Two forms. ``Codec`` is what our own store keeps: a specification once per content hash, and of each instance
only its state, under an envelope that names the versions that wrote it. ``serializer()`` is for hosts that
keep their own JSON: SpiffWorkflow's own format, with our classes under the names of those they stand for, so
either side reads the other.
"""

from __future__ import annotations

import json
import zlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from hashlib import sha256
from importlib.metadata import version
from typing import Any

from SpiffWorkflow.bpmn.parser.BpmnParser import BpmnParser
from SpiffWorkflow.bpmn.serializer import BpmnWorkflowSerializer
from SpiffWorkflow.bpmn.serializer import config as stock
from SpiffWorkflow.bpmn.serializer.default.task_spec import BoundaryEventConverter, BpmnTaskSpecConverter
from SpiffWorkflow.bpmn.serializer.default.workflow import (
    BpmnSubWorkflowConverter,
    BpmnWorkflowConverter,
    TaskConverter,
)
from SpiffWorkflow.bpmn.serializer.helpers import DefaultRegistry
from SpiffWorkflow.spiff.serializer.config import SPIFF_CONFIG
from SpiffWorkflow.spiff.serializer.task_spec import SpiffBpmnTaskConverter

from socialbpm.clock import Clock, SystemClock
from socialbpm.errors import StateError
from socialbpm.spiff import state, timers
from socialbpm.spiff.joins import EndJoin, InclusiveJoin, LastJoin, ParallelJoin
from socialbpm.spiff.specs import RepeatingBoundary, SocialTask
from socialbpm.spiff.steps import Step
from socialbpm.spiff.workflow import SocialSubWorkflow, SocialWorkflow

FORMAT = 1  # of our envelope; a reader refuses one that it does not know
WRITERS = {"socialbpm": version("socialbpm"), "spiffworkflow": version("SpiffWorkflow")}
TYPENAME = "typename"  # the engine takes any dict with this key for one of its own objects
EXTRA = "social"  # our entry in a host's JSON of an instance


class Registry(DefaultRegistry):  # type: ignore[misc]
    """The engine's registry, with what its converters need to make an instance: the clock."""

    def __init__(self, clock: Clock) -> None:
        super().__init__()
        self.clock = clock


class SocialTaskConverter(SpiffBpmnTaskConverter):  # type: ignore[misc]
    """A social task in a specification."""

    def to_dict(self, spec: SocialTask) -> dict[str, Any]:
        """With what the model says about it."""
        dct: dict[str, Any] = super().to_dict(spec)
        return dct | {"declaration": spec.declaration, "result_variable": spec.result_variable}


class StepConverter(TaskConverter):  # type: ignore[misc]
    """A task of an instance.

    Its data never holds the key that the engine would take for one of its objects.
    """

    def to_dict(self, task: Step) -> dict[str, Any]:
        """As the engine's, with ``typename`` stripped from data at every depth."""
        dct: dict[str, Any] = super().to_dict(task)
        dct["data"] = without_typename(dct["data"])
        if dct["delta"]:
            dct["delta"]["updates"] = without_typename(dct["delta"]["updates"])
        return dct


class WorkflowConverter(BpmnWorkflowConverter):  # type: ignore[misc]
    """An instance in a host's JSON; what is ours stands under one key."""

    def to_dict(self, workflow: SocialWorkflow) -> dict[str, Any]:
        """With the run's id and counters, of which request keys are made."""
        dct: dict[str, Any] = super().to_dict(workflow)
        ours = {"run": workflow.run_id, "resets": workflow.resets, "counter": workflow.counter}
        return dct | {EXTRA: ours}

    def from_dict(self, dct: dict[str, Any]) -> SocialWorkflow:
        """On the registry's clock. What the engine itself has saved becomes a run of its own."""
        ours = dct.pop(EXTRA, None)
        workflow: SocialWorkflow = super().from_dict(dct)
        workflow.clock = self.registry.clock
        if ours is not None:
            workflow.name_run(ours["run"])
            workflow.resets, workflow.counter = ours["resets"], ours["counter"]
        for each in (workflow, *workflow.subprocesses.values()):
            workflow.latest = max(workflow.latest, *(task.last_state_change for task in each.tasks.values()))
        return workflow


def _named(converter: type, typename: str) -> Any:
    """A converter that writes its class under the name of the stock class it stands for."""
    return lambda target, registry: converter(target, registry, typename)


_REPLACED = (
    stock.BpmnWorkflow,
    stock.BpmnSubWorkflow,
    stock.Task,
    stock.MultipleEventDefinition,
    stock.TimeDateEventDefinition,
    stock.DurationTimerEventDefinition,
    stock.CycleTimerEventDefinition,
)
CONFIG: dict[type, Any] = {
    **{cls: converter for cls, converter in SPIFF_CONFIG.items() if cls not in _REPLACED},
    SocialWorkflow: _named(WorkflowConverter, "BpmnWorkflow"),
    SocialSubWorkflow: _named(BpmnSubWorkflowConverter, "BpmnSubWorkflow"),
    Step: _named(StepConverter, "Task"),
    EndJoin: _named(
        BpmnTaskSpecConverter, "_EndJoin"
    ),  # read as ours; a collaboration's own is the stock one
    SocialTask: SocialTaskConverter,
    RepeatingBoundary: BoundaryEventConverter,
    LastJoin: BpmnTaskSpecConverter,
    ParallelJoin: SPIFF_CONFIG[stock.ParallelGateway],
    InclusiveJoin: SPIFF_CONFIG[stock.InclusiveGateway],
    timers.MultipleEventDefinition: SPIFF_CONFIG[stock.MultipleEventDefinition],
    timers.TimeDateEventDefinition: SPIFF_CONFIG[stock.TimeDateEventDefinition],
    timers.DurationTimerEventDefinition: SPIFF_CONFIG[stock.DurationTimerEventDefinition],
    timers.CycleTimerEventDefinition: SPIFF_CONFIG[stock.CycleTimerEventDefinition],
}
"""Which converter writes which class.

SpiffWorkflow's own configuration with ours in place of what we replace.
"""


def registry(clock: Clock | None = None, config: Mapping[type, Any] | None = None) -> Registry:
    """A registry of all converters; ``config`` adds a host's own classes."""
    made = Registry(clock or SystemClock())
    BpmnWorkflowSerializer.configure({**CONFIG, **(config or {})}, made)
    return made


def serializer(
    clock: Clock | None = None, config: Mapping[type, Any] | None = None
) -> BpmnWorkflowSerializer:
    """SpiffWorkflow's serializer for hosts that keep the JSON of their instances themselves."""
    return BpmnWorkflowSerializer(registry(clock, config))


def without_typename(value: Any) -> Any:
    """``value`` without the key ``typename`` in any dict at any depth; the same object if there is none."""
    if isinstance(value, dict):
        kept = {key: without_typename(item) for key, item in value.items() if key != TYPENAME}
        return value if len(kept) == len(value) and all(kept[key] is value[key] for key in kept) else kept
    if isinstance(value, list):
        items = [without_typename(item) for item in value]
        return value if all(one is other for one, other in zip(items, value, strict=True)) else items
    return value


@dataclass(frozen=True)
class Specs:
    """The specifications of a process and all that it calls.

    ``shared`` says that instances may use one object.
    """

    spec: Any
    subprocesses: dict[str, Any]
    shared: bool = field(default=True)


class Codec:
    """Our own storage form. ``clock`` is that of the instances it reads; safe to share between threads."""

    def __init__(self, clock: Clock) -> None:
        self._clock, self._registry = clock, registry(clock)

    def pack_specs(self, parser: BpmnParser, process_id: str) -> tuple[str, bytes]:
        """The specifications of a parsed process: their content hash and bytes."""
        spec, calls = parser.get_spec(process_id), parser.get_subprocess_specs(process_id)
        document = {
            "spec": self._registry.convert(spec),
            "calls": {name: self._registry.convert(called) for name, called in calls.items()},
        }
        text = json.dumps(document, sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode()
        return sha256(text).hexdigest(), zlib.compress(text)

    def unpack_specs(self, body: bytes) -> Specs:
        """What ``pack_specs`` wrote. Only specifications that came this way may be shared by instances."""
        text = zlib.decompress(body)
        document = json.loads(text)
        spec = self._registry.restore(document["spec"])
        calls = {name: self._registry.restore(called) for name, called in document["calls"].items()}
        return Specs(spec, calls, not any(_changes_itself(each) for each in (spec, *calls.values())))

    def pack(self, workflow: SocialWorkflow, spec_id: str) -> bytes:
        """The state of an instance whose specification is stored as ``spec_id``. Raises StateError."""
        document = state.dump(workflow) | {
            "format": FORMAT,
            "spec": spec_id,
            **WRITERS,
        }
        return state.pack(document, self._registry.convert)

    def unpack(self, body: bytes, specs: Specs, spec_id: str, script_engine: Any = None) -> SocialWorkflow:
        """The instance as it was. Raises StateError if it was written for another specification or format."""
        document = state.unpack(body, self._registry.restore)
        if document["format"] != FORMAT:
            raise StateError(
                f"this state was written by socialbpm {document['socialbpm']}, in a format not known here"
            )
        if document["spec"] != spec_id:
            raise StateError("this state belongs to another version of the process")
        workflow = SocialWorkflow(
            specs.spec,
            specs.subprocesses,
            script_engine,
            clock=self._clock,
            run_id=document["run"],
            deserializing=True,
        )
        return state.load(document, workflow)


def _changes_itself(spec: Any) -> bool:
    """Whether running this specification changes it.

    Event sub-processes and ad-hoc ones connect their start.
    """
    ad_hoc = hasattr(spec, "conditional_paths")
    return (
        ad_hoc
        or bool(getattr(spec.start, "trigger_specs", None))
        or any(
            isinstance(task, stock.EventSubprocess | stock.AdHocSubprocess)
            for task in spec.task_specs.values()
        )
    )
