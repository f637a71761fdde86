"""Who writes at the same time waits, and never in a circle: one order of locks for everything.

SQLite has one writer at a time and proves only that nothing is lost. On PostgreSQL (see
``test_store_contract``) the server itself counts how often two transactions waited for each other.
"""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace
from datetime import timedelta
from itertools import count
from pathlib import Path

import pytest
from sqlalchemy import create_engine, select, text

from socialbpm.errors import Conflict, RequestClosed, SocialBpmError
from socialbpm.posts import Dedupe
from socialbpm.responses import Response
from socialbpm.store import locks, tables
from tests.contract.test_store_contract import POSTGRES, emptied
from tests.middle import Middle, declared, poll, status

SECONDS = 6.0
HOUR = timedelta(hours=1)
needs_postgres = pytest.mark.skipif(POSTGRES not in os.environ, reason=f"{POSTGRES} names no database")


class Crowd:
    """Threads that do the same thing over and over, each against the same few requests."""

    def __init__(self, middle: Middle) -> None:
        self.middle, self._until = middle, time.monotonic() + SECONDS
        self._threads: list[threading.Thread] = []
        self.failed: list[Exception] = []

    def over_and_over(self, act: Callable[[int], object]) -> None:
        """In two threads of its own, from now on."""
        for _ in range(2):
            self._threads.append(threading.Thread(target=self._go_on, args=(act,)))
            self._threads[-1].start()

    def join(self) -> None:
        for thread in self._threads:
            thread.join(60)
        assert not any(thread.is_alive() for thread in self._threads)

    def _go_on(self, act: Callable[[int], object]) -> None:
        for number in count():
            if time.monotonic() > self._until:
                return
            try:
                act(number)
            except (Conflict, RequestClosed):
                pass
            except Exception as error:
                self.failed.append(error)


def deadlocks(url: str) -> int:
    """How often this server has ended a transaction because two waited for each other."""
    time.sleep(1.5)  # it writes its figures down once a second
    engine = create_engine(url)
    with engine.begin() as conn:
        query = "SELECT deadlocks FROM pg_stat_database WHERE datname = current_database()"
        found = conn.execute(text(query)).scalar_one()
    engine.dispose()
    return int(found)


def hammer(middle: Middle) -> Crowd:
    """Answers, tallies, deliveries, revisions, ends of runs and news of accounts, all at once."""
    middle.communities["board"] = replace(middle.communities["room"], name="board")
    approvals: list[str] = []
    runs = [middle.run(f"run{number}") for number in range(3)]
    asked = [[middle.open(poll(), run=run, element=f"ask{n}") for n in range(3)] for run in runs]
    requests = [request for each in asked for request in each]
    fresh = count()

    def answer(number: int) -> object:
        batch = [
            Response(
                channel="wall",
                event_id=f"e{threading.get_ident()}-{number}-{n}",
                account=f"@{('ada', 'grace', 'linus')[n % 3]}",
                choices=(("north", "south")[number % 2],),
                request=requests[(number * 7 + n * (1 if number % 2 else -1)) % len(requests)],
            )
            for n in range(3)
        ]
        return middle.inbox.accept("wall", batch)

    def revise(number: int) -> object:
        return middle.requests.revise(requests[number % len(requests)], text=f"Which route? {number}")

    def end(number: int) -> None:
        with suppress(SocialBpmError), middle.store.begin() as conn:
            run = runs[number % len(runs)]
            locks.hold(conn, run)
            for row in reversed(middle.requests.of_run(conn, run)):
                middle.requests.cancel(conn, row.id, "enough")

    def begin(number: int) -> None:
        run, element = runs[number % len(runs)], f"more{next(fresh)}"
        with suppress(SocialBpmError):
            cared = poll(remind=HOUR, escalate="board", escalate_after=2 * HOUR)
            requests[number % len(requests)] = middle.open(cared, run=run, element=element)
            approvals.append(middle.open(status("held", approval=1), run=run, element=f"held{element}"))
            card = middle.open(status("card"), run=run, element=f"card{element}")
            assert card
            for n in range(2):
                middle.open(status(f"card {n}", edit=f"card{element}"), run=run, element=f"edit{n}{element}")

    def care(number: int) -> None:
        with middle.store.begin() as conn:
            for kind in ("remind", "escalate"):
                middle.work.schedule(conn, kind, requests[number % len(requests)], middle.clock.now())
        if approvals:
            middle.answer(approvals[number % len(approvals)], "grace", "approve")
        time.sleep(0.01)

    def account(number: int) -> None:
        time.sleep(0.02)
        middle.outbox.resume("wall")

    crowd = Crowd(middle)
    for act in (answer, revise, begin, care, account, lambda _: middle.drain()):
        crowd.over_and_over(act)
    crowd.over_and_over(lambda number: (time.sleep(0.05), end(number)))
    crowd.join()
    return crowd


def settled(middle: Middle, crowd: Crowd) -> None:
    """Nothing failed, nothing was given up, and what came in has a standing."""
    assert [repr(error)[:300] for error in crowd.failed] == []
    for _ in range(10):
        middle.clock.advance(middle.work._lease)
        middle.drain()
    assert middle.work.parked() == []
    with middle.store.read() as conn:
        unjudged = select(tables.event.c.seq).where(tables.event.c.seq.not_in(select(tables.response.c.seq)))
        assert conn.execute(unjudged).all() == []


@needs_postgres
def test_nobody_waits_in_a_circle() -> None:
    """Not one deadlock in some thousand transactions that all want the same few requests."""
    url = os.environ[POSTGRES]
    emptied(url)
    kinds = {"wall": declared(dedupe=Dedupe.KEY), "other": declared()}
    middle = Middle(url, channels=kinds)
    middle.store.migrate()
    before = deadlocks(url)
    crowd = hammer(middle)
    assert deadlocks(url) == before
    settled(middle, crowd)
    middle.store.close()


def test_nothing_is_lost_where_there_is_one_writer(tmp_path: Path) -> None:
    """The same crowd on SQLite."""
    middle = Middle(tmp_path / "social.db")
    settled(middle, hammer(middle))
