"""Builds BPMN documents out of blocks, for tests that need many shapes of process.

A block is a value (``Ask()``, ``Parallel([...])``, ``Loop(block, 3)`` …); ``document(block)`` is its BPMN as
text, with the id of the process to run always ``main``. Every ``Ask`` is a social task that waits.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import count, pairwise
from typing import Any

HEAD = (
    '<bpmn:definitions xmlns:bpmn="http://www.omg.org/spec/BPMN/20100524/MODEL" '
    'xmlns:social="urn:socialbpm:1" xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance" '
    'targetNamespace="urn:test" id="defs">'
)
SOCIAL = (
    "<bpmn:extensionElements><social:requestReview to='room'><social:text>?</social:text>"
    "</social:requestReview></bpmn:extensionElements>"
)


@dataclass(frozen=True)
class Ask:
    """A social task."""


@dataclass(frozen=True)
class Script:
    """A script task that sets one variable of its own."""


@dataclass(frozen=True)
class Sequence_:
    """One block after the other."""

    blocks: Sequence[Any]


@dataclass(frozen=True)
class Parallel:
    """All branches at once, then a join."""

    blocks: Sequence[Any]


@dataclass(frozen=True)
class Inclusive:
    """The branches whose flag is set at once, then an inclusive join."""

    blocks: Sequence[Any]
    taken: Sequence[bool]


@dataclass(frozen=True)
class Exclusive:
    """One of the branches."""

    blocks: Sequence[Any]
    taken: int


@dataclass(frozen=True)
class Unjoined:
    """Branches that meet in an exclusive gateway: each token goes on alone into what follows."""

    blocks: Sequence[Any]


@dataclass(frozen=True)
class Loop:
    """A block that a gateway leads back to, ``rounds`` times in all."""

    block: Any
    rounds: int


@dataclass(frozen=True)
class Sub:
    """A sub-process; ``marker`` is the XML of its loop or multi-instance, if any."""

    block: Any
    marker: str = ""


@dataclass(frozen=True)
class Call:
    """A call of a process of its own."""

    block: Any
    marker: str = ""


@dataclass(frozen=True)
class Repeated:
    """A single social task with a loop or multi-instance marker."""

    marker: str


def parallel_times(n: int) -> str:
    """Marker: n instances at once."""
    return _multi("false", n)


def sequential_times(n: int) -> str:
    """Marker: n instances, one after the other."""
    return _multi("true", n)


def _multi(sequential: str, n: int) -> str:
    return (
        f'<bpmn:multiInstanceLoopCharacteristics isSequential="{sequential}">'
        f"<bpmn:loopCardinality>{n}</bpmn:loopCardinality></bpmn:multiInstanceLoopCharacteristics>"
    )


def over_list(n: int, *, sequential: bool) -> str:
    """Marker: one instance per item of the list variable ``items<n>``, which ``document`` prepares."""
    return (
        f'<bpmn:multiInstanceLoopCharacteristics isSequential="{str(sequential).lower()}">'
        f"<bpmn:loopDataInputRef>items{n}</bpmn:loopDataInputRef></bpmn:multiInstanceLoopCharacteristics>"
    )


def looped(n: int) -> str:
    """Marker: the standard loop, n rounds."""
    return (
        f'<bpmn:standardLoopCharacteristics loopMaximum="{n}"><bpmn:loopCondition>True</bpmn:loopCondition>'
        "</bpmn:standardLoopCharacteristics>"
    )


@dataclass
class _Scope:
    """The elements of one process or sub-process while it is built."""

    numbers: Any
    called: list[str]
    parts: list[str] = field(default_factory=list)

    def id(self, kind: str) -> str:
        return f"{kind}{next(self.numbers)}"

    def add(self, tag: str, kind: str, inner: str = "", attributes: str = "") -> str:
        name = self.id(kind)
        self.parts.append(f'<bpmn:{tag} id="{name}" {attributes}>{inner}</bpmn:{tag}>')
        return name

    def flow(self, source: str, target: str, condition: str = "") -> str:
        name = self.id("f")
        inner = f"<bpmn:conditionExpression>{condition}</bpmn:conditionExpression>" if condition else ""
        self.parts.append(
            f'<bpmn:sequenceFlow id="{name}" sourceRef="{source}" targetRef="{target}">{inner}'
            "</bpmn:sequenceFlow>"
        )
        return name


def document(block: Any, *, lists: int = 4) -> str:
    """The BPMN document of a process ``main`` that runs ``block``."""
    scope = _Scope(count(1), [])
    lines = "\n".join(f"items{n} = list(range({n}))" for n in range(1, lists))
    prepare = scope.add("scriptTask", "prepare", f"<bpmn:script>{lines}</bpmn:script>")
    body = _process(scope, block, before=prepare)
    called = "".join(scope.called)
    return (
        f'{HEAD}<bpmn:process id="main" isExecutable="true">{body}</bpmn:process>{called}</bpmn:definitions>'
    )


def _process(scope: _Scope, block: Any, before: str = "") -> str:
    start, end = scope.add("startEvent", "start"), scope.add("endEvent", "end")
    first, last = _build(scope, block)
    for source, target in pairwise([start, *([before] if before else []), first]):
        scope.flow(source, target)
    scope.flow(last, end)
    return "".join(scope.parts)


def _build(scope: _Scope, block: Any) -> tuple[str, str]:
    """Add a block; its first and last element."""
    match block:
        case Ask():
            one = scope.add("serviceTask", "ask", SOCIAL)
            return one, one
        case Repeated(marker):
            one = scope.add("serviceTask", "ask", SOCIAL + marker)
            return one, one
        case Script():
            name = scope.id("v")
            one = scope.add("scriptTask", "script", f"<bpmn:script>{name} = 1</bpmn:script>")
            return one, one
        case Sequence_(blocks):
            built = [_build(scope, each) for each in blocks]
            for (_, last), (first, _) in pairwise(built):
                scope.flow(last, first)
            return built[0][0], built[-1][1]
        case Parallel(blocks):
            return _between(scope, "parallelGateway", "parallelGateway", blocks)
        case Unjoined(blocks):
            return _between(scope, "parallelGateway", "exclusiveGateway", blocks)
        case Inclusive(blocks, taken):
            return _between(scope, "inclusiveGateway", "inclusiveGateway", blocks, taken)
        case Exclusive(blocks, taken):
            flags = [number == taken for number in range(len(blocks))]
            return _between(scope, "exclusiveGateway", "exclusiveGateway", blocks, flags)
        case Loop():
            return _loop(scope, block)
        case Sub(inner, marker):
            body = _process(_Scope(scope.numbers, scope.called), inner)
            one = scope.add("subProcess", "sub", body + marker)
            return one, one
        case Call(inner, marker):
            name = scope.id("called")
            body = _process(_Scope(scope.numbers, scope.called), inner)
            scope.called.append(f'<bpmn:process id="{name}" isExecutable="true">{body}</bpmn:process>')
            one = scope.add("callActivity", "call", marker, f'calledElement="{name}"')
            return one, one
    raise TypeError(block)


def _between(
    scope: _Scope, fork_tag: str, join_tag: str, blocks: Sequence[Any], taken: Sequence[bool] = ()
) -> tuple[str, str]:
    fork, join = scope.add(fork_tag, "fork"), scope.add(join_tag, "join")
    for number, each in enumerate(blocks):
        first, last = _build(scope, each)
        scope.flow(fork, first, str(bool(taken[number])) if taken else "")
        scope.flow(last, join)
    return fork, join


def _loop(scope: _Scope, loop: Loop) -> tuple[str, str]:
    counter = scope.id("n")
    begin = scope.add("scriptTask", "begin", f"<bpmn:script>{counter} = 0</bpmn:script>")
    merge = scope.add("exclusiveGateway", "merge")
    more = scope.add("scriptTask", "more", f"<bpmn:script>{counter} += 1</bpmn:script>")
    decide = scope.add("exclusiveGateway", "decide")
    after = scope.add("scriptTask", "after", "<bpmn:script>pass</bpmn:script>")
    first, last = _build(scope, loop.block)
    for source, target in pairwise([begin, merge, first]):
        scope.flow(source, target)
    for source, target in pairwise([last, more, decide]):
        scope.flow(source, target)
    scope.flow(decide, merge, f"{counter} &lt; {loop.rounds}")
    scope.flow(decide, after, f"{counter} >= {loop.rounds}")
    return begin, after
