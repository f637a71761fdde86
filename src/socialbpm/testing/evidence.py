"""What came out of a run: gathered from the store, as people and platforms would see it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import Connection, Row, func, select

from socialbpm.outbox.deliveries import Purpose, State
from socialbpm.people import Community
from socialbpm.posts import Destination
from socialbpm.responses import Standing
from socialbpm.social import Social, views
from socialbpm.store import tables


@dataclass(frozen=True, slots=True, kw_only=True)
class Outgoing:
    """A post as it stands now: which element posted it, where, what it says after its last edit."""

    element: str
    communities: tuple[str, ...]
    channel: str
    room: str
    state: str
    text: str
    alts: tuple[str, ...] = ()
    note: str = ""
    edits: int = 0
    url: str = ""
    replies_to: str = ""
    error: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Evidence:
    """All that a replay may state an expectation about, and what it says when that does not hold.

    ``waits`` says for what the run waits, from whom, and until when, one line each. ``requests`` are the
    elements that wait, ``outcomes`` the outcomes of each element's requests in order of opening (an error's
    code, or ``cancelled``, where there is no outcome). ``received`` is the number of answers, ``reminded``
    how often each person was reminded, ``escalated`` the elements whose question was put to others, too.
    """

    status: str
    reason: str
    path: tuple[str, ...]
    requests: tuple[str, ...]
    waits: tuple[str, ...]
    outcomes: Mapping[str, tuple[str, ...]]
    explanations: Mapping[str, tuple[str, ...]]
    errors: Mapping[str, str]
    posts: tuple[Outgoing, ...]
    standings: Mapping[str, int]
    data: Mapping[str, Any]
    received: int = 0
    reminded: Mapping[str, int] = field(default_factory=dict)
    escalated: tuple[str, ...] = ()


def gather(social: Social, run_id: str) -> Evidence:
    """The evidence of a run as it stands now."""
    run = social.run(run_id)
    asked = social.requests(run_id, open_only=False)
    ended = [request for request in asked if request.state not in views.LIVE]
    with social.store.read() as conn:
        posts = tuple(_posts(conn, run_id, social.communities))
        standings, received = _standings(conn, run_id), _received(conn, run_id)
        reminded, escalated = _reminded(conn, run_id), _escalated(conn, run_id)
    return Evidence(
        status=run.status,
        reason=run.reason,
        path=run.path,
        requests=tuple(request.element for request in run.requests),
        waits=waits(social, run),
        outcomes=_by_element((request.element, _ending(request)) for request in ended),
        explanations=_by_element((request.element, request.explanation) for request in ended),
        errors={request.element: request.error for request in ended if request.error},
        posts=posts,
        standings=standings,
        received=received,
        reminded=reminded,
        escalated=escalated,
        data=run.data,
    )


def waits(social: Social, run: views.Run) -> tuple[str, ...]:
    """For what a run waits, for whoever wonders why it has not ended."""
    if run.status != views.Status.WAITING:
        return ()
    asked = tuple(_waits_for(social, request) for request in run.requests)
    due = social.next_due()
    at = f"until {due:%Y-%m-%d %H:%M} UTC" if due else "for something that nothing here will do"
    return asked or (f"it waits {at}",)


def _waits_for(social: Social, request: views.RequestView) -> str:
    given = social.responses(request.id)
    answered = sorted({each.person for each in given if each.standing == Standing.ACCEPTED})
    open_ = [person for person in request.people if person not in answered]
    until = f" until {request.ends_at:%Y-%m-%d %H:%M} UTC" if request.ends_at else ", without a deadline"
    silent = f"; not yet: {', '.join(open_)}" if open_ else ""
    return f"it waits for '{request.element}'{until}; answered: {', '.join(answered) or 'nobody'}{silent}"


def _ending(request: views.RequestView) -> str:
    return "cancelled" if request.state == "CANCELLED" else request.outcome or request.error


def _by_element(pairs: Iterable[tuple[str, str]]) -> dict[str, tuple[str, ...]]:
    found: dict[str, tuple[str, ...]] = {}
    for element, value in pairs:
        found[element] = (*found.get(element, ()), value)
    return found


def _standings(conn: Connection, run_id: str) -> dict[str, int]:
    response, request = tables.response.c, tables.request.c
    query = select(response.standing).join(tables.request, request.id == response.request)
    return dict(Counter(conn.scalars(query.where(request.run == run_id))))


def _received(conn: Connection, run_id: str) -> int:
    event, request = tables.event, tables.request
    query = select(func.count()).select_from(event).join(request, request.c.id == event.c.request)
    return conn.scalar(query.where(request.c.run == run_id)) or 0


def _reminded(conn: Connection, run_id: str) -> dict[str, int]:
    delivery, request = tables.delivery.c, tables.request.c
    query = select(delivery.person).join(tables.request, request.id == delivery.request)
    sent = query.where(
        request.run == run_id, delivery.purpose == Purpose.REMIND, delivery.state == State.SENT
    )
    return dict(Counter(conn.scalars(sent)))


def _escalated(conn: Connection, run_id: str) -> tuple[str, ...]:
    care, request = tables.care.c, tables.request.c
    query = select(request.element).join(tables.care, care.request == request.id)
    escalated = query.where(request.run == run_id, care.escalated_at.is_not(None))
    return tuple(conn.scalars(escalated.order_by(care.escalated_at, request.opened_at)))


def _posts(conn: Connection, run_id: str, communities: Mapping[str, Community]) -> Iterable[Outgoing]:
    """The creates of a run in order of sending, each with what its last edit made of it."""
    delivery, request = tables.delivery.c, tables.request.c
    query = (
        select(tables.delivery, request.element)
        .join(tables.request, request.id == delivery.request)
        .where(request.run == run_id)
        .order_by(request.opened_at, request.address, delivery.seq, delivery.channel, delivery.room)
    )
    rows = conn.execute(query).all()
    elements = {row.remote_id: row.element for row in rows if row.action == "create" and row.remote_id}
    for row in rows:
        if row.action == "create":
            edits = [edit for edit in rows if edit.creates == row.id and _is_made(edit)]
            yield _outgoing(row, edits, elements, communities)


def _is_made(row: Row[Any]) -> bool:
    return (row.action, row.state) == ("edit", "SENT")


def _outgoing(
    row: Row[Any], edits: list[Row[Any]], elements: Mapping[str, str], communities: Mapping[str, Community]
) -> Outgoing:
    last = max(edits, key=lambda edit: int(edit.seq), default=row).post
    return Outgoing(
        element=row.element,
        communities=_bound_to(Destination(channel=row.channel, room=row.room), communities),
        channel=row.channel,
        room=row.room,
        state=row.state,
        text="".join(span["text"] for span in last["text"]),
        alts=tuple(media["alt"] for media in last["media"]),
        note=last["note"],
        edits=len(edits),
        url=row.url,
        replies_to=elements.get(row.post["reply_to"], ""),
        error=row.error,
    )


def _bound_to(destination: Destination, communities: Mapping[str, Community]) -> tuple[str, ...]:
    return tuple(name for name, community in communities.items() if destination in community.destinations)
