"""Approval before publishing: who is asked, what they see, and how the posts are let go."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Row, update

from socialbpm.channels.base import Channel
from socialbpm.clock import Clock
from socialbpm.engines.work import Work
from socialbpm.errors import TaskFailed
from socialbpm.outbox import deliveries
from socialbpm.outbox.content import Content
from socialbpm.outbox.deliveries import HELD, Action, Purpose, State, Write
from socialbpm.outcomes import approving
from socialbpm.people import Member
from socialbpm.posts import Ask, AskKind, Capabilities, Destination, Post, Text, plain
from socialbpm.requests import letters
from socialbpm.requests.letters import Shown
from socialbpm.store.tables import delivery
from socialbpm.tasks import PostStatus, SocialTask


class Approvals:
    """Lets go of what has been approved."""

    def __init__(self, clock: Clock, work: Work, content: Content) -> None:
        self._clock, self._work, self._content = clock, work, content

    def publish(self, conn: Connection, row: Row[Any], task: PostStatus) -> str:
        """Let the posts of this request go out, once; else the content rule that they break by now."""
        try:
            self._content.withhold(task)
        except TaskFailed as failure:
            return failure.what
        for held in deliveries.of_request(conn, row.id):
            if deliveries.is_held(held):
                self._let_go(conn, held, task)
        return ""

    def _let_go(self, conn: Connection, held: Row[Any], task: PostStatus) -> None:
        place = Destination(channel=held.channel, room=held.room)
        due = self._content.release_at(max(held.due, self._clock.now()), place, task)
        body = {name: value for name, value in held.post.items() if name != HELD}
        state = State.DUE if held.state == State.HELD else held.state
        free = {"post": body, "state": state, "due": due}
        conn.execute(update(delivery).where(delivery.c.id == held.id).values(free))
        if state == State.DUE:
            self._work.schedule(conn, "deliver", held.id, due)


def asks(
    request: str,
    task: PostStatus,
    approvers: Sequence[Member],
    shown: Sequence[Shown],
    channels: Mapping[str, Channel],
    now: datetime,
) -> Iterator[Write]:
    """The private posts that ask each approver, showing exactly what is to go out."""
    for member in approvers:
        for place, can in letters.reaches(tuple(member.accounts), channels, ()):
            text = letters.approval(task, shown)
            if carries(can, text, len(task.media)):
                yield Write(
                    request=request,
                    purpose=Purpose.APPROVE,
                    action=Action.CREATE,
                    seq=0,
                    post=Post(key="", destination=place, text=text, ask=ask(request, 1)),
                    due=now,
                    sources=task.media,
                    person=member.person,
                )
                break


def ask(request: str, version: int) -> Ask:
    """What an approver is asked; until when is told by the request, for nobody knows yet."""
    return Ask(request=request, version=version, kind=AskKind.VERDICT, choices=approving.CHOICES)


def held_for(conn: Connection, request: str, task: SocialTask) -> list[Destination]:
    """Where the posts of this request are to go once they have been approved; [] if none waits for that."""
    if not approving.needs(task):
        return []
    held = [row for row in deliveries.of_request(conn, request) if deliveries.is_held(row)]
    return [Destination(channel=row.channel, room=row.room) for row in held]


def carries(can: Capabilities, text: Text, media: int) -> bool:
    """Whether a channel can show all of it and take the answer: nothing of it is ever cut."""
    if AskKind.VERDICT not in can.asks or not can.identifies_voters:
        return False
    return can.count(plain(text)) <= can.max_text and media <= can.media.count
