"""The adapter that speaks to the loopback server, over real HTTP."""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Mapping
from dataclasses import asdict, replace
from typing import Any
from urllib.parse import quote

from socialbpm.channels import answers, http, signatures
from socialbpm.channels.base import Batch, Channel, Connection, Inbound, RawEvent
from socialbpm.errors import DefinitionError, Problem, Rejected
from socialbpm.posts import (
    Ask,
    AskKind,
    Capabilities,
    Dedupe,
    Intake,
    Media,
    MediaLimits,
    Post,
    Receipt,
    plain,
)

MAX_TEXT = 500


class LoopbackChannel(Channel):
    """Options: ``url`` of the server; ``mode`` key, lookup or none; ``intake`` webhook or collect.

    ``secret`` is what the server signs its webhooks with, ``token`` what it asks of us.
    """

    capabilities = Capabilities(
        network="loopback",
        max_text=MAX_TEXT,
        media=MediaLimits(count=4, bytes=1_000_000, edge=1024),
        asks=frozenset(AskKind),
        identifies_voters=True,
        intake=Intake.WEBHOOK,
        dedupe=Dedupe.KEY,
        can_edit=True,
        can_delete=True,
        can_thread=True,
        private=True,
        batch=100,
    )

    def __init__(self, connection: Connection) -> None:
        super().__init__(connection)
        options = connection.options
        self._url = options.get("url", "").rstrip("/")
        self.capabilities = self.declared(options)

    @classmethod
    def declared(cls, options: Mapping[str, str]) -> Capabilities:
        """As ``mode`` and ``intake`` say."""
        return _as_declared(cls.capabilities, options.get("mode", ""), options.get("intake", ""))

    def publish(self, post: Post) -> Receipt:
        """Create the post in its room; in key mode a repeat returns the first receipt."""
        room = quote(post.destination.room, safe="@")
        return _receipt(self._write("POST", f"/rooms/{room}/posts", self._body(post)))

    def edit(self, receipt: Receipt, post: Post) -> Receipt:
        """Replace what stands there."""
        return _receipt(self._write("PUT", f"/posts/{receipt.remote_id}", self._body(post)))

    def delete(self, receipt: Receipt) -> None:
        """Take it down; gone already is as good."""
        try:
            self._write("DELETE", f"/posts/{receipt.remote_id}", None)
        except Rejected as error:
            if error.status not in (404, 410):
                raise

    def find(self, post: Post) -> Receipt | None:
        """Look the key up; in lookup mode only."""
        if self.capabilities.dedupe is not Dedupe.LOOKUP:
            return super().find(post)
        found = self._read("/posts", {"key": post.key})["posts"]
        return _receipt(found[0]) if found else None

    def private_room(self, account: str) -> str:
        """The room that the server shows to this account alone."""
        return f"@{account}"

    def receive(self, event: RawEvent) -> Inbound:
        """Verify the server's signature, then read the answer."""
        secret = self.connection.options.get("secret", "").encode()
        signatures.verify(secret, event, self.connection.clock.now())
        return Inbound(responses=(answers.read(event).response(self.name),))

    def collect(self, cursor: str) -> Batch:
        """Read up to a batch of answers after ``cursor``; in collect mode only."""
        if self.capabilities.intake is not Intake.COLLECT:
            return super().collect(cursor)
        page = self._read("/answers", {"after": cursor or "0", "limit": str(self.capabilities.batch)})
        read = (answers.Answer.model_validate(answer).response(self.name) for answer in page["answers"])
        return Batch(responses=tuple(read), cursor=str(page["cursor"]))

    def _body(self, post: Post) -> dict[str, Any]:
        length = self.capabilities.count(plain(post.text))
        if length > self.capabilities.max_text:
            raise Rejected(f"{length} characters are more than {MAX_TEXT}", channel=self.name)
        return {
            "key": "" if self.capabilities.dedupe is Dedupe.NONE else post.key,
            "text": plain(post.text),
            "media": [self._media(media) for media in post.media],
            "ask": None if post.ask is None else _asked(post.ask),
            "note": post.note,
            "reply_to": post.reply_to,
        }

    def _media(self, media: Media) -> dict[str, str]:
        body = b64encode(self.connection.media(media.ref)).decode()
        return {"type": media.type, "alt": media.alt, "body": body}

    def _write(self, method: str, path: str, body: dict[str, Any] | None) -> dict[str, Any]:
        answer = http.write(
            method, self._url + path, channel=self.name, here=True, headers=self._headers(), json=body
        )
        parsed: dict[str, Any] = answer.json()
        return parsed

    def _read(self, path: str, query: dict[str, str]) -> dict[str, Any]:
        answer = http.read(
            self._url + path, channel=self.name, here=True, headers=self._headers(), params=query
        )
        parsed: dict[str, Any] = answer.json()
        return parsed

    def _headers(self) -> dict[str, str]:
        token = self.connection.options.get("token", "")
        return {"authorization": f"Bearer {token}"} if token else {}


def _receipt(stands: dict[str, Any]) -> Receipt:
    return Receipt(remote_id=str(stands["id"]), url=str(stands["url"]))


def _asked(ask: Ask) -> dict[str, Any]:
    """The request travels in the post, so that an answer finds it even if the receipt was never recorded."""
    return {
        "request": ask.request,
        "version": ask.version,
        "kind": ask.kind,
        "choices": [asdict(choice) for choice in ask.choices],
    }


def _as_declared(usual: Capabilities, mode: str, intake: str) -> Capabilities:
    try:
        return replace(usual, dedupe=Dedupe(mode or "key"), intake=Intake(intake or "webhook"))
    except ValueError:
        remedy = "mode is key, lookup or none; intake is webhook or collect"
        raise DefinitionError(Problem(what="a loopback channel's option is unknown", remedy=remedy)) from None
