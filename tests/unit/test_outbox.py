"""The outbox: every remote write once, whoever dies in it; what cannot be known is shown, never guessed."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from socialbpm.channels.base import Channel
from socialbpm.errors import (
    AuthorizationFailed,
    NotFound,
    OutcomeUnknown,
    Rejected,
    StateError,
    TemporaryFailure,
)
from socialbpm.posts import Dedupe, Receipt, plain
from socialbpm.tasks import MediaSource
from tests.middle import Middle, Wall, declared, poll, review, status, words

HOUR = timedelta(hours=1)
LEASE = timedelta(seconds=60)


class Killed(BaseException):
    """A stand-in for kill -9: nothing of ours catches it."""


@pytest.fixture
def middle(tmp_path: Path) -> Middle:
    made = Middle(tmp_path / "social.db")
    made.run()
    return made


def with_dedupe(tmp_path: Path, dedupe: Dedupe) -> Middle:
    made = Middle(tmp_path / "social.db", channels={"wall": declared(dedupe=dedupe)})
    made.run()
    return made


def state(middle: Middle, request: str) -> list[str]:
    return [row.state for row in middle.deliveries(request)]


def later(middle: Middle, times: int = 8, step: timedelta = HOUR) -> None:
    for _ in range(times):
        middle.clock.advance(step)
        middle.drain()


def kill(middle: Middle, when: str) -> None:
    """The next call of the channel dies before or after the post stands there."""
    middle.wall.faults.append((when, Killed()))
    with pytest.raises(Killed):
        middle.drain()


# once


def test_a_post_goes_out_once(middle: Middle) -> None:
    """One write, its receipt recorded, its request posted, its run told to go on."""
    request = middle.open(status())
    middle.drain()
    later(middle)
    (row,) = middle.deliveries(request)
    assert (row.state, row.remote_id, row.url) == ("SENT", "p1", "https://wall.example/p1")
    assert middle.wall.creates == 1
    assert middle.request(request).state == "CLOSED"
    assert middle.resumed == ["run"]
    assert middle.result(request)["links"] == ["https://wall.example/p1"]


def test_keys_tell_rooms_apart_and_survive_repetition(tmp_path: Path) -> None:
    """Two rooms never share a key; the same write has the same key in any database."""
    seen = []
    for name in ("one", "two"):
        made = Middle(tmp_path / name, channels={"a": declared(), "b": declared()})
        made.run()
        seen.append([row.id for row in made.deliveries(made.open(status()))])
    assert seen[0] == seen[1]
    assert len(set(seen[0])) == 2


@pytest.mark.parametrize("when", ["before", "after"])
@pytest.mark.parametrize("dedupe", [Dedupe.KEY, Dedupe.LOOKUP])
def test_killed_while_sending_leaves_one_post(tmp_path: Path, dedupe: Dedupe, when: str) -> None:
    """Whether or not the post stood when the worker died: after the lease it stands exactly once."""
    middle = with_dedupe(tmp_path, dedupe)
    request = middle.open(status())
    kill(middle, when)
    assert state(middle, request) == ["SENDING"]
    assert middle.drain() == 0, "nobody touches it while the lease holds"
    again = Middle(
        tmp_path / "social.db",
        clock=middle.clock,
        walls=middle.walls,
        channels={"wall": type(middle.channels["wall"])},
    )
    later(again, times=1, step=LEASE)
    assert state(again, request) == ["SENT"]
    assert len(again.wall.posts) == 1
    assert [entry.kind for entry in again.audit("post.")] == ["post.unknown", "post.sent"]


@pytest.mark.parametrize("when", ["before", "after"])
def test_killed_while_sending_where_nobody_can_know(tmp_path: Path, when: str) -> None:
    """With Dedupe.NONE the delivery is unknown, stays so, and is shown to a person; nothing is sent again."""
    middle = with_dedupe(tmp_path, Dedupe.NONE)
    request = middle.open(status())
    kill(middle, when)
    later(middle)
    assert state(middle, request) == ["UNKNOWN"]
    assert middle.wall.creates == 1
    assert [entry.kind for entry in middle.audit("post.")] == ["post.unknown"]
    assert middle.request(request).state == "OPEN"
    assert middle.work.next_due() is None


@pytest.mark.parametrize("dedupe", [Dedupe.KEY, Dedupe.LOOKUP])
@pytest.mark.parametrize("error", [OutcomeUnknown("gone"), ConnectionResetError("x"), KeyError("bug")])
def test_a_lost_answer_is_reconciled(tmp_path: Path, dedupe: Dedupe, error: Exception) -> None:
    """The post stands, the answer did not come (whatever the adapter raises): one post in the end."""
    middle = with_dedupe(tmp_path, dedupe)
    request = middle.open(status())
    middle.wall.faults.append(("after", error))
    middle.drain()
    assert state(middle, request) == ["UNKNOWN"]
    later(middle, times=1)
    assert state(middle, request) == ["SENT"]
    assert len(middle.wall.posts) == 1


def test_looked_for_and_not_found_is_sent(tmp_path: Path) -> None:
    """With LOOKUP an unknown post that is not there is sent."""
    middle = with_dedupe(tmp_path, Dedupe.LOOKUP)
    request = middle.open(status())
    middle.wall.faults.append(("before", OutcomeUnknown("timeout")))
    middle.drain()
    later(middle, times=1)
    assert state(middle, request) == ["SENT"]
    assert len(middle.wall.posts) == 1


def test_a_refusal_after_a_lost_answer_says_nothing_about_the_first_try(tmp_path: Path) -> None:
    """Unknown, then refused: the first attempt may still stand, so a person has to look."""
    middle = Middle(tmp_path / "social.db", channels={"wall": declared()})
    middle.run()
    request = middle.open(status())
    middle.wall.faults += [("before", OutcomeUnknown("timeout")), ("before", Rejected("duplicate"))]
    middle.drain()
    later(middle)
    assert state(middle, request) == ["UNKNOWN"]
    assert middle.request(request).state == "OPEN"


# a person settles


def test_a_person_says_it_stands(tmp_path: Path) -> None:
    """An unknown post that stands gets its receipt by hand, and the run goes on."""
    middle = with_dedupe(tmp_path, Dedupe.NONE)
    request = middle.open(status())
    middle.wall.faults.append(("after", OutcomeUnknown("timeout")))
    middle.drain()
    (row,) = middle.deliveries(request)
    middle.outbox.settle(row.id, Receipt(remote_id="p1", url="https://wall.example/p1"))
    middle.drain()
    assert middle.request(request).state == "CLOSED"
    assert middle.wall.creates == 1


def test_a_person_says_it_does_not_stand(tmp_path: Path) -> None:
    """An unknown post that does not stand is sent again at a person's word, and only then."""
    middle = with_dedupe(tmp_path, Dedupe.NONE)
    request = middle.open(status())
    middle.wall.faults.append(("before", OutcomeUnknown("timeout")))
    middle.drain()
    (row,) = middle.deliveries(request)
    middle.outbox.settle(row.id, None)
    middle.drain()
    assert state(middle, request) == ["SENT"]
    assert len(middle.wall.posts) == 1
    with pytest.raises(StateError):
        middle.outbox.settle(row.id, None)
    with pytest.raises(NotFound):
        middle.outbox.settle("nothing", None)


