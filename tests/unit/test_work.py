"""Work: claimed by one, fenced by a token, never lost, parked when it poisons."""

from __future__ import annotations

import multiprocessing
import threading
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Connection, select
from sqlalchemy.exc import TimeoutError

from socialbpm.clock import SystemClock
from socialbpm.engines.local import LocalEngine
from socialbpm.engines.work import ATTEMPTS, Claim, Work
from socialbpm.errors import Conflict, NotFound, Rejected, StateError
from socialbpm.store import Store, audit, tables
from socialbpm.testing.clock import FakeClock

MINUTE = timedelta(minutes=1)


class Desk:
    """A Work whose performer notes what it did and fails as often as told."""

    def __init__(self, path: Path, clock: Any = None) -> None:
        self.clock = clock or FakeClock()
        self.store = Store(f"sqlite:///{path}")
        self.engine = LocalEngine(poll=0.05)
        self.work = Work(self.store, self.clock, self.engine)
        self.work.register("note", self.perform)
        self.done: list[str] = []
        self.faults: list[Exception] = []
        self.again_at: list[Any] = []

    def perform(self, claim: Claim) -> None:
        if self.faults:
            raise self.faults.pop(0)
        with self.store.begin() as conn:
            self.done.append(claim.ref)
            self.work.finish(conn, claim, self.again_at.pop(0) if self.again_at else None)

    def schedule(self, ref: str = "a", after: timedelta = timedelta(0), kind: str = "note") -> None:
        with self.store.begin() as conn:
            self.work.schedule(conn, kind, ref, self.clock.now() + after)

    def claim(self, work_id: str = "note:a") -> Claim | None:
        with self.store.begin() as conn:
            return self.work.claimed(conn, work_id)

    def finish(self, claim: Claim, again_at: Any = None) -> None:
        with self.store.begin() as conn:
            self.work.finish(conn, claim, again_at)

    def record_and_finish(self, claim: Claim) -> None:
        with self.store.begin() as conn:
            audit.record(conn, self.clock.now(), "x")
            self.work.finish(conn, claim)

    def row(self, work_id: str = "note:a") -> Any:
        with self.store.read() as conn:
            return conn.execute(select(tables.work).where(tables.work.c.id == work_id)).first()


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    return Desk(tmp_path / "social.db")


def test_due_work_is_done_once_and_gone(desk: Desk) -> None:
    """A finished piece leaves no row behind."""
    desk.schedule()
    assert desk.engine.drain() == 1
    assert desk.done == ["a"]
    assert desk.row() is None
    assert desk.engine.drain() == 0


def test_never_early(desk: Desk) -> None:
    """Work due later waits, though it be asked for by name."""
    desk.schedule(after=MINUTE)
    assert desk.engine.drain() == 0
    assert not desk.work.perform("note:a")
    assert desk.work.next_due() == desk.clock.now() + MINUTE
    desk.clock.advance(MINUTE)
    assert desk.engine.drain() == 1


def test_the_earlier_time_wins(desk: Desk) -> None:
    """Asked for twice, it is due once, at the earlier time."""
    desk.schedule(after=MINUTE)
    desk.schedule(after=timedelta(seconds=10))
    desk.schedule(after=2 * MINUTE)
    assert desk.work.next_due() == desk.clock.now() + timedelta(seconds=10)
    desk.clock.advance(MINUTE)
    assert desk.engine.drain() == 1
    assert desk.row() is None


def test_in_order_of_time(desk: Desk) -> None:
    """Drained work is done in the order in which it was due."""
    desk.schedule("late", after=timedelta(seconds=2))
    desk.schedule("early", after=timedelta(seconds=1))
    desk.clock.advance(MINUTE)
    desk.engine.drain()
    assert desk.done == ["early", "late"]


def test_a_claim_is_for_one(desk: Desk) -> None:
    """While somebody holds a claim, nobody else gets one."""
    desk.schedule()
    assert desk.claim() is not None
    assert desk.claim() is None
    assert desk.work.due() == []


