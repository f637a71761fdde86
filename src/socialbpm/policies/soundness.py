"""Is a rule sound, and can the roll meet it? Asked by the model check, and again when a request opens."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from difflib import get_close_matches
from fractions import Fraction
from functools import lru_cache

from socialbpm.policies.deciding import CLOSES
from socialbpm.policies.declared import LATER, POLICIES, vetoes_needed
from socialbpm.policies.parts import NOTHING
from socialbpm.policies.phrases import number
from socialbpm.policies.ranked.rankings import RESERVED
from socialbpm.policies.rule import BALLOTS, Rule
from socialbpm.policies.ties import TIES
from socialbpm.responses import ABSTAIN

_SEVERAL = ("multiple", "ranked")


def problems(
    rule: Rule,
    roll_size: int | None = None,
    roll: Mapping[str, Fraction] | None = None,
    groups: Mapping[str, frozenset[str]] | None = None,
) -> list[str]:
    """Each problem as a phrase with its remedy. What is None is not known yet and not judged.

    ``roll`` is each person's weight, ``groups`` those that each person is in; when only ``roll_size`` is
    known, each person weighs 1.
    """
    unknown = [*_unknown_names(rule), *(() if groups is None else _unknown_groups(rule, groups))]
    if unknown:
        return unknown
    if roll is not None and groups is not None:
        roll = {person: weight for person, weight in roll.items() if rule.binds(groups[person])}
    size = roll_size if roll is None else len(roll)
    if size == 0:
        return ["nobody may answer: the roll is empty; name reviewers or voters who are in the community"]
    reach = () if size is None else _reach(rule, size, size if roll is None else sum(roll.values(), NOTHING))
    return [*_unsound(rule), *_casting(rule, roll), *reach]


@lru_cache(maxsize=256)
def _unsound(rule: Rule) -> tuple[str, ...]:
    """What makes no sense whoever may answer. Kept: every request of a task asks."""
    return (
        *_ballots(rule),
        *_parameters(rule),
        *_quorums(rule),
        *_vetoes(rule),
        *_closing(rule),
        *_ties(rule),
    )


def _unknown_names(rule: Rule) -> Iterator[str]:
    if rule.policy in LATER:
        yield f"policy '{rule.policy}' is not yet in this version; use {', '.join(POLICIES)}"
    elif rule.policy not in POLICIES:
        yield _unknown("policy", rule.policy, POLICIES)
    if rule.ballot not in BALLOTS:
        yield _unknown("ballot", rule.ballot, BALLOTS)
    if rule.tie not in TIES:
        yield _unknown("tie", rule.tie, TIES)
    if rule.close not in CLOSES:
        yield _unknown("close", rule.close, CLOSES)


def _unknown_groups(rule: Rule, groups: Mapping[str, frozenset[str]]) -> Iterator[str]:
    """A group of which nobody is on the roll, or fewer than its quorum."""
    there = [name for each in groups.values() for name in each]
    for name in sorted(rule.binding.union(rule.group_quorum)):
        needed = rule.group_quorum.get(name, 1)
        if name not in there:
            near = get_close_matches(name, sorted(set(there)), 1)
            remedy = f"did you mean '{near[0]}'?" if near else "put somebody in it, or use another name"
            yield f"nobody who may answer is in a group '{name}'; {remedy}"
        elif there.count(name) < needed:
            yield (
                f"the quorum of group '{name}' is {needed}, and {there.count(name)} of it may answer; "
                "lower it or add people"
            )


def _ballots(rule: Rule) -> Iterator[str]:
    decides = POLICIES[rule.policy].ballots
    if rule.ballot not in decides:
        kinds = " or ".join(kind for kind in BALLOTS if kind in decides)
        yield f"policy '{rule.policy}' decides no {rule.ballot} ballots; it is for {kinds} ballots"
    for key in rule.keys:
        if rule.ballot == "ranked" and not RESERVED.isdisjoint(key):
            yield f"the key '{key}' cannot be ranked: > = | stand between keys; use other letters"
        if rule.abstain and key == ABSTAIN:
            yield f"the key '{ABSTAIN}' is what an abstention is called; use another key"
    if rule.abstain and rule.policy == "first_response":
        yield 'first_response is decided by one answer, and abstaining decides nothing; remove abstain="true"'
    yield from _limits(rule)


def _limits(rule: Rule) -> Iterator[str]:
    least, most = rule.minimum, rule.maximum
    for name, limit in (("minimum", least), ("maximum", most)):
        if limit is not None and rule.ballot not in _SEVERAL:
            yield f"{name} is about ballots that name several choices, and these name one; remove {name}"
        elif limit is not None and limit < 1:
            yield f"{name} is {limit}; it must be at least 1"
        elif limit is not None and rule.choices and limit > len(rule.choices):
            yield f"{name} is {limit}, and there are {len(rule.choices)} choices; lower it"
    if least is not None and most is not None and least > most:
        yield f"minimum {least} is above maximum {most}; no ballot could be valid: swap them"


def _parameters(rule: Rule) -> Iterator[str]:
    policy = POLICIES[rule.policy]
    given = {
        "n": rule.n,
        "threshold": rule.threshold,
        "minPlus": rule.min_plus,
        "strict": rule.strict or None,
    }
    for name, value in given.items():
        if value is None and name in policy.needs:
            yield f"policy '{rule.policy}' needs {name}; add {name}=\"…\""
        if value is not None and name not in policy.parameters:
            yield f"policy '{rule.policy}' takes no {name}; remove it{_takers(rule, name)}"
    for name, amount in (("n", rule.n), ("minPlus", rule.min_plus)):
        if amount is not None and amount < 1:
            yield f"{name} is {amount}; it must be at least 1"
    if rule.threshold is not None and not 0 < rule.threshold <= 1:
        yield f"threshold is {rule.threshold}; it must be above 0 and at most 1 (100%)"
    if rule.strict and rule.threshold == 1:
        yield "nothing is more than 100%; remove strict, or lower the threshold"


def _takers(rule: Rule, parameter: str) -> str:
    """The policies for such ballots that take a parameter: one of them may have been meant."""
    names = [
        name
        for name, each in POLICIES.items()
        if parameter in each.parameters and rule.ballot in each.ballots
    ]
    return f", or use {' or '.join(names)}" if names else ""


def _quorums(rule: Rule) -> Iterator[str]:
    if rule.quorum is not None and not _sensible(rule.quorum):
        yield f"quorum is {rule.quorum}; give a number of people, at least 1, or a share up to 100%"
    for name, needed in rule.group_quorum.items():
        if needed < 1:
            yield f"the quorum of group '{name}' is {needed}; give at least 1, or leave the group out"
    asked = "quorum" if rule.quorum is not None else "groupQuorum" if rule.group_quorum else ""
    if asked and rule.policy == "lazy_consensus":
        yield f"lazy_consensus passes by silence and takes no {asked}; use consensus_approval or remove it"
    if asked and rule.policy == "first_response":
        yield f"first_response is decided by one answer and takes no {asked}; remove the {asked}"


def _sensible(quorum: int | Fraction) -> bool:
    return 0 < quorum <= 1 if isinstance(quorum, Fraction) else quorum >= 1


def _vetoes(rule: Rule) -> Iterator[str]:
    if rule.vetoes is None:
        return
    if rule.ballot not in ("verdict", "consent"):
        yield "vetoes stop a proposal, and a poll makes none; remove vetoes, or use seekConsent"
    if rule.vetoes < 1:
        yield f"vetoes is {rule.vetoes}; it must be at least 1"


def _closing(rule: Rule) -> Iterator[str]:
    policy = POLICIES[rule.policy]
    if rule.close == "decided" and not rule.final:
        yield 'close="decided" is sound only if answers cannot be changed; add ballots="final"'
    if rule.close == "decided" and rule.ballot == "text":
        yield 'close="decided" needs choices that are known; where people write texts, write close="deadline"'
    if rule.policy == "lazy_consensus" and rule.close != "deadline":
        yield 'lazy_consensus is passed by silence until its end; write close="deadline"'
    if rule.policy == "first_response" and rule.close == "deadline":
        yield 'first_response does not wait for a deadline; write close="first_crossing"'
    hasty = rule.quorum is None and not rule.group_quorum and policy.one_ballot_carries(rule)
    if rule.close == "first_crossing" and hasty:
        yield (
            f"policy '{rule.policy}' closed at its first crossing is decided by the very first answer; "
            + ('write of="roll", ' if "of" in policy.parameters else "")
            + 'add a quorum or write close="deadline"'
        )


def _ties(rule: Rule) -> Iterator[str]:
    if rule.tie == "earliest_to_reach" and POLICIES[rule.policy].keeps is not None:
        yield (
            f'tie="earliest_to_reach" asks which total was reached first, and {rule.policy} compares whole '
            f"rankings; use {', '.join(name for name in TIES if name != rule.tie)}"
        )


def _casting(rule: Rule, roll: Collection[str] | None) -> Iterator[str]:
    if rule.tie == "casting_vote" and not rule.casting_vote:
        yield 'tie="casting_vote" needs the person who has it; add castingVote="…"'
    if rule.casting_vote and rule.tie != "casting_vote":
        yield 'castingVote is used only with tie="casting_vote"; add that or remove castingVote'
    if rule.casting_vote and roll is not None and rule.casting_vote not in roll:
        yield f"'{rule.casting_vote}' has the casting vote but may not answer; put that person on the roll"


def _reach(rule: Rule, size: int, weight: Fraction | int) -> Iterator[str]:
    usual = POLICIES[rule.policy].takes.get("minPlus")
    for name, amount in (("n", rule.n), ("minPlus", rule.min_plus or usual)):
        if isinstance(amount, int) and amount > weight:
            whole = f"the whole roll has {number(weight)} votes"
            yield f"{name}={amount} can never be met: {whole}; lower {name} or add people"
    if isinstance(rule.quorum, int) and rule.quorum > size:
        yield f"quorum {rule.quorum} can never be met: {size} people may answer; lower it or add people"
    vetoes = vetoes_needed(rule)
    if vetoes is not None and vetoes > size:
        yield f"{vetoes} vetoes can never come: {size} people may answer; lower vetoes"


def _unknown(what: str, name: str, known: Collection[str]) -> str:
    near = get_close_matches(name, known, 1)
    remedy = f"did you mean '{near[0]}'?" if near else f"use {', '.join(known)}"
    return f"{what} '{name}' is unknown; {remedy}"