# failures


def test_temporary_failures_are_tried_again_ever_later(middle: Middle) -> None:
    """Each pause is longer; no thread sleeps; in the end the post stands."""
    request = middle.open(status())
    middle.wall.faults += [("before", TemporaryFailure("busy")) for _ in range(3)]
    pauses = []
    for _ in range(3):
        middle.drain()
        due = middle.work.next_due()
        assert due is not None
        pauses.append(due - middle.clock.now())
        middle.clock.set(due)
    middle.drain()
    assert pauses == sorted(set(pauses))
    assert state(middle, request) == ["SENT"]


def test_retry_after_is_obeyed_by_the_whole_account(middle: Middle) -> None:
    """429 with Retry-After: neither this delivery nor any other of the account is sent before."""
    first = middle.open(status("one"))
    middle.wall.faults.append(("before", TemporaryFailure("slow down", retry_after=300)))
    middle.drain()
    second = middle.open(status("two"), element="other")
    middle.drain()
    middle.clock.advance(timedelta(seconds=299))
    middle.drain()
    assert middle.wall.posts == {}
    middle.clock.advance(timedelta(seconds=2))
    middle.drain()
    assert state(middle, first) + state(middle, second) == ["SENT", "SENT"]


def test_patience_ends(middle: Middle) -> None:
    """What could not be sent for a day is given up, and the task fails with delivery_failed."""
    request = middle.open(status())
    middle.wall.faults += [("before", TemporaryFailure("busy")) for _ in range(500)]
    middle.drain()
    later(middle, times=30)
    assert state(middle, request) == ["REJECTED"]
    assert middle.request(request).error == "social.delivery_failed"
    assert "given up" in middle.request(request).outcome["explanation"]


