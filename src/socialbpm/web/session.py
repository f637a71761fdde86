"""Who is looking: personal links, the session they open, and the tokens that tie a form to its session.

Everything is signed with one secret and told apart by its salt, so that a link is never taken for a session.
The time of expiry is part of what is signed and is compared with a time that the asker hands in.
"""

from __future__ import annotations

import hashlib
import hmac
import secrets
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from itsdangerous import BadData, URLSafeSerializer

LINK_LIFETIME = timedelta(days=14)
SESSION_LIFETIME = timedelta(days=30)
FEED_LIFETIME = timedelta(days=365)


class LinkRefused(Exception):
    """A personal link that opens nothing. The text says why, in words for the person who followed it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Link:
    """A personal link: whom it signs in, and the page it leads to."""

    person: str
    path: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Session:
    """A signed-in person. ``id`` is random and never shown; forms are tied to it."""

    person: str
    id: str


class Signer:
    """Makes and reads every signed thing of the pages."""

    def __init__(self, secret: str | bytes) -> None:
        self._secret = secret

    def link(self, person: str, path: str, expires_at: datetime) -> str:
        """The token of a personal link that leads ``person`` to ``path``, a page of this app."""
        if not is_local(path):
            raise ValueError(f"a personal link leads to a page of ours, which starts with one '/': {path!r}")
        return self._sign("link", {"person": person, "path": path}, expires_at)

    def read_link(self, token: str, now: datetime) -> Link:
        """What a personal link says. Raises LinkRefused when it is forged, foreign or too old."""
        try:
            said = self._read("link", token)
        except BadData:
            raise LinkRefused("This link was not made here, or a part of it is missing.") from None
        if _expired(said, now):
            raise LinkRefused(f"This link ended on {_expiry(said):%d %B %Y at %H:%M} UTC.")
        return Link(person=said["person"], path=said["path"])

    def session(self, person: str, expires_at: datetime) -> str:
        """The cookie of a new session."""
        return self._sign("session", {"person": person, "id": secrets.token_urlsafe(18)}, expires_at)

    def read_session(self, cookie: str, now: datetime) -> Session | None:
        """The session of a cookie; None when there is none that holds."""
        said = self._read_or_nothing("session", cookie, now)
        return None if said is None else Session(person=said["person"], id=said["id"])

    def feed_key(self, person: str, expires_at: datetime) -> str:
        """A key for feed readers, which have no session: it opens the feed of ``person`` and nothing else."""
        return self._sign("feed", {"person": person}, expires_at)

    def read_feed_key(self, key: str, now: datetime) -> str | None:
        """The person of a feed key; None when it does not hold."""
        said = self._read_or_nothing("feed", key, now)
        return None if said is None else str(said["person"])

    def form_token(self, session: Session) -> str:
        """The token that every form of a session carries, and no other session's form has."""
        return self._serializer("form").dumps(session.id)

    def is_form_of(self, session: Session, token: str) -> bool:
        """Whether a form with that token was made for this session; compared in constant time."""
        return hmac.compare_digest(self.form_token(session).encode(), token.encode())

    def _sign(self, salt: str, said: dict[str, Any], expires_at: datetime) -> str:
        return str(self._serializer(salt).dumps(said | {"until": int(expires_at.timestamp())}))

    def _read(self, salt: str, token: str) -> dict[str, Any]:
        said: dict[str, Any] = self._serializer(salt).loads(token)
        return said

    def _read_or_nothing(self, salt: str, token: str, now: datetime) -> dict[str, Any] | None:
        try:
            said = self._read(salt, token)
        except BadData:
            return None
        return None if _expired(said, now) else said

    def _serializer(self, salt: str) -> URLSafeSerializer:
        return URLSafeSerializer(
            self._secret, salt=f"socialbpm.{salt}", signer_kwargs={"digest_method": hashlib.sha256}
        )


def is_local(path: str) -> bool:
    """Whether ``path`` is a page of this app; ``//host`` and ``/\\host`` lead elsewhere in browsers."""
    return path.startswith("/") and path[1:2] not in ("/", "\\") and path.isprintable()


def _expiry(said: dict[str, Any]) -> datetime:
    return datetime.fromtimestamp(said["until"], UTC)


def _expired(said: dict[str, Any], now: datetime) -> bool:
    return now >= _expiry(said)
