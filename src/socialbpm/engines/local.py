"""The local engine: the work table is the queue, and a small pool of threads in this process drains it."""

from __future__ import annotations

import logging
from concurrent.futures import Future, ThreadPoolExecutor
from datetime import datetime
from threading import Event, Lock

from sqlalchemy import Connection
from sqlalchemy.exc import SQLAlchemyError

from socialbpm.engines.base import Engine
from socialbpm.store import after_commit

logger = logging.getLogger(__name__)

POLL = 0.5
"""Seconds between two looks at the table, for work that another process has scheduled."""


class LocalEngine(Engine):
    """Needs nothing but the store. No thread starts before ``worker``; several processes may work."""

    def __init__(self, threads: int = 4, poll: float = POLL) -> None:
        self._threads, self._poll = threads, poll
        self._news = Event()

    def takes(self, at: datetime, now: datetime) -> bool:
        """Never: whoever calls ``sweep`` or ``worker`` does the work."""
        return False

    def wake(self, conn: Connection, work_id: str, at: datetime) -> None:
        """Have a worker of this process look at the table as soon as the row can be seen."""
        after_commit(conn, self._news.set)

    def drain(self) -> int:
        """Perform in this thread, in order of time, all that is due now; returns how many pieces."""
        total = 0
        while done := self.work.perform_all(self.work.due()):
            total += done
        return total

    def worker(self, stop: Event) -> None:
        """Perform what is due in a pool of threads, until ``stop`` is set; what has begun is finished."""
        with ThreadPoolExecutor(self._threads, thread_name_prefix="socialbpm-work") as pool:
            at_it = _AtIt(self._news)
            while not stop.is_set():
                self._news.clear()
                self._start_due(pool, at_it)
                self._news.wait(self._poll)

    def _start_due(self, pool: ThreadPoolExecutor, at_it: _AtIt) -> None:
        try:
            due = self.work.due(2 * self._threads)
        except SQLAlchemyError as error:  # e.g. the database was locked for too long: look again
            logger.warning("cannot see what is due: %s", type(error).__name__)
            return
        for work_id in at_it.others(due):
            at_it.add(work_id, pool.submit(self.work.perform, work_id))


class _AtIt:
    """The work that this process is at, so that no piece is offered to two of its threads."""

    def __init__(self, news: Event) -> None:
        self._news, self._lock = news, Lock()
        self._ids: set[str] = set()

    def others(self, ids: list[str]) -> list[str]:
        with self._lock:
            return [work_id for work_id in ids if work_id not in self._ids]

    def add(self, work_id: str, doing: Future[bool]) -> None:
        with self._lock:
            self._ids.add(work_id)
        doing.add_done_callback(lambda done: self._done(work_id, done.exception()))

    def _done(self, work_id: str, error: BaseException | None) -> None:
        if error is not None:  # not even noted, as when the database is away: its lease will end
            logger.error("%s ended with %s", work_id, type(error).__name__)
        with self._lock:
            self._ids.discard(work_id)
        self._news.set()
