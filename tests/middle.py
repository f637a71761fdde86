"""The middle without an engine room: a real store, a small real channel, and runs inserted as rows."""

from __future__ import annotations

import itertools
import sqlite3
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import timedelta
from pathlib import Path
from typing import Any
from uuid import NAMESPACE_OID, uuid5

from sqlalchemy import event, select

from socialbpm.accounts import Accounts
from socialbpm.calendars import Calendar
from socialbpm.channels.base import Channel, Connection
from socialbpm.content_rules import ContentRules
from socialbpm.engines.local import LocalEngine
from socialbpm.engines.work import Work
from socialbpm.errors import Rejected, TaskFailed
from socialbpm.inbox import Inbox
from socialbpm.inbox.collecting import Collector
from socialbpm.outbox import Outbox, Preparation, deliveries
from socialbpm.outcomes import Outcomes
from socialbpm.people import Account, Community, Member
from socialbpm.posts import (
    AskKind,
    Capabilities,
    Choice,
    Dedupe,
    Destination,
    Media,
    MediaLimits,
    Post,
    Receipt,
    Span,
)
from socialbpm.requests import Opening, Requests
from socialbpm.responses import Response
from socialbpm.store import Store, locks, tables
from socialbpm.tasks import PollCommunity, PostStatus, RequestReview, Wording
from socialbpm.testing.clock import FakeClock

PEOPLE = ("ada", "grace", "linus")


@dataclass
class Wall:
    """A platform with a memory of its own: what stands there survives every crash of ours."""

    posts: dict[str, Post] = field(default_factory=dict)  # remote id -> what is seen now
    by_key: dict[str, str] = field(default_factory=dict)
    creates: int = 0
    edits: int = 0
    faults: list[tuple[str, Exception]] = field(default_factory=list)  # ("before" | "after", error)

    def write(self, remote_id: str, post: Post) -> Receipt:
        when, error = self.faults.pop(0) if self.faults else ("", Exception())
        if when == "before":
            raise error
        self.posts[remote_id] = post
        self.by_key.setdefault(post.key, remote_id)
        if when == "after":
            raise error
        return Receipt(remote_id=remote_id, url=f"https://wall.example/{remote_id}")


class WallChannel(Channel):
    """Posts to a wall. Subclasses change the declaration."""

    wall: Wall
    capabilities = Capabilities(
        network="wall",
        max_text=500,
        media=MediaLimits(count=4),
        asks=frozenset(AskKind),
        identifies_voters=True,
        dedupe=Dedupe.KEY,
        can_edit=True,
        can_delete=True,
        can_thread=True,
    )

    def publish(self, post: Post) -> Receipt:
        known = self.wall.by_key.get(post.key) if self.capabilities.dedupe == Dedupe.KEY else None
        if known is not None:
            return Receipt(remote_id=known, url=f"https://wall.example/{known}")
        self.wall.creates += 1
        return self.wall.write(f"p{len(self.wall.posts) + 1}", post)

    def edit(self, receipt: Receipt, post: Post) -> Receipt:
        if receipt.remote_id not in self.wall.posts:
            raise Rejected("no such post")
        self.wall.edits += 1
        return self.wall.write(receipt.remote_id, post)

    def private_room(self, account: str) -> str:
        return f"to {account}"

    def find(self, post: Post) -> Receipt | None:
        known = self.wall.by_key.get(post.key)
        return Receipt(remote_id=known) if known else None


def declared(**changes: Any) -> type[WallChannel]:
    """A wall whose capabilities differ in these points."""
    return type(
        "DeclaredWall", (WallChannel,), {"capabilities": replace(WallChannel.capabilities, **changes)}
    )


class Pictures:
    """A media room that freezes any source whose name does not start with ``bad``, and knows it again."""

    def take(self, src: str, files: Any) -> str:
        if src.startswith("bad"):
            raise TaskFailed("social.invalid", f"'{src}' is no picture")
        return src if src.startswith("frozen/") else f"frozen/{src}"

    def fit(self, ref: str, alt: str, limits: MediaLimits) -> Media:
        return Media(ref=f"media:{ref}", alt=alt, type="image/png")


