"""Collecting: channels that do not push are read in batches, from where the last batch ended.

One reading serves all requests of an account. It goes on as long as some request asks there, and is done once
more after a request's end, so that what was answered in time is read before the request closes.
"""

from __future__ import annotations

import logging
from collections.abc import Mapping
from datetime import datetime, timedelta

from sqlalchemy import Connection, bindparam, select, update

from socialbpm.channels.base import Batch, Channel
from socialbpm.clock import Clock
from socialbpm.engines.work import Claim, Work
from socialbpm.errors import AuthorizationFailed, ChannelError
from socialbpm.inbox import Inbox
from socialbpm.posts import Intake
from socialbpm.store import Store, insert_once
from socialbpm.store.tables import EPOCH, delivery, reading, request

logger = logging.getLogger(__name__)

EVERY = timedelta(minutes=1)
"""How long to wait between two readings when nothing is new."""

LONGEST = timedelta(hours=1)
"""How long to wait at most, whatever the platform asks for: what ends meanwhile waits for its answers."""

BAD_TOKEN = timedelta(minutes=15)
"""How long to wait when the platform does not let us in: asking often makes it worse."""


class Collector:
    """Performs the work "collect" of one account: a batch and its cursor are stored in one transaction."""

    def __init__(
        self, store: Store, clock: Clock, work: Work, channels: Mapping[str, Channel], inbox: Inbox
    ) -> None:
        self._store, self._clock, self._work = store, clock, work
        self._channels, self._inbox = channels, inbox
        work.register("collect", self.perform)

    def perform(self, claim: Claim) -> None:
        """Read on: at once again if there was something, later if not, no more if nobody is asked there."""
        channel, began = self._channels.get(claim.ref), self._clock.now()
        if channel is None or channel.capabilities.intake is not Intake.COLLECT:
            self._finish(claim, None)
            return
        cursor = self._cursor(claim.ref)
        try:
            batch = channel.collect(cursor)
        except Exception as error:  # whatever it is, others wait for their answers: try again
            logger.warning("cannot collect from '%s': %s", claim.ref, _told(error))
            self._finish(claim, began + _rest(error))
            return
        for tally in batch.tallies:
            self._inbox.tallies.accept(tally)  # the newest takes the place of the last: it may be repeated
        with self._store.begin() as conn:
            again_at = self._keep(conn, claim.ref, batch, began)
            stuck = batch.responses and batch.cursor == cursor  # the same page again would bring nothing new
            self._work.finish(conn, claim, began + EVERY if stuck else again_at)

    def _cursor(self, channel: str) -> str:
        with self._store.begin() as conn:
            insert_once(conn, reading, channel=channel, cursor="", read_at=EPOCH)
            return str(conn.execute(_CURSOR, {"of_channel": channel}).scalar_one())

    def _keep(self, conn: Connection, channel: str, batch: Batch, began: datetime) -> datetime | None:
        """Store a batch; returns when to read on. An empty one: all is read that was there when it began."""
        self._inbox.store(conn, channel, batch.responses)
        values: dict[str, object] = {"cursor": batch.cursor}
        if not batch.responses:
            values["read_at"] = began
        conn.execute(update(reading).where(reading.c.channel == channel).values(values))
        if batch.responses:
            return began
        asking = conn.execute(_ASKING, {"of_channel": channel}).all()
        for request_id in sorted(row.id for row in asking if row.state == "CLOSING"):
            self._work.schedule(conn, "tally", request_id, began)
        return began + EVERY if asking else None

    def _finish(self, claim: Claim, again_at: datetime | None) -> None:
        with self._store.begin() as conn:
            self._work.finish(conn, claim, again_at)


def _told(error: Exception) -> str:
    """A channel's own words; of any other error, which may hold secrets, only its kind."""
    return str(error) if isinstance(error, ChannelError) else type(error).__name__


def _rest(error: Exception) -> timedelta:
    least = BAD_TOKEN if isinstance(error, AuthorizationFailed) else EVERY
    wished = error.retry_after if isinstance(error, ChannelError) else 0.0
    return max(least, timedelta(seconds=min(wished, LONGEST.total_seconds())))


_CURSOR = select(reading.c.cursor).where(reading.c.channel == bindparam("of_channel"))
_ASKING = (
    select(request.c.id, request.c.state)
    .where(
        request.c.state.in_(["OPEN", "CLOSING"]),
        request.c.kind != "postStatus",
        select(delivery.c.id)
        .where(delivery.c.request == request.c.id, delivery.c.channel == bindparam("of_channel"))
        .exists(),
    )
    .order_by(request.c.state, request.c.opened_at)
)
