"""The statements on the work table: one row is scheduled, claimed, ended or looked for by each.

Made once, because making a statement costs more than executing it.
"""

from __future__ import annotations

from typing import Any

from sqlalchemy import and_, bindparam, case, delete, func, select, update
from sqlalchemy.dialects import postgresql, sqlite

from socialbpm.store.prepared import Prepared
from socialbpm.store.tables import work


def _earlier(one: Any, other: Any) -> Any:
    """SQL: the earlier of two times of which either may be NULL."""
    return case((one.is_(None), other), (other.is_(None), one), (one < other, one), else_=other)


def _schedule(insert: Any) -> Any:
    new = insert.excluded
    free = work.c.token.is_(None)
    return insert.on_conflict_do_update(
        index_elements=[work.c.id],
        set_={
            "next": case((free, _earlier(work.c.next, new.next)), else_=work.c.next),
            "again": case((free, work.c.again), else_=_earlier(work.c.again, new.next)),
            "attempts": case((work.c.next.is_(None), 0), else_=work.c.attempts),  # parked: a new beginning
        },
    )


_COLUMNS = [work.c.id, work.c.kind, work.c.ref, work.c.next]
_NEW: dict[str, Any] = {column.name: bindparam(column.name) for column in _COLUMNS}
SCHEDULE_SQLITE = Prepared(_schedule(sqlite.insert(work).values(_NEW)))
SCHEDULE_POSTGRESQL = Prepared(_schedule(postgresql.insert(work).values(_NEW)))
_CLAIMED = (
    update(work)
    .where(work.c.next <= bindparam("now", type_=work.c.next.type))
    .values(next=bindparam("until"), token=bindparam("by"), attempts=work.c.attempts + 1)
    .returning(work.c.id, work.c.kind, work.c.ref, work.c.attempts)
)
CLAIM = Prepared(_CLAIMED.where(work.c.id == bindparam("work_id")))
CLAIM_ALL = _CLAIMED.where(work.c.id.in_(bindparam("work_ids", expanding=True)))
_MINE = and_(work.c.id == bindparam("work_id"), work.c.token == bindparam("by"))
_AT = bindparam("at", type_=work.c.next.type)
DONE = Prepared(delete(work).where(_MINE, work.c.again.is_(None)))
AGAIN = Prepared(
    update(work)
    .where(_MINE)
    .values(next=_earlier(work.c.again, _AT), again=None, token=None, attempts=0, error="")
    .returning(work.c.next)
)
FAILED = Prepared(update(work).where(_MINE).values(next=_AT, token=None, error=bindparam("why")))
PARKED = Prepared(
    update(work)
    .where(_MINE)
    .values(
        next=work.c.again,  # asked for meanwhile: a new beginning
        attempts=case((work.c.again.is_(None), work.c.attempts), else_=0),
        again=None,
        token=None,
        error=bindparam("why"),
    )
    .returning(work.c.next)
)
DUE = Prepared(
    select(work.c.id)
    .where(work.c.next <= bindparam("now", type_=work.c.next.type))
    .order_by(work.c.next, work.c.id)
    .limit(bindparam("most"))
)
LEASED = Prepared(  # by the index: leases end soon, so the first is met before long
    select(work.c.next)
    .where(work.c.next.is_not(None), work.c.token.is_not(None))
    .order_by(work.c.next)
    .limit(1)
)
NEXT = Prepared(select(func.min(work.c.next)).where(work.c.next.is_not(None)))
ONE = Prepared(select(work.c.kind, work.c.ref, work.c.next).where(work.c.id == bindparam("work_id")))
GIVEN_UP = (
    select(work.c.id, work.c.kind, work.c.ref, work.c.error)
    .where(work.c.next.is_(None))
    .order_by(work.c.id)
    .limit(bindparam("most"))
)
