"""Draws a diagram as SVG, with the state of each element told by a mark and a word, not by colour alone.

Colours and line widths are the style sheet's (classes ``done``, ``active``, ``trouble``), so that the picture
follows light and dark. Everything that comes from a file is escaped by markupsafe.
"""

from __future__ import annotations

import textwrap
from collections.abc import Iterable, Mapping
from itertools import pairwise
from math import dist

from markupsafe import Markup, escape

from socialbpm.web.diagram import Bounds, Diagram, Edge, Shape

MARGIN = 24.0
LETTER = 6.2  # mean width of a letter of Liberation Sans or Arial at 12 px, generously
LINE = 14.0
LARGE = 830  # wider than this, a narrow page scrolls the picture instead of shrinking it out of reading
WORDS = {"done": "done", "active": "waiting here", "trouble": "needs a person"}
TICK = "M-5 0 L-1.5 3.5 L5 -4"
ARROW = "M-3 -5 L5 0 L-3 5 Z"
BANG = "M0 -5 L0 1.5 M0 4.5 L0 5"
MARKS = {"done": TICK, "active": ARROW, "trouble": BANG}
GATEWAYS = {
    "exclusiveGateway": "M-7 -7 L7 7 M-7 7 L7 -7",
    "parallelGateway": "M-10 0 L10 0 M0 -10 L0 10",
    "inclusiveGateway": "M-9 0 A9 9 0 1 0 9 0 A9 9 0 1 0 -9 0",
    "eventBasedGateway": "M0 -9 L9 -2 L5.5 8 L-5.5 8 L-9 -2 Z",
    "complexGateway": "M-10 0 L10 0 M0 -10 L0 10 M-7 -7 L7 7 M-7 7 L7 -7",
}
EVENTS = {
    "timer": "M-9 0 A9 9 0 1 0 9 0 A9 9 0 1 0 -9 0 M0 -6 L0 0 L5 2",
    "message": "M-9 -6 L9 -6 L9 6 L-9 6 Z M-9 -6 L0 1 L9 -6",
    "error": "M-8 8 L-3 -7 L2 2 L8 -8 L3 7 L-2 -2 Z",
    "signal": "M0 -9 L9 7 L-9 7 Z",
    "escalation": "M0 -9 L7 8 L0 2 L-7 8 Z",
    "terminate": "M-7 0 A7 7 0 1 0 7 0 A7 7 0 1 0 -7 0",
    "conditional": "M-7 -8 L7 -8 L7 8 L-7 8 Z M-4 -4 L4 -4 M-4 0 L4 0 M-4 4 L4 4",
}
SPEECH = "M0 0 L15 0 L15 10 L7 10 L3 14 L3 10 L0 10 Z"
LANES = ("participant", "lane")


def draw(diagram: Diagram, states: Mapping[str, str], badges: Mapping[str, str]) -> Markup:
    """The picture of ``diagram``: ``states`` are ``done``, ``active`` or ``trouble`` by element id.

    ``badges`` are a few characters beside an element ("2/3"). A page needs an account in words beside the
    picture, whose own title and description are short.
    """
    left, top, right, bottom = _extent(diagram)
    width, height = right - left, bottom - top
    # Lanes and sub-processes lie under what they hold, so the widest shapes come first.
    shapes = sorted(diagram.shapes, key=lambda shape: -shape.bounds.width * shape.bounds.height)
    return _tag(
        "svg",
        _tag("title", f"Diagram of {diagram.name}" if diagram.name else "Diagram"),
        _tag("desc", _description(diagram, states)),
        *(_shape(shape, states, badges) for shape in shapes if _is_ground(shape)),
        *(_edge(edge) for edge in diagram.edges),
        *(_shape(shape, states, badges) for shape in shapes if not _is_ground(shape)),
        *(_flow_name(edge) for edge in diagram.edges if edge.element.name),
        role="img",
        class_="diagram large" if width > LARGE else "diagram",
        viewBox=f"{left:g} {top:g} {width:g} {height:g}",
        width=f"{width:g}",
        height=f"{height:g}",
    )


def _description(diagram: Diagram, states: Mapping[str, str]) -> str:
    parts = []
    for state, word in WORDS.items():
        names = [each.element.title for each in diagram.shapes if states.get(each.element.id) == state]
        if names:
            parts.append(f"{word}: {', '.join(names)}")
    return ". ".join(parts) or "Nothing has been done yet"


