"""Prepared statements: the same statement, values and errors, whoever carries it to the database."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Connection, bindparam, create_engine, select, update
from sqlalchemy.exc import (
    DBAPIError,
    IntegrityError,
    MultipleResultsFound,
    NoResultFound,
    OperationalError,
)

from socialbpm.store import Store
from socialbpm.store.prepared import DRIVER, Prepared
from socialbpm.store.tables import audit, event, metadata, work

NOW = datetime(2026, 3, 1, 12, 0, 0, 123456, tzinfo=UTC)
NAMED = Prepared(select(work).where(work.c.id == bindparam("of_id"), work.c.kind == "tally"))
ALL = Prepared(select(audit.c.at, audit.c.facts).order_by(audit.c.seq))
SCHEDULE = Prepared(work.insert())
TELL = Prepared(audit.insert())
MOVE = Prepared(update(work).where(work.c.id == bindparam("of_id")))


@pytest.fixture(params=["ours", "a host's"])
def conn(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Connection]:
    """A transaction of a Store, which has the driver at hand; and one that a host has begun by itself."""
    url = f"sqlite:///{tmp_path / 'social.db'}"
    if request.param == "ours":
        store = Store(url)
        with store.begin() as ours:
            assert DRIVER in ours.info
            yield ours
        store.close()
        return
    engine = create_engine(url)
    metadata.create_all(engine)
    with engine.begin() as hosts:
        assert DRIVER not in hosts.info
        yield hosts
    engine.dispose()


def test_values_are_converted_on_both_ways(conn: Connection) -> None:
    """Times, defaults of columns and constants of the statement are what the schema says they are."""
    assert SCHEDULE.change(conn, id="tally:1", kind="tally", ref="1", next=NOW) == 1
    row = NAMED.rows(conn, of_id="tally:1").one()
    assert (row.id, row.ref, row.next, row.attempts, row.error) == ("tally:1", "1", NOW, 0, "")
    assert row.again is None
    assert NAMED.rows(conn, of_id="tally:2").first() is None
    assert MOVE.change(conn, of_id="tally:1", next=None, error="x") == 1
    row = NAMED.rows(conn, of_id="tally:1").one()
    assert (row.next, row.error) == (None, "x")
    assert MOVE.change(conn, of_id="tally:2", next=None) == 0


def test_one_row_is_asked_for_and_no_other_number(conn: Connection) -> None:
    """``one`` is what SQLAlchemy's results call it, whoever has read the rows."""
    with pytest.raises(NoResultFound):
        NAMED.rows(conn, of_id="tally:1").one()
    for facts in ({"n": 1}, {"n": 2}):
        TELL.change(conn, at=NOW, kind="x", run=None, request=None, facts=facts)
    with pytest.raises(MultipleResultsFound):
        ALL.rows(conn).scalar_one()
    assert ALL.rows(conn).scalars() == [NOW, NOW]
    assert [row.facts["n"] for row in ALL.rows(conn).all()] == [1, 2]
    assert NAMED.rows(conn, of_id="tally:1").scalar() is None


@pytest.mark.parametrize(
    "facts",
    [{"a": [1, None, "é\u2028"], "b": {"c": 0.5}}, [], None, "\ud800 half a pair", 10**20],
    ids=["object", "list", "none", "half a pair", "large number"],
)
def test_json_comes_back_as_it_was(conn: Connection, facts: Any) -> None:
    """Also what is no UTF-8, and read by SQLAlchemy itself."""
    TELL.change(conn, at=NOW, kind="x", facts=facts)
    assert ALL.rows(conn).all() == [(NOW, facts)]
    assert conn.execute(select(audit.c.facts)).scalar() == facts


def test_many_rows_are_one_call(conn: Connection) -> None:
    """The number of rows is told; none is nothing to do."""
    rows = [{"id": f"tally:{each}", "kind": "tally", "ref": str(each), "next": NOW} for each in range(5)]
    assert SCHEDULE.change_all(conn, rows) == 5
    assert SCHEDULE.change_all(conn, []) == 0
    assert len(conn.execute(select(work)).all()) == 5


def test_errors_are_those_of_sqlalchemy(conn: Connection) -> None:
    """Whoever guards against a database that refuses or fails need not know who has spoken to it."""
    known: dict[str, Any] = {"id": "tally:1", "kind": "tally", "ref": "1"}
    SCHEDULE.change(conn, **known)
    with pytest.raises(IntegrityError) as refused:
        SCHEDULE.change(conn, **known)
    assert isinstance(refused.value, DBAPIError)
    conn.exec_driver_sql("DROP TABLE social_event")
    with pytest.raises(OperationalError):
        Prepared(select(event.c.seq)).rows(conn)


def test_an_error_hides_the_values(tmp_path: Path) -> None:
    """They may be people's words, and errors end up in logs."""
    store = Store(f"sqlite:///{tmp_path / 'social.db'}")
    with store.begin() as conn:
        SCHEDULE.change(conn, id="tally:1", kind="tally", ref="a private word")
    with pytest.raises(IntegrityError) as refused, store.begin() as conn:
        SCHEDULE.change(conn, id="tally:1", kind="tally", ref="a private word")
    assert "a private word" not in str(refused.value)
    store.close()


def test_what_is_missing_is_no_null(tmp_path: Path) -> None:
    """A parameter that is not given is an error, not an empty value."""
    store = Store(f"sqlite:///{tmp_path / 'social.db'}")
    with store.read() as conn, pytest.raises(KeyError):
        NAMED.rows(conn)
    store.close()


def test_the_hosts_transaction_knows_of_it(tmp_path: Path) -> None:
    """On a connection that a host has lent us, its own commit keeps what we wrote, its rollback undoes it."""
    engine = create_engine(f"sqlite:///{tmp_path / 'host.db'}")
    metadata.create_all(engine)
    with engine.connect() as conn:
        SCHEDULE.change(conn, id="tally:1", kind="tally", ref="1")
        assert conn.in_transaction()
        conn.rollback()
        SCHEDULE.change(conn, id="tally:2", kind="tally", ref="2")
        conn.commit()
    with engine.connect() as conn:
        assert conn.execute(select(work.c.id)).scalars().all() == ["tally:2"]
    engine.dispose()
