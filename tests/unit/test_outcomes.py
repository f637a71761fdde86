"""Outcomes.

Each response gets one standing, each request one end, and no post keeps a question that has ended.
"""

from __future__ import annotations

import random
import threading
from datetime import timedelta
from fractions import Fraction
from pathlib import Path
from typing import Any

import pytest

from socialbpm.errors import NotFound, OutcomeUnknown, TemporaryFailure
from socialbpm.posts import Dedupe, Receipt
from socialbpm.responses import Response, Standing
from tests.middle import Middle, declared, poll, review, statements, status

HOUR, DAY = timedelta(hours=1), timedelta(days=1)


@pytest.fixture
def middle(tmp_path: Path) -> Middle:
    made = Middle(tmp_path / "social.db")
    made.run()
    return made


def opened(middle: Middle, task: Any, **more: Any) -> str:
    request = middle.open(task, **more)
    middle.drain()
    return request


def check_sum(middle: Middle, request: str, received: int) -> None:
    """The law of the books.

    Every response has exactly one standing, and the kept figures are the true ones.
    """
    rows = middle.standings(request)
    assert sum(rows.values()) == received
    kept = {name: number for name, number in middle.request(request).standings.items() if number}
    assert kept == rows


# decisions


def test_the_first_verdict_decides_a_review(middle: Middle) -> None:
    """Default review: one verdict closes it; the result names outcome, counts and links."""
    request = opened(middle, review())
    middle.answer(request, "grace", "approve")
    middle.drain()
    result = middle.result(request)
    assert result["outcome"] == "approved"
    assert result["counts"] == {"approve": 1, "changes": 0, "reject": 0}
    assert (result["ballots"], result["eligible"], result["winner"]) == (1, 3, "approve")
    assert result["links"] == ["https://wall.example/p1"]
    assert middle.resumed == ["run"]


def test_the_result_has_the_documented_keys_and_no_others(middle: Middle) -> None:
    """Flat JSON, schema-checked; reasons and voters only where the model includes them."""
    request = opened(middle, review(include=frozenset({"reasons", "voters"})))
    middle.answer(request, "grace", "approve", comment="Good " * 100)
    middle.drain()
    result = middle.result(request)
    assert result["reasons"] == [{"choice": "approve", "comment": ("Good " * 100)[:280]}]
    assert result["voters"] == [{"person": "grace", "choices": ["approve"]}]
    plain = opened(middle, review(), element="other")
    middle.answer(plain, "grace", "approve", comment="Good")
    middle.drain()
    assert set(middle.result(plain)) == set(result) - {"reasons", "voters"}
    with pytest.raises(NotFound):
        middle.result("nothing")


def test_a_poll_closes_at_its_deadline(middle: Middle) -> None:
    """Not before, and with what has been received until then."""
    request = opened(middle, poll(deadline=3 * DAY))
    middle.answer(request, "ada", "north")
    middle.answer(request, "grace", "south")
    middle.answer(request, "linus", "north")
    middle.clock.advance(3 * DAY - timedelta(seconds=1))
    middle.drain()
    assert middle.request(request).state == "OPEN"
    middle.clock.advance(timedelta(seconds=1))
    middle.drain()
    assert middle.result(request)["winner"] == "north"
    assert middle.result(request)["outcome"] == "decided"


@pytest.mark.parametrize(
    ("task", "votes", "outcome"),
    [
        (poll(), [], "no_votes"),
        (poll(quorum=3), ["north"], "no_quorum"),
        (poll(), ["north", "south"], "tie"),
        (poll(policy="threshold", threshold=Fraction(2, 3)), ["north", "south"], "undecided"),
        (review(policy="n_of_m", n=2, deadline=DAY), [], "expired"),
        (review(policy="n_of_m", n=2, close="deadline", deadline=DAY), ["changes", "reject"], "rejected"),
    ],
)
def test_how_silence_and_disagreement_end(middle: Middle, task: Any, votes: list[str], outcome: str) -> None:
    """Each way to end at the deadline is an outcome of its own."""
    request = opened(middle, task)
    for person, vote in zip(("ada", "grace", "linus"), votes, strict=False):
        middle.answer(request, person, vote)
    middle.drain()
    middle.clock.advance(4 * DAY)
    middle.drain()
    assert middle.result(request)["outcome"] == outcome


