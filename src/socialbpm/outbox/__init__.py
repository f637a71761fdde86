"""The outbox: what shall be posted is a row first, and a person can see and settle what became of it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import Any

from sqlalchemy import Connection, Row, Select, bindparam, select, update

from socialbpm.channels.base import Channel
from socialbpm.clock import Clock
from socialbpm.engines.work import Work
from socialbpm.errors import NotFound, StateError
from socialbpm.inbox import waiting
from socialbpm.outbox import deliveries, prompt
from socialbpm.outbox.deliveries import Action, Purpose, State, Write
from socialbpm.outbox.preparation import Preparation
from socialbpm.outbox.rates import Rates
from socialbpm.outbox.relay import Relay
from socialbpm.posts import Receipt
from socialbpm.store import Store, audit, locks
from socialbpm.store.tables import delivery, request

__all__ = ["Outbox", "Preparation", "Write"]

STUCK = (State.PARKED, State.UNKNOWN)


class Outbox:
    """Takes writes in, has them carried out by the relay, and lets a person settle those that got stuck.

    ``channels`` are the connected accounts by name; it may change while the store is open.
    """

    def __init__(self, store: Store, clock: Clock, work: Work, channels: Mapping[str, Channel]) -> None:
        self._store, self._clock, self._work = store, clock, work
        self.channels = channels
        self.rates = Rates(clock)
        work.register_own("deliver", Relay(store, clock, work, channels, self.rates).perform)

    def enqueue(self, conn: Connection, writes: Sequence[Write], *, run: str, element: str) -> int:
        """Store ``writes`` and have them prepared or delivered, in the caller's transaction.

        Those for our own pages stand at once; says how many do. ``run`` and ``element`` are for the audit.
        """
        now = self._clock.now()
        rows = [
            prompt.deliver(conn, self._work, self.channels, write, deliveries.row(write), now)
            for write in writes
        ]
        deliveries.insert(conn, rows)
        for row in rows:
            if row["state"] == State.DUE:
                self._work.schedule(conn, "deliver", row["id"], row["due"])
        for request_id in {write.request: None for write in writes if write.sources}:
            self._work.schedule(conn, "prepare", request_id, now)
        stand = [row for row in rows if row["state"] == State.SENT]
        audit.record_all(conn, now, [_told(row, run, element) for row in stand])
        return len(stand)

    def limit(self, channel: str, per_write: timedelta) -> None:
        """Leave at least ``per_write`` between two writes of this account, over all workers."""
        with self._store.begin() as conn:
            self.rates.limit(conn, channel, per_write)

    def resume(self, channel: str) -> int:
        """The account works again (or is connected again): send what waited for it. Returns how many.

        What is unknown is reconciled if the channel can; else it still waits for ``settle``.
        """
        with self._store.begin() as conn:
            self.rates.resume(conn, channel)
            waiting = conn.execute(_STUCK, {"by": channel, "in_states": STUCK}).all()
        return sum(self._wake(row.id) for row in waiting)

    def _wake(self, delivery_id: str) -> bool:
        """Each in a transaction of its own: they are of many runs. Says whether it will be sent."""
        with self._store.begin() as conn:
            locks.hold_run_of(conn, delivery_id=delivery_id)
            row = conn.execute(_ONE, {"of_id": delivery_id}).one()
            if row.state == State.PARKED:
                self._again(conn, delivery_id)
            elif row.state == State.UNKNOWN:
                self._work.schedule(conn, "deliver", delivery_id, self._clock.now())
            return bool(row.state == State.PARKED)

    def retry(self, delivery_id: str) -> None:
        """A person says: send this parked delivery now. Raises NotFound, StateError."""
        with self._store.begin() as conn:
            locks.hold_run_of(conn, delivery_id=delivery_id)
            self._stuck(conn, delivery_id, (State.PARKED,))
            self._again(conn, delivery_id)

    def settle(self, delivery_id: str, receipt: Receipt | None) -> None:
        """A person says of an unknown write: it stands (``receipt``), or it does not: send it (None).

        Raises NotFound, StateError.
        """
        with self._store.begin() as conn:
            locks.hold_run_of(conn, delivery_id=delivery_id)
            row = self._stuck(conn, delivery_id, STUCK)
            facts = {"delivery": delivery_id, "stands": receipt is not None}
            audit.record(conn, self._clock.now(), "post.settled", row.run, row.request, **facts)
            if receipt is None:
                self._again(conn, delivery_id)
            else:
                self._stands(conn, row, receipt)

    def _stands(self, conn: Connection, row: Row[Any], receipt: Receipt) -> None:
        now = self._clock.now()
        stands = {"state": State.SENT, "remote_id": receipt.remote_id, "url": receipt.url}
        changed = update(delivery).where(delivery.c.id == row.id)
        conn.execute(changed.values(stands | {"sent_at": now, "error": ""}))
        deliveries.wake_followers(conn, self._work, row.creates or row.id, now)
        if row.action == Action.CREATE:
            waiting.attach(conn, self._work, row.channel, receipt.remote_id, row.request, row.run, now)
        if row.purpose in (Purpose.OPEN, Purpose.APPROVE):
            self._work.schedule(conn, "tally", row.request, now)

    def _stuck(self, conn: Connection, delivery_id: str, states: tuple[State, ...]) -> Row[Any]:
        row = conn.execute(_ONE, {"of_id": delivery_id}).first()
        if row is None:
            raise NotFound(f"there is no delivery '{delivery_id}'")
        if row.state not in states:
            raise StateError(f"delivery '{delivery_id}' is {row.state}; there is nothing to settle")
        return row

    def _again(self, conn: Connection, delivery_id: str) -> None:
        now = self._clock.now()
        fresh = {"state": State.DUE, "due": now, "error": ""}
        conn.execute(update(delivery).where(delivery.c.id == delivery_id).values(fresh))
        self._work.schedule(conn, "deliver", delivery_id, now)


def _told(row: dict[str, Any], run: str, element: str) -> dict[str, Any]:
    """The audit of a write that stands."""
    kind = "post.sent" if row["action"] == Action.CREATE else "post.edited"
    facts = {"delivery": row["id"], "channel": row["channel"], "element": element}
    return {"kind": kind, "run": run, "request": row["request"], "facts": facts}


_STUCK = select(delivery.c.id).where(
    delivery.c.channel == bindparam("by"), delivery.c.state.in_(bindparam("in_states", expanding=True))
)
_ONE: Select[Any] = (
    select(delivery, request.c.run)
    .join(request, request.c.id == delivery.c.request)
    .where(delivery.c.id == bindparam("of_id"))
    .with_for_update(of=delivery)
)
