"""Reminders: after each interval those who have not answered are reminded, each alone, once.

One work row per request ("remind") looks at it when an interval is over. However many have gone by since
anybody looked, it is one window, in which each person is written to once; large rolls go in batches, each in
a transaction of its own.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from itertools import groupby
from typing import Any

from sqlalchemy import Connection, Row, and_, bindparam, or_, select, update

from socialbpm import tasks
from socialbpm.channels.base import Channel
from socialbpm.clock import Clock
from socialbpm.engines.work import Work
from socialbpm.outbox import Outbox, deliveries, silence
from socialbpm.outbox.content import Content
from socialbpm.outbox.deliveries import Action, Purpose, State, Write
from socialbpm.outcomes import Outcomes, working
from socialbpm.outcomes.working import Calendars
from socialbpm.people import Account
from socialbpm.posts import Post
from socialbpm.requests import letters
from socialbpm.store import audit, locks
from socialbpm.store.prepared import Prepared
from socialbpm.store.tables import care, delivery, request, voter_account
from socialbpm.tasks import Asking

BATCH = 200
"""How many people are written to in one transaction."""


class Reminders:
    """Performs the work "remind"."""

    def __init__(
        self,
        clock: Clock,
        work: Work,
        outbox: Outbox,
        outcomes: Outcomes,
        calendars: Calendars,
        content: Content,
    ) -> None:
        self._clock, self._work, self._outbox = clock, work, outbox
        self._outcomes, self._calendars, self._content = outcomes, calendars, content
        work.register_steps(
            "remind",
            lambda conn, request_id, _: self._look(conn, request_id),
            hold=lambda conn, request_id: locks.hold_run_of(conn, request_id=request_id),
        )

    def _look(self, conn: Connection, request_id: str) -> datetime | None:
        """Remind the next batch of people; says when to look again: at once, or after the next interval."""
        self._outcomes.tally(conn, request_id)  # whoever has answered by now is not reminded
        row = _CARED.rows(conn, of_request=request_id).first()
        task = tasks.load(row.task) if row is not None and row.state == "OPEN" else None
        if row is None or not isinstance(task, Asking) or task.remind is None:
            return None
        passed = working.passed(row.since, task.remind, self._clock.now(), task, self._calendars)
        window, after = row.window, row.after
        if passed > row.passed:
            window, after = window + 1, ""
            _STALE.change(conn, of_request=request_id)
        due = working.later(row.since, (passed + 1) * task.remind, task, self._calendars)
        if after is not None:
            people = silence.silent(conn, row.id, after, BATCH)
            self._write(conn, row, task, window, people)
            after = people[-1] if len(people) == BATCH else None
            _KEEP.change(conn, of_request=row.id, window=window, after=after, passed=passed, until=due)
        if after is not None:
            return self._clock.now()
        return None if row.ends_at is not None and due >= row.ends_at else due

    def _write(
        self, conn: Connection, row: Row[Any], task: Asking, window: int, people: Sequence[str]
    ) -> None:
        """Write to these people of a window."""
        if not people:
            return
        writes = list(self._writes(conn, row, task, window, people))
        self._outbox.enqueue(conn, writes, run=row.run, element=row.element)
        facts = {"window": window, "people": len(writes), "out_of_reach": len(people) - len(writes)}
        now = self._clock.now()
        audit.record(conn, now, "request.reminded", row.run, row.id, element=row.element, **facts)

    def _writes(
        self, conn: Connection, row: Row[Any], task: Asking, window: int, people: Sequence[str]
    ) -> Iterator[Write]:
        links = {each.channel: each.url for each in _LINKS.rows(conn, of_request=row.id).all()}
        for person, accounts in _accounts(conn, row.id, people):
            ways = letters.reaches(accounts, self._channels, list(links))
            if not ways:
                continue
            place, can = ways[0]
            link = links.get(place.channel) or next(iter(links.values()), "")
            yield Write(
                request=row.id,
                purpose=Purpose.REMIND,
                action=Action.CREATE,
                seq=window,
                post=Post(key="", destination=place, text=letters.reminder(task, can, row.ends_at, link)),
                due=self._content.release_at(self._clock.now(), place, task),
                person=person,
                key=deliveries.reminder_key(row.id, person, window),
            )

    @property
    def _channels(self) -> Mapping[str, Channel]:
        return self._outbox.channels


def begin_anew(conn: Connection, request_id: str, now: datetime) -> None:
    """A new version is shown to everybody: the interval begins again, and old reminders are not sent."""
    _ANEW.change(conn, of_request=request_id, since=now)
    _STALE.change(conn, of_request=request_id)


def _accounts(
    conn: Connection, request_id: str, people: Sequence[str]
) -> Iterator[tuple[str, list[Account]]]:
    """Each person with the accounts that answer for them, as they were when the roll was frozen."""
    rows = conn.execute(_ACCOUNTS, {"of_request": request_id, "people": people}).all()
    for person, own in groupby(rows, lambda row: row.person):
        yield person, [Account(channel=row.channel, id=row.account) for row in own]


_CARED = Prepared(
    select(request, care.c.since, care.c.passed, care.c.window, care.c.after)
    .join(care, care.c.request == request.c.id)
    .where(request.c.id == bindparam("of_request"))
)
_KEEP = Prepared(
    update(care)
    .where(care.c.request == bindparam("of_request"))
    .values({name: bindparam(name) for name in ("window", "after", "passed", "until")})
)
_ANEW = Prepared(
    update(care)
    .where(care.c.request == bindparam("of_request"))
    .values(since=bindparam("since"), passed=0, after=None, until=None)
)
_STALE = Prepared(
    update(delivery)
    .where(
        delivery.c.request == bindparam("of_request"),
        delivery.c.purpose == Purpose.REMIND,
        or_(delivery.c.state == State.DUE, delivery.c.state == State.PARKED),
    )
    .values(state=State.SKIPPED, error="a newer one has taken its place")
)
_LINKS = Prepared(
    select(delivery.c.channel, delivery.c.url)
    .where(
        delivery.c.request == bindparam("of_request"),
        or_(
            delivery.c.purpose == Purpose.OPEN,
            and_(delivery.c.purpose == Purpose.ESCALATE, delivery.c.parent.is_(None)),
        ),
        delivery.c.state == State.SENT,
        delivery.c.url != "",
    )
    .order_by(delivery.c.purpose.desc(), delivery.c.channel, delivery.c.room)
)
_ACCOUNTS = (
    select(voter_account)
    .where(
        voter_account.c.request == bindparam("of_request"),
        voter_account.c.person.in_(bindparam("people", expanding=True)),
    )
    .order_by(voter_account.c.person, voter_account.c.channel, voter_account.c.account)
)
