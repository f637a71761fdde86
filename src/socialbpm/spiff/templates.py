"""Do the templates of a model ask a social result for what it has?"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from jinja2 import nodes

from socialbpm.spiff.visible import Flawed, Result


def flaws(template: nodes.Template, results: Mapping[str, Result]) -> Iterator[Flawed]:
    """A key that a result never has, or a comparison with an outcome or choice that there never is.

    ``results`` by variable; those whose name the template itself uses for something else are left alone.
    """
    own = {name.name for name in template.find_all(nodes.Name) if name.ctx != "load"}
    certain = {variable: result for variable, result in results.items() if variable not in own}
    called = {id(call.node) for call in template.find_all(nodes.Call)}
    for part in template.find_all((nodes.Getattr, nodes.Getitem, nodes.Call)):
        found = _key(part, certain) if id(part) not in called else None
        if found:
            yield from certain[found[0]].lacks(*found)
    for compare in template.find_all(nodes.Compare):
        yield from _compared(compare, certain)


def _key(part: nodes.Node, results: Mapping[str, Result]) -> tuple[str, str] | None:
    """``poll.outcome``, ``poll["outcome"]`` or ``poll.get("outcome")``: the variable and the key."""
    match part:
        case nodes.Getattr(node=nodes.Name(name=variable), attr=key):
            pass
        case nodes.Getitem(node=nodes.Name(name=variable), arg=nodes.Const(value=str(key))):
            pass
        case nodes.Call(
            node=nodes.Getattr(node=nodes.Name(name=variable), attr="get"),
            args=[nodes.Const(value=str(key)), *_],
        ):
            pass
        case _:
            return None
    return (variable, key) if variable in results else None


def _compared(compare: nodes.Compare, results: Mapping[str, Result]) -> Iterator[Flawed]:
    sides = [compare.expr, *(operand.expr for operand in compare.ops)]
    words = [word for side in sides for word in _words(side)]
    for variable, key in filter(None, (_key(side, results) for side in sides)):
        for word in words:
            yield from results[variable].never(variable, key, word)


def _words(side: nodes.Node) -> list[str]:
    parts = side.items if isinstance(side, nodes.Tuple | nodes.List) else [side]
    return [part.value for part in parts if isinstance(part, nodes.Const) and isinstance(part.value, str)]
