"""The schema's history (Alembic). Its version table is our own, so a host's Alembic never meets it."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from sqlalchemy import Connection, inspect, text

from socialbpm.errors import DefinitionError, Problem

if TYPE_CHECKING:
    from alembic.config import Config

VERSION_TABLE = "social_alembic_version"
HEAD = "0001"  # the newest revision in versions/
_ALONE = text("SELECT pg_advisory_xact_lock(7362615042)")  # a number of our own: one migrates at a time


def revision(conn: Connection) -> str:
    """The revision that the database is at; empty when there is no schema yet."""
    if not inspect(conn).has_table(VERSION_TABLE):
        return ""
    return conn.execute(text(f"SELECT version_num FROM {VERSION_TABLE}")).scalar() or ""  # noqa: S608


def upgrade(conn: Connection) -> None:
    """Bring the schema to HEAD inside the caller's transaction. Raises DefinitionError for a newer schema."""
    from alembic import command
    from alembic.util import CommandError

    if conn.dialect.name == "postgresql":  # on SQLite the transaction has the database to itself anyway
        conn.execute(_ALONE)
    try:
        command.upgrade(config(conn), "head")
    except CommandError:
        raise DefinitionError(
            Problem(
                what=f"the database has the schema {revision(conn)}, this version knows those up to {HEAD}",
                remedy="use the newer version of socialbpm that upgraded it",
            )
        ) from None


def config(conn: Connection) -> Config:
    """Alembic's configuration: our scripts, run on ``conn``."""
    from alembic.config import Config

    made = Config()
    made.set_main_option("script_location", str(Path(__file__).parent).replace("%", "%%"))
    made.set_main_option("path_separator", "os")
    made.attributes["connection"] = conn
    return made
