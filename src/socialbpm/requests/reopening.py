"""A request that failed because its posts were refused, begun anew once somebody has mended the cause.

What stands already stays. What was refused, or held back when the request failed, is written once more, as a
new write with a key of its own: a platform may remember the old one as refused.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Row, bindparam, null, update

from socialbpm import posts, tasks
from socialbpm.channels.base import Channel
from socialbpm.engines.work import Work
from socialbpm.outbox import deliveries
from socialbpm.outbox.deliveries import Action, Purpose, State, Write
from socialbpm.outcomes import secrecy
from socialbpm.requests.revisions import Revision
from socialbpm.store import audit
from socialbpm.store.tables import delivery, request
from socialbpm.tasks import Asking

OPENING = (Purpose.OPEN, Purpose.APPROVE)


@dataclass(frozen=True, slots=True, kw_only=True)
class Reopening:
    """The way back from a failed request ``row``; ``written`` are all its deliveries so far."""

    row: Row[Any]
    written: Sequence[Row[Any]]
    now: datetime

    @property
    def undelivered(self) -> list[Row[Any]]:
        """The posts of its opening that do not stand and will not: refused, or held back at the failure."""
        return [each for each in self.written if each.purpose in OPENING and _undelivered(each)]

    def reopen(self, conn: Connection) -> None:
        """It waits again, with the answers that it had; its refused writes count no more."""
        conn.execute(_REOPEN, {"of_id": self.row.id})
        self._begin_anew(conn)
        given_up = update(delivery).where(delivery.c.id.in_([each.id for each in self.undelivered]))
        conn.execute(given_up.values(purpose=Purpose.GIVEN_UP))
        facts = {"element": self.row.element, "posts": len(self.undelivered)}
        audit.record(conn, self.now, "request.reopened", self.row.run, self.row.id, **facts)

    def _begin_anew(self, conn: Connection) -> None:
        """A pseudonymous question: whose its answers were is forgotten, so they are asked again."""
        task = tasks.load(self.row.task)
        if not isinstance(task, Asking) or not secrecy.is_pseudonymous(task):
            return
        anew = Revision(row=self.row, task=task, version=self.row.version, now=self.now)
        anew.void_answers(conn)
        anew.save(conn)
        key = update(request).where(request.c.id == self.row.id).values(poll_key=secrecy.new_key(task))
        conn.execute(key)

    def writes(self, conn: Connection, work: Work, channels: Mapping[str, Channel]) -> list[Write]:
        """What was not delivered, once more; and the question, where its post says that it has ended."""
        seq = max(each.seq for each in self.written) + 1
        again = [self._again(each, seq) for each in self.undelivered]
        task = tasks.load(self.row.task)
        if isinstance(task, Asking):
            asked = Revision(row=self.row, task=task, version=self.row.version, now=self.now)
            again += asked.rewrite_posts(conn, work, channels)
        return again

    def _again(self, refused: Row[Any], seq: int) -> Write:
        return Write(
            request=self.row.id,
            purpose=Purpose(refused.purpose),
            action=Action(refused.action),
            seq=seq,
            post=posts.load(refused.post),
            due=max(self.now, refused.due),
            sources=deliveries.sources(refused),
            creates=refused.creates,
            parent=refused.parent,
            held=deliveries.awaits_approval(refused),
            person=refused.person,
        )


def _undelivered(post: Row[Any]) -> bool:
    held_back = post.state == State.SKIPPED and post.action == Action.CREATE
    return bool(post.state == State.REJECTED or held_back)


_REOPEN = (
    update(request)
    .where(request.c.id == bindparam("of_id"))
    .values(state="OPEN", outcome=null(), error="", closed_at=None)
)
