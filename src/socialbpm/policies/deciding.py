"""From a rule and a count to an outcome, and the moment at which a request may close.

Deciding early (``close="decided"``) rests on one law: an outcome is decided when no completion of the
ballots could change it. Only the extreme completions are tried, "all who are silent choose X" for each X.
That is exact for every policy whose finding moves one way with each ballot; the tests compare it with all
completions. Where it does not, a policy says itself when it is ``sure``, which then is a sufficient
condition.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from fractions import Fraction

from socialbpm.policies import groups, vetoes
from socialbpm.policies.counts import Count
from socialbpm.policies.declared import POLICIES, vetoes_needed
from socialbpm.policies.explanations import explain
from socialbpm.policies.findings import Found
from socialbpm.policies.rule import Rule
from socialbpm.policies.ties import TIES
from socialbpm.posts import Choice
from socialbpm.responses import ABSTAIN, Outcome, Verdict

BY_VERDICT = {"approve": "approved", "changes": "changes_requested", "reject": "rejected"}


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
    if not closing and rule.close == "deadline":
        return None
    rule = named(rule, count)
    ruling = settle(rule, count)
    if not closing and not _CLOSES[rule.close](rule, count, ruling):
        return None
    return _outcome(rule, count, ruling, closing=closing)


def settle(rule: Rule, count: Count) -> Ruling:
    """What the ballots that stand come to if no other comes."""
    policy = POLICIES[rule.policy]
    if count.parts and (needed := vetoes_needed(rule)) and vetoes.stopped(count, needed):
        return _vetoed(rule)
    if count.ballots == 0 and not policy.silence_passes:
        return _nobody(rule)
    if count.ballots < quorum(rule, count) or (rule.group_quorum and not groups.met(rule, count)):
        return Ruling(outcome="no_quorum")
    finding = policy.find(rule, count)
    return _RULINGS[finding.found](rule, count, finding.choices)


def named(rule: Rule, count: Count) -> Rule:
    """The rule with its choices: where people write texts, those are the choices that were written."""
    if rule.ballot != "text":
        return rule
    return replace(rule, choices=tuple(Choice(key=key, label=key) for key in count.totals if key != ABSTAIN))


def quorum(rule: Rule, count: Count) -> Fraction:
    """How many people must have answered."""
    if isinstance(rule.quorum, Fraction):
        return rule.quorum * (count.roll or 0)
    return Fraction(rule.quorum or 0)


def _outcome(rule: Rule, count: Count, ruling: Ruling, *, closing: bool) -> Outcome:
    policy = POLICIES[rule.policy]
    decided = count.ballots > 0 and ruling.outcome != "no_quorum"
    offered = (*rule.keys, ABSTAIN) if ABSTAIN in count.heads else rule.keys
    return Outcome(
        outcome=ruling.outcome,
        explanation=explain(rule, count, ruling, policy, closing=closing),
        winners=ruling.winners,
        counts={key: count.heads.get(key, 0) for key in offered},
        scores=policy.scores(rule, count) if policy.scores else {key: count.total(key) for key in rule.keys},
        order=policy.order(rule, count) if policy.order and decided else (),
    )


def _nobody(rule: Rule) -> Ruling:
    """Nobody has answered. A proposal that needs votes in favour has too few."""
    outcome = {"verdict": "expired", "consent": "no_quorum"}.get(rule.ballot, "no_votes")
    return Ruling(outcome=outcome)


def _vetoed(rule: Rule) -> Ruling:
    if rule.review:
        return Ruling(outcome="rejected", winners=(Verdict.REJECT.value,), found=Found.VETOED)
    return Ruling(outcome="vetoed", found=Found.VETOED)


def _carried(rule: Rule, count: Count, choices: tuple[str, ...]) -> Ruling:
    if rule.ballot == "consent":
        return Ruling(outcome="passed", found=Found.CARRIED)
    outcome = BY_VERDICT[choices[0]] if rule.review else "decided"
    return Ruling(outcome=outcome, winners=choices, found=Found.CARRIED)


def _tied(rule: Rule, count: Count, choices: tuple[str, ...]) -> Ruling:
    voted = any(count.total(key) for key in choices) or count.ranked
    left = TIES[rule.tie](rule, count, choices) if voted or rule.tie == "status_quo" else choices
    if len(left) == 1:
        return Ruling(outcome=_carried(rule, count, left).outcome, winners=left, found=Found.TIED)
    if not left:
        return Ruling(outcome="rejected" if rule.review else "undecided", found=Found.TIED)
    return Ruling(outcome="tie", winners=choices, found=Found.TIED)


def _failed(rule: Rule, count: Count, choices: tuple[str, ...]) -> Ruling:
    """A review that is not approved says what most of the others said; equal, the stricter."""
    if rule.ballot == "consent":  # nobody vetoed it, but too few were in favour
        return Ruling(outcome="no_quorum", found=Found.FAILED)
    if not rule.review:
        return Ruling(outcome="undecided", found=Found.FAILED)
    milder = count.total(Verdict.CHANGES) > count.total(Verdict.REJECT)
    verdict = Verdict.CHANGES if milder else Verdict.REJECT
    return Ruling(outcome=BY_VERDICT[verdict], winners=(verdict.value,), found=Found.FAILED)


def _too_few(rule: Rule, count: Count, choices: tuple[str, ...]) -> Ruling:
    return Ruling(outcome="no_quorum")


_RULINGS = {Found.CARRIED: _carried, Found.TIED: _tied, Found.FAILED: _failed, Found.TOO_FEW: _too_few}


def _never(rule: Rule, count: Count, ruling: Ruling) -> bool:
    return False


def _decided(rule: Rule, count: Count, ruling: Ruling) -> bool:
    """Nothing outstanding can change it. Sound only with a closed roll and final ballots."""
    if not rule.final or count.roll is None:
        return False
    sure = POLICIES[rule.policy].sure
    if sure is None or count.ballots == count.roll:
        return all(ruling.same_as(other) for other in _extremes(rule, count))
    return ruling.found is Found.CARRIED and sure(rule, count, ruling.winners)


def _crossed(rule: Rule, count: Count, ruling: Ruling) -> bool:
    """The rule is met, or can no longer be met unless somebody changes their answer, or all have answered."""
    if ruling.found in (Found.CARRIED, Found.VETOED) or count.ballots == count.roll:
        return True
    if ruling.found is not Found.FAILED or count.roll is None:
        return False
    return not any(other.found in (Found.CARRIED, Found.TIED) for other in _extremes(rule, count))


def _extremes(rule: Rule, count: Count) -> Iterator[Ruling]:
    offered = (*rule.keys, ABSTAIN) if rule.abstain else rule.keys
    return (settle(rule, count.if_silent_chose(key)) for key in offered)


_CLOSES: Mapping[str, Callable[[Rule, Count, Ruling], bool]] = {
    "deadline": _never,
    "decided": _decided,
    "first_crossing": _crossed,
}
CLOSES = tuple(_CLOSES)
