"""Is a rule sound, and can the roll meet it? Asked by the model check, and again when a request opens."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from difflib import get_close_matches
from fractions import Fraction

from socialbpm.policies.counts import NOTHING
from socialbpm.policies.deciding import CLOSES
from socialbpm.policies.declared import LATER, POLICIES
from socialbpm.policies.explanations import number
from socialbpm.policies.rule import Rule
from socialbpm.policies.ties import TIES


def problems(
    rule: Rule, roll_size: int | None = None, roll: Mapping[str, Fraction] | None = None
) -> list[str]:
    """Each problem as a phrase with its remedy. What is None is not known yet and not judged.

    ``roll`` is each person's weight; when only ``roll_size`` is known, each person weighs 1.
    """
    unknown = list(_unknown_names(rule))
    if unknown:
        return unknown
    size = roll_size if roll is None else len(roll)
    if size == 0:
        return ["nobody may answer: the roll is empty; name reviewers or voters who are in the community"]
    reach = () if size is None else _reach(rule, size, size if roll is None else sum(roll.values(), NOTHING))
    return [*_parameters(rule), *_closing(rule), *_casting(rule, roll), *reach]


def _unknown_names(rule: Rule) -> Iterator[str]:
    if rule.policy in LATER:
        yield f"policy '{rule.policy}' is not yet in this version; use {', '.join(POLICIES)}"
    elif rule.policy not in POLICIES:
        yield _unknown("policy", rule.policy, POLICIES)
    if rule.tie not in TIES:
        yield _unknown("tie", rule.tie, TIES)
    if rule.close not in CLOSES:
        yield _unknown("close", rule.close, CLOSES)


def _parameters(rule: Rule) -> Iterator[str]:
    takes = POLICIES[rule.policy].takes
    for name, value in (("n", rule.n), ("threshold", rule.threshold)):
        if value is None and name in takes:
            yield f"policy '{rule.policy}' needs {name}; add {name}=\"…\""
        if value is not None and name not in takes:
            yield f"policy '{rule.policy}' takes no {name}; remove it"
    if rule.n is not None and rule.n < 1:
        yield f"n is {rule.n}; it must be at least 1"
    if rule.threshold is not None and not 0 < rule.threshold <= 1:
        yield f"threshold is {rule.threshold}; it must be above 0 and at most 1 (100%)"
    if rule.quorum is not None and not _sensible(rule.quorum):
        yield f"quorum is {rule.quorum}; give a number of people, at least 1, or a share up to 100%"


def _sensible(quorum: int | Fraction) -> bool:
    return 0 < quorum <= 1 if isinstance(quorum, Fraction) else quorum >= 1


def _closing(rule: Rule) -> Iterator[str]:
    if rule.close == "decided" and not rule.final:
        yield 'close="decided" is sound only if answers cannot be changed; add ballots="final"'
    if rule.policy == "first_response" and rule.close == "deadline":
        yield 'first_response does not wait for a deadline; write close="first_crossing"'
    if rule.policy == "first_response" and rule.quorum is not None:
        yield "first_response is decided by one answer and takes no quorum; remove the quorum"
    hasty = rule.quorum is None and POLICIES[rule.policy].one_ballot_carries(rule)
    if rule.close == "first_crossing" and hasty:
        yield (
            f"policy '{rule.policy}' closed at its first crossing is decided by the very first answer; "
            + ('write of="roll", ' if "threshold" in POLICIES[rule.policy].takes else "")
            + 'add a quorum or write close="deadline"'
        )


def _casting(rule: Rule, roll: Collection[str] | None) -> Iterator[str]:
    if rule.tie == "casting_vote" and not rule.casting_vote:
        yield 'tie="casting_vote" needs the person who has it; add castingVote="…"'
    if rule.casting_vote and rule.tie != "casting_vote":
        yield 'castingVote is used only with tie="casting_vote"; add that or remove castingVote'
    if rule.casting_vote and roll is not None and rule.casting_vote not in roll:
        yield f"'{rule.casting_vote}' has the casting vote but may not answer; put that person on the roll"


def _reach(rule: Rule, size: int, weight: Fraction | int) -> Iterator[str]:
    if rule.n is not None and rule.n > weight:
        yield f"n={rule.n} can never be met: the whole roll has {number(weight)} votes; lower n or add people"
    if isinstance(rule.quorum, int) and rule.quorum > size:
        yield f"quorum {rule.quorum} can never be met: {size} people may answer; lower it or add people"


def _unknown(what: str, name: str, known: Collection[str]) -> str:
    near = get_close_matches(name, known, 1)
    remedy = f"did you mean '{near[0]}'?" if near else f"use {', '.join(known)}"
    return f"{what} '{name}' is unknown; {remedy}"
