"""Votes that platforms' own polls have counted, and that name nobody: a sum beside the ballots.

They decide nothing, unless the model says that they are binding; then they are added at the close, and the
explanation says how many they are.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from fractions import Fraction

from sqlalchemy import Connection

from socialbpm.inbox.tallies import sum_up
from socialbpm.policies import Count, Rule, decide
from socialbpm.responses import Outcome


def decided(conn: Connection, request_id: str, rule: Rule, count: Count) -> Outcome | None:
    """The outcome at the close where such votes are binding: ballots and votes together."""
    votes = {key: number for key, number in sum_up(conn, request_id).items() if key in rule.keys}
    outcome = decide(rule, added(count, votes), closing=True)
    return outcome and owned_up(outcome, votes)


def added(count: Count, votes: Mapping[str, int]) -> Count:
    """The count with these votes, each of somebody unknown who weighs 1."""
    for key, number in votes.items():
        count = count.cast((), (key,), Fraction(number), count.seq, people=number)
    return count


def owned_up(outcome: Outcome, votes: Mapping[str, int]) -> Outcome:
    """The outcome, saying how many of its votes name nobody."""
    number = sum(votes.values())
    if not number:
        return outcome
    said = f"; {number} of the votes are from polls that name nobody"
    return replace(outcome, explanation=outcome.explanation + said)
