"""What the pages show of requests and posts: pure reads over a connection, as frozen pictures."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from typing import Any

from pydantic import TypeAdapter
from sqlalchemy import ColumnElement, Connection, Row, Select, and_, exists, or_, select

from socialbpm import posts, tasks
from socialbpm.outbox import drafts
from socialbpm.outbox.deliveries import Action, Purpose
from socialbpm.outcomes import approving
from socialbpm.policies import Count
from socialbpm.posts import Post
from socialbpm.responses import Outcome, Standing
from socialbpm.social import LOCAL
from socialbpm.social.views import LIVE
from socialbpm.store.tables import delivery, event, process, request, response, run, voter, voter_account
from socialbpm.web.questions import Answer, Draft, Question
from socialbpm.web.viewers import Viewer, sees_request

ENDED = ("CLOSED", "RESUMED", "CANCELLED")
OUTCOME = TypeAdapter(Outcome)


def question(conn: Connection, viewer: Viewer, request_id: str) -> Question | None:
    """The request of that id; None when it is not there or not for this viewer's eyes."""
    found = conn.execute(_questions(viewer).where(request.c.id == request_id)).first()
    return next(iter(_pictured(conn, viewer, [found])), None) if found else None


def open_for(conn: Connection, viewer: Viewer, limit: int = 100) -> list[Question]:
    """The open requests on whose roll the viewer is, the most urgent first."""
    query = _questions(viewer).where(request.c.state.in_(LIVE), _on_roll(viewer))
    urgent = query.order_by(request.c.ends_at.is_(None), request.c.ends_at, request.c.opened_at)
    return _pictured(conn, viewer, conn.execute(urgent.limit(limit)).all())


def ended_for(conn: Connection, viewer: Viewer, limit: int = 10) -> list[Question]:
    """The questions that ended last, of those on whose roll the viewer was."""
    query = _questions(viewer).where(request.c.state.in_(ENDED), _on_roll(viewer))
    newest = query.order_by(request.c.closed_at.desc()).limit(limit)
    return _pictured(conn, viewer, conn.execute(newest).all())


def of_run(conn: Connection, viewer: Viewer, run_id: str) -> list[Question]:
    """The requests of a run that the viewer may see, in order of opening."""
    query = _questions(viewer).where(request.c.run == run_id).order_by(request.c.opened_at, request.c.id)
    return _pictured(conn, viewer, conn.execute(query).all())


def by_ids(conn: Connection, viewer: Viewer, ids: Iterable[str]) -> dict[str, Question]:
    """Those of the requests ``ids`` that the viewer may see."""
    found = conn.execute(_questions(viewer).where(request.c.id.in_(sorted(ids)))).all()
    return {each.id: each for each in _pictured(conn, viewer, found)}


def answers(conn: Connection, request_id: str, limit: int = 100) -> list[Answer]:
    """The ballots that stand, in order of receipt."""
    query = _answers(response.c.person, request_id).where(response.c.standing == Standing.ACCEPTED)
    return [_answer(row) for row in conn.execute(query.order_by(event.c.seq).limit(limit))]


def own_answer(conn: Connection, viewer: Viewer, request_id: str, seq: int) -> Answer | None:
    """What became of one answer of the viewer; None when it is somebody else's."""
    query = _own_answers(viewer, [request_id]).where(event.c.seq == seq)
    row = conn.execute(query).first()
    return _answer(row) if row else None


def _questions(viewer: Viewer) -> Select[Any]:
    named = select(
        request, process.c.name.label("process"), process.c.bpmn_id, _on_roll(viewer).label("on_roll")
    )
    joined = named.join_from(request, run, request.c.run == run.c.id).outerjoin(
        process, run.c.process == process.c.id
    )
    return joined.where(sees_request(viewer, request.c.id))


def _on_roll(viewer: Viewer) -> ColumnElement[bool]:
    return exists().where(voter.c.request == request.c.id, voter.c.person == viewer.person)


def _pictured(conn: Connection, viewer: Viewer, rows: Sequence[Row[Any]]) -> list[Question]:
    ids = [row.id for row in rows]
    newest, mine = _newest_posts(conn, viewer, ids), _standing_ballots(conn, viewer, ids)
    openings = _openings(conn, [row.id for row in rows if row.task.get("approval")])
    return [
        _question(row, newest.get(row.id), mine.get(row.id), viewer, openings.get(row.id, ())) for row in rows
    ]


