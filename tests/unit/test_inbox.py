"""The inbox: an event is stored once, made harmless, attached, and answered with a reason."""

from __future__ import annotations

import multiprocessing
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import select

from socialbpm.channels.base import Inbound, RawEvent
from socialbpm.errors import EventRejected, NotFound
from socialbpm.inbox import CHOICES, COMMENT, NAME
from socialbpm.responses import Response
from socialbpm.store.tables import event
from tests.middle import Middle, WallChannel, poll, review, statements, status


@pytest.fixture
def middle(tmp_path: Path) -> Middle:
    made = Middle(tmp_path / "social.db")
    made.run()
    return made


def events(middle: Middle) -> list[Any]:
    with middle.store.read() as conn:
        return list(conn.execute(select(event).order_by(event.c.seq)))


def untouched(middle: Middle, request: str) -> bool:
    """No ballot counted, nothing closed, no run resumed."""
    row = middle.request(request)
    return row.state == "OPEN" and row.counted["ballots"] == 0 and middle.resumed == []


def test_an_event_counts_once_however_often_it_comes(middle: Middle) -> None:
    """The channel's event id is the key: a repeat is answered with what became of the first."""
    request = middle.open(poll())
    first = middle.answer(request, "ada", "north", event_id="e")
    again = middle.answer(request, "ada", "north", event_id="e")
    assert (again.standing, again.seq) == ("received", first.seq)
    middle.drain()
    assert middle.answer(request, "ada", "north", event_id="e").standing == "accepted"
    middle.drain()
    assert middle.standings(request) == {"accepted": 1}
    assert middle.request(request).counted["ballots"] == 1


def test_the_same_id_on_another_channel_is_another_event(middle: Middle) -> None:
    """Event ids are unique per channel only."""
    request = middle.open(poll())
    one = middle.answer(request, "ada", "north", event_id="e")
    other = middle.answer(request, "ada", "north", event_id="e", channel="elsewhere")
    assert one.seq != other.seq


def test_an_event_finds_its_request_by_the_post_it_answers(middle: Middle) -> None:
    """Without a request id, the remote id of the post answered leads to it."""
    request = middle.open(review())
    middle.drain()
    middle.answer("", "ada", "approve", in_reply_to="p1")
    middle.drain()
    assert middle.result(request)["outcome"] == "approved"


@pytest.mark.parametrize("about", [{"request": "nothing"}, {"request": ""}])
def test_an_event_about_nothing_we_know_is_kept_and_answered(middle: Middle, about: dict[str, str]) -> None:
    """Unknown or foreign: recorded, audited, answered with a reason, nothing else changes."""
    request = middle.open(poll())
    reply = middle.answer(about.pop("request"), "ada", "north", event_id="e", **about)
    assert (reply.standing, reply.reason) == ("refused", "there is no such request")
    assert middle.answer("nothing", "ada", "north", event_id="e") == reply
    (row,) = events(middle)
    assert row.request is None
    assert [entry.kind for entry in middle.audit("event.")] == ["event.refused"]
    middle.drain()
    assert untouched(middle, request)


def test_a_reply_on_another_account_does_not_reach_this_post(middle: Middle) -> None:
    """Remote ids belong to their channel: the same id from elsewhere is about nothing we know."""
    middle.open(review())
    middle.drain()
    assert middle.answer("", "ada", "approve", in_reply_to="p1", channel="elsewhere").standing == "waiting"


def test_an_answer_to_a_closed_request_is_told_how_it_ended(middle: Middle) -> None:
    """Late at once, with the outcome in words; recorded."""
    request = middle.open(review())
    middle.answer(request, "ada", "approve")
    middle.drain()
    reply = middle.answer(request, "grace", "reject")
    assert reply.standing == "late"
    assert reply.reason.startswith("the request had closed; approved: 1 of 3 reviewers")
    middle.drain()
    assert middle.standings(request) == {"accepted": 1, "late": 1}


def test_the_reason_is_the_same_before_and_after_the_tally(middle: Middle) -> None:
    """What is known at once is said at once, to whoever asks again too, and the tally finds the same."""
    closed, over = middle.open(review()), middle.open(poll(), element="route")
    middle.drain()
    middle.answer(closed, "ada", "approve")
    middle.drain()
    middle.clock.advance(timedelta(days=3))
    for request, begins in ((over, "received after the end"), (closed, "the request had closed")):
        reply = middle.answer(request, "grace", "reject", event_id=f"of {request}")
        assert (reply.standing, reply.reason.startswith(begins)) == ("late", True)
        assert middle.inbox.standing(reply.seq) == reply
        assert middle.answer(request, "grace", "reject", event_id=f"of {request}") == reply
        middle.drain()
        told = middle.inbox.standing(reply.seq)
        assert (told.standing, told.reason.startswith(begins)) == ("late", True)


