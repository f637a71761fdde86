"""Schulze's method: choices compared two by two; who has the stronger chain of wins over every other wins.

A win is as strong as the votes of the winning side; a chain is as strong as its weakest win. A choice that a
ballot names stands above all that it does not name. A choice that beats every other one to one always wins.
M. Schulze, "A new monotonic, clone-independent, reversal symmetric, and Condorcet-consistent single-winner
election method", Social Choice and Welfare 36, 2011.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from fractions import Fraction
from itertools import permutations
from typing import TYPE_CHECKING, Any, ClassVar

from socialbpm.policies.findings import Finding, Found
from socialbpm.policies.parts import NOTHING, Change, read
from socialbpm.policies.ranked.rankings import places

if TYPE_CHECKING:
    from socialbpm.policies.counts import Count
    from socialbpm.policies.rule import Rule

Pair = tuple[str, str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Pairs:
    """For each two choices, how much weight puts the first above the second; ``keys`` are all choices."""

    NAME: ClassVar[str] = "pairs"

    keys: tuple[str, ...]
    above: Mapping[Pair, Fraction] = field(default_factory=dict)

    @classmethod
    def of(cls, keys: tuple[str, ...]) -> Pairs:
        """Nothing compared yet."""
        return cls(keys=keys)

    def cast(self, change: Change) -> Pairs:
        """The comparisons after an answer."""
        above = dict(self.above)
        for ballot, weight in ((change.old, -change.weight), (change.new, change.weight)):
            for pair in self._preferred(ballot):
                above[pair] = above.get(pair, NOTHING) + weight
        return replace(self, above={pair: weight for pair, weight in above.items() if weight})

    filled = cast

    def _preferred(self, ballot: tuple[str, ...]) -> Iterator[Pair]:
        below = list(self.keys)
        for place in places(ballot):
            below = [key for key in below if key not in place]
            yield from ((better, worse) for better in place for worse in below)

    def of_pair(self, one: str, other: str) -> Fraction:
        """How much weight puts ``one`` above ``other``."""
        return self.above.get((one, other), NOTHING)

    def dump(self) -> Any:
        """As JSON."""
        return {"keys": list(self.keys), "above": [[*pair, str(w)] for pair, w in self.above.items()]}

    @classmethod
    def load(cls, dumped: Any) -> Pairs:
        """The comparisons that ``dump`` wrote."""
        above = {(one, other): read(weight) for one, other, weight in dumped["above"]}
        return cls(keys=tuple(dumped["keys"]), above=above)


@dataclass(frozen=True, slots=True)
class Chain:
    """The strongest chain of wins from its first choice to its last; no ``steps``: there is none."""

    strength: Fraction = NOTHING
    steps: tuple[str, ...] = ()


NO_CHAIN = Chain()


def chains(pairs: Pairs) -> dict[Pair, Chain]:
    """The strongest chain between each two choices (Floyd and Warshall's way, widest paths)."""
    best = {(one, other): _win(pairs, one, other) for one, other in permutations(pairs.keys, 2)}
    for over in pairs.keys:
        for one, other in permutations([key for key in pairs.keys if key != over], 2):
            here, onward = best[one, over], best[over, other]
            if min(here.strength, onward.strength) > best[one, other].strength:
                best[one, other] = Chain(
                    min(here.strength, onward.strength), (*here.steps, *onward.steps[1:])
                )
    return best


def _win(pairs: Pairs, one: str, other: str) -> Chain:
    votes = pairs.of_pair(one, other)
    return Chain(votes, (one, other)) if votes > pairs.of_pair(other, one) else NO_CHAIN


def find(rule: Rule, count: Count) -> Finding:
    """Those with no weaker chain to anybody than from them."""
    if not count.voiced:
        return Finding(Found.TOO_FEW)
    best = order(rule, count)[0].split("=")
    return Finding(Found.CARRIED if len(best) == 1 else Found.TIED, tuple(best))


def order(rule: Rule, count: Count) -> tuple[str, ...]:
    """The choices by whom they have the stronger chain to, best first; unbeaten by each other: equal."""
    best, left, tiers = chains(count.part(Pairs)), list(rule.keys), list[str]()
    while left:
        top = [one for one in left if not any(_stronger(best, other, one) for other in left)]
        tiers.append("=".join(top))
        left = [key for key in left if key not in top]
    return tuple(tiers)


def _stronger(best: Mapping[Pair, Chain], one: str, other: str) -> bool:
    return one != other and best[one, other].strength > best[other, one].strength


def sure(rule: Rule, count: Count, winners: tuple[str, ...]) -> bool:
    """Whether the winner beats every other one to one even if all who are silent are against it.

    That suffices for every completion; an exact answer would have to try them all.
    """
    silent, pairs = count.silent, count.part(Pairs)
    if len(winners) != 1 or silent is None:
        return False
    (best,) = winners
    others = [key for key in rule.keys if key != best]
    return all(pairs.of_pair(best, other) > pairs.of_pair(other, best) + silent for other in others)


def story(rule: Rule, count: Count) -> str:
    """By whom the best is nearly beaten; or, if it is beaten one to one, by which chain it still wins."""
    pairs, best = count.part(Pairs), order(rule, count)[0].split("=")
    if len(best) > 1:
        return f"of {' and '.join(map(rule.label, best))} none has a stronger chain of wins over another"
    (first,) = best
    others = [key for key in rule.keys if key != first]
    margin = {other: pairs.of_pair(first, other) - pairs.of_pair(other, first) for other in others}
    rival = min(others, key=lambda other: margin[other])
    score = f"{pairs.of_pair(first, rival)} to {pairs.of_pair(rival, first)}"
    if margin[rival] > 0:
        return f"{rule.label(first)} beats every other choice one to one, as {rule.label(rival)} by {score}"
    return f"{rule.label(first)} has the strongest chain of wins, {_chain(rule, pairs, first, rival, score)}"


def _chain(rule: Rule, pairs: Pairs, first: str, rival: str, score: str) -> str:
    """How the winner gets past a rival that it does not beat one to one."""
    best = chains(pairs)
    there, back = best[first, rival], best[rival, first]
    steps = " over ".join(map(rule.label, there.steps))
    against = f"{score} against {rule.label(rival)} one to one"
    if not there.steps:
        return f"though it stands {against}"
    return f"though it stands {against}: {steps} with {there.strength}, the other way {back.strength}"
