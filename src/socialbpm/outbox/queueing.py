"""Whose turn it is among the writes to one post: the create first, then the newest edit, one at a time."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Row, bindparam, or_, select, update

from socialbpm.engines.work import Work
from socialbpm.outbox.deliveries import Action, Purpose, State, Write
from socialbpm.posts import Receipt
from socialbpm.store.prepared import Prepared
from socialbpm.store.tables import delivery

GONE = (State.REJECTED, State.SKIPPED)
ON_ITS_WAY = (State.PREPARING, State.DUE, State.SENDING)


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """A delivery's place: it ``waits``, or ends in ``state`` without being sent, or it is its turn.

    ``target`` is the post to edit or delete, ``answers`` the remote id of the post to answer.
    """

    waits: bool = False
    state: str = ""
    reason: str = ""
    target: Receipt | None = None
    answers: str = ""


def place(conn: Connection, work: Work, row: Row[Any] | Write, now: datetime) -> Place:
    """The place of a delivery that is due. Older edits of the same post give way to it."""
    if row.action == Action.CREATE:
        return _of_answer(conn, row) if row.parent else Place()
    writes = _WRITES.rows(conn, create=row.creates).all()
    found = _of_write(row, writes)
    if not found.waits and not found.state:
        _overtake(conn, work, row, writes, now)
    return found


def _of_answer(conn: Connection, row: Row[Any] | Write) -> Place:
    """A post that answers another waits for it; if that one may never stand, it goes out by itself."""
    parent = _PARENT.rows(conn, of_id=row.parent).first()
    if parent is None:
        return Place()
    return Place(waits=parent.state in ON_ITS_WAY, answers=parent.remote_id)


def _of_write(row: Row[Any] | Write, writes: Any) -> Place:
    first = next(write for write in writes if write.id == row.creates)
    others = [write for write in writes if write.id not in (row.id, row.creates)]
    if first.state in GONE:  # what a task was to do, and cannot, has failed; what only follows is dropped
        state = State.REJECTED if row.purpose == Purpose.OPEN else first.state
        return Place(state=state, reason="the post that it changes does not stand")
    if any(_newer(write, row) and write.state in (State.DUE, State.SENDING, State.SENT) for write in others):
        return Place(state=State.SKIPPED, reason="a newer edit has taken its place")
    if first.state != State.SENT or any(write.state == State.SENDING for write in others):
        return Place(waits=True)
    target = Receipt(remote_id=first.remote_id, url=first.url)
    return Place(target=target, answers=first.post["reply_to"])  # an edit leaves the post in its thread


def _overtake(conn: Connection, work: Work, row: Row[Any] | Write, writes: Any, now: datetime) -> None:
    for write in writes:
        if write.state == State.DUE and write.action != Action.CREATE and _newer(row, write):
            reason = "a newer edit has taken its place"
            _SKIP.change(conn, of_id=write.id, error=reason)
            if write.purpose == Purpose.OPEN:
                work.schedule(conn, "tally", write.request, now)


def _newer(one: Any, other: Any) -> bool:
    return bool((one.seq, one.id) > (other.seq, other.id))


_COLUMNS = [
    delivery.c[name]
    for name in ("id", "request", "purpose", "action", "seq", "state", "remote_id", "url", "post")
]
_WRITES = Prepared(
    select(*_COLUMNS).where(
        or_(delivery.c.id == bindparam("create"), delivery.c.creates == bindparam("create"))
    )
)
_SKIP = Prepared(
    update(delivery)
    .where(delivery.c.id == bindparam("of_id"))
    .values(state=State.SKIPPED, error=bindparam("error"))
)
_PARENT = Prepared(select(delivery.c.state, delivery.c.remote_id).where(delivery.c.id == bindparam("of_id")))
