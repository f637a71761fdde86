"""The chart of a request: from its task and its count to what is drawn. Pure; the one way to make one.

It shows what the policy compares: people or their weight, the points of a Borda count, the votes of the last
round that a choice was in. It tells no names; whether its figures may be shown yet is for the caller to know.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from fractions import Fraction
from math import ceil

from socialbpm.outcomes.chart.figures import Bar, Chart, Place, Round, Turnout
from socialbpm.policies import POLICIES, Count, Rule, quorum
from socialbpm.policies.counting import HALF, TWO_THIRDS, whole
from socialbpm.policies.ranked import runoff
from socialbpm.posts import Choice
from socialbpm.responses import ABSTAIN, Outcome
from socialbpm.tasks import Asking

LABELS = {
    "approve": "Approve",
    "changes": "Ask for changes",
    "reject": "Reject",
    "support": "Support",
    "object": "Object",
    ABSTAIN: "Abstain",
}
"""What people read for the fixed answers: those of a review and of a proposal, and abstaining."""


def depicted(task: Asking, title: str, count: Count, outcome: Outcome | None = None) -> Chart:
    """How a request stands by this count or, with its ``outcome``, how it ended."""
    rule = Rule.of(task)
    rounds = runoff.held(rule, count) if rule.policy == "instant_runoff" and count.ballots else ()
    one, many = _units(rule, count)
    return Chart(
        title=title,
        ended=outcome.explanation if outcome else "",
        bars=tuple(_bars(rule, count, outcome, rounds)),
        one=one,
        many=many,
        of=None if POLICIES[rule.policy].scores else count.weight,
        threshold=_threshold(rule, count),
        turnout=turnout(rule, count),
        rounds=tuple(
            Round(out=_label(rule, each.out), value=each.votes[each.out]) for each in rounds if each.out
        ),
    )


def turnout(rule: Rule, count: Count) -> Turnout:
    """How many answered, of how many, and how many must."""
    return Turnout(answered=count.ballots, roll=count.roll, quorum=ceil(quorum(rule, count)) or None)


def labelled(choice: Choice) -> str:
    """What people read for a choice; the fixed answers have words of their own."""
    return LABELS.get(choice.key, choice.label) if choice.label == choice.key else choice.label


def _label(rule: Rule, key: str) -> str:
    return next(labelled(choice) for choice in rule.choices if choice.key == key)


def _units(rule: Rule, count: Count) -> tuple[str, str]:
    """What is counted: points, first places, votes, or what votes weigh together."""
    if POLICIES[rule.policy].scores:
        return "point", "points"
    if rule.ballot == "ranked" and rule.policy != "instant_runoff":
        return "first place", "first places"
    return ("vote", "votes") if count.weight == count.ballots else ("by weight", "by weight")


def _bars(
    rule: Rule, count: Count, outcome: Outcome | None, rounds: tuple[runoff.Round, ...]
) -> Iterator[Bar]:
    scores = POLICIES[rule.policy].scores
    values = scores(rule, count) if scores else {key: count.total(key) for key in rule.keys}
    dropped = {each.out for each in rounds[:-1]}
    for key in rule.keys:
        votes = [each.votes[key] for each in rounds if key in each.votes]
        yield Bar(
            label=_label(rule, key),
            value=votes[-1] if votes else values[key],
            place=_place(key, outcome, dropped),
            parts=tuple(votes[:-1]),
        )
    if ABSTAIN in count.heads:
        yield Bar(label=LABELS[ABSTAIN], value=count.total(ABSTAIN))


def _place(key: str, outcome: Outcome | None, dropped: set[str]) -> Place | None:
    if outcome and key in outcome.winners:
        return Place.TIED if outcome.outcome == "tie" else Place.WON
    return Place.OUT if key in dropped else None


def _threshold(rule: Rule, count: Count) -> Fraction | None:
    """What a choice needs, where that is one figure; of what must be exceeded, the next whole vote."""
    needed = _NEEDED.get(rule.policy)
    return (needed(rule, count) or None) if needed else None


def _next_whole(value: Fraction) -> Fraction:
    return Fraction(value // 1 + 1)


def _of_share(rule: Rule, count: Count) -> Fraction:
    share = rule.threshold or TWO_THIRDS
    return _next_whole(share * whole(rule, count)) if rule.strict else share * whole(rule, count)


_NEEDED: Mapping[str, Callable[[Rule, Count], Fraction | None]] = {
    "n_of_m": lambda rule, count: Fraction(rule.n or 0),
    "threshold": _of_share,
    "supermajority": _of_share,
    "majority": lambda rule, count: _next_whole(HALF * whole(rule, count)) if count.ballots else None,
}
