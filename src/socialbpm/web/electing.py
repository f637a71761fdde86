"""Who may answer for whom: to whom a person can hand their ballot, and who has handed theirs to them."""

from __future__ import annotations

from sqlalchemy import Connection, exists, select

from socialbpm.people import is_forgotten
from socialbpm.store.tables import event, response, voter
from socialbpm.web.questions import Question
from socialbpm.web.viewers import Viewer

LISTED = 300
"""So many people fit into a list to choose from; of a larger roll the name is typed."""


def delegates(conn: Connection, viewer: Viewer, question: Question) -> tuple[str, ...]:
    """To whom the viewer can hand their ballot: all others on the roll, the first of them if it is long."""
    if question.asking is None or not question.asking.delegation or not question.on_roll:
        return ()
    others = select(voter.c.person).where(voter.c.request == question.id, voter.c.person != viewer.person)
    people = conn.scalars(others.order_by(voter.c.person).limit(LISTED))
    return tuple(person for person in people if not is_forgotten(person))


def can_take_it(conn: Connection, viewer: Viewer, question: Question, person: str) -> bool:
    """Whether ``person`` is somebody to whom the viewer can hand their ballot."""
    known = exists().where(voter.c.request == question.id, voter.c.person == person)
    offered = question.asking is not None and question.asking.delegation and question.on_roll
    return (
        offered and person != viewer.person and not is_forgotten(person) and bool(conn.scalar(select(known)))
    )


def entrusted(conn: Connection, viewer: Viewer, question: Question) -> tuple[str, ...]:
    """Those for whom the viewer answers, because they have handed their ballot to them and it stands."""
    if question.asking is None or not question.asking.delegation:
        return ()
    joined = select(response.c.person).join_from(response, event, response.c.seq == event.c.seq)
    given = joined.where(
        response.c.request == question.id, response.c.stands == 1, event.c.delegate == viewer.person
    )
    return tuple(conn.scalars(given.order_by(response.c.person).limit(LISTED)))
