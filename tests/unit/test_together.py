"""What shares a transaction: work that is due together, and a post with the decision to post it."""

from __future__ import annotations

from collections import Counter
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Connection, func, select

import socialbpm
from socialbpm.engines.local import LocalEngine
from socialbpm.engines.work import TOGETHER, Work
from socialbpm.errors import Rejected
from socialbpm.store import Store, audit
from socialbpm.store.tables import audit as entries
from socialbpm.store.tables import delivery, local_post, work
from socialbpm.testing.clock import FakeClock

MODEL = Path(__file__).parents[2] / "examples" / "second_eyes.bpmn"
COMMUNITIES = {"press_room": {"local": ["ada", "grace"]}, "readers": {"local": []}}


class Bench:
    """Work of one transaction each, some of it poisoned."""

    def __init__(self, path: Path, *, reads: bool, clock: FakeClock | None = None) -> None:
        self.clock, self.store = clock or FakeClock(), Store(f"sqlite:///{path}")
        self.engine = LocalEngine()
        self.work = Work(self.store, self.clock, self.engine)
        self.work.register_steps("step", self._write, (lambda ref: ref) if reads else None)
        self.poisoned: set[str] = set()
        self.again: dict[str, datetime] = {}

    def schedule(self, *refs: str) -> None:
        with self.store.begin() as conn:
            for ref in refs:
                self.work.schedule(conn, "step", ref, self.clock.now())

    def written(self) -> Counter[str]:
        with self.store.read() as conn:
            return Counter(conn.scalars(select(entries.c.kind)).all())

    def attempts(self) -> dict[str, int]:
        with self.store.read() as conn:
            return {row.ref: row.attempts for row in conn.execute(select(work))}

    def _write(self, conn: Connection, ref: str, read: Any) -> datetime | None:
        audit.record(conn, self.clock.now(), ref)
        if ref in self.poisoned:
            raise Rejected("poison")
        return self.again.pop(ref, None)


@pytest.fixture(params=[False, True], ids=["claimed within", "claimed before"])
def bench(tmp_path: Path, request: pytest.FixtureRequest) -> Bench:
    return Bench(tmp_path / "social.db", reads=request.param)


def test_many_pieces_are_each_done_once(bench: Bench) -> None:
    """However the pieces are shared out over commits, each is done, and is gone."""
    refs = [f"r{number:03}" for number in range(2 * TOGETHER + 1)]
    bench.schedule(*refs)
    assert bench.engine.drain() == len(refs)
    assert bench.written() == Counter(refs)
    assert bench.attempts() == {}


class Laborious(FakeClock):
    """A machine so busy that a third of a lease goes by between any two looks at the clock."""

    def now(self) -> datetime:
        return self.advance(timedelta(seconds=20))


def test_a_busy_machine_gets_on_all_the_same(tmp_path: Path) -> None:
    """Of what was taken together at least one piece is done: else a worker would end with all of it due."""
    bench = Bench(tmp_path / "social.db", reads=True, clock=Laborious())
    bench.schedule("a", "b", "c")
    assert bench.engine.drain() == 3
    assert bench.written() == Counter("abc")


def test_one_poisoned_piece_spoils_no_other(bench: Bench) -> None:
    """The others are written once, though they shared its transaction; only it counts a failure."""
    bench.poisoned = {"b"}
    bench.schedule("a", "b", "c")
    bench.engine.drain()
    assert bench.written() == Counter(["a", "c"])
    assert bench.attempts() == {"b": 1}


def test_a_piece_that_comes_again_comes_again(bench: Bench) -> None:
    """Its neighbours are gone for good, it is due at the time that it named."""
    bench.again = {"b": bench.clock.now() + timedelta(minutes=1)}
    bench.schedule("a", "b", "c")
    bench.engine.drain()
    assert bench.attempts() == {"b": 0}
    bench.clock.advance(timedelta(minutes=1))
    bench.engine.drain()
    assert bench.written() == Counter({"a": 1, "b": 2, "c": 1})


def test_slow_reading_does_not_outlast_the_lease(tmp_path: Path) -> None:
    """What cannot be read before the lease ends is given back unread: two workers never do it twice."""
    one, two = (Bench(tmp_path / "social.db", reads=True) for _ in range(2))
    two.clock = one.clock
    read: list[str] = []

    def slowly(ref: str) -> str:
        one.clock.advance(timedelta(seconds=20))
        two.engine.drain()
        read.append(ref)
        return ref

    two.work = Work(two.store, one.clock, two.engine)
    two.work.register_steps("step", two._write, lambda ref: read.append(ref))
    one.work.register_steps("step", one._write, slowly)
    refs = [f"r{number}" for number in range(6)]
    one.schedule(*refs)
    one.engine.drain()
    assert one.written() == Counter(refs)
    assert sorted(read) == refs


def test_a_local_post_stands_with_the_decision_to_post_it(tmp_path: Path) -> None:
    """It is there when ``start`` returns, and it is not there if the transaction is given up."""
    with socialbpm.open(f"sqlite:///{tmp_path / 'social.db'}", communities=COMMUNITIES) as social:
        social.deploy(MODEL)
        with pytest.raises(ZeroDivisionError):
            _start_and_fail(social)
        assert _posts(social) == (0, [])
        social.start("second_eyes", {"headline": "Rain at last"})
        assert _posts(social) == (1, ["SENT"])


def _start_and_fail(social: socialbpm.Social) -> None:
    with social.store.begin() as conn:
        social.start("second_eyes", {"headline": "Rain"}, conn=conn)
        raise ZeroDivisionError


def _posts(social: socialbpm.Social) -> tuple[int, list[str]]:
    with social.store.read() as conn:
        number = conn.scalar(select(func.count()).select_from(local_post)) or 0
        return number, list(conn.scalars(select(delivery.c.state)))
