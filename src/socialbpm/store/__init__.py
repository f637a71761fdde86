"""The store: short transactions on SQLite (the embedded default) or PostgreSQL, one schema for both.

Writes on SQLite begin with ``BEGIN IMMEDIATE``, so that a transaction which has started can also finish;
reads never wait for a writer (WAL). Two stores of one database are two independent openers, in one process or
in several.
"""

from __future__ import annotations

import os
import sqlite3
import threading
import time
import weakref
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from typing import Any

from sqlalchemy import URL, Column, Connection, Engine, Table, create_engine, event, make_url
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.exc import ArgumentError, DBAPIError, NoSuchModuleError
from sqlalchemy.pool import StaticPool

from socialbpm.errors import DefinitionError, Problem
from socialbpm.store.prepared import DRIVER, Prepared, said

AFTER_COMMIT = "social_after_commit"
QUEUED = "social_queued"
KEPT_CONNECTIONS = 8  # when nobody uses them
BUSY_MILLISECONDS = 30_000
PRAGMAS = (
    f"PRAGMA busy_timeout={BUSY_MILLISECONDS}",
    "PRAGMA synchronous=FULL",  # NORMAL can lose a "sent" after a power cut, and then the post goes out twice
    "PRAGMA foreign_keys=ON",
)


class Store:
    """One database. SQLite is created and upgraded when it is opened; PostgreSQL by ``migrate``.

    ``url`` is an SQLAlchemy URL such as ``sqlite:///social.db``. ``sqlite://`` lives in memory and is gone
    after ``close``: one transaction at a time, for trials only. Raises DefinitionError.
    """

    def __init__(self, url: str) -> None:
        self.url = _parsed(url)
        self.is_sqlite = self.url.get_backend_name() == "sqlite"
        self.in_memory = self.is_sqlite and self.url.database in (None, "", ":memory:")
        self._engine = _engine(self.url, in_memory=self.in_memory)
        self._idle: deque[Connection] = deque()
        self._in_thread = threading.local()
        self._turn = threading.Lock() if self.in_memory else None
        if self.is_sqlite:
            event.listen(self._engine, "connect", _prepare_sqlite)
            os.register_at_fork(before=_let_go_of(weakref.ref(self)))
            self._open_sqlite()

    def __repr__(self) -> str:
        return f"Store({self._shown()!r})"

    def _shown(self) -> str:
        """The URL for people: a password may also stand among the options."""
        return self.url.set(query={}).render_as_string(hide_password=True)

    @contextmanager
    def begin(self) -> Iterator[Connection]:
        """A transaction that writes; committed at the end of the block, rolled back by any exception.

        Not to be nested: on SQLite the inner one would wait for the outer one.
        """
        if getattr(self._in_thread, "writes", False):
            raise RuntimeError("this thread is inside a write transaction of this store already")
        self._in_thread.writes = True
        acts: list[Callable[[], None]] = []
        try:
            yield from self._transaction(acts, writing=True)
        finally:
            self._in_thread.writes = False
        for act in acts:
            act()

    @contextmanager
    def read(self) -> Iterator[Connection]:
        """A transaction that only reads: one consistent view, which holds up nobody."""
        yield from self._transaction([], writing=False)

    def migrate(self) -> None:
        """Bring the schema to this version; may be repeated, also by several processes at once."""
        from socialbpm.store.migrations import upgrade

        with self.begin() as conn:
            upgrade(conn)

    def ready(self) -> None:
        """Raise DefinitionError if the schema is not that of this version."""
        from socialbpm.store.migrations import HEAD

        revision = self._revision()
        if revision != HEAD:
            found = f"the schema of the database {self._shown()} is {revision or 'missing'}"
            raise _problem(f"{found}, this version needs {HEAD}", "run `socialbpm migrate`")

    def close(self) -> None:
        """Let go of all connections. May be repeated; a closed store opens again when it is used."""
        idle, self._idle = self._idle, deque()  # who is at work now does not come back to this one
        while idle:
            idle.pop().close()
        self._engine.dispose()

    def _open_sqlite(self) -> None:
        from socialbpm.store.migrations import HEAD

        try:
            if self._revision() != HEAD:
                self.migrate()
        except DBAPIError as error:
            self.close()
            raise _problem(
                f"cannot open the database {self._shown()}: {error.orig}", _remedy(self.url)
            ) from None

    def _revision(self) -> str:
        from socialbpm.store.migrations import revision

        with self.read() as conn:
            return revision(conn)

    def _transaction(self, acts: list[Callable[[], None]], *, writing: bool) -> Iterator[Connection]:
        if self._turn is None:
            yield from self._connection(acts, writing=writing)
        elif getattr(self._in_thread, "reads", False):
            raise RuntimeError("a database in memory takes one transaction at a time")
        else:
            with self._turn:
                self._in_thread.reads = True
                try:
                    yield from self._connection(acts, writing=writing)
                finally:
                    self._in_thread.reads = False

    def _connection(self, acts: list[Callable[[], None]], *, writing: bool) -> Iterator[Connection]:
        """One transaction; ``acts`` collects what is to follow its commit."""
        idle = self._idle
        conn = self._connected(idle)
        conn.info[AFTER_COMMIT], conn.info[QUEUED] = acts, {}
        try:
            with conn.begin():
                if self.is_sqlite:  # not by an event: listening slows every statement down
                    _begin_sqlite(conn, writing=writing)
                yield conn
                flush(conn)
        except BaseException:
            with conn:  # whatever state it is in, it is not kept
                _let_go(conn)
            raise
        _let_go(conn)
        self._put_back(conn, idle)

    def _connected(self, idle: deque[Connection]) -> Connection:
        """The connection used last, which knows most pages; to get one from the pool takes longer."""
        try:
            return idle.pop()
        except IndexError:
            return self._engine.connect()

    def _put_back(self, conn: Connection, idle: deque[Connection]) -> None:
        """Keep a few that are at rest; on a server the pool must see whether they still live."""
        if self.is_sqlite and idle is self._idle and len(idle) < KEPT_CONNECTIONS:
            idle.append(conn)
        else:
            conn.close()


