"""Group commit: who finds others waiting takes their writes along, because commits are what costs.

One alone commits at once. While one commits, those who come queue up, and the next of them commits for all.
"""

from __future__ import annotations

from collections.abc import Callable
from threading import Lock
from typing import Generic, TypeVar

from sqlalchemy import Connection

from socialbpm.store import Store

Item = TypeVar("Item")
Answer = TypeVar("Answer")


class _Ticket(Generic[Item, Answer]):
    """An item that waits to be written, and then its answer or error."""

    def __init__(self, item: Item) -> None:
        self.item = item
        self.answers: list[Answer] = []
        self.error: Exception | None = None
        self.done = False


class GroupCommit(Generic[Item, Answer]):
    """Calls ``write(conn, item)`` for each item, in order, several in one transaction when they queue."""

    def __init__(self, store: Store, write: Callable[[Connection, Item], Answer]) -> None:
        self._store, self._write = store, write
        self._queue: list[_Ticket[Item, Answer]] = []
        self._queue_lock, self._turn = Lock(), Lock()

    def __call__(self, item: Item) -> Answer:
        """Write ``item``; returns once it is committed. Raises what ``write`` raises for this very item.

        Where there are several writers at a time, the server groups their commits by itself.
        """
        if not self._store.is_sqlite:
            with self._store.begin() as conn:
                return self._write(conn, item)
        ticket: _Ticket[Item, Answer] = _Ticket(item)
        with self._queue_lock:
            self._queue.append(ticket)
        with self._turn:
            if not ticket.done:
                self._commit_all()
        if ticket.error is not None:
            raise ticket.error
        return ticket.answers[0]

    def _commit_all(self) -> None:
        with self._queue_lock:
            tickets, self._queue = self._queue, []
        try:
            self._commit(tickets)
        except Exception:  # one of them cannot be written: the others shall not suffer for it
            for ticket in tickets:
                self._commit_alone(ticket)
        finally:  # if this thread is interrupted, the others go on
            with self._queue_lock:
                self._queue = [ticket for ticket in tickets if not ticket.done] + self._queue

    def _commit(self, tickets: list[_Ticket[Item, Answer]]) -> None:
        with self._store.begin() as conn:
            answers = [self._write(conn, ticket.item) for ticket in tickets]
        for ticket, answer in zip(tickets, answers, strict=True):
            ticket.answers, ticket.done = [answer], True

    def _commit_alone(self, ticket: _Ticket[Item, Answer]) -> None:
        try:
            self._commit([ticket])
        except Exception as error:
            ticket.error, ticket.done = error, True
