"""The store: durable, short transactions, safe for several openers."""

from __future__ import annotations

import multiprocessing
import os
import sqlite3
import threading
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, func, insert, inspect, select, text

from socialbpm.errors import DefinitionError
from socialbpm.store import Store, after_commit, audit, insert_once
from socialbpm.store.group import GroupCommit
from socialbpm.store.migrations import HEAD, VERSION_TABLE, config, revision
from socialbpm.store.tables import account_rate, metadata
from tests.middle import statements

NOW = datetime(2026, 3, 1, 12, 0, 0, 123456, tzinfo=UTC)


@pytest.fixture
def url(tmp_path: Path) -> str:
    return f"sqlite:///{tmp_path / 'social.db'}"


@pytest.fixture
def store(url: str) -> Any:
    store = Store(url)
    yield store
    store.close()


def note(store: Store, kind: str = "x", **facts: Any) -> None:
    with store.begin() as conn:
        audit.record(conn, NOW, kind, **facts)


def count(store: Store) -> int:
    with store.read() as conn:
        return conn.scalar(select(func.count()).select_from(audit.audit)) or 0


def test_migrations_make_exactly_the_declared_schema(store: Store) -> None:
    """What the migrations build is what tables.py declares: no column, index or key apart."""
    with store.read() as conn:
        context = MigrationContext.configure(
            conn, opts={"version_table": VERSION_TABLE, "compare_type": True}
        )
        assert compare_metadata(context, metadata) == []


def test_head_is_the_newest_script(store: Store) -> None:
    """The revision that code asks for is the last one there is, and the one that a new database has."""
    with store.read() as conn:
        assert ScriptDirectory.from_config(config(conn)).get_current_head() == HEAD
        assert revision(conn) == HEAD


def test_all_tables_have_our_prefix(store: Store) -> None:
    """We can live in a host's database: every table, the version table too, begins with social_."""
    with store.read() as conn:
        names = inspect(conn).get_table_names()
    assert names
    assert all(name.startswith("social_") for name in names)


def test_sqlite_is_as_durable_as_it_can_be(store: Store) -> None:
    """WAL, synchronous=FULL, foreign keys: on every connection."""
    with store.read() as conn:
        pragmas = {
            name: conn.execute(text(f"PRAGMA {name}")).scalar()
            for name in ("journal_mode", "synchronous", "foreign_keys", "busy_timeout")
        }
    assert pragmas == {"journal_mode": "wal", "synchronous": 2, "foreign_keys": 1, "busy_timeout": 30_000}


def test_opening_again_keeps_everything(url: str) -> None:
    """A second opener finds the schema and the data."""
    first = Store(url)
    note(first)
    second = Store(url)
    assert count(second) == 1
    first.close()
    second.close()


def test_a_rolled_back_block_leaves_nothing(store: Store) -> None:
    """Any exception rolls the whole block back."""

    def fail() -> None:
        with store.begin() as conn:
            audit.record(conn, NOW, "x")
            raise KeyError("no")

    with pytest.raises(KeyError):
        fail()
    assert count(store) == 0


def test_a_reader_is_not_held_up_by_a_writer(store: Store) -> None:
    """A read inside a long write sees the state before it, at once."""
    note(store)
    with store.begin() as conn:
        audit.record(conn, NOW, "y")
        assert count(store) == 1
    assert count(store) == 2


def test_a_reading_transaction_sees_one_moment(store: Store) -> None:
    """Two looks in one read see the same, whatever is committed in between."""
    with store.read() as conn:
        before = conn.scalar(select(func.count()).select_from(audit.audit))
        note(store)
        assert conn.scalar(select(func.count()).select_from(audit.audit)) == before
    assert count(store) == 1


def test_nested_writing_is_refused_instead_of_waiting_for_itself(store: Store) -> None:
    """The inner block would wait 30 seconds for the outer one: it is refused at once, the outer goes on."""
    with store.begin() as conn:
        audit.record(conn, NOW, "x")
        with pytest.raises(RuntimeError, match="inside a write transaction"):
            note(store)
    assert count(store) == 1


