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


def problems(root: etree._Element, file: str, processes: Collection[str]) -> list[Problem]:
    """What the engine would not carry out as drawn. ``processes``: all that can be called."""
    found = [*_doubled_ids(root), *_everywhere(root), *_calls(root, processes)]
    for process in root.iter(bpmn("process")):
        found += _dangling(process)
        found += _event_gateways(Flow(process))
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


def _event_sub_process(node: etree._Element) -> Iterator[Found]:
    """SpiffWorkflow ignores isInterrupting, waits for timers that nobody needs, and keeps data apart."""
    if local(node) == "subProcess" and node.get("triggeredByEvent") == "true":
        remedy = "put the steps into a sub-process and attach a boundary event to it"
        yield node, "an event sub-process is not carried out as drawn", remedy


def _ad_hoc(node: etree._Element) -> Iterator[Found]:
    """Nothing else tells the engine when an ad-hoc sub-process is done."""
    if local(node) == "adHocSubProcess" and node.find(bpmn("completionCondition")) is None:
        remedy = "add <bpmn:completionCondition>"
        yield node, "an ad-hoc sub-process without completion condition never ends", remedy


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


def _doubled_ids(root: etree._Element) -> Iterator[Found]:
    """Two steps of one id: the engine would keep one. (Data items may share theirs: it is their name.)"""
    nodes = [node for node in root.iter(etree.Element) if is_node(node)]
    counted = Counter(_id(node) for node in nodes)
    seen: set[str] = set()
    for node in nodes:
        if counted[_id(node)] > 1 and _id(node) in seen:
            yield node, f"the id '{_id(node)}' is given twice", "give each element its own"
        seen.add(_id(node))


def _id(node: etree._Element) -> str:
    return node.get("id") or ""