def test_a_refusal_fails_the_task(middle: Middle) -> None:
    """Rejected: no second try, error social.delivery_failed with the platform's reason, run resumed."""
    request = middle.open(status())
    middle.wall.faults.append(("before", Rejected("not allowed here")))
    middle.drain()
    later(middle, times=2)
    assert middle.wall.creates == 1
    row = middle.request(request)
    assert (row.state, row.error) == ("CLOSED", "social.delivery_failed")
    assert "not allowed here" in row.outcome["explanation"]
    assert middle.resumed == ["run"]


def test_a_bad_token_pauses_the_account(middle: Middle) -> None:
    """Parked with reason, also what comes next, without a call; resumed by a person, all goes out."""
    first = middle.open(status("one"))
    middle.wall.faults.append(("before", AuthorizationFailed("token expired")))
    middle.drain()
    second = middle.open(status("two"), element="other")
    middle.drain()
    assert middle.wall.creates == 1
    rows = middle.deliveries(first) + middle.deliveries(second)
    assert [(row.state, row.error) for row in rows] == [("PARKED", "account paused: token expired")] * 2
    assert middle.outbox.resume("wall") == 2
    middle.drain()
    assert state(middle, first) + state(middle, second) == ["SENT", "SENT"]


def test_an_unbound_channel_parks_what_waits_for_it(middle: Middle) -> None:
    """The channel is gone from the settings: parked with the reason; connected again, it goes out."""
    request = middle.open(status())
    channel = middle.channels.pop("wall")
    middle.drain()
    (row,) = middle.deliveries(request)
    assert row.state == "PARKED"
    assert "channel 'wall' is not connected" in row.error
    middle.channels["wall"] = channel
    middle.outbox.retry(row.id)
    middle.drain()
    assert state(middle, request) == ["SENT"]


def test_require_says_how_many_must_have_it(tmp_path: Path) -> None:
    """require=any is content with one; all fails with one refusal; n counts."""
    for require, outcome in (("any", "posted"), (1, "posted"), ("all", "")):
        made = Middle(tmp_path / f"{require}.db", channels={"a": declared(), "b": declared()})
        made.run()
        made.walls["a"].faults.append(("before", Rejected("no")))
        request = made.open(status(require=require))
        made.drain()
        assert made.request(request).outcome["outcome"] == outcome, require
        assert sorted(state(made, request)) == ["REJECTED", "SENT"]


# rates


