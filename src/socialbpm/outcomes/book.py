"""The book of a request: its pending responses are read from here, their standings are written here."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Row, and_, bindparam, exists, select, update

from socialbpm.outcomes.standings import Judged, Sitting
from socialbpm.responses import Standing
from socialbpm.store import audit
from socialbpm.store.prepared import Prepared
from socialbpm.store.tables import event, request, response, voter, voter_account

BATCH = 500
"""How many responses are applied in one transaction."""


def pending(conn: Connection, row: Row[Any]) -> Sequence[Row[Any]]:
    """The next batch of responses to a request that have no standing yet, each with its person's ballot."""
    return _EVENTS.rows(conn, of_request=row.id, seen=row.ballots_seen, most=BATCH).all()


def enter(conn: Connection, row: Row[Any], sitting: Sitting, now: datetime) -> None:
    """Write what a sitting has found: standings, figures, and their audit."""
    figures = {"counted": sitting.count.dump(), "standings": dict(sitting.standings)}
    _KEEP.change(conn, of_id=row.id, ballots_seen=sitting.judged[-1].seq, **figures)
    _RESPOND.change_all(conn, [_row(row.id, judged) for judged in sitting.judged])
    _RESTATE.change_all(conn, [_restated(each) for each in sitting.replaced])
    entries = [_told(row, judged) for judged in (*sitting.judged, *sitting.replaced)]
    audit.record_all(conn, now, entries)


def answered(conn: Connection, request_id: str, most: int) -> Sequence[str]:
    """The first people whose ballots stand."""
    return _ANSWERED.rows(conn, of_request=request_id, most=most).scalars().all()


def _row(request_id: str, judged: Judged) -> dict[str, Any]:
    return {
        "seq": judged.seq,
        "request": request_id,
        "person": judged.person,
        "standing": judged.standing,
        "reason": judged.reason,
        "stands": int(judged.standing == Standing.ACCEPTED),
    }


def _restated(judged: Judged) -> dict[str, Any]:
    return {"of_seq": judged.seq, "as_standing": judged.standing, "because": judged.reason}


def _told(row: Row[Any], judged: Judged) -> dict[str, Any]:
    facts = {"element": row.element, "seq": judged.seq}
    return {"kind": f"response.{judged.standing}", "run": row.run, "request": row.id, "facts": facts}


_BEFORE, _BALLOT = response.alias("before"), event.alias("ballot")
_EVENTS = Prepared(
    select(
        event.c.seq,
        event.c.channel,
        event.c.choices,
        event.c.version,
        event.c.received_at,
        event.c.platform_at,
        voter_account.c.person,
        voter.c.weight,
        _BEFORE.c.seq.label("before_seq"),
        _BALLOT.c.choices.label("before_choices"),
    )
    .outerjoin(
        voter_account,
        and_(
            voter_account.c.request == event.c.request,
            voter_account.c.channel == event.c.channel,
            voter_account.c.account == event.c.account,
        ),
    )
    .outerjoin(voter, and_(voter.c.request == event.c.request, voter.c.person == voter_account.c.person))
    .outerjoin(
        _BEFORE,
        and_(
            _BEFORE.c.request == event.c.request,
            _BEFORE.c.person == voter_account.c.person,
            _BEFORE.c.stands == 1,
        ),
    )
    .outerjoin(_BALLOT, _BALLOT.c.seq == _BEFORE.c.seq)
    .where(
        event.c.request == bindparam("of_request"),
        event.c.seq > bindparam("seen"),
        ~exists().where(response.c.seq == event.c.seq),  # who looks back for one that was attached late
    )
    .order_by(event.c.seq)
    .limit(bindparam("most"))
)
_KEEP = Prepared(
    update(request)
    .where(request.c.id == bindparam("of_id"))
    .values({name: bindparam(name) for name in ("counted", "standings", "ballots_seen")})
)
_RESPOND = Prepared(response.insert())
_RESTATE = Prepared(
    update(response)
    .where(response.c.seq == bindparam("of_seq"))
    .values(standing=bindparam("as_standing"), reason=bindparam("because"), stands=0)
)
_ANSWERED = Prepared(
    select(response.c.person)
    .where(response.c.request == bindparam("of_request"), response.c.standing == Standing.ACCEPTED)
    .order_by(response.c.seq)
    .limit(bindparam("most"))
)
