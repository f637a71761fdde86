"""What posts say of a person: taken out of the stored posts and, by an edit, out of those that stand.

An edit is written in the transaction that finds the words in the stored post. Once that has been committed
there is nothing more to be found, so however often this is repeated, one edit goes out; its key says the
same.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Row, or_, select, update

from socialbpm import posts
from socialbpm.channels.base import Channel
from socialbpm.erasure.words import Words
from socialbpm.outbox import Outbox, deliveries
from socialbpm.outbox.deliveries import Action, Purpose, State, Write
from socialbpm.outcomes import LIVE
from socialbpm.store.tables import delivery, local_post, request

GONE = (State.SKIPPED, State.REJECTED)
UNSENT = (State.PREPARING, State.HELD, State.DUE, State.PARKED)
MAYBE_OUT = (State.SENDING, State.SENT, State.UNKNOWN)


@dataclass(frozen=True, slots=True, kw_only=True)
class Cleaned:
    """What was done to the posts of a request; ``standing`` are those that nobody could edit, in words."""

    posts: int = 0
    edits: int = 0
    standing: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Cleaning:
    """Takes ``words`` out of the posts of one request at a time; ``token`` stands for the person."""

    outbox: Outbox
    words: Words
    token: str
    now: datetime

    def is_needed(self, rows: Sequence[Row[Any]]) -> bool:
        """Whether one of these deliveries says anything of the person, or was for them alone."""
        return any(self._is_theirs(row) or self._clean(row.post) != row.post for row in rows)

    def clean(self, conn: Connection, asked: Row[Any]) -> Cleaned:
        """All posts of a request, in the caller's transaction, who holds its run."""
        rows = conn.execute(of_request(asked.id).with_for_update()).all()
        changed = [row for row in rows if self._is_theirs(row) or self._clean(row.post) != row.post]
        writes, standing = [], []
        for row in changed:
            write = self._write(conn, asked, row)
            self._keep(conn, row)
            if isinstance(write, Write):
                writes.append(write)
            elif write:
                standing.append(write)
        self.outbox.enqueue(conn, writes, run=asked.run, element=asked.element)
        self._own_pages(conn, [row.creates or row.id for row in changed])
        return Cleaned(posts=len(changed), edits=len(writes), standing=tuple(standing))

    def _is_theirs(self, row: Row[Any]) -> bool:
        """Whether it was for the person alone."""
        return bool(row.person == self.words.person)

    def _write(self, conn: Connection, asked: Row[Any], row: Row[Any]) -> Write | str:
        """What is to be sent so that the channel forgets, too; why nothing can be; '' if nothing need be."""
        create = row.creates or row.id
        writes = conn.execute(_WRITES.where(_of_post(create)).order_by(delivery.c.seq, delivery.c.id)).all()
        newest = next((each for each in reversed(writes) if each.state not in GONE), None)
        if newest is None or newest.id != row.id or row.state not in MAYBE_OUT:
            return ""  # a newer write takes its place, or it goes out without the words
        if row.action == Action.DELETE:
            return ""
        channel, seq = self.outbox.channels.get(row.channel), writes[-1].seq + 1
        if not _can(channel, delete=self._is_theirs(row)):
            return f"{row.channel}/{self._room(row)}: {row.url or row.remote_id or 'a post'}"
        post = posts.load(self._cleaned(row))
        return Write(
            request=row.request,
            purpose=Purpose.FORGET,
            action=Action.DELETE if self._is_theirs(row) else Action.EDIT,
            seq=seq,
            post=post if asked.state in LIVE and not self._is_theirs(row) else replace(post, ask=None),
            due=self.now,
            creates=create,
            key=deliveries.forgetting_key(self.token, create, seq),
        )

    def _keep(self, conn: Connection, row: Row[Any]) -> None:
        """The stored post, without the words; what was for the person alone is not sent any more."""
        values: dict[str, Any] = {"post": self._cleaned(row)}
        if self._is_theirs(row):
            values |= {"person": self.token, "room": self._room(row)}
            if row.state in UNSENT:
                values |= {"state": State.SKIPPED, "error": "whom it was for has been forgotten"}
        conn.execute(update(delivery).where(delivery.c.id == row.id).values(values))

    def _cleaned(self, row: Row[Any]) -> dict[str, Any]:
        post = self._clean(row.post)
        if not self._is_theirs(row):
            return post
        place = {"channel": row.channel, "room": self._room(row)}
        return post | {"ask": None, "destination": place}

    def _room(self, row: Row[Any]) -> str:
        return self.token if self._is_theirs(row) else str(row.room)

    def _clean(self, post: Mapping[str, Any]) -> dict[str, Any]:
        """A stored post. What the author of the model wrote stays as it is."""
        words, told = self.words, dict(post)
        told["text"] = [
            span if span["authored"] else span | {"text": words.data(span["text"])} for span in post["text"]
        ]
        told["note"] = words.note(post["note"]) if post["note"] else post["note"]
        for pictures in ("media", "sources"):
            if post.get(pictures):
                told[pictures] = [each | {"alt": words.data(each["alt"])} for each in post[pictures]]
        return told

    def _own_pages(self, conn: Connection, creates: Sequence[str]) -> None:
        """Our own pages show rows of our own: also those that have been taken down."""
        rows = conn.execute(select(local_post).where(local_post.c.key.in_(creates))).all()
        for row in rows:
            clean = self._clean(row.post)
            private = self.outbox.channels.get(row.channel)
            values: dict[str, Any] = {"post": clean}
            if private is not None and private.capabilities.private:
                rooms = {private.private_room(name): self.token for name in self.words.accounts}
                room = rooms.get(row.room, row.room)
                place = clean["destination"] | {"room": room}
                values = {"room": room, "post": clean | {"destination": place}}
            conn.execute(update(local_post).where(local_post.c.key == row.key).values(values))


def of_request(request_id: str) -> Any:
    """The deliveries of a request, reminders included."""
    return select(delivery).where(delivery.c.request == request_id).order_by(delivery.c.seq, delivery.c.id)


def all_requests(conn: Connection, after: str, most: int) -> Sequence[Row[Any]]:
    """Requests in an order that stays, with what else they hold of texts."""
    columns = [request.c[name] for name in ("id", "run", "element", "state", "task", "outcome")]
    query = select(*columns).where(request.c.id > after).order_by(request.c.id).limit(most)
    return conn.execute(query).all()


def authored(rows: Sequence[Row[Any]], words: Words) -> Iterator[str]:
    """Where the author of a model, or a choice, names the person: not ours to rewrite."""
    for row in rows:
        spans = [span["text"] for span in row.post["text"] if span["authored"]]
        labels = [choice["label"] for choice in (row.post["ask"] or {}).get("choices", ())]
        if any(words.names_them(text) for text in (*spans, *labels)):
            yield row.request


def _can(channel: Channel | None, *, delete: bool) -> bool:
    """Whether the channel can do it; of one that is not connected the outbox waits to hear."""
    if channel is None:
        return True
    return channel.capabilities.can_delete if delete else channel.capabilities.can_edit


def _of_post(create: str) -> Any:
    return or_(delivery.c.id == create, delivery.c.creates == create)


_WRITES = select(delivery.c.id, delivery.c.seq, delivery.c.state)
