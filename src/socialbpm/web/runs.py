"""What the pages show of runs: the path taken, what was sent, and the feed of what happens."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Connection, Row, Select, func, or_, select

from socialbpm.social.views import LIVE, path
from socialbpm.store.tables import audit, delivery, process, request, run
from socialbpm.web.diagram import Drawing, read_package
from socialbpm.web.viewers import Viewer, is_hidden, sees_delivery, sees_request, sees_run
from socialbpm.web.wording import place, sentence

REACH = 10_000  # how far back the feed looks: who sees little must not cost a look at everything
TELLTALE = ("response.", "request.reminded")  # what tells who has answered, and how many
NEEDS_A_PERSON = ("UNKNOWN", "PARKED", "REJECTED")
SETTLES_IN = timedelta(seconds=5)
ACTIVITIES = ("task", "process", "activity")  # the last word of their BPMN names
NOTHING = Drawing(elements={}, diagrams=())


@dataclass(frozen=True, slots=True, kw_only=True)
class Glance:
    """A run in a list."""

    id: str
    process: str
    status: str
    started_at: datetime
    changed_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """An element of the path: ``state`` is done, active or trouble."""

    element: str
    title: str
    state: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Sending:
    """A delivery: what was to be written where, and what became of it."""

    id: str
    step: str
    channel: str
    room: str
    action: str
    state: str
    url: str
    error: str
    attempts: int
    sent_at: datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class RunPicture:
    """A run with its path and deliveries; ``states`` tells the diagram how each element stands.

    ``reason`` says why it was cancelled, and to operators why it is parked: that may quote the run's data.
    """

    id: str
    process: str
    status: str
    reason: str
    started_at: datetime
    changed_at: datetime
    steps: tuple[Step, ...]
    sendings: tuple[Sending, ...]
    drawing: Drawing
    states: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """One thing that happened. ``said`` follows the name of the process in a sentence."""

    seq: int
    at: datetime
    kind: str
    run: str
    request: str
    process: str
    said: str


class Drawings:
    """Reads the files of deployed processes, each once: a process is the hash of its files."""

    def __init__(self, keep: int = 64) -> None:
        self._keep = keep
        self._known: dict[str, Drawing] = {}

    def of(self, conn: Connection, process_id: str | None) -> Drawing:
        """The drawing of a process; an empty one where the host keeps the process to itself."""
        if process_id is None:
            return NOTHING
        if process_id not in self._known:
            row = conn.execute(
                select(process.c.sources, process.c.bpmn_id).where(process.c.id == process_id)
            ).one()
            while len(self._known) >= self._keep:
                self._known.pop(next(iter(self._known)), None)
            self._known[process_id] = read_package(row.sources, row.bpmn_id)
        return self._known[process_id]


def glances(conn: Connection, viewer: Viewer, limit: int = 100) -> list[Glance]:
    """The runs that the viewer may see, the newest first."""
    query = _named_runs().where(sees_run(viewer, run.c.id)).order_by(run.c.started_at.desc(), run.c.id)
    return [
        Glance(
            id=row.id,
            process=row.name or row.bpmn_id or "",
            status=row.status,
            started_at=row.started_at,
            changed_at=row.changed_at,
        )
        for row in conn.execute(query.limit(limit))
    ]


def picture(conn: Connection, viewer: Viewer, drawings: Drawings, run_id: str) -> RunPicture | None:
    """The run of that id; None when it is not there or not for this viewer's eyes."""
    row = conn.execute(_named_runs().where(run.c.id == run_id, sees_run(viewer, run.c.id))).first()
    if row is None:
        return None
    drawing, sendings = drawings.of(conn, row.process), _sendings(conn, viewer, run_id)
    steps = _steps(conn, run_id, drawing)
    return RunPicture(
        id=row.id,
        process=row.name or row.bpmn_id or "",
        status=row.status,
        reason=row.reason if viewer.operator or row.status != "parked" else "",
        started_at=row.started_at,
        changed_at=row.changed_at,
        steps=steps,
        sendings=tuple(_sending(each) for each in sendings),
        drawing=drawing,
        states={step.element: step.state for step in steps}
        | {each.element: "trouble" for each in sendings if each.state in NEEDS_A_PERSON},
    )


def newest(conn: Connection, viewer: Viewer, drawings: Drawings, limit: int, run_id: str = "") -> list[Entry]:
    """The last things that happened and that the viewer may see, the newest first."""
    query = _entries(viewer, run_id)
    if not run_id:
        query = query.where(audit.c.seq > select(func.max(audit.c.seq) - REACH).scalar_subquery())
    return _read(conn, drawings, query.order_by(audit.c.seq.desc()).limit(limit))


def of_request(
    conn: Connection, viewer: Viewer, drawings: Drawings, request_id: str, limit: int = 50
) -> list[Entry]:
    """What happened to a request, oldest first; what became of single answers is told elsewhere."""
    query = _entries(viewer, "").where(audit.c.request == request_id, ~audit.c.kind.startswith("response."))
    return _read(conn, drawings, query.order_by(audit.c.seq).limit(limit))