class Middle:
    """Everything from the outbox to the inbox on one database; ``channels`` maps an account to its class."""

    def __init__(
        self,
        path: Path | str,
        *,
        clock: FakeClock | None = None,
        walls: dict[str, Wall] | None = None,
        channels: dict[str, type[WallChannel]] | None = None,
        people: tuple[str, ...] = PEOPLE,
        lease: timedelta = timedelta(seconds=60),
        weights: dict[str, Any] | None = None,
        calendars: dict[str, Calendar] | None = None,
        rules: ContentRules | None = None,
        communities: dict[str, tuple[Member, ...]] | None = None,
    ) -> None:
        kinds = channels or {"wall": WallChannel}
        self.clock = clock or FakeClock()
        self.store = Store(f"sqlite:///{path}" if isinstance(path, Path) else path)
        self.walls = walls if walls is not None else {name: Wall() for name in kinds}
        self.channels: dict[str, Channel] = {name: self._channel(name, kind) for name, kind in kinds.items()}
        self.communities = {
            "room": Community(
                name="room",
                destinations=tuple(Destination(channel=name, room="main") for name in kinds),
                roll=tuple(_member(person, kinds, weights or {}) for person in people),
            )
        }
        for name, roll in (communities or {}).items():
            known = self.communities.get(name, Community(name=name))
            self.communities[name] = replace(known, roll=roll)
        self.engine = LocalEngine()
        self.work = Work(self.store, self.clock, self.engine, lease)
        self.resumed: list[str] = []
        self.work.register_own("resume", self._resume)
        self.outbox = Outbox(self.store, self.clock, self.work, self.channels)
        self.outcomes = Outcomes(self.store, self.clock, self.work, self.outbox, calendars or {})
        preparation = Preparation(self.store, self.clock, self.work, self.channels, Pictures(), self.outcomes)
        self.requests = Requests(
            self.store,
            self.clock,
            self.work,
            self.outbox,
            self.outcomes,
            preparation,
            self.communities,
            calendars=calendars or {},
            rules=rules,
        )
        self.accounts = Accounts(self.store, self.clock, self.work, self.communities, b"secret")
        self.inbox = Inbox(self.store, self.clock, self.work, self.channels, self.accounts)
        Collector(self.store, self.clock, self.work, self.channels, self.inbox)
        self._numbers = itertools.count(1)

    @property
    def wall(self) -> Wall:
        return self.walls["wall"]

    def run(self, run_id: str = "run", process: str | None = "process") -> str:
        """Insert a run row (and its process), as the engine room would."""
        now = self.clock.now()
        with self.store.begin() as conn:
            if (
                process
                and conn.scalar(select(tables.process.c.id).where(tables.process.c.id == process)) is None
            ):
                conn.execute(tables.spec.insert().values(id=process, body=b""))
                conn.execute(
                    tables.process.insert().values(
                        id=process,
                        seq=1,
                        bpmn_id=process,
                        name="",
                        sources=_EMPTY_ZIP,
                        spec=process,
                        deployed_at=now,
                    )
                )
            times = {"started_at": now, "changed_at": now}
            conn.execute(
                tables.run.insert().values(id=run_id, process=process, status="waiting", version=1, **times)
            )
        return run_id

    def open(
        self, task: Any, *, run: str = "run", element: str = "ask", address: str = "", **more: Any
    ) -> str:
        """Open a request for ``task``; its id."""
        address = address or f"/{element}"
        key = str(uuid5(NAMESPACE_OID, f"{run}{address}{more.pop('occurrence', 0)}"))
        opening = Opening(key=key, run=run, address=address, element=element, name=element, task=task, **more)
        with self.store.begin() as conn:
            locks.hold(conn, run)
            self.requests.open(conn, opening)
        return key

    def answer(self, request: str, person: str, *choices: str, **more: Any) -> Any:
        """One response by the wall; its reply."""
        given: dict[str, Any] = {
            "channel": "wall",
            "event_id": f"e{next(self._numbers)}",
            "account": f"@{person}",
        }
        given |= {"choices": choices, "request": request, **more}
        (reply,) = self.inbox.accept(given["channel"], [Response(**given)])
        return reply

    def drain(self) -> int:
        return self.engine.drain()

    def request(self, request_id: str) -> Any:
        return self._one(select(tables.request).where(tables.request.c.id == request_id))

    def deliveries(self, request_id: str) -> list[Any]:
        with self.store.read() as conn:
            return list(deliveries.of_request(conn, request_id))

    def standings(self, request_id: str) -> dict[str, int]:
        """Standings counted from the rows."""
        with self.store.read() as conn:
            rows = conn.scalars(
                select(tables.response.c.standing).where(tables.response.c.request == request_id)
            ).all()
        return dict(Counter(rows))

    def reasons(self, request_id: str) -> list[tuple[str, str]]:
        columns = tables.response.c
        with self.store.read() as conn:
            query = select(columns.standing, columns.reason).where(columns.request == request_id)
            return [(row.standing, row.reason) for row in conn.execute(query.order_by(columns.seq))]

    def audit(self, kind: str = "") -> list[Any]:
        with self.store.read() as conn:
            rows = conn.execute(select(tables.audit).order_by(tables.audit.c.seq)).all()
        return [row for row in rows if row.kind.startswith(kind)]

    def result(self, request_id: str) -> dict[str, Any]:
        with self.store.read() as conn:
            return self.outcomes.result(conn, request_id)

    def _one(self, query: Any) -> Any:
        with self.store.read() as conn:
            return conn.execute(query).one()

    def _channel(self, name: str, kind: type[WallChannel]) -> WallChannel:
        made = kind(Connection(name=name, store=self.store, clock=self.clock, media=lambda ref: b""))
        made.wall = self.walls.setdefault(name, Wall())
        return made

    def _resume(self, work_id: str) -> bool:
        with self.store.begin() as conn:
            claim = self.work.claimed(conn, work_id)
            if claim is None:
                return False
            self.resumed.append(claim.ref)
            self.work.finish(conn, claim)
        return True


