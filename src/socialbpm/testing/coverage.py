"""What a suite of replays never reached: elements of the models, and outcomes of their social tasks."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from lxml import etree

from socialbpm import tasks
from socialbpm.testing.replay import Played

BPMN = "{http://www.omg.org/spec/BPMN/20100524/MODEL}"
SOCIAL = f"{{{tasks.NAMESPACE}}}"
FLOW_NODES = frozenset(
    {
        *("task", "serviceTask", "userTask", "manualTask", "scriptTask", "businessRuleTask", "sendTask"),
        *("receiveTask", "callActivity", "subProcess", "transaction", "startEvent", "endEvent"),
        *("intermediateCatchEvent", "intermediateThrowEvent", "boundaryEvent"),
        *("exclusiveGateway", "inclusiveGateway", "parallelGateway", "eventBasedGateway", "complexGateway"),
    }
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Coverage:
    """One model: how many elements and outcomes it has, and those that no replay reached."""

    model: str
    elements: int
    unreached: tuple[str, ...]
    outcomes: int
    missing: tuple[tuple[str, str], ...]  # (element, outcome)


def coverage(suite: Iterable[Played]) -> list[Coverage]:
    """What the replays together did not reach, model by model."""
    played = list(suite)
    models = sorted(
        {model.resolve() for each in played for model in each.script.models if model.suffix != ".dmn"}
    )
    return [_of_model(model, [each for each in played if _plays(each, model)]) for model in models]


def _plays(played: Played, model: Path) -> bool:
    return model in {path.resolve() for path in played.script.models}


def _of_model(model: Path, played: list[Played]) -> Coverage:
    elements, outcomes = _parts(model)
    reached = {element for each in played for element in each.evidence.path}
    came = {(element, o) for each in played for element, os in each.evidence.outcomes.items() for o in os}
    return Coverage(
        model=model.name,
        elements=len(elements),
        unreached=tuple(element for element in elements if element not in reached),
        outcomes=len(outcomes),
        missing=tuple(pair for pair in outcomes if pair not in came),
    )


def _parts(model: Path) -> tuple[list[str], list[tuple[str, str]]]:
    """The ids of the flow nodes, and each social task's possible outcomes; the file was deployed, so it is
    safe.
    """
    parser = etree.XMLParser(resolve_entities=False, no_network=True)
    elements: list[str] = []
    outcomes: list[tuple[str, str]] = []
    for node in etree.parse(model, parser).iter(*(BPMN + name for name in FLOW_NODES)):
        element = str(node.get("id"))
        elements.append(element)
        for kind in (
            child.tag.removeprefix(SOCIAL) for child in node.iterfind(f"{BPMN}extensionElements/{SOCIAL}*")
        ):
            outcomes += [(element, outcome) for outcome in tasks.outcomes(kind)]
    return elements, outcomes
