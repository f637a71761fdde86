"""Scripted faults: what happens on the platform, and what we are told of it."""

from __future__ import annotations

from pathlib import Path

import pytest

import socialbpm
from socialbpm.errors import ChannelError, OutcomeUnknown, Rejected, TemporaryFailure
from socialbpm.posts import Destination, Post, Span
from socialbpm.testing.faulty import Faults
from socialbpm.testing.loopback import LoopbackServer
from socialbpm.testing.replay_file import Fault

CLUB = Destination(channel="loop", room="club")
OTHER = Destination(channel="loop", room="other")


def post(key: str, destination: Destination = CLUB) -> Post:
    return Post(key=key, destination=destination, text=(Span("Hello"),))


@pytest.mark.parametrize(
    ("fault", "error", "standing"),
    [
        (Fault.REJECTED, Rejected, 0),
        (Fault.TEMPORARY, TemporaryFailure, 0),
        (Fault.DROPPED, OutcomeUnknown, 1),
        (Fault.LOST, OutcomeUnknown, 0),
    ],
)
def test_a_fault_is_what_its_name_says(
    tmp_path: Path, fault: Fault, error: type[ChannelError], standing: int
) -> None:
    """Each strikes as often as planned and only there; afterwards the real channel answers."""
    faults = Faults()
    faults.plan(frozenset({CLUB}), fault, 2)
    with LoopbackServer(str(tmp_path / "loop.db"), mode="none") as server:
        connected = {"loop": {"adapter": "loopback", "url": server.url, "mode": "none"}}
        with socialbpm.open(f"sqlite:///{tmp_path / 'social.db'}", channels=connected) as social:
            channel = faults.in_front_of(social.channels["loop"])
            channel.publish(post("a", OTHER))
            for key in "bc":
                with pytest.raises(error):
                    channel.publish(post(key))
            assert len(server.posts()) == 1 + 2 * standing
            assert channel.publish(post("d")).remote_id
            assert channel.capabilities == social.channels["loop"].capabilities