def since(
    conn: Connection, viewer: Viewer, drawings: Drawings, after: int, upto: int, run_id: str = ""
) -> list[Entry]:
    """What happened after number ``after`` up to ``upto``, oldest first."""
    query = _entries(viewer, run_id).where(audit.c.seq > after, audit.c.seq <= upto)
    return _read(conn, drawings, query.order_by(audit.c.seq))


def settled(conn: Connection, after: int, now: datetime, most: int = 500) -> int:
    """The highest number up to which nothing can appear any more; at least ``after``.

    PostgreSQL gives out numbers before it commits, so a lower one may come later, and a reader that has gone
    past it would never see it. So we wait before a gap as long as a transaction may reasonably take.
    """
    query = select(audit.c.seq, audit.c.at).where(audit.c.seq > after).order_by(audit.c.seq).limit(most)
    for row in conn.execute(query):
        if row.seq != after + 1 and now - row.at < SETTLES_IN:
            return after
        after = row.seq
    return after


def last(conn: Connection, now: datetime) -> int:
    """The number from which a reader of a page goes on: everything up to it is on the page."""
    highest = conn.scalar(select(func.max(audit.c.seq))) or 0
    return settled(conn, max(0, highest - 100), now)


def _named_runs() -> Select[Any]:
    return select(run, process.c.name, process.c.bpmn_id).outerjoin_from(
        run, process, run.c.process == process.c.id
    )


def _steps(conn: Connection, run_id: str, drawing: Drawing) -> tuple[Step, ...]:
    done = [Step(element=each, title=drawing.title(each), state="done") for each in path(conn, run_id)]
    live = select(request.c.element, request.c.name).where(request.c.run == run_id, request.c.state.in_(LIVE))
    active = [
        Step(element=row.element, title=row.name or drawing.title(row.element), state="active")
        for row in conn.execute(live.order_by(request.c.opened_at))
    ]
    return (*(step for step in done if _is_worth_showing(step, drawing)), *active)


def _is_worth_showing(step: Step, drawing: Drawing) -> bool:
    """Nameless gateways and events, and the engine's own helpers, are no steps that people know."""
    element = drawing.elements.get(step.element)
    return element is not None and (bool(element.name) or element.type.lower().endswith(ACTIVITIES))


def _sendings(conn: Connection, viewer: Viewer, run_id: str) -> Sequence[Row[Any]]:
    query = select(delivery, request.c.element, request.c.name).join_from(
        delivery, request, delivery.c.request == request.c.id
    )
    seen = query.where(request.c.run == run_id, sees_request(viewer, request.c.id), sees_delivery(viewer))
    return conn.execute(seen.order_by(request.c.opened_at, delivery.c.seq, delivery.c.id)).all()


def _sending(row: Row[Any]) -> Sending:
    shown = {"id": row.id} | {
        name: getattr(row, name)
        for name in ("channel", "room", "action", "state", "url", "error", "attempts")
    }
    return Sending(step=row.name or row.element, sent_at=row.sent_at, **shown)


def _entries(viewer: Viewer, run_id: str) -> Select[Any]:
    names = (
        run.c.process,
        process.c.name,
        process.c.bpmn_id,
        request.c.name.label("step"),
        request.c.element,
    )
    query = (
        select(audit, *names)
        .outerjoin_from(audit, run, audit.c.run == run.c.id)
        .outerjoin(process, run.c.process == process.c.id)
        .outerjoin(request, audit.c.request == request.c.id)
        .outerjoin(delivery, audit.c.facts["delivery"].as_string() == delivery.c.id)
        .where(
            sees_run(viewer, audit.c.run),
            or_(delivery.c.id.is_(None), sees_delivery(viewer)),
            or_(request.c.id.is_(None), ~is_hidden(), ~or_(*map(audit.c.kind.startswith, TELLTALE))),
        )
    )
    return query.where(audit.c.run == run_id) if run_id else query


def _read(conn: Connection, drawings: Drawings, query: Select[Any]) -> list[Entry]:
    rows = conn.execute(query).all()
    rooms = _rooms(conn, rows)
    return [_entry(row, drawings.of(conn, row.process), rooms) for row in rows]


def _rooms(conn: Connection, rows: Sequence[Row[Any]]) -> dict[str, str]:
    """The rooms of the deliveries that entries tell of: entries hold ids only."""
    ids = {row.facts["delivery"] for row in rows if "delivery" in row.facts}
    query = select(delivery.c.id, delivery.c.channel, delivery.c.room).where(delivery.c.id.in_(sorted(ids)))
    return {row.id: place(row.channel, row.room) for row in conn.execute(query)} if ids else {}


def _entry(row: Row[Any], drawing: Drawing, rooms: Mapping[str, str]) -> Entry:
    step = row.step or (drawing.title(row.element) if row.element else "")
    room, titles = (
        rooms.get(row.facts.get("delivery", ""), ""),
        _titles(row.facts.get("elements", ()), drawing),
    )
    return Entry(
        seq=row.seq,
        at=row.at,
        kind=row.kind,
        run=row.run or "",
        request=row.request or "",
        process=row.name or row.bpmn_id or "A process",
        said=sentence(row.kind, step=step, room=room, elements=titles, facts=row.facts),
    )


def _titles(ids: Iterable[str], drawing: Drawing) -> list[str]:
    known = (drawing.elements[each] for each in ids if each in drawing.elements)
    return [element.title for element in known if element.name and not element.type.endswith("Flow")]
