"""Escalation: a question that is still open after its time is put to a further community, once.

Its people join the roll with their accounts; who was on it stays, and the author stays off it.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Row, bindparam, select, update

from socialbpm import posts, tasks
from socialbpm.channels.base import Channel
from socialbpm.clock import Clock
from socialbpm.engines.work import Work
from socialbpm.outbox import Outbox, deliveries, drafts
from socialbpm.outbox.content import Content
from socialbpm.outbox.deliveries import Action, Purpose, Write
from socialbpm.outcomes import Outcomes, closings
from socialbpm.people import Community
from socialbpm.policies import Count, Rule, joined
from socialbpm.posts import Destination, Post, Span
from socialbpm.requests import rolls
from socialbpm.store import audit, locks
from socialbpm.store.prepared import Prepared
from socialbpm.store.tables import care, request
from socialbpm.tasks import Asking, MediaSource


class Escalations:
    """Performs the work "escalate"."""

    def __init__(
        self,
        clock: Clock,
        work: Work,
        outbox: Outbox,
        outcomes: Outcomes,
        communities: Mapping[str, Community],
        content: Content,
    ) -> None:
        self._clock, self._work, self._outbox, self._outcomes = clock, work, outbox, outcomes
        self._communities, self._content = communities, content
        work.register_steps(
            "escalate",
            lambda conn, request_id, _: self._escalate(conn, request_id),
            hold=lambda conn, request_id: locks.hold_run_of(conn, request_id=request_id),
        )

    def _escalate(self, conn: Connection, request_id: str) -> None:
        """Put the question to the community that its model names, unless it has been decided by now."""
        self._outcomes.tally(conn, request_id)
        row = _CARED.rows(conn, of_request=request_id).first()
        if row is None or row.state != "OPEN" or row.escalated_at is not None:
            return
        task, now = tasks.load(row.task), self._clock.now()
        if not isinstance(task, Asking) or task.escalate not in self._communities:
            return
        community = self._communities[task.escalate]
        voters = rolls.join(conn, request_id, community.roll, rolls.eligible(task, community.roll))
        count = joined(Rule.of(task), Count.load(row.counted), voters)
        _COUNT.change(conn, of_request=request_id, counted=count.dump())
        _DONE.change(conn, of_request=request_id, escalated_at=now)
        if task.electorate == "open":  # who joins may have answered as an account of nobody's
            self._work.schedule(conn, "relink", request_id, now)
        facts = {"element": row.element, "community": community.name, "people": len(voters)}
        audit.record(conn, now, "request.escalated", row.run, row.id, **facts)
        step = _Step(row, task, community, deliveries.of_request(conn, request_id), now)
        writes = [self._content.timed(each, task) for each in step.writes(self._outbox.channels)]
        self._outbox.enqueue(conn, writes, run=row.run, element=row.element)


class _Step:
    """The posts of one escalation: the question in new rooms, and a word of it where it stands already."""

    def __init__(
        self,
        row: Row[Any],
        task: Asking,
        community: Community,
        written: Sequence[Row[Any]],
        now: datetime,
    ) -> None:
        self._row, self._task, self._community, self._written = row, task, community, written
        self._now, self._seq = now, max((each.seq for each in written), default=0)
        self._asked = [each for each in written if each.action == Action.CREATE and each.post["ask"]]

    def writes(self, channels: Mapping[str, Channel]) -> Iterator[Write]:
        """What is to be posted, edited and answered."""
        for each in self._asked:
            yield from self._told(each, channels.get(each.channel))
        there = {Destination(channel=each.channel, room=each.room) for each in self._asked}
        for place in self._community.destinations:
            if place not in there and place.channel in channels:
                yield self._question(place, channels[place.channel])

    @property
    def _notice(self) -> str:
        return f"No decision by {closings.written(self._now)}: escalated to {self._community.name}."

    def _told(self, create: Row[Any], channel: Channel | None) -> Iterator[Write]:
        """Below the question; where nothing can be answered, as a note on it."""
        can = channel.capabilities if channel else None
        shown = replace(closings.newest(create, self._written), reply_to="")
        if can is None or can.can_thread:
            said = Post(key="", destination=shown.destination, text=(Span(self._notice),))
            yield self._write(Action.CREATE, said, parent=create.id)
        elif can.can_edit:
            yield self._write(Action.EDIT, replace(shown, note=self._notice), creates=create.id)

    def _question(self, place: Destination, channel: Channel) -> Write:
        """The question as it stands elsewhere, its pictures those that were shown there."""
        task, can = self._task, channel.capabilities
        text = (Span(f"{self._notice}\n"), *drafts.wording(task, can.network))
        if can.count(posts.plain(text)) > can.max_text:
            text = drafts.wording(task, can.network)
        ask = drafts.ask(task, self._row.id, self._row.version, self._row.ends_at)
        write = self._write(Action.CREATE, Post(key="", destination=place, text=text, ask=ask))
        return replace(write, sources=self._pictures())

    def _pictures(self) -> tuple[MediaSource, ...]:
        shown = closings.newest(self._asked[0], self._written).media if self._asked else ()
        frozen = tuple(MediaSource(src=each.ref, alt=each.alt) for each in shown)
        return frozen if len(frozen) == len(self._task.media) else self._task.media

    def _write(self, action: Action, post: Post, **more: Any) -> Write:
        self._seq += 1
        return Write(
            request=self._row.id,
            purpose=Purpose.ESCALATE,
            action=action,
            seq=self._seq,
            post=post,
            due=self._now,
            **more,
        )


_CARED = Prepared(
    select(request, care.c.escalated_at)
    .join(care, care.c.request == request.c.id)
    .where(request.c.id == bindparam("of_request"))
)
_COUNT = Prepared(
    update(request).where(request.c.id == bindparam("of_request")).values(counted=bindparam("counted"))
)
_DONE = Prepared(
    update(care)
    .where(care.c.request == bindparam("of_request"))
    .values(escalated_at=bindparam("escalated_at"))
)
