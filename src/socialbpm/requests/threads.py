"""Which earlier posts of the same run a new request edits, answers, or is the next round of."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, Row, bindparam, exists, func, or_, select

from socialbpm.outbox.deliveries import Action, Purpose, State
from socialbpm.posts import Destination
from socialbpm.store.prepared import Prepared
from socialbpm.store.tables import delivery, request

RECENT = 50
"""How many earlier requests of an element are looked at."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Earlier:
    """A post of an earlier request: the delivery that created it, and the number of the next write to it."""

    create: str
    next_seq: int


def next_round(conn: Connection, key: str, run: str, element: str) -> int | None:
    """The number of the next request of ``element`` in this run; None if the one with this key is there."""
    found = _LAST_ROUND.rows(conn, of_key=key, of_run=run, of_element=element).one()
    return None if found.known else 1 + (found.last or 0)


def latest(conn: Connection, run: str, element: str, but: str) -> Mapping[Destination, Earlier]:
    """The posts of the latest request of ``element`` in this run but this one, by destination."""
    rows = [row for row in _requests(conn, run, element) if row.id != but]
    return _posts(conn, rows[0].id) if rows else {}


def round_before(
    conn: Connection, run: str, element: str, address: str, but: str
) -> Mapping[Destination, Earlier]:
    """The posts of the previous round: the latest request at the same place of the diagram.

    What stands before the ``~`` of an ``address`` says where in the diagram, with the number of the instance
    of a multi-instance but not of the round; what follows it is the whole way, rounds included.
    """
    rows, place = _requests(conn, run, element), address.partition("~")[0]
    before = [row for row in rows if row.id != but and row.address.partition("~")[0] == place]
    return _posts(conn, before[0].id) if before else {}


def _requests(conn: Connection, run: str, element: str) -> Sequence[Row[Any]]:
    """The latest first."""
    return _REQUESTS.rows(conn, of_run=run, of_element=element, most=RECENT).all()


def _posts(conn: Connection, request_id: str) -> dict[Destination, Earlier]:
    found = {}
    for row in conn.execute(_POSTS, {"of_request": request_id}).all():
        create = row.id if row.action == Action.CREATE else row.creates
        seq = _LAST_SEQ.rows(conn, create=create).scalar() or 0
        found[Destination(channel=row.channel, room=row.room)] = Earlier(create=create, next_seq=seq + 1)
    return found


_REQUESTS = Prepared(
    select(request.c.id, request.c.address)
    .where(request.c.run == bindparam("of_run"), request.c.element == bindparam("of_element"))
    .order_by(request.c.round.desc())
    .limit(bindparam("most"))
)
_POSTS = select(
    delivery.c.id, delivery.c.action, delivery.c.creates, delivery.c.channel, delivery.c.room
).where(
    delivery.c.request == bindparam("of_request"),
    delivery.c.purpose == Purpose.OPEN,
    or_(
        delivery.c.action == Action.EDIT,
        delivery.c.state.not_in([State.REJECTED, State.SKIPPED]),
    ),
)
_KNOWN = exists(request.c.id).where(request.c.id == bindparam("of_key"))
_LAST = select(func.max(request.c.round)).where(
    request.c.run == bindparam("of_run"), request.c.element == bindparam("of_element")
)
_LAST_ROUND = Prepared(select(_LAST.scalar_subquery().label("last"), _KNOWN.label("known")))
_LAST_SEQ = Prepared(
    select(func.max(delivery.c.seq)).where(
        or_(delivery.c.id == bindparam("create"), delivery.c.creates == bindparam("create"))
    )
)
