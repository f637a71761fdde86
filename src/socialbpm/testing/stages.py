"""A channel and its platform as the contract meets them: what stands there, what people say, what breaks."""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass

import pytest

from socialbpm.channels.base import Channel, RawEvent
from socialbpm.posts import Ask, AskKind, Capabilities, Choice, Destination, Post, Span
from socialbpm.testing.clock import FakeClock

REQUEST = "5b0f8a7e-6a0c-4c1c-9d57-0f4a3a9f2b11"


@dataclass(frozen=True, slots=True, kw_only=True)
class Said:
    """What a person is to answer on the platform: who, which choices, and to which request."""

    event: str = "e-1"
    account: str = "u-ada"
    choices: tuple[str, ...] = ("approve",)
    comment: str = "Grüße 🐘"
    request: str = REQUEST


@dataclass(frozen=True, slots=True)
class Seen:
    """A post as people see it on the platform: its text, and the alt texts of its media."""

    text: str
    alts: tuple[str, ...] = ()


class Stage(ABC):
    """A connected channel, and the platform's side of it, which a test looks at and moves.

    ``clock`` is the one the channel was connected with. None of ``secrets`` may ever show. The channel's
    ``connection.media`` must give bytes for ``media``, a picture's reference.
    """

    channel: Channel
    clock: FakeClock
    room: str = "room"
    media: str = ""
    secrets: tuple[str, ...] = ()

    @abstractmethod
    def seen(self) -> list[Seen]:
        """What stands on the platform now, oldest first: asked of the platform, not of the adapter."""

    def seen_by(self, account: str) -> list[Seen]:
        """Of what stands there, what this account can see, oldest first. Needed if it has private rooms."""
        raise NotImplementedError("a channel with private rooms needs 'seen_by' of its stage")

    def event(self, said: Said) -> RawEvent:
        """The genuine event of that answer, with the headers that prove it and no others."""
        return self.signed(self.body(said))

    def body(self, said: Said) -> bytes:
        """The body of that event. Needed if the channel takes events."""
        raise NotImplementedError("a channel that takes events needs 'body' of its stage")

    def signed(self, body: bytes) -> RawEvent:
        """Any body with the platform's genuine signature. Needed if the channel takes events."""
        raise NotImplementedError("a channel that takes events needs 'signed' of its stage")

    def answer(self, said: Said) -> None:
        """Have a person answer on the platform, to be collected. Needed if the intake is COLLECT."""
        raise NotImplementedError("a channel that is collected from needs 'answer' of its stage")

    def lose_next_answer(self) -> None:
        """The next write is carried out, but its answer never arrives."""
        pytest.skip("this platform cannot lose an answer")

    def go_down(self) -> None:
        """From now on nobody listens."""
        pytest.skip("this platform cannot go down by itself")


def post(stage: Stage, key: str = "k-1", text: str = "Hello") -> Post:
    """A post of these words to the stage's room."""
    destination = Destination(channel=stage.channel.name, room=stage.room)
    return Post(key=key, destination=destination, text=(Span(text),))


def ask(kind: AskKind) -> Ask:
    """A question of this kind, about ``REQUEST``."""
    choices = tuple(Choice(key=key, label=key.title()) for key in ("approve", "changes", "reject"))
    return Ask(request=REQUEST, version=1, kind=kind, choices=choices)


def any_ask(stage: Stage) -> Ask | None:
    """A question that the channel declares; None if it asks nothing."""
    return next((ask(kind) for kind in AskKind if kind in stage.channel.capabilities.asks), None)


def longest_text(declared: Capabilities) -> str:
    """As long as it may be, by the platform's own way of counting."""
    text = "Äpfel 🐘 "
    while declared.count(text + "Äpfel 🐘 ") <= declared.max_text:
        text += "Äpfel 🐘 "
    while declared.count(text + "x") <= declared.max_text:
        text += "x"
    return text