def test_two_threads_wait_for_each_other(store: Store) -> None:
    """Writers queue: read-then-write in a transaction loses no update."""
    with store.begin() as conn:
        insert_once(conn, account_rate, channel="x", tat=NOW, interval=0, paused="")

    def add() -> None:
        for _ in range(25):
            with store.begin() as conn:
                now = conn.scalar(select(account_rate.c.interval))
                conn.execute(account_rate.update().values(interval=now + 1))

    threads = [threading.Thread(target=add) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    with store.read() as conn:
        assert conn.scalar(select(account_rate.c.interval)) == 100


def _write_in_child(store: Store, number: int) -> None:
    for _ in range(number):
        note(store)
    os._exit(0)


def test_safe_after_fork(store: Store, url: str) -> None:
    """A forked child writes through the same Store object; nothing of either side is lost, even if the parent
    closes its last connection while the child goes on."""
    note(store)
    fork = multiprocessing.get_context("fork")
    started, go = fork.Event(), fork.Event()

    def child() -> None:
        note(store)
        started.set()
        go.wait(20)
        _write_in_child(store, 5)

    process = fork.Process(target=child)
    process.start()
    assert started.wait(20)
    note(store)
    store.close()  # the parent's last connection: must not take the log away from the child
    go.set()
    process.join(30)
    assert process.exitcode == 0
    assert count(Store(url)) == 8


def test_what_is_to_follow_a_commit_follows_it(store: Store) -> None:
    """An act is called once the rows can be seen by others, and never for a rolled back block."""
    seen: list[int] = []
    with store.begin() as conn:
        audit.record(conn, NOW, "x")
        after_commit(conn, lambda: seen.append(count(store)))
        assert seen == []
    assert seen == [1]

    def fail() -> None:
        with store.begin() as conn:
            after_commit(conn, lambda: seen.append(-1))
            raise KeyError

    with pytest.raises(KeyError):
        fail()
    assert seen == [1]


def test_insert_once_inserts_once(store: Store) -> None:
    """The second of two equal rows is left out, without an error."""
    row = {"channel": "x", "tat": NOW, "interval": 0, "paused": ""}
    with store.begin() as conn:
        assert insert_once(conn, account_rate, **row)
        assert not insert_once(conn, account_rate, **row)


def test_times_are_exact_and_aware(store: Store) -> None:
    """Microseconds survive, the zone is UTC, and a naive datetime is refused."""
    with store.begin() as conn:
        conn.execute(insert(account_rate).values(channel="x", tat=NOW, interval=0, paused=""))
        assert conn.scalar(select(account_rate.c.tat)) == NOW
    with pytest.raises(Exception, match="offset-naive"), store.begin() as conn:
        conn.execute(
            insert(account_rate).values(channel="y", tat=NOW.replace(tzinfo=None), interval=0, paused="")
        )


@pytest.mark.parametrize(
    ("url", "says"),
    [
        ("nonsense", "cannot be read"),
        ("oracle9://x", "unknown database 'oracle9'"),
        ("sqlite:////no/such/place/x.db", "make the directory /no/such/place first"),
    ],
)
def test_a_wrong_url_is_a_definition_error(url: str, says: str) -> None:
    """No traceback of a driver: what is wrong, and what to do."""
    with pytest.raises(DefinitionError, match=says):
        Store(url)


def test_a_password_is_never_told() -> None:
    """Neither a URL that cannot be used nor one that cannot be read gives its password away."""
    for url in ("mysql+nodriver://me:hunter2@host/db", "postgresql+psycopg://me:hunter2@:bad:/db"):
        with pytest.raises(DefinitionError) as caught:
            Store(url)
        assert "hunter2" not in str(caught.value)
        assert "hunter2" not in str(caught.value.__cause__)


def test_the_options_of_a_url_are_not_told(tmp_path: Path) -> None:
    """Drivers take a password there too; what a store calls itself stands in errors and logs."""
    store = Store(f"sqlite:///{tmp_path / 'social.db'}?timeout=7")
    assert repr(store) == f"Store('sqlite:///{tmp_path / 'social.db'}')"
    store.close()


def test_a_file_that_is_no_database(tmp_path: Path) -> None:
    """A file of something else is refused and left as it is."""
    path = tmp_path / "letter.txt"
    path.write_text("Dear all, " * 200)
    with pytest.raises(DefinitionError, match="not a database"):
        Store(f"sqlite:///{path}")
    assert path.read_text().startswith("Dear all")


def test_a_newer_schema_is_refused(url: str) -> None:
    """A database that a newer version has upgraded is not touched by this one."""
    Store(url).close()
    with sqlite3.connect(url.removeprefix("sqlite:///")) as raw:
        raw.execute(f"UPDATE {VERSION_TABLE} SET version_num = '9999'")
    raw.close()
    with pytest.raises(DefinitionError, match=r"9999.*newer version"):
        Store(url)


def _open_and_note(url: str, go: Any) -> None:
    go.wait(20)
    store = Store(url)
    note(store)
    store.close()


def test_processes_that_open_a_new_database_at_once(url: str) -> None:
    """Of several first openers one builds the schema, the others wait for it."""
    spawn = multiprocessing.get_context("spawn")
    go = spawn.Event()
    processes = [spawn.Process(target=_open_and_note, args=(url, go)) for _ in range(3)]
    for process in processes:
        process.start()
    go.set()
    for process in processes:
        process.join(60)
    assert [process.exitcode for process in processes] == [0, 0, 0]
    assert count(Store(url)) == 3


def test_a_database_in_memory_takes_one_transaction_at_a_time() -> None:
    """In memory everything works, by turns; a second transaction in a thread is refused, not mixed in."""
    store = Store("sqlite://")
    note(store)
    with store.begin() as conn:
        audit.record(conn, NOW, "x")
        with pytest.raises(RuntimeError, match="one transaction at a time"), store.read():
            pass
    assert count(store) == 2
    store.close()


def test_a_database_in_memory_is_shared_by_threads() -> None:
    """Threads take turns on the one connection."""
    store = Store("sqlite://")
    threads = [threading.Thread(target=note, args=(store,)) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert count(store) == 8


def test_the_feed_reads_on_from_where_it_was(store: Store) -> None:
    """Entries come in order, after a number, at most so many, and of one run if asked."""
    for index in range(5):
        note(store, "run.advanced" if index % 2 else "run.started", run=f"r{index % 2}", step=index)
    with store.read() as conn:
        first = audit.since(conn, 0, limit=3)
        assert [row.facts["step"] for row in first] == [0, 1, 2]
        assert [row.facts["step"] for row in audit.since(conn, first[-1].seq)] == [3, 4]
        assert [row.facts["step"] for row in audit.since(conn, 0, run="r1")] == [1, 3]
    assert first[0].at == NOW
    assert first[0].at.utcoffset() == timedelta(0)


def test_writes_that_queue_share_a_commit(store: Store) -> None:
    """While one commits, others queue: the next commits for all of them; alone, one commits at once."""
    blocks: list[int] = []
    entered, go = threading.Event(), threading.Event()

    def write(conn: Connection, item: int) -> int:
        audit.record(conn, NOW, "x", item=item)
        blocks.append(id(conn))
        if item == 0:
            entered.set()
            go.wait(10)
        return item * 10

    commit, answers = GroupCommit(store, write), dict[int, int]()

    def put(item: int) -> None:
        answers[item] = commit(item)

    first = threading.Thread(target=put, args=(0,))
    first.start()
    entered.wait(10)
    others = [threading.Thread(target=put, args=(item,)) for item in range(1, 6)]
    for thread in others:
        thread.start()
    while len(commit._queue) < 5:
        threading.Event().wait(0.005)
    with statements(store) as seen:
        go.set()
        for thread in (first, *others):
            thread.join()
    assert answers == {item: item * 10 for item in range(6)}
    assert sum(statement.startswith("BEGIN") for statement in seen) == 1
    assert count(store) == 6


def test_a_connection_at_rest_is_kept_until_the_store_is_closed(store: Store) -> None:
    """Reads and writes use the connection that was used last; a failed one, or one closed, is not kept."""
    with store.read() as conn:
        first = conn
    with store.begin() as conn:
        assert conn is first
    with pytest.raises(ZeroDivisionError), store.begin():
        raise ZeroDivisionError
    assert first.closed
    with store.begin() as conn:
        again = conn
        assert again is not first
        store.close()
        audit.record(conn, NOW, "x")
    assert again.closed
    assert count(store) == 1


def test_one_that_cannot_be_written_spoils_no_other(store: Store) -> None:
    """In a group each gets its own answer or error."""

    def write(conn: Connection, item: int) -> int:
        if item == 2:
            raise ValueError(item)
        audit.record(conn, NOW, "x")
        return item

    commit, seen = GroupCommit(store, write), list[object]()

    def put(item: int) -> None:
        try:
            seen.append(commit(item))
        except ValueError as error:
            seen.append(str(error))

    with store.begin():  # hold the writers up, so that they queue
        threads = [threading.Thread(target=put, args=(item,)) for item in range(5)]
        for thread in threads:
            thread.start()
        while len(commit._queue) < 4:
            threading.Event().wait(0.005)
    for thread in threads:
        thread.join()
    assert sorted(map(str, seen)) == ["0", "1", "2", "3", "4"]
    assert "2" in seen
    assert count(store) == 4
