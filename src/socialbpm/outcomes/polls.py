"""Votes that platforms' own polls have counted, and that name nobody: a sum beside the ballots.

They decide nothing, unless the model says that they are binding; then they are added at the close, and the
explanation says how many they are.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import replace
from fractions import Fraction

from sqlalchemy import Connection, bindparam, select, update

from socialbpm.policies import Count, Rule, decide
from socialbpm.responses import Outcome
from socialbpm.store.tables import request, tally


def sum_up(conn: Connection, request_id: str) -> dict[str, int]:
    """The votes per choice over all posts of a request; kept beside it."""
    total: Counter[str] = Counter()
    for counts in conn.execute(_TALLIES, {"of_request": request_id}).scalars():
        total.update({key: number for key, number in counts.items() if number > 0})
    conn.execute(_KEEP, {"of_id": request_id, "sums": dict(total)})
    return dict(total)


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


_TALLIES = select(tally.c.counts).where(tally.c.request == bindparam("of_request"))
_KEEP = update(request).where(request.c.id == bindparam("of_id")).values(tallies=bindparam("sums"))
