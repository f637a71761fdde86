"""The book of a request: its pending responses are read from here, their standings are written here."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Row, Select, and_, bindparam, exists, func, literal, or_, select, update

from socialbpm.outcomes.standings import Judged, Sitting
from socialbpm.responses import Standing
from socialbpm.store import audit
from socialbpm.store.prepared import Prepared
from socialbpm.store.tables import account, event, request, response, voter, voter_account

LOCAL = "local"
BATCH = 500
"""How many responses are applied in one transaction."""


def pending(conn: Connection, row: Row[Any], *, anybody: bool) -> Sequence[Row[Any]]:
    """The next batch of responses to a request that have no standing yet, each with its person's ballot.

    ``anybody``: the request is open to those who are on no roll.
    """
    return _EVENTS[anybody].rows(conn, of_request=row.id, seen=row.ballots_seen, most=BATCH).all()


def enter(conn: Connection, row: Row[Any], sitting: Sitting, now: datetime) -> None:
    """Write what a sitting has found: standings, figures, and their audit."""
    figures = {"counted": sitting.count.dump(), "standings": dict(sitting.standings)}
    _KEEP.change(conn, of_id=row.id, ballots_seen=sitting.judged[-1].seq, **figures)
    _RESPOND.change_all(conn, [_row(row.id, judged) for judged in sitting.judged])
    _RESTATE.change_all(conn, [_restated(each) for each in sitting.replaced])
    entries = [_told(row, judged) for judged in (*sitting.judged, *sitting.replaced)]
    audit.record_all(conn, now, entries)


def moved(conn: Connection, row: Row[Any]) -> Sequence[Row[Any]]:
    """Responses that were somebody else's when they were judged: ``judged_person`` then, ``person`` now."""
    return _MOVED.rows(conn, of_request=row.id, voided=row.voided).all()


def history(conn: Connection, row: Row[Any], people: Collection[str], *, anybody: bool) -> Sequence[Row[Any]]:
    """All judged responses of ``people`` to this version of a request, as ``pending`` gives new ones.

    Whether they were theirs then or are theirs now; but for those that were late. ``judged_weight`` and
    ``judged_groups`` are those of whom they were judged to be from.
    """
    named = {"of_request": row.id, "voided": row.voided, "people": sorted(people)}
    return conn.execute(_HISTORY[anybody], named).all()


def amend(
    conn: Connection, row: Row[Any], sitting: Sitting, changed: Collection[Judged], now: datetime
) -> None:
    """Write what was found when responses were judged again: figures, and what ``changed``."""
    figures = {"counted": sitting.count.dump(), "standings": dict(sitting.standings)}
    _FIGURES.change(conn, of_id=row.id, **figures)
    _RESTATE.change_all(conn, [_restated(each) for each in changed])
    audit.record_all(conn, now, [_told(row, judged) for judged in changed])


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
        "stands": int(judged.stands),
    }


def _restated(judged: Judged) -> dict[str, Any]:
    changes = {"as_standing": judged.standing, "because": judged.reason}
    return {"of_seq": judged.seq, "as_person": judged.person, "now_stands": int(judged.stands), **changes}


def _told(row: Row[Any], judged: Judged) -> dict[str, Any]:
    facts = {"element": row.element, "seq": judged.seq}
    return {"kind": f"response.{judged.standing}", "run": row.run, "request": row.id, "facts": facts}


_BEFORE, _BALLOT, _TARGET = response.alias("before"), event.alias("ballot"), event.alias("target")
_DELETION, _OWN, _VOTED = event.alias("deletion"), voter_account.alias("own"), voter.alias("voted")
_WHO = func.coalesce(
    voter_account.c.person, account.c.person, event.c.channel + literal(":") + event.c.account
)
"""Whose an answer is: by the roll as it was frozen, by a link, or an account that stands for itself."""
_OF_ACCOUNT = and_(
    voter_account.c.request == event.c.request,
    voter_account.c.channel == event.c.channel,
    voter_account.c.account == event.c.account,
)
_LINKED = and_(account.c.channel == event.c.channel, account.c.account == event.c.account)


