"""Requests: open one durable run of a task, give it a new version, cancel it, look at it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from sqlalchemy import Connection, Row, bindparam, select, update

from socialbpm import tasks
from socialbpm.clock import Clock
from socialbpm.content_rules import ContentRules
from socialbpm.engines.work import Work
from socialbpm.errors import NotFound, RequestClosed, TaskFailed
from socialbpm.faults import crash_point
from socialbpm.outbox import Outbox, Preparation, deliveries
from socialbpm.outbox.content import WITHHELD, Content
from socialbpm.outbox.deliveries import Write
from socialbpm.outcomes import LIVE, Outcomes, approving, caring, timing, working
from socialbpm.outcomes.results import result_of
from socialbpm.outcomes.working import NO_CALENDARS, Calendars
from socialbpm.people import Community
from socialbpm.requests import approvals, openings, reminders, rolls, threads
from socialbpm.requests.approvals import Approvals
from socialbpm.requests.escalations import Escalations
from socialbpm.requests.letters import Shown
from socialbpm.requests.prospects import Opening, Prospect, Prospects
from socialbpm.requests.reminders import Reminders
from socialbpm.requests.reopening import Reopening
from socialbpm.requests.revisions import Revisable, Revision, revised
from socialbpm.store import Store, audit, insert_once, locks
from socialbpm.store.prepared import Prepared
from socialbpm.store.tables import request
from socialbpm.tasks import Asking, PostStatus, SocialTask

__all__ = ["WITHHELD", "Closed", "Opening", "Prospect", "Requests"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Closed:
    """A request that waits to be applied to its run.

    A ``result``, or the ``error`` code and its ``reason``.
    """

    key: str
    address: str
    element: str
    result: dict[str, Any]
    error: str = ""
    reason: str = ""


class Requests:
    """The requests of one store; ``communities`` bind the names in models to people and places."""

    def __init__(
        self,
        store: Store,
        clock: Clock,
        work: Work,
        outbox: Outbox,
        outcomes: Outcomes,
        preparation: Preparation,
        communities: Mapping[str, Community],
        calendars: Calendars = NO_CALENDARS,
        rules: ContentRules | None = None,
    ) -> None:
        self._store, self._clock, self._work = store, clock, work
        self._outbox, self._outcomes, self._preparation = outbox, outcomes, preparation
        self._calendars = calendars
        self._content = Content(rules, communities, outbox.channels)
        self._prospects = Prospects(communities, outbox.channels, calendars, self._content)
        outcomes.publish_by(Approvals(clock, work, self._content))
        Escalations(clock, work, outbox, outcomes, communities, self._content)
        Reminders(clock, work, outbox, outcomes, calendars, self._content)

    def examine(self, opening: Opening) -> Prospect:
        """Whether these communities and channels can carry out this task. Writes nothing, needs no store.

        Raises TaskFailed ``social.invalid``: nobody may answer, a rule that this roll cannot meet, no
        destination, a text or picture that a channel would cut; ``social.withheld`` for what breaks a content
        rule.
        """
        return self._prospects.of(opening)

    def open(self, conn: Connection, opening: Opening, prospect: Prospect | None = None) -> bool:
        """Open a request in the caller's transaction, once per key; says whether it was new.

        ``prospect`` is what ``examine`` has just said of it, for who has asked. Raises TaskFailed as
        ``examine`` does, before anything has been written.
        """
        number = threads.next_round(conn, opening.key, opening.run, opening.element)
        if number is None:
            return False
        prospect, now = prospect or self.examine(opening), self._clock.now()
        opening = replace(opening, task=prospect.task)
        if not insert_once(conn, request, round=number, **openings.stored(opening, prospect, now)):
            return False
        if prospect.voters:
            rolls.freeze(conn, opening.key, prospect.everybody, prospect.voters)
        facts = {"element": opening.element, "kind_of_task": opening.task.element}
        audit.record(conn, now, "request.opened", opening.run, opening.key, **facts)
        channels = self._outbox.channels
        drafted = openings.writes(conn, opening, prospect, number, channels, now)
        writes = [self._content.timed(write, opening.task) for write in drafted]
        if approving.needs(opening.task):
            writes += self._asked(opening, opening.task, prospect, writes)
        stand = self._outbox.enqueue(conn, writes, run=opening.run, element=opening.element)
        self._schedule(conn, opening, writes, stand)
        return True

    def _asked(
        self, opening: Opening, task: PostStatus, prospect: Prospect, writes: Sequence[Write]
    ) -> list[Write]:
        """The posts that ask for the approval of ``writes``."""
        shown = [Shown(each.post.destination, each.post.text) for each in writes if each.held]
        now, channels = self._clock.now(), self._outbox.channels
        return list(approvals.asks(opening.key, task, prospect.voters, shown, channels, now))

    def cancel(self, conn: Connection, key: str, reason: str = "") -> bool:
        """The process no longer waits for this request: end it, and have its posts say so."""
        return self._outcomes.close(conn, key, cancelled=True, reason=reason)

    def revise(
        self, request_id: str, text: str | None = None, media: Sequence[Mapping[str, str]] | None = None
    ) -> int:
        """Give an open request a new text, new media ``[{"src", "alt"}]`` or both; returns its new version.

        Answers to the old version are spoiled, the posts are edited. Its pictures are fetched before that, so
        that no version counts which cannot be shown. Raises NotFound, RequestClosed (also for one whose time
        is over and that only waits for its last reading, because nobody could answer), TaskFailed
        ``social.invalid`` or ``social.withheld`` for a text or picture that may not go out, TemporaryFailure
        for a picture that is out of reach; then nothing has changed.
        """
        with self._store.read() as conn:
            row, task = self._revisable(conn, request_id)
        wanted = revised(task, text, media)
        self._check(row, wanted)
        pictures = self._preparation.frozen(request_id, wanted.media)
        with self._store.begin() as conn:
            locks.hold_run_of(conn, request_id=request_id)
            self._outcomes.tally(conn, request_id)
            row, now = self._revisable(conn, request_id)
            kept = media is None and now.media != task.media  # somebody else gave it other ones meanwhile
            new = revised(now, text, None).model_copy(update={} if kept else {"media": pictures})
            version = self._revise(conn, row, new)
            crash_point("revise.before-commit")
        crash_point("revise.after-commit")
        return version

    def reopen(self, conn: Connection, key: str) -> bool:
        """Wait again for a failed request whose posts were refused, and write those once more.

        False, and nothing done, for one that has not failed by a refusal.
        """
        row, now = _REQUEST.rows(conn, of_id=key).one(), self._clock.now()
        back = Reopening(row=row, written=deliveries.of_request(conn, key), now=now)
        if row.state != "CLOSED" or row.error in ("", WITHHELD) or not back.undelivered:
            return False
        back.reopen(conn)
        writes = back.writes(conn, self._work, self._outbox.channels)
        self._outbox.enqueue(conn, writes, run=row.run, element=row.element)
        self._work.schedule(conn, "tally", key, now)
        return True

    def of_run(self, conn: Connection, run: str) -> Sequence[Row[Any]]:
        """The open requests of a run."""
        return conn.execute(_OF_RUN, {"of_run": run, "in_states": LIVE}).all()

    def closed(self, conn: Connection, run: str) -> list[Closed]:
        """The requests of a run that have ended and wait to be applied to it, in the order of their ends."""
        rows = _CLOSED.rows(conn, of_run=run).all()
        return [
            Closed(
                key=row.id,
                address=row.address,
                element=row.element,
                result=result_of(conn, row),
                error=row.error,
                reason=row.outcome["explanation"],
            )
            for row in rows
        ]

    def resumed(self, conn: Connection, key: str) -> None:
        """The run has taken the outcome of this request; in the transaction that saves the run."""
        _RESUMED.change(conn, of_id=key)

    def _schedule(self, conn: Connection, opening: Opening, writes: Sequence[Write], stand: int) -> None:
        """Look at the request at its deadline; at once if some posts ``stand``, or none is to be sent."""
        task, now = opening.task, self._clock.now()
        deadline = openings.fixed_deadline(task)
        if isinstance(task, Asking) and stand == len(writes):
            deadline = timing.deadline(task, now, self._calendars)
            ends_at = timing.earliest(opening.ends_at, deadline)
            begun = {"stands_at": now, "deadline": deadline, "ends_at": ends_at}
            _BEGIN.change(conn, of_id=opening.key, **begun)
            caring.begin(conn, self._work, opening.key, task, now, self._calendars)
        elif stand or approving.needs(task) or all(write.skipped for write in writes):
            self._work.schedule(conn, "tally", opening.key, now)
            return
        if deadline is not None:
            self._work.schedule(conn, "tally", opening.key, deadline)

    def _check(self, row: Row[Any], wanted: SocialTask) -> None:
        """Raise TaskFailed if this cannot be posted; a breach of the content rules is recorded."""
        try:
            self._prospects.check(wanted, row.element)
        except TaskFailed as failure:
            if failure.code == WITHHELD:
                with self._store.begin() as conn:
                    facts = {"element": row.element, "reason": failure.what}
                    audit.record(conn, self._clock.now(), "request.withheld", row.run, row.id, **facts)
            raise

    def _revisable(self, conn: Connection, request_id: str) -> tuple[Row[Any], Revisable]:
        """The request as it stands. Raises NotFound, RequestClosed."""
        row = _REQUEST.rows(conn, of_id=request_id).first()
        if row is None:
            raise NotFound(f"there is no request '{request_id}'")
        task = tasks.load(row.task)
        if not isinstance(task, Asking | PostStatus) or row.state not in LIVE:
            raise RequestClosed(f"request '{request_id}' is {row.state} and asks nothing any more")
        if isinstance(task, PostStatus) and not approvals.held_for(conn, request_id, task):
            raise RequestClosed(f"request '{request_id}' is {row.state} and asks nothing any more")
        if row.ends_at is not None and row.ends_at <= self._clock.now():
            raise RequestClosed(f"the time of request '{request_id}' is over")
        return row, task

    def _revise(self, conn: Connection, row: Row[Any], task: Revisable) -> int:
        self._prospects.check(task, row.element)
        places, now = approvals.held_for(conn, row.id, task), self._clock.now()
        revision = Revision(row=row, task=task, version=row.version + 1, now=now, places=places)
        revision.void_answers(conn)
        revision.save(conn)
        writes = revision.rewrite_posts(conn, self._work, self._outbox.channels)
        self._outbox.enqueue(conn, writes, run=row.run, element=row.element)
        if isinstance(task, Asking) and task.remind is not None and row.stands_at is not None:
            reminders.begin_anew(conn, row.id, revision.now)
            due = working.later(revision.now, task.remind, task, self._calendars)
            self._work.schedule(conn, "remind", row.id, due)
        audit.record(conn, revision.now, "request.revised", row.run, row.id, version=revision.version)
        return revision.version


_REQUEST = Prepared(select(request).where(request.c.id == bindparam("of_id")))
_BEGIN = Prepared(
    update(request)
    .where(request.c.id == bindparam("of_id"))
    .values({name: bindparam(name) for name in ("stands_at", "deadline", "ends_at")})
)
_RESUMED = Prepared(
    update(request)
    .where(request.c.id == bindparam("of_id"), request.c.state == "CLOSED")
    .values(state="RESUMED")
)
_CLOSED = Prepared(
    select(request)
    .where(request.c.run == bindparam("of_run"), request.c.state == "CLOSED")
    .order_by(request.c.closed_at, request.c.id)
)
_OF_RUN = (
    select(request)
    .where(request.c.run == bindparam("of_run"), request.c.state.in_(bindparam("in_states", expanding=True)))
    .order_by(request.c.opened_at, request.c.id)
)
