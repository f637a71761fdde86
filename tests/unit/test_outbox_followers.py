"""Writes that follow others: whatever becomes of a post, who waited for it is looked at again."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from itertools import pairwise
from pathlib import Path

import pytest

from socialbpm.posts import Dedupe, Post, Receipt, plain
from socialbpm.tasks import MediaSource
from tests.middle import Middle, WallChannel, declared, review, status

HOUR = timedelta(hours=1)
LEASE = timedelta(seconds=60)


class Killed(BaseException):
    """A stand-in for kill -9: nothing of ours catches it."""


@pytest.fixture
def middle(tmp_path: Path) -> Middle:
    made = Middle(tmp_path / "social.db")
    made.run()
    return made


def texts(middle: Middle) -> list[str]:
    """What stands on the wall."""
    return [plain(post.text) for post in middle.wall.posts.values()]


def test_an_answer_to_a_post_that_nobody_knows_of_goes_out(tmp_path: Path) -> None:
    """It waited while that one was under way; now a person may take days, and it stands by itself."""
    middle = Middle(tmp_path / "social.db", channels={"wall": declared(dedupe=Dedupe.NONE)})
    middle.run()
    middle.open(status("first"), element="first")
    middle.wall.faults.append(("before", Killed()))
    with pytest.raises(Killed):
        middle.drain()
    middle.open(status("second", reply_to="first"), element="second")
    middle.drain()
    assert texts(middle) == []
    middle.clock.advance(LEASE)
    middle.drain()
    assert texts(middle) == ["second"]


def test_an_answer_to_a_post_whose_picture_is_bad_goes_out(middle: Middle) -> None:
    """Another branch of the process answers a post that is being prepared and then can never be posted."""
    middle.open(status("first", media=(MediaSource(src="bad.exe", alt="A map"),)), element="first")
    middle.open(status("second", reply_to="first"), element="second")
    middle.drain()
    assert texts(middle) == ["second"]


def test_an_answer_to_a_question_that_ended_unsent_goes_out(middle: Middle) -> None:
    """The question was waiting for its turn when the process left it."""
    middle.outbox.limit("wall", HOUR)
    middle.open(status("zero"), element="zero")
    middle.drain()
    asked = middle.open(review("first"), element="first")
    middle.drain()
    middle.open(status("second", reply_to="first"), element="second")
    middle.drain()
    with middle.store.begin() as conn:
        assert middle.requests.cancel(conn, asked)
    for _ in range(3):
        middle.drain()
        middle.clock.advance(HOUR)
    assert texts(middle) == ["zero", "second"]


def revised_where_nothing_can_be_edited(tmp_path: Path) -> tuple[Middle, str]:
    """A question, and below it a second version of it; since then the adapter has learnt to edit."""
    before = Middle(tmp_path / "social.db", channels={"wall": declared(can_edit=False)})
    before.run()
    request = before.open(review("one"))
    before.drain()
    before.requests.revise(request, text="two")
    before.drain()
    assert texts(before) == ["one", "two"]
    after = Middle(
        tmp_path / "social.db", clock=before.clock, walls=before.walls, channels={"wall": declared()}
    )
    return after, request


def test_two_posts_of_a_question_in_one_room_are_both_brought_to_rest(tmp_path: Path) -> None:
    """Each remote write has a key of its own, also where one room has two posts of the same question."""
    middle, request = revised_where_nothing_can_be_edited(tmp_path)
    with middle.store.begin() as conn:
        assert middle.requests.cancel(conn, request)
    middle.drain()
    assert [post.ask for post in middle.wall.posts.values()] == [None, None]


def test_two_posts_of_a_question_in_one_room_both_show_a_new_version(tmp_path: Path) -> None:
    """As when it ends: an edit for each, under its own key."""
    middle, request = revised_where_nothing_can_be_edited(tmp_path)
    middle.requests.revise(request, text="three")
    middle.drain()
    assert texts(middle) == ["three", "three"]


class SlowToFind(WallChannel):
    """While it looks for a post, other things happen."""

    capabilities = declared(dedupe=Dedupe.LOOKUP).capabilities
    during: Callable[[], None] | None = None

    def find(self, post: Post) -> Receipt | None:
        found, act, self.during = super().find(post), self.during, None
        if act is not None:
            act()
        return found


def test_who_looked_for_too_long_does_not_send(tmp_path: Path) -> None:
    """A search that outlasts the lease says nothing any more: another worker has looked, and has sent."""
    one = Middle(tmp_path / "social.db", channels={"wall": SlowToFind})
    one.run()
    one.open(status("Hello"))
    one.wall.faults.append(("before", Killed()))
    with pytest.raises(Killed):
        one.drain()
    two = Middle(tmp_path / "social.db", clock=one.clock, walls=one.walls, channels={"wall": SlowToFind})
    one.clock.advance(LEASE)

    def another_worker() -> None:
        one.clock.advance(LEASE)
        two.drain()

    one.channels["wall"].during = another_worker  # type: ignore[attr-defined]
    one.drain()
    assert texts(one) == ["Hello"]


def test_places_that_were_missed_are_not_made_up_for_at_once(middle: Middle) -> None:
    """The workers were away while the places of a rate limit went by: no burst when they are back."""
    middle.outbox.limit("wall", timedelta(seconds=10))
    requests = [middle.open(status(str(n)), element=f"e{n}") for n in range(5)]
    middle.drain()
    middle.clock.advance(HOUR)
    for _ in range(60):
        middle.drain()
        middle.clock.advance(timedelta(seconds=1))
    sent = sorted(row.sent_at for request in requests for row in middle.deliveries(request))
    gaps = [(later - earlier).total_seconds() for earlier, later in pairwise(sent)]
    assert gaps == [3600, 10, 10, 10]
