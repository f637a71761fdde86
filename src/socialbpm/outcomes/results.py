"""The result of a request: the flat JSON object that a process gets, as tasks.results documents it."""

from __future__ import annotations

from typing import Any

from sqlalchemy import Connection, Row, and_, bindparam, or_, select

from socialbpm import tasks
from socialbpm.errors import NotFound
from socialbpm.outbox.deliveries import Purpose, State
from socialbpm.responses import Standing
from socialbpm.store.prepared import Prepared
from socialbpm.store.tables import delivery, event, request, response
from socialbpm.tasks import Asking, AskResult, PostResult
from socialbpm.tasks.results import REASON_LENGTH, REASONS, VOTERS, Reason, Voter


def result(conn: Connection, request_id: str) -> dict[str, Any]:
    """The result of a closed request. Raises NotFound."""
    row = _REQUEST.rows(conn, of_id=request_id).first()
    if row is None or row.outcome is None:
        raise NotFound(f"request '{request_id}' has no result")
    return result_of(conn, row)


def result_of(conn: Connection, row: Row[Any]) -> dict[str, Any]:
    """As ``result``, for the whole row of a closed request."""
    include = frozenset(row.task.get("include", ()))  # all that is asked of the task: no need to read it
    asks = issubclass(tasks.model(row.kind), Asking)
    found: PostResult = _asked(conn, row, include) if asks else _posted(conn, row)
    return found.model_dump(mode="json", exclude={"reasons", "voters"} - include)


def _posted(conn: Connection, row: Row[Any]) -> PostResult:
    return PostResult(**_common(conn, row))


def _asked(conn: Connection, row: Row[Any], include: frozenset[str]) -> AskResult:
    winners = row.outcome.get("winners", [])
    return AskResult(
        **_common(conn, row),
        counts=row.outcome.get("counts", {}),
        ballots=row.counted["ballots"],
        eligible=row.counted["roll"],
        winners=winners,
        winner=winners[0] if len(winners) == 1 else None,
        order=row.outcome.get("order", []),
        scores={key: _number(score) for key, score in row.outcome.get("scores", {}).items()},
        advisory=row.counted.get("advisory", {}),
        tallies=row.tallies or {},
        deadline=row.deadline.isoformat() if row.deadline else "",
        reasons=_reasons(conn, row.id) if "reasons" in include else [],
        voters=_voters(conn, row.id) if "voters" in include else [],
    )


def _number(score: str) -> int | str:
    """A whole number as such; data has no fractions, and a float would not be exact."""
    return score if "/" in score else int(score)


def _common(conn: Connection, row: Row[Any]) -> dict[str, Any]:
    links = _LINKS.rows(conn, of_request=row.id).scalars().all()
    return {
        "outcome": row.outcome["outcome"],
        "explanation": row.outcome["explanation"],
        "error": row.error,
        "request": row.id,
        "links": list(dict.fromkeys(links)),
        "closed_at": row.closed_at.isoformat(),
    }


def _reasons(conn: Connection, request_id: str) -> list[Reason]:
    rows = _REASONS.rows(conn, of_request=request_id, most=REASONS).all()
    return [
        Reason(choice=row.choices[0] if row.choices else "", comment=row.comment[:REASON_LENGTH])
        for row in rows
    ]


def _voters(conn: Connection, request_id: str) -> list[Voter]:
    rows = _VOTERS.rows(conn, of_request=request_id, most=VOTERS).all()
    return [Voter(person=row.person, choices=row.choices) for row in rows]


_REQUEST = Prepared(select(request).where(request.c.id == bindparam("of_id")))
_LINKS = Prepared(
    select(delivery.c.url)
    .where(
        delivery.c.request == bindparam("of_request"),
        or_(
            delivery.c.purpose == Purpose.OPEN,
            and_(delivery.c.purpose == Purpose.ESCALATE, delivery.c.parent.is_(None)),
        ),
        delivery.c.state == State.SENT,
        delivery.c.url != "",
    )
    .order_by(delivery.c.channel, delivery.c.room)
)
_ACCEPTED = (
    select()
    .join_from(response, event, event.c.seq == response.c.seq)
    .where(response.c.request == bindparam("of_request"), response.c.standing == Standing.ACCEPTED)
    .order_by(response.c.seq)
    .limit(bindparam("most"))
)
_REASONS = Prepared(_ACCEPTED.add_columns(event.c.choices, event.c.comment).where(event.c.comment != ""))
_VOTERS = Prepared(_ACCEPTED.add_columns(response.c.person, event.c.choices))
