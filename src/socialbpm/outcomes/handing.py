"""The delegations around some people of a request: who stands behind them, and up the chains from them.

Read in a fixed number of statements, whose work is in proportion to the people that they find.
"""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

from sqlalchemy import CTE, ColumnElement, Connection, Row, Select, bindparam, select, union

from socialbpm.outcomes.ballots import Delegations, Held, Vote
from socialbpm.responses import Standing
from socialbpm.store.tables import event, response, voter


def around(
    conn: Connection, request: str, movers: Collection[str], delegates: Collection[str]
) -> Delegations:
    """The answers that stand of all these, of those before them, and of those behind ``movers``; their votes.

    Who stands behind a delegate matters only when the delegate moves.
    """
    people = {*movers, *delegates}
    named = {"of_request": request, "people": sorted(people), "movers": sorted(movers)}
    rows = conn.execute(_HELD, named).all()
    everybody = sorted({*people, *(row.person for row in rows), *(row.delegate for row in rows)} - {None})
    votes = conn.execute(_VOTES, {"of_request": request, "people": everybody}).all()
    return Delegations(
        held={row.person: _held(row) for row in rows},
        votes={row.person: Vote.of(row.weight, row.groups) for row in votes},
    )


def _held(row: Row[Any]) -> Held:
    return Held(
        seq=row.seq,
        choices=tuple(dict.fromkeys(row.choices)),
        reasoned=bool(row.comment.strip()),
        delegate=row.delegate or "",
        advisory=row.standing == Standing.INELIGIBLE,
    )


def _standing(*columns: Any) -> Select[Any]:
    return (
        select(*columns)
        .join_from(response, event, event.c.seq == response.c.seq)
        .where(response.c.request == bindparam("of_request"), response.c.stands == 1)
    )


def _next(request: ColumnElement[str], *columns: Any) -> Select[Any]:
    """The step of a chain. Bound to what was found, lest SQLite begin with all answers of the request."""
    return (
        select(*columns)
        .join_from(response, event, event.c.seq == response.c.seq)
        .where(response.c.request == request, response.c.stands == 1)
    )


def _from_people(name: str) -> CTE:
    return (
        _standing(response.c.request, response.c.person, event.c.delegate)
        .where(response.c.person.in_(bindparam("people", expanding=True)))
        .cte(name, recursive=True)
    )


def _behind() -> CTE:
    """Those who handed their ballots to the people, and so on down."""
    first = (
        _standing(response.c.request, response.c.person)
        .where(
            event.c.delegate.in_(bindparam("movers", expanding=True)),
            event.c.request == bindparam("of_request"),
        )
        .cte("behind", recursive=True)
    )
    return first.union(
        _next(first.c.request, response.c.request, response.c.person).where(
            event.c.delegate == first.c.person, event.c.request == first.c.request
        )
    )


def _before() -> CTE:
    """The people themselves, those to whom they handed their ballots, and so on up."""
    first = _from_people("before")
    return first.union(
        _next(first.c.request, response.c.request, response.c.person, event.c.delegate).where(
            response.c.person == first.c.delegate
        )
    )


_FOUND = union(select(_behind().c.person), select(_before().c.person)).subquery("found")
_HELD = _standing(
    response.c.seq, response.c.person, response.c.standing, event.c.choices, event.c.comment, event.c.delegate
).where(response.c.person.in_(select(_FOUND.c.person)))
_VOTES = select(voter.c.person, voter.c.weight, voter.c.groups).where(
    voter.c.request == bindparam("of_request"), voter.c.person.in_(bindparam("people", expanding=True))
)
