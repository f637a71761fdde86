"""Who looks at a page, and what they may see: deny by default, decided in the query that reads.

A person sees a request when they are on its roll, or when it was posted to a room of their communities.
A run is seen by those who see one of its requests. Operators see everything, and the data of runs besides.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass

from sqlalchemy import ColumnElement, Connection, exists, or_, select, true, tuple_

from socialbpm.people import Community
from socialbpm.store.tables import delivery, request, voter

# Names of their own, so that a condition can stand in a query over the same tables.
asked, writes, rolls = request.alias("asked"), delivery.alias("writes"), voter.alias("rolls")


@dataclass(frozen=True, slots=True, kw_only=True)
class Viewer:
    """A signed-in person and the communities they belong to (an operator: all of them)."""

    person: str
    communities: tuple[Community, ...] = ()
    operator: bool = False

    @property
    def rooms(self) -> frozenset[tuple[str, str]]:
        """The (channel, room) pairs whose posts they may read."""
        return frozenset((each.channel, each.room) for one in self.communities for each in one.destinations)


def viewer_of(person: str, communities: Mapping[str, Community], operators: Collection[str]) -> Viewer | None:
    """The viewer that ``person`` is; None for somebody who is on no roll and no operator (any more)."""
    if person in operators:
        return Viewer(person=person, communities=tuple(communities.values()), operator=True)
    own = tuple(each for each in communities.values() if any(member.person == person for member in each.roll))
    return Viewer(person=person, communities=own) if own else None


def sees_request(viewer: Viewer, request_id: ColumnElement[str]) -> ColumnElement[bool]:
    """The condition that ``viewer`` may see the request in column ``request_id``."""
    if viewer.operator:
        return true()
    on_roll = exists().where(rolls.c.request == request_id, rolls.c.person == viewer.person)
    room = tuple_(writes.c.channel, writes.c.room)
    posted_to_them = exists().where(writes.c.request == request_id, room.in_(sorted(viewer.rooms)))
    return or_(on_roll, posted_to_them)


def sees_run(viewer: Viewer, run_id: ColumnElement[str]) -> ColumnElement[bool]:
    """The condition that ``viewer`` may see the run in column ``run_id``."""
    if viewer.operator:
        return true()
    return exists().where(asked.c.run == run_id, sees_request(viewer, asked.c.id))


def may_see(conn: Connection, viewer: Viewer, request_id: str) -> bool:
    """Whether the request is there and ``viewer`` may see it."""
    query = select(request.c.id).where(request.c.id == request_id, sees_request(viewer, request.c.id))
    return conn.execute(query).first() is not None
