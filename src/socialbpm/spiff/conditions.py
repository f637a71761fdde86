"""The Python expressions of a model: can they be read, and do they ask a social result for what it has?"""

from __future__ import annotations

import ast
import re
import textwrap
from collections.abc import Iterator, Mapping

from lxml import etree

from socialbpm.errors import Problem
from socialbpm.spiff.visible import Flawed, Result, bound, process_of
from socialbpm.spiff.xml import is_bpmn, local
from socialbpm.tasks import Place
from socialbpm.tasks.notation import shown

_EXPRESSIONS = ("conditionExpression", "condition", "completionCondition", "loopCondition", "loopCardinality")
_TIMES = ("timeDate", "timeDuration", "timeCycle")
_METHODS = frozenset(("get", "keys", "values", "items", "copy"))
_DURATION = re.compile(r"P(?=\w)[\dYMWDTHS.,]+")
_NO_PAUSE = re.compile(r"R\d*/(.+/)?P(0+[YMWD])*(T(0+[HMS])+)?")
_MOMENT = re.compile(r"\d{4}-\d{2}-\d{2}([T ][\d:.]+)?")


def problems(root: etree._Element, file: str, results: Mapping[str, Mapping[str, Result]]) -> list[Problem]:
    """What is wrong with the expressions of a file. ``results`` by process and variable, see ``visible``."""
    found = []
    for node in root.iter(etree.Element):
        for flawed in _of(node, results.get(process_of(node), {})):
            place = Place(element=_owner(node), file=file, line=int(node.sourceline or 0))
            found.append(place.problem(flawed.what, flawed.remedy))
    return found


def _of(node: etree._Element, results: Mapping[str, Result]) -> Iterator[Flawed]:
    name, text = local(node), (node.text or "").strip()
    if not is_bpmn(node) or not text:
        if is_bpmn(node) and name in _TIMES:
            yield Flawed("the time is missing", 'write "P3D", "PT30M" or "2026-12-01T09:00:00+01:00"')
        return
    if name in _EXPRESSIONS:
        yield from _python(text, "eval", results)
    elif name in _TIMES:
        yield from _time(text, results)
    elif name == "script":  # whatever scriptFormat says, the engine runs it as Python
        yield from _python(textwrap.dedent(node.text or "").strip(), "exec", results)


def _python(text: str, mode: str, results: Mapping[str, Result]) -> Iterator[Flawed]:
    try:
        tree = ast.parse(text, mode=mode)
    except (SyntaxError, ValueError, RecursionError, MemoryError) as error:
        why = error.msg if isinstance(error, SyntaxError) else "too deep or not readable"
        if mode == "eval":
            yield Flawed(f"{shown(text)} is no Python expression: {why}")
        else:
            yield Flawed(f"script: {why}", "scripts are run as Python")
        return
    own = bound(tree)
    certain = {variable: result for variable, result in results.items() if variable not in own}
    for part in ast.walk(tree):
        yield from _asked(part, certain)


def _time(text: str, results: Mapping[str, Result]) -> Iterator[Flawed]:
    """Timers are Python expressions too: a duration is written in quotes, a moment needs its time zone."""
    if _DURATION.fullmatch(text) or _MOMENT.match(text) or re.match(r"R\d*/", text):
        yield Flawed(f"the time {text} is not in quotes", f'write "{text}": times are Python expressions')
        return
    yield from _python(text, "eval", results)
    try:
        value = ast.literal_eval(text)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return
    if isinstance(value, str) and _MOMENT.fullmatch(value):
        yield Flawed(f"the time {shown(value)} has no time zone", "add one: +01:00, or Z")
    elif isinstance(value, str) and not _MOMENT.match(value) and not re.match(r"R\d*/|P", value):
        yield Flawed(f"{shown(value)} is no time", 'write "P3D", "PT30M" or "2026-12-01T09:00:00+01:00"')
    elif isinstance(value, str) and _NO_PAUSE.fullmatch(value):
        yield Flawed(f"{shown(value)} repeats without a pause", 'give it one, e.g. "R/PT1H"')


def _asked(part: ast.AST, results: Mapping[str, Result]) -> Iterator[Flawed]:
    """A wrong key, a key asked for as an attribute, or a comparison with an outcome there never is."""
    if isinstance(part, ast.Attribute) and isinstance(part.value, ast.Name) and part.value.id in results:
        if part.attr not in _METHODS:
            yield Flawed(
                f"{part.value.id}.{part.attr} cannot be read", f'write {part.value.id}["{part.attr}"]'
            )
    elif isinstance(part, ast.Subscript | ast.Call):
        found = _key(part, results)
        if found:
            yield from results[found[0]].lacks(*found)
    elif isinstance(part, ast.Compare):
        yield from _compared(part, results)


def _key(part: ast.expr, results: Mapping[str, Result]) -> tuple[str, str] | None:
    """``poll["outcome"]`` or ``poll.get("outcome")``: the variable and the key."""
    match part:
        case ast.Subscript(value=ast.Name(id=variable), slice=ast.Constant(value=str(key))):
            pass
        case ast.Call(
            func=ast.Attribute(value=ast.Name(id=variable), attr="get"),
            args=[ast.Constant(value=str(key)), *_],
        ):
            pass
        case _:
            return None
    return (variable, key) if variable in results else None


def _compared(compare: ast.Compare, results: Mapping[str, Result]) -> Iterator[Flawed]:
    sides = [compare.left, *compare.comparators]
    asked = [found for found in (_key(side, results) for side in sides) if found]
    words = [word for side in sides for word in _words(side)]
    for variable, key in asked:
        for word in words:
            yield from results[variable].never(variable, key, word)


def _words(side: ast.expr) -> list[str]:
    parts = side.elts if isinstance(side, ast.Tuple | ast.List | ast.Set) else [side]
    return [part.value for part in parts if isinstance(part, ast.Constant) and isinstance(part.value, str)]


def _owner(node: etree._Element) -> str:
    """The id of the element that an expression belongs to: a flow, a gateway, an activity."""
    owner: etree._Element | None = node
    while owner is not None and (
        not owner.get("id") or local(owner).endswith(("EventDefinition", "xpression"))
    ):
        owner = owner.getparent()
    return (owner.get("id") or "") if owner is not None else ""
