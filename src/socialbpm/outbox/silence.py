"""Who has not answered yet, however an answer may have reached us: those whom a reminder is for."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Row, and_, bindparam, exists, or_, select

from socialbpm.outbox.deliveries import Purpose
from socialbpm.people import FORGOTTEN
from socialbpm.store.prepared import Prepared
from socialbpm.store.tables import care, event, response, voter, voter_account


def silent(conn: Connection, request: str, after: str, most: int) -> Sequence[str]:
    """The next people of the roll, in the order of their names, of whom no answer stands."""
    return _SILENT.rows(conn, of_request=request, after=after, most=most).scalars().all()


def needless(conn: Connection, row: Row[Any], now: datetime) -> bool:
    """Whether a delivery is a reminder that nobody needs any more.

    Its person has answered since, be it counted yet or not; or its window is over, and the next one has come.
    """
    if row.purpose != Purpose.REMIND:
        return False
    asked = {"of_request": row.request, "of_person": row.person}
    return bool(_NEEDLESS.rows(conn, **asked, now=now).scalar())


_STANDS = exists().where(
    response.c.request == voter.c.request, response.c.person == voter.c.person, response.c.stands == 1
)
_SILENT = Prepared(
    select(voter.c.person)
    .where(
        voter.c.request == bindparam("of_request"),
        voter.c.person > bindparam("after"),
        ~voter.c.person.startswith(FORGOTTEN),  # there is nobody to write to
        ~_STANDS,
    )
    .order_by(voter.c.person)
    .limit(bindparam("most"))
)
_COUNTED = exists().where(
    response.c.request == bindparam("of_request"),
    response.c.person == bindparam("of_person"),
    response.c.stands == 1,
)
_RECEIVED = (
    exists()
    .select_from(event)
    .where(
        and_(
            event.c.request == bindparam("of_request"),
            event.c.channel == voter_account.c.channel,
            event.c.account == voter_account.c.account,
            voter_account.c.request == bindparam("of_request"),
            voter_account.c.person == bindparam("of_person"),
        ),
        ~exists().where(response.c.seq == event.c.seq),
    )
)
_OVER = exists().where(
    care.c.request == bindparam("of_request"), care.c.until <= bindparam("now", type_=care.c.until.type)
)
_NEEDLESS = Prepared(select(or_(_COUNTED, _RECEIVED, _OVER)))
