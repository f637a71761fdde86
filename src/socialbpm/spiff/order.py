"""Does a social task stand where it can work: after what it refers to, with an end, with its own result?"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from itertools import combinations

from lxml import etree

from socialbpm.errors import Problem
from socialbpm.spiff.flow import Flow, bpmn
from socialbpm.spiff.xml import SocialElement, local
from socialbpm.tasks import ERRORS, Asking, Place, known, result_variable
from socialbpm.tasks.notation import did_you_mean

_OWN = 'give each its own resultVariable="…"'
_CALLS = "name in data outputs what the called process gives back, or let one follow the other"


def problems(
    root: etree._Element,
    file: str,
    elements: Sequence[SocialElement],
    others: Sequence[SocialElement],
    called: Mapping[str, Collection[str]],
) -> list[Problem]:
    """What is wrong with the places of the social tasks of a file; ``others`` are those of all files.

    ``called`` are the variables of results that a call of each process writes.
    """
    found: list[Problem] = []
    codes = {str(error.get("id")): error.get("errorCode") or "" for error in root.iter(bpmn("error"))}
    for process in root.iter(bpmn("process")):
        flow = Flow(process)
        here = [element for element in elements if element.place.element in flow.nodes]
        for element in here:
            found += _references(element, flow, here, others)
            found += _endless(element, flow)
            found += _never_raised(element, flow, codes)
        found += _overwritten([*_writers(here), *_calling(flow, file, called)], flow)
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


def _writers(elements: Sequence[SocialElement]) -> Iterator[tuple[Place, str]]:
    """Where a result is written, and to which variable."""
    return ((element.place, result_variable(element.declaration)) for element in elements)


def _calling(flow: Flow, file: str, called: Mapping[str, Collection[str]]) -> Iterator[tuple[Place, str]]:
    """The same of the processes that are called here."""
    for element, node in flow.nodes.items():
        if local(node) == "callActivity":
            place = Place(element=element, file=file, line=int(node.sourceline or 0))
            variables = called.get(node.get("calledElement") or "", ())
            yield from ((place, variable) for variable in sorted(variables))


def _overwritten(writers: Sequence[tuple[Place, str]], flow: Flow) -> Iterator[Problem]:
    """Results of parallel branches need variables of their own: at the join one would overwrite the other."""
    for (one, variable), (other, same) in combinations(writers, 2):
        if variable == same and flow.side_by_side(one.element, other.element):
            what = f"writes '{variable}' at the same time as '{one.element}'"
            calls = "callActivity" in (local(flow.nodes[each.element]) for each in (one, other))
            yield other.problem(what, _CALLS if calls else _OWN, attribute="resultVariable")
