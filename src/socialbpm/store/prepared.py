"""Statements that are made once: declared beside the room that says them, compiled at their first use.

What SQLAlchemy does for each execution takes ten times as long as SQLite itself. On SQLite a prepared
statement therefore goes to the driver as it is, its values converted by the types of their columns. Elsewhere,
and on a connection that a host has lent us, SQLAlchemy executes the very same statement: there the way to the
server is what takes time, or the host's transaction must know of it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, Connection, Result
from sqlalchemy.dialects import sqlite
from sqlalchemy.engine import IteratorResult
from sqlalchemy.engine.result import SimpleResultMetaData
from sqlalchemy.exc import DBAPIError
from sqlalchemy.sql.dml import UpdateBase
from sqlalchemy.sql.selectable import Select
from sqlalchemy.types import TypeEngine

DRIVER = "social_driver"
"""Where a connection's ``info`` holds the driver's own connection, while a Store's transaction has it."""

Convert = Callable[[Any], Any]
_SQLITE = sqlite.dialect()


class Prepared:
    """One statement; ``rows`` and ``change`` take the values of its parameters by name.

    Raises what SQLAlchemy raises. An IN of a list has no fixed text, and so cannot be prepared.
    """

    def __init__(self, statement: Select[Any] | UpdateBase) -> None:
        self._statement = statement
        self._forms: dict[tuple[str, ...], _Form] = {}

    def rows(self, conn: Connection, /, **values: Any) -> Result[Any]:
        """Execute a statement that gives rows; all are read at once."""
        driver = conn.info.get(DRIVER)
        if driver is None:
            return conn.execute(self._statement, values)
        form = self._form(values)
        return form.result(said(conn, driver.execute, form.sql, form.bound(values)).fetchall())

    def change(self, conn: Connection, /, **values: Any) -> int:
        """Execute a statement that gives none; how many rows it has changed."""
        driver = conn.info.get(DRIVER)
        if driver is None:
            return conn.execute(self._statement, values).rowcount
        form = self._form(values)
        return int(said(conn, driver.execute, form.sql, form.bound(values)).rowcount)

    def change_all(self, conn: Connection, rows: Sequence[Mapping[str, Any]]) -> int:
        """As ``change`` for each of ``rows``, which name the same parameters; none is nothing to do."""
        if not rows:
            return 0
        driver = conn.info.get(DRIVER)
        if driver is None:
            return conn.execute(self._statement, rows).rowcount
        form = self._form(rows[0])
        return int(said(conn, driver.executemany, form.sql, [form.bound(row) for row in rows]).rowcount)

    def _form(self, values: Mapping[str, Any]) -> _Form:
        """An INSERT that names other columns is another text."""
        names = tuple(values)
        form = self._forms.get(names)
        if form is None:
            form = self._forms[names] = _form(self._statement, names)
        return form


@dataclass(frozen=True, slots=True)
class _Form:
    """A statement as SQLite's driver takes it: parameters by position, each with its conversion."""

    sql: str
    names: tuple[str, ...]
    fixed: Mapping[str, Any]
    to_database: tuple[tuple[int, Convert], ...]
    from_database: tuple[tuple[int, Convert], ...]
    columns: SimpleResultMetaData

    def bound(self, values: Mapping[str, Any]) -> list[Any]:
        """The values of all parameters, in their order. Raises KeyError for one that is missing."""
        given = {**self.fixed, **values} if self.fixed else values
        return _converted([given[name] for name in self.names], self.to_database)

    def result(self, rows: Iterable[Sequence[Any]]) -> Result[Any]:
        """The driver's rows as SQLAlchemy's."""
        if self.from_database:
            rows = [_converted(list(row), self.from_database) for row in rows]
        return IteratorResult(self.columns, iter(rows))


def _converted(values: list[Any], conversions: Iterable[tuple[int, Convert]]) -> list[Any]:
    for place, convert in conversions:
        values[place] = convert(values[place])
    return values


def said(conn: Connection, execute: Callable[[str, list[Any]], Any], sql: str, values: list[Any]) -> Any:
    """What the driver answers. Raises SQLAlchemy's errors."""
    try:
        return execute(sql, values)
    except conn.dialect.loaded_dbapi.Error as error:  # as whoever has this connection expects it
        base = conn.dialect.loaded_dbapi.Error
        hidden = conn.engine.hide_parameters
        raise DBAPIError.instance(sql, values, error, base, hide_parameters=hidden) from error


def _form(statement: Select[Any] | UpdateBase, names: tuple[str, ...]) -> _Form:
    compiled: Any = statement.compile(dialect=_SQLITE, column_keys=names)
    order = tuple(compiled.positiontup)
    returned: list[ColumnElement[Any]] = list(statement.exported_columns)
    types = [compiled.binds[name].type for name in order]
    return _Form(
        sql=str(compiled),
        names=order,
        fixed=_fixed(compiled, order, names),
        to_database=_conversions(types, "bind_processor"),
        from_database=_conversions([column.type for column in returned], "result_processor", None),
        columns=SimpleResultMetaData([str(column.key) for column in returned]),
    )


def _fixed(compiled: Any, order: Iterable[str], given: Sequence[str]) -> dict[str, Any]:
    """The parameters that are constants of the statement, or columns' defaults."""
    defaults = {column.key: column.default.arg for column in compiled.insert_prefetch}
    return {name: compiled.params[name] for name in order if name not in given} | defaults


def _conversions(
    types: Iterable[TypeEngine[Any]], processor: str, *more: Any
) -> tuple[tuple[int, Convert], ...]:
    """By place; most values need none."""
    found: list[tuple[int, Convert]] = []
    for place, kind in enumerate(types):
        made = getattr(kind.dialect_impl(_SQLITE), processor)(_SQLITE, *more)
        if made is not None:
            found.append((place, made))
    return tuple(found)