def test_an_answer_that_may_still_be_in_time_is_only_received(middle: Middle) -> None:
    """By the platform's own date it may count within the grace: the tally decides."""
    request = middle.open(poll(grace=timedelta(hours=1)))
    middle.drain()
    before = middle.clock.now()
    middle.clock.advance(timedelta(days=3))
    reply = middle.answer(request, "grace", "north", at=before)
    assert reply.standing == "received"
    middle.drain()
    assert middle.inbox.standing(reply.seq).standing == "accepted"


def test_who_may_not_answer_is_told_why_by_the_tally(middle: Middle) -> None:
    """Somebody who is on no roll, and the author: received, then ineligible with the reason."""
    request = middle.open(review(author="linus", policy="n_of_m", n=2))
    replies = [middle.answer(request, person, "approve") for person in ("mallory", "linus")]
    middle.drain()
    assert [middle.inbox.standing(reply.seq).reason for reply in replies] == [
        "not on the roll of those who may answer",
        "the author cannot answer about their own work",
    ]
    assert untouched(middle, request)


def test_who_wrote_too_much_is_told_what_was_kept(middle: Middle) -> None:
    """The answer counts, its comment is cut, and the person hears of it."""
    request = middle.open(poll())
    assert middle.answer(request, "ada", "north", comment="x" * COMMENT).reason == ""
    reply = middle.answer(request, "ada", "north", comment="x" * (COMMENT + 1))
    assert (reply.standing, reply.reason) == (
        "received",
        "of the comment, the first 10000 characters are kept",
    )


def test_megabytes_and_control_characters_are_cut_and_cleaned(middle: Middle) -> None:
    """What is stored is bounded and holds no control characters; the answer is judged like any other."""
    request = middle.open(poll())
    middle.answer(
        request,
        "ada",
        *["x" * 1_000_000] * 1000,
        comment="\x00\x1b[31m" + "wörd " * 1_000_000,
        version=10**30,
    )
    middle.drain()
    (row,) = events(middle)
    assert len(row.comment) == COMMENT
    assert row.comment.startswith("[31mwörd")
    assert len(row.choices) == CHOICES
    assert {len(choice) for choice in row.choices} == {NAME}
    assert middle.standings(request) == {"spoiled": 1}
    assert untouched(middle, request)


def test_ids_that_cannot_be_stored_still_tell_events_apart(middle: Middle) -> None:
    """Endless ids and ids of broken characters are hashed: repeats are repeats, others are others."""
    request = middle.open(poll())
    seqs = [
        middle.answer(request, "ada", "north", event_id=event_id).seq
        for event_id in ("x" * 5000, "x" * 5000, "x" * 5001, "\ud800", "\ud801", "a\x00b", "ab")
    ]
    assert seqs[0] == seqs[1]
    assert len(set(seqs)) == 6


@pytest.mark.parametrize("account", ["@ada\x00", "\x1b@ada", "@ada\u2028", "@ada\ud800"])
def test_an_account_is_never_cleaned_into_somebody_elses(middle: Middle, account: str) -> None:
    """Who is called like a voter but for a character that cannot be stored is not that voter."""
    request = middle.open(poll())
    middle.answer(request, "", "north", account=account)
    middle.drain()
    assert middle.standings(request) == {"ineligible": 1}
    assert untouched(middle, request)


def test_an_endless_account_is_not_the_one_that_it_begins_with(tmp_path: Path) -> None:
    """Accounts are compared whole: nobody takes an account by writing on after it."""
    name = "a" * (NAME - 1)
    middle = Middle(tmp_path / "social.db", people=(name, "grace"))
    middle.run()
    request = middle.open(poll())
    middle.answer(request, "", "north", account=f"@{name}b")
    middle.drain()
    assert middle.standings(request) == {"ineligible": 1}


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    account=st.text(max_size=300),
    choices=st.lists(st.text(max_size=300), max_size=5),
    comment=st.text(max_size=500),
    version=st.integers(),
    event_id=st.text(min_size=1, max_size=300),
)
def test_no_payload_breaks_anything(middle: Middle, **payload: Any) -> None:
    """Whatever an adapter hands in: it is stored, judged, and decides nothing unless it is a valid ballot."""
    request = middle.open(poll(), address=f"/{hash(payload['event_id'])}")
    response = Response(channel="wall", request=request, **payload | {"choices": tuple(payload["choices"])})
    (reply,) = middle.inbox.accept("wall", [response])
    middle.drain()
    assert reply.seq > 0
    assert untouched(middle, request)


