"""What a chart shows, as plain values, and the same in words for those who do not see it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from enum import StrEnum
from fractions import Fraction

from socialbpm.outcomes.chart.lettering import cleaned

NOTHING = Fraction(0)


class Place(StrEnum):
    """What became of a choice."""

    WON = "won"
    TIED = "tied"
    OUT = "dropped out"


@dataclass(frozen=True, slots=True, kw_only=True)
class Bar:
    """A choice and what stands behind it: votes, their weight, or points. ``parts`` of it came one by one.

    ``parts`` are the totals of earlier rounds of an instant run-off, in order.
    """

    label: str
    value: Fraction
    place: Place | None = None
    parts: tuple[Fraction, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Turnout:
    """How many answered, of how many who may (None: nobody knows), and how many are needed (None: any)."""

    answered: int
    roll: int | None = None
    quorum: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Round:
    """A round of an instant run-off in which a choice dropped out, with so many votes."""

    out: str
    value: Fraction


@dataclass(frozen=True, slots=True, kw_only=True)
class Chart:
    """A question, its choices in the order in which they are shown, and how it stands.

    ``ended`` is the sentence that says how it ended, or how it stands. ``of`` is what counts as 100 %, None
    if shares say nothing (points). ``threshold`` is what a choice needs, in the unit of the values.
    ``beyond`` tells of choices that are not shown.
    """

    title: str
    bars: tuple[Bar, ...]
    ended: str = ""
    one: str = "vote"
    many: str = "votes"
    of: Fraction | None = None
    threshold: Fraction | None = None
    turnout: Turnout | None = None
    rounds: tuple[Round, ...] = ()
    beyond: str = ""

    def counted(self, value: Fraction) -> str:
        """``12 votes``."""
        return f"{number(value)} {self.one if value == 1 else self.many}"

    def share(self, value: Fraction) -> str:
        """``60 %``, or nothing where shares say nothing."""
        if not self.of:
            return ""
        percent = 100 * value / self.of
        return "<1 %" if 0 < percent < 1 else f"{(percent + Fraction(1, 2)) // 1} %"


def number(value: Fraction) -> str:
    """A number as people write it, with two digits after the point at most."""
    hundredths = (value * 100 + Fraction(1, 2)) // 1
    whole, rest = divmod(hundredths, 100)
    return f"{whole}.{rest:02}".rstrip("0") if rest else str(whole)


def shortened(chart: Chart, most: int) -> Chart:
    """At most so many choices, as a picture has room for: those with a place and the strongest of the others.

    ``beyond`` says how many others there are, with what stands behind all of them together.
    """
    if len(chart.bars) <= most:
        return chart
    ranks = sorted(range(len(chart.bars)), key=lambda at: _rank(chart.bars[at]))
    kept = [chart.bars[at] for at in sorted(ranks[:most])]
    rest = sum((chart.bars[at].value for at in ranks[most:]), NOTHING)
    beyond = f"and {len(ranks) - most} more, together {chart.counted(rest)}"
    return replace(chart, bars=tuple(kept), beyond=beyond)


def _rank(bar: Bar) -> tuple[bool, Fraction]:
    return bar.place not in (Place.WON, Place.TIED), -bar.value


def describe(chart: Chart, most: int = 4000) -> str:
    """The whole chart in words: the description of the drawing and the alt text of the picture."""
    told = " ".join(_sentences(chart))
    return told if len(told) <= most else told[: most - 1].rstrip() + "…"


def _sentences(chart: Chart) -> Iterator[str]:
    yield _sentence(chart.title)
    if chart.ended:
        yield _sentence(chart.ended)
    for bar in chart.bars:
        share = chart.share(bar.value)
        yield _sentence(
            f"{cleaned(bar.label)}: "
            + ", ".join(filter(None, (chart.counted(bar.value), share, bar.place and str(bar.place))))
        )
    if chart.beyond:
        yield _sentence(chart.beyond)
    if chart.threshold is not None:
        yield f"Needed: {chart.counted(chart.threshold)}."
    if chart.turnout:
        yield _sentence(answered(chart.turnout))
    for line in dropped(chart):
        yield _sentence(line)


def _sentence(text: str) -> str:
    said = cleaned(text)
    return said if said.endswith((".", "!", "?", "…")) else f"{said}."


def answered(turnout: Turnout) -> str:
    """``12 of 30 answered, 10 needed``."""
    told = (
        f"{turnout.answered} of {turnout.roll} answered" if turnout.roll else f"{turnout.answered} answered"
    )
    return f"{told}, {turnout.quorum} needed" if turnout.quorum else told


def dropped(chart: Chart) -> list[str]:
    """Who dropped out in which round, in words."""
    return [
        f"Round {at}: {cleaned(each.out)} dropped out with {chart.counted(each.value)}"
        for at, each in enumerate(chart.rounds, start=1)
    ]