def _openings(conn: Connection, ids: Sequence[str]) -> dict[str, list[Row[Any]]]:
    """The posts that a request is opened with, whether they are out or not."""
    wanted = select(delivery).where(delivery.c.request.in_(ids), delivery.c.purpose == Purpose.OPEN)
    found = defaultdict[str, list[Row[Any]]](list)
    for row in conn.execute(wanted.order_by(delivery.c.channel, delivery.c.room)) if ids else ():
        found[row.request].append(row)
    return found


def _draft(row: Row[Any]) -> Draft:
    post = posts.load(row.post)
    replaces = row.action == Action.EDIT
    return Draft(channel=row.channel, room=row.room, text=post.text, media=post.media, replaces=replaces)


def _question(
    row: Row[Any], post: Post | None, mine: Answer | None, viewer: Viewer, opening: Sequence[Row[Any]]
) -> Question:
    task = tasks.load(row.task)
    approval = task if approving.needs(task) else None
    involved = (
        bool(row.on_roll) or viewer.operator or (approval is not None and approval.author == viewer.person)
    )
    shown = tuple(map(_draft, opening)) if approval and involved else ()
    newest_media = post.media if post else ()
    return Question(
        id=row.id,
        run=row.run,
        process=row.process or row.bpmn_id or "",
        name=row.name or row.element.replace("_", " "),
        element=row.element,
        state=row.state,
        version=row.version,
        asking=task if isinstance(task, tasks.Asking) else None,
        approval=approval,
        awaited=approval is not None and approving.awaited(opening),
        involved=involved,
        drafts=shown,
        text=post.text if post else drafts.wording(task, ""),
        media=tuple(dict.fromkeys(each for draft in shown for each in draft.media)) or newest_media,
        on_roll=bool(row.on_roll),
        opened_at=row.opened_at,
        ends_at=row.ends_at,
        closed_at=row.closed_at,
        counted=Count.load(row.counted) if row.counted else None,
        standings=row.standings,
        tallies=row.tallies or {},
        outcome=OUTCOME.validate_python(row.outcome) if row.outcome else None,
        error=row.error,
        mine=mine,
    )


def _newest_posts(conn: Connection, viewer: Viewer, ids: Sequence[str]) -> dict[str, Post]:
    """The newest frozen post of each request; one for a room of the viewer's wins over others."""
    columns = (delivery.c.request, delivery.c.channel, delivery.c.room, delivery.c.post, delivery.c.seq)
    says_it = delivery.c.purpose.in_(
        (Purpose.OPEN, Purpose.REVISE)
    )  # a closing one may say how it ended instead
    wanted = select(*columns).where(delivery.c.request.in_(ids), says_it, delivery.c.action != Action.DELETE)
    rooms = viewer.rooms
    rows = sorted(conn.execute(wanted), key=lambda row: ((row.channel, row.room) in rooms, row.seq))
    return {row.request: posts.load(row.post) for row in rows}


def _standing_ballots(conn: Connection, viewer: Viewer, ids: Sequence[str]) -> dict[str, Answer]:
    """The viewer's ballot per request: the last that counts or is yet to be counted, unless it withdraws."""
    counting = or_(response.c.standing == Standing.ACCEPTED, response.c.standing.is_(None))
    rows = conn.execute(_own_answers(viewer, ids).where(counting).order_by(event.c.seq)).all()
    last = {row.request: row for row in rows}
    return {request_id: _answer(row) for request_id, row in last.items() if row.choices or row.delegate}


def _own_answers(viewer: Viewer, ids: Sequence[str]) -> Select[Any]:
    by_account = exists().where(
        voter_account.c.request == event.c.request,
        voter_account.c.channel == event.c.channel,
        voter_account.c.account == event.c.account,
        voter_account.c.person == viewer.person,
    )
    # Somebody who is on no roll has no account there; on our own pages the person is the account.
    by_name = and_(event.c.channel == LOCAL, event.c.account == viewer.person)
    return _answers(event.c.account, *ids).where(or_(by_account, by_name))


def _answers(person: ColumnElement[str], *ids: str) -> Select[Any]:
    columns = (
        event.c.seq,
        event.c.request,
        event.c.choices,
        event.c.comment,
        event.c.received_at,
        event.c.delegate,
    )
    query = select(*columns, person.label("person"), response.c.standing, response.c.reason)
    return query.outerjoin_from(event, response, event.c.seq == response.c.seq).where(
        event.c.request.in_(ids)
    )


def _answer(row: Row[Any]) -> Answer:
    return Answer(
        seq=row.seq,
        person=row.person,
        choices=tuple(row.choices),
        comment=row.comment,
        at=row.received_at,
        delegate=row.delegate or "",
        standing=row.standing or "",
        reason=row.reason or "",
    )
