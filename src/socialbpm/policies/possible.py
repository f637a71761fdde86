"""Which outcomes a rule can end with at all, whatever people answer and whoever they are."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from socialbpm.policies.deciding import BY_VERDICT
from socialbpm.policies.declared import POLICIES, vetoes_needed
from socialbpm.policies.findings import Found
from socialbpm.policies.rule import Rule

_ALWAYS_BROKEN = ("option_order", "status_quo")
"""Tie rules that leave one choice or none."""


def possible(rule: Rule) -> frozenset[str]:
    """The outcomes that some answers lead to.

    Of a policy that is not described below, all: one too many does no harm, one too few would hide it.
    """
    found = _FINDS.get(rule.policy, _anything)(rule) - {Found.VETOED}
    if rule.quorum is not None or rule.group_quorum or rule.abstain:
        found = found | {Found.TOO_FEW}
    if vetoes_needed(rule) is not None:
        found = found | {Found.VETOED}
    return frozenset({_nobody(rule)}.union(*(_OUTCOMES[each](rule) for each in found)))


def _nobody(rule: Rule) -> str:
    if POLICIES[rule.policy].silence_passes:
        return "passed"
    return {"verdict": "expired", "consent": "no_quorum"}.get(rule.ballot, "no_votes")


def _anything(rule: Rule) -> set[Found]:
    return set(Found)


def _of_a_bar(rule: Rule) -> set[Found]:
    """Nothing is level with an approval: a review seeks nothing else, a poll any of its choices."""
    return set(Found) - (set() if rule.sought == rule.keys else {Found.TIED})


def _threshold(rule: Rule) -> set[Found]:
    """Any ballots meet a share of the votes, or miss it; a share of the roll can be out of reach."""
    return _of_a_bar(rule) - (set() if rule.share_of == "roll" or rule.min_plus else {Found.TOO_FEW})


def _best(rule: Rule) -> set[Found]:
    return {Found.CARRIED, Found.TIED}


_FINDS: Mapping[str, Callable[[Rule], set[Found]]] = {
    "first_response": lambda rule: {Found.CARRIED},
    "unanimous": _of_a_bar,
    "n_of_m": _of_a_bar,
    "threshold": _threshold,
    "supermajority": _threshold,
    "plurality": _best,
    "approval": _best,
    "borda": _best,
    "instant_runoff": _best,
    "schulze": _best,
    "veto": _of_a_bar,
    "lazy_consensus": lambda rule: {Found.CARRIED},
    "consensus_approval": _of_a_bar,
}


def _carried(rule: Rule) -> set[str]:
    """A policy that seeks approval carries nothing else."""
    if not rule.review:
        return {"passed" if rule.ballot == "consent" else "decided"}
    return set(BY_VERDICT.values()) if rule.policy in ("first_response", "plurality") else {"approved"}


def _tied(rule: Rule) -> set[str]:
    if rule.tie == "status_quo":
        return {"rejected" if rule.review else "undecided"}
    broken = set(BY_VERDICT.values()) if rule.review else {"decided"}
    always = rule.tie in _ALWAYS_BROKEN and not rule.abstain  # nothing breaks a tie of abstentions
    return broken | (set() if always else {"tie"})


def _failed(rule: Rule) -> set[str]:
    if rule.ballot == "consent":
        return {"no_quorum"}
    return {"changes_requested", "rejected"} if rule.review else {"undecided"}


def _too_few(rule: Rule) -> set[str]:
    return {"no_quorum"}


def _vetoed(rule: Rule) -> set[str]:
    return {"rejected"} if rule.review else {"vetoed"}


_OUTCOMES: Mapping[Found, Callable[[Rule], set[str]]] = {
    Found.CARRIED: _carried,
    Found.TIED: _tied,
    Found.FAILED: _failed,
    Found.TOO_FEW: _too_few,
    Found.VETOED: _vetoed,
}
