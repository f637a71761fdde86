"""The pen that draws a chart as SVG. Everything that people wrote is escaped by markupsafe; no script.

In a page the drawing takes that page's colours (``var(--ink)`` …), each with the light one to fall back on.
"""

from __future__ import annotations

from collections.abc import Iterator

from markupsafe import Markup

from socialbpm.outcomes.chart.figures import Chart, describe
from socialbpm.outcomes.chart.layout import laid_out
from socialbpm.outcomes.chart.lettering import cleaned
from socialbpm.outcomes.chart.sheet import WIDTH, Box, Group, Ink, Line, Words

FONT = 'system-ui, -apple-system, "Segoe UI", Roboto, "Noto Sans", "Liberation Sans", sans-serif'
_DARK = {
    Ink.GROUND: "#1c1f24",
    Ink.TEXT: "#ecebe6",
    Ink.QUIET: "#aeb4be",
    Ink.TRACK: "#343a42",
    Ink.BAR: "#7bd8cc",
    Ink.GOOD: "#8bdb9c",
    Ink.TIE: "#f4bd79",
    Ink.OUT: "#7d8590",
}


def svg(chart: Chart) -> Markup:
    """The drawing for a page, as wide as its place (the class ``chart`` is there to limit that)."""
    return _drawing(chart, Markup(""), 1)


def svg_file(chart: Chart) -> bytes:
    """A file that stands alone, UTF-8, light or dark as its reader has it."""
    dark = " ".join(f"--{ink.value[0]}: {colour};" for ink, colour in _DARK.items())
    ground = Markup(
        "<style>@media (prefers-color-scheme: dark) {{ svg {{ {} }} }}</style>"
        '<rect width="100%" height="100%" fill="{}"/>'
    ).format(dark, _colour(Ink.GROUND))
    return (Markup('<?xml version="1.0" encoding="utf-8"?>\n') + _drawing(chart, ground, 1.5)).encode()


def _drawing(chart: Chart, ground: Markup, scale: float) -> Markup:
    sheet = laid_out(chart)
    return Markup(
        '<svg xmlns="http://www.w3.org/2000/svg" class="chart" role="img" viewBox="0 0 {0:g} {1:g}" '
        'width="{2:g}" height="{3:g}" font-family="{4}"><title>{5}</title><desc>{6}</desc>{7}{8}</svg>'
    ).format(
        WIDTH,
        sheet.height,
        WIDTH * scale,
        sheet.height * scale,
        FONT,
        cleaned(chart.title),
        describe(chart),
        ground,
        Markup("").join(map(_group, sheet.groups)),
    )


def _group(group: Group) -> Markup:
    title = Markup("<title>{}</title>").format(group.title) if group.title else Markup("")
    return Markup("<g>{}{}</g>").format(title, Markup("").join(_drawn(group)))


def _drawn(group: Group) -> Iterator[Markup]:
    for item in group.items:
        match item:
            case Box():
                yield _box(item)
            case Line():
                yield _line(item)
            case Words():
                yield _words(item)


def _box(box: Box) -> Markup:
    return Markup('<rect x="{:g}" y="{:g}" width="{:.2f}" height="{:g}" rx="{:g}" fill="{}"/>').format(
        box.x, box.y, box.width, box.height, box.radius, _colour(box.ink)
    )


def _line(line: Line) -> Markup:
    points = " ".join(f"{x:.2f},{y:.2f}" for x, y in line.points)
    return Markup(
        '<polyline points="{}" fill="none" stroke="{}" stroke-width="{:g}" stroke-linecap="round" '
        'stroke-linejoin="round"/>'
    ).format(points, _colour(line.ink), line.width)


def _words(words: Words) -> Markup:
    """Text that stands at the right is anchored at its right edge, whichever way its letters run."""
    return Markup('<text x="{:g}" y="{:g}" font-size="{:g}" fill="{}"{}{}>{}</text>').format(
        words.x,
        words.y,
        words.size,
        _colour(words.ink),
        Markup(' font-weight="650"') if words.bold else "",
        _anchor(words),
        words.text,
    )


def _anchor(words: Words) -> Markup:
    if words.rtl:
        return Markup(' direction="rtl"')
    return Markup(' text-anchor="end"') if words.ends else Markup("")


def _colour(ink: Ink) -> str:
    name, light = ink.value
    return f"var(--{name}, {light})"