def test_a_lost_lease_is_taken_over_and_fenced(desk: Desk) -> None:
    """After the lease another may claim; the first can then finish nothing, and its transaction is undone."""
    desk.schedule()
    first = desk.claim()
    desk.clock.advance(timedelta(seconds=60))
    second = desk.claim()
    assert first is not None
    assert second is not None
    assert second.attempts == 2
    with pytest.raises(Conflict):
        desk.record_and_finish(first)
    with desk.store.read() as conn:
        assert audit.since(conn, 0) == []
    desk.finish(second)
    assert desk.row() is None


def test_what_is_asked_for_meanwhile_is_done_again(desk: Desk) -> None:
    """News that arrives while somebody is at it is not lost: the work is due again afterwards."""
    desk.schedule()
    claim = desk.claim()
    desk.schedule()
    assert desk.claim() is None
    assert claim is not None
    desk.finish(claim)
    assert desk.engine.drain() == 1
    assert desk.row() is None


def test_news_survives_a_crash_and_a_failure(desk: Desk) -> None:
    """What was asked for meanwhile outlives the holder's crash and its failure."""
    desk.schedule()
    desk.claim()
    desk.schedule()
    desk.clock.advance(MINUTE)
    desk.faults = [KeyError()]
    desk.engine.drain()
    desk.clock.advance(MINUTE)
    assert desk.engine.drain() == 2


def test_done_again_at_a_time(desk: Desk) -> None:
    """A performer may ask for another look; earlier news comes first."""
    later = desk.clock.now() + MINUTE
    desk.again_at = [later]
    desk.schedule()
    assert desk.engine.drain() == 1
    assert desk.work.next_due() == later
    claim_time = desk.clock.advance(MINUTE)
    claim = desk.claim()
    desk.schedule()
    assert claim is not None
    desk.finish(claim, claim_time + MINUTE)
    assert desk.work.next_due() == claim_time


def test_a_failure_is_tried_again_later_each_time_later(desk: Desk) -> None:
    """1, 2, 4 … seconds; never at once."""
    desk.schedule()
    desk.faults = [KeyError() for _ in range(3)]
    waits = []
    for _ in range(3):
        desk.engine.drain()
        due = desk.work.next_due()
        assert due is not None
        waits.append((due - desk.clock.now()).total_seconds())
        desk.clock.set(due)
    assert waits == [1, 2, 4]
    desk.engine.drain()
    assert desk.done == ["a"]


def test_the_overtaken_tries_again_at_once(desk: Desk) -> None:
    """Who lost a race reads again: Conflict costs no pause."""
    desk.faults = [Conflict("somebody was first")]
    desk.schedule()
    assert desk.engine.drain() == 2
    assert desk.done == ["a"]


def test_poison_is_parked_for_a_person(desk: Desk) -> None:
    """After eight failures nobody tries again, the audit says so, and new news gives it a new chance."""
    desk.schedule()
    desk.faults = [KeyError() for _ in range(ATTEMPTS)]
    for _ in range(ATTEMPTS):
        desk.engine.drain()
        desk.clock.advance(timedelta(minutes=10))
    assert desk.faults == []
    assert desk.work.next_due() is None
    assert desk.engine.drain() == 0
    with desk.store.read() as conn:
        (entry,) = audit.since(conn, 0)
    assert (entry.kind, entry.facts["work"]) == ("work.parked", "note:a")
    desk.schedule()
    assert desk.engine.drain() == 1
    assert desk.done == ["a"]


def test_news_during_the_last_failure_is_a_new_beginning(desk: Desk) -> None:
    """What was asked for while the eighth attempt failed is not parked with it."""
    desk.schedule()
    for _ in range(ATTEMPTS - 1):
        desk.faults = [KeyError()]
        desk.engine.drain()
        desk.clock.advance(timedelta(minutes=10))
    claim = desk.claim()
    desk.schedule()
    assert claim is not None
    desk.work.fail(claim, KeyError())
    assert (desk.row().attempts, desk.row().next) == (0, desk.clock.now())
    assert desk.engine.drain() == 1
    with desk.store.read() as conn:
        assert audit.since(conn, 0) == []


