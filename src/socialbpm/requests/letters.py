"""What is said to single persons. Pure: words in, words out."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import NamedTuple

from socialbpm.channels.base import Channel
from socialbpm.outbox import drafts
from socialbpm.outcomes.closings import written
from socialbpm.people import Account
from socialbpm.posts import Capabilities, Destination, Span, Text, plain
from socialbpm.tasks import Asking, PostStatus


class Reach(NamedTuple):
    """How a person is reached alone: the room, and what its channel can carry."""

    destination: Destination
    capabilities: Capabilities


def reaches(
    accounts: Sequence[Account], channels: Mapping[str, Channel], asked_on: Sequence[str]
) -> list[Reach]:
    """Every way to reach the owner of these accounts alone, the best first.

    That is a channel on which the question stands, then any other platform, then our own pages.
    """
    private = [
        each for each in accounts if (known := channels.get(each.channel)) and known.capabilities.private
    ]

    def rank(account: Account) -> tuple[bool, bool, str, str]:
        ours = channels[account.channel].capabilities.network == "local"
        return ours, account.channel not in asked_on, account.channel, account.id

    return [_reach(each, channels[each.channel]) for each in sorted(private, key=rank)]


def reminder(task: Asking, can: Capabilities, ends_at: datetime | None, link: str) -> Text:
    """That an answer is awaited, to what, until when and where; the question is cut where it must be."""
    until = f"\nUntil {written(ends_at)}." if ends_at else ""
    end = Span(until + (f"\n{link}" if link else ""))
    begin = Span("Your answer is still awaited:\n")
    room = can.max_text - can.count(begin.text + end.text)
    return (begin, *_cut(drafts.wording(task, can.network), can, room), end)


class Shown(NamedTuple):
    """A text that is to go out, and where."""

    place: Destination
    text: Text


def approval(task: PostStatus, shown: Sequence[Shown]) -> Text:
    """That approval is awaited, and of what: every text as it will stand, with the places it is for.

    The pictures go with it as they are; their alt texts stand in words, for those who read them are asked.
    """
    number = "One person" if task.approval == 1 else f"{task.approval} people"
    said: list[Span] = [Span(f"{number} must approve this before it is published.")]
    places: dict[Text, list[str]] = {}
    for destination, text in shown:
        places.setdefault(text, []).append(f"{destination.room} ({destination.channel})")
    for text, names in places.items():
        said += [Span(f"\n\nTo {', '.join(names)}:\n"), *text]
    for number_, each in enumerate(task.media, start=1):
        said += [Span(f"\n\nPicture {number_} shows: "), Span(each.alt, authored=False)]
    return tuple(said)


def _reach(account: Account, channel: Channel) -> Reach:
    place = Destination(channel=account.channel, room=channel.private_room(account.id))
    return Reach(place, channel.capabilities)


def _cut(text: Text, can: Capabilities, room: int) -> Text:
    if can.count(plain(text)) <= room:
        return text
    words = plain(text)
    while words and can.count(words + "…") > room:
        words = words[:-1]
    return (Span(words + "…", authored=False),)