def _extent(diagram: Diagram) -> tuple[float, float, float, float]:
    boxes = [shape.bounds for shape in diagram.shapes]
    boxes += _labels((*diagram.shapes, *diagram.edges))
    points = [point for edge in diagram.edges for point in edge.points]
    xs = [x for box in boxes for x in (box.x, box.right)] + [x for x, _ in points]
    ys = [y for box in boxes for y in (box.y, box.bottom)] + [y for _, y in points]
    return min(xs) - MARGIN, min(ys) - MARGIN, max(xs) + MARGIN, max(ys) + MARGIN


def _labels(drawn: Iterable[Shape | Edge]) -> Iterable[Bounds]:
    return (each.label for each in drawn if each.label)


def _is_ground(shape: Shape) -> bool:
    return shape.element.type in (*LANES, "group") or _is_sub_process(shape)


def _is_sub_process(shape: Shape) -> bool:
    return shape.element.type in ("subProcess", "transaction", "adHocSubProcess") and shape.expanded


def _shape(shape: Shape, states: Mapping[str, str], badges: Mapping[str, str]) -> Markup:
    state, badge = states.get(shape.element.id, ""), badges.get(shape.element.id, "")
    told = ", ".join(part for part in (WORDS.get(state, ""), badge) if part)
    return _tag(
        "g",
        _tag("title", shape.element.title + (f": {told}" if told else "")),
        *_body(shape),
        *_state(shape.bounds, state, badge),
        class_=f"shape {state}".strip(),
        data_element=shape.element.id,
        data_state=state,
    )


def _body(shape: Shape) -> Iterable[Markup]:
    kind = shape.element.type
    if kind.endswith("Event"):
        return _event(shape)
    if kind.endswith("Gateway"):
        return _gateway(shape)
    if kind in LANES:
        return _lane(shape)
    if kind == "textAnnotation":
        return _annotation(shape)
    if kind.startswith("data"):
        return (_box(shape.bounds, class_="data"), *_below(shape))
    return _activity(shape)


def _activity(shape: Shape) -> Iterable[Markup]:
    box = shape.bounds
    yield _box(box, rx="10", class_="body call" if shape.element.type == "callActivity" else "body")
    if shape.element.mark == "social":
        yield _tag("path", d=SPEECH, class_="sign", transform=f"translate({box.x + 8:g} {box.y + 8:g})")
    area = box
    if _is_sub_process(shape):
        area = Bounds(x=box.x, y=box.y + 4, width=box.width, height=LINE * 1.5)
    yield _words(shape.element.name, area)


def _event(shape: Shape) -> Iterable[Markup]:
    (x, y), radius, kind = shape.bounds.centre, shape.bounds.width / 2, shape.element.type
    rim = "end" if kind == "endEvent" else "body"
    yield _tag("circle", cx=f"{x:g}", cy=f"{y:g}", r=f"{radius:g}", class_=rim)
    if kind.startswith(("intermediate", "boundary")):
        yield _tag("circle", cx=f"{x:g}", cy=f"{y:g}", r=f"{radius - 3:g}", class_="inner")
    if sign := EVENTS.get(shape.element.mark):
        yield _tag("path", d=sign, class_="sign", transform=f"translate({x:g} {y:g})")
    yield from _below(shape)


def _gateway(shape: Shape) -> Iterable[Markup]:
    box, (x, y) = shape.bounds, shape.bounds.centre
    corners = ((x, box.y), (box.right, y), (x, box.bottom), (box.x, y))
    yield _tag("polygon", points=_points(corners), class_="body")
    yield _tag(
        "path", d=GATEWAYS.get(shape.element.type, ""), class_="sign", transform=f"translate({x:g} {y:g})"
    )
    yield from _below(shape)


def _lane(shape: Shape) -> Iterable[Markup]:
    box = shape.bounds
    yield _box(box, class_="lane")
    x, y = box.x + 15, box.centre[1]
    turned = f"translate({x:g} {y:g}) rotate(-90)"
    yield _tag("text", shape.element.name, class_="words", text_anchor="middle", transform=turned)