def test_rate_limits_are_kept_over_all_workers(tmp_path: Path) -> None:
    """Two workers on one database, one account, ten seconds per write: no two writes are closer."""
    one = Middle(tmp_path / "social.db")
    one.run()
    two = Middle(tmp_path / "social.db", clock=one.clock, walls=one.walls)
    one.outbox.limit("wall", timedelta(seconds=10))
    requests = [one.open(status(str(n)), element=f"e{n}") for n in range(5)]
    start = one.clock.now()
    for _ in range(60):
        one.drain()
        two.drain()
        one.clock.advance(timedelta(seconds=1))
    sent = sorted(row.sent_at - start for request in requests for row in one.deliveries(request))
    assert [moment.total_seconds() for moment in sent] == [0, 10, 20, 30, 40]


def test_a_second_try_takes_a_place_of_its_own(middle: Middle) -> None:
    """A write that failed in its place reserves again: its second try keeps its distance too."""
    middle.outbox.limit("wall", timedelta(seconds=10))
    requests = [middle.open(status(str(n)), element=f"e{n}") for n in range(3)]
    middle.drain()
    middle.wall.faults.append(("before", TemporaryFailure("busy")))
    start = middle.clock.now()
    for _ in range(60):
        middle.clock.advance(timedelta(seconds=1))
        middle.drain()
    sent = sorted(row.sent_at - start for request in requests for row in middle.deliveries(request))
    assert [moment.total_seconds() for moment in sent] == [0, 20, 30]


def test_scheduled_posts_wait_for_their_time(middle: Middle) -> None:
    """``at`` is the earliest time, to the second."""
    at = middle.clock.now() + timedelta(days=2)
    request = middle.open(status(at=at))
    middle.drain()
    middle.clock.set(at - timedelta(seconds=1))
    middle.drain()
    assert middle.wall.posts == {}
    middle.clock.set(at)
    middle.drain()
    assert state(middle, request) == ["SENT"]


# edits


def card(middle: Middle, text: str, element: str, **more: Any) -> str:
    request = middle.open(status(text, edit="card", **more), element=element)
    middle.clock.advance(1)
    return request


def seen(wall: Wall) -> list[str]:
    return [plain(post.text) for post in wall.posts.values()]


def test_a_card_is_edited_in_place(middle: Middle) -> None:
    """A later postStatus edits the first one's post; an edit of an edit goes to the same post."""
    middle.open(status("draft"), element="card")
    middle.drain()
    card(middle, "in review", "second")
    middle.drain()
    middle.open(status("done", edit="second"), element="third")
    middle.drain()
    assert seen(middle.wall) == ["done"]
    assert (middle.wall.creates, middle.wall.edits) == (1, 2)


def test_the_newest_edit_wins(middle: Middle) -> None:
    """Edits that pile up behind a slow create: only the newest is sent, the older ones count as posted."""
    middle.open(status("draft"), element="card")
    middle.wall.faults.append(("before", TemporaryFailure("busy")))
    middle.drain()
    older, newer = card(middle, "older", "second"), card(middle, "newer", "third")
    middle.drain()
    later(middle, times=1)
    assert seen(middle.wall) == ["newer"]
    assert middle.wall.edits == 1
    assert (state(middle, older), state(middle, newer)) == (["SKIPPED"], ["SENT"])
    assert middle.request(older).outcome["outcome"] == "posted"


@pytest.mark.parametrize("first", [0, 1])
def test_an_overtaken_edit_counts_as_posted(middle: Middle, first: int) -> None:
    """Whichever of two edits a worker takes first: the newer is shown, and both requests end."""
    middle.open(status("draft"), element="card")
    middle.drain()
    requests = [card(middle, "older", "second"), card(middle, "newer", "third")]
    (delivery,) = middle.deliveries(requests[first])
    middle.work.perform(f"deliver:{delivery.id}")
    middle.drain()
    assert seen(middle.wall) == ["newer"]
    assert [middle.request(request).state for request in requests] == ["CLOSED", "CLOSED"]


