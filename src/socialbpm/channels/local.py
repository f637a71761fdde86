"""The local channel: posts stand in our own store, people see and answer them on our own pages.

Its remote id is the post's key, which is the primary key of the table: a repeat can insert nothing.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from sqlalchemy import Connection, bindparam
from sqlalchemy.exc import DBAPIError

from socialbpm import posts
from socialbpm.channels import answers, signatures
from socialbpm.channels import base as ports
from socialbpm.channels.base import Channel, Inbound, RawEvent
from socialbpm.errors import OutcomeUnknown, Rejected
from socialbpm.posts import AskKind, Capabilities, Dedupe, Intake, MediaLimits, Post, Receipt, plain
from socialbpm.store import insert_once
from socialbpm.store.prepared import Prepared
from socialbpm.store.tables import local_post

MAX_TEXT = 20_000
PRIVATE = "@"
"""What the rooms of single persons begin with."""


class LocalChannel(Channel):
    """Options: ``secret`` signs inbound events, ``base_url`` is where people reach the pages."""

    capabilities = Capabilities(
        network="local",
        max_text=MAX_TEXT,
        media=MediaLimits(count=10, bytes=10_000_000, edge=2048),
        asks=frozenset(AskKind),
        identifies_voters=True,
        intake=Intake.PAGES,
        dedupe=Dedupe.KEY,
        can_edit=True,
        can_delete=True,
        can_thread=True,
        private=True,
    )

    def publish(self, post: Post) -> Receipt:
        """Insert the post once; a repeat of its key returns the same receipt."""
        self._fits(post)
        with self._writing() as conn:
            insert_once(conn, local_post, key=post.key, posted_at=self.connection.clock.now(), **_row(post))
        return self._receipt(post.key)

    def edit(self, receipt: Receipt, post: Post) -> Receipt:
        """Put ``post`` where the post of ``receipt`` stands. Raises Rejected if none stands there."""
        self._fits(post)
        changes = {"post": posts.dump(post), "edited_at": self.connection.clock.now()}
        with self._writing() as conn:
            if not _EDIT.change(conn, **self._at(receipt), **changes):
                raise Rejected("no post stands there to be edited", channel=self.name)
        return self._receipt(receipt.remote_id)

    def delete(self, receipt: Receipt) -> None:
        """Take the post down; it stays in the store, unseen, so that the same key cannot post again."""
        with self._writing() as conn:
            _DELETE.change(conn, **self._at(receipt))

    def private_room(self, account: str) -> str:
        """The person's own page; no community can have such a room."""
        return PRIVATE + account

    def within(self, conn: Connection) -> Channel:
        """The same channel, writing in the transaction of ``conn``."""
        return _Joined(self.connection, conn)

    def receive(self, event: RawEvent) -> Inbound:
        """An answer that a program of ours has signed, as ``answers`` writes it. Raises EventRejected."""
        secret = self.connection.options.get("secret", "").encode()
        signatures.verify(secret, event, self.connection.clock.now())
        return Inbound(responses=(answers.read(event).response(self.name),), answer=b"received")

    def _at(self, receipt: Receipt) -> dict[str, str]:
        return {"of_key": receipt.remote_id, "by": self.name}

    def _receipt(self, key: str) -> Receipt:
        base = self.connection.options.get("base_url", "").rstrip("/")
        return Receipt(remote_id=key, url=f"{base}/posts/{key}" if base else "")

    def _fits(self, post: Post) -> None:
        length = self.capabilities.count(plain(post.text))
        if length > self.capabilities.max_text:
            raise Rejected(f"{length} characters are more than {MAX_TEXT}", channel=self.name)

    @contextmanager
    def _writing(self) -> Iterator[Connection]:
        """A commit that fails may or may not have happened; each of our writes can simply be repeated."""
        try:
            with self.connection.store.begin() as conn:
                yield conn
        except DBAPIError as error:
            what = f"the store did not answer ({type(error.orig).__name__})"
            raise OutcomeUnknown(what, channel=self.name) from error


class _Joined(LocalChannel):
    """Writes in a transaction that somebody else commits, or does not."""

    def __init__(self, connection: ports.Connection, conn: Connection) -> None:
        super().__init__(connection)
        self._conn = conn

    @contextmanager
    def _writing(self) -> Iterator[Connection]:
        yield self._conn


def _row(post: Post) -> dict[str, Any]:
    return {
        "channel": post.destination.channel,
        "room": post.destination.room,
        "request": None if post.ask is None else post.ask.request,
        "post": posts.dump(post),
    }


_AT = local_post.update().where(
    local_post.c.key == bindparam("of_key"), local_post.c.channel == bindparam("by")
)
_EDIT = Prepared(
    _AT.where(local_post.c.deleted == 0).values(post=bindparam("post"), edited_at=bindparam("edited_at"))
)
_DELETE = Prepared(_AT.values(deleted=1))
