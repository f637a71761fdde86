"""A new version of an open request: old answers are void, and every post shows the new text and pictures."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Row, bindparam, select, update

from socialbpm import tasks
from socialbpm.channels.base import Channel
from socialbpm.engines.work import Work
from socialbpm.errors import TaskFailed
from socialbpm.outbox import deliveries, drafts
from socialbpm.outbox.deliveries import HELD, Action, Purpose, State, Write
from socialbpm.outcomes import approving
from socialbpm.outcomes.ballots import Vote
from socialbpm.outcomes.closings import ASKS
from socialbpm.policies import Count, Rule, opening
from socialbpm.posts import Destination, Post, Span, Text
from socialbpm.requests import approvals, letters
from socialbpm.requests.letters import Shown
from socialbpm.responses import Standing
from socialbpm.store import audit
from socialbpm.store.tables import delivery, request, response, voter
from socialbpm.tasks import Asking, MediaSource, PostStatus, Wording

UNSENT = (State.PREPARING, State.DUE, State.PARKED)
ON_THE_CHANNEL = (State.SENDING, State.SENT, State.UNKNOWN)
VOID = "a new version is shown"


Revisable = Asking | PostStatus


def revised(task: Revisable, text: str | None, media: Sequence[Mapping[str, str]] | None) -> Revisable:
    """The task with a new text (one wording for all channels; it counts as data) and new media.

    Raises TaskFailed ``social.invalid`` for media without alt text.
    """
    changes: dict[str, Any] = {}
    if text is not None:
        changes["texts"] = (Wording(text=(Span(text, authored=False),)),)
    if media is not None:
        changes["media"] = tuple(_source(each) for each in media)
    return task.model_copy(update=changes)


def _source(given: Mapping[str, str]) -> MediaSource:
    if not given.get("src") or not given.get("alt", "").strip():
        raise TaskFailed("social.invalid", "media need src and alt: say what the picture shows")
    return MediaSource(src=given["src"], alt=given["alt"])


@dataclass(frozen=True, slots=True, kw_only=True)
class Revision:
    """The step from the stored request ``row`` to ``task`` as its ``version``."""

    row: Row[Any]
    task: Revisable
    version: int
    now: datetime
    places: Sequence[Destination] = ()  # where it is to go out, once it has been approved

    def void_answers(self, conn: Connection) -> None:
        """Spoil the ballots that stand; who only advises has advised on what is gone."""
        conn.execute(_NO_ADVICE, {"of_request": self.row.id})
        standing = conn.scalars(_STANDING, {"of_request": self.row.id}).all()
        spoiled = {"standing": Standing.SPOILED, "reason": VOID, "stands": 0}
        where = response.c.request == self.row.id, response.c.standing == Standing.ACCEPTED
        conn.execute(update(response).where(*where).values(spoiled))
        known = {"kind": "response.spoiled", "run": self.row.run, "request": self.row.id}
        entries = [{**known, "facts": {"element": self.row.element, "seq": seq}} for seq in standing]
        audit.record_all(conn, self.now, entries)

    def save(self, conn: Connection) -> None:
        """Store the new version with an empty count."""
        standings = Counter(self.row.standings)
        standings[Standing.SPOILED] += standings.pop(Standing.ACCEPTED, 0)
        rows = conn.execute(_VOTERS, {"of_request": self.row.id}).all()
        voters = [Vote.of(row.weight, row.groups) for row in rows]
        values = {
            "version": self.version,
            "task": tasks.dump(self.task),
            "counted": self._count(voters).dump(),
            "voided": self.row.ballots_seen,
            "standings": dict(standings),
        }
        conn.execute(update(request).where(request.c.id == self.row.id).values(values))

    def _count(self, voters: Sequence[Vote]) -> Count:
        if isinstance(self.task, PostStatus):
            return opening(approving.rule(self.task), voters)
        return opening(Rule.of(self.task), None if self.task.electorate == "open" else voters)

    def rewrite_posts(self, conn: Connection, work: Work, channels: Mapping[str, Channel]) -> Sequence[Write]:
        """Change what has not been sent yet; returns the edits of what has."""
        rows = deliveries.of_request(conn, self.row.id)
        held = [row for row in rows if deliveries.is_held(row)]
        creates = [row for row in rows if row.action == Action.CREATE and row.post["ask"]]
        for row in (*held, *(row for row in creates if row.state in UNSENT)):
            self._replace(conn, work, row, channels)
        seq = max((row.seq for row in rows), default=0) + 1
        return list(self._edits([row for row in creates if row.state in ON_THE_CHANNEL], seq, channels))

    def _replace(self, conn: Connection, work: Work, row: Row[Any], channels: Mapping[str, Channel]) -> None:
        body = deliveries.body(self._post(row, channels), row.id, self.task.media)
        state = State.PREPARING if self.task.media else State.DUE
        if deliveries.is_held(row):
            body, state = {**body, HELD: True}, State.PREPARING if self.task.media else State.HELD
        conn.execute(update(delivery).where(delivery.c.id == row.id).values(post=body, state=state))
        kind, ref = ("prepare", self.row.id) if self.task.media else ("deliver", row.id)
        if state != State.HELD:
            work.schedule(conn, kind, ref, self.now)

    def _edits(
        self, creates: Sequence[Row[Any]], seq: int, channels: Mapping[str, Channel]
    ) -> Iterator[Write]:
        for number, row in enumerate(creates):  # a number for each: one room may hold several
            channel = channels.get(row.channel)
            edit = Write(
                request=self.row.id,
                purpose=Purpose.REVISE,
                action=Action.EDIT,
                seq=seq + number,
                post=self._post(row, channels),
                due=self.now,
                sources=self.task.media,
                creates=row.id,
            )
            if channel is None or channel.capabilities.can_edit:
                yield edit
            elif row.purpose in ASKS and channel.capabilities.can_thread:
                yield replace(edit, action=Action.CREATE, creates=None, parent=row.id)

    def _post(self, row: Row[Any], channels: Mapping[str, Channel]) -> Post:
        place = Destination(channel=row.channel, room=row.room)
        if isinstance(self.task, PostStatus) and row.purpose == Purpose.APPROVE:
            shown = [Shown(each, self._wording(each, channels)) for each in self.places]
            asked = approvals.ask(self.row.id, self.version)
            return Post(key="", destination=place, text=letters.approval(self.task, shown), ask=asked)
        asks = drafts.ask(self.task, self.row.id, self.version, self.row.ends_at)
        return Post(key="", destination=place, text=self._wording(place, channels), ask=asks)

    def _wording(self, place: Destination, channels: Mapping[str, Channel]) -> Text:
        channel = channels.get(place.channel)
        return drafts.wording(self.task, channel.capabilities.network if channel else "")


_VOTERS = select(voter.c.weight, voter.c.groups).where(voter.c.request == bindparam("of_request"))
_NO_ADVICE = (
    update(response)
    .where(
        response.c.request == bindparam("of_request"),
        response.c.stands == 1,
        response.c.standing == Standing.INELIGIBLE,
    )
    .values(stands=0)
)
_STANDING = (
    select(response.c.seq)
    .where(response.c.request == bindparam("of_request"), response.c.standing == Standing.ACCEPTED)
    .order_by(response.c.seq)
)