def test_a_batch_is_stored_in_one_transaction(middle: Middle) -> None:
    """All or nothing, in order; one tally for all of them."""
    request = middle.open(poll())
    batch = [
        Response(channel="wall", event_id=str(n), account="@ada", choices=("north",), request=request)
        for n in range(10)
    ]
    replies = middle.inbox.accept("wall", batch)
    assert [reply.seq for reply in replies] == sorted(reply.seq for reply in replies)
    assert middle.inbox.accept("wall", []) == []
    middle.drain()
    assert middle.standings(request) == {"accepted": 1, "superseded": 9}


def test_an_answer_never_loads_the_run(middle: Middle) -> None:
    """A response that decides nothing is two short transactions: none of them reads a run's state."""
    request = middle.open(poll())
    middle.drain()
    middle.answer(request, "ada", "north")
    middle.drain()
    with statements(middle.store) as seen:
        middle.answer(request, "grace", "north")
        middle.drain()
    assert not [statement for statement in seen if "social_run.state" in statement]
    assert sum(statement.startswith("BEGIN IMMEDIATE") for statement in seen) == 2


class Talking(WallChannel):
    """Understands ``person choice request event``; anything else is not genuine, and ``crash`` is a bug."""

    def receive(self, event: RawEvent) -> Inbound:
        if event.body == b"crash":
            raise ZeroDivisionError("a bug in the adapter, with a token")
        words = event.body.decode().split()
        if len(words) != 4:
            raise EventRejected("bad signature")
        person, choice, request, event_id = words
        given = Response(
            channel="wall", event_id=event_id, account=f"@{person}", choices=(choice,), request=request
        )
        return Inbound(responses=(given,), answer=b"ok")


@pytest.fixture
def talking(tmp_path: Path) -> Middle:
    made = Middle(tmp_path / "talking.db", channels={"wall": Talking})
    made.run()
    return made


def test_a_raw_event_is_verified_before_anything_else(talking: Middle) -> None:
    """Not genuine, or an adapter that fails: a refusal, nothing stored, no foreign words told."""
    for body in (b"forged", b"crash"):
        with pytest.raises(EventRejected) as caught:
            talking.inbox.received("wall", RawEvent(body=body))
        assert "token" not in str(caught.value)
    with pytest.raises(NotFound):
        talking.inbox.received("nowhere", RawEvent(body=b""))
    assert events(talking) == []


def test_a_raw_event_is_stored_and_answered(talking: Middle) -> None:
    """The adapter's answer goes back; who is too late gets a private word saying why."""
    request = talking.open(review())
    ok = talking.inbox.received("wall", RawEvent(body=f"ada approve {request} e1".encode()))
    assert (ok.answer, ok.private_word) == (b"ok", "")
    talking.drain()
    late = talking.inbox.received("wall", RawEvent(body=f"grace reject {request} e2".encode()))
    assert late.private_word.startswith("the request had closed")
    assert talking.result(request)["outcome"] == "approved"


def test_a_status_takes_no_answers_but_keeps_them(middle: Middle) -> None:
    """Words below a status are recorded; the post is posted all the same."""
    request = middle.open(status())
    middle.answer(request, "ada", comment="nice")
    middle.drain()
    assert middle.result(request)["outcome"] == "posted"


def _redeliver(path: Path, request: str, offset: int) -> None:
    middle = Middle(path)
    for number in range(40):
        person = ("ada", "grace", "linus")[(number + offset) % 3]
        middle.answer(request, person, "north", event_id=f"{person}-{number // 3}")
        middle.drain()


@pytest.mark.slow
def test_redelivery_by_several_processes(tmp_path: Path) -> None:
    """The same events delivered by three processes at once: each counts once."""
    path = tmp_path / "social.db"
    middle = Middle(path)
    middle.run()
    request = middle.open(poll())
    spawn = multiprocessing.get_context("spawn")
    processes = [spawn.Process(target=_redeliver, args=(path, request, offset)) for offset in range(3)]
    for process in processes:
        process.start()
    for process in processes:
        process.join(90)
    middle.drain()
    assert [process.exitcode for process in processes] == [0, 0, 0]
    stored = len(events(middle))
    assert sum(middle.standings(request).values()) == stored
    assert middle.standings(request)["accepted"] == 3
    assert middle.request(request).counted["ballots"] == 3
