"""The port every engine implements. Our tables hold the truth; an engine carries hints to look at them."""

from __future__ import annotations

from abc import ABC, abstractmethod
from datetime import datetime
from threading import Event
from typing import TYPE_CHECKING

from sqlalchemy import Connection

if TYPE_CHECKING:
    from socialbpm.engines.work import Work


class Engine(ABC):
    """Calls ``work.perform`` for what is due. It may forget or repeat a hint: sweep and claim mend both."""

    work: Work

    def attach(self, work: Work) -> None:
        """Called once by ``Work``: this is the work to carry."""
        self.work = work

    @abstractmethod
    def takes(self, at: datetime, now: datetime) -> bool:
        """Whether this engine will itself call ``perform`` for work due ``at``; else the sweep does."""

    @abstractmethod
    def wake(self, conn: Connection, work_id: str, at: datetime) -> None:
        """A hint, inside the transaction that schedules it: ``work_id`` is to be performed ``at``."""

    @abstractmethod
    def worker(self, stop: Event) -> None:
        """Perform what is due, and go on doing so until ``stop`` is set."""

    @abstractmethod
    def drain(self) -> int:
        """Perform in this thread, in order of time, all that is due now; returns how many pieces."""
