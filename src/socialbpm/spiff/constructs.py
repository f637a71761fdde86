"""BPMN that SpiffWorkflow 3.2 takes and silently gets wrong: refused here, with another way to draw it.

What this room makes right instead, and where each is tested: docs/explanation/spiffworkflow-traps.md.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterator

from lxml import etree

from socialbpm.errors import Problem
from socialbpm.spiff.flow import Flow, bpmn, is_node
from socialbpm.spiff.xml import is_bpmn, local
from socialbpm.tasks import NAMESPACE, Place
from socialbpm.tasks.notation import did_you_mean

Found = tuple[etree._Element, str, str]
"""An element, what is wrong with it, and the remedy."""

_CARRIED_OUT = {
    "startEvent": {"message", "signal", "timer", "conditional"},
    "intermediateCatchEvent": {"message", "signal", "timer", "conditional"},
    "intermediateThrowEvent": {"message", "signal", "escalation"},
    "boundaryEvent": {"message", "signal", "timer", "conditional", "error", "escalation", "cancel"},
    "endEvent": {"message", "error", "escalation", "cancel", "terminate"},
}
"""The kinds of each event that the engine knows; of any other it makes an event that does nothing."""
_INSTEAD = {
    ("endEvent", "signal"): "throw it by an intermediate event before the end",
    ("intermediateThrowEvent", "link"): "connect the two by a sequence flow",
    ("intermediateCatchEvent", "link"): "connect the two by a sequence flow",
    ("intermediateThrowEvent", "error"): "throw it by an end event",
}
_DATA = ("inputDataItem", "outputDataItem", "dataObject", "dataObjectReference", "dataInput", "dataOutput")
_REFERENCES = ("attachedToRef", "messageRef", "signalRef", "errorRef", "escalationRef")
_CHOOSING = ("exclusiveGateway", "inclusiveGateway", "complexGateway")


def problems(root: etree._Element, file: str, processes: Collection[str]) -> list[Problem]:
    """What the engine would not carry out as drawn. ``processes``: all that can be called."""
    found = [*_doubled_ids(root), *_everywhere(root), *_calls(root, processes), *_missing(root)]
    for process in root.iter(bpmn("process")):
        dangling = list(_dangling(process))
        found += dangling or _unreached(process)
        found += [*_conditions(process), *_unconditional(process)]
        found += [*_event_gateways(Flow(process)), *_starts(process)]
    return [
        Place(element=_id(node), file=file, line=int(node.sourceline or 0)).problem(what, remedy)
        for node, what, remedy in found
    ]


def _everywhere(root: etree._Element) -> Iterator[Found]:
    for node in root.iter(etree.Element):
        if is_bpmn(node):
            yield from _compensation(node)
            yield from _event_sub_process(node)
            yield from _ad_hoc(node)
            yield from _ignored(node)
            yield from _instances(node)


def _compensation(node: etree._Element) -> Iterator[Found]:
    """SpiffWorkflow takes a throwing compensation event for one that does nothing."""
    event = node.getparent()
    if local(node) == "compensateEventDefinition" and event is not None:
        yield (
            event,
            "compensation is not carried out",
            "draw the steps that undo it after an error boundary event",
        )


def _ignored(node: etree._Element) -> Iterator[Found]:
    """SpiffWorkflow takes an event of a kind that it does not know for one that does nothing."""
    if local(node) not in _CARRIED_OUT:
        return
    for child in node.iterchildren(etree.Element):
        kind = local(child).removesuffix("EventDefinition")
        if kind != local(child) and kind not in {*_CARRIED_OUT[local(node)], "compensate"}:
            remedy = _INSTEAD.get((local(node), kind), "draw it with another event")
            yield node, f"a {kind} {_spoken(local(node))} is not carried out", remedy


def _spoken(name: str) -> str:
    """``intermediateCatchEvent`` as people say it: intermediate catch event."""
    return "".join(f" {letter.lower()}" if letter.isupper() else letter for letter in name)


def _event_sub_process(node: etree._Element) -> Iterator[Found]:
    """SpiffWorkflow ignores isInterrupting, waits for timers that nobody needs, and keeps data apart."""
    if local(node) == "subProcess" and node.get("triggeredByEvent") == "true":
        remedy = "put the steps into a sub-process and attach a boundary event to it"
        yield node, "an event sub-process is not carried out as drawn", remedy


def _ad_hoc(node: etree._Element) -> Iterator[Found]:
    """The engine fails at the first step that leaves another open, unless there happen to be data objects."""
    if local(node) == "adHocSubProcess":
        remedy = "draw its steps between two inclusive gateways"
        yield node, "an ad-hoc sub-process is not carried out as drawn", remedy


def _instances(node: etree._Element) -> Iterator[Found]:
    """The completion condition of a multi-instance sees only the data of the instance that finished last."""
    if local(node) != "multiInstanceLoopCharacteristics":
        return
    activity = node.getparent()
    if activity is None:
        return
    social = next(activity.iter(f"{{{NAMESPACE}}}*"), None)
    if social is not None and node.find(bpmn("completionCondition")) is not None:
        what = "a completion condition sees only the answer of the instance that finished last"
        yield activity, what, "let one task ask everybody, with policy and quorum"


def _event_gateways(flow: Flow) -> Iterator[Found]:
    """Only events may follow an event gateway; the engine would stumble over anything else."""
    for element, node in flow.nodes.items():
        if local(node) != "eventBasedGateway":
            continue
        followers = [flow.nodes[target] for target in flow.targets(element) if target in flow.nodes]
        for follower in followers:
            if local(follower) not in ("intermediateCatchEvent", "receiveTask"):
                what = f"a {local(follower)} follows an event gateway"
                yield follower, what, "only catching events and receive tasks may"


def _calls(root: etree._Element, processes: Collection[str]) -> Iterator[Found]:
    """Call activities name a process that is deployed with them."""
    for node in root.iter(bpmn("callActivity")):
        called = node.get("calledElement") or ""
        if called not in processes:
            remedy = did_you_mean(called, processes) if called else 'add calledElement="…"'
            yield node, f"calls the process '{called}', which is not in these files", remedy


def _missing(root: etree._Element) -> Iterator[Found]:
    """What an event names by reference is in the file; one attached to nothing would never happen."""
    known = {node.get("id") for node in root.iter(etree.Element)}
    for node in root.iter(etree.Element):
        for reference in _REFERENCES if is_bpmn(node) else ():
            named = node.get(reference)
            if named is not None and named.rpartition(":")[2] not in known:
                owner = next(above for above in (node, *node.iterancestors()) if above.get("id"))
                yield owner, f"{reference} '{named}' does not exist in this file", "name one that does"


def _starts(process: etree._Element) -> Iterator[Found]:
    """Several start events without a trigger all begin, each with a token of its own."""
    plain = [node for node in process.iterfind(bpmn("startEvent")) if not _triggered(node)]
    for node in plain[1:]:
        yield node, "a second start event begins with the first", "keep one, or give this one a trigger"


def _triggered(node: etree._Element) -> bool:
    return any(local(child).endswith("EventDefinition") for child in node.iterchildren(etree.Element))


def _dangling(process: etree._Element) -> Iterator[Found]:
    """Sequence flows that lead nowhere."""
    known = {node.get("id") for node in process.iter(etree.Element)}
    for flow in process.iter(bpmn("sequenceFlow")):
        for end in ("sourceRef", "targetRef"):
            if flow.get(end) not in known:
                yield (
                    flow,
                    f"{end} '{flow.get(end) or ''}' does not exist in this process",
                    "connect the flow",
                )


def _unreached(process: etree._Element) -> Iterator[Found]:
    """The engine begins at start events only; an activity without a flow to it would never come."""
    targets = {flow.get("targetRef") for flow in process.iter(bpmn("sequenceFlow"))}
    for node in process.iter(etree.Element):
        if is_node(node) and node.get("id") not in targets and not _begins(node):
            yield node, "nothing leads here, so it would never begin", "draw a sequence flow to it"


def _begins(node: etree._Element) -> bool:
    """Whether an element needs no flow to it, or the trouble is another one."""
    scope = node.getparent()
    elsewhere = scope is None or scope.find(bpmn("startEvent")) is None
    of_itself = local(node) in ("startEvent", "boundaryEvent") or node.get("isForCompensation") == "true"
    linked = node.find(bpmn("linkEventDefinition")) is not None
    return elsewhere or of_itself or linked or node.get("triggeredByEvent") == "true"


def _conditions(process: etree._Element) -> Iterator[Found]:
    """A condition on a flow counts only behind a gateway that chooses; any other flow is always taken."""
    nodes = {node.get("id"): node for node in process.iter(etree.Element) if is_node(node)}
    for flow in process.iter(bpmn("sequenceFlow")):
        source = nodes.get(flow.get("sourceRef"))
        if flow.find(bpmn("conditionExpression")) is None or source is None:
            continue
        if local(source) not in _CHOOSING:
            what = f"its condition is not looked at: it comes from a {_spoken(local(source))}"
            yield flow, what, "draw an exclusive gateway before it"


def _unconditional(process: etree._Element) -> Iterator[Found]:
    """Behind a gateway that chooses, each flow says when it is taken: by its condition, or as the default."""
    gateways = {node.get("id"): node for node in process.iter(*(bpmn(name) for name in _CHOOSING))}
    flows = [flow for flow in process.iter(bpmn("sequenceFlow")) if flow.get("sourceRef") in gateways]
    leaving = Counter(flow.get("sourceRef") for flow in flows)
    for flow in flows:
        source = gateways[flow.get("sourceRef")]
        bare = flow.find(bpmn("conditionExpression")) is None and source.get("default") != flow.get("id")
        if bare and leaving[flow.get("sourceRef")] > 1:
            remedy = f"write a condition on it, or make it the default flow of '{_id(source)}'"
            yield flow, f"nothing says when it leads on from the gateway '{_id(source)}'", remedy


def _doubled_ids(root: etree._Element) -> Iterator[Found]:
    """Two steps of one id: the engine would keep one. (Data items may share theirs: it is their name.)

    A data item may not bear the id of a step either: the engine would take it for that step.
    """
    nodes = [node for node in root.iter(etree.Element) if is_node(node)]
    counted = Counter(_id(node) for node in nodes)
    seen: set[str] = set()
    for node in nodes:
        if counted[_id(node)] > 1 and _id(node) in seen:
            yield node, f"the id '{_id(node)}' is given twice", "give each element its own"
        seen.add(_id(node))
    for node in root.iter(*(bpmn(name) for name in _DATA)):
        if _id(node) in seen:
            what = f"a data item has the id of the step '{_id(node)}'"
            yield node, what, 'give it another id; of a social task, say resultVariable="…"'


def _id(node: etree._Element) -> str:
    return node.get("id") or ""
