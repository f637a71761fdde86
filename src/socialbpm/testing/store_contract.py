"""What every store must keep to, as a pytest class: subclass it and say how one more opener is made.

::

    class TestMine(StoreContract):
        @pytest.fixture
        def open_store(self, tmp_path):
            return lambda: Store(f"sqlite:///{tmp_path / 'social.db'}")

Each call of ``open_store`` gives another opener of the same database, which is empty at first. Each test's
docstring states its rule.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from datetime import timedelta

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import Connection, func, select

from socialbpm.engines.local import LocalEngine
from socialbpm.engines.work import Work
from socialbpm.errors import Conflict
from socialbpm.store import Store, after_commit, audit, flush, insert_once, insert_returning, tables
from socialbpm.store.migrations import VERSION_TABLE
from socialbpm.store.tables import account_rate, event, metadata
from socialbpm.testing.clock import START, FakeClock

OpenStore = Callable[[], Store]
LEASE = timedelta(seconds=60)


class StoreContract:
    """The rules. ``open_store`` must be given by the subclass."""

    @pytest.fixture
    def open_store(self) -> OpenStore:
        """How one more opener of the database is made."""
        raise NotImplementedError("give the contract a fixture 'open_store'")

    @pytest.fixture
    def store(self, open_store: OpenStore) -> Iterator[Store]:
        """The first opener."""
        opened = open_store()
        opened.migrate()
        yield opened
        opened.close()

    # the schema

    def test_the_schema_is_the_declared_one(self, store: Store) -> None:
        """The migrations build what tables.py declares, to the last column, key and index."""
        with store.read() as conn:
            options = {"version_table": VERSION_TABLE, "compare_type": True, "include_name": _ours}
            context = MigrationContext.configure(conn, opts=options)
            assert compare_metadata(context, metadata) == []

    def test_migrating_again_changes_nothing(self, store: Store) -> None:
        """Any opener may migrate at any time."""
        _note(store)
        store.migrate()
        store.ready()
        assert _count(store) == 1

    def test_openers_that_migrate_an_empty_database_at_once(self, open_store: OpenStore) -> None:
        """One builds the schema, the others wait for it and find it."""
        _together(lambda: open_store().migrate(), 4)
        open_store().ready()

    # transactions

    def test_a_block_is_committed_whole(self, store: Store, open_store: OpenStore) -> None:
        """What a block has written, every other opener sees."""
        with store.begin() as conn:
            _append(conn, "one")
            _append(conn, "two")
        assert _count(open_store()) == 2

    def test_a_failed_block_leaves_nothing(self, store: Store) -> None:
        """Any exception undoes the whole block, and the next block works."""
        with pytest.raises(_Fault):
            _write_and_fail(store)
        assert _count(store) == 0
        _note(store)
        assert _count(store) == 1

    def test_read_then_write_loses_no_update(self, store: Store, open_store: OpenStore) -> None:
        """Openers that add to what they have read, all at once: each addition counts."""
        with store.begin() as conn:
            insert_once(conn, account_rate, channel="x", tat=START, interval=0, paused="")
        _together(lambda: _add_often(open_store(), 20), 4)
        with store.read() as conn:
            assert conn.scalar(select(account_rate.c.interval)) == 80

    def test_acts_after_the_commit(self, store: Store) -> None:
        """An act follows the commit, and does not follow a rollback."""
        seen: list[int] = []
        with store.begin() as conn:
            _append(conn, "x")
            after_commit(conn, lambda: seen.append(_count(store)))
            assert seen == []
        with pytest.raises(_Fault):
            _write_and_fail(store, lambda: seen.append(-1))
        assert seen == [1]

    # rows

    def test_a_row_is_inserted_once(self, store: Store, open_store: OpenStore) -> None:
        """Of many that insert the same key at once, exactly one is told that it did."""
        told: list[bool] = []

        def insert() -> None:
            with open_store().begin() as conn:
                told.append(insert_once(conn, account_rate, channel="x", tat=START, interval=0, paused=""))

        _together(insert, 5)
        assert sorted(told) == [False] * 4 + [True]

    def test_numbers_count_up(self, store: Store) -> None:
        """Later events have higher numbers; a repeat has none of its own and is told so."""
        with store.begin() as conn:
            first, repeat, second = (_event(conn, event_id) for event_id in ("a", "a", "b"))
        assert first is not None
        assert second is not None
        assert repeat is None
        assert second > first

    def test_times_are_exact(self, store: Store) -> None:
        """Microseconds and the zone survive."""
        moment = START + timedelta(microseconds=1)
        with store.begin() as conn:
            insert_once(conn, account_rate, channel="x", tat=moment, interval=0, paused="")
        with store.read() as conn:
            found = conn.scalar(select(account_rate.c.tat))
        assert found == moment
        assert found is not None
        assert found.utcoffset() == timedelta(0)

    def test_words_come_back_as_they_were(self, store: Store) -> None:
        """Any script, any emoji, quotes and backslashes, in text and in JSON."""
        words = "Grüße 🐘 '\"\\ ‮ \t {{ x }}"
        with store.begin() as conn:
            audit.record(conn, START, "x", words=words)
        with store.read() as conn:
            assert audit.since(conn, 0)[0].facts == {"words": words}

    # work

    def test_a_piece_of_work_is_claimed_by_one(self, store: Store, open_store: OpenStore) -> None:
        """Of many that claim the same work at once, one gets it."""
        _schedule(store)
        got: list[bool] = []

        def claim() -> None:
            opened = open_store()
            with opened.begin() as conn:
                got.append(_work(opened).claimed(conn, "note:a") is not None)

        _together(claim, 4)
        assert sorted(got) == [False, False, False, True]

    def test_a_lost_lease_cannot_finish(self, store: Store) -> None:
        """Who lost the lease finishes nothing, and what they wrote is undone."""
        _schedule(store)
        clock = FakeClock()
        work = _work(store, clock)
        with store.begin() as conn:
            lost = work.claimed(conn, "note:a")
        clock.advance(LEASE)
        with store.begin() as conn:
            assert work.claimed(conn, "note:a") is not None
        assert lost is not None
        with pytest.raises(Conflict), store.begin() as conn:
            work.finish(conn, lost)

    def test_what_is_scheduled_at_once_is_done_once_more(self, store: Store, open_store: OpenStore) -> None:
        """However many ask for the same work while somebody is at it: it is due once more afterwards."""
        _schedule(store)
        work = _work(store)
        with store.begin() as conn:
            claim = work.claimed(conn, "note:a")
        _together(lambda: _schedule(open_store()), 4)
        assert work.due() == []
        assert claim is not None
        with store.begin() as conn:
            work.finish(conn, claim)
        assert work.due() == ["note:a"]


class _Fault(Exception):
    """Something that goes wrong in the middle of a block."""


def _ours(name: str | None, kind: str, parents: object) -> bool:
    return kind != "table" or (name or "").startswith("social_")


def _append(conn: Connection, kind: str) -> None:
    audit.record(conn, START, kind)
    flush(conn)


def _note(store: Store) -> None:
    with store.begin() as conn:
        _append(conn, "x")


def _count(store: Store) -> int:
    with store.read() as conn:
        return conn.scalar(select(func.count()).select_from(tables.audit)) or 0


def _write_and_fail(store: Store, act: Callable[[], None] = lambda: None) -> None:
    with store.begin() as conn:
        _append(conn, "x")
        after_commit(conn, act)
        raise _Fault


def _add_often(store: Store, times: int) -> None:
    for _ in range(times):
        with store.begin() as conn:
            now = conn.scalar(select(account_rate.c.interval).with_for_update()) or 0
            conn.execute(account_rate.update().values(interval=now + 1))


def _event(conn: Connection, event_id: str) -> int | None:
    values = {"channel": "x", "event_id": event_id, "account": "a", "choices": [], "received_at": START}
    seq: int | None = insert_returning(conn, event, event.c.seq, **values)
    return seq


def _work(store: Store, clock: FakeClock | None = None) -> Work:
    return Work(store, clock or FakeClock(), LocalEngine(), LEASE)


def _schedule(store: Store) -> None:
    with store.begin() as conn:
        _work(store).schedule(conn, "note", "a", START)


def _together(act: Callable[[], None], number: int) -> None:
    """Call ``act`` in so many threads, started as one; the first error of any of them is raised."""
    errors: list[BaseException] = []
    barrier = threading.Barrier(number)

    def run() -> None:
        barrier.wait()
        try:
            act()
        except BaseException as error:
            errors.append(error)

    threads = [threading.Thread(target=run) for _ in range(number)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    if errors:
        raise errors[0]
