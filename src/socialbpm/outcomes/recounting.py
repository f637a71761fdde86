"""The independent recount of a request: from the audit alone, and again from what was received.

Nothing of the running count is used. What disagrees is said; nothing is mended.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, Row, bindparam, func, select

from socialbpm import policies, tasks
from socialbpm.errors import NotFound
from socialbpm.outcomes.ballots import NONE, Delegations, Held, Vote
from socialbpm.outcomes.standings import vote_of
from socialbpm.policies import Count, Rule
from socialbpm.responses import Standing
from socialbpm.store import flush
from socialbpm.store.tables import audit, event, request, response, voter
from socialbpm.tasks import Asking

PREFIX = "response."
ORDERED = ("first_response",)
"""Policies whose outcome depends on the order of answers, which the ballots that stand do not tell."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Recount:
    """``received`` responses have ``standings``, by name; ``pending`` ones are not counted yet.

    ``counts`` is the number of people per choice. ``problems`` says what disagrees; none: all is right.
    """

    received: int
    pending: int
    standings: Mapping[str, int]
    counts: Mapping[str, int]
    problems: tuple[str, ...] = ()


def recount(conn: Connection, request_id: str) -> Recount:
    """Count a request anew. Raises NotFound."""
    flush(conn)
    row = conn.execute(_REQUEST, {"of_id": request_id}).first()
    if row is None:
        raise NotFound(f"there is no request '{request_id}'")
    received = conn.execute(_RECEIVED, {"of_request": request_id}).scalar_one()
    answers = conn.execute(_ANSWERS, {"of_request": request_id}).all()
    entries = conn.execute(_AUDIT, {"of_run": row.run, "of_request": request_id, "kinds": PREFIX + "%"}).all()
    told = by_audit((entry.kind, entry.facts["seq"]) for entry in entries)
    count = _count(conn, row, answers)
    found = Counter(answer.standing for answer in answers)
    problems = [
        *_unlike("the audit", told, found),
        *_unlike("the figures beside the request", Counter(row.standings), found),
        *(["the standings do not sum to what was received"] if found.total() != len(answers) else []),
        *_twice(answers),
        *(() if count is None else _miscounted(row, count)),
    ]
    return Recount(
        received=received,
        pending=received - len(answers),
        standings={standing.value: found[standing] for standing in Standing},
        counts={} if count is None else count.heads,
        problems=tuple(problems),
    )


def by_audit(entries: Iterable[tuple[str, int]]) -> Counter[str]:
    """How many responses have which standing, from entries (kind, number of the response) in their order.

    Pure. The last word about a response holds.
    """
    last = {seq: kind.removeprefix(PREFIX) for kind, seq in entries}
    return Counter(last.values())


def _unlike(whose: str, told: Counter[str], found: Counter[str]) -> list[str]:
    words = [standing.value for standing in Standing if told[standing] != found[standing]]
    return [f"{whose} says {told[word]} {word}, there are {found[word]}" for word in words]


def _twice(answers: Sequence[Row[Any]]) -> list[str]:
    ballots = Counter(each.person for each in answers if each.standing == Standing.ACCEPTED)
    return [f"{person!r} has {number} ballots" for person, number in ballots.items() if number > 1]


def _count(conn: Connection, row: Row[Any], answers: Sequence[Row[Any]]) -> Count | None:
    """The count of the ballots that stand, each cast once, in order; None where nothing is asked."""
    task = tasks.load(row.task)
    if not isinstance(task, Asking):
        return None
    rows = conn.execute(_ROLL, {"of_request": row.id}).all()
    roll = {each.person: Vote.of(each.weight, each.groups) for each in rows}
    rule, count = Rule.of(task), None if task.electorate == "open" else list(roll.values())
    total = policies.opening(rule, count)
    held = {each.person: _held(each) for each in answers if each.stands}
    graph = Delegations(held={name: each for name, each in held.items() if not each.advisory})
    for person, each in held.items():
        if each.advisory:
            total = total.advise((), each.choices)
            continue
        ballot, vote = graph.effective(person), roll.get(person, vote_of(None, None))
        casting = person == rule.casting_vote
        more = {"groups": vote.groups, "casting": casting, "reasoned": ballot.reasoned}
        total = total.cast(NONE.choices, ballot.choices, vote.weight, each.seq, **more)
    return total


def _held(answer: Row[Any]) -> Held:
    return Held(
        seq=answer.seq,
        choices=tuple(dict.fromkeys(answer.choices)),
        reasoned=answer.comment != "",
        delegate=answer.delegate or "",
        advisory=answer.standing == Standing.INELIGIBLE,
    )


def _miscounted(row: Row[Any], count: Count) -> Iterable[str]:
    """Where the running count, or the outcome, is another than the ballots give."""
    kept = Count.load(row.counted)
    if (kept.ballots, kept.heads, kept.advisory) != (count.ballots, count.heads, count.advisory):
        yield f"the running count says {dict(kept.heads)}, the ballots say {dict(count.heads)}"
    sealed = row.task.get("secrecy") == "pseudonymous"  # whose weight it was is known to nobody
    if not sealed and (kept.weight, kept.totals) != (count.weight, count.totals):
        yield "the running count has other weights than the ballots"
    mixed = row.task.get("tallies") == "binding"  # votes that name nobody were added
    told = {} if mixed else (row.outcome or {}).get("counts", {})
    if any(count.heads.get(key, 0) != number for key, number in told.items()):
        yield f"the outcome says {told}, the ballots say {dict(count.heads)}"
    yield from () if sealed or not told else _decided_otherwise(row, count)


def _decided_otherwise(row: Row[Any], count: Count) -> Iterable[str]:
    """Where the same ballots would decide something else, if that does not depend on their order."""
    task = tasks.load(row.task)
    if not isinstance(task, Asking) or task.close != "deadline":
        return
    rule = Rule.of(task)
    if rule.policy in ORDERED or rule.tie == "earliest_to_reach":
        return
    outcome = policies.decide(rule, count, closing=True)
    if outcome is not None and (outcome.outcome, list(outcome.winners)) != (
        row.outcome["outcome"],
        row.outcome["winners"],
    ):
        yield f"the outcome is {row.outcome['outcome']}, the ballots decide {outcome.outcome}"


_REQUEST = select(request).where(request.c.id == bindparam("of_id"))
_RECEIVED = select(func.count()).select_from(event).where(event.c.request == bindparam("of_request"))
_ANSWERS = (
    select(response, event.c.choices, event.c.comment, event.c.delegate)
    .join(event, event.c.seq == response.c.seq)
    .where(response.c.request == bindparam("of_request"))
    .order_by(response.c.seq)
)
_ROLL = select(voter.c.person, voter.c.weight, voter.c.groups).where(
    voter.c.request == bindparam("of_request")
)
_AUDIT = (
    select(audit.c.kind, audit.c.facts)
    .where(
        audit.c.run == bindparam("of_run"),
        audit.c.request == bindparam("of_request"),
        audit.c.kind.like(bindparam("kinds")),
    )
    .order_by(audit.c.seq)
)
