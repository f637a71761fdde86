"""The platforms that our own channels are tested on."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Any

from sqlalchemy import Select, select

from socialbpm import posts
from socialbpm.channels import answers, signatures
from socialbpm.channels.base import Channel, Connection, RawEvent
from socialbpm.channels.local import LocalChannel
from socialbpm.store import Store
from socialbpm.store.tables import local_post
from socialbpm.testing import FakeClock, LoopbackChannel, LoopbackServer
from socialbpm.testing.stages import Said, Seen, Stage

PICTURE = "media:" + "0" * 64
SECRET = "sesame-signs-events"
TOKEN = "sesame-opens-the-server"


def body(said: Said) -> bytes:
    """An answer as JSON."""
    answer = answers.Answer(
        event=said.event,
        account=said.account,
        choices=said.choices,
        comment=said.comment,
        request=said.request,
    )
    return answers.write(answer)


def signed(content: bytes, clock: FakeClock) -> RawEvent:
    """With our own kind of signature."""
    return RawEvent(body=content, headers=signatures.sign(SECRET.encode(), content, clock.now()))


def connection(store: Store, clock: FakeClock, **options: str) -> Connection:
    """An account called "mine"."""
    return Connection(name="mine", store=store, clock=clock, media=lambda ref: b"picture", options=options)


class LocalStage(Stage):
    """The local channel over a real SQLite file."""

    media = PICTURE
    secrets = (SECRET,)

    def __init__(self, folder: Path, adapter: type[Channel] = LocalChannel) -> None:
        self.clock, self._store = FakeClock(), Store(f"sqlite:///{folder}/social.db")
        options = {"secret": SECRET, "base_url": "https://social.example/"}
        self.channel = adapter(connection(self._store, self.clock, **options))

    def close(self) -> None:
        """Let go of the file."""
        self._store.close()

    def seen(self) -> list[Seen]:
        """Straight from the table that the pages read."""
        return self._seen(select(local_post.c.post).where(local_post.c.deleted == 0))

    def seen_by(self, account: str) -> list[Seen]:
        """As the pages show it: the room that everybody is in, and the own one."""
        rooms = local_post.c.room.in_([self.room, f"@{account}"])
        return self._seen(select(local_post.c.post).where(local_post.c.deleted == 0, rooms))

    def _seen(self, query: Select[Any]) -> list[Seen]:
        with self._store.read() as conn:
            rows = conn.execute(query).scalars().all()
        return [
            Seen(posts.plain(post.text), tuple(media.alt for media in post.media))
            for post in map(posts.load, rows)
        ]

    def body(self, said: Said) -> bytes:
        """As a program of ours writes it."""
        return body(said)

    def signed(self, body: bytes) -> RawEvent:
        """With the secret of this installation."""
        return signed(body, self.clock)


class LoopbackStage(Stage):
    """The loopback server in this process."""

    media = PICTURE
    secrets = (SECRET, TOKEN)

    def __init__(
        self,
        folder: Path,
        adapter: type[Channel] = LoopbackChannel,
        *,
        mode: str = "key",
        intake: str = "webhook",
    ) -> None:
        self.clock, self._store = FakeClock(), Store("sqlite://")
        self.server = LoopbackServer(
            str(folder / "platform.db"), mode=mode, token=TOKEN, secret=SECRET, clock=self.clock
        )
        options = {"url": self.server.url, "mode": mode, "intake": intake, "token": TOKEN, "secret": SECRET}
        self.channel = adapter(connection(self._store, self.clock, **options))
        self._up = True

    def close(self) -> None:
        """Stop the server."""
        if self._up:
            self.server.close()
        self._store.close()

    def seen(self) -> list[Seen]:
        """As the server has it."""
        return _as_seen(post for post in self.server.posts() if not post["deleted"])

    def seen_by(self, account: str) -> list[Seen]:
        """As the server shows it to them."""
        return _as_seen(self.server.seen_by(account))

    def body(self, said: Said) -> bytes:
        """As the server writes it."""
        return body(said)

    def signed(self, body: bytes) -> RawEvent:
        """With the secret that the server signs with."""
        return signed(body, self.clock)

    def answer(self, said: Said) -> None:
        """Kept at the server until somebody collects it."""
        self.server.answer(
            event=said.event,
            account=said.account,
            choices=said.choices,
            comment=said.comment,
            request=said.request,
        )

    def lose_next_answer(self) -> None:
        """Stored, then the connection is closed."""
        self.server.break_at("accept-then-drop:1")

    def go_down(self) -> None:
        """The port is free again."""
        if self._up:
            self.server.close()
        self._up = False


def _as_seen(standing: Iterable[dict[str, Any]]) -> list[Seen]:
    return [Seen(post["text"], tuple(media["alt"] for media in post["media"])) for post in standing]