def _member(person: str, kinds: Any, weights: dict[str, Any]) -> Member:
    own = {Account(channel=name, id=f"@{person}") for name in kinds}
    accounts = frozenset(own | {Account(channel="local", id=person)})
    return Member(
        person=person, accounts=accounts, **({"weight": weights[person]} if person in weights else {})
    )


def status(text: str = "Hello", **more: Any) -> PostStatus:
    return PostStatus(**{"to": ("room",), "texts": (words(text),), **more})


def review(text: str = "Is it good?", **more: Any) -> RequestReview:
    return RequestReview(**{"to": ("room",), "texts": (words(text),), **more})


def poll(text: str = "Which route?", **more: Any) -> PollCommunity:
    defaults: dict[str, Any] = {"deadline": timedelta(days=3), "choices": NORTH_SOUTH}
    return PollCommunity(**{"to": ("room",), "texts": (words(text),), **defaults, **more})


def words(text: str, network: str = "") -> Wording:
    return Wording(text=(Span(text),), network=network)


@contextmanager
def statements(store: Store) -> Iterator[list[str]]:
    """The SQL that is given to SQLite's driver for ``store`` meanwhile, whoever gives it."""
    seen: list[str] = []

    class Telling(sqlite3.Cursor):
        def execute(self, sql: str, *values: Any) -> sqlite3.Cursor:
            seen.append(sql)
            return super().execute(sql, *values)

        def executemany(self, sql: str, *values: Any) -> sqlite3.Cursor:
            seen.append(sql)
            return super().executemany(sql, *values)

    class Told(sqlite3.Connection):
        def cursor(self, factory: Any = Telling) -> Any:
            return super().cursor(factory)

        def execute(self, sql: str, *values: Any) -> sqlite3.Cursor:
            return self.cursor().execute(sql, *values)

        def executemany(self, sql: str, *values: Any) -> sqlite3.Cursor:
            return self.cursor().executemany(sql, *values)

    def connect(dialect: Any, record: Any, given: Any, named: dict[str, Any]) -> None:
        named["factory"] = Told

    engine = store._engine
    event.listen(engine, "do_connect", connect)
    store.close()  # it opens again when it is used, and then tells
    try:
        yield seen
    finally:
        event.remove(engine, "do_connect", connect)
        store.close()


NORTH_SOUTH = (Choice(key="north", label="North"), Choice(key="south", label="South"))
_EMPTY_ZIP = b"PK\x05\x06" + b"\0" * 18
