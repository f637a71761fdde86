"""The one closing routine: a request ends, its posts say so, its run goes on; whoever ends it."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Row, bindparam, select, update

from socialbpm.clock import Clock
from socialbpm.engines.work import Work
from socialbpm.outbox import Outbox, deliveries
from socialbpm.outbox.deliveries import State
from socialbpm.outcomes import approving, closings, pictures, secrecy
from socialbpm.outcomes.closings import Voice
from socialbpm.posts import AskKind
from socialbpm.responses import Outcome, Standing
from socialbpm.store import audit
from socialbpm.store.prepared import Prepared
from socialbpm.store.tables import care, delivery, event, request, response
from socialbpm.tasks import Asking, MediaSource, SocialTask

LIVE = ("OPEN", "CLOSING")
NAMING = (AskKind.VERDICT, AskKind.CONSENT)
"""Questions whose end names those who answered; the note of a poll names nobody."""


class Endings:
    """Ends requests. All of it happens in the caller's transaction."""

    def __init__(self, clock: Clock, work: Work, outbox: Outbox) -> None:
        self._clock, self._work, self._outbox = clock, work, outbox

    def end(
        self,
        conn: Connection,
        row: Row[Any],
        task: SocialTask,
        outcome: Outcome | None,
        *,
        error: str = "",
        reason: str = "",
        cancelled: bool = False,
        at: datetime | None = None,
    ) -> None:
        """End the request ``row`` (with its run's ``process``) by an outcome, an error, or ``cancelled``.

        ``at`` is when its time ended it, if that did; else it ends now.
        """
        now = self._clock.now()
        if outcome is not None and outcome.outcome in task.raise_on:
            error, reason = f"social.{outcome.outcome}", outcome.explanation
        state, ended_at = "CANCELLED" if cancelled else "CLOSED", row.closed_at or at or now
        ended = {"state": state, "closed_at": ended_at, "error": error}
        told = row.outcome or (_dump(outcome) if outcome else {"outcome": "", "explanation": reason})
        _CHANGE.change(conn, of_id=row.id, outcome=told, **ended)
        self._audit(conn, row, now, outcome, error=error, cancelled=cancelled)
        if row.state in LIVE and _asks(task):
            said = _note(conn, row, task, outcome, reason, cancelled=cancelled)
            self.rest(conn, row, closings.dated(said, ended_at), _picture(conn, row, task, outcome))
            secrecy.seal(conn, row)
        if not cancelled and row.process is not None:  # a host with its own state asks by itself
            self._work.schedule(conn, "resume", row.run, now)

    def rest(self, conn: Connection, row: Row[Any], note: str, picture: MediaSource | None = None) -> None:
        """No post keeps a question that has ended: each is edited, answered, or not sent any more."""
        rows = deliveries.of_request(conn, row.id)
        ending = closings.ending(rows, self._outbox.channels, note, self._clock.now(), picture)
        if ending.unsent:
            gone = {"state": State.SKIPPED, "error": "the request had ended before it was sent"}
            conn.execute(update(delivery).where(delivery.c.id.in_(ending.unsent)).values(gone))
            for create in ending.unsent:
                deliveries.wake_followers(conn, self._work, create, self._clock.now())
        self._outbox.enqueue(conn, ending.writes, run=row.run, element=row.element)

    def _audit(
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


def _asks(task: SocialTask) -> bool:
    """Whether people are asked something: a question, or the approval of what is to be posted."""
    return isinstance(task, Asking) or approving.needs(task)


def _picture(
    conn: Connection, row: Row[Any], task: SocialTask, outcome: Outcome | None
) -> MediaSource | None:
    """How the answers fell, if the model wants it shown; it is drawn before the note goes out."""
    if outcome is None or not isinstance(task, Asking) or not task.chart:
        return None
    return pictures.with_outcome(conn, row.id)


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
    conn: Connection,
    row: Row[Any],
    task: SocialTask,
    outcome: Outcome | None,
    reason: str,
    *,
    cancelled: bool,
) -> str:
    """What the posts say of the end: what was decided or why it ended, and by whom if people are named."""
    if cancelled:
        said = f"cancelled: {reason}" if reason else "cancelled"
    elif outcome is None:
        said = f"ended: {reason}"
    elif isinstance(task, Asking) and task.kind in NAMING and not secrecy.is_pseudonymous(task):
        said = closings.signed(outcome.explanation, voices(conn, row.id))
    elif approving.needs(task):
        said = closings.signed(f"{outcome.explanation}, approved", voices(conn, row.id, approving.APPROVE))
    else:
        said = outcome.explanation
    return said + _escalation(conn, row, task)


def _escalation(conn: Connection, row: Row[Any], task: SocialTask) -> str:
    """To whom it was escalated before it ended, if it was."""
    if not isinstance(task, Asking) or not task.escalate:
        return ""
    at = _ESCALATED.rows(conn, of_request=row.id).scalar()
    return f"; escalated to {task.escalate} on {closings.written(at)}" if at else ""


def voices(conn: Connection, request_id: str, choice: str = "") -> list[Voice]:
    """Those who answered (who chose this), with their reasons if they were against it."""
    rows = _VOICES.rows(conn, of_request=request_id, most=closings.NAMED + 1).all()
    return [
        Voice(row.person, row.comment if not set(row.choices) & closings.IN_FAVOUR else "")
        for row in rows
        if not choice or choice in row.choices
    ]


_CHANGE = Prepared(update(request).where(request.c.id == bindparam("of_id")))
_ESCALATED = Prepared(select(care.c.escalated_at).where(care.c.request == bindparam("of_request")))
_VOICES = Prepared(
    select(response.c.person, event.c.choices, event.c.comment)
    .join_from(response, event, event.c.seq == response.c.seq)
    .where(response.c.request == bindparam("of_request"), response.c.standing == Standing.ACCEPTED)
    .order_by(response.c.seq)
    .limit(bindparam("most"))
)