def test_parked_work_is_listed_and_revived(desk: Desk) -> None:
    """A person sees why it was given up, mends that, and it is tried again, with all its attempts."""
    desk.schedule()
    assert desk.work.parked() == []
    for _ in range(ATTEMPTS):
        desk.faults = [StateError("the disk is full")]
        desk.engine.drain()
        desk.clock.advance(timedelta(minutes=10))
    (parked,) = desk.work.parked()
    assert parked.error == "StateError: the disk is full"
    assert desk.engine.drain() == 0
    desk.work.revive(parked.id)
    desk.faults = [StateError("again")]
    assert desk.engine.drain() == 1
    assert (desk.work.parked(), desk.row().attempts) == ([], 1)
    with pytest.raises(StateError, match="not parked"):
        desk.work.revive(parked.id)
    with pytest.raises(NotFound):
        desk.work.revive("resume:nothing")
    with desk.store.read() as conn:
        assert [row.kind for row in audit.since(conn, 0)] == ["work.parked", "work.revived"]


def test_an_unknown_kind_is_poison_not_a_spinning_loop(desk: Desk) -> None:
    """Work that nobody here can do is put off, and the drain ends."""
    desk.schedule(kind="riddle")
    assert desk.engine.drain() == 1
    row = desk.row("riddle:a")
    assert row.next > desk.clock.now()
    assert "nobody here does work of kind 'riddle'" in row.error


def test_stored_errors_hold_no_foreign_words(desk: Desk) -> None:
    """Our own errors are told in full; of others, which may quote a token, only class and place."""
    desk.schedule()
    desk.faults = [ValueError("Bearer hunter2"), Rejected("too long")]
    desk.engine.drain()
    assert "hunter2" not in desk.row().error
    assert desk.row().error.startswith("ValueError at perform:")
    desk.clock.advance(MINUTE)
    desk.engine.drain()
    assert desk.row().error == "Rejected: too long"


def test_an_own_performer_claims_by_itself(desk: Desk) -> None:
    """Claim, deed and finish in one transaction; a failure rolls all back and counts as one attempt."""
    faults = [KeyError()]

    def perform(work_id: str) -> bool:
        with desk.store.begin() as conn:
            claim = desk.work.claimed(conn, work_id)
            if claim is None:
                return False
            audit.record(conn, desk.clock.now(), "deed", attempts=claim.attempts)
            if faults:
                raise faults.pop()
            desk.work.finish(conn, claim)
        return True

    desk.work.register_own("deed", perform)
    desk.schedule(kind="deed")
    desk.engine.drain()
    assert (desk.row("deed:a").attempts, desk.row("deed:a").token) == (1, None)
    desk.clock.advance(MINUTE)
    desk.engine.drain()
    with desk.store.read() as conn:
        assert [row.facts for row in audit.since(conn, 0)] == [{"attempts": 2}]


def test_scheduling_is_undone_with_its_transaction(desk: Desk) -> None:
    """A rolled back block has asked for nothing."""

    def fail() -> None:
        with desk.store.begin() as conn:
            desk.work.schedule(conn, "note", "a", desk.clock.now())
            raise KeyError

    with pytest.raises(KeyError):
        fail()
    assert desk.engine.drain() == 0


def test_sweep_does_what_no_engine_takes(desk: Desk) -> None:
    """The local engine takes nothing: a sweep performs what is due, at most so much."""
    for ref in "abc":
        desk.schedule(ref)
    assert desk.work.sweep(limit=2) == 2
    assert desk.work.sweep() == 1
    assert desk.work.sweep() == 0


def test_leased_until_tells_when_the_crashed_are_relieved(desk: Desk) -> None:
    """None while nobody is at any work, else the end of the first lease."""
    assert desk.work.leased_until() is None
    desk.schedule()
    assert desk.work.leased_until() is None
    desk.claim()
    assert desk.work.leased_until() == desk.clock.now() + timedelta(seconds=60)


def test_nothing_runs_until_a_worker_is_started(desk: Desk) -> None:
    """Constructing everything and scheduling work starts no thread."""
    before = threading.active_count()
    desk.schedule()
    time.sleep(0.1)
    assert threading.active_count() == before
    assert desk.done == []


