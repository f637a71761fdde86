"""A delivery: one remote write, from the moment it is decided until it stands or a person has to look at it.

::

    PREPARING → DUE → SENDING → SENT
                  ↑        ├──→ REJECTED   refused for good
                  ├────────┤
                  │        └──→ UNKNOWN    carried out or not: reconciled, else left to a person
                PARKED                     certainly not carried out; a person has to mend something first
    SKIPPED                                no longer needed: a newer edit, or the request has ended
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from functools import cached_property
from typing import Any
from uuid import NAMESPACE_URL, uuid5

from sqlalchemy import Connection, Row, bindparam, or_, select

from socialbpm import posts
from socialbpm.engines.work import Work
from socialbpm.posts import Destination, Post
from socialbpm.store.prepared import Prepared
from socialbpm.store.tables import delivery
from socialbpm.tasks import MediaSource

KEYS = uuid5(NAMESPACE_URL, "urn:socialbpm:1:delivery")


class State(StrEnum):
    """Where a delivery stands."""

    PREPARING = "PREPARING"
    DUE = "DUE"
    SENDING = "SENDING"
    SENT = "SENT"
    REJECTED = "REJECTED"
    UNKNOWN = "UNKNOWN"
    PARKED = "PARKED"
    SKIPPED = "SKIPPED"


class Purpose(StrEnum):
    """Which step of its request a delivery serves. Only OPEN ones count for ``require``.

    GIVEN_UP is one of an opening in whose place a new write has come.
    """

    OPEN = "open"
    GIVEN_UP = "given_up"
    REVISE = "revise"
    CLOSE = "close"


class Action(StrEnum):
    """What it does to the post."""

    CREATE = "create"
    EDIT = "edit"
    DELETE = "delete"


@dataclass(frozen=True, kw_only=True)
class Write:
    """A delivery to be: ``post`` may lack its key and its media, which are prepared from ``sources``.

    ``seq`` orders the writes to one post, of which ``creates`` is the first. ``parent`` is the create that
    this one answers. ``due`` is the earliest time. ``skipped`` says why it will not be sent at all.
    """

    request: str
    purpose: Purpose
    action: Action
    seq: int
    post: Post
    due: datetime
    sources: tuple[MediaSource, ...] = ()
    creates: str | None = None
    parent: str | None = None
    skipped: str = ""

    @cached_property
    def id(self) -> str:
        """The delivery's id and the idempotency key of the remote write."""
        return delivery_key(self.request, self.post.destination, self.action, self.seq)


def delivery_key(request: str, destination: Destination, action: str, seq: int) -> str:
    """The same for the same write, however often it is decided; no two rooms of one account share one."""
    return str(uuid5(KEYS, "\x1f".join((request, destination.channel, destination.room, action, str(seq)))))


def insert(conn: Connection, rows: Sequence[dict[str, Any]]) -> None:
    """Store new deliveries, each as ``row`` makes it."""
    _INSERT.change_all(conn, rows)


def body(post: Post, key: str, sources: Sequence[MediaSource]) -> dict[str, Any]:
    """The stored form of a post; ``sources`` stand beside it until they are prepared."""
    dumped = {**posts.dump(post), "key": key}
    return (
        {**dumped, "sources": [{"src": each.src, "alt": each.alt} for each in sources]} if sources else dumped
    )


def sources(row: Row[Any]) -> tuple[MediaSource, ...]:
    """The media that a delivery still has to prepare."""
    return tuple(MediaSource(**each) for each in row.post.get("sources", ()))


def of_request(conn: Connection, request: str) -> Sequence[Row[Any]]:
    """All deliveries of a request, in the order of their writes; held until the transaction ends."""
    return _OF_REQUEST.rows(conn, of_request=request).all()


def wake_followers(conn: Connection, work: Work, create: str, now: datetime) -> None:
    """Have those looked at that waited for this write: edits of its post, and answers to it."""
    for row in _FOLLOWERS.rows(conn, create=create).all():
        work.schedule(conn, "deliver", row.id, max(row.due, now))


def row(write: Write) -> dict[str, Any]:
    """A new delivery as it is stored."""
    state = State.SKIPPED if write.skipped else State.PREPARING if write.sources else State.DUE
    key = write.id
    return {
        "id": key,
        "request": write.request,
        "channel": write.post.destination.channel,
        "room": write.post.destination.room,
        "purpose": write.purpose,
        "action": write.action,
        "seq": write.seq,
        "creates": write.creates,
        "parent": write.parent,
        "post": body(write.post, key, write.sources),
        "state": state,
        "due": write.due,
        "attempts": 0,
        "remote_id": "",
        "url": "",
        "error": write.skipped,
        "sent_at": None,
    }


_INSERT = Prepared(delivery.insert())
_OF_REQUEST = Prepared(
    select(delivery)
    .where(delivery.c.request == bindparam("of_request"))
    .order_by(delivery.c.seq, delivery.c.channel, delivery.c.room)
    .with_for_update()
)
_FOLLOWERS = Prepared(
    select(delivery.c.id, delivery.c.due).where(
        or_(delivery.c.creates == bindparam("create"), delivery.c.parent == bindparam("create")),
        delivery.c.state == State.DUE,
    )
)
