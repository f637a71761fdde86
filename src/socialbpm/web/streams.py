"""The posts of a community on the local channel, as threads: what stands in its rooms, newest first."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Row, Select, and_, select, tuple_

from socialbpm import posts
from socialbpm.outbox.deliveries import Purpose
from socialbpm.people import Community
from socialbpm.posts import Media, Text
from socialbpm.store.tables import delivery, local_post
from socialbpm.web import reading
from socialbpm.web.questions import Question
from socialbpm.web.viewers import Viewer

PAGE = 20  # threads
DEPTH = 200  # replies read below one post; a longer thread is cut here


@dataclass(frozen=True, slots=True, kw_only=True)
class Posted:
    """A post that stands in a room, what it asks (if that is for the viewer's eyes), and what is below it."""

    key: str
    room: str
    text: Text
    media: tuple[Media, ...]
    note: str
    posted_at: datetime
    edited_at: datetime | None
    question: Question | None
    replies: tuple[Posted, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Stream:
    """One page of a community's threads; ``older`` is where the next page begins, None on the last."""

    threads: tuple[Posted, ...]
    older: datetime | None = None


def of_community(conn: Connection, viewer: Viewer, community: Community, before: datetime | None) -> Stream:
    """The threads of a community that the viewer belongs to, begun before ``before``."""
    rooms = sorted((each.channel, each.room) for each in community.destinations)
    heads = conn.execute(_heads(rooms, before).limit(PAGE + 1)).all()
    below = _below(conn, rooms, {row.key for row in heads[:PAGE]})
    rows = [*heads[:PAGE], *below]
    questions = _questions(conn, viewer, rows)
    threads = tuple(_posted(row, below, questions) for row in heads[:PAGE])
    return Stream(threads=threads, older=heads[PAGE - 1].posted_at if len(heads) > PAGE else None)


def private(conn: Connection, viewer: Viewer) -> tuple[Posted, ...]:
    """What was said to the viewer alone about questions that wait for them: of each the newest.

    That they are asked for an approval needs no telling here: it is among what waits for them.
    """
    about = delivery.c.request.label("about")
    sent = and_(delivery.c.channel == local_post.c.channel, delivery.c.remote_id == local_post.c.key)
    query = _posts(viewer.private).add_columns(about).join(delivery, sent)
    query = query.where(delivery.c.purpose != Purpose.APPROVE)
    rows = conn.execute(query.order_by(local_post.c.posted_at.desc()).limit(PAGE)).all()
    questions = reading.by_ids(conn, viewer, {row.about for row in rows})
    waiting = {key: each for key, each in questions.items() if each.answerable and not each.mine}
    newest = {row.about: row for row in reversed(rows) if row.about in waiting}
    return tuple(_posted(row, (), waiting, row.about) for row in newest.values())


def thread(conn: Connection, viewer: Viewer, key: str) -> Posted | None:
    """The post of that key and what is below it; None when it is not there or not for this viewer's eyes."""
    head = conn.execute(_posts(viewer.rooms).where(local_post.c.key == key)).first()
    if head is None:
        return None
    below = _below(conn, viewer.rooms, {key})
    return _posted(head, below, _questions(conn, viewer, [head, *below]))


def _questions(conn: Connection, viewer: Viewer, rows: Sequence[Row[Any]]) -> dict[str, Question]:
    return reading.by_ids(conn, viewer, {row.request for row in rows if row.request})


def _heads(rooms: Collection[tuple[str, str]], before: datetime | None) -> Select[Any]:
    query = _posts(rooms).where(local_post.c.post["reply_to"].as_string() == "")
    if before is not None:
        query = query.where(local_post.c.posted_at < before)
    return query.order_by(local_post.c.posted_at.desc(), local_post.c.key)


def _below(conn: Connection, rooms: Collection[tuple[str, str]], keys: Collection[str]) -> list[Row[Any]]:
    """Every post below ``keys``, level by level, oldest first."""
    found: list[Row[Any]] = []
    while keys and len(found) < DEPTH:
        answers_to = local_post.c.post["reply_to"].as_string()
        query = _posts(rooms).where(answers_to.in_(sorted(keys))).order_by(local_post.c.posted_at)
        level = conn.execute(query.limit(DEPTH)).all()
        found += level
        keys = {row.key for row in level}
    return found


def _posts(rooms: Collection[tuple[str, str]]) -> Select[Any]:
    where = tuple_(local_post.c.channel, local_post.c.room).in_(sorted(rooms))
    return select(local_post).where(where, local_post.c.deleted == 0)


def _posted(
    row: Row[Any], below: Sequence[Row[Any]], questions: dict[str, Question], about: str = ""
) -> Posted:
    post = posts.load(row.post)
    replies = (each for each in below if each.post["reply_to"] == row.key)
    return Posted(
        key=row.key,
        room=row.room,
        text=post.text,
        media=post.media,
        note=post.note,
        posted_at=row.posted_at,
        edited_at=row.edited_at,
        question=questions.get(row.request or about),
        replies=tuple(_posted(each, below, questions) for each in replies),
    )
