"""The instant run-off: who has fewest first places drops out, round by round, until one has a majority.

Of ballots that no longer name a choice that is left ("exhausted"), none counts in the majority. Equal first
places of one ballot share its weight. Exactly one drops out at a time. Of several with the fewest, the one
with fewest in the round before, and so on back; if they were always equal, the one listed last. When all
that are left are equal, that is a tie, and the tie rule of the poll has its say.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from fractions import Fraction
from typing import TYPE_CHECKING, Any, ClassVar

from socialbpm.policies.findings import Finding, leading, ordered
from socialbpm.policies.parts import NOTHING, Change, added, read
from socialbpm.policies.ranked.rankings import Ranking, parse, places, written

if TYPE_CHECKING:
    from socialbpm.policies.counts import Count
    from socialbpm.policies.rule import Rule


@dataclass(frozen=True, slots=True, kw_only=True)
class Rankings:
    """How much weight stands behind each distinct ranking. Equal ballots are one entry, however many."""

    NAME: ClassVar[str] = "rankings"

    weights: Mapping[str, Fraction] = field(default_factory=dict)

    @classmethod
    def of(cls, keys: tuple[str, ...]) -> Rankings:
        """No ranking yet."""
        return cls()

    def cast(self, change: Change) -> Rankings:
        """The rankings after an answer."""
        weights = self.weights
        for ballot, weight in ((change.old, -change.weight), (change.new, change.weight)):
            if places(ballot):
                weights = added(weights, written(ballot), weight)
        return replace(self, weights=weights)

    filled = cast

    def each(self) -> list[tuple[Ranking, Fraction]]:
        """The distinct rankings, each with its weight."""
        return [(places(parse(ranking)), weight) for ranking, weight in self.weights.items()]

    def dump(self) -> Any:
        """As JSON."""
        return {ranking: str(weight) for ranking, weight in self.weights.items()}

    @classmethod
    def load(cls, dumped: Any) -> Rankings:
        """The rankings that ``dump`` wrote."""
        return cls(weights={ranking: read(weight) for ranking, weight in dumped.items()})


@dataclass(frozen=True, slots=True, kw_only=True)
class Round:
    """One round: the votes of those still in it, who drops out, and whether only the listing decided that."""

    votes: Mapping[str, Fraction]
    out: str = ""
    by_listing: bool = False


def rounds(keys: Sequence[str], ballots: Iterable[tuple[Ranking, Fraction]]) -> tuple[Round, ...]:
    """All rounds; nobody drops out of the last one."""
    given, left, held = list(ballots), list(keys), list[Round]()
    while True:
        votes = _votes(left, given)
        best = max(votes.values())
        if 2 * best > sum(votes.values(), NOTHING) or best == min(votes.values()):
            return (*held, Round(votes=votes))
        fewest = _fewest(votes, held)
        held.append(Round(votes=votes, out=fewest[-1], by_listing=len(fewest) > 1))
        left.remove(fewest[-1])


def _votes(left: Sequence[str], ballots: Iterable[tuple[Ranking, Fraction]]) -> dict[str, Fraction]:
    """Each ballot for those of its best place that are left, in equal shares."""
    votes = dict.fromkeys(left, NOTHING)
    for ranking, weight in ballots:
        best = next((here for place in ranking if (here := [key for key in place if key in votes])), [])
        for key in best:
            votes[key] += weight / len(best)
    return votes


def _fewest(votes: Mapping[str, Fraction], held: Sequence[Round]) -> list[str]:
    """Those with the fewest votes, now and as far back as it takes to tell them apart."""
    fewest = list(votes)
    for earlier in (votes, *(each.votes for each in reversed(held))):
        least = min(earlier[key] for key in fewest)
        fewest = [key for key in fewest if earlier[key] == least]
    return fewest


def held(rule: Rule, count: Count) -> tuple[Round, ...]:
    """The rounds of a count."""
    return rounds(rule.keys, count.part(Rankings).each())


def find(rule: Rule, count: Count) -> Finding:
    """Who leads the last round has won it."""
    return leading(held(rule, count)[-1].votes)


def sure(rule: Rule, count: Count, winners: tuple[str, ...]) -> bool:
    """Whether the winner has a majority of the first places even if all who are silent are against it.

    That suffices for every completion; an exact answer would have to try them all.
    """
    if len(winners) != 1 or count.silent is None:
        return False
    first = _votes(rule.keys, count.part(Rankings).each())
    return 2 * first[winners[0]] > count.weight + count.silent


def order(rule: Rule, count: Count) -> tuple[str, ...]:
    """The last round by votes, and then those who dropped out, the last first."""
    every = held(rule, count)
    return (*ordered(every[-1].votes), *(each.out for each in reversed(every[:-1])))


def story(rule: Rule, count: Count) -> str:
    """Round by round who drops out, and how the last one stands."""
    every = held(rule, count)
    dropped = [
        f"round {number}: {rule.label(each.out)} drops out with {each.votes[each.out]}"
        + (" (of equals the one listed last)" if each.by_listing else "")
        for number, each in enumerate(every[:-1], 1)
    ]
    last = sorted(every[-1].votes.items(), key=lambda item: -item[1])
    standing = ", ".join(f"{rule.label(key)} {votes}" for key, votes in last)
    return "; ".join([*dropped, f"round {len(every)}: {standing}"])
