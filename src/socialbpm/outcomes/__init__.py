"""Outcomes: apply what came in to a request, start and end its time, and close it once.

One work row per request ("tally") does this under that row's lock, so two last answers cannot both see n - 1.
A response that decides nothing costs a constant number of statements and never loads the run.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Row, bindparam, select, update

from socialbpm import tasks
from socialbpm.clock import Clock
from socialbpm.engines.work import Work
from socialbpm.outbox import Outbox, deliveries
from socialbpm.outcomes import book, closings, final_read, timing
from socialbpm.outcomes.results import result
from socialbpm.outcomes.standings import Sitting, Terms
from socialbpm.outcomes.timing import Timing
from socialbpm.policies import Count, Rule, decide
from socialbpm.posts import AskKind
from socialbpm.responses import Outcome
from socialbpm.store import Store, audit, locks
from socialbpm.store.prepared import Prepared
from socialbpm.store.tables import delivery, request, run
from socialbpm.tasks import Asking, RequestReview, SocialTask

LIVE = ("OPEN", "CLOSING")
NOTHING_ASKED = Rule(policy="plurality", choices=())


class Outcomes:
    """Decides requests. ``close`` is the only way in which a request ends, whoever ends it."""

    def __init__(self, store: Store, clock: Clock, work: Work, outbox: Outbox) -> None:
        self._store, self._clock, self._work, self._outbox = store, clock, work, outbox
        work.register_steps(
            "tally",
            lambda conn, request_id, _: self._advance(conn, request_id),
            hold=lambda conn, request_id: locks.hold_run_of(conn, request_id=request_id),
        )

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
        self._end(conn, row, task, outcome, error=error, reason=reason, cancelled=cancelled)
        return True

    def result(self, conn: Connection, request_id: str) -> dict[str, Any]:
        """What the process gets of a closed request: flat JSON, documented in tasks.results."""
        return result(conn, request_id)

    # one step

    def _advance(self, conn: Connection, request_id: str) -> datetime | None:
        """Apply what is new, close if it is time; returns when to look again (at once after a full batch)."""
        row = _REQUEST.rows(conn, of_id=request_id).first()
        if row is None:
            return None
        task, now = tasks.load(row.task), self._clock.now()
        times = timing.of(row, task, self._posts(conn, row), now)
        sitting, more = self._sit(conn, row, task, times)
        self._save(conn, row, times, sitting, now)
        if row.state not in LIVE or (more and sitting.outcome is None):
            return now if more else None
        if (until := self._final_read(conn, row, times, sitting)) is not None:
            return until
        ended = self._ended(conn, row, task, times, sitting)
        return now if more else None if ended else times.look_again(now)

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

    def _posts(self, conn: Connection, row: Row[Any]) -> Sequence[Row[Any]]:
        """The deliveries that must stand; none once they do, so that later steps cost nothing."""
        if row.stands_at is not None or row.state not in LIVE:
            return ()
        return _OPENING_POSTS.rows(conn, of_request=row.id).all()

    def _sit(self, conn: Connection, row: Row[Any], task: SocialTask, times: Timing) -> tuple[Sitting, bool]:
        """Judge the next batch of responses; says whether there may be more."""
        events = book.pending(conn, row)
        sitting = Sitting(
            terms=_terms(row, task, times, final_read.collected(self._outbox.channels)),
            count=Count.load(row.counted),
            standings=Counter(row.standings),
        )
        sitting.apply(events)
        return sitting, len(events) == book.BATCH

    def _save(self, conn: Connection, row: Row[Any], times: Timing, sitting: Sitting, now: datetime) -> None:
        changes = times.changes(row)
        if changes:
            _CHANGE.change(conn, of_id=row.id, **changes)
        if sitting.judged:
            book.enter(conn, row, sitting, now)

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
            self._end(conn, row, task, None, error="social.delivery_failed", reason=times.impossible)
            return True
        outcome = _outcome(task, times, sitting)
        if outcome is not None:
            self._end(conn, row, task, outcome)
        return outcome is not None

    def _end(
        self,
        conn: Connection,
        row: Row[Any],
        task: SocialTask,
        outcome: Outcome | None,
        *,
        error: str = "",
        reason: str = "",
        cancelled: bool = False,
    ) -> None:
        now = self._clock.now()
        if outcome is not None and outcome.outcome in task.raise_on:
            error, reason = f"social.{outcome.outcome}", outcome.explanation
        state = "CANCELLED" if cancelled else "CLOSED"
        ended = {"state": state, "closed_at": row.closed_at or now, "error": error}
        told = row.outcome or (_dump(outcome) if outcome else {"outcome": "", "explanation": reason})
        _CHANGE.change(conn, of_id=row.id, outcome=told, **ended)
        self._audit_end(conn, row, now, outcome, error=error, cancelled=cancelled)
        if row.state in LIVE and isinstance(task, Asking):
            self._close_posts(conn, row, task, _note(conn, row, task, outcome, reason, cancelled=cancelled))
        if not cancelled and row.process is not None:  # a host with its own state asks by itself
            self._work.schedule(conn, "resume", row.run, now)

    def _close_posts(self, conn: Connection, row: Row[Any], task: Asking, note: str) -> None:
        """No post keeps a question that has ended: each is edited, answered, or not sent any more."""
        ending = closings.ending(
            deliveries.of_request(conn, row.id), self._outbox.channels, note, self._clock.now()
        )
        if ending.unsent:
            gone = {"state": deliveries.State.SKIPPED, "error": "the request had ended before it was sent"}
            conn.execute(update(delivery).where(delivery.c.id.in_(ending.unsent)).values(gone))
            for create in ending.unsent:
                deliveries.wake_followers(conn, self._work, create, self._clock.now())
        self._outbox.enqueue(conn, ending.writes, run=row.run, element=row.element)

    def _audit_end(
        self,
        conn: Connection,
        row: Row[Any],
        now: datetime,
        outcome: Outcome | None,
        *,
        error: str,
        cancelled: bool,
    ) -> None:
        facts: dict[str, Any] = {"element": row.element, "outcome": outcome.outcome if outcome else ""}
        if error:
            facts["error"] = error
        kind = "request.cancelled" if cancelled else "request.closed"
        audit.record(conn, now, kind, row.run, row.id, **facts)


def _terms(row: Row[Any], task: SocialTask, times: Timing, collected: frozenset[str]) -> Terms:
    return Terms(
        rule=Rule.of(task) if isinstance(task, Asking) else NOTHING_ASKED,
        kind=task.kind if isinstance(task, Asking) else AskKind.SINGLE,
        version=row.version,
        author=task.author if isinstance(task, Asking) else "",
        ends_at=times.ends_at,
        grace_until=times.grace_until,
        collected=collected,
        ended=_why_over(row),
    )


def _why_over(row: Row[Any]) -> str:
    if row.state in LIVE:
        return ""
    return "the request was cancelled" if row.state == "CANCELLED" else "the request had closed"


def _outcome(task: SocialTask, times: Timing, sitting: Sitting) -> Outcome | None:
    """How the request ends now; None if it goes on."""
    if not isinstance(task, Asking):
        return times.posted
    if sitting.outcome is not None:
        return sitting.outcome
    answered = sitting.count.ballots > 0
    return decide(sitting.terms.rule, sitting.count, closing=times.is_over(answered=answered))


def _dump(outcome: Outcome) -> dict[str, Any]:
    return {
        "outcome": outcome.outcome,
        "explanation": outcome.explanation,
        "winners": list(outcome.winners),
        "counts": outcome.counts,
        "order": list(outcome.order),
        "scores": {key: str(score) for key, score in outcome.scores.items()},
    }


def _note(
    conn: Connection, row: Row[Any], task: Asking, outcome: Outcome | None, reason: str, *, cancelled: bool
) -> str:
    """What the posts say of the end: the outcome and, in a review, who answered."""
    if cancelled:
        return f"cancelled: {reason}" if reason else "cancelled"
    if outcome is None:
        return f"ended: {reason}"
    if not isinstance(task, RequestReview):
        return outcome.explanation
    return closings.signed(outcome.explanation, book.answered(conn, row.id, closings.NAMED + 1))


_REQUEST = Prepared(
    select(request, run.c.process)
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
