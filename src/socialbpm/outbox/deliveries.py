"""A delivery: one remote write, from the moment it is decided until it stands or a person has to look at it.

::

    PREPARING → DUE → SENDING → SENT
      ↓         ↑
      HELD ─────┤                          waits until people have approved it
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
HELD = "held"
"""In a stored post: it waits for an approval, also while it is prepared."""


CHART = "\x1fchart.png"
"""The source of a picture that is yet to be drawn: how the request ended. No model can write such a name."""


class State(StrEnum):
    """Where a delivery stands."""

    PREPARING = "PREPARING"
    HELD = "HELD"
    DUE = "DUE"
    SENDING = "SENDING"
    SENT = "SENT"
    REJECTED = "REJECTED"
    UNKNOWN = "UNKNOWN"
    PARKED = "PARKED"
    SKIPPED = "SKIPPED"


class Purpose(StrEnum):
    """Which step of its request a delivery serves. Only OPEN ones count for ``require``.

    GIVEN_UP is one of an opening in whose place a new write has come. APPROVE asks for the approval of what
    is to be posted, ESCALATE brings the question before a further community, REMIND reminds one person.
    FORGET takes out of a post what it says of somebody who has been forgotten.
    """

    OPEN = "open"
    GIVEN_UP = "given_up"
    REVISE = "revise"
    CLOSE = "close"
    APPROVE = "approve"
    ESCALATE = "escalate"
    REMIND = "remind"
    FORGET = "forget"


class Action(StrEnum):
    """What it does to the post."""

    CREATE = "create"
    EDIT = "edit"
    DELETE = "delete"


@dataclass(frozen=True, kw_only=True)
class Write:
    """A delivery to be: ``post`` may lack its key and its media, which are prepared from ``sources``.

    ``seq`` orders the writes to one post, of which ``creates`` is the first. ``parent`` is the create that
    this one answers. ``due`` is the earliest time. ``skipped`` says why it will not be sent at all, ``held``
    that people must approve it first. ``person`` is whom a private post is for; ``key`` its own key, if it
    does not go by its destination and number.
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
    held: bool = False
    person: str | None = None
    key: str = ""

    @cached_property
    def id(self) -> str:
        """The delivery's id and the idempotency key of the remote write."""
        return self.key or delivery_key(self.request, self.post.destination, self.action, self.seq)


def delivery_key(request: str, destination: Destination, action: str, seq: int) -> str:
    """The same for the same write, however often it is decided; no two rooms of one account share one."""
    return str(uuid5(KEYS, "\x1f".join((request, destination.channel, destination.room, action, str(seq)))))


def reminder_key(request: str, person: str, window: int) -> str:
    """One for each person and window of a request, by whatever channel they are reached."""
    return str(uuid5(KEYS, "\x1f".join((request, "remind", person, str(window)))))


def forgetting_key(token: str, create: str, seq: int) -> str:
    """One for each write by which a post forgets the person whom ``token`` stands for."""
    return str(uuid5(KEYS, "\x1f".join((token, "forget", create, str(seq)))))


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
    """All deliveries of a request but its reminders, in the order of their writes; locked until the end."""
    return _OF_REQUEST.rows(conn, of_request=request).all()


def wake_followers(conn: Connection, work: Work, create: str, now: datetime) -> None:
    """Have those looked at that waited for this write: edits of its post, and answers to it."""
    for row in _FOLLOWERS.rows(conn, create=create).all():
        work.schedule(conn, "deliver", row.id, max(row.due, now))


def row(write: Write) -> dict[str, Any]:
    """A new delivery as it is stored."""
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
        "person": write.person,
        "post": body(write.post, key, write.sources) | ({HELD: True} if write.held else {}),
        "state": _first_state(write),
        "due": write.due,
        "attempts": 0,
        "remote_id": "",
        "url": "",
        "error": write.skipped,
        "sent_at": None,
    }


def is_held(row: Row[Any]) -> bool:
    """Whether a delivery waits for an approval, be it prepared or not."""
    return row.state in (State.HELD, State.PREPARING) and awaits_approval(row)


def awaits_approval(row: Row[Any]) -> bool:
    """Whether people have not approved it, whatever has become of it since."""
    return bool(row.post.get(HELD, False))


def _first_state(write: Write) -> State:
    if write.skipped:
        return State.SKIPPED
    return State.PREPARING if write.sources else State.HELD if write.held else State.DUE


_INSERT = Prepared(delivery.insert())
_OF_REQUEST = Prepared(
    select(delivery)
    .where(delivery.c.request == bindparam("of_request"), delivery.c.purpose != Purpose.REMIND)
    .order_by(delivery.c.seq, delivery.c.channel, delivery.c.room)
    .with_for_update()
)
_FOLLOWERS = Prepared(
    select(delivery.c.id, delivery.c.due).where(
        or_(delivery.c.creates == bindparam("create"), delivery.c.parent == bindparam("create")),
        delivery.c.state == State.DUE,
    )
)
