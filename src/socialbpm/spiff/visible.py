"""Which social results a process can find in its data, its callers' and those of the processes it calls.

A called process begins with the data of its caller and leaves it its own, unless it names data inputs or
outputs: then only those cross.
"""

from __future__ import annotations

import ast
import textwrap
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from lxml import etree

from socialbpm.spiff.flow import bpmn
from socialbpm.spiff.xml import SocialElement, is_social, local
from socialbpm.tasks import (
    Asking,
    known,
    nearest,
    outcomes,
    result_keys,
    result_variable,
)
from socialbpm.tasks.notation import did_you_mean

_ITEMS = (
    "inputDataItem",
    "outputDataItem",
    "loopDataOutputRef",
    "messageVariable",
    "variableName",
)
_SCRIPTS = ("script", "preScript", "postScript")


@dataclass(frozen=True, slots=True)
class Flawed:
    """Something wrong in one expression."""

    what: str
    remedy: str = ""


@dataclass(frozen=True, slots=True)
class Result:
    """What the variable of a social task can hold: its keys, outcomes and (if known) choices."""

    keys: frozenset[str]
    outcomes: frozenset[str]
    choices: frozenset[str] | None = None

    @classmethod
    def of(cls, element: SocialElement) -> Result:
        """What one task leaves."""
        name = element.declaration["element"]
        task, unknown, _ = known(element.declaration)
        keys = set(result_keys(name)) - ({"reasons", "voters"} - task.include)
        choices = None
        if isinstance(task, Asking) and "choices" not in unknown:
            choices = frozenset(choice.key for choice in task.offered)
        return cls(frozenset(keys), frozenset(outcomes(name)), choices)

    def also(self, other: Result) -> Result:
        """Either of two tasks that write the same variable."""
        both = None
        if self.choices is not None and other.choices is not None:
            both = self.choices | other.choices
        return Result(self.keys | other.keys, self.outcomes | other.outcomes, both)

    def lacks(self, variable: str, key: str) -> Iterator[Flawed]:
        """Whether it is asked for a key that it never has."""
        if key in self.keys:
            return
        remedy = did_you_mean(key, self.keys)
        yield Flawed(f"the result '{variable}' has no '{key}'", remedy)

    def never(self, variable: str, key: str, word: str) -> Iterator[Flawed]:
        """Whether it is compared with an outcome or a choice that there never is."""
        if key == "outcome" and word and word not in self.outcomes:
            near = nearest(word, self.outcomes)
            remedy = f"did you mean '{near}'?" if near else f"it ends with {', '.join(sorted(self.outcomes))}"
            yield Flawed(f"'{variable}' never ends with '{word}'", remedy)
        if key in ("winner", "winners") and self.choices is not None and word not in self.choices:
            yield Flawed(f"'{word}' is no choice of '{variable}'", did_you_mean(word, self.choices))


Held = dict[str, Result | None]
"""By variable; None: something else writes it too, so that nothing is certain."""


def visible(
    roots: Sequence[etree._Element], elements: Iterable[SocialElement]
) -> dict[str, dict[str, Result]]:
    """By process, the social results that its expressions can find, each by its variable.

    What a process only inherits counts if all its callers have it.
    """
    processes, calls = _processes(roots)
    callers = {name: [each for each in calls if name in calls[each]] for name in processes}
    held = _left(roots, elements)
    _spread(held, lambda name: [_crossing(_common(held, callers[name]), processes[name], "dataInput")])
    return {name: {key: result for key, result in found.items() if result} for name, found in held.items()}


def written(roots: Sequence[etree._Element], elements: Sequence[SocialElement]) -> dict[str, set[str]]:
    """By process, the variables of answers that a call of it writes for its caller."""
    processes, held = _processes(roots)[0], _left(roots, elements)
    social = {result_variable(element.declaration) for element in elements}
    return {
        name: social & set(_crossing(found, processes[name], "dataOutput")) for name, found in held.items()
    }


def process_of(node: etree._Element) -> str:
    """The id of the process that an element stands in; "" outside of any."""
    return next((str(above.get("id")) for above in node.iterancestors(bpmn("process"))), "")


def _processes(roots: Sequence[etree._Element]) -> tuple[dict[str, etree._Element], dict[str, set[str]]]:
    """All processes by id, and which others each calls."""
    processes = {str(node.get("id")): node for root in roots for node in root.iter(bpmn("process"))}
    return processes, {name: _called(node) & set(processes) for name, node in processes.items()}


def _left(roots: Sequence[etree._Element], elements: Iterable[SocialElement]) -> dict[str, Held]:
    """What the steps of each process and of those that it calls write."""
    processes, calls = _processes(roots)
    held = _own(roots, processes, elements)
    _spread(held, lambda name: [_crossing(held[each], processes[each], "dataOutput") for each in calls[name]])
    return held


def _own(
    roots: Sequence[etree._Element],
    processes: Mapping[str, etree._Element],
    elements: Iterable[SocialElement],
) -> dict[str, Held]:
    """What the steps of each process write by themselves."""
    decided = {str(name.get("name")) for root in roots for name in root.iter("{*}output")}
    held: dict[str, Held] = {
        name: dict.fromkeys((*_assigned(node), *decided)) for name, node in processes.items()
    }
    for element in elements:
        here = held.get(process_of(element.node), {})
        _add(here, result_variable(element.declaration), Result.of(element))
    return held


def _add(held: Held, variable: str, result: Result | None) -> None:
    before = held.get(variable, result)
    held[variable] = before.also(result) if before and result else None


def _spread(held: dict[str, Held], reaching: Callable[[str], Sequence[Held]]) -> None:
    """Add to each process what reaches it from others, until nothing is added any more."""
    while True:
        before = {name: dict(found) for name, found in held.items()}
        for name in held:
            for found in reaching(name):
                for variable, result in found.items():
                    _add(held[name], variable, result)
        if held == before:
            return


def _common(held: Mapping[str, Held], callers: Sequence[str]) -> Held:
    """What all callers have."""
    common: Held = {}
    for caller in callers:
        for variable, result in held[caller].items():
            if all(variable in held[other] for other in callers):
                _add(common, variable, result)
    return common


def _crossing(held: Held, process: etree._Element, kind: str) -> Held:
    """What of these data crosses the border of a called process."""
    found = process.iterfind(f"{bpmn('ioSpecification')}/{bpmn(kind)}")
    named = {name for node in found for name in (node.get("id"), node.get("name"))}
    return {variable: result for variable, result in held.items() if not named or variable in named}


def _called(process: etree._Element) -> set[str]:
    return {str(node.get("calledElement")) for node in process.iter(bpmn("callActivity"))}


def _assigned(process: etree._Element) -> Iterator[str]:
    """Variables that scripts, items of multi-instances, services or payloads write."""
    for node in process.iter(etree.Element):
        name = local(node)
        if name in _SCRIPTS:
            yield from bound(_read(node.text or ""))
        elif name in _ITEMS:
            yield from filter(None, (node.get("id"), node.get("name"), (node.text or "").strip()))
        elif not is_social(node) and node.get("resultVariable"):
            yield str(node.get("resultVariable"))


def bound(tree: ast.AST) -> set[str]:
    """The names that a piece of Python gives a value itself."""
    parts = list(ast.walk(tree))
    stored = {part.id for part in parts if isinstance(part, ast.Name) and isinstance(part.ctx, ast.Store)}
    return stored | {part.arg for part in parts if isinstance(part, ast.arg)}


def _read(script: str) -> ast.AST:
    try:
        return ast.parse(textwrap.dedent(script).strip())
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return ast.Module(body=[], type_ignores=[])
