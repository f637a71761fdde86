"""The pen that draws a chart as a picture for a post: PNG, light, three times as fine as it is laid out."""

from __future__ import annotations

import io
from dataclasses import replace
from itertools import pairwise

from PIL import Image, ImageDraw

from socialbpm.outcomes.chart.figures import Chart, shortened
from socialbpm.outcomes.chart.fonts import Fonts, turns
from socialbpm.outcomes.chart.layout import laid_out
from socialbpm.outcomes.chart.lettering import cleaned
from socialbpm.outcomes.chart.sheet import WIDTH, Box, Ink, Line, Words

FINE = 3
SMOOTH = 2  # shapes have hard edges here: they are drawn larger, and shrunk
MOST = 12
"""Choices in a picture; platforms cut what is much higher than wide."""


def png(chart: Chart, most: int = MOST) -> bytes:
    """The picture, 1200 pixels wide. Its alt text is ``describe(chart)``.

    Signs that no font of this machine has are written by their names, labels in letters that none has as
    "Choice 3".
    """
    fonts = Fonts()
    sheet = laid_out(_writable(shortened(chart, most), fonts))
    words = (item.text for group in sheet.groups for item in group.items if isinstance(item, Words))
    fonts.prefer(fonts.best("".join(words)))
    scale = FINE * SMOOTH
    size = (round(WIDTH * scale), round(sheet.height * scale))
    image = Image.new("RGB", size, Ink.GROUND.value[1])
    pen = _Pen(ImageDraw.Draw(image), fonts, scale)
    for group in sheet.groups:
        for item in group.items:
            pen.draw(item)
    small = image.resize((size[0] // SMOOTH, size[1] // SMOOTH), Image.Resampling.LANCZOS)
    held = io.BytesIO()
    small.quantize(128, dither=Image.Dither.NONE).save(held, "PNG", optimize=True)
    return held.getvalue()


def _writable(chart: Chart, fonts: Fonts) -> Chart:
    labels = {
        bar.label: fonts.writable(cleaned(bar.label), f"Choice {at}")
        for at, bar in enumerate(chart.bars, start=1)
    }
    return replace(
        chart,
        title=fonts.writable(cleaned(chart.title), "Result"),
        ended=fonts.writable(cleaned(chart.ended), ""),
        bars=tuple(replace(bar, label=labels[bar.label]) for bar in chart.bars),
        rounds=tuple(
            replace(each, out=labels.get(each.out, fonts.writable(cleaned(each.out), "A choice")))
            for each in chart.rounds
        ),
    )


class _Pen:
    """Draws boxes, lines and words, ``scale`` times as large as they are given."""

    def __init__(self, draw: ImageDraw.ImageDraw, fonts: Fonts, scale: int) -> None:
        self._draw, self._fonts, self._scale = draw, fonts, scale

    def draw(self, item: Box | Line | Words) -> None:
        """Draw one thing."""
        match item:
            case Box():
                self._box(item)
            case Line():
                self._line(item)
            case Words():
                self._words(item)

    def _box(self, box: Box) -> None:
        x, y, right, bottom = self._large(box.x, box.y, box.x + box.width, box.y + box.height)
        radius = box.radius * self._scale
        self._draw.rounded_rectangle((x, y, right - 1, bottom - 1), radius, fill=box.ink.value[1])

    def _line(self, line: Line) -> None:
        colour, width = line.ink.value[1], line.width * self._scale
        for start, end in pairwise(line.points):
            self._draw.line(self._large(*start, *end), fill=colour, width=round(width))
        for point in line.points:
            self._draw.circle(self._large(*point), width / 2, fill=colour)

    def _words(self, words: Words) -> None:
        font = self._fonts.sized(self._fonts.best(words.text), round(words.size * self._scale))
        self._draw.text(
            (words.x * self._scale, words.y * self._scale),
            words.text,
            fill=words.ink.value[1],
            font=font,
            anchor="rs" if words.ends else "ls",
            direction="rtl" if words.rtl and turns(font) else None,
            stroke_width=round(self._scale / 5) if words.bold else 0,
        )

    def _large(self, *lengths: float) -> tuple[float, ...]:
        return tuple(length * self._scale for length in lengths)
