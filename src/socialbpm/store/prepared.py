"""Statements that are made once: declared beside the room that says them, compiled at their first use.

What SQLAlchemy does for each execution takes longer than what SQLite does. On SQLite a prepared statement
therefore goes to the driver as it is, its values converted by the types of their columns. Elsewhere, and on
a connection that a host has lent us, SQLAlchemy executes the very same statement: there the way to the server
is what takes time, or the host's transaction must know of it.
"""

from __future__ import annotations

import json
from collections import namedtuple
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, cast

from pydantic_core import PydanticSerializationError, from_json, to_json
from sqlalchemy import ColumnElement, Connection, Row
from sqlalchemy.dialects import sqlite
from sqlalchemy.exc import DBAPIError, MultipleResultsFound, NoResultFound
from sqlalchemy.sql.dml import UpdateBase
from sqlalchemy.sql.selectable import Select
from sqlalchemy.types import TypeEngine

DRIVER = "social_driver"
"""Where a connection's ``info`` holds the driver's own connection, while a Store's transaction has it."""

Convert = Callable[[Any], Any]


def _to_json(value: Any) -> str:
    """Several times as fast as the standard library, which takes what is no UTF-8: half a surrogate pair."""
    try:
        return to_json(value).decode()
    except PydanticSerializationError:
        return json.dumps(value)


def _from_json(text: str) -> Any:
    try:
        return from_json(text)
    except ValueError:
        return json.loads(text)


_SQLITE = sqlite.dialect(json_serializer=_to_json, json_deserializer=_from_json)


class Values(list[Any]):
    """The first column of some rows."""

    def all(self) -> list[Any]:
        """Themselves, as SQLAlchemy's results say it."""
        return self


class Rows:
    """What a statement has found, all of it read: as a ``Result`` of SQLAlchemy, at a fifth of its cost."""

    __slots__ = ("_found",)

    def __init__(self, found: Sequence[Row[Any]]) -> None:
        self._found = found

    def all(self) -> Sequence[Row[Any]]:
        """Every row; its columns are attributes."""
        return self._found

    def first(self) -> Row[Any] | None:
        """The first row, or None."""
        return self._found[0] if self._found else None

    def one(self) -> Row[Any]:
        """The only row. Raises NoResultFound, MultipleResultsFound."""
        if len(self._found) != 1:
            raise MultipleResultsFound("several rows") if self._found else NoResultFound("no row")
        return self._found[0]

    def scalar(self) -> Any:
        """The first column of the first row, or None."""
        return self._found[0][0] if self._found else None

    def scalar_one(self) -> Any:
        """The first column of the only row. Raises NoResultFound, MultipleResultsFound."""
        return self.one()[0]

    def scalars(self) -> Values:
        """The first column of every row."""
        return Values(row[0] for row in self._found)


class Prepared:
    """One statement; ``rows`` and ``change`` take the values of its parameters by name.

    Raises what SQLAlchemy raises. An IN of a list has no fixed text, and so cannot be prepared.
    """

    def __init__(self, statement: Select[Any] | UpdateBase) -> None:
        self._statement = statement
        self._forms: dict[tuple[str, ...], _Form] = {}

    def rows(self, conn: Connection, /, **values: Any) -> Rows:
        """Execute a statement that gives rows; all are read at once."""
        driver = conn.info.get(DRIVER)
        if driver is None:
            return Rows(conn.execute(self._statement, values).all())
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
    """A statement as SQLite's driver takes it: values by position, some of them constants of the statement.

    ``given`` and ``found`` are (position, name or none, conversion) of what goes in and comes out; ``make``
    gives a row's columns their names.
    """

    sql: str
    constants: list[Any]
    given: tuple[tuple[int, str, Convert | None], ...]
    found: tuple[tuple[int, Convert], ...]
    make: Callable[[Sequence[Any]], Row[Any]]

    def bound(self, values: Mapping[str, Any]) -> list[Any]:
        """The values of all parameters, in their order. Raises KeyError for one that is missing."""
        bound = self.constants.copy()
        for place, name, convert in self.given:
            value = values[name]
            bound[place] = value if convert is None else convert(value)
        return bound

    def result(self, rows: Sequence[Sequence[Any]]) -> Rows:
        """The driver's rows with their names, and values as Python knows them."""
        return Rows([self._read(row) for row in rows])

    def _read(self, row: Sequence[Any]) -> Row[Any]:
        if self.found:
            row = list(row)
            for place, convert in self.found:
                row[place] = convert(row[place])
        return self.make(row)


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
    to_database = [_converter(compiled.binds[name].type, "bind_processor") for name in order]
    fixed = {name: value for name, value in _fixed(compiled).items() if name not in names}
    places = tuple(zip(range(len(order)), order, to_database, strict=True))
    returned: list[ColumnElement[Any]] = list(statement.exported_columns)
    from_database = [_converter(column.type, "result_processor", None) for column in returned]
    return _Form(
        sql=str(compiled),
        constants=[_constant(fixed, name, convert) for _, name, convert in places],
        given=tuple(each for each in places if each[1] not in fixed),
        found=tuple((place, convert) for place, convert in enumerate(from_database) if convert is not None),
        make=_maker([str(column.key) for column in returned]),
    )


def _maker(names: list[str]) -> Callable[[Sequence[Any]], Row[Any]]:
    """Gives a row the attributes that SQLAlchemy's has; a column without a name of its own has none."""
    kind: Any = namedtuple("Found", names, rename=True)  # type: ignore[misc]
    return cast(Callable[[Sequence[Any]], Row[Any]], kind._make)


def _constant(fixed: Mapping[str, Any], name: str, convert: Convert | None) -> Any:
    """None where a value is to come."""
    return convert(fixed[name]) if convert is not None and name in fixed else fixed.get(name)


def _fixed(compiled: Any) -> dict[str, Any]:
    """What the statement itself says: its constants, and the defaults of columns."""
    constants = {name: bind.value for name, bind in compiled.binds.items() if not bind.required}
    return constants | {column.key: column.default.arg for column in compiled.insert_prefetch}


def _converter(kind: TypeEngine[Any], processor: str, *more: Any) -> Convert | None:
    """Most values need none."""
    made: Convert | None = getattr(kind.dialect_impl(_SQLITE), processor)(_SQLITE, *more)
    return made
