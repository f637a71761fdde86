"""Outcomes: apply what came in to a request, start and end its time, and close it once.

One work row per request ("tally") does this under that row's lock, so two last answers cannot both see n - 1.
A response that decides nothing costs a constant number of statements and never loads the run.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Row, bindparam, exists, literal, or_, select, update

from socialbpm import tasks
from socialbpm.clock import Clock
from socialbpm.engines.work import Work
from socialbpm.outbox import Outbox, deliveries
from socialbpm.outcomes import (
    approving,
    book,
    caring,
    final_read,
    pictures,
    polls,
    relinking,
    secrecy,
    sittings,
    timing,
)
from socialbpm.outcomes.endings import LIVE, Endings
from socialbpm.outcomes.publication import Publication, Publisher
from socialbpm.outcomes.results import result
from socialbpm.outcomes.standings import Sitting
from socialbpm.outcomes.timing import Timing
from socialbpm.outcomes.working import NO_CALENDARS, Calendars
from socialbpm.policies import decide
from socialbpm.responses import Outcome
from socialbpm.store import Store, locks
from socialbpm.store.prepared import Prepared
from socialbpm.store.tables import delivery, request, run, work
from socialbpm.tasks import Asking, SocialTask

__all__ = ["LIVE", "Outcomes"]


class Outcomes:
    """Decides requests. ``close`` is the only way in which a request ends, whoever ends it."""

    def __init__(
        self, store: Store, clock: Clock, work: Work, outbox: Outbox, calendars: Calendars = NO_CALENDARS
    ) -> None:
        self._store, self._clock, self._work, self._outbox = store, clock, work, outbox
        self._calendars = calendars
        self._endings = Endings(clock, work, outbox)
        self._publication = Publication(clock, self._endings)
        work.register_steps(
            "tally",
            lambda conn, request_id, _: self._advance(conn, request_id),
            hold=lambda conn, request_id: locks.hold_run_of(conn, request_id=request_id),
        )
        work.register_steps(
            "relink",
            lambda conn, request_id, _: self._relink(conn, request_id),
            hold=lambda conn, request_id: locks.hold_run_of(conn, request_id=request_id),
        )

    def publish_by(self, publisher: Publisher) -> None:
        """Who lets the posts go out that have been approved."""
        self._publication.publisher = publisher

    def tally(self, conn: Connection, request_id: str) -> None:
        """Bring a request up to date now, within the caller's transaction; in batches if much has come in."""
        while (again_at := self._advance(conn, request_id)) is not None:
            if again_at > self._clock.now():
                self._work.schedule(conn, "tally", request_id, again_at)
                return

    def close(
        self,
        conn: Connection,
        request_id: str,
        outcome: Outcome | None = None,
        *,
        error: str = "",
        reason: str = "",
        cancelled: bool = False,
    ) -> bool:
        """End a request: its state, its posts, its run's next step, all in this transaction.

        It ends with an ``outcome``, with a BPMN ``error`` code and its ``reason``, or ``cancelled``. Returns
        False if it had ended before.
        """
        row = _REQUEST.rows(conn, of_id=request_id).first()
        if row is None or row.state not in (*LIVE, "CLOSED") or (row.state == "CLOSED" and not cancelled):
            return False
        task = tasks.load(row.task)
        self._endings.end(conn, row, task, outcome, error=error, reason=reason, cancelled=cancelled)
        return True

    def result(self, conn: Connection, request_id: str) -> dict[str, Any]:
        """What the process gets of a closed request: flat JSON, documented in tasks.results."""
        return result(conn, request_id)

    def drawn(self, conn: Connection, request_id: str) -> bytes | None:
        """The picture of how a request ended; None if it cannot be drawn."""
        return pictures.drawn(conn, request_id)

    # one step

    def _relink(self, conn: Connection, request_id: str) -> None:
        """An account that has answered this request has changed hands: any step from now on heeds that."""
        again_at = self._advance(conn, request_id)
        if again_at is not None:
            self._work.schedule(conn, "tally", request_id, again_at)

    def _advance(self, conn: Connection, request_id: str) -> datetime | None:
        """Apply what is new, close if it is time; returns when to look again (at once after a full batch)."""
        row = _REQUEST.rows(conn, of_id=request_id).first()
        if row is None:
            return None
        task, now = tasks.load(row.task), self._clock.now()
        times = timing.of(row, task, self._posts(conn, row, task), now, self._calendars)
        if row.relinks and row.state in LIVE:
            row = self._told_again(conn, row, task, times, now)
        sitting, more = self._sit(conn, row, task, times)
        self._save(conn, row, task, times, sitting)
        if row.state not in LIVE or (more and sitting.outcome is None):
            return now if more else None
        if (until := self._final_read(conn, row, times, sitting)) is not None:
            return until
        ended = self._ended(conn, row, task, times, sitting)
        return now if more else None if ended else times.look_again(now)

    def _told_again(
        self, conn: Connection, row: Row[Any], task: SocialTask, times: Timing, now: datetime
    ) -> Row[Any]:
        """The request once its answers are those of whom they now belong to."""
        terms = sittings.terms_of(row, task, times, final_read.collected(self._outbox.channels))
        told = relinking.tell_again(conn, row, terms, now)
        return _REQUEST.rows(conn, of_id=row.id).one() if told else row

    def _final_read(
        self, conn: Connection, row: Row[Any], times: Timing, sitting: Sitting
    ) -> datetime | None:
        """Until when a request whose time is over waits to be read once more; None: it does not wait."""
        over = times.is_over(answered=sitting.count.ballots > 0)
        if not over or sitting.outcome is not None or times.impossible:
            return None
        until = final_read.awaited(conn, self._work, self._outbox.channels, row.id, times)
        if until is not None:
            _CHANGE.change(conn, of_id=row.id, state="CLOSING")
        return until

    def _posts(self, conn: Connection, row: Row[Any], task: SocialTask) -> Sequence[Row[Any]]:
        """The deliveries that must stand; none once they do, so that later steps cost nothing.

        Of what must be approved first, also those that ask for it.
        """
        if row.stands_at is not None or row.state not in LIVE:
            return ()
        if approving.needs(task):
            return _APPROVAL_POSTS.rows(conn, of_request=row.id).all()
        return _OPENING_POSTS.rows(conn, of_request=row.id).all()

    def _sit(self, conn: Connection, row: Row[Any], task: SocialTask, times: Timing) -> tuple[Sitting, bool]:
        """Judge the next batch of responses; says whether there may be more."""
        return sittings.sit(conn, row, task, times, final_read.collected(self._outbox.channels))

    def _save(
        self, conn: Connection, row: Row[Any], task: SocialTask, times: Timing, sitting: Sitting
    ) -> None:
        changes = times.changes(row)
        if changes:
            _CHANGE.change(conn, of_id=row.id, **changes)
        if times.stands_at is not None and "stands_at" in changes:
            caring.begin(conn, self._work, row.id, task, times.stands_at, self._calendars)
        if sitting.judged:
            book.enter(conn, row, sitting, times.now)
        if row.state not in LIVE and sitting.judged and secrecy.is_pseudonymous(task):
            secrecy.blank(conn, [judged.seq for judged in sitting.judged])

    def _ended(
        self,
        conn: Connection,
        row: Row[Any],
        task: SocialTask,
        times: Timing,
        sitting: Sitting,
    ) -> bool:
        """Close the request if it is decided, posted, over or impossible; says whether it was closed."""
        if times.impossible:
            self._endings.end(conn, row, task, None, error="social.delivery_failed", reason=times.impossible)
            return True
        if times.awaits_approval and approving.needs(task):
            return self._publication.settle(conn, row, task, times, sitting)
        outcome = _outcome(conn, row, task, times, sitting)
        if outcome is not None:
            over = sitting.outcome is None and times.is_over(answered=sitting.count.ballots > 0)
            self._endings.end(conn, row, task, outcome, at=times.closed_at if over else None)
        return outcome is not None


