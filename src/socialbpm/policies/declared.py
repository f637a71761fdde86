"""The policies, one declaration each: what it means, what it takes, and when a choice carries."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from fractions import Fraction

from socialbpm.policies.counts import NOTHING, Count
from socialbpm.policies.explanations import percent
from socialbpm.policies.rule import Rule

LATER = (
    *("majority", "absolute_majority", "veto", "lazy_consensus", "consensus_approval", "approval", "score"),
    *("borda", "ranked", "condorcet", "schulze", "consensus_rounds", "lot"),
)


class Found(StrEnum):
    """What a policy says of the ballots that stand."""

    CARRIED = "carried"
    TIED = "tied"
    FAILED = "failed"
    TOO_FEW = "too few"


@dataclass(frozen=True, slots=True)
class Finding:
    """A policy's word, and the choices it is about."""

    found: Found
    choices: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Policy:
    """A way to decide: ``find`` looks at a count with at least one ballot and a met quorum."""

    meaning: str
    find: Callable[[Rule, Count], Finding]
    words: Callable[[Rule], str]
    takes: frozenset[str] = frozenset()
    one_ballot_carries: Callable[[Rule], bool] = lambda rule: False


def _first(rule: Rule, count: Count) -> Finding:
    return Finding(Found.CARRIED, count.first)


def _highest(count: Count, among: tuple[str, ...], bar: Fraction) -> Finding:
    """The highest total carries if it is above nothing and at the bar."""
    best = max(count.total(key) for key in among)
    if best and best >= bar:
        leaders = tuple(key for key in among if count.total(key) == best)
        return Finding(Found.CARRIED if len(leaders) == 1 else Found.TIED, leaders)
    reachable = count.silent is None or best + count.silent >= bar
    return Finding(Found.TOO_FEW if count.weight < bar and reachable else Found.FAILED)


def _plurality(rule: Rule, count: Count) -> Finding:
    return _highest(count, rule.keys, NOTHING)


def _n_of_m(rule: Rule, count: Count) -> Finding:
    return _highest(count, rule.sought, Fraction(rule.n or 0))


def _threshold(rule: Rule, count: Count) -> Finding:
    return _highest(count, rule.sought, (rule.threshold or NOTHING) * _whole(rule.share_of, count))


def _unanimous(rule: Rule, count: Count) -> Finding:
    return _highest(count, rule.sought, _whole("roll" if rule.quorum is None else "votes", count))


def _whole(of: str, count: Count) -> Fraction:
    return count.weight if of == "votes" or count.roll_weight is None else count.roll_weight


def _all(rule: Rule) -> str:
    who = "all" if rule.quorum is None else "all who answer"
    return f"{who} must {'approve' if rule.review else 'agree'}"


def _so_many(rule: Rule) -> str:
    """A review counts approvals: without the word, a rejected one would seem to meet its threshold."""
    what = "approval" if rule.review else "vote"
    return f"threshold {rule.n} {what}{'' if rule.n == 1 else 's'}"


def _such_a_share(rule: Rule) -> str:
    whole = "everybody on the roll" if rule.share_of == "roll" else "the votes"
    approving = " for approval" if rule.review else ""
    return f"threshold {percent(rule.threshold or NOTHING)} of {whole}{approving}"


POLICIES: Mapping[str, Policy] = {
    "first_response": Policy(
        meaning="the first answer decides",
        find=_first,
        words=lambda rule: "the first answer decides",
    ),
    "unanimous": Policy(
        meaning="all on the roll agree; with a quorum, all who answered",
        find=_unanimous,
        words=_all,
    ),
    "n_of_m": Policy(
        meaning="n of the roll agree",
        find=_n_of_m,
        words=_so_many,
        takes=frozenset({"n"}),
    ),
    "threshold": Policy(
        meaning="a share of the votes cast, or of the roll, agrees",
        find=_threshold,
        words=_such_a_share,
        takes=frozenset({"threshold"}),
        one_ballot_carries=lambda rule: rule.share_of == "votes",
    ),
    "plurality": Policy(
        meaning="the choice with most votes wins",
        find=_plurality,
        words=lambda rule: "most votes win",
        one_ballot_carries=lambda rule: True,
    ),
}
