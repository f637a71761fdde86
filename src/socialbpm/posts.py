"""What goes out: a post, its parts, the proof that it stands, and what a channel declares it can carry."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any


@dataclass(frozen=True, slots=True)
class Span:
    """A piece of text with its provenance: only *authored* spans may link, mention or format."""

    text: str
    authored: bool = True


Text = tuple[Span, ...]


def plain(text: Iterable[Span]) -> str:
    """The characters of a text, without provenance."""
    return "".join(span.text for span in text)


@dataclass(frozen=True, slots=True, kw_only=True)
class Media:
    """A picture or file in the store (``ref`` is ``media:<sha256>``) and its alt text, which is mandatory."""

    ref: str
    alt: str
    type: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Choice:
    """One thing that people can choose: ``key`` is what the process reads, ``label`` what people read."""

    key: str
    label: str


class AskKind(StrEnum):
    """What a post asks its readers to do."""

    VERDICT = "verdict"
    SINGLE = "single"
    MULTIPLE = "multiple"
    RANKED = "ranking"
    CONSENT = "consent"


@dataclass(frozen=True, slots=True, kw_only=True)
class Ask:
    """The question that a post carries. An answer names ``request`` and ``version``, whatever it came by.

    ``abstain`` says that people may abstain instead, ``delegation`` that they may hand their ballot to
    somebody else. A ballot names ``minimum`` to ``maximum`` choices, where they are given.
    """

    request: str
    version: int
    kind: AskKind
    choices: tuple[Choice, ...]
    ends_at: datetime | None = None
    abstain: bool = False
    delegation: bool = False
    minimum: int | None = None
    maximum: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Destination:
    """A room or timeline on a channel. ``channel`` is the connected account's name in settings."""

    channel: str
    room: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Post:
    """One post for one destination, frozen before it is first sent.

    ``key`` is the idempotency key of the remote write. ``reply_to`` is the remote id of the post that this
    one answers. ``ask`` is None for a status and for a question that has ended; ``note`` says how it ended.
    """

    key: str
    destination: Destination
    text: Text
    media: tuple[Media, ...] = ()
    ask: Ask | None = None
    note: str = ""
    reply_to: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Receipt:
    """Proof that a post stands on its channel. ``url`` may be empty where the channel has no links."""

    remote_id: str
    url: str = ""


class Dedupe(StrEnum):
    """What a channel offers to keep a repeated write from posting twice."""

    KEY = "key"
    LOOKUP = "lookup"
    NONE = "none"


class Intake(StrEnum):
    """How answers arrive."""

    PAGES = "pages"
    WEBHOOK = "webhook"
    SOCKET = "socket"
    COLLECT = "collect"
    NONE = "none"


@dataclass(frozen=True, slots=True, kw_only=True)
class MediaLimits:
    """How many files a post carries, their size in bytes, longest edge in pixels, and types."""

    count: int = 0
    bytes: int = 10_000_000
    edge: int = 4096
    types: tuple[str, ...] = ("image/png", "image/jpeg", "image/gif", "image/webp")


@dataclass(frozen=True, slots=True, kw_only=True)
class Capabilities:
    """What a channel can carry. Declared only where it changes what *we* do.

    ``count`` measures a text as the platform does. ``asks`` lists the questions it can put to people whose
    answers come back by ``intake``; ``identifies_voters`` says whether such an answer names its person.
    ``private``: a person has a room of their own that nobody else sees.
    """

    network: str
    max_text: int
    count: Callable[[str], int] = len
    media: MediaLimits = MediaLimits()
    asks: frozenset[AskKind] = frozenset()
    identifies_voters: bool = False
    intake: Intake = Intake.NONE
    dedupe: Dedupe = Dedupe.NONE
    can_edit: bool = False
    can_delete: bool = False
    can_thread: bool = False
    private: bool = False
    batch: int = 1


def dump(post: Post) -> dict[str, Any]:
    """A post as JSON; ``load`` gives it back exactly. Written out: ``asdict`` takes ten times as long."""
    return {
        "key": post.key,
        "destination": {"channel": post.destination.channel, "room": post.destination.room},
        "text": [{"text": span.text, "authored": span.authored} for span in post.text],
        "media": [{"ref": each.ref, "alt": each.alt, "type": each.type} for each in post.media],
        "ask": None if post.ask is None else _dumped(post.ask),
        "note": post.note,
        "reply_to": post.reply_to,
    }


_OFFERS = ("abstain", "delegation", "minimum", "maximum")
"""Of a question only what it offers is written: most offer none of it."""


def _dumped(ask: Ask) -> dict[str, Any]:
    return {
        "request": ask.request,
        "version": ask.version,
        "kind": ask.kind,
        "choices": [{"key": choice.key, "label": choice.label} for choice in ask.choices],
        "ends_at": None if ask.ends_at is None else ask.ends_at.isoformat(),
        **{name: value for name in _OFFERS if (value := getattr(ask, name))},
    }


def load(dumped: Mapping[str, Any]) -> Post:
    """The post that ``dump`` wrote, also after its way through JSON."""
    return Post(
        key=dumped["key"],
        destination=Destination(**dumped["destination"]),
        text=tuple(Span(**span) for span in dumped["text"]),
        media=tuple(Media(**media) for media in dumped["media"]),
        ask=None if dumped["ask"] is None else _ask(dumped["ask"]),
        note=dumped["note"],
        reply_to=dumped["reply_to"],
    )


def _ask(dumped: Mapping[str, Any]) -> Ask:
    ends_at = dumped["ends_at"]
    return Ask(
        request=dumped["request"],
        version=dumped["version"],
        kind=AskKind(dumped["kind"]),
        choices=tuple(Choice(**choice) for choice in dumped["choices"]),
        ends_at=None if ends_at is None else datetime.fromisoformat(ends_at),
        **{name: dumped[name] for name in _OFFERS if name in dumped},
    )
