"""Work: what is due when, and who is at it. Every step that restarts alone is a row here until it is done.

A row is claimed for the length of a lease; whoever claims it gets a token, and only the holder of the token
can finish it. So ``perform`` may be called any number of times, from any process, for the same work.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import groupby
from traceback import extract_tb
from typing import Any
from uuid import uuid4

from sqlalchemy import Connection

from socialbpm.clock import Clock
from socialbpm.engines import statements
from socialbpm.engines.base import Engine
from socialbpm.errors import Conflict, NotFound, SocialBpmError, StateError
from socialbpm.faults import crash_point
from socialbpm.store import Store, audit

logger = logging.getLogger(__name__)

LEASE = timedelta(seconds=60)
ATTEMPTS = 8
FIRST_PAUSE = timedelta(seconds=1)
LONGEST_PAUSE = timedelta(minutes=5)
TOGETHER = 32
"""How many pieces share a commit: enough that the commit costs little, few enough that nobody waits long."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Claim:
    """The right to do one piece of work: ``ref`` says on what, ``attempts`` counts this one too."""

    id: str
    kind: str
    ref: str
    attempts: int
    token: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Parked:
    """Work that was given up: ``kind`` is what was to be done, ``ref`` on what, ``error`` what went wrong."""

    id: str
    kind: str
    ref: str
    error: str


Performer = Callable[[Claim], None]
OwnPerformer = Callable[[str], bool]
Read = Callable[[str], Any]
Write = Callable[[Connection, str, Any], datetime | None]
Hold = Callable[[Connection, str], None]


@dataclass(frozen=True, slots=True)
class _Piece:
    """Work to be written: with the claim and what was read under it, or still to be claimed."""

    id: str
    claim: Claim | None = None
    read: Any = None


