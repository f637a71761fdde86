"""Erasure: a person's texts, names and links go from the store and from posts; figures and the audit stay.

A random token takes the place of the person everywhere alike, so that every count and every standing can
still be recomputed. It goes in steps, each of which only does what it still finds to do:

1. ``begin`` writes down what is looked for, the person's words among it: later steps need them;
2. answers and rolls, request by request, then links and codes: from here on nothing new is told of them;
3. saved runs: who is playing one meanwhile reads it again, so that nothing of before comes back;
4. posts, request by request, with the edits that follow from it;
5. the audit;
6. ``finish`` forgets what was looked for.

Whoever is killed in between leaves the words of step 1 behind; the same call goes on from there.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, Protocol

from sqlalchemy import Connection, Row, select, update

from socialbpm.clock import Clock
from socialbpm.erasure import answers, identity, report, texts, trail
from socialbpm.erasure import posts as written_posts
from socialbpm.erasure.identity import Identity
from socialbpm.erasure.posts import Cleaning
from socialbpm.erasure.report import BEYOND, Forgotten
from socialbpm.erasure.words import ERASED, Words
from socialbpm.errors import NotFound
from socialbpm.faults import crash_point
from socialbpm.outbox import Outbox
from socialbpm.people import Community
from socialbpm.store import Store, audit, insert_once, locks
from socialbpm.store.tables import erasure

__all__ = ["BEYOND", "ERASED", "Erasure", "Forgotten", "Rewritten", "Runs"]

BATCH = 200


@dataclass(frozen=True, slots=True, kw_only=True)
class Rewritten:
    """What was done to a run: whether it was ``changed``, and the variables that still name the person.

    ``host_keeps``: its state is not with us.
    """

    changed: bool
    named_in: tuple[str, ...] = ()
    host_keeps: bool = False


class Runs(Protocol):
    """What is needed of the engine room."""

    def runs(self, conn: Connection, after: str) -> Sequence[str]:
        """The ids of the next runs after that one."""
        ...

    def rewrite(self, conn: Connection, run_id: str, words: Words, *, touch: bool) -> Rewritten:
        """Take the words out of a saved run."""
        ...


class Erasure:
    """Forgets people. ``secret`` keys what knows them again; ``communities`` are those of the settings."""

    def __init__(
        self,
        store: Store,
        clock: Clock,
        outbox: Outbox,
        runs: Runs,
        communities: Mapping[str, Community],
        secret: bytes,
    ) -> None:
        self._store, self._clock, self._outbox, self._runs = store, clock, outbox, runs
        self._communities, self._secret = communities, secret

    def forget(self, person: str) -> Forgotten:
        """Erase a person; a repeat goes on where it was cut off, or finds nothing more to do.

        ``person`` is the name in settings, or ``channel:account`` of somebody who is on no roll. Raises
        NotFound for somebody of whom nothing is known.
        """
        who, words = self._begin(person)
        crash_point("forget.begun")
        for request_id in self._requests(who):
            with self._writing() as conn:
                locks.hold_run_of(conn, request_id=request_id)
                answers.erase_from(conn, request_id, who)
            crash_point("forget.answers")
        with self._writing() as conn:
            answers.erase_unattached(conn, who)
        crash_point("forget.links")
        self._rewrite_runs(who, words)
        self._clean_posts(who, words)
        self._clean_audit(who, words)
        return self._finish(who, words)

    def forgotten(self, people: Sequence[str]) -> Mapping[str, bool]:
        """Those of ``people`` who have been forgotten; False: it was begun, and has to be finished."""
        with self._store.read() as conn:
            known = {row.digest: row.finished_at is not None for row in conn.execute(select(erasure)).all()}
        digests = {each: identity.digest(self._secret, each) for each in people} if known else {}
        return {each: known[digest] for each, digest in digests.items() if digest in known}

    # the steps

    def _begin(self, person: str) -> tuple[Identity, Words]:
        """Write down who is meant and what they wrote, or read it where an earlier call has done so."""
        digest = identity.digest(self._secret, person)
        with self._writing() as conn:
            row = conn.execute(select(erasure).where(erasure.c.digest == digest)).first()
            if row is not None and row.known is not None:
                who = Identity.load(row.known)
                return who, who.words(row.known["comments"])
            token = row.token if row else identity.new_token()
            who = identity.found(conn, person, token, self._communities)
            asked = answers.requests(conn, who)
            if not (asked or row or self._is_member(person) or answers.is_known(conn, who)):
                raise NotFound(f"nothing is known of '{person}'; `socialbpm people` shows everybody")
            comments = answers.comments(conn, who)
            known = who.dump() | {"comments": comments}
            figures = {
                "requests": len(asked),
                "answers": answers.number(conn, who),
                "comments": len(comments),
            }
            values = {"known": known, "report": report.summed({}, (), figures), "finished_at": None}
            insert_once(conn, erasure, token=token, digest=digest, begun_at=self._clock.now(), report={})
            conn.execute(update(erasure).where(erasure.c.token == token).values(values))
        return who, who.words(comments)

    def _is_member(self, person: str) -> bool:
        return any(member.person == person for each in self._communities.values() for member in each.roll)

    def _requests(self, who: Identity) -> Sequence[str]:
        with self._store.read() as conn:
            return answers.requests(conn, who)

    def _rewrite_runs(self, who: Identity, words: Words) -> None:
        """All runs: what one was told may have been handed to another."""
        for run_id, touch in self._every_run(who):
            with self._writing() as conn:
                done = self._runs.rewrite(conn, run_id, words, touch=touch)
                told = [f"run {run_id} goes on, and names them in {name!r}" for name in done.named_in]
                if done.host_keeps and touch:
                    told.append(f"run {run_id}: its state is kept by the host application")
                self._note(conn, who, tuple(told), runs=int(done.changed))
            crash_point("forget.run")

    def _every_run(self, who: Identity) -> Iterator[tuple[str, bool]]:
        """Each run, and whether the person has had a part in it."""
        with self._store.read() as conn:
            touched = answers.runs(conn, who)
        after = ""
        while True:
            with self._store.read() as conn:
                found = self._runs.runs(conn, after)
            yield from ((each, each in touched) for each in found)
            if not found:
                return
            after = found[-1]

    def _clean_posts(self, who: Identity, words: Words) -> None:
        cleaning = Cleaning(outbox=self._outbox, words=words, token=who.token, now=self._clock.now())
        for asked in self._every_request():
            with self._store.read() as conn:
                rows = conn.execute(written_posts.of_request(asked.id)).all()
            named = dict.fromkeys(written_posts.authored(rows, words))
            told = [f"request {each}: its text or a choice names them" for each in named]
            if not (cleaning.is_needed(rows) or texts.is_needed(asked, words) or told):
                continue
            with self._writing() as conn:
                locks.hold_run_of(conn, request_id=asked.id)
                texts.clean(conn, asked.id, words)
                done = cleaning.clean(conn, asked)
                told += [f"a post that cannot be edited by us: {each}" for each in done.standing]
                self._note(conn, who, tuple(told), posts=done.posts, edits=done.edits)
            crash_point("forget.posts")

    def _every_request(self) -> Iterator[Row[Any]]:
        after = ""
        while True:
            with self._store.read() as conn:
                found = written_posts.all_requests(conn, after, BATCH)
            yield from found
            if not found:
                return
            after = found[-1].id

    def _clean_audit(self, who: Identity, words: Words) -> None:
        after: int | None = 0
        while after is not None:
            with self._writing() as conn:
                changed, after = trail.erase(conn, after, who, words)
                self._note(conn, who, audit=changed)
            crash_point("forget.audit")

    def _finish(self, who: Identity, words: Words) -> Forgotten:
        """What was looked for is forgotten, too."""
        now = self._clock.now()
        with self._writing() as conn:
            told = [*self._in_settings(who), *texts.unreached(conn, who)]
            self._note(conn, who, tuple(told))
            conn.execute(
                update(erasure).where(erasure.c.token == who.token).values(known=None, finished_at=now)
            )
            audit.record(conn, now, "person.forgotten", token=who.token)
            row = conn.execute(select(erasure).where(erasure.c.token == who.token)).one()
        crash_point("forget.finished")
        return report.written(row.report, who.token, now)

    def _in_settings(self, who: Identity) -> Iterator[str]:
        """The roll in the settings is not ours to edit: from there the name would come back."""
        for name, community in self._communities.items():
            if any(member.person == who.person for member in community.roll):
                yield f"community {name} in the settings: take them out there, or they are asked again"

    def _note(self, conn: Connection, who: Identity, unreached: tuple[str, ...] = (), **more: int) -> None:
        """Into the report, in the transaction of what is reported."""
        mine = erasure.c.token == who.token
        stored = conn.execute(select(erasure.c.report).where(mine)).scalar_one()
        new = report.summed(stored, unreached, more)
        if new != stored:
            conn.execute(update(erasure).where(mine).values(report=new))

    @contextmanager
    def _writing(self) -> Iterator[Connection]:
        """SQLite leaves what is overwritten in free pages of its file, unless it is told not to."""
        with self._store.begin() as conn:
            if not self._store.is_sqlite:
                yield conn
                return
            before = conn.exec_driver_sql("PRAGMA secure_delete").scalar_one()
            conn.exec_driver_sql("PRAGMA secure_delete=ON")
            try:
                yield conn
            finally:
                conn.exec_driver_sql(f"PRAGMA secure_delete={int(before)}")