def test_decided_closes_when_nothing_can_change_it(middle: Middle) -> None:
    """close=decided: with final ballots the second of three votes ends a plurality."""
    request = opened(middle, poll(close="decided", ballots="final"))
    middle.answer(request, "ada", "north")
    middle.drain()
    assert middle.request(request).state == "OPEN"
    middle.answer(request, "grace", "north")
    middle.drain()
    assert middle.result(request)["winner"] == "north"


def test_raise_on_turns_an_outcome_into_an_error(middle: Middle) -> None:
    """raiseOn names outcomes: the request ends with the error code and keeps its outcome."""
    request = opened(middle, poll(raise_on=("no_votes",)))
    middle.clock.advance(4 * DAY)
    middle.drain()
    row = middle.request(request)
    assert (row.error, row.outcome["outcome"]) == ("social.no_votes", "no_votes")


def test_weights_and_casting_vote(tmp_path: Path) -> None:
    """Ballots count with their weight; at a tie the person with the casting vote decides."""
    middle = Middle(tmp_path / "social.db", weights={"ada": Fraction(2)})
    middle.run()
    request = opened(middle, poll(tie="casting_vote", casting_vote="ada"))
    middle.answer(request, "ada", "south")
    middle.answer(request, "grace", "north")
    middle.answer(request, "linus", "north")
    middle.clock.advance(4 * DAY)
    middle.drain()
    assert middle.result(request)["winner"] == "south"
    assert middle.result(request)["counts"] == {"north": 2, "south": 1}


# standings


def test_every_standing_with_its_reason(middle: Middle) -> None:
    """One response of each kind; each has its standing and a reason in words; all together they are all."""
    request = opened(middle, poll(author="linus"))
    middle.answer(request, "ada", "north")
    middle.answer(request, "ada", "south")
    middle.answer(request, "grace", "north")
    middle.answer(request, "grace")
    middle.answer(request, "linus", "north")
    middle.answer(request, "eve", "north")
    middle.answer(request, "ada", "west")
    middle.answer(request, "ada", "north", "south")
    middle.answer(request, "ada", "north", version=7)
    middle.answer(request, "grace")
    middle.drain()
    assert middle.reasons(request) == [
        ("superseded", "replaced by a later answer"),
        ("accepted", ""),
        ("withdrawn", "taken back by its voter"),
        ("withdrawn", "takes an answer back"),
        ("ineligible", "the author cannot answer about their own work"),
        ("ineligible", "not on the roll of those who may answer"),
        ("spoiled", "'west' is not one of the choices"),
        ("spoiled", "more than one choice where one is asked for"),
        ("spoiled", "about version 7, but version 1 is open"),
        ("withdrawn", "there was no answer to take back"),
    ]
    check_sum(middle, request, 10)
    assert middle.request(request).counted["heads"] == {"south": 1}


def test_the_author_may_answer_where_the_model_says_so(middle: Middle) -> None:
    """excludeAuthor=false puts the author back on the roll."""
    request = opened(middle, review(author="linus", exclude_author=False))
    middle.answer(request, "linus", "approve")
    middle.drain()
    assert middle.result(request)["outcome"] == "approved"


def test_final_ballots_cannot_be_changed(middle: Middle) -> None:
    """ballots=final: the first stands, a change or a withdrawal is spoiled."""
    request = opened(middle, poll(ballots="final"))
    middle.answer(request, "ada", "north")
    middle.answer(request, "ada", "south")
    middle.answer(request, "ada")
    middle.drain()
    assert [standing for standing, _ in middle.reasons(request)] == ["accepted", "spoiled", "spoiled"]
    assert middle.request(request).counted["heads"] == {"north": 1}


def test_late_is_at_or_after_the_end(middle: Middle) -> None:
    """By receipt: one microsecond before the end counts, the end itself does not, whenever it is tallied."""
    request = opened(middle, poll(deadline=DAY))
    ends_at = middle.request(request).ends_at
    middle.clock.set(ends_at - timedelta(microseconds=1))
    middle.answer(request, "ada", "north")
    middle.clock.set(ends_at)
    middle.answer(request, "grace", "south")
    middle.clock.advance(DAY)
    middle.drain()
    middle.answer(request, "linus", "south")
    middle.drain()
    assert [standing for standing, _ in middle.reasons(request)] == ["accepted", "late", "late"]
    assert middle.result(request)["winner"] == "north"
    check_sum(middle, request, 3)


