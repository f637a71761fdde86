"""How answers become a decision: pure, exact, without clock and without I/O.

A policy is one declaration in ``POLICIES``: what it means, what it takes, when a choice carries. Quorum, tie
rules, outcome words and the moment of closing are the same for all of them. To add a policy, declare it.

Deciding early (``close="decided"``) rests on one law: an outcome is decided when no completion of the
ballots could change it. Only the extreme completions are tried, "all who are silent choose X" for each X.
That is exact for every policy whose finding moves one way with each ballot, as all do here; the tests compare
it with all completions. The rules in plain words, with worked examples: docs/explanation/policies.md.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum
from fractions import Fraction
from typing import TYPE_CHECKING

from socialbpm.counts import NOTHING, Count
from socialbpm.explanations import explain, percent
from socialbpm.posts import Choice
from socialbpm.responses import Outcome, Verdict

if TYPE_CHECKING:
    from socialbpm.tasks import PollCommunity, RequestReview

VERDICTS = (
    Choice(key=Verdict.APPROVE.value, label="approve"),
    Choice(key=Verdict.CHANGES.value, label="changes"),
    Choice(key=Verdict.REJECT.value, label="reject"),
)
BY_VERDICT = {"approve": "approved", "changes": "changes_requested", "reject": "rejected"}
LATER = (
    *("majority", "absolute_majority", "veto", "lazy_consensus", "consensus_approval", "approval", "score"),
    *("borda", "ranked", "condorcet", "schulze", "consensus_rounds", "lot"),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """How one request is decided: a policy, its parameters, and when it closes.

    ``choices`` in the order people see them; a ``review`` has the three verdicts. ``threshold`` is the share
    of the ``votes`` cast or of the ``roll`` (by weight) that is needed. ``quorum`` is a number of people, or,
    as a Fraction, a share of the roll. ``final`` ballots cannot be changed. ``casting_vote`` is a person.
    """

    policy: str
    choices: tuple[Choice, ...]
    review: bool = False
    close: str = "deadline"
    final: bool = False
    n: int | None = None
    threshold: Fraction | None = None
    share_of: str = "votes"
    quorum: int | Fraction | None = None
    tie: str = "tie"
    casting_vote: str = ""

    @classmethod
    def of(cls, task: RequestReview | PollCommunity) -> Rule:
        """The rule that an evaluated task states."""
        choices: tuple[Choice, ...] | None = getattr(task, "choices", None)
        return cls(
            policy=task.policy,
            choices=VERDICTS if choices is None else choices,
            review=choices is None,
            close=task.close,
            final=task.ballots == "final",
            n=task.n,
            threshold=task.threshold,
            share_of=task.of,
            quorum=task.quorum,
            tie=task.tie,
            casting_vote=task.casting_vote,
        )

    @property
    def keys(self) -> tuple[str, ...]:
        """The choices' keys, in order."""
        return tuple(choice.key for choice in self.choices)

    @property
    def sought(self) -> tuple[str, ...]:
        """The choices that can meet a threshold: any in a poll, only approval in a review."""
        return (Verdict.APPROVE.value,) if self.review else self.keys

    def problems(self, roll_size: int | None = None, roll: Mapping[str, Fraction] | None = None) -> list[str]:
        """Why this rule makes no sense or this roll cannot meet it, each with its remedy; [] if all is well.

        ``roll`` is each person's weight, if it is known; ``roll_size`` their number, if only that is.
        """
        from socialbpm.rules import problems  # rules stands on this module

        return problems(self, roll_size, roll)


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


@dataclass(frozen=True, slots=True, kw_only=True)
class Ruling:
    """What would come out if the request closed now; two completions are the same if these two fields are."""

    outcome: str
    winners: tuple[str, ...] = ()
    found: Found = Found.TOO_FEW

    def same_as(self, other: Ruling) -> bool:
        """Whether a gateway would see no difference."""
        return (self.outcome, self.winners) == (other.outcome, other.winners)


def decide(rule: Rule, count: Count, *, closing: bool = False) -> Outcome | None:
    """The outcome, or None while the request stays open. ``closing``: its time is over.

    Ask after each answer when the rule closes on its first crossing; otherwise after any number of them.
    """
    ruling = settle(rule, count)
    if not closing and not _CLOSES[rule.close](rule, count, ruling):
        return None
    return Outcome(
        outcome=ruling.outcome,
        explanation=explain(rule, count, ruling, POLICIES[rule.policy].words(rule), closing=closing),
        winners=ruling.winners,
        counts={key: count.heads.get(key, 0) for key in rule.keys},
    )


def settle(rule: Rule, count: Count) -> Ruling:
    """What the ballots that stand come to if no other comes."""
    if count.ballots == 0:
        return Ruling(outcome="expired" if rule.review else "no_votes")
    if count.ballots < quorum(rule, count):
        return Ruling(outcome="no_quorum")
    finding = POLICIES[rule.policy].find(rule, count)
    return _RULINGS[finding.found](rule, count, finding.choices)