def _judgeable(*, anybody: bool) -> Select[Any]:
    """Responses with all that they are judged by: person, vote, and the answer that the person has standing.

    Where ``anybody`` may answer it matters whether a person is known to have no vote.
    """
    member = _OWN.c.person if anybody else voter_account.c.person
    columns = select(
        event.c.seq,
        event.c.channel,
        event.c.account,
        event.c.choices,
        (func.trim(event.c.comment) != "").label("reasoned"),
        event.c.version,
        event.c.received_at,
        event.c.platform_at,
        event.c.delegate,
        event.c.withdraws,
        _TARGET.c.seq.label("target_seq"),
        exists()
        .where(
            _DELETION.c.withdraws == event.c.event_id,
            _DELETION.c.channel == event.c.channel,
            _DELETION.c.account == event.c.account,
            or_(_DELETION.c.seq < event.c.seq, _DELETION.c.request.is_(None)),
        )
        .label("gone"),
        _WHO.label("person"),
        member.label("member"),
        voter.c.weight,
        voter.c.groups,
        _BEFORE.c.seq.label("before_seq"),
        _BEFORE.c.standing.label("before_standing"),
        _BALLOT.c.choices.label("before_choices"),
        (func.trim(_BALLOT.c.comment) != "").label("before_reasoned"),
        _BALLOT.c.delegate.label("before_delegate"),
    )
    deleted = and_(
        _TARGET.c.channel == event.c.channel,
        _TARGET.c.event_id == event.c.withdraws,
        _TARGET.c.account == event.c.account,
    )
    stands = and_(_BEFORE.c.request == event.c.request, _BEFORE.c.person == _WHO, _BEFORE.c.stands == 1)
    joined = (
        columns.outerjoin(voter_account, _OF_ACCOUNT)
        .outerjoin(account, _LINKED)
        .outerjoin(voter, and_(voter.c.request == event.c.request, voter.c.person == _WHO))
        .outerjoin(_BEFORE, stands)
        .outerjoin(_BALLOT, _BALLOT.c.seq == _BEFORE.c.seq)
        .outerjoin(_TARGET, deleted)
    )
    if anybody:  # everybody on the roll, also without a vote, is known by their name on the local pages
        own = and_(_OWN.c.request == event.c.request, _OWN.c.channel == LOCAL, _OWN.c.account == _WHO)
        joined = joined.outerjoin(_OWN, own)
    return joined.where(event.c.request == bindparam("of_request")).order_by(event.c.seq)


def _pending(*, anybody: bool) -> Prepared:
    unjudged = ~exists().where(response.c.seq == event.c.seq)  # who looks back for one attached late
    new = _judgeable(anybody=anybody).where(event.c.seq > bindparam("seen"), unjudged)
    return Prepared(new.limit(bindparam("most")))


def _past(*, anybody: bool) -> Select[Any]:
    theirs = or_(
        _WHO.in_(bindparam("people", expanding=True)),
        response.c.person.in_(bindparam("people", expanding=True)),
    )
    judged = (
        response.c.person.label("judged_person"),
        response.c.standing,
        response.c.reason,
        response.c.stands,
        _VOTED.c.weight.label("judged_weight"),
        _VOTED.c.groups.label("judged_groups"),
    )
    voted = and_(_VOTED.c.request == event.c.request, _VOTED.c.person == response.c.person)
    return (
        _judgeable(anybody=anybody)
        .add_columns(*judged)
        .join(response, response.c.seq == event.c.seq)
        .outerjoin(_VOTED, voted)
        .where(theirs, event.c.seq > bindparam("voided"), response.c.standing != Standing.LATE)
    )


_HISTORY = {anybody: _past(anybody=anybody) for anybody in (False, True)}
_MOVED = Prepared(
    select(_WHO.label("person"), response.c.person.label("judged_person"))
    .join_from(event, response, response.c.seq == event.c.seq)
    .outerjoin(voter_account, _OF_ACCOUNT)
    .outerjoin(account, _LINKED)
    .where(
        event.c.request == bindparam("of_request"),
        event.c.seq > bindparam("voided"),
        response.c.standing != Standing.LATE,
        response.c.person != _WHO,
    )
    .distinct()
)
_EVENTS = {anybody: _pending(anybody=anybody) for anybody in (False, True)}
_KEEP = Prepared(
    update(request)
    .where(request.c.id == bindparam("of_id"))
    .values({name: bindparam(name) for name in ("counted", "standings", "ballots_seen")})
)
_FIGURES = Prepared(
    update(request)
    .where(request.c.id == bindparam("of_id"))
    .values(counted=bindparam("counted"), standings=bindparam("standings"))
)
_RESPOND = Prepared(response.insert())
_RESTATE = Prepared(
    update(response)
    .where(response.c.seq == bindparam("of_seq"))
    .values(
        person=bindparam("as_person"),
        standing=bindparam("as_standing"),
        reason=bindparam("because"),
        stands=bindparam("now_stands"),
    )
)
_ANSWERED = Prepared(
    select(response.c.person)
    .where(response.c.request == bindparam("of_request"), response.c.standing == Standing.ACCEPTED)
    .order_by(response.c.seq)
    .limit(bindparam("most"))
)
