"""Which outcomes a rule can end with at all, whatever people answer and whoever they are."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from socialbpm.policies.deciding import BY_VERDICT
from socialbpm.policies.declared import Found
from socialbpm.policies.rule import Rule

_ALWAYS_BROKEN = ("option_order", "status_quo")
"""Tie rules that leave one choice or none."""


def possible(rule: Rule) -> frozenset[str]:
    """The outcomes that some answers lead to.

    Of a policy that is not described below, all: one too many does no harm, one too few would hide it.
    """
    nobody = "expired" if rule.review else "no_votes"
    found = _FINDS.get(rule.policy, _anything)(rule)
    if rule.quorum is not None:
        found = found | {Found.TOO_FEW}
    return frozenset({nobody}.union(*(_OUTCOMES[each](rule) for each in found)))


def _anything(rule: Rule) -> set[Found]:
    return set(Found)


def _of_a_bar(rule: Rule) -> set[Found]:
    """Nothing is level with an approval: a review seeks nothing else, a poll any of its choices."""
    return set(Found) - ({Found.TIED} if rule.review else set())


def _threshold(rule: Rule) -> set[Found]:
    """Any ballots meet a share of the votes, or miss it; a share of the roll can be out of reach."""
    return _of_a_bar(rule) - (set() if rule.share_of == "roll" else {Found.TOO_FEW})


_FINDS: Mapping[str, Callable[[Rule], set[Found]]] = {
    "first_response": lambda rule: {Found.CARRIED},
    "unanimous": _of_a_bar,
    "n_of_m": _of_a_bar,
    "threshold": _threshold,
    "plurality": lambda rule: {Found.CARRIED, Found.TIED},
}


def _carried(rule: Rule) -> set[str]:
    """A policy that seeks approval carries nothing else."""
    if not rule.review:
        return {"decided"}
    return set(BY_VERDICT.values()) if rule.policy in ("first_response", "plurality") else {"approved"}


def _tied(rule: Rule) -> set[str]:
    if rule.tie == "status_quo":
        return {"rejected" if rule.review else "undecided"}
    return _carried(rule) | (set() if rule.tie in _ALWAYS_BROKEN else {"tie"})


def _failed(rule: Rule) -> set[str]:
    return {"changes_requested", "rejected"} if rule.review else {"undecided"}


def _too_few(rule: Rule) -> set[str]:
    return {"no_quorum"}


_OUTCOMES: Mapping[Found, Callable[[Rule], set[str]]] = {
    Found.CARRIED: _carried,
    Found.TIED: _tied,
    Found.FAILED: _failed,
    Found.TOO_FEW: _too_few,
}
