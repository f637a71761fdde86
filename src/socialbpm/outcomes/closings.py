"""How the posts of a question are brought to rest when it ends. Pure: deliveries in, writes out."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any, NamedTuple

from sqlalchemy import Row

from socialbpm import posts
from socialbpm.channels.base import Channel
from socialbpm.outbox import deliveries
from socialbpm.outbox.deliveries import Action, Purpose, State, Write
from socialbpm.outcomes import pictures
from socialbpm.posts import Post, Span
from socialbpm.responses import ABSTAIN
from socialbpm.tasks import MediaSource

NAMED = 5
"""How many people a closing note names."""
REASON = 100
"""How many letters of a reason it repeats."""
IN_FAVOUR = frozenset(("approve", "support", ABSTAIN))
"""Answers whose reasons it does not repeat."""

UNSENT = (State.PREPARING, State.HELD, State.DUE, State.PARKED)
VOID = (State.PREPARING, State.HELD, State.SKIPPED, State.REJECTED)
ASKS = (Purpose.OPEN, Purpose.ESCALATE, Purpose.APPROVE)


@dataclass(frozen=True, slots=True, kw_only=True)
class Ending:
    """What is to be done: new ``writes``, and the ids of deliveries that are ``unsent`` and stay so."""

    writes: tuple[Write, ...]
    unsent: tuple[str, ...]


def ending(
    rows: Sequence[Row[Any]],
    channels: Mapping[str, Channel],
    note: str,
    now: datetime,
    picture: MediaSource | None = None,
) -> Ending:
    """Bring every post of one request to rest; ``rows`` are all its deliveries.

    A ``picture`` goes with what is said of the end, where the channel and the post have room for it.
    """
    asking = [row for row in rows if row.action == Action.CREATE and row.post["ask"]]
    unsent = tuple(row.id for row in rows if _is_unsent(row))
    sent = [row for row in asking if row.state in (State.SENDING, State.SENT, State.UNKNOWN)]
    after = max((row.seq for row in rows), default=0) + 1  # a number for each: one room may hold several
    writes = (
        _write(row, rows, channels.get(row.channel), after + number, note, now)
        for number, row in enumerate(sent)
    )
    told = (_with(write, channels, picture) for write in writes if write is not None)
    return Ending(writes=tuple(told), unsent=unsent)


def _with(write: Write, channels: Mapping[str, Channel], picture: MediaSource | None) -> Write:
    channel = channels.get(write.post.destination.channel)
    if picture is None or channel is None or not pictures.fits(channel.capabilities, len(write.post.media)):
        return write
    return replace(write, sources=(picture,))


def _is_unsent(row: Row[Any]) -> bool:
    """A question that is not out yet, or what waits for an approval that will not come."""
    asks = row.action == Action.CREATE and row.post["ask"]
    return bool(asks and row.state in UNSENT) or deliveries.is_held(row)


class Voice(NamedTuple):
    """Who answered, and the reason that is told of it."""

    person: str
    reason: str = ""

    def __str__(self) -> str:
        """``ada``, or ``ada: “The figure is old”``."""
        if not self.reason:
            return self.person
        words = " ".join(self.reason.split())
        return f"{self.person}: “{words if len(words) <= REASON else words[: REASON - 1] + '…'}”"


def signed(explanation: str, voices: Sequence[Voice]) -> str:
    """The explanation, and who answered, with their reasons."""
    if not voices:
        return explanation
    more = " and others" if len(voices) > NAMED else ""
    return f"{explanation} ({', '.join(map(str, voices[:NAMED]))}{more})"


def dated(said: str, at: datetime) -> str:
    """What is said of an end, and when it was."""
    return f"{said} · {written(at)}"


def written(at: datetime) -> str:
    """A moment as posts tell it, to the minute."""
    return f"{at.astimezone(UTC):%Y-%m-%d %H:%M} UTC"


def _write(
    create: Row[Any], rows: Sequence[Row[Any]], channel: Channel | None, seq: int, note: str, now: datetime
) -> Write | None:
    """An edit that takes the question away; where a channel cannot edit, an answer that says how it ended."""
    capabilities = channel.capabilities if channel else None
    own = [row for row in rows if create.id in (row.id, row.creates)]
    if capabilities is None or capabilities.can_edit:
        return _edit(create, own, seq, note, now)
    if not capabilities.can_thread or create.purpose not in ASKS:
        return None
    text = note
    while capabilities.count(text) > capabilities.max_text:
        text = text[:-1]
    return Write(
        request=create.request,
        purpose=Purpose.CLOSE,
        action=Action.CREATE,
        seq=seq,
        post=replace(_content(create), text=(Span(text, authored=False),), media=()),
        due=now,
        parent=create.id,
    )


def newest(create: Row[Any], rows: Sequence[Row[Any]]) -> Post:
    """What stands where ``create`` has put it, or will once all is sent."""
    own = [row for row in rows if create.id in (row.id, row.creates)]
    return posts.load(next((row for row in reversed(own) if row.state not in VOID), create).post)


def _edit(create: Row[Any], own: Sequence[Row[Any]], seq: int, note: str, now: datetime) -> Write:
    newest = next((row for row in reversed(own) if row.state not in VOID), create)
    return Write(
        request=create.request,
        purpose=Purpose.CLOSE,
        action=Action.EDIT,
        seq=seq,
        post=replace(_content(newest), note=note),
        due=now,
        creates=create.id,
    )


def _content(row: Row[Any]) -> Post:
    """What a delivery says, without its question."""
    return replace(posts.load(row.post), ask=None, reply_to="")
