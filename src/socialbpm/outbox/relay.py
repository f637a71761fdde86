"""The relay carries one delivery out: mark it SENDING, call the channel, record what came of it.

The call is between two transactions. Whoever dies in it leaves a SENDING row, and a create that is found
SENDING is of unknown outcome: with Dedupe.KEY it is sent again under its key, with LOOKUP it is looked for
first, with NONE a person has to say. Edits and deletes are simply repeated.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from sqlalchemy import Connection, Row, bindparam, select, update

from socialbpm import posts
from socialbpm.channels.base import Channel
from socialbpm.clock import Clock
from socialbpm.engines.work import Claim, Work
from socialbpm.errors import AuthorizationFailed, ChannelError, Rejected, TemporaryFailure
from socialbpm.faults import crash_point
from socialbpm.inbox import waiting
from socialbpm.outbox import deliveries, silence
from socialbpm.outbox.deliveries import Action, Purpose, State
from socialbpm.outbox.errands import Attempt, Errand, carry_out, pointless
from socialbpm.outbox.patience import PATIENCE, out_of_patience, pause, rest_of
from socialbpm.outbox.queueing import Place, place
from socialbpm.outbox.rates import Rates
from socialbpm.posts import Dedupe, Intake, Post, Receipt
from socialbpm.store import Store, audit, locks
from socialbpm.store.prepared import Prepared
from socialbpm.store.tables import delivery, request, run

LIVE = (State.DUE, State.SENDING, State.UNKNOWN)


class Relay:
    """Performs the work "deliver". At most one write to a post is under way at any time."""

    def __init__(
        self, store: Store, clock: Clock, work: Work, channels: Mapping[str, Channel], rates: Rates
    ) -> None:
        self._store, self._clock, self._work = store, clock, work
        self._channels, self._rates = channels, rates

    def perform(self, work_id: str) -> bool:
        """Carry out the delivery that this work is about, as far as it goes now."""
        crash_point("deliver.before-claim")
        with self._store.begin() as conn:
            locks.hold_run_of(conn, delivery_id=work_id.partition(":")[2])
            claim = self._work.claimed(conn, work_id)
            if claim is None:
                return False
            errand = self._errand(conn, claim)
        if errand is not None:
            crash_point("deliver.claimed")
            attempt = carry_out(errand)
            crash_point("deliver.sent")
            with self._store.begin() as conn:
                locks.hold_run_of(conn, delivery_id=claim.ref)
                self._record(conn, errand, attempt)
            crash_point("deliver.recorded")
        return True

    # before the call

    def _errand(self, conn: Connection, claim: Claim) -> Errand | None:
        """The delivery, marked as SENDING; None (and the claim finished) if it is not to be sent now."""
        row = _DELIVERY.rows(conn, of_id=claim.ref).first()
        if row is None or row.state not in LIVE:
            self._work.finish(conn, claim)
            return None
        if row.due > self._clock.now():
            self._work.finish(conn, claim, row.due)
            return None
        if row.state == State.DUE and (pointless(row) or silence.needless(conn, row, self._clock.now())):
            self._skip(conn, claim, row)
            return None
        channel = self._channels.get(row.channel)
        if channel is None:
            self._park(conn, claim, row, f"channel '{row.channel}' is not connected; connect and resume it")
            return None
        return self._reconciled(conn, claim, row, channel)

    def _skip(self, conn: Connection, claim: Claim, row: Row[Any]) -> None:
        self._set(conn, row, state=State.SKIPPED, error="what it was for had ended before it was sent")
        self._tell(conn, row)
        self._work.finish(conn, claim)

    def _reconciled(self, conn: Connection, claim: Claim, row: Row[Any], channel: Channel) -> Errand | None:
        """As ``_errand``, once the channel is there: may an earlier attempt have been carried out?"""
        uncertain = _uncertain(row)
        if uncertain and row.state == State.SENDING:
            self._unknown(conn, row, "the worker ended before the answer came")
        if uncertain and channel.capabilities.dedupe == Dedupe.NONE:
            self._leave(conn, claim, row)
            return None
        return self._in_turn(conn, claim, row, channel, uncertain=uncertain)

    def _in_turn(
        self, conn: Connection, claim: Claim, row: Row[Any], channel: Channel, *, uncertain: bool
    ) -> Errand | None:
        """As ``_errand``, once it may be sent: is it this delivery's turn?"""
        where = place(conn, self._work, row, self._clock.now())
        if where.state:
            self._set(conn, row, state=where.state, error=where.reason)
            self._tell(conn, row)
        if where.state or where.waits:
            self._work.finish(conn, claim)
            return None
        if not self._has_slot(conn, claim, row):
            return None
        post = _addressed(row, where, channel)
        self._set(conn, row, state=State.SENDING, attempts=row.attempts + 1, slot=None, post=posts.dump(post))
        return Errand(
            claim=claim, row=row, channel=channel, post=post, target=where.target, uncertain=uncertain
        )

    def _has_slot(self, conn: Connection, claim: Claim, row: Row[Any]) -> bool:
        """Whether the account may write now; if not, the claim is finished: again at its slot, or parked."""
        slot = self._rates.reserve(conn, row.channel, row.slot)
        if slot.paused:
            self._park(conn, claim, row, slot.paused)
            return False
        if slot.at > self._clock.now():
            self._set(conn, row, slot=slot.at)
            self._work.finish(conn, claim, slot.at)
            return False
        return True

    # after the call

    def _record(self, conn: Connection, errand: Errand, attempt: Attempt) -> None:
        claim, row, error = errand.claim, errand.row, attempt.error
        if attempt.receipt is None and error is None:  # not there: sent under a claim of its own, if it is
            self._set(conn, row, state=State.DUE)
            self._work.finish(conn, claim, self._clock.now())
        elif attempt.receipt is not None:
            self._sent(conn, claim, row, attempt.receipt)
            self._listen(conn, errand)
        elif isinstance(error, AuthorizationFailed):
            self._pause(conn, errand, attempt, error)
        elif isinstance(error, Rejected):
            self._rejected(conn, errand, attempt, str(error))
        elif isinstance(error, TemporaryFailure):
            self._again(conn, errand, error, uncertain=attempt.uncertain)
        else:
            self._again(conn, errand, error, uncertain=row.action == Action.CREATE)

    def _sent(self, conn: Connection, claim: Claim, row: Row[Any], receipt: Receipt) -> None:
        now = self._clock.now()
        self._set(
            conn, row, state=State.SENT, remote_id=receipt.remote_id, url=receipt.url, sent_at=now, error=""
        )
        self._audit(conn, row, "post.sent" if row.action == Action.CREATE else "post.edited")
        if row.action == Action.CREATE:
            waiting.attach(conn, self._work, row.channel, receipt.remote_id, row.request, row.run, now)
        self._tell(conn, row)
        self._work.finish(conn, claim)

    def _listen(self, conn: Connection, errand: Errand) -> None:
        """A question stands where nobody tells us of answers: begin to read there."""
        if errand.post.ask is not None and errand.channel.capabilities.intake is Intake.COLLECT:
            self._work.schedule(conn, "collect", errand.row.channel, self._clock.now())

    def _rejected(self, conn: Connection, errand: Errand, attempt: Attempt, why: str) -> None:
        """Refused for good. After an uncertain attempt this says nothing about the first: a person must."""
        if attempt.uncertain:
            self._unknown(conn, errand.row, why)
            self._leave(conn, errand.claim, errand.row)
            return
        self._set(conn, errand.row, state=State.REJECTED, error=why)
        self._audit(conn, errand.row, "post.rejected", reason=why)
        self._tell(conn, errand.row)
        self._work.finish(conn, errand.claim)

    def _again(
        self, conn: Connection, errand: Errand, error: ChannelError | None, *, uncertain: bool
    ) -> None:
        """Not carried out, or nobody knows: try again later, as the channel's dedupe allows."""
        row, now, why = errand.row, self._clock.now(), str(error)
        rest = rest_of(error)
        if rest:
            self._rates.hold(conn, row.channel, now + rest)
        if uncertain:
            self._unknown(conn, row, why)
        else:
            self._set(conn, row, state=State.DUE, error=why)
        over = out_of_patience(row, now)
        if over and not uncertain:
            self._rejected(conn, errand, Attempt(), f"given up after {PATIENCE.days} day: {why}")
        elif over or (uncertain and errand.channel.capabilities.dedupe == Dedupe.NONE):
            self._leave(conn, errand.claim, row)
        else:
            self._work.finish(conn, errand.claim, now + max(rest, pause(row.attempts)))

    def _pause(self, conn: Connection, errand: Errand, attempt: Attempt, error: AuthorizationFailed) -> None:
        """The account is no good: nothing of it is sent until a person has mended it."""
        why = f"account paused: {error}"
        self._rates.pause(conn, errand.row.channel, why)
        audit.record(conn, self._clock.now(), "account.paused", channel=errand.row.channel)
        self._park(conn, errand.claim, errand.row, why, uncertain=attempt.uncertain)

    def _park(
        self, conn: Connection, claim: Claim, row: Row[Any], why: str, *, uncertain: bool | None = None
    ) -> None:
        """Leave it to a person. What may have been carried out stays UNKNOWN."""
        if _uncertain(row) if uncertain is None else uncertain:
            self._unknown(conn, row, why)
        else:
            self._set(conn, row, state=State.PARKED, slot=None, error=why)
            self._audit(conn, row, "post.parked", reason=why)
        self._leave(conn, claim, row)

    def _leave(self, conn: Connection, claim: Claim, row: Row[Any]) -> None:
        """To a person, however long that takes: what only answers this post need not wait as long."""
        deliveries.wake_followers(conn, self._work, row.creates or row.id, self._clock.now())
        self._work.finish(conn, claim)

    def _unknown(self, conn: Connection, row: Row[Any], why: str) -> None:
        self._set(conn, row, state=State.UNKNOWN, error=why)
        if row.state != State.UNKNOWN:
            self._audit(conn, row, "post.unknown", reason=why)

    def _tell(self, conn: Connection, row: Row[Any]) -> None:
        """Those who wait for this delivery: the writes that follow it, and its request."""
        now = self._clock.now()
        deliveries.wake_followers(conn, self._work, row.creates or row.id, now)
        if row.purpose in (Purpose.OPEN, Purpose.APPROVE):
            self._work.schedule(conn, "tally", row.request, now)

    def _set(self, conn: Connection, row: Row[Any], **values: Any) -> None:
        _SET.change(conn, of_id=row.id, **values)

    def _audit(self, conn: Connection, row: Row[Any], kind: str, **facts: Any) -> None:
        known = {"delivery": row.id, "channel": row.channel, "element": row.element}
        audit.record(conn, self._clock.now(), kind, row.run, row.request, **known, **facts)


def _uncertain(row: Row[Any]) -> bool:
    """Whether an earlier attempt to create the post was begun and not settled."""
    return row.action == Action.CREATE and row.state in (State.SENDING, State.UNKNOWN)


def _addressed(row: Row[Any], where: Place, channel: Channel) -> Post:
    """The frozen post; an answer to another post gets that post's address before it is first sent."""
    post = posts.load(row.post)
    threads = channel.capabilities.can_thread and where.answers
    return replace(post, reply_to=where.answers) if threads else post


_DELIVERY = Prepared(
    select(
        delivery,
        request.c.run,
        request.c.element,
        request.c.state.label("ended"),
        run.c.status.label("run_status"),
    )
    .join(request, request.c.id == delivery.c.request)
    .join(run, run.c.id == request.c.run)
    .where(delivery.c.id == bindparam("of_id"))
    .with_for_update(of=delivery)
)
_SET = Prepared(update(delivery).where(delivery.c.id == bindparam("of_id")))
