"""What happened, in order: append-only, ids and figures but never people's words. The live feed reads it."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Row, bindparam, select

from socialbpm.store import flush, insert_later
from socialbpm.store.prepared import Prepared
from socialbpm.store.tables import audit

_APPEND = Prepared(audit.insert())
_LATER = select(audit).where(audit.c.seq > bindparam("after")).order_by(audit.c.seq).limit(bindparam("most"))
_SINCE, _SINCE_OF_RUN = Prepared(_LATER), Prepared(_LATER.where(audit.c.run == bindparam("of_run")))


def record(
    conn: Connection,
    now: datetime,
    kind: str,
    run: str | None = None,
    request: str | None = None,
    **facts: Any,
) -> None:
    """Append one entry, in the transaction that makes it true. ``facts`` is JSON: ids, states and numbers."""
    record_all(conn, now, [{"kind": kind, "run": run, "request": request, "facts": facts}])


def record_all(conn: Connection, now: datetime, entries: Sequence[dict[str, Any]]) -> None:
    """Append several entries of the form ``{kind, run, request, facts}``; they are written at the commit."""
    if entries:
        insert_later(conn, _APPEND, [{"at": now, **entry} for entry in entries])


def since(conn: Connection, seq: int, limit: int = 100, run: str | None = None) -> Sequence[Row[Any]]:
    """Up to ``limit`` entries after ``seq``, oldest first; only those of ``run`` if it is given."""
    flush(conn)
    if run is None:
        return _SINCE.rows(conn, after=seq, most=limit).all()
    return _SINCE_OF_RUN.rows(conn, after=seq, most=limit, of_run=run).all()
