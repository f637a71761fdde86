"""What people and programs see of runs and requests: frozen pictures, read from the store in one look."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import Connection, Row, Select, select

from socialbpm import tasks
from socialbpm.errors import NotFound
from socialbpm.outbox.deliveries import Purpose
from socialbpm.outcomes import secrecy
from socialbpm.policies import Count
from socialbpm.posts import Ask, AskKind, Choice, plain
from socialbpm.store import flush, tables

LIVE = ("OPEN", "CLOSING")
STUCK = ("UNKNOWN", "PARKED")


class Status(StrEnum):
    """How a run stands."""

    RUNNING = "running"
    WAITING = "waiting"
    FINISHED = "finished"
    PARKED = "parked"
    CANCELLED = "cancelled"


@dataclass(frozen=True, slots=True, kw_only=True)
class ResponseView:
    """An answer as it was received: by whom, and what became of it.

    ``person`` is ``channel:account`` when the account belongs to nobody. ``standing`` is ``received`` until
    it has been counted; ``reason`` says why it does not count. Until a secret request has closed, what was
    answered is left out, and of a pseudonymous one by whom; afterwards that has a token instead of a person.
    """

    seq: int
    at: datetime
    person: str
    channel: str
    account: str
    choices: tuple[str, ...]
    comment: str
    standing: str
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class PostView:
    """A post as it was sent: where, in which state (SENT, DUE, UNKNOWN …), its link, and what went wrong."""

    id: str
    channel: str
    room: str
    action: str
    state: str
    text: str
    url: str = ""
    error: str = ""
    note: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class RequestView:
    """One durable run of a social task.

    ``state`` is OPEN, CLOSING, CLOSED, RESUMED or CANCELLED. ``people`` is the roll, frozen when it opened.
    ``asks`` is what it asks people to do (None for a post), ``choices`` are the keys and labels that an
    answer may name, and they may ``abstain`` if that is offered. ``counts`` is how many people stand behind
    each choice, so far or at the end (none while a secret one is open); ``advisory`` those whose answers do
    not decide, ``tallies`` what polls of platforms have counted. ``outcome`` and ``explanation`` are empty
    until it has closed; ``error`` is a BPMN error code if it could not be carried out.
    """

    id: str
    run: str
    element: str
    name: str
    kind: str
    state: str
    version: int
    text: str
    opened_at: datetime
    ends_at: datetime | None = None
    closed_at: datetime | None = None
    asks: AskKind | None = None
    abstain: bool = False
    choices: tuple[Choice, ...] = ()
    people: tuple[str, ...] = ()
    posts: tuple[PostView, ...] = ()
    outcome: str = ""
    explanation: str = ""
    winners: tuple[str, ...] = ()
    counts: Mapping[str, int] = field(default_factory=dict)
    advisory: Mapping[str, int] = field(default_factory=dict)
    tallies: Mapping[str, int] = field(default_factory=dict)
    secrecy: str = "public"
    error: str = ""

    @property
    def ask(self) -> Ask | None:
        """The question as an answer in words is read against it; None where nothing is asked."""
        if self.asks is None:
            return None
        return Ask(
            request=self.id,
            version=self.version,
            kind=self.asks,
            choices=self.choices,
            abstain=self.abstain,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Run:
    """One instance of a process.

    ``status`` is running, waiting, finished, parked or cancelled; ``reason`` says why it is parked.
    ``requests`` are those it waits for; ``path`` lists the BPMN elements completed so far, in order.
    """

    id: str
    process: str
    status: str
    data: Mapping[str, Any]
    started_at: datetime
    changed_at: datetime
    reason: str = ""
    requests: tuple[RequestView, ...] = ()
    path: tuple[str, ...] = ()


def requests(
    conn: Connection, *, run: str | None = None, states: tuple[str, ...] | None = None, limit: int = 1000
) -> list[RequestView]:
    """Requests in order of opening, of one run and in some states if so asked."""
    columns = tables.request.c
    query = select(tables.request).order_by(columns.opened_at, columns.address, columns.id).limit(limit)
    if run is not None:
        query = query.where(tables.request.c.run == run)
    if states is not None:
        query = query.where(tables.request.c.state.in_(states))
    return [_request(conn, row) for row in conn.execute(query)]


def request(conn: Connection, request_id: str) -> RequestView:
    """One request. Raises NotFound."""
    row = conn.execute(select(tables.request).where(tables.request.c.id == request_id)).first()
    if row is None:
        raise NotFound(f"there is no request '{request_id}'; `socialbpm requests` shows them")
    return _request(conn, row)


def responses(conn: Connection, request_id: str, *, limit: int, after: int = 0) -> list[ResponseView]:
    """What was received for a request, in order of receipt, after number ``after``."""
    event, response = tables.event.c, tables.response.c
    columns = (event.seq, event.received_at, event.channel, event.account, event.choices, event.comment)
    query: Select[Any] = (
        select(*columns, response.person, response.standing, response.reason)
        .outerjoin_from(tables.event, tables.response, event.seq == response.seq)
        .where(event.request == request_id, event.seq > after)
        .order_by(event.seq)
        .limit(limit)
    )
    told = _teller(conn, request_id)
    return [told(_response(row)) for row in conn.execute(query)]


def path(conn: Connection, run_id: str) -> tuple[str, ...]:
    """The BPMN elements that a run has completed, in order."""
    flush(conn)
    audit = tables.audit.c
    query = select(audit.facts).where(audit.run == run_id, audit.kind == "run.advanced").order_by(audit.seq)
    return tuple(element for (facts,) in conn.execute(query) for element in facts.get("elements", ()))


def run_rows(
    conn: Connection, *, run: str | None = None, status: str | None = None, limit: int = 100, after: str = ""
) -> list[Row[Any]]:
    """Rows (id, status, reason, times, bpmn_id) of runs, newest first; ``after`` is the last id of the page
    before.
    """
    columns = tables.run.c
    query = (
        select(
            columns.id,
            columns.status,
            columns.reason,
            columns.started_at,
            columns.changed_at,
            tables.process.c.bpmn_id,
        )
        .join_from(tables.run, tables.process, isouter=True)
        .order_by(columns.started_at.desc(), columns.id.desc())
        .limit(limit)
    )
    if run is not None:
        query = query.where(columns.id == run)
    if status is not None:
        query = query.where(columns.status == status)
    if after:
        started = select(columns.started_at).where(columns.id == after).scalar_subquery()
        query = query.where(
            (columns.started_at < started) | ((columns.started_at == started) & (columns.id < after))
        )
    return list(conn.execute(query))


def processes(conn: Connection) -> list[str]:
    """The BPMN ids of all processes that are deployed."""
    bpmn_id = tables.process.c.bpmn_id
    return list(conn.scalars(select(bpmn_id).distinct().order_by(bpmn_id)))


def stuck(conn: Connection) -> list[PostView]:
    """Posts that wait for a person to say what became of them."""
    state = tables.delivery.c.state
    query = select(tables.delivery).where(state.in_(STUCK)).order_by(tables.delivery.c.due)
    return [_post(row) for row in conn.execute(query)]


def _request(conn: Connection, row: Row[Any]) -> RequestView:
    task = tasks.load(row.task)
    outcome, hidden = row.outcome or {}, is_hidden(task, row.state)
    return RequestView(
        id=row.id,
        run=row.run,
        element=row.element,
        name=row.name,
        kind=row.kind,
        state=row.state,
        version=row.version,
        text=_wording(task),
        opened_at=row.opened_at,
        ends_at=row.ends_at,
        closed_at=row.closed_at,
        **_asked(task),
        people=_people(conn, row.id),
        posts=_posts(conn, row.id),
        outcome=outcome.get("outcome", ""),
        explanation=outcome.get("explanation", ""),
        winners=tuple(outcome.get("winners", ())),
        counts=outcome["counts"] if "counts" in outcome else {} if hidden else _counts(row),
        advisory={} if hidden else row.counted.get("advisory", {}),
        tallies={} if hidden else row.tallies or {},
        secrecy=task.secrecy if isinstance(task, tasks.Asking) else "public",
        error=row.error,
    )


def _counts(row: Row[Any]) -> Mapping[str, int]:
    return dict(Count.load(row.counted).heads) if row.counted else {}


def is_hidden(task: tasks.SocialTask, state: str) -> bool:
    """Whether nobody is to learn yet what others have answered."""
    return isinstance(task, tasks.Asking) and task.secrecy != "public" and state in LIVE


def _teller(conn: Connection, request_id: str) -> Callable[[ResponseView], ResponseView]:
    """What may be told of each response to this request: until the close of a secret one, no choice."""
    columns = tables.request.c
    row = conn.execute(select(columns.task, columns.state).where(columns.id == request_id)).first()
    task = tasks.load(row.task) if row else None
    if row is None or task is None or not is_hidden(task, row.state):
        return lambda view: view
    known: dict[str, Any] = {"choices": (), "comment": "", "reason": ""}
    if secrecy.is_pseudonymous(task):
        known |= {"person": "", "account": ""}
    return lambda view: replace(view, **known)


def _response(row: Row[Any]) -> ResponseView:
    return ResponseView(
        seq=row.seq,
        at=row.received_at,
        person=row.person or "",
        channel=row.channel,
        account=row.account,
        choices=tuple(row.choices),
        comment=row.comment,
        standing=row.standing or "received",
        reason=row.reason or "",
    )


def _wording(task: tasks.SocialTask) -> str:
    texts = {wording.network: wording.text for wording in task.texts}
    return plain(texts.get("", next(iter(texts.values()), ())))


def _asked(task: tasks.SocialTask) -> dict[str, Any]:
    if not isinstance(task, tasks.Asking):
        return {}
    return {"asks": task.kind, "abstain": task.abstain, "choices": task.offered}


def _people(conn: Connection, request_id: str) -> tuple[str, ...]:
    voter = tables.voter.c
    return tuple(conn.scalars(select(voter.person).where(voter.request == request_id).order_by(voter.person)))


def _posts(conn: Connection, request_id: str) -> tuple[PostView, ...]:
    delivery = tables.delivery.c
    query = select(tables.delivery).where(delivery.request == request_id, delivery.purpose != Purpose.REMIND)
    return tuple(
        _post(row) for row in conn.execute(query.order_by(delivery.seq, delivery.channel, delivery.room))
    )


def _post(row: Row[Any]) -> PostView:
    return PostView(
        id=row.id,
        channel=row.channel,
        room=row.room,
        action=row.action,
        state=row.state,
        text="".join(span["text"] for span in row.post.get("text", ())),
        url=row.url,
        error=row.error,
        note=row.post.get("note", ""),
    )
