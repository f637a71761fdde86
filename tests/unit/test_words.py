"""Answers in words, from a channel without buttons: read once it is known which question they answer."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from socialbpm.errors import OutcomeUnknown
from socialbpm.posts import Choice
from socialbpm.responses import Response
from tests.middle import Middle, poll, review, status

RANKED: dict[str, Any] = {
    "ballot": "ranked",
    "policy": "schulze",
    "choices": tuple(Choice(key=key, label=key.title()) for key in ("north", "south", "east")),
}


@pytest.fixture
def middle(tmp_path: Path) -> Middle:
    made = Middle(tmp_path / "social.db")
    made.run()
    return made


def written(middle: Middle, person: str, words: str, **about: str) -> Any:
    """What came of it when a person wrote this on the wall."""
    given = Response(
        channel="wall", event_id=f"{person} {words}", account=f"@{person}", choices=(), words=words, **about
    )
    (reply,) = middle.inbox.accept("wall", [given])
    return reply


def test_words_are_the_ballot_that_they_say(middle: Middle) -> None:
    """By sign or by number, with a reason or without: all are rankings of the same poll."""
    request = middle.open(poll(**RANKED))
    middle.drain()
    for person, words in (("ada", "South > north"), ("grace", "1. south 2. East\nit is flat")):
        assert written(middle, person, words, request=request).standing == "received"
    middle.drain()
    middle.clock.advance(poll().deadline)
    middle.drain()
    result = middle.result(request)
    assert (result["winner"], result["counts"]) == ("south", {"north": 0, "south": 2, "east": 0})


def test_words_that_cannot_be_read_are_spoiled_and_the_person_is_told_how_to_write(middle: Middle) -> None:
    """At once, with an example; what they said before stands."""
    request = middle.open(review(policy="n_of_m", n=2))
    middle.drain()
    written(middle, "ada", "approve", request=request)
    reply = written(middle, "ada", "looks fine to me", request=request)
    middle.drain()
    assert reply.standing == "spoiled"
    assert "write for example: approve" in reply.reason
    assert middle.standings(request) == {"accepted": 1, "spoiled": 1}


def test_words_about_a_post_that_asks_nothing_are_no_answer(middle: Middle) -> None:
    """Somebody replies to a status."""
    request = middle.open(status())
    middle.drain()
    assert written(middle, "ada", "nice!", request=request).standing in ("late", "spoiled")


def test_words_wait_with_the_post_that_they_answer(middle: Middle) -> None:
    """Whoever answers before we know of our own post is heard as soon as we do."""
    middle.wall.faults = [("after", OutcomeUnknown("no answer"))]
    request = middle.open(poll(**RANKED))
    middle.engine.drain()
    assert written(middle, "ada", "east: near", in_reply_to="p1").standing in ("waiting", "received")
    middle.drain()
    middle.clock.advance(poll().deadline / 2)
    middle.drain()
    assert middle.standings(request) == {"accepted": 1}
    middle.clock.advance(poll().deadline)
    middle.drain()
    assert middle.result(request)["winner"] == "east"