def test_an_edit_waits_while_the_create_is_unknown(tmp_path: Path) -> None:
    """Nobody edits a post that may not stand; once it is settled the edit follows by itself."""
    middle = with_dedupe(tmp_path, Dedupe.NONE)
    first = middle.open(status("draft"), element="card")
    middle.wall.faults.append(("after", OutcomeUnknown("timeout")))
    middle.drain()
    second = card(middle, "done", "second")
    middle.drain()
    assert state(middle, second) == ["DUE"]
    middle.outbox.settle(middle.deliveries(first)[0].id, Receipt(remote_id="p1"))
    middle.drain()
    assert seen(middle.wall) == ["done"]


def test_an_edit_of_a_post_that_was_refused_starts_a_new_one(middle: Middle) -> None:
    """Where the card never stood, the next stage posts it."""
    middle.open(status("draft"), element="card")
    middle.wall.faults.append(("before", Rejected("no")))
    middle.drain()
    card(middle, "in review", "second")
    middle.drain()
    assert seen(middle.wall) == ["in review"]


def test_an_edit_whose_create_is_refused_meanwhile_fails(middle: Middle) -> None:
    """The edit waited for a create that was then refused: it has nothing to change."""
    middle.open(status("draft"), element="card")
    second = card(middle, "in review", "second")
    middle.wall.faults.append(("before", Rejected("no")))
    middle.drain()
    assert state(middle, second) == ["REJECTED"]
    assert middle.request(second).error == "social.delivery_failed"


@pytest.mark.parametrize(("on_no_edit", "expected"), [("reply", ["draft", "done"]), ("skip", ["draft"])])
def test_where_a_channel_cannot_edit(tmp_path: Path, on_no_edit: str, expected: list[str]) -> None:
    """onNoEdit: an answer below the post, or nothing; both count as posted."""
    middle = Middle(tmp_path / "social.db", channels={"wall": declared(can_edit=False)})
    middle.run()
    middle.open(status("draft"), element="card")
    middle.drain()
    second = card(middle, "done", "second", on_no_edit=on_no_edit)
    middle.drain()
    assert seen(middle.wall) == expected
    assert middle.request(second).outcome["outcome"] == "posted"
    if on_no_edit == "reply":
        assert middle.wall.posts["p2"].reply_to == "p1"


@pytest.mark.parametrize("when", ["before", "after"])
def test_a_killed_edit_is_simply_repeated(middle: Middle, when: str) -> None:
    """Edits need no dedupe: after the lease the edit is made again."""
    middle.open(status("draft"), element="card")
    middle.drain()
    second = card(middle, "done", "second")
    kill(middle, when)
    later(middle, times=1, step=LEASE)
    assert seen(middle.wall) == ["done"]
    assert state(middle, second) == ["SENT"]


def test_one_write_to_a_post_at_a_time(middle: Middle, tmp_path: Path) -> None:
    """While one worker is inside an edit, another starts no second edit of that post."""
    middle.open(status("draft"), element="card")
    middle.drain()
    first, second = card(middle, "one", "second"), ""
    other = Middle(tmp_path / "social.db", clock=middle.clock, walls=middle.walls)
    inside: list[list[str]] = []

    def while_editing() -> None:
        nonlocal second
        second = card(other, "two", "third")
        other.drain()
        inside.append([*state(other, first), *state(other, second)])

    _during_next_write(middle, while_editing)
    middle.drain()
    assert inside == [["SENDING", "DUE"]]
    assert seen(middle.wall) == ["two"]
    assert state(middle, second) == ["SENT"]


def _during_next_write(middle: Middle, act: Callable[[], None]) -> None:
    """Have ``act`` called while the channel is at its next edit."""
    channel: Any = middle.channels["wall"]

    class Slow(type(channel)):  # type: ignore[misc]
        def edit(self, receipt: Receipt, post: Any) -> Receipt:
            self.__class__ = type(channel)
            act()
            return super().edit(receipt, post) if isinstance(self, Slow) else self.edit(receipt, post)

    slow: Channel = Slow(channel.connection)
    slow.wall = channel.wall  # type: ignore[attr-defined]
    middle.channels["wall"] = slow


