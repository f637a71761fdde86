"""Who looks at a page, and what they may see: deny by default, decided in the query that reads.

A person sees a request when they are on its roll, when they are its author, or when it was posted to a room
of their communities or to themselves alone; a post that still waits for approval, or was refused, shows the
readers of its room nothing. A run is seen by those who see one of its requests. Operators see everything, and
the data of runs besides; but what was posted to one person is theirs alone, and how a secret vote stands is
for nobody before its end.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass

from sqlalchemy import ColumnElement, Connection, and_, exists, func, or_, select, true, tuple_

from socialbpm.channels.base import Channel
from socialbpm.outbox.deliveries import State
from socialbpm.outcomes.secrecy import HIDDEN, PSEUDONYMOUS
from socialbpm.people import Community
from socialbpm.posts import Intake
from socialbpm.social.views import LIVE, STUCK
from socialbpm.store.tables import delivery, request, voter

# Names of their own, so that a condition can stand in a query over the same tables.
asked, writes, rolls = request.alias("asked"), delivery.alias("writes"), voter.alias("rolls")
creates = delivery.alias("creates")

SECRET = (HIDDEN, PSEUDONYMOUS)  # of these nobody sees how they stand before their end
OUT = (State.SENDING, State.SENT, State.UNKNOWN)  # what readers of a room may have seen there


@dataclass(frozen=True, slots=True, kw_only=True)
class Viewer:
    """A signed-in person and the communities they belong to (an operator: all of them).

    ``private`` are the (channel, room) pairs in which posts stand for them alone.
    """

    person: str
    communities: tuple[Community, ...] = ()
    private: frozenset[tuple[str, str]] = frozenset()
    operator: bool = False

    @property
    def rooms(self) -> frozenset[tuple[str, str]]:
        """The (channel, room) pairs whose posts they may read."""
        public = frozenset((each.channel, each.room) for one in self.communities for each in one.destinations)
        return public | self.private


def viewer_of(
    person: str,
    communities: Mapping[str, Community],
    operators: Collection[str],
    channels: Mapping[str, Channel],
) -> Viewer | None:
    """The viewer that ``person`` is; None for somebody who is on no roll and no operator (any more)."""
    operator, everywhere = person in operators, tuple(communities.values())
    own = tuple(each for each in everywhere if any(member.person == person for member in each.roll))
    if not own and not operator:
        return None
    private = frozenset(
        (name, channel.private_room(person))
        for name, channel in channels.items()
        if channel.capabilities.intake is Intake.PAGES
    )
    return Viewer(
        person=person, communities=everywhere if operator else own, private=private, operator=operator
    )


def sees_request(viewer: Viewer, request_id: ColumnElement[str]) -> ColumnElement[bool]:
    """The condition that ``viewer`` may see the request in column ``request_id``."""
    if viewer.operator:
        return true()
    on_roll = exists().where(rolls.c.request == request_id, rolls.c.person == viewer.person)
    room = tuple_(writes.c.channel, writes.c.room)
    posted_to_them = exists().where(
        writes.c.request == request_id, room.in_(sorted(viewer.rooms)), writes.c.state.in_(OUT)
    )
    of_theirs = exists().where(asked.c.id == request_id, asked.c.task["author"].as_string() == viewer.person)
    return or_(on_roll, posted_to_them, of_theirs)


def sees_delivery(viewer: Viewer) -> ColumnElement[bool]:
    """The condition that ``viewer`` may know of the row of ``delivery``, beside its row of ``request``.

    What is for one person alone is seen by that person. Operators see that it was sent, or is stuck; while a
    vote is hidden only what is stuck, because whom we remind has not answered.
    """
    of_create = select(creates.c.person).where(creates.c.id == delivery.c.creates).scalar_subquery()
    person = func.coalesce(delivery.c.person, of_create)  # edits of a private post are private, too
    known = or_(person.is_(None), person == viewer.person)
    if not viewer.operator:
        return known
    return or_(known, delivery.c.state.in_(STUCK), ~is_hidden())


def is_hidden() -> ColumnElement[bool]:
    """The condition that nobody may see yet how the row of ``request`` stands."""
    secrecy = func.coalesce(request.c.task["secrecy"].as_string(), "")
    return and_(secrecy.in_(SECRET), request.c.state.in_(LIVE))


def sees_run(viewer: Viewer, run_id: ColumnElement[str]) -> ColumnElement[bool]:
    """The condition that ``viewer`` may see the run in column ``run_id``."""
    if viewer.operator:
        return true()
    return exists().where(asked.c.run == run_id, sees_request(viewer, asked.c.id))


def may_see(conn: Connection, viewer: Viewer, request_id: str) -> bool:
    """Whether the request is there and ``viewer`` may see it."""
    query = select(request.c.id).where(request.c.id == request_id, sees_request(viewer, request.c.id))
    return conn.execute(query).first() is not None
