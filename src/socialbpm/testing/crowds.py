"""Crowds: thousands of people in a replay, who they are and what they answer.

The same seed gives the same answers. Pure: a crowd comes to a community as settings have it, a turnout to
responses as channels hand them in.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from fractions import Fraction
from random import Random
from typing import Any

from socialbpm.policies.ranked import rankings
from socialbpm.posts import Ask, AskKind
from socialbpm.responses import Response
from socialbpm.testing.replay_file import Crowd, Turnout


def communities(crowds: Mapping[str, Crowd]) -> dict[str, Any]:
    """The crowds as communities: everybody has an account of their own name on each channel."""
    return {
        name: {channel: people(name, crowd) for channel in crowd.channels} for name, crowd in crowds.items()
    }


def people(name: str, crowd: Crowd) -> list[str]:
    """The persons of a crowd."""
    return [f"{name}-{number:05}" for number in range(1, crowd.people + 1)]


def ballot(text: str, kind: AskKind | None) -> tuple[str, ...]:
    """A ballot as a replay writes it: a key, in a multiple poll ``A|B``, in a ranked one ``A>B=C``."""
    if kind == AskKind.RANKED:
        return rankings.parse(text)
    return tuple(text.split("|")) if kind == AskKind.MULTIPLE else (text,)


def answers(turnout: Turnout, crowd: Crowd, ask: Ask) -> Iterator[Response]:
    """All answers of a crowd to one question: first answers, then second ones, then deletions."""
    draw = Random(f"{turnout.seed} {turnout.of}")  # noqa: S311 - a replay goes the same way each time
    everybody = people(turnout.of, crowd)
    draw.shuffle(everybody)
    voters = everybody[_part(turnout.silent, len(everybody)) :]
    last: dict[str, Response] = {}
    for person in [*voters, *voters[: _part(turnout.changes, len(voters))]]:
        channel, chosen = draw.choice(crowd.channels), draw.choice(turnout.choices)
        last[person] = _response(turnout, ask, person, channel, again=person in last, chosen=chosen)
        yield last[person]
    for person in draw.sample(voters, _part(turnout.deletions, len(voters))):
        deleted = last[person]
        yield Response(
            channel=deleted.channel,
            event_id=f"{deleted.event_id}-deleted",
            account=person,
            choices=(),
            request=ask.request,
            withdraws=deleted.event_id,
        )


def _response(turnout: Turnout, ask: Ask, person: str, channel: str, *, again: bool, chosen: str) -> Response:
    event = f"{turnout.seed}-{person}-{ask.request}{'-again' if again else ''}"
    return Response(
        channel=channel,
        event_id=event,
        account=person,
        choices=ballot(chosen, ask.kind),
        request=ask.request,
        version=ask.version,
    )


def _part(share: Fraction, of: int) -> int:
    return int(share * of)
