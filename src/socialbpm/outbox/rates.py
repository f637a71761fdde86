"""How fast an account may write, and whether it may at all: one row per account, shared by every worker."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import BigInteger, Connection, bindparam, case, select, type_coerce, update

from socialbpm.clock import Clock
from socialbpm.store import insert_once
from socialbpm.store.prepared import Prepared
from socialbpm.store.tables import EPOCH, MICROSECOND, Instant, account_rate, delivery


@dataclass(frozen=True, slots=True, kw_only=True)
class Slot:
    """When an account may write next; ``paused`` says why it may not at all."""

    at: datetime
    paused: str = ""


class Rates:
    """Reserves places in time (GCRA: one number per account, moved on by one atomic update)."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock

    def reserve(self, conn: Connection, channel: str, kept: datetime | None = None) -> Slot:
        """The next free place of this account, now taken. An account without a limit is always free.

        ``kept`` is the place that was taken before. It stands until its time has gone by, so that those who
        were away do not all write at once; and it is no right to write to an account that has been paused.
        """
        now = self._clock.now()
        if kept is not None:
            known = _KNOWN.rows(conn, of_channel=channel).first()
            if known is not None and now < kept + known.interval * MICROSECOND:
                return Slot(at=kept, paused=known.paused)
        row = _RESERVE.rows(conn, of_channel=channel, now=now).first()
        if row is None:
            return Slot(at=now)
        return Slot(at=row.tat - row.interval * MICROSECOND, paused=row.paused)

    def hold(self, conn: Connection, channel: str, until: datetime) -> None:
        """The platform asks for a rest: no write before ``until``. Places taken before that are given up."""
        self._known(conn, channel)
        later = account_rate.c.channel == channel, account_rate.c.tat < until
        conn.execute(update(account_rate).where(*later).values(tat=until))
        early = delivery.c.channel == channel, delivery.c.state == "DUE", delivery.c.slot < until
        # They are of any run: those that somebody is at are left alone, not waited for.
        free = select(delivery.c.id).where(*early).with_for_update(skip_locked=True)
        conn.execute(update(delivery).where(delivery.c.id.in_(free)).values(slot=None))

    def pause(self, conn: Connection, channel: str, reason: str) -> None:
        """Write nothing more to this account until a person has mended it."""
        self._known(conn, channel)
        conn.execute(update(account_rate).where(account_rate.c.channel == channel).values(paused=reason))

    def resume(self, conn: Connection, channel: str) -> None:
        """The account is in order again."""
        conn.execute(update(account_rate).where(account_rate.c.channel == channel).values(paused=""))

    def limit(self, conn: Connection, channel: str, per_write: timedelta) -> None:
        """Leave at least ``per_write`` between two writes."""
        self._known(conn, channel)
        interval = per_write // MICROSECOND
        conn.execute(update(account_rate).where(account_rate.c.channel == channel).values(interval=interval))

    def _known(self, conn: Connection, channel: str) -> None:
        insert_once(conn, account_rate, channel=channel, tat=EPOCH, interval=0, paused="")


_KNOWN = Prepared(
    select(account_rate.c.interval, account_rate.c.paused).where(
        account_rate.c.channel == bindparam("of_channel")
    )
)
_NOW = bindparam("now", type_=Instant())
_START = case((account_rate.c.tat > _NOW, account_rate.c.tat), else_=_NOW)
_RESERVE = Prepared(
    update(account_rate)
    .where(account_rate.c.channel == bindparam("of_channel"))
    .values(tat=type_coerce(_START, BigInteger) + account_rate.c.interval)
    .returning(account_rate.c.tat, account_rate.c.interval, account_rate.c.paused)
)