def _annotation(shape: Shape) -> Iterable[Markup]:
    box = shape.bounds
    bracket = f"M{box.x + 12:g} {box.y:g} h-12 v{box.height:g} h12"
    yield _tag("path", d=bracket, class_="bracket")
    yield _words(shape.element.text, box)


def _below(shape: Shape) -> Iterable[Markup]:
    box = shape.bounds
    place = shape.label or Bounds(x=box.centre[0] - 50, y=box.bottom + 4, width=100, height=LINE * 2)
    if shape.element.name:
        yield _words(shape.element.name, place, from_top=True)


def _edge(edge: Edge) -> Markup:
    flow = edge.element.type == "sequenceFlow"
    parts = [_tag("polyline", points=_points(edge.points))]
    if flow:
        parts.append(_head(*edge.points[-2:]))
    return _tag("g", *parts, class_="flow" if flow else "flow loose")


def _flow_name(edge: Edge) -> Markup:
    """Above everything else, for it may come to lie over a shape."""
    return _tag(
        "g", _words(edge.element.name, edge.label or _beside(edge), from_top=True), class_="flow-name"
    )


def _head(before: tuple[float, float], tip: tuple[float, float]) -> Markup:
    length = dist(before, tip) or 1.0
    dx, dy = (tip[0] - before[0]) / length, (tip[1] - before[1]) / length
    back = (tip[0] - 10 * dx, tip[1] - 10 * dy)
    corners = (tip, (back[0] - 4 * dy, back[1] + 4 * dx), (back[0] + 4 * dy, back[1] - 4 * dx))
    return _tag("polygon", points=_points(corners), class_="head")


def _beside(edge: Edge) -> Bounds:
    """A place for a label without bounds: above the middle of the longest stretch."""
    (x1, y1), (x2, y2) = max(pairwise(edge.points), key=lambda stretch: dist(*stretch))
    return Bounds(x=(x1 + x2) / 2 - 45, y=(y1 + y2) / 2 - LINE - 5, width=90, height=LINE)


def _state(box: Bounds, state: str, badge: str) -> Iterable[Markup]:
    if state in MARKS:
        place = f"translate({box.right - 4:g} {box.y + 4:g})"
        yield _tag("g", _tag("circle", r="10"), _tag("path", d=MARKS[state]), class_="mark", transform=place)
    if badge:
        width = len(badge) * LETTER + 12
        x = box.right - width + 6
        pill = _box(Bounds(x=x, y=box.bottom - 8, width=width, height=18), rx="9")
        text = _tag("text", badge, x=f"{x + width / 2:g}", y=f"{box.bottom + 5:g}", text_anchor="middle")
        yield _tag("g", pill, text, class_="badge")


def _words(text: str, box: Bounds, *, from_top: bool = False) -> Markup:
    """Text in the middle of a box, wrapped; what does not fit in height is cut with an ellipsis."""
    most = max(1, int(max(box.height, LINE * 2 if from_top else LINE) / LINE))
    width = max(6, int(max(box.width, 60 if from_top else 0) / LETTER))
    lines = textwrap.wrap(text, width, max_lines=most, placeholder="…")
    x, first = box.centre[0], box.y + 11 if from_top else box.centre[1] - (len(lines) - 1) * LINE / 2 + 4
    spans = (_tag("tspan", line, x=f"{x:g}", y=f"{first + i * LINE:g}") for i, line in enumerate(lines))
    return _tag("text", *spans, class_="words", text_anchor="middle")


def _box(box: Bounds, **attributes: str) -> Markup:
    sides = {side: f"{getattr(box, side):g}" for side in ("x", "y", "width", "height")}
    return _tag("rect", **sides, **attributes)


def _points(points: Iterable[tuple[float, float]]) -> str:
    return " ".join(f"{x:g},{y:g}" for x, y in points)


def _tag(name: str, *children: str, **attributes: str) -> Markup:
    """An element; ``class_`` becomes ``class``; attributes without a value are left out."""
    named = ((key.rstrip("_").replace("_", "-"), value) for key, value in attributes.items() if value)
    start = Markup("").join(Markup(' {}="{}"').format(key, value) for key, value in named)
    inner = Markup("").join(escape(child) for child in children)
    return Markup("<{0}{1}>{2}</{0}>").format(name, start, inner)
