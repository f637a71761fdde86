"""What the loopback server keeps: posts and answers, in an SQLite file that nobody else writes."""

from __future__ import annotations

import json
import sqlite3
from typing import Any

SCHEMA = """
CREATE TABLE IF NOT EXISTS post (
    id INTEGER PRIMARY KEY AUTOINCREMENT, key TEXT NOT NULL, room TEXT NOT NULL, body TEXT NOT NULL,
    edits INTEGER NOT NULL DEFAULT 0, deleted INTEGER NOT NULL DEFAULT 0);
CREATE INDEX IF NOT EXISTS post_by_key ON post (key);
CREATE TABLE IF NOT EXISTS answer (
    seq INTEGER PRIMARY KEY AUTOINCREMENT, event TEXT NOT NULL UNIQUE, body TEXT NOT NULL);
"""
Stands = dict[str, Any]


class Shelf:
    """One connection to the file. Not safe for threads by itself: the server calls it under its lock."""

    def __init__(self, path: str) -> None:
        self._base = sqlite3.connect(path, check_same_thread=False, isolation_level=None)
        for setting in ("journal_mode=WAL", "synchronous=FULL"):
            self._base.execute(f"PRAGMA {setting}")
        self._base.executescript(SCHEMA)

    def close(self) -> None:
        """Let go of the file."""
        self._base.close()

    def create(self, room: str, body: Stands, *, once: bool) -> int:
        """Add a post; with ``once`` a key that stands already gives the post that has it."""
        standing = self.by_key(body["key"]) if once and body["key"] else []
        if standing:
            return int(standing[0]["id"])
        row = (body["key"], room, json.dumps(body))
        added = self._base.execute("INSERT INTO post (key, room, body) VALUES (?, ?, ?)", row)
        return int(added.lastrowid or 0)

    def edit(self, id: int, body: Stands) -> bool:
        """Replace a post's body; whether it stands."""
        change = "UPDATE post SET body = ?, edits = edits + 1 WHERE id = ? AND deleted = 0"
        return bool(self._base.execute(change, (json.dumps(body), id)).rowcount)

    def delete(self, id: int) -> bool:
        """Take a post down; whether it stood."""
        change = "UPDATE post SET deleted = 1 WHERE id = ? AND deleted = 0"
        return bool(self._base.execute(change, (id,)).rowcount)

    def by_key(self, key: str) -> list[Stands]:
        """The posts that stand under a key, oldest first."""
        return self._posts("WHERE key = ? AND deleted = 0", (key,))

    def posts(self) -> list[Stands]:
        """Every post there ever was, oldest first: room, body, number of edits, and whether it is gone."""
        return self._posts("", ())

    def add_answer(self, body: Stands) -> None:
        """Keep what a person answered; the same event once."""
        row = (body["event"], json.dumps(body))
        self._base.execute("INSERT OR IGNORE INTO answer (event, body) VALUES (?, ?)", row)

    def answers(self, after: int, limit: int) -> tuple[list[Stands], int]:
        """The answers after a cursor, and the next cursor."""
        page = "SELECT seq, body FROM answer WHERE seq > ? ORDER BY seq LIMIT ?"
        rows = self._base.execute(page, (after, limit)).fetchall()
        return [json.loads(body) for _, body in rows], rows[-1][0] if rows else after

    def _posts(self, where: str, values: tuple[str, ...]) -> list[Stands]:
        rows = self._base.execute(
            f"SELECT id, room, body, edits, deleted FROM post {where} ORDER BY id",  # noqa: S608 - two constants
            values,
        )
        return [
            {"id": id, "room": room, **json.loads(body), "edits": edits, "deleted": bool(deleted)}
            for id, room, body, edits, deleted in rows
        ]