def test_what_comes_behind_the_deciding_answer_is_late(middle: Middle) -> None:
    """first_crossing depends on order: in one batch, what follows the deciding answer no longer counts."""
    request = opened(middle, review())
    middle.answer(request, "ada", "approve")
    middle.answer(request, "grace", "reject")
    middle.drain()
    assert middle.result(request)["outcome"] == "approved"
    assert middle.reasons(request)[1] == ("late", "an earlier answer had decided the request")
    check_sum(middle, request, 2)


def test_answers_to_a_cancelled_request_are_late(middle: Middle) -> None:
    """They are recorded and answered, and change nothing."""
    request = opened(middle, poll())
    with middle.store.begin() as conn:
        middle.requests.cancel(conn, request, "the ride is off")
    reply = middle.answer(request, "ada", "north")
    middle.drain()
    assert (reply.standing, reply.reason) == ("late", "the request was cancelled")
    assert middle.reasons(request) == [("late", "the request was cancelled")]
    assert middle.request(request).state == "CANCELLED"


def test_an_answer_to_a_status_is_recorded_as_no_ballot(middle: Middle) -> None:
    """Nothing was asked: nobody is on the roll."""
    request = middle.open(status())
    middle.answer(request, "ada", "north")
    middle.drain()
    assert middle.standings(request) == {"ineligible": 1}
    assert middle.result(request)["outcome"] == "posted"


def test_the_books_balance_whatever_comes_in(middle: Middle) -> None:
    """Hundreds of random answers, tallied at random moments: the books balance.

    The sum of standings is what was received, and the running count is that of the accepted rows.
    """
    dice = random.Random(7)
    request = opened(middle, poll(deadline=DAY, ballot="multiple"))
    received = 0
    for _ in range(400):
        person = dice.choice(["ada", "grace", "linus", "eve"])
        choices = dice.sample(["north", "south", "west"], dice.randint(0, 2))
        middle.answer(request, person, *choices, version=dice.choice([0, 0, 1, 2]))
        received += 1
        if dice.random() < 0.1:
            middle.drain()
        middle.clock.advance(timedelta(minutes=4))
    middle.drain()
    check_sum(middle, request, received)
    accepted = middle.standings(request).get("accepted", 0)
    assert middle.request(request).counted["ballots"] == accepted
    assert middle.standings(request)["late"] > 0


def test_order_of_tallies_changes_nothing(tmp_path: Path) -> None:
    """Tallied one by one or all at once: the same outcome and the same standings."""
    seen = []
    for name, each in (("one", True), ("all", False)):
        made = Middle(tmp_path / name)
        made.run()
        request = opened(made, poll(deadline=DAY))
        for person, vote in (("ada", "north"), ("grace", "south"), ("ada", "south"), ("linus", "north")):
            made.answer(request, person, vote)
            if each:
                made.drain()
        made.clock.advance(DAY)
        made.drain()
        seen.append((made.result(request), made.reasons(request)))
    assert seen[0] == seen[1]


