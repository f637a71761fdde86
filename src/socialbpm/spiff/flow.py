"""The shape of a process as drawn: what can come after what, and what runs side by side."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator

from lxml import etree

from socialbpm.spiff.xml import BPMN, is_bpmn, local

SCOPES = ("subProcess", "transaction", "adHocSubProcess")
_LOOPS = ("multiInstanceLoopCharacteristics", "standardLoopCharacteristics")
_FORKS = ("parallelGateway", "inclusiveGateway")


def bpmn(name: str) -> str:
    """A BPMN element's name as lxml spells it."""
    return f"{{{BPMN}}}{name}"


class Flow:
    """Which element of one process (sub-processes included) can follow which."""

    def __init__(self, process: etree._Element) -> None:
        self.nodes = {str(node.get("id")): node for node in process.iter(etree.Element) if is_node(node)}
        self._next: dict[str, set[str]] = defaultdict(set)
        for source, target in self._edges(process):
            self._next[source].add(target)
        self._after: dict[str, frozenset[str]] = {}

    def after(self, element: str) -> frozenset[str]:
        """All elements that can come after ``element``; itself too, if there is a way back."""
        if element not in self._after:
            seen: set[str] = set()
            todo = list(self._next[_end(element)] | self._next[element])
            while todo:
                reached = todo.pop()
                if reached not in seen:
                    seen.add(reached)
                    todo += self._next[reached]
            self._after[element] = frozenset(seen)
        return self._after[element]

    def before(self, first: str, second: str) -> bool:
        """Whether ``first`` can have happened when ``second`` begins."""
        return second in self.after(first)

    def side_by_side(self, one: str, other: str) -> bool:
        """Whether both can be at work at the same time: on different branches of one fork."""
        return any(self._parts(fork, one, other) for fork in self._forks())

    def targets(self, element: str) -> frozenset[str]:
        """Where the flows out of an element lead."""
        return frozenset(self._next[_end(element)])

    def enclosing(self, element: str) -> Iterator[etree._Element]:
        """The element itself and the sub-processes around it."""
        node: etree._Element | None = self.nodes.get(element)
        while node is not None and local(node) != "process":
            yield node
            node = node.getparent()

    def boundaries(self, element: str) -> Iterator[etree._Element]:
        """The boundary events attached to an element."""
        return (node for node in self.nodes.values() if node.get("attachedToRef") == element)

    def _parts(self, fork: str, one: str, other: str) -> bool:
        branches = [self.after(target) | {target} for target in sorted(self.targets(fork))]
        return any(
            one in left and other not in left and other in right and one not in right
            for left in branches
            for right in branches
        )

    def _forks(self) -> Iterator[str]:
        for element, node in self.nodes.items():
            exclusive = local(node) in ("exclusiveGateway", "eventBasedGateway", "complexGateway")
            if local(node) in _FORKS or (not exclusive and len(self.targets(element)) > 1):
                yield element

    def _edges(self, process: etree._Element) -> Iterator[tuple[str, str]]:
        for flow in process.iter(bpmn("sequenceFlow")):
            yield _end(str(flow.get("sourceRef"))), str(flow.get("targetRef"))
        targets = {flow.get("targetRef") for flow in process.iter(bpmn("sequenceFlow"))}
        sources = {flow.get("sourceRef") for flow in process.iter(bpmn("sequenceFlow"))}
        for element, node in self.nodes.items():
            yield element, _end(element)
            yield from self._special(element, node)
            scope = node.getparent()
            if scope is not None and local(scope) in SCOPES:
                if element not in targets and local(node) != "boundaryEvent":
                    yield str(scope.get("id")), element
                if element not in sources:
                    yield _end(element), _end(str(scope.get("id")))

    def _special(self, element: str, node: etree._Element) -> Iterator[tuple[str, str]]:
        """Ways that are no sequence flows: boundary events, repetitions, links."""
        if node.get("attachedToRef"):
            yield str(node.get("attachedToRef")), element
        if any(node.find(bpmn(loop)) is not None for loop in _LOOPS):
            yield _end(element), element
        link = node.find(bpmn("linkEventDefinition"))
        if link is not None and local(node) == "intermediateThrowEvent":
            for other, target in self.nodes.items():
                caught = target.find(bpmn("linkEventDefinition"))
                same = caught is not None and caught.get("name") == link.get("name")
                if same and local(target) == "intermediateCatchEvent":
                    yield _end(element), other


def _end(element: str) -> str:
    """The end of an element, as a point of its own: a sub-process has its content between the two."""
    return element + "/end"


def is_node(node: etree._Element) -> bool:
    """Whether an element of the file is a step of a process, and no flow, definition or data."""
    name = local(node)
    kind = name.endswith(("Task", "Gateway", "Activity")) or name in ("task", *SCOPES)
    event = name.endswith("Event")
    return is_bpmn(node) and (kind or event) and bool(node.get("id"))