def after_commit(conn: Connection, act: Callable[[], None]) -> None:
    """Call ``act`` once ``conn`` has committed; at once if its transaction is not one of a Store."""
    waiting = conn.info.get(AFTER_COMMIT)
    if waiting is None:
        act()
    else:
        waiting.append(act)


def insert_later(conn: Connection, insert: Prepared, rows: list[dict[str, Any]]) -> None:
    """Insert ``rows`` in one statement with all others of this transaction, just before it commits.

    At once if the transaction is not one of a Store.
    """
    queued = conn.info.get(QUEUED)
    if queued is None:
        insert.change_all(conn, rows)
    else:
        queued.setdefault(insert, []).extend(rows)


def flush(conn: Connection) -> None:
    """Insert now what ``insert_later`` has been given, for who is going to read it in this transaction."""
    queued = conn.info.get(QUEUED) or {}
    while queued:
        insert, rows = queued.popitem()
        insert.change_all(conn, rows)


def insert_once(conn: Connection, table: Table, **values: Any) -> bool:
    """Insert a row unless one with its primary or unique key is there; says whether it was inserted."""
    key = next(iter(table.primary_key.columns))
    return insert_returning(conn, table, key, **values) is not None


def insert_returning(conn: Connection, table: Table, column: Column[Any], **values: Any) -> Any | None:
    """As ``insert_once``, but gives ``column`` of the new row, or None if the row was there."""
    return _once(conn.dialect.name, table, column).rows(conn, **values).scalar()


@cache
def _once(dialect: str, table: Table, column: Column[Any]) -> Prepared:
    """Made once per table, because making a statement costs more than executing it.

    With RETURNING, because not every driver tells how many rows ON CONFLICT DO NOTHING has left.
    """
    made: sqlite.Insert | postgresql.Insert
    made = sqlite.insert(table) if dialect == "sqlite" else postgresql.insert(table)
    return Prepared(made.on_conflict_do_nothing().returning(column))


def _let_go(conn: Connection) -> None:
    """The transaction has ended."""
    for name in (AFTER_COMMIT, QUEUED, DRIVER):
        conn.info.pop(name, None)


def _begin_sqlite(conn: Connection, *, writing: bool) -> None:
    driver: Any = conn.connection.driver_connection
    said(conn, driver.execute, "BEGIN IMMEDIATE" if writing else "BEGIN", [])
    conn.info[DRIVER] = driver


def _parsed(url: str) -> URL:
    try:
        return make_url(url)
    except (ArgumentError, ValueError):  # the text may hold a password: it is not repeated
        raise _problem("the database URL cannot be read", "write e.g. sqlite:///social.db") from None


def _engine(url: URL, *, in_memory: bool) -> Engine:
    options: dict[str, Any] = {"pool_size": KEPT_CONNECTIONS, "max_overflow": 56}
    if in_memory:  # one connection for all threads, who take turns
        options = {"poolclass": StaticPool, "connect_args": {"check_same_thread": False}}
    if url.get_backend_name() == "postgresql":
        options["pool_pre_ping"] = True
    try:
        return create_engine(url, hide_parameters=True, **options)
    except NoSuchModuleError:
        raise _problem(f"unknown database '{url.drivername}'", "use sqlite or postgresql+psycopg") from None
    except ImportError as error:
        raise _problem(
            f"the driver of '{url.drivername}' is not installed ({error.name})",
            "pip install 'socialbpm[postgres]' and write postgresql+psycopg://…",
        ) from None
    except (ArgumentError, TypeError):
        raise _problem("the database URL has options that are not known", "leave them out") from None


def _prepare_sqlite(connection: Any, _record: object) -> None:
    connection.isolation_level = None  # we say BEGIN ourselves
    for pragma in PRAGMAS:
        connection.execute(pragma)
    _turn_to_wal(connection)


def _turn_to_wal(connection: Any) -> None:
    """SQLite itself does not wait while another opener turns a new file to WAL, whatever its timeout is."""
    until = time.monotonic() + BUSY_MILLISECONDS / 1000
    while True:
        try:
            connection.execute("PRAGMA journal_mode=WAL")
            return
        except sqlite3.OperationalError as error:
            if error.sqlite_errorcode != sqlite3.SQLITE_BUSY or time.monotonic() > until:
                raise
        time.sleep(0.01)


def _let_go_of(store: weakref.ref[Store]) -> Callable[[], None]:
    """A forked child must not inherit SQLite's connections and locks: close the idle ones before the fork."""

    def close() -> None:
        opened = store()
        if opened is not None and not opened.in_memory:
            opened.close()

    return close


def _problem(what: str, remedy: str) -> DefinitionError:
    return DefinitionError(Problem(what=what, remedy=remedy))


def _remedy(url: URL) -> str:
    folder = Path(url.database or ".").parent
    return (
        "give a file that can be read and written"
        if folder.is_dir()
        else f"make the directory {folder} first"
    )