def _outcome(
    conn: Connection, row: Row[Any], task: SocialTask, times: Timing, sitting: Sitting
) -> Outcome | None:
    """How the request ends now; None if it goes on."""
    if not isinstance(task, Asking):
        return times.posted
    if sitting.outcome is not None:
        return sitting.outcome
    over = times.is_over(answered=sitting.count.ballots > 0)
    if over and task.tallies == "binding":
        return polls.decided(conn, row.id, sitting.terms.rule, sitting.count)
    return decide(sitting.terms.rule, sitting.count, closing=over)


_RELINKS = exists().where(work.c.id == literal("relink:") + request.c.id).label("relinks")
_APPROVAL_POSTS = Prepared(
    select(delivery).where(
        delivery.c.request == bindparam("of_request"),
        or_(
            delivery.c.purpose == deliveries.Purpose.OPEN,
            delivery.c.purpose == deliveries.Purpose.APPROVE,
        ),
    )
)
_REQUEST = Prepared(
    select(request, _RELINKS, run.c.process)
    .join(run, run.c.id == request.c.run)
    .where(request.c.id == bindparam("of_id"))
    .with_for_update(of=request)
)
_OPENING_POSTS = Prepared(
    select(delivery).where(
        delivery.c.request == bindparam("of_request"), delivery.c.purpose == deliveries.Purpose.OPEN
    )
)
_CHANGE = Prepared(update(request).where(request.c.id == bindparam("of_id")))
