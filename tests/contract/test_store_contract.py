"""The stores that we ship keep the contract; stores that do not are caught by it."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Connection, create_engine, text
from sqlalchemy.exc import OperationalError

from socialbpm.store import Store
from socialbpm.testing.store_contract import OpenStore, StoreContract

POSTGRES = "SOCIALBPM_TEST_POSTGRES"


class TestSqlite(StoreContract):
    """A file, and every opener with connections of its own."""

    @pytest.fixture
    def open_store(self, tmp_path: Path) -> Iterator[OpenStore]:
        yield from _openers(lambda: Store(f"sqlite:///{tmp_path / 'social.db'}"))


class TestMemory(StoreContract):
    """In memory there is one opener, and its threads take turns."""

    @pytest.fixture
    def open_store(self) -> Iterator[OpenStore]:
        store = Store("sqlite://")
        yield lambda: store
        store.close()


@pytest.mark.skipif(POSTGRES not in os.environ, reason=f"{POSTGRES} names no database")
class TestPostgres(StoreContract):
    """A server; its database is emptied of our tables before each test."""

    @pytest.fixture
    def open_store(self) -> Iterator[OpenStore]:
        url = os.environ[POSTGRES]
        emptied(url)
        yield from _openers(lambda: Store(url))


def emptied(url: str) -> None:
    """Nothing is left in this PostgreSQL database."""
    engine = create_engine(url)
    with engine.begin() as conn:
        conn.execute(text("DROP SCHEMA public CASCADE"))
        conn.execute(text("CREATE SCHEMA public"))
    engine.dispose()


def _openers(make: Callable[[], Store]) -> Iterator[OpenStore]:
    opened: list[Store] = []

    def open_one() -> Store:
        opened.append(make())
        return opened[-1]

    yield open_one
    for store in opened:
        store.close()


class Forgetful(Store):
    """Says that it has committed, and has not."""

    @contextmanager
    def begin(self) -> Iterator[Connection]:
        with super().begin() as conn:
            yield conn
            conn.exec_driver_sql("ROLLBACK")
            conn.exec_driver_sql("BEGIN")


class Hasty(Store):
    """Begins to write like a reader, so two may both read before either writes."""

    @contextmanager
    def begin(self) -> Iterator[Connection]:
        with self.read() as conn:
            yield conn


class Stubborn(Store):
    """Commits what a failed block has written."""

    @contextmanager
    def begin(self) -> Iterator[Connection]:
        with super().begin() as conn:
            try:
                yield conn
            except Exception:
                conn.exec_driver_sql("COMMIT")
                conn.exec_driver_sql("BEGIN")
                raise


@pytest.mark.parametrize(
    ("sabotaged", "rule"),
    [
        (Forgetful, "test_a_block_is_committed_whole"),
        (Hasty, "test_read_then_write_loses_no_update"),
        (Stubborn, "test_a_failed_block_leaves_nothing"),
    ],
)
def test_a_sabotaged_store_is_caught(sabotaged: type[Store], rule: str, tmp_path: Path) -> None:
    """A test that cannot fail is a defect: each of these stores breaks one rule, and that test says so."""
    stores = list[Store]()

    def open_one() -> Store:
        stores.append(sabotaged(f"sqlite:///{tmp_path / 'social.db'}"))
        return stores[-1]

    test: Any = getattr(StoreContract(), rule)
    Store(f"sqlite:///{tmp_path / 'social.db'}").close()
    arguments = (open_one(), open_one) if "open_store" in test.__code__.co_varnames[:3] else (open_one(),)
    with pytest.raises((AssertionError, OperationalError)):
        test(*arguments)
    for store in stores:
        store.close()
