"""Where everything of a chart stands.

What colour says is also said by shapes and words: a tick for what won, an equals sign for a tie, a cross for
what dropped out, a line across each bar for what is needed.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from fractions import Fraction
from functools import partial

from socialbpm.outcomes.chart.figures import NOTHING, Bar, Chart, Place, Turnout, answered, dropped, number
from socialbpm.outcomes.chart.lettering import cleaned, is_rtl, wrapped
from socialbpm.outcomes.chart.sheet import WIDTH, Box, Group, Ink, Line, Sheet, Words

MARGIN = 18.0
RIGHT = WIDTH - MARGIN
ROOM = RIGHT - MARGIN
BAR = 10.0
SIGN = 22.0  # room for the sign before a label
FIGURES = 96.0  # room for the numbers beside it
LABEL = 14.0
SMALL = 13.0

SIGNS = {
    Place.WON: (Ink.GOOD, (((-3.8, 0.3), (-1.2, 3.1), (4.0, -3.0)),)),
    Place.TIED: (Ink.TIE, (((-3.5, -1.9), (3.5, -1.9)), ((-3.5, 1.9), (3.5, 1.9)))),
    Place.OUT: (Ink.OUT, (((-2.8, -2.8), (2.8, 2.8)), ((-2.8, 2.8), (2.8, -2.8)))),
}

Part = Callable[[float], tuple[Group, float]]
"""Draws itself from a height on, and says where the next one begins."""


def laid_out(chart: Chart) -> Sheet:
    """The chart from top to bottom."""
    groups, y = list[Group](), MARGIN - 4
    for part in _parts(chart):
        group, y = part(y)
        groups.append(group)
    return Sheet(y + MARGIN - 4, tuple(groups))


def _parts(chart: Chart) -> Iterator[Part]:
    yield partial(_paragraph, chart.title, 17.0, 3, bold=True, below=2)
    if chart.ended:
        yield partial(_paragraph, chart.ended, SMALL, 4, ink=Ink.QUIET, below=2)
    most = max((bar.value for bar in chart.bars), default=NOTHING)
    scale = max(most, chart.threshold or NOTHING) or Fraction(1)
    for bar in chart.bars:
        yield partial(_row, chart, bar, scale)
    if chart.beyond:
        yield partial(_paragraph, chart.beyond, SMALL, 2, ink=Ink.QUIET, above=12)
    if chart.threshold is not None:
        yield partial(_needed, f"needed: {chart.counted(chart.threshold)}")
    if chart.turnout:
        yield partial(_turnout, chart.turnout)
    for at, line in enumerate(dropped(chart)):
        yield partial(_paragraph, line, SMALL, 2, ink=Ink.QUIET, above=2 if at else 12)


def _paragraph(
    text: str,
    size: float,
    most: int,
    y: float,
    *,
    ink: Ink = Ink.TEXT,
    bold: bool = False,
    above: float = 0.0,
    below: float = 0.0,
) -> tuple[Group, float]:
    step = size * 1.35
    lines = wrapped(text, ROOM / size * (0.95 if bold else 1), most)
    ends = is_rtl(cleaned(text))
    x = RIGHT if ends else MARGIN
    items = (
        Words(x, y + above + at * step + size, line, size, ink, bold, ends, ends)
        for at, line in enumerate(lines)
    )
    return Group("", tuple(items)), y + above + len(lines) * step + below


def _row(chart: Chart, bar: Bar, scale: Fraction, y: float) -> tuple[Group, float]:
    """The label with its figures on a line, the bar below them. Labels that run leftwards are mirrored."""
    label, won = cleaned(bar.label), bar.place is Place.WON
    room = ROOM - FIGURES - (SIGN if bar.place else 0)
    lines = wrapped(label, room / LABEL * (0.95 if won else 1), 2)
    ends, top = is_rtl(label), y + 14
    side, inset = (-1, RIGHT) if ends else (1, MARGIN)
    x = inset + side * SIGN if bar.place else inset
    words = [
        Words(x, top + at * 18 + LABEL, line, LABEL, bold=won, ends=ends, rtl=ends)
        for at, line in enumerate(lines)
    ]
    figures = Words(
        MARGIN if ends else RIGHT, top + LABEL, _figures(chart, bar), SMALL, Ink.TEXT, won, not ends
    )
    below = top + len(lines) * 18 + 4
    sign = _sign(bar.place, inset + side * 8, top + 9.5) if bar.place else []
    items = (*sign, *words, figures, *_bar(chart, bar, scale, below))
    return Group(_told(chart, bar), items), below + BAR


def _told(chart: Chart, bar: Bar) -> str:
    parts = (chart.counted(bar.value), chart.share(bar.value), str(bar.place) if bar.place else "")
    return f"{cleaned(bar.label)}: {', '.join(part for part in parts if part)}"


def _figures(chart: Chart, bar: Bar) -> str:
    share = chart.share(bar.value)
    return f"{number(bar.value)} · {share}" if share else number(bar.value)


def _sign(place: Place, x: float, y: float) -> list[Box | Line]:
    ink, strokes = SIGNS[place]
    lines = [Line(tuple((x + dx, y + dy) for dx, dy in points), Ink.GROUND) for points in strokes]
    return [Box(x - 8, y - 8, 16, 16, ink, 8), *lines]


def _bar(chart: Chart, bar: Bar, scale: Fraction, y: float) -> Iterator[Box | Line]:
    yield Box(MARGIN, y, ROOM, BAR, Ink.TRACK, BAR / 2)
    ink = {Place.WON: Ink.GOOD, Place.TIED: Ink.TIE, Place.OUT: Ink.OUT}.get(bar.place, Ink.BAR)  # type: ignore[arg-type]
    if bar.value > 0:
        yield Box(MARGIN, y, max(_long(bar.value, scale), BAR), BAR, ink, BAR / 2)
    for part in bar.parts:
        if 0 < part < bar.value:
            yield _across(part, scale, y, 0, Ink.GROUND)
    if chart.threshold:
        yield _across(chart.threshold, scale, y, 0, Ink.GROUND, 6)
        yield _across(chart.threshold, scale, y, 4, Ink.TEXT)


def _long(value: Fraction, scale: Fraction) -> float:
    return ROOM * float(value / scale)


def _across(value: Fraction, scale: Fraction, y: float, out: float, ink: Ink, width: float = 2) -> Line:
    """A line across a bar; it sticks out below, for above stand words."""
    x = min(MARGIN + _long(value, scale), RIGHT - 1)
    return Line(((x, y), (x, y + BAR + out)), ink, width)


def _needed(text: str, y: float) -> tuple[Group, float]:
    """What the lines across the bars mean."""
    y += 14
    line = Line(((MARGIN + 8, y), (MARGIN + 8, y + 16)), Ink.TEXT)
    return Group("", (line, Words(MARGIN + SIGN, y + 12.5, text, SMALL, Ink.QUIET))), y + 16


def _turnout(turnout: Turnout, y: float) -> tuple[Group, float]:
    """How many answered, as a thinner bar where it is known of how many."""
    told, top = answered(turnout), y + 16
    items: list[Box | Line | Words] = [Words(MARGIN, top + SMALL, told, SMALL, Ink.QUIET)]
    if not turnout.roll:
        return Group(told, tuple(items)), top + 18
    scale, height = Fraction(max(turnout.roll, turnout.answered)), 6.0
    items.append(Box(MARGIN, top + 23, ROOM, height, Ink.TRACK, height / 2))
    if turnout.answered:
        long = max(_long(Fraction(turnout.answered), scale), height)
        items.append(Box(MARGIN, top + 23, long, height, Ink.QUIET, height / 2))
    if turnout.quorum:
        x = min(MARGIN + _long(Fraction(turnout.quorum), scale), RIGHT - 1)
        items.append(Line(((x, top + 20), (x, top + 32)), Ink.TEXT))
    return Group(told, tuple(items)), top + 34
