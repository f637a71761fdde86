"""How often somebody may try: a few times an hour. Guessing a code must not be worth the while."""

from __future__ import annotations

from datetime import datetime, timedelta

from sqlalchemy import Connection, bindparam, delete, select, update

from socialbpm.store import insert_once
from socialbpm.store.tables import attempt

MOST = 5
WINDOW = timedelta(hours=1)
TOO_MANY = "tried five times within an hour; wait a while"


def exhausted(conn: Connection, subject: str, now: datetime) -> bool:
    """Whether ``subject`` has to wait."""
    row = conn.execute(_OF, {"of_subject": subject}).first()
    return row is not None and row.number >= MOST and row.since > now - WINDOW


def note(conn: Connection, subject: str, now: datetime) -> None:
    """``subject`` has tried once more; an hour after the first try they start anew."""
    if insert_once(conn, attempt, subject=subject, since=now, number=1):
        return
    row = conn.execute(_OF, {"of_subject": subject}).one()
    fresh = row.since <= now - WINDOW
    values = {"first": now if fresh else row.since, "times": 1 if fresh else row.number + 1}
    conn.execute(_TRIED, {"of_subject": subject, **values})


def prune(conn: Connection, now: datetime) -> None:
    """Forget what is too old to matter."""
    conn.execute(_OLD, {"before": now - WINDOW})


_OF = select(attempt).where(attempt.c.subject == bindparam("of_subject")).with_for_update()
_TRIED = (
    update(attempt)
    .where(attempt.c.subject == bindparam("of_subject"))
    .values(since=bindparam("first"), number=bindparam("times"))
)
_OLD = delete(attempt).where(attempt.c.since <= bindparam("before"))