def _until(condition: Any, seconds: float = 10) -> bool:
    end = time.monotonic() + seconds
    while not condition() and time.monotonic() < end:
        time.sleep(0.005)
    return bool(condition())


def test_a_worker_is_woken_by_news_of_its_process(tmp_path: Path) -> None:
    """Scheduled work starts long before the next poll; a stop ends the worker and leaves no thread."""
    desk = Desk(tmp_path / "social.db", SystemClock())
    desk.engine = LocalEngine(poll=30)
    desk.work = Work(desk.store, desk.clock, desk.engine)
    desk.work.register("note", desk.perform)
    stop, before = threading.Event(), threading.active_count()
    worker = threading.Thread(target=desk.engine.worker, args=(stop,))
    worker.start()
    for index in range(20):
        desk.schedule(str(index))
    assert _until(lambda: len(desk.done) == 20)
    stop.set()
    desk.schedule("after")
    worker.join(10)
    assert not worker.is_alive()
    assert threading.active_count() == before
    assert max(Counter(desk.done).values()) == 1


class Busy(Store):
    """Has no connection left the next time somebody only reads."""

    busy = False

    @contextmanager
    def read(self) -> Iterator[Connection]:
        if self.busy:
            self.busy = False
            raise TimeoutError("QueuePool limit reached")
        with super().read() as conn:
            yield conn


def test_a_worker_outlives_a_store_that_is_busy(tmp_path: Path) -> None:
    """It could not look once; it looks again."""
    desk = Desk(tmp_path / "social.db", SystemClock())
    store = Busy(f"sqlite:///{tmp_path / 'social.db'}")
    store.busy = True
    engine = LocalEngine(poll=0.01)
    Work(store, desk.clock, engine).register("note", desk.perform)
    stop = threading.Event()
    worker = threading.Thread(target=engine.worker, args=(stop,))
    desk.schedule()
    worker.start()
    assert _until(lambda: desk.done == ["a"], 3)
    stop.set()
    worker.join(10)
    assert not store.busy


def test_what_a_worker_cannot_note_is_logged(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    """A thread of the pool that ends in the middle of a piece says which, and no foreign words."""
    desk = Desk(tmp_path / "social.db", SystemClock())
    desk.work.register("note", _end_abruptly)
    desk.schedule()
    stop = threading.Event()
    worker = threading.Thread(target=desk.engine.worker, args=(stop,))
    worker.start()
    assert _until(lambda: bool(caplog.messages), 3)
    stop.set()
    worker.join(10)
    assert caplog.messages == ["note:a ended with Ended"]


class Ended(BaseException):
    """Not an error that anybody notes."""


def _end_abruptly(claim: Claim) -> None:
    raise Ended("Bearer hunter2")


def _work_in_process(path: Path, seconds: float) -> None:
    desk = Desk(path, SystemClock())
    desk.work.register("note", lambda claim: _noted(desk, claim))
    stop = threading.Event()
    threading.Timer(seconds, stop.set).start()
    desk.engine.worker(stop)


def _noted(desk: Desk, claim: Claim) -> None:
    with desk.store.begin() as conn:
        audit.record(conn, desk.clock.now(), "noted", ref=claim.ref)
        desk.work.finish(conn, claim)


@pytest.mark.slow
def test_two_processes_share_one_queue(tmp_path: Path) -> None:
    """Each of many pieces is done exactly once, whoever does it."""
    desk = Desk(tmp_path / "social.db", SystemClock())
    with desk.store.begin() as conn:
        for index in range(120):
            desk.work.schedule(conn, "note", str(index), desk.clock.now())
    spawn = multiprocessing.get_context("spawn")
    processes = [spawn.Process(target=_work_in_process, args=(tmp_path / "social.db", 6)) for _ in range(2)]
    for process in processes:
        process.start()
    for process in processes:
        process.join(60)
    with desk.store.read() as conn:
        seen = Counter(row.facts["ref"] for row in audit.since(conn, 0, limit=1000))
    assert seen == {str(index): 1 for index in range(120)}
