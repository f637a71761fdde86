"""What a platform's own poll, which names nobody, has counted: kept per post, told to its request.

The newest tally of a post takes the place of the one before. A request keeps the sum apart from ballots.
"""

from __future__ import annotations

from collections import Counter

from sqlalchemy import Connection, bindparam, select, update

from socialbpm.clock import Clock
from socialbpm.engines.work import Work
from socialbpm.responses import Tally
from socialbpm.store import Store, audit, insert_once, locks
from socialbpm.store.tables import delivery, request, tally

LIVE = ("OPEN", "CLOSING")


class Tallies:
    """Takes tallies in, and performs the work "polls": it sums them up for one request."""

    def __init__(self, store: Store, clock: Clock, work: Work) -> None:
        self._store, self._clock, self._work = store, clock, work
        work.register_steps(
            "polls",
            lambda conn, request_id, _: self._sum_up(conn, request_id),
            hold=lambda conn, request_id: locks.hold_run_of(conn, request_id=request_id),
        )

    def accept(self, given: Tally) -> bool:
        """Store a tally; False if no post here is known by that id."""
        with self._store.begin() as conn:
            row = conn.execute(_BY_POST, {"by": given.channel, "of_post": given.post}).first()
            if row is None:
                return False
            now = self._clock.now()
            values = {"counts": dict(given.counts), "received_at": now}
            key = {"channel": given.channel, "post": given.post}
            if not insert_once(conn, tally, request=row.request, **key, **values):
                conn.execute(_RENEW, {"by": given.channel, "of_post": given.post, **values})
            self._work.schedule(conn, "polls", row.request, now)
        return True

    def _sum_up(self, conn: Connection, request_id: str) -> None:
        """Only while the request is open."""
        row = conn.execute(_REQUEST, {"of_id": request_id}).first()
        if row is None or row.state not in LIVE:
            return
        facts = {"element": row.element, "votes": sum(sum_up(conn, request_id).values())}
        audit.record(conn, self._clock.now(), "request.tallied", row.run, request_id, **facts)


def sum_up(conn: Connection, request_id: str) -> dict[str, int]:
    """The votes per choice over all posts of a request; kept beside it."""
    total: Counter[str] = Counter()
    for counts in conn.execute(_TALLIES, {"of_request": request_id}).scalars():
        total.update({key: number for key, number in counts.items() if number > 0})
    conn.execute(_KEEP, {"of_id": request_id, "sums": dict(total)})
    return dict(total)


_TALLIES = select(tally.c.counts).where(tally.c.request == bindparam("of_request"))
_KEEP = update(request).where(request.c.id == bindparam("of_id")).values(tallies=bindparam("sums"))
_BY_POST = (
    select(delivery.c.request)
    .where(delivery.c.channel == bindparam("by"), delivery.c.remote_id == bindparam("of_post"))
    .order_by(delivery.c.sent_at.desc())
    .limit(1)
)
_RENEW = (
    update(tally)
    .where(tally.c.channel == bindparam("by"), tally.c.post == bindparam("of_post"))
    .values(counts=bindparam("counts"), received_at=bindparam("received_at"))
)
_REQUEST = (
    select(request.c.id, request.c.run, request.c.element, request.c.state)
    .where(request.c.id == bindparam("of_id"))
    .with_for_update()
)