def test_two_last_votes_at_once_close_once(tmp_path: Path) -> None:
    """Two workers, two concurrent last votes: one outcome, one resume; neither sees n - 1."""
    path = tmp_path / "social.db"
    one = Middle(path)
    one.run()
    request = opened(one, review(policy="n_of_m", n=2))
    two = Middle(path, clock=one.clock, walls=one.walls)
    barrier = threading.Barrier(2)

    def vote(middle: Middle, person: str, event_id: str) -> None:
        barrier.wait()
        middle.answer(request, person, "approve", event_id=event_id)
        middle.drain()

    threads = [
        threading.Thread(target=vote, args=(one, "ada", "x1")),
        threading.Thread(target=vote, args=(two, "grace", "x2")),
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    one.drain()
    assert one.request(request).state == "CLOSED"
    assert len(one.audit("request.closed")) == 1
    assert one.resumed + two.resumed == ["run"]
    assert one.result(request)["ballots"] == 2


# time


def test_the_clock_starts_at_the_receipts(middle: Middle) -> None:
    """A deadline in days counts from when the required posts stand, not from when the request opened."""
    middle.wall.faults += [("before", TemporaryFailure("busy", retry_after=7200))]
    request = opened(middle, poll(deadline=DAY))
    assert middle.request(request).ends_at is None
    middle.clock.advance(2 * HOUR)
    middle.drain()
    stood = middle.clock.now()
    row = middle.request(request)
    assert (row.stands_at, row.deadline, row.ends_at) == (stood, stood + DAY, stood + DAY)


def test_the_clock_starts_when_enough_receipts_stand(tmp_path: Path) -> None:
    """require=any: at the first receipt; require=all: at the last."""
    for require, hours in (("any", 0), ("all", 2)):
        middle = Middle(tmp_path / f"{require}.db", channels={"a": declared(), "b": declared()})
        middle.run()
        start = middle.clock.now()
        middle.walls["b"].faults += [("before", TemporaryFailure("busy", retry_after=7200))]
        request = middle.open(poll(require=require, deadline=DAY))
        for row in middle.deliveries(request):
            middle.work.perform(f"deliver:{row.id}")
        middle.clock.advance(2 * HOUR)
        for row in middle.deliveries(request):
            middle.work.perform(f"deliver:{row.id}")
        middle.drain()
        assert middle.request(request).stands_at == start + hours * HOUR


def test_silence_counts_for_nothing_until_the_posts_stand(tmp_path: Path) -> None:
    """A fixed deadline passes while the post is unknown and nobody has answered.

    The request waits for a person.
    """
    middle = Middle(tmp_path / "social.db", channels={"wall": declared(dedupe=Dedupe.NONE)})
    middle.run()
    middle.wall.faults.append(("after", OutcomeUnknown("timeout")))
    request = opened(middle, poll(deadline=middle.clock.now() + DAY))
    middle.clock.advance(2 * DAY)
    middle.drain()
    assert middle.request(request).state == "OPEN"
    middle.outbox.settle(middle.deliveries(request)[0].id, Receipt(remote_id="p1"))
    middle.drain()
    assert middle.result(request)["outcome"] == "no_votes"


def test_a_boundary_timer_ends_the_counting_but_not_the_request(middle: Middle) -> None:
    """An interrupting timer is the engine's to fire.

    Answers after it are late, but it closes nothing here.
    """
    request = opened(middle, poll(deadline=3 * DAY), ends_at=middle.clock.now() + DAY)
    middle.answer(request, "ada", "north")
    middle.clock.advance(DAY)
    middle.answer(request, "grace", "north")
    middle.drain()
    assert middle.request(request).state == "OPEN"
    assert [standing for standing, _ in middle.reasons(request)] == ["accepted", "late"]
    middle.clock.advance(5 * DAY)
    middle.drain()
    assert middle.request(request).state == "OPEN"


def test_within_the_grace_the_platforms_date_counts(middle: Middle) -> None:
    """An answer dated before the deadline and read within the grace counts.

    The request is CLOSING until then.
    """
    request = opened(middle, poll(deadline=DAY, grace=HOUR))
    ends_at = middle.request(request).ends_at
    middle.clock.set(ends_at + timedelta(minutes=10))
    middle.answer(request, "ada", "north", at=ends_at - timedelta(minutes=1))
    middle.answer(request, "grace", "south", at=ends_at + timedelta(minutes=1))
    middle.answer(request, "linus", "south")
    middle.drain()
    assert middle.request(request).state == "CLOSING"
    middle.clock.set(ends_at + HOUR)
    middle.answer(request, "grace", "south", at=ends_at - timedelta(minutes=1))
    middle.drain()
    assert [standing for standing, _ in middle.reasons(request)] == ["accepted", "late", "late", "late"]
    assert middle.result(request)["winner"] == "north"


def test_a_worker_that_was_away_decides_as_if_it_had_not_been(middle: Middle) -> None:
    """Answers before and after the deadline, all tallied days later: the same as if tallied at once."""
    request = opened(middle, poll(deadline=DAY))
    middle.answer(request, "ada", "north")
    middle.clock.advance(2 * DAY)
    middle.answer(request, "grace", "south")
    middle.answer(request, "linus", "south")
    middle.clock.advance(2 * DAY)
    middle.drain()
    assert middle.result(request)["winner"] == "north"


def crowd(tmp_path: Path, number: int, task: Any) -> tuple[Middle, str]:
    """So many people, who have all answered in the same moment."""
    people = tuple(f"p{each}" for each in range(number))
    middle = Middle(tmp_path / "crowd.db", people=people)
    middle.run()
    request = opened(middle, task)
    choice = "approve" if task.element == "requestReview" else "north"
    answers = [
        Response(channel="wall", event_id=name, account=f"@{name}", choices=(choice,), request=request)
        for name in people
    ]
    middle.inbox.accept("wall", answers)
    return middle, request


def test_many_more_than_a_batch(tmp_path: Path) -> None:
    """More answers than one transaction takes are applied in several, and the close waits for the last.

    What is executed grows with the batches, not with the answers.
    """
    middle, request = crowd(tmp_path, 1203, poll(deadline=DAY))
    with statements(middle.store) as seen:
        middle.clock.advance(DAY)
        middle.drain()
    assert middle.result(request)["counts"] == {"north": 1203, "south": 0}
    check_sum(middle, request, 1203)
    assert len(seen) < 100


def test_decided_within_a_batch_of_many(tmp_path: Path) -> None:
    """The third answer decides; those behind it are late, in the same batch and in the next."""
    middle, request = crowd(tmp_path, 700, review(policy="n_of_m", n=3))
    middle.drain()
    assert middle.result(request)["ballots"] == 3
    assert middle.standings(request) == {"accepted": 3, "late": 697}
    check_sum(middle, request, 700)


# closing


def test_the_posts_show_the_end(middle: Middle) -> None:
    """After a decision no post asks any more; its note says the outcome and who answered."""
    request = opened(middle, review())
    middle.answer(request, "grace", "approve")
    middle.drain()
    (post,) = middle.wall.posts.values()
    assert post.ask is None
    assert post.note.startswith("approved: 1 of 3 reviewers")
    assert post.note.endswith("(grace) · 2026-01-05 09:00 UTC")


def test_a_poll_does_not_tell_who_voted(middle: Middle) -> None:
    """The note of a poll names no people."""
    request = opened(middle, poll())
    middle.answer(request, "grace", "north")
    middle.drain()
    middle.clock.advance(4 * DAY)
    middle.drain()
    (post,) = middle.wall.posts.values()
    assert post.note
    assert "grace" not in post.note


def test_cancelling_closes_the_posts(middle: Middle) -> None:
    """A cancelled request: its posts say so, its run is not resumed, a second cancel does nothing."""
    request = opened(middle, poll())
    with middle.store.begin() as conn:
        assert middle.requests.cancel(conn, request, "the ride is off")
        assert not middle.requests.cancel(conn, request)
    middle.drain()
    (post,) = middle.wall.posts.values()
    assert (post.ask, post.note) == (None, "cancelled: the ride is off · 2026-01-05 09:00 UTC")
    assert middle.resumed == []
    assert len(middle.audit("request.cancelled")) == 1


def test_a_question_that_was_never_sent_is_not_sent_after_its_end(middle: Middle) -> None:
    """Cancelled before it went out: nothing is posted at all."""
    request = middle.open(poll())
    with middle.store.begin() as conn:
        middle.requests.cancel(conn, request)
    middle.drain()
    assert middle.wall.creates == 0
    assert [row.state for row in middle.deliveries(request)] == ["SKIPPED"]


def test_a_question_that_stood_unknown_is_closed_once_it_is_known(middle: Middle) -> None:
    """The create is reconciled after the end: the edit that takes the question away follows it."""
    middle.wall.faults.append(("after", OutcomeUnknown("timeout")))
    request = opened(middle, poll())
    with middle.store.begin() as conn:
        middle.requests.cancel(conn, request)
    middle.clock.advance(HOUR)
    middle.drain()
    (post,) = middle.wall.posts.values()
    assert post.ask is None


def test_every_room_is_told(tmp_path: Path) -> None:
    """An answer on one channel closes the posts on all the others too."""
    middle = Middle(tmp_path / "social.db", channels={"wall": declared(), "b": declared(), "c": declared()})
    middle.run()
    request = opened(middle, review())
    middle.answer(request, "grace", "reject", channel="b")
    middle.drain()
    assert middle.result(request)["outcome"] == "rejected"
    for wall in middle.walls.values():
        assert [post.ask for post in wall.posts.values()] == [None]


def test_where_a_channel_cannot_edit_the_end_is_told_below(tmp_path: Path) -> None:
    """One answer to the post, short enough for the channel; the people's names are data, not markup."""
    middle = Middle(tmp_path / "social.db", channels={"wall": declared(can_edit=False, max_text=40)})
    middle.run()
    request = opened(middle, review())
    middle.answer(request, "grace", "approve")
    middle.drain()
    reply = middle.wall.posts["p2"]
    assert reply.reply_to == "p1"
    assert reply.ask is None
    assert len(reply.text[0].text) == 40
    assert not reply.text[0].authored


def test_closing_happens_once(middle: Middle) -> None:
    """close() on a request that has ended says so and changes nothing."""
    request = opened(middle, review())
    middle.answer(request, "grace", "approve")
    middle.drain()
    with middle.store.begin() as conn:
        assert not middle.outcomes.close(conn, request, error="social.removed", reason="too late")
        assert not middle.outcomes.close(conn, "nothing")
    assert middle.request(request).error == ""


def test_cancelling_what_has_closed_keeps_its_outcome(middle: Middle) -> None:
    """The run ends before it took the outcome: the request is cancelled, what was decided stays on record."""
    request = opened(middle, review())
    middle.answer(request, "grace", "approve")
    middle.drain()
    ended, note = middle.request(request), middle.wall.posts["p1"].note
    with middle.store.begin() as conn:
        assert middle.requests.cancel(conn, request, "the run was cancelled")
    middle.drain()
    row = middle.request(request)
    assert row.state == "CANCELLED"
    assert (row.outcome, row.closed_at) == (ended.outcome, ended.closed_at)
    assert middle.wall.posts["p1"].note == note


def test_closed_until_the_run_has_taken_it(middle: Middle) -> None:
    """closed() lists what waits for the run, with address and result; resumed() takes it off the list."""
    request = opened(middle, review(), address="sub/ask~1")
    middle.answer(request, "grace", "approve")
    middle.drain()
    with middle.store.begin() as conn:
        (closed,) = middle.requests.closed(conn, "run")
        assert (closed.key, closed.address, closed.element) == (request, "sub/ask~1", "ask")
        assert (closed.result["outcome"], closed.error) == ("approved", "")
        middle.requests.resumed(conn, request)
        assert middle.requests.closed(conn, "run") == []
    assert middle.request(request).state == "RESUMED"


def test_a_run_that_its_host_keeps_is_not_resumed_by_us(tmp_path: Path) -> None:
    """process is NULL: the host asks for what has closed; no resume work is made."""
    middle = Middle(tmp_path / "social.db")
    middle.run(process=None)
    request = opened(middle, review())
    middle.answer(request, "grace", "approve")
    middle.drain()
    assert middle.request(request).state == "CLOSED"
    assert middle.resumed == []


def test_tally_within_the_callers_transaction(middle: Middle) -> None:
    """The engine room brings a request up to date before its timers.

    In its own transaction, all or nothing.
    """
    request = opened(middle, review())
    middle.answer(request, "grace", "approve")

    def fail() -> None:
        with middle.store.begin() as conn:
            middle.outcomes.tally(conn, request)
            raise KeyError

    with pytest.raises(KeyError):
        fail()
    assert middle.request(request).state == "OPEN"
    with middle.store.begin() as conn:
        middle.outcomes.tally(conn, request)
    assert middle.request(request).state == "CLOSED"
    middle.drain()
    check_sum(middle, request, 1)


def test_standings_are_told_one_by_one(middle: Middle) -> None:
    """Who answered can ask what became of it."""
    request = opened(middle, poll())
    reply = middle.answer(request, "ada", "north")
    assert middle.inbox.standing(reply.seq).standing == "received"
    middle.drain()
    assert middle.inbox.standing(reply.seq).standing == Standing.ACCEPTED


def test_the_feed_holds_ids_never_words(middle: Middle) -> None:
    """The audit tells what happened, but nothing that people wrote."""
    request = opened(middle, review(text="SECRET-TEXT"))
    middle.answer(request, "grace", "approve", comment="SECRET-COMMENT")
    middle.drain()
    entries = middle.audit()
    assert "SECRET" not in repr([entry.facts for entry in entries])
    assert [entry.kind for entry in entries] == [
        "request.opened",
        "post.sent",
        "response.accepted",
        "request.closed",
        "post.edited",
    ]
    assert {entry.run for entry in entries} == {"run"}
