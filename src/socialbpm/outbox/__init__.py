"""The outbox: what shall be posted is a row first, and a person can see and settle what became of it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import timedelta

from sqlalchemy import Connection, select, update

from socialbpm.channels.base import Channel
from socialbpm.clock import Clock
from socialbpm.engines.work import Work
from socialbpm.errors import NotFound, StateError
from socialbpm.outbox import deliveries
from socialbpm.outbox.deliveries import Purpose, State, Write
from socialbpm.outbox.preparation import Preparation
from socialbpm.outbox.rates import Rates
from socialbpm.outbox.relay import Relay
from socialbpm.posts import Receipt
from socialbpm.store import Store, audit
from socialbpm.store.tables import delivery

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

    def enqueue(self, conn: Connection, writes: Sequence[Write]) -> None:
        """Store ``writes`` and have them prepared or delivered, in the caller's transaction."""
        deliveries.insert(conn, writes)
        now = self._clock.now()
        for write in writes:
            if not write.sources and not write.skipped:
                self._work.schedule(conn, "deliver", write.key, write.due)
        for request in {write.request: None for write in writes if write.sources}:
            self._work.schedule(conn, "prepare", request, now)

    def limit(self, channel: str, per_write: timedelta) -> None:
        """Leave at least ``per_write`` between two writes of this account, over all workers."""
        with self._store.begin() as conn:
            self.rates.limit(conn, channel, per_write)

    def resume(self, channel: str) -> int:
        """The account works again (or is connected again): send what waited for it. Returns how many."""
        with self._store.begin() as conn:
            self.rates.resume(conn, channel)
            stuck = delivery.c.channel == channel, delivery.c.state == State.PARKED
            ids = conn.scalars(select(delivery.c.id).where(*stuck)).all()
            for delivery_id in ids:
                self._again(conn, delivery_id)
        return len(ids)

    def retry(self, delivery_id: str) -> None:
        """A person says: send this parked delivery now. Raises NotFound, StateError."""
        with self._store.begin() as conn:
            self._stuck(conn, delivery_id, (State.PARKED,))
            self._again(conn, delivery_id)

    def settle(self, delivery_id: str, receipt: Receipt | None) -> None:
        """A person says of an unknown write: it stands (``receipt``), or it does not: send it (None).

        Raises NotFound, StateError.
        """
        with self._store.begin() as conn:
            request, purpose = self._stuck(conn, delivery_id, STUCK)
            now = self._clock.now()
            audit.record(
                conn, now, "post.settled", None, request, delivery=delivery_id, stands=receipt is not None
            )
            if receipt is None:
                self._again(conn, delivery_id)
                return
            stands = {"remote_id": receipt.remote_id, "url": receipt.url, "sent_at": now, "error": ""}
            conn.execute(
                update(delivery).where(delivery.c.id == delivery_id).values(state=State.SENT, **stands)
            )
            deliveries.wake_followers(conn, self._work, delivery_id, now)
            if purpose == Purpose.OPEN:
                self._work.schedule(conn, "tally", request, now)

    def _stuck(self, conn: Connection, delivery_id: str, states: tuple[State, ...]) -> tuple[str, str]:
        columns = delivery.c
        query = select(columns.state, columns.request, columns.purpose).where(columns.id == delivery_id)
        row = conn.execute(query.with_for_update()).first()
        if row is None:
            raise NotFound(f"there is no delivery '{delivery_id}'")
        if row.state not in states:
            raise StateError(f"delivery '{delivery_id}' is {row.state}; there is nothing to settle")
        return row.request, row.purpose

    def _again(self, conn: Connection, delivery_id: str) -> None:
        now = self._clock.now()
        fresh = {"state": State.DUE, "due": now, "error": ""}
        conn.execute(update(delivery).where(delivery.c.id == delivery_id).values(fresh))
        self._work.schedule(conn, "deliver", delivery_id, now)