class Work:
    """The due work of one store. ``engine`` hears of each piece; ``lease`` must outlast any remote call."""

    def __init__(self, store: Store, clock: Clock, engine: Engine, lease: timedelta = LEASE) -> None:
        self._store, self._clock, self._engine, self._lease = store, clock, engine, lease
        self._performers: dict[str, OwnPerformer] = {}
        self._steps: dict[str, tuple[Read | None, Write]] = {}
        self._holds: dict[str, Hold] = {}
        engine.attach(self)

    def register(self, kind: str, performer: Performer) -> None:
        """``performer`` gets the committed claim to a work of ``kind`` and finishes it in its last commit."""
        self._performers[kind] = lambda work_id: self._claim_and_do(work_id, performer)

    def register_own(self, kind: str, performer: OwnPerformer) -> None:
        """As ``register``, for a performer that calls ``claimed`` itself, in a transaction that does more.

        It gets the work's id and says whether there was anything to do.
        """
        self._performers[kind] = performer

    def register_steps(
        self, kind: str, write: Write, read: Read | None = None, *, hold: Hold | None = None
    ) -> None:
        """For work that is one transaction: several pieces that are due together share a commit.

        ``read`` does, for a ref and under a claim that others can see, what must not hold up the database;
        ``write`` gets the ref and what was made of it, and says when to do it again. ``hold`` locks, before
        the claim is made in that transaction, what ``store.locks`` puts before it.
        """
        self._steps[kind] = (read, write)
        if hold is not None:
            self._holds[kind] = hold

    def schedule(self, conn: Connection, kind: str, ref: str, at: datetime) -> None:
        """Have ``kind`` done for ``ref`` at ``at`` or, if it is due earlier already, then.

        While somebody is at it, it is remembered and done once more afterwards.
        """
        work_id = f"{kind}:{ref}"
        insert = (
            statements.SCHEDULE_SQLITE if conn.dialect.name == "sqlite" else statements.SCHEDULE_POSTGRESQL
        )
        insert.change(conn, id=work_id, kind=kind, ref=ref, next=at)
        self._engine.wake(conn, work_id, at)

    def perform(self, work_id: str) -> bool:
        """Do this work if it is due and nobody is at it; says whether it did. A failure is only noted."""
        kind = work_id.partition(":")[0]
        if kind in self._steps:
            return bool(self._together(kind, [work_id]))
        try:
            if kind not in self._performers:
                raise StateError(f"nobody here does work of kind '{kind}'")
            return self._performers[kind](work_id)
        except Exception as error:
            return self._note(work_id, error)

    def perform_all(self, work_ids: Sequence[str]) -> int:
        """As ``perform`` for each, in this order; neighbours that are one transaction each share one."""
        done = 0
        for kind, ids in groupby(work_ids, lambda work_id: work_id.partition(":")[0]):
            pieces = list(ids)
            done += self._together(kind, pieces) if kind in self._steps else sum(map(self.perform, pieces))
        return done

    def claimed(self, conn: Connection, work_id: str) -> Claim | None:
        """Claim within the caller's transaction: None if it is not due, or somebody else is at it."""
        now = self._clock.now()
        token = uuid4().hex
        found = statements.CLAIM.rows(
            conn, work_id=work_id, now=now, until=now + self._lease, by=token
        ).first()
        if found is None:
            return None
        return Claim(id=work_id, kind=found.kind, ref=found.ref, attempts=found.attempts, token=token)

    def finish(self, conn: Connection, claim: Claim, again_at: datetime | None = None) -> None:
        """End a claim in the transaction that did the work. Raises Conflict if the lease has been lost.

        The work is gone, unless it was asked for again meanwhile or is to be done again at ``again_at``.
        """
        mine = {"work_id": claim.id, "by": claim.token}
        if again_at is None and statements.DONE.change(conn, **mine):
            return
        found = statements.AGAIN.rows(conn, **mine, at=again_at).first()
        if found is None:
            raise Conflict(f"the lease of {claim.id} has ended and somebody else has it")
        self._engine.wake(conn, claim.id, found.next)

    def fail(self, claim: Claim, error: Exception) -> None:
        """Give a claim back after a failure: tried again later, parked for a person after the eighth time."""
        with self._store.begin() as conn:
            self._failed(conn, claim, error)

    def parked(self, limit: int = 1000) -> list[Parked]:
        """The work that was given up and waits for a person."""
        with self._store.read() as conn:
            rows = conn.execute(statements.GIVEN_UP, {"most": limit}).all()
        return [Parked(**row._mapping) for row in rows]

    def revive(self, work_id: str) -> None:
        """A person has mended the cause: a new beginning, with all attempts. Raises NotFound, StateError."""
        with self._store.begin() as conn:
            row = statements.ONE.rows(conn, work_id=work_id).first()
            if row is None:
                raise NotFound(f"there is no work '{work_id}'")
            if row.next is not None:
                raise StateError(f"work '{work_id}' is not parked; it will be done by itself")
            self.schedule(conn, row.kind, row.ref, self._clock.now())
            audit.record(conn, self._clock.now(), "work.revived", work=work_id)

    def sweep(self, limit: int = 100) -> int:
        """Hand what is due and unattended to the engine, or do it here if that does not take it; how many."""
        now = self._clock.now()
        ids = self.due(limit)
        for work_id in ids:
            if self._engine.takes(now, now):
                with self._store.begin() as conn:
                    self._engine.wake(conn, work_id, now)
            else:
                self.perform(work_id)
        return len(ids)

    def due(self, limit: int = 100) -> list[str]:
        """Ids of work that may be done now, the earliest first."""
        with self._store.read() as conn:
            return list(statements.DUE.rows(conn, now=self._clock.now(), most=limit).scalars())

    def next_due(self) -> datetime | None:
        """When the earliest work is due, or its lease ends; None: there is none but what is parked."""
        with self._store.read() as conn:
            earliest: datetime | None = statements.NEXT.rows(conn).scalar()
        return earliest

    def leased_until(self) -> datetime | None:
        """When the first lease that somebody holds now will end; None: nobody is at any work."""
        with self._store.read() as conn:
            first: datetime | None = statements.LEASED.rows(conn).scalar()
        return first

    def _together(self, kind: str, work_ids: Sequence[str]) -> int:
        """Some pieces of one kind, in as few commits as their number and their failures allow.

        Where there are several writers at a time, each in its own: a transaction holds one run.
        """
        size = TOGETHER if self._store.is_sqlite else 1
        steps = range(0, len(work_ids), size)
        return sum(self._chunk(kind, work_ids[start : start + size]) for start in steps)

    def _chunk(self, kind: str, work_ids: Sequence[str]) -> int:
        read, write = self._steps[kind]
        if read is None:
            return self._written(kind, write, [_Piece(work_id) for work_id in work_ids])
        pieces, done, late = [], 0, self._clock.now() + self._lease / 2
        for number, claim in enumerate(self._claim_all(work_ids)):
            if number and self._clock.now() > late:  # what is read must be written before the lease ends
                self._give_back(claim)
                continue
            try:
                pieces.append(_Piece(claim.id, claim, read(claim.ref)))
            except Exception as error:
                self.fail(claim, error)
                done += 1
        return done + self._written(kind, write, pieces)

    def _give_back(self, claim: Claim) -> None:
        with self._store.begin() as conn:
            self.finish(conn, claim, self._clock.now())

    def _claim_all(self, work_ids: Sequence[str]) -> list[Claim]:
        with self._store.begin() as conn:
            return list(self._claimed_all(conn, work_ids).values())

    def _claimed_all(self, conn: Connection, work_ids: Sequence[str]) -> dict[str, Claim]:
        """Claim several within the caller's transaction, in one statement; those that were free, in order."""
        if len(work_ids) == 1:
            claim = self.claimed(conn, work_ids[0])
            return {claim.id: claim} if claim else {}
        now, token = self._clock.now(), uuid4().hex
        until = {"until": now + self._lease, "by": token}
        rows = conn.execute(statements.CLAIM_ALL, {"work_ids": work_ids, "now": now, **until}).all()
        found = {row.id: Claim(**row._mapping, token=token) for row in rows}
        return {work_id: found[work_id] for work_id in work_ids if work_id in found}

    def _written(self, kind: str, write: Write, pieces: Sequence[_Piece]) -> int:
        """All in one commit. If one of them cannot be written, the others shall not suffer for it."""
        if not pieces:
            return 0
        try:
            with self._store.begin() as conn:
                done = self._write(conn, kind, write, pieces)
        except Exception as error:
            if len(pieces) == 1:
                return self._failed_piece(pieces[0], error)
            return sum(self._written(kind, write, [piece]) for piece in pieces)
        for _ in pieces:
            crash_point(f"{kind}.after-commit")
        return done

    def _write(self, conn: Connection, kind: str, write: Write, pieces: Sequence[_Piece]) -> int:
        """Claim those that are not claimed yet, write, and end all claims."""
        free = [piece.id for piece in pieces if piece.claim is None]
        if kind in self._holds:
            for work_id in free:
                self._holds[kind](conn, work_id.partition(":")[2])
        claims = self._claimed_all(conn, free) if free else {}
        ends = []
        for piece in pieces:
            if claim := piece.claim or claims.get(piece.id):
                ends.append((claim, write(conn, claim.ref, piece.read)))
                crash_point(f"{kind}.before-commit")
        self._finish_all(conn, ends)
        return len(ends)

    def _finish_all(self, conn: Connection, ends: Sequence[tuple[Claim, datetime | None]]) -> None:
        """As ``finish`` for each; in one statement where several are simply gone, which is the rule."""
        gone = [{"work_id": claim.id, "by": claim.token} for claim, again_at in ends if again_at is None]
        if len(gone) > 1 and statements.DONE.change_all(conn, gone) != len(gone):
            raise Conflict("one of several has been asked for again, or its lease is lost: each by itself")
        for claim, again_at in ends:
            if again_at is not None or len(gone) == 1:
                self.finish(conn, claim, again_at)

    def _failed_piece(self, piece: _Piece, error: Exception) -> bool:
        if piece.claim is None:
            return self._note(piece.id, error)
        self.fail(piece.claim, error)
        return True

    def _claim_and_do(self, work_id: str, performer: Performer) -> bool:
        with self._store.begin() as conn:
            claim = self.claimed(conn, work_id)
        if claim is None:
            return False
        try:
            performer(claim)
        except Exception as error:
            self.fail(claim, error)
        return True

    def _note(self, work_id: str, error: Exception) -> bool:
        """Count a failure outside any claim. A claim that is still held runs out by its lease."""
        with self._store.begin() as conn:
            claim = self.claimed(conn, work_id)
            if claim is not None:
                self._failed(conn, claim, error)
            else:
                logger.warning("%s failed: %s", work_id, _reason(error))
        return claim is not None

    def _failed(self, conn: Connection, claim: Claim, error: Exception) -> None:
        reason = _reason(error)
        logger.warning("%s failed (attempt %s of %s): %s", claim.id, claim.attempts, ATTEMPTS, reason)
        parked = claim.attempts >= ATTEMPTS
        values = {"work_id": claim.id, "by": claim.token, "why": reason}
        if not parked:
            at = self._clock.now() + _pause(claim.attempts, error)
            statements.FAILED.change(conn, **values, at=at)
        elif (left := statements.PARKED.rows(conn, **values).first()) is not None and left.next is None:
            audit.record(conn, self._clock.now(), "work.parked", work=claim.id, error=reason)


def _pause(attempts: int, error: Exception) -> timedelta:
    """Ever longer; none for who was overtaken by another worker, because reading again is the remedy."""
    if isinstance(error, Conflict):
        return timedelta(0)
    return min(FIRST_PAUSE * 2.0 ** (attempts - 1), LONGEST_PAUSE)


def _reason(error: Exception) -> str:
    """What is stored and logged: our own errors' words; of others, which may hold secrets, only the place."""
    name = type(error).__name__
    if isinstance(error, SocialBpmError):
        return f"{name}: {error}"
    frames = extract_tb(error.__traceback__)
    return f"{name} at {frames[-1].name}:{frames[-1].lineno}" if frames else name