# threads


def test_a_reply_goes_below_the_post_it_names(middle: Middle) -> None:
    """replyTo names an earlier element; the answer is sent after that post and carries its remote id."""
    middle.wall.faults.append(("before", TemporaryFailure("busy")))
    middle.open(status("first"), element="first")
    middle.drain()
    second = middle.open(status("second", reply_to="first"), element="second")
    middle.drain()
    assert state(middle, second) == ["DUE"], "it waits for the post that it answers"
    later(middle, times=1)
    assert [post.reply_to for post in middle.wall.posts.values()] == ["", "p1"]


def test_a_reply_to_nothing_stands_alone(middle: Middle) -> None:
    """The element named was never reached, or its post was refused: the text still goes out."""
    middle.open(status("second", reply_to="never"), element="second")
    middle.drain()
    middle.wall.faults.append(("before", Rejected("no")))
    middle.open(status("refused"), element="first")
    middle.drain()
    middle.open(status("third", reply_to="first"), element="third")
    middle.drain()
    assert all(post.reply_to == "" for post in middle.wall.posts.values())


def test_a_new_round_goes_below_the_last(middle: Middle) -> None:
    """A loop opens a new request; its post answers that of the round before."""
    for occurrence in range(3):
        request = middle.open(review(), address=f"loop/ask~{occurrence}", occurrence=occurrence)
        middle.drain()
        middle.answer(request, "ada", "changes")
        middle.drain()
        middle.clock.advance(1)
    assert [post.reply_to for post in middle.wall.posts.values()] == ["", "p1", "p2"]


def test_channels_without_threads_get_no_address(tmp_path: Path) -> None:
    """can_thread is not declared: replyTo is left out."""
    middle = Middle(tmp_path / "social.db", channels={"wall": declared(can_thread=False)})
    middle.run()
    middle.open(status("first"), element="first")
    middle.open(status("second", reply_to="first"), element="second")
    middle.drain()
    assert [post.reply_to for post in middle.wall.posts.values()] == ["", ""]


# texts


def test_wording_and_disclosure(tmp_path: Path) -> None:
    """Each kind of channel gets its wording; the disclosure stands first everywhere."""
    middle = Middle(
        tmp_path / "social.db", channels={"a": declared(network="x"), "b": declared(network="other")}
    )
    middle.run()
    texts = (words("a long text"), words("short", network="x"))
    middle.open(status(texts=texts, disclosure="Advertisement"))
    middle.drain()
    assert seen(middle.walls["a"]) == ["Advertisement\nshort"]
    assert seen(middle.walls["b"]) == ["Advertisement\na long text"]


# media


def picture(src: str = "map.png") -> MediaSource:
    return MediaSource(src=src, alt="A map")


def test_media_are_frozen_before_the_first_send(middle: Middle) -> None:
    """A post with pictures is prepared first; what is sent has references and alt texts."""
    request = middle.open(status(media=(picture(),)))
    assert state(middle, request) == ["PREPARING"]
    middle.drain()
    (media,) = middle.wall.posts["p1"].media
    assert (media.ref, media.alt) == ("media:frozen/map.png", "A map")
    assert "sources" not in middle.deliveries(request)[0].post


def test_a_picture_that_cannot_be_posted_fails_the_task(middle: Middle) -> None:
    """social.invalid with the reason; nothing has been posted."""
    request = middle.open(poll(media=(picture("bad.exe"),)))
    middle.drain()
    row = middle.request(request)
    assert (row.state, row.error) == ("CLOSED", "social.invalid")
    assert "bad.exe" in row.outcome["explanation"]
    assert middle.wall.posts == {}
    assert middle.resumed == ["run"]
