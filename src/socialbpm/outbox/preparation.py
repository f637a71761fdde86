"""Preparation: a post's pictures are fetched, fitted and frozen once, before the post is first sent."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import asdict
from typing import Any, Protocol

from sqlalchemy import Connection, Row, Select, bindparam, select, update

from socialbpm.channels.base import Channel
from socialbpm.clock import Clock
from socialbpm.engines.work import Claim, Work
from socialbpm.errors import TaskFailed, TemporaryFailure
from socialbpm.faults import crash_point
from socialbpm.outbox import deliveries
from socialbpm.outbox.deliveries import CHART, Purpose, State
from socialbpm.outbox.patience import out_of_patience, pause, rest_of
from socialbpm.posts import Media, MediaLimits
from socialbpm.store import Store, audit, locks
from socialbpm.store.tables import delivery, process, request, run
from socialbpm.tasks import MediaSource

Files = Callable[[str], bytes | None]


class MediaRoom(Protocol):
    """What is needed of ``socialbpm.media``."""

    def take(self, src: str, files: Files) -> str:
        """Fetch once and keep; a reference. Raises TaskFailed, or TemporaryFailure to be tried again."""
        ...

    def fit(self, ref: str, alt: str, limits: MediaLimits) -> Media:
        """The variant for these limits. Raises TaskFailed."""
        ...


class Closing(Protocol):
    """What is needed of ``socialbpm.outcomes``."""

    def close(self, conn: Connection, request_id: str, *, error: str = "", reason: str = "") -> bool:
        """End a request with a BPMN error."""
        ...

    def drawn(self, conn: Connection, request_id: str) -> bytes | None:
        """The picture of how it ended; None if it cannot be drawn."""
        ...


class Preparation:
    """Performs the work "prepare": all media of one request, fetched outside any transaction."""

    def __init__(
        self,
        store: Store,
        clock: Clock,
        work: Work,
        channels: Mapping[str, Channel],
        media: MediaRoom,
        outcomes: Closing,
    ) -> None:
        self._store, self._clock, self._work = store, clock, work
        self._channels, self._media, self._outcomes = channels, media, outcomes
        work.register("prepare", self.perform)

    def perform(self, claim: Claim) -> None:
        """Prepare what waits for it; media that can never be posted fail the request."""
        with self._store.read() as conn:
            rows = conn.execute(_WAITING, {"of_request": claim.ref}).all()
            files, sources = _files(conn, claim.ref), list(_sources(rows))
            chart = self._outcomes.drawn(conn, claim.ref) if CHART in sources else None
        given = {CHART: chart}
        try:
            taken = {
                src: self._media.take(src, lambda name: given.get(name) or files(name))
                for src in sources
                if src != CHART or chart
            }
            ready = {row.id: self._fitted(row, taken) for row in rows}
        except TaskFailed as failure:
            self._fail(claim, rows, failure)
            return
        except TemporaryFailure as error:
            self._later(claim, rows, error)
            return
        crash_point("prepare.fetched")
        with self._store.begin() as conn:
            locks.hold_run_of(conn, request_id=claim.ref)
            for row in _unchanged(conn, claim, rows):
                self._freeze(conn, row, ready[row.id])
            self._work.finish(conn, claim)
            crash_point("prepare.before-commit")
        crash_point("prepare.after-commit")

    def frozen(self, request_id: str, pictures: Sequence[MediaSource]) -> tuple[MediaSource, ...]:
        """The same pictures by references to their bytes, once those are here and fit every channel asked.

        For who must know now; outside any transaction. Raises TaskFailed, or TemporaryFailure if it is worth
        another try.
        """
        with self._store.read() as conn:
            files = _files(conn, request_id)
            asked = conn.execute(_CHANNELS, {"of_request": request_id}).scalars().all()
        taken = tuple(MediaSource(src=self._media.take(each.src, files), alt=each.alt) for each in pictures)
        for channel in asked:
            for each in taken:
                self._media.fit(each.src, each.alt, self._limits(channel))
        return taken

    def _limits(self, channel: str) -> MediaLimits:
        known = self._channels.get(channel)
        return known.capabilities.media if known else MediaLimits()

    def _fitted(self, row: Row[Any], taken: Mapping[str, str]) -> tuple[Media, ...]:
        """Its pictures; what tells of an end tells it also without them."""
        limits = self._limits(row.channel)
        wanted = [each for each in deliveries.sources(row) if each.src in taken]
        try:
            return tuple(self._media.fit(taken[each.src], each.alt, limits) for each in wanted)
        except TaskFailed:
            if row.purpose != Purpose.CLOSE:
                raise
            return ()

    def _freeze(self, conn: Connection, row: Row[Any], media: tuple[Media, ...]) -> None:
        """The post as it will be sent; what has been frozen before comes first."""
        body = {name: value for name, value in row.post.items() if name != "sources"}
        body["media"] = [*body["media"], *(asdict(item) for item in media)]
        state = State.HELD if deliveries.is_held(row) else State.DUE
        frozen = {"post": body, "state": state, "attempts": 0, "error": ""}
        conn.execute(update(delivery).where(delivery.c.id == row.id).values(frozen))
        if state == State.DUE:
            self._work.schedule(conn, "deliver", row.id, row.due)

    def _later(self, claim: Claim, fetched: Sequence[Row[Any]], error: TemporaryFailure) -> None:
        """Out of reach for now. After the patience that a delivery has, it is out of reach for good."""
        now = self._clock.now()
        if any(out_of_patience(row, now) for row in fetched):
            self._fail(claim, fetched, TaskFailed("social.delivery_failed", f"media: {error}"))
            return
        with self._store.begin() as conn:
            locks.hold_run_of(conn, request_id=claim.ref)
            tried = update(delivery).where(delivery.c.id.in_([row.id for row in fetched]))
            conn.execute(tried.values(attempts=delivery.c.attempts + 1, error=f"media: {error}"))
            wait = max(rest_of(error), pause(min(row.attempts for row in fetched)))
            self._work.finish(conn, claim, now + wait)

    def _fail(self, claim: Claim, fetched: Sequence[Row[Any]], failure: TaskFailed) -> None:
        """What cannot be posted fails its request; a revision that cannot be posted is given up."""
        with self._store.begin() as conn:
            locks.hold_run_of(conn, request_id=claim.ref)
            rows = _unchanged(conn, claim, fetched)
            where = delivery.c.id.in_([row.id for row in rows])
            conn.execute(update(delivery).where(where).values(state=State.REJECTED, error=failure.what))
            for row in rows:
                facts = {"delivery": row.id, "channel": row.channel, "reason": failure.what}
                audit.record(conn, self._clock.now(), "post.rejected", row.run, row.request, **facts)
                deliveries.wake_followers(conn, self._work, row.creates or row.id, self._clock.now())
            if any(row.purpose == Purpose.OPEN for row in rows):
                self._outcomes.close(conn, claim.ref, error=failure.code, reason=failure.what)
            self._work.finish(conn, claim)


def _unchanged(conn: Connection, claim: Claim, fetched: Sequence[Row[Any]]) -> list[Row[Any]]:
    """Those that still wait for what was fetched for them; what was changed meanwhile is prepared anew."""
    wanted = {row.id: row.post for row in fetched}
    waiting = conn.execute(_WAITING.with_for_update(of=delivery), {"of_request": claim.ref}).all()
    return [row for row in waiting if wanted.get(row.id) == row.post]


def _sources(rows: Sequence[Row[Any]]) -> Iterable[str]:
    """Each source once, in order: what several destinations show is fetched once."""
    return dict.fromkeys(source.src for row in rows for source in deliveries.sources(row))


def _files(conn: Connection, request_id: str) -> Files:
    """The files of the package that the request's process was deployed with."""
    packed = conn.scalar(_SOURCES, {"of_request": request_id})

    def find(name: str) -> bytes | None:
        if packed is None:
            return None
        with zipfile.ZipFile(io.BytesIO(packed)) as package:
            return package.read(name) if name in package.namelist() else None

    return find


_WAITING: Select[Any] = (
    select(delivery, request.c.run)
    .join(request, request.c.id == delivery.c.request)
    .where(delivery.c.request == bindparam("of_request"), delivery.c.state == State.PREPARING)
)
_CHANNELS = select(delivery.c.channel).distinct().where(delivery.c.request == bindparam("of_request"))
_SOURCES = (
    select(process.c.sources)
    .join_from(request, run, run.c.id == request.c.run)
    .join(process, process.c.id == run.c.process)
    .where(request.c.id == bindparam("of_request"))
)
