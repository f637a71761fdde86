"""Pictures: put into the store, fetched once, stripped, fitted to a channel's limits and frozen.

Bytes never live in process data; there they are ``media:<sha256>``. What a channel gets is always a variant
that we encoded ourselves: upright, without EXIF, GPS or anything else that was hidden in the file.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from hashlib import sha256
from typing import Any

from sqlalchemy import Column, select

from socialbpm.clock import Clock
from socialbpm.errors import DefinitionError, NotFound, Problem, TaskFailed
from socialbpm.media.addresses import Permit, is_public
from socialbpm.posts import Media as PostMedia
from socialbpm.posts import MediaLimits
from socialbpm.store import Store, insert_once
from socialbpm.store.tables import media, media_variant

LARGEST = 25_000_000  # bytes of an original
PREFIX = "media:"
Files = Callable[[str], bytes | None]

_REF = re.compile(r"media:[0-9a-f]{64}")
_INSIDE = re.compile(r"(?!.*(?:^|/)\.{1,2}(?:/|$))[^/\\:\0][^\\:\0]*")


class Media:
    """The pictures of one store. ``hosts`` ("host" or "host:port") may be fetched from, by https alone.

    ``permit`` decides which addresses such a host may resolve to; only public ones unless a test says
    otherwise.
    """

    def __init__(
        self,
        store: Store,
        clock: Clock,
        hosts: Iterable[str] = (),
        *,
        permit: Permit = is_public,
        largest: int = LARGEST,
    ) -> None:
        self._store, self._clock = store, clock
        self._hosts, self._permit, self._largest = frozenset(hosts), permit, largest

    def put(self, body: bytes, type: str = "") -> str:
        """Keep a picture; returns ``media:<sha256>``. ``type`` is checked against the bytes if it is given.

        The same bytes have the same reference. Raises DefinitionError for what is no picture we can use.
        """
        # Pillow and the HTTP client are imported where they are needed: `socialbpm respond` needs neither.
        from socialbpm.media import pictures

        if len(body) > self._largest:
            raise _refused(f"the picture has {len(body)} bytes, more than {self._largest}", "make it smaller")
        found = pictures.sniff(body)
        if type and type != found:
            raise _refused(f"the picture is {found}, not {type}", "say what it is, or leave the type out")
        return self._keep(body, found)

    def body(self, ref: str) -> bytes:
        """The bytes of ``ref``. Raises NotFound."""
        return bytes(self._column(ref, media.c.body))

    def type(self, ref: str) -> str:
        """The media type of ``ref``. Raises NotFound."""
        return str(self._column(ref, media.c.type))

    def take(self, src: str, files: Files) -> str:
        """The reference of the original behind ``src``: fetched once, then in the store.

        ``src`` is ``media:<sha256>``, an https address on a declared host, or the name of a file that
        ``files`` gives. Raises TaskFailed (``social.invalid``), or TemporaryFailure if it is worth another
        try.
        """
        try:
            return self._take(src, files)
        except (DefinitionError, NotFound) as error:
            raise TaskFailed("social.invalid", f"media: {error}") from error

    def fit(self, ref: str, alt: str, limits: MediaLimits) -> PostMedia:
        """The variant of ``ref`` for a channel with these limits, made at most once. Raises TaskFailed."""
        if not alt.strip():
            raise TaskFailed("social.invalid", "media: there is no alt text; say what the picture shows")
        try:
            variant = self._variant(ref, limits) or self._make(ref, limits)
        except (DefinitionError, NotFound) as error:
            raise TaskFailed("social.invalid", f"media: {error}") from error
        return PostMedia(ref=variant, alt=alt, type=self.type(variant))

    def _take(self, src: str, files: Files) -> str:
        if src.startswith(PREFIX):
            self.type(src)
            return src
        if src.lower().startswith(("https:", "http:")):
            return self.put(self._fetched(src))
        if not _INSIDE.fullmatch(src):
            raise _refused(
                "src names no file of the package", "write a name without '..' and without '/' first"
            )
        body = files(src)
        if body is None:
            raise _refused(f"the package has no file '{src[:80]}'", "deploy it together with the process")
        return self.put(body)

    def _fetched(self, src: str) -> bytes:
        from socialbpm.media.fetch import Fetcher

        return Fetcher(self._hosts, permit=self._permit, largest=self._largest).fetch(src)

    def _make(self, ref: str, limits: MediaLimits) -> str:
        from socialbpm.media import pictures

        picture = pictures.fit(self.body(ref), limits)
        variant = self._keep(picture.body, picture.type)
        with self._store.begin() as conn:
            insert_once(
                conn,
                media_variant,
                original=ref[len(PREFIX) :],
                limits=_hash(limits),
                media=variant[len(PREFIX) :],
            )
        return self._variant(ref, limits) or variant  # somebody else may have been first: theirs stands

    def _variant(self, ref: str, limits: MediaLimits) -> str | None:
        mine = (media_variant.c.original == ref[len(PREFIX) :], media_variant.c.limits == _hash(limits))
        with self._store.read() as conn:
            found = conn.execute(select(media_variant.c.media).where(*mine)).scalar()
        return None if found is None else PREFIX + str(found)

    def _keep(self, body: bytes, type: str) -> str:
        digest = sha256(body).hexdigest()
        with self._store.begin() as conn:
            insert_once(conn, media, id=digest, type=type, body=body, stored_at=self._clock.now())
        return PREFIX + digest

    def _column(self, ref: str, column: Column[Any]) -> Any:
        if not _REF.fullmatch(ref):
            raise NotFound("that is no media reference; it looks like media:<64 hexadecimal digits>")
        with self._store.read() as conn:
            found = conn.execute(select(column).where(media.c.id == ref[len(PREFIX) :])).scalar()
        if found is None:
            raise NotFound(f"there is no {ref}; put the picture first")
        return found


def _hash(limits: MediaLimits) -> str:
    """What a variant depends on: how many go into one post does not matter."""
    return sha256(f"{limits.bytes}:{limits.edge}:{','.join(limits.types)}".encode()).hexdigest()


def _refused(what: str, remedy: str) -> DefinitionError:
    return DefinitionError(Problem(what=what, remedy=remedy))
