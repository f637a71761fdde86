"""The empty count of a request, made to keep what its rule will look at and nothing else."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from fractions import Fraction
from typing import Protocol

from socialbpm.policies.counts import Count
from socialbpm.policies.declared import POLICIES, vetoes_needed
from socialbpm.policies.groups import Groups
from socialbpm.policies.parts import Part
from socialbpm.policies.rule import Rule
from socialbpm.policies.vetoes import Vetoes


class Voter(Protocol):
    """A person on a roll, as far as a count is concerned."""

    @property
    def weight(self) -> Fraction:
        """How much the person's ballot weighs; above 0."""
        ...

    @property
    def groups(self) -> frozenset[str]:
        """The groups that the person is in."""
        ...


def opening(rule: Rule, voters: Iterable[Voter] | None) -> Count:
    """The count before the first answer; ``voters`` are the roll, None if anybody may answer.

    On the roll of the count are those whose votes are binding. The others' answers are advisory
    (``Count.advise``).
    """
    if voters is None:
        return _with_parts(rule, Count(), ())
    binding = [voter for voter in voters if rule.binds(voter.groups)]
    return _with_parts(rule, Count.of_roll(voter.weight for voter in binding), [v.groups for v in binding])


def joined(rule: Rule, count: Count, voters: Iterable[Voter]) -> Count:
    """The count once these people are on the roll, too, who have not answered; an open one stays as it is."""
    more = opening(rule, voters)
    if count.roll is None or count.roll_weight is None or more.roll is None or more.roll_weight is None:
        return count
    parts = dict(count.parts)
    if rule.group_quorum:
        old, new = count.part(Groups), more.part(Groups)
        parts[Groups.NAME] = replace(old, roll={name: old.roll[name] + new.roll[name] for name in old.roll})
    roll_weight = count.roll_weight + more.roll_weight
    return replace(count, roll=count.roll + more.roll, roll_weight=roll_weight, parts=parts)


def _with_parts(rule: Rule, count: Count, groups: Iterable[frozenset[str]]) -> Count:
    kept = POLICIES[rule.policy].keeps
    parts: list[Part] = [] if kept is None else [kept.of(rule.keys)]
    if vetoes_needed(rule) is not None:
        parts.append(Vetoes())
    if rule.group_quorum:
        parts.append(Groups.of_roll(rule.group_quorum, groups))
    return replace(count, ranked=rule.ballot == "ranked", parts={part.NAME: part for part in parts})
