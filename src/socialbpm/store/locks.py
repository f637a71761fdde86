"""Whom a transaction may have to wait for, and in which order, so that no two wait for each other.

SQLite has one writer at a time: whoever has begun has everything, and nothing here does anything. On
PostgreSQL rows are locked one by one as they are written, and the order is:

1. the run, or nothing of it: ``hold`` comes before any row of that run is written (its requests, deliveries
   and work), so that there is one writer per run;
2. the posts that are not known yet (``hold_posts``), in the order of their ids;
3. work: ``tally`` rows by their ids (taking an answer in locks nothing else);
4. codes that link accounts and the count of guesses, of one account or person;
5. all other work;
6. accounts and readings, of which a transaction writes one.

A transaction holds one run. Who has something to do in several does it in several transactions.
"""

from __future__ import annotations

from collections.abc import Iterable

from sqlalchemy import BigInteger, Connection, bindparam, cast, func, select

from socialbpm.store.tables import delivery, request, run


def hold(conn: Connection, run_id: str) -> None:
    """Be the only one who writes this run until the transaction ends."""
    if conn.dialect.name != "sqlite":
        conn.execute(_RUN, {"of_run": run_id})


def hold_run_of(conn: Connection, *, request_id: str = "", delivery_id: str = "") -> None:
    """As ``hold``, for the run that a request or a delivery belongs to."""
    if conn.dialect.name == "sqlite":
        return
    if request_id:
        conn.execute(_OF_REQUEST, {"of_request": request_id})
    else:
        conn.execute(_OF_DELIVERY, {"of_delivery": delivery_id})


def hold_posts(conn: Connection, channel: str, remote_ids: Iterable[str]) -> None:
    """Be the only one who records these posts of a channel, or what answers them."""
    if conn.dialect.name != "sqlite":
        for remote_id in sorted(remote_ids):
            conn.execute(_POST, {"of_post": f"{channel}\n{remote_id}"})


_LOCKED = select(run.c.id).with_for_update(key_share=True, of=run)  # rows may still refer to it
_RUN = _LOCKED.where(run.c.id == bindparam("of_run"))
_OF_REQUEST = _LOCKED.join(request, request.c.run == run.c.id).where(request.c.id == bindparam("of_request"))
_OF_DELIVERY = (
    _LOCKED.join(request, request.c.run == run.c.id)
    .join(delivery, delivery.c.request == request.c.id)
    .where(delivery.c.id == bindparam("of_delivery"))
)
_POST = select(func.pg_advisory_xact_lock(cast(func.hashtext(bindparam("of_post")), BigInteger)))
