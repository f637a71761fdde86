"""Does a social task stand where it can work: after what it refers to, with an end, with its own result?"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from itertools import combinations

from lxml import etree

from socialbpm.errors import Problem
from socialbpm.spiff.flow import Flow, bpmn
from socialbpm.spiff.xml import SocialElement
from socialbpm.tasks import ERRORS, Asking, Place, known, result_variable
from socialbpm.tasks.notation import did_you_mean


def problems(
    root: etree._Element, elements: Sequence[SocialElement], others: Sequence[SocialElement]
) -> list[Problem]:
    """What is wrong with the places of the social tasks of a file; ``others`` are those of all files."""
    found: list[Problem] = []
    codes = {str(error.get("id")): error.get("errorCode") or "" for error in root.iter(bpmn("error"))}
    for process in root.iter(bpmn("process")):
        flow = Flow(process)
        here = [element for element in elements if element.place.element in flow.nodes]
        for element in here:
            found += _references(element, flow, here, others)
            found += _endless(element, flow)
            found += _never_raised(element, flow, codes)
        found += _overwritten(here, flow)
    return found


def _references(
    element: SocialElement, flow: Flow, here: Sequence[SocialElement], others: Sequence[SocialElement]
) -> Iterator[Problem]:
    """``edit`` and ``replyTo`` name a social task that has come before."""
    for attribute in ("edit", "replyTo"):
        target = element.declaration["attributes"].get(attribute)
        if not target:
            continue
        kinds = {other.place.element: other.declaration["element"] for other in others}
        if target not in kinds:
            remedy = did_you_mean(target, kinds) or "name an earlier social task"
            yield element.place.problem(
                f"{attribute} '{target}' is no social task", remedy, attribute=attribute
            )
        elif attribute == "edit" and kinds[target] != "postStatus":
            what = f"edit '{target}' is a {kinds[target]}"
            yield element.place.problem(
                what, "only the post of a postStatus can be edited", attribute=attribute
            )
        elif target in flow.nodes and not flow.before(target, element.place.element):
            what = f"{attribute} '{target}' has not come before"
            yield element.place.problem(what, "name an earlier social task", attribute=attribute)


def _endless(element: SocialElement, flow: Flow) -> Iterator[Problem]:
    """A question that closes at its deadline has one, or somebody who ends it."""
    task, unknown, _ = known(element.declaration)
    if (
        not isinstance(task, Asking)
        or task.close != "deadline"
        or task.deadline
        or unknown & {"deadline", "close"}
    ):
        return
    for scope in flow.enclosing(element.place.element):
        for event in flow.boundaries(str(scope.get("id"))):
            if event.get("cancelActivity") != "false" and event.find(bpmn("errorEventDefinition")) is None:
                return
    remedy = 'add deadline="P3D" or an interrupting boundary timer'
    yield element.place.problem(
        'close="deadline" without a deadline never ends', remedy, attribute="deadline"
    )


def _never_raised(element: SocialElement, flow: Flow, codes: Mapping[str, str]) -> Iterator[Problem]:
    """An error boundary event of a social task waits for a code that this task can raise."""
    task = known(element.declaration)[0]
    raised = {*ERRORS, *(f"social.{outcome}" for outcome in task.raise_on)}
    for event in flow.boundaries(element.place.element):
        definition = event.find(bpmn("errorEventDefinition"))
        code = codes.get(definition.get("errorRef") or "", "") if definition is not None else ""
        if code.startswith("social.") and code not in raised:
            outcome = code.removeprefix("social.")
            remedy = f'add raiseOn="{outcome}"' if outcome in task.OUTCOMES else did_you_mean(code, raised)
            place = Place(
                element=str(event.get("id")), file=element.place.file, line=int(event.sourceline or 0)
            )
            yield place.problem(f"'{element.place.element}' never raises '{code}'", remedy)


def _overwritten(elements: Sequence[SocialElement], flow: Flow) -> Iterator[Problem]:
    """Results of parallel branches need variables of their own: at the join one would overwrite the other."""
    for one, other in combinations(elements, 2):
        variable = result_variable(one.declaration)
        same = variable == result_variable(other.declaration)
        if same and flow.side_by_side(one.place.element, other.place.element):
            what = f"writes '{variable}' at the same time as '{one.place.element}'"
            yield other.place.problem(
                what, 'give each its own resultVariable="…"', attribute="resultVariable"
            )
