"""Borda's count: of ``m`` choices a first place gives ``m - 1`` points, each place further down one less.

Equal choices share the points of their places; a choice that a ballot does not name gets none from it.
J.-C. de Borda, "Mémoire sur les élections au scrutin", 1781.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from fractions import Fraction
from typing import TYPE_CHECKING, Any, ClassVar

from socialbpm.policies.findings import Finding, leading, ordered
from socialbpm.policies.parts import NOTHING, Change, added, read
from socialbpm.policies.ranked.rankings import places

if TYPE_CHECKING:
    from socialbpm.policies.counts import Count
    from socialbpm.policies.rule import Rule


@dataclass(frozen=True, slots=True, kw_only=True)
class Points:
    """The points of each choice so far; ``choices`` is their number."""

    NAME: ClassVar[str] = "points"

    choices: int
    totals: Mapping[str, Fraction] = field(default_factory=dict)

    @classmethod
    def of(cls, keys: tuple[str, ...]) -> Points:
        """No points yet."""
        return cls(choices=len(keys))

    def cast(self, change: Change) -> Points:
        """The points after an answer."""
        totals = self.totals
        for ballot, sign in ((change.old, -1), (change.new, 1)):
            for key, points in given(ballot, self.choices).items():
                totals = added(totals, key, sign * points * change.weight)
        return replace(self, totals=totals)

    filled = cast

    def dump(self) -> Any:
        """As JSON."""
        return {"choices": self.choices, "totals": {key: str(total) for key, total in self.totals.items()}}

    @classmethod
    def load(cls, dumped: Any) -> Points:
        """The points that ``dump`` wrote."""
        totals = {key: read(total) for key, total in dumped["totals"].items()}
        return cls(choices=dumped["choices"], totals=totals)


def given(ballot: tuple[str, ...], choices: int) -> dict[str, Fraction]:
    """The points that one ballot of weight 1 gives to the choices it names."""
    points: dict[str, Fraction] = {}
    above = 0
    for place in places(ballot):
        shared = choices - 1 - above - Fraction(len(place) - 1, 2)
        points |= dict.fromkeys(place, shared)
        above += len(place)
    return points


def scores(rule: Rule, count: Count) -> dict[str, Fraction]:
    """The points of every choice, in the order of the choices."""
    totals = count.part(Points).totals
    return {key: totals.get(key, NOTHING) for key in rule.keys}


def find(rule: Rule, count: Count) -> Finding:
    """Most points win."""
    return leading(scores(rule, count))


def order(rule: Rule, count: Count) -> tuple[str, ...]:
    """The choices by points."""
    return ordered(scores(rule, count))


def story(rule: Rule, count: Count) -> str:
    """All points, best first: ``points “Nashville” 194, “Chattanooga” 173``."""
    ranked = sorted(scores(rule, count).items(), key=lambda item: -item[1])
    return "points " + ", ".join(f"{rule.label(key)} {points}" for key, points in ranked)
