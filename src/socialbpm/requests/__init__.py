"""Requests: open one durable run of a task, give it a new version, cancel it, look at it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Row, bindparam, select, update

from socialbpm import tasks
from socialbpm.clock import Clock
from socialbpm.engines.work import Work
from socialbpm.errors import NotFound, RequestClosed, TaskFailed
from socialbpm.faults import crash_point
from socialbpm.outbox import Outbox, drafts
from socialbpm.outbox.deliveries import Action, Purpose, Write
from socialbpm.outcomes import LIVE, Outcomes, timing
from socialbpm.outcomes.results import result_of
from socialbpm.people import Community, Member
from socialbpm.policies import Count, Rule
from socialbpm.posts import Destination, Post
from socialbpm.requests import rolls, threads
from socialbpm.requests.revisions import Revision, revised
from socialbpm.requests.threads import Earlier
from socialbpm.store import Store, audit, insert_once
from socialbpm.store.tables import request
from socialbpm.tasks import Asking, PollCommunity, PostStatus, RequestReview, SocialTask

INVALID = "social.invalid"


@dataclass(frozen=True, slots=True, kw_only=True)
class Opening:
    """A task that has been reached: ``key`` is its request's id, ``address`` its place in the process.

    ``ends_at`` is when an interrupting boundary timer will end it, if there is one.
    """

    key: str
    run: str
    address: str
    element: str
    name: str
    task: SocialTask
    ends_at: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Closed:
    """A request that waits to be applied to its run.

    A ``result``, or the ``error`` code and its ``reason``.
    """

    key: str
    address: str
    element: str
    result: dict[str, Any]
    error: str = ""
    reason: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Prospect:
    """What opening a request comes to: who is on the roll, where its posts go."""

    everybody: tuple[Member, ...]
    voters: tuple[Member, ...]
    destinations: tuple[Destination, ...]


class Requests:
    """The requests of one store; ``communities`` bind the names in models to people and places."""

    def __init__(
        self,
        store: Store,
        clock: Clock,
        work: Work,
        outbox: Outbox,
        outcomes: Outcomes,
        communities: Mapping[str, Community],
    ) -> None:
        self._store, self._clock, self._work = store, clock, work
        self._outbox, self._outcomes, self._communities = outbox, outcomes, communities

    def examine(self, opening: Opening) -> Prospect:
        """Whether these communities and channels can carry out this task. Writes nothing, needs no store.

        Raises TaskFailed ``social.invalid``: nobody may answer, a rule that this roll cannot meet, no
        destination, a text or picture that a channel would cut.
        """
        problems = list(self._problems(opening.task))
        if problems:
            raise TaskFailed(INVALID, "; ".join(problems), element=opening.element)
        try:
            everybody, voters = self._roll(opening.task)
        except TaskFailed as failure:
            raise TaskFailed(failure.code, failure.what, element=opening.element) from None
        return Prospect(everybody=everybody, voters=voters, destinations=self._destinations(opening.task))

    def open(self, conn: Connection, opening: Opening) -> bool:
        """Open a request in the caller's transaction, once per key; says whether it was new.

        Raises TaskFailed as ``examine`` does, before anything has been written.
        """
        if conn.execute(_STATE, {"of_id": opening.key}).first() is not None:
            return False
        prospect = self.examine(opening)
        number = threads.next_round(conn, opening.run, opening.element)
        if not insert_once(conn, request, round=number, **self._row(opening, prospect)):
            return False
        if prospect.voters:
            rolls.freeze(conn, opening.key, prospect.everybody, prospect.voters)
        facts = {"element": opening.element, "kind_of_task": opening.task.element}
        audit.record(conn, self._clock.now(), "request.opened", opening.run, opening.key, **facts)
        writes = list(self._writes(conn, opening, prospect, number))
        stand = self._outbox.enqueue(conn, writes, run=opening.run, element=opening.element)
        self._schedule(conn, opening, writes, stand)
        return True

    def cancel(self, conn: Connection, key: str, reason: str = "") -> bool:
        """The process no longer waits for this request: end it, and have its posts say so."""
        return self._outcomes.close(conn, key, cancelled=True, reason=reason)

    def revise(
        self, request_id: str, text: str | None = None, media: Sequence[Mapping[str, str]] | None = None
    ) -> int:
        """Give an open request a new text, new media ``[{"src", "alt"}]`` or both; returns its new version.

        Answers to the old version are spoiled, the posts are edited. Raises NotFound, RequestClosed (also for
        one whose time is over and that only waits for its last reading, because nobody could answer), and
        TaskFailed ``social.invalid`` for a text or picture that cannot be posted.
        """
        with self._store.begin() as conn:
            self._outcomes.tally(conn, request_id)
            row = conn.execute(_REQUEST, {"of_id": request_id}).first()
            if row is None:
                raise NotFound(f"there is no request '{request_id}'")
            task = tasks.load(row.task)
            if row.state not in LIVE or not isinstance(task, Asking):
                raise RequestClosed(f"request '{request_id}' is {row.state} and asks nothing any more")
            if row.ends_at is not None and row.ends_at <= self._clock.now():
                raise RequestClosed(f"the time of request '{request_id}' is over")
            version = self._revise(conn, row, revised(task, text, media))
            crash_point("revise.before-commit")
        crash_point("revise.after-commit")
        return version

    def of_run(self, conn: Connection, run: str) -> Sequence[Row[Any]]:
        """The open requests of a run."""
        return conn.execute(_OF_RUN, {"of_run": run, "in_states": LIVE}).all()

    def closed(self, conn: Connection, run: str) -> list[Closed]:
        """The requests of a run that have ended and wait to be applied to it, in the order of their ends."""
        rows = conn.execute(_CLOSED, {"of_run": run}).all()
        return [
            Closed(
                key=row.id,
                address=row.address,
                element=row.element,
                result=result_of(conn, row),
                error=row.error,
                reason=row.outcome["explanation"],
            )
            for row in rows
        ]

    def resumed(self, conn: Connection, key: str) -> None:
        """The run has taken the outcome of this request; in the transaction that saves the run."""
        conn.execute(_RESUMED, {"of_id": key})

    # opening

    def _problems(self, task: SocialTask) -> Iterator[str]:
        unknown = [name for name in task.to if name not in self._communities]
        if unknown:
            yield f"community '{unknown[0]}' is not in the settings; add it there"
            return
        destinations = self._destinations(task)
        if timing.needed(task.require, len(destinations)) > len(destinations) or not destinations:
            bound = f"{len(destinations)} destinations are bound to {' '.join(task.to)}"
            yield f"{bound}, require is {task.require}; bind more of them in the settings"
        for name in dict.fromkeys(destination.channel for destination in destinations):
            channel = self._outbox.channels.get(name)
            if channel is None:
                yield f"channel '{name}' is not connected; add it to the settings"
            else:
                yield from drafts.refusals(task, name, channel.capabilities)

    def _destinations(self, task: SocialTask) -> tuple[Destination, ...]:
        """Where the posts go, each place once though several communities share it."""
        bound = (place for name in task.to for place in self._communities[name].destinations)
        return tuple(dict.fromkeys(bound))

    def _roll(self, task: SocialTask) -> tuple[tuple[Member, ...], tuple[Member, ...]]:
        if not isinstance(task, RequestReview | PollCommunity):
            return (), ()
        everybody = rolls.members(task, self._communities)
        voters = rolls.eligible(task, everybody)
        problems = Rule.of(task).problems(roll={member.person: member.weight for member in voters})
        if problems:
            raise TaskFailed(INVALID, "; ".join(problems))
        return everybody, voters

    def _row(self, opening: Opening, prospect: Prospect) -> dict[str, Any]:
        task = opening.task
        deadline = _fixed_deadline(task)
        return {
            "id": opening.key,
            "run": opening.run,
            "element": opening.element,
            "name": opening.name,
            "kind": task.element,
            "address": opening.address,
            "task": tasks.dump(task),
            "state": "OPEN",
            "opened_at": self._clock.now(),
            "deadline": deadline,
            "ends_at": timing.earliest(opening.ends_at, deadline),
            "counted": Count.of_roll(member.weight for member in prospect.voters).dump(),
            "standings": {},
        }

    def _writes(self, conn: Connection, opening: Opening, prospect: Prospect, number: int) -> Iterator[Write]:
        task = opening.task
        edited = (
            threads.latest(conn, opening.run, task.edit, opening.key)
            if isinstance(task, PostStatus) and task.edit
            else {}
        )
        answered = self._answered(conn, opening, number)
        for destination in prospect.destinations:
            write = self._write(opening, destination)
            if destination in edited:
                yield self._edit(task, write, edited[destination])
            else:
                parent = answered.get(destination)
                yield replace(write, parent=parent.create if parent else None)

    def _answered(self, conn: Connection, opening: Opening, number: int) -> Mapping[Destination, Earlier]:
        """The posts that this request's posts answer: those the model names, else the last round's."""
        if opening.task.reply_to:
            return threads.latest(conn, opening.run, opening.task.reply_to, opening.key)
        if isinstance(opening.task, Asking) and number > 1:
            return threads.round_before(conn, opening.run, opening.element, opening.address, opening.key)
        return {}

    def _write(self, opening: Opening, destination: Destination) -> Write:
        task, now = opening.task, self._clock.now()
        ends_at = timing.earliest(opening.ends_at, _fixed_deadline(task))
        network = self._outbox.channels[destination.channel].capabilities.network
        return Write(
            request=opening.key,
            purpose=Purpose.OPEN,
            action=Action.CREATE,
            seq=0,
            post=Post(
                key="",
                destination=destination,
                text=drafts.wording(task, network),
                ask=drafts.ask(task, opening.key, 1, ends_at),
            ),
            due=max(now, task.at) if task.at else now,
            sources=task.media,
        )

    def _edit(self, task: SocialTask, write: Write, earlier: Earlier) -> Write:
        """The write as an edit of an earlier post or, where the channel cannot edit, what the model says."""
        capabilities = self._outbox.channels[write.post.destination.channel].capabilities
        edit = replace(write, action=Action.EDIT, seq=earlier.next_seq, creates=earlier.create)
        if capabilities.can_edit:
            return edit
        if isinstance(task, PostStatus) and task.on_no_edit == "skip":
            return replace(
                edit, skipped="the channel cannot edit, and the model says to leave the post alone"
            )
        return replace(write, parent=earlier.create)

    def _schedule(self, conn: Connection, opening: Opening, writes: Sequence[Write], stand: int) -> None:
        """Look at the request at its deadline; at once if some posts ``stand``, or none is to be sent."""
        task, now = opening.task, self._clock.now()
        deadline = _fixed_deadline(task)
        if isinstance(task, Asking) and stand == len(writes):
            deadline = timing.deadline(task, now)
            ends_at = timing.earliest(opening.ends_at, deadline)
            begun = {"stands_at": now, "deadline": deadline, "ends_at": ends_at}
            conn.execute(_BEGIN, {"of_id": opening.key, **begun})
        elif stand or all(write.skipped for write in writes):
            self._work.schedule(conn, "tally", opening.key, now)
            return
        if deadline is not None:
            self._work.schedule(conn, "tally", opening.key, deadline)

    # revising

    def _revise(self, conn: Connection, row: Row[Any], task: Asking) -> int:
        problems = list(self._problems(task))
        if problems:
            raise TaskFailed(INVALID, "; ".join(problems), element=row.element)
        revision = Revision(row=row, task=task, version=row.version + 1, now=self._clock.now())
        revision.void_answers(conn)
        revision.save(conn)
        writes = revision.rewrite_posts(conn, self._work, self._outbox.channels)
        self._outbox.enqueue(conn, writes, run=row.run, element=row.element)
        audit.record(conn, revision.now, "request.revised", row.run, row.id, version=revision.version)
        return revision.version


def _fixed_deadline(task: SocialTask) -> datetime | None:
    deadline = task.deadline if isinstance(task, Asking) else None
    return deadline if isinstance(deadline, datetime) else None


_REQUEST = select(request).where(request.c.id == bindparam("of_id"))
_BEGIN = (
    update(request)
    .where(request.c.id == bindparam("of_id"))
    .values({name: bindparam(name) for name in ("stands_at", "deadline", "ends_at")})
)
_RESUMED = (
    update(request)
    .where(request.c.id == bindparam("of_id"), request.c.state == "CLOSED")
    .values(state="RESUMED")
)
_STATE = select(request.c.state).where(request.c.id == bindparam("of_id"))
_CLOSED = (
    select(request)
    .where(request.c.run == bindparam("of_run"), request.c.state == "CLOSED")
    .order_by(request.c.closed_at, request.c.id)
)
_OF_RUN = (
    select(request)
    .where(request.c.run == bindparam("of_run"), request.c.state.in_(bindparam("in_states", expanding=True)))
    .order_by(request.c.opened_at, request.c.id)
)