def quorum(rule: Rule, count: Count) -> Fraction:
    """How many people must have answered."""
    if isinstance(rule.quorum, Fraction):
        return rule.quorum * (count.roll or 0)
    return Fraction(rule.quorum or 0)


def _carried(rule: Rule, count: Count, choices: tuple[str, ...]) -> Ruling:
    outcome = BY_VERDICT[choices[0]] if rule.review else "decided"
    return Ruling(outcome=outcome, winners=choices, found=Found.CARRIED)


def _tied(rule: Rule, count: Count, choices: tuple[str, ...]) -> Ruling:
    left = TIES[rule.tie](rule, count, choices)
    if len(left) == 1:
        return Ruling(outcome=_carried(rule, count, left).outcome, winners=left, found=Found.TIED)
    if not left:
        return Ruling(outcome="rejected" if rule.review else "undecided", found=Found.TIED)
    return Ruling(outcome="tie", winners=choices, found=Found.TIED)


def _failed(rule: Rule, count: Count, choices: tuple[str, ...]) -> Ruling:
    """A review that is not approved says what most of the others said; equal, the stricter."""
    if not rule.review:
        return Ruling(outcome="undecided", found=Found.FAILED)
    milder = count.total(Verdict.CHANGES) > count.total(Verdict.REJECT)
    verdict = Verdict.CHANGES if milder else Verdict.REJECT
    return Ruling(outcome=BY_VERDICT[verdict], winners=(verdict.value,), found=Found.FAILED)


def _too_few(rule: Rule, count: Count, choices: tuple[str, ...]) -> Ruling:
    return Ruling(outcome="no_quorum")


_RULINGS = {Found.CARRIED: _carried, Found.TIED: _tied, Found.FAILED: _failed, Found.TOO_FEW: _too_few}

# --- when a request closes before its time ---


def _never(rule: Rule, count: Count, ruling: Ruling) -> bool:
    return False


def _decided(rule: Rule, count: Count, ruling: Ruling) -> bool:
    """Nothing outstanding can change it. Sound only with a closed roll and final ballots."""
    if not rule.final or count.roll is None:
        return False
    return all(ruling.same_as(other) for other in _extremes(rule, count))


def _crossed(rule: Rule, count: Count, ruling: Ruling) -> bool:
    """The rule is met, or can no longer be met unless somebody changes their answer, or all have answered."""
    if ruling.found is Found.CARRIED or count.ballots == count.roll:
        return True
    if ruling.found is not Found.FAILED or count.roll is None:
        return False
    return not any(other.found in (Found.CARRIED, Found.TIED) for other in _extremes(rule, count))


def _extremes(rule: Rule, count: Count) -> Iterator[Ruling]:
    return (settle(rule, count.if_silent_chose(key)) for key in rule.keys)


_CLOSES: Mapping[str, Callable[[Rule, Count, Ruling], bool]] = {
    "deadline": _never,
    "decided": _decided,
    "first_crossing": _crossed,
}
CLOSES = tuple(_CLOSES)

# --- tie rules: what is left of the tied choices; none: nothing changes ---


def _option_order(rule: Rule, count: Count, tied: tuple[str, ...]) -> tuple[str, ...]:
    """The first as listed; in a review the strictest."""
    order = rule.keys[::-1] if rule.review else rule.keys
    return (min(tied, key=order.index),)


def _earliest(rule: Rule, count: Count, tied: tuple[str, ...]) -> tuple[str, ...]:
    """Whose total has stood longest; one ballot may have brought several there at once."""
    first = min(count.reached[key] for key in tied)
    return tuple(key for key in tied if count.reached[key] == first)


def _casting_vote(rule: Rule, count: Count, tied: tuple[str, ...]) -> tuple[str, ...]:
    """What the person with the casting vote chose, if that names one of the tied."""
    named = tuple(key for key in tied if key in count.casting)
    return named if len(named) == 1 else tied


TIES: Mapping[str, Callable[[Rule, Count, tuple[str, ...]], tuple[str, ...]]] = {
    "tie": lambda rule, count, tied: tied,
    "status_quo": lambda rule, count, tied: (),
    "option_order": _option_order,
    "earliest_to_reach": _earliest,
    "casting_vote": _casting_vote,
}

# --- the policies ---


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


def _of_what(rule: Rule) -> str:
    return "everybody on the roll" if rule.share_of == "roll" else "the votes"


POLICIES: Mapping[str, Policy] = {
    "first_response": Policy(
        meaning="the first answer decides",
        find=_first,
        words=lambda rule: "the first answer decides",
    ),
    "unanimous": Policy(
        meaning="all on the roll agree; with a quorum, all who answered",
        find=_unanimous,
        words=lambda rule: "all must agree" if rule.quorum is None else "all who answer must agree",
    ),
    "n_of_m": Policy(
        meaning="n of the roll agree",
        find=_n_of_m,
        words=lambda rule: f"threshold {rule.n}",
        takes=frozenset({"n"}),
    ),
    "threshold": Policy(
        meaning="a share of the votes cast, or of the roll, agrees",
        find=_threshold,
        words=lambda rule: f"threshold {percent(rule.threshold or NOTHING)} of {_of_what(rule)}",
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
