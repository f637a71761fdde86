"""What a suite of replays never reached: elements of the models, and outcomes of their social tasks.

Outcomes that a task's own policy can never end with are not counted.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from socialbpm import policies, tasks
from socialbpm.spiff import xml
from socialbpm.testing.replay import Played

FLOW_NODES = frozenset(
    {
        *("task", "serviceTask", "userTask", "manualTask", "scriptTask", "businessRuleTask", "sendTask"),
        *("receiveTask", "callActivity", "subProcess", "transaction", "startEvent", "endEvent"),
        *("intermediateCatchEvent", "intermediateThrowEvent", "boundaryEvent"),
        *("exclusiveGateway", "inclusiveGateway", "parallelGateway", "eventBasedGateway", "complexGateway"),
    }
)


_DECIDING = frozenset({"policy", "of", "quorum", "group_quorum", "min_plus", "vetoes", "abstain", "tie"})
"""What a policy's possible outcomes depend on."""


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
    """The ids of the flow nodes, and each social task's possible outcomes."""
    root = xml.read(model)
    elements = [str(node.get("id")) for node in root.iter(*(f"{{{xml.BPMN}}}{name}" for name in FLOW_NODES))]
    found, _ = xml.social_elements(root, str(model))
    return elements, [(each.place.element, outcome) for each in found for outcome in _outcomes(each)]


def _outcomes(element: xml.SocialElement) -> Iterator[str]:
    """What a task can end with; all of its kind where its policy is known only when it runs."""
    task, unknown, _ = tasks.known(element.declaration)
    can_come = frozenset(task.OUTCOMES)
    if isinstance(task, tasks.Asking) and not unknown & _DECIDING:
        can_come = policies.possible(policies.Rule.of(task))
    return (outcome for outcome in task.OUTCOMES if outcome in can_come)
