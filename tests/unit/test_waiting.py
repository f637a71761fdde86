"""Answers that name only the post they answer, and come before we know that post as ours."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select

from socialbpm.errors import OutcomeUnknown
from socialbpm.policies import Count
from socialbpm.posts import Dedupe, Receipt
from socialbpm.store.tables import event
from tests.middle import Middle, declared, poll, review, statements

LATER = timedelta(minutes=1)


@pytest.fixture
def middle(tmp_path: Path) -> Middle:
    made = Middle(tmp_path / "social.db")
    made.run()
    return made


def early(middle: Middle, person: str, *choices: str, **more: Any) -> Any:
    """An answer to the first post of the wall, which has not been recorded yet."""
    return middle.answer("", person, *choices, in_reply_to="p1", **more)


def votes(middle: Middle, request: str) -> dict[str, int]:
    count = Count.load(middle.request(request).counted)
    return {key: number for key, number in count.heads.items() if number}


def test_it_waits_and_then_counts(middle: Middle) -> None:
    """Told at once that it waits; counted when the receipt is recorded, dated by its own receipt."""
    request = middle.open(poll())
    reply = early(middle, "ada", "north", event_id="e")
    received_at = middle.clock.now()
    assert (reply.standing, reply.reason) == (
        "waiting",
        "no post here is known by that id; the answer counts once one is",
    )
    assert middle.inbox.standing(reply.seq) == reply
    middle.clock.advance(LATER)
    middle.drain()
    assert middle.inbox.standing(reply.seq).standing == "accepted"
    assert votes(middle, request) == {"north": 1}
    with middle.store.read() as conn:
        assert conn.scalar(select(event.c.received_at)) == received_at
    assert early(middle, "ada", "north", event_id="e").seq == reply.seq
    assert [entry.kind for entry in middle.audit("event.")] == ["event.waiting", "event.attached"]


def test_it_waits_for_the_post_of_its_own_channel(middle: Middle) -> None:
    """Remote ids belong to their channel."""
    request = middle.open(poll())
    early(middle, "ada", "north", channel="elsewhere")
    middle.drain()
    assert middle.request(request).counted["ballots"] == 0


def test_a_newer_answer_of_the_same_person_stays(middle: Middle) -> None:
    """What was received first is replaced by what was received later, in whatever order they are attached."""
    request = middle.open(poll())
    first = early(middle, "ada", "north")
    others = [middle.answer(request, "ada", "south"), middle.answer(request, "grace", "south")]
    with middle.store.begin() as conn:
        middle.outcomes.tally(conn, request)
    middle.drain()
    assert middle.inbox.standing(first.seq).standing == "superseded"
    assert [middle.inbox.standing(each.seq).standing for each in others] == ["accepted", "accepted"]
    assert votes(middle, request) == {"south": 2}
    middle.answer(request, "linus", "north")
    middle.drain()
    assert middle.standings(request) == {"accepted": 3, "superseded": 1}
    assert middle.request(request).standings == {"accepted": 3, "superseded": 1}


def test_a_newer_answer_is_not_taken_back_by_an_older_one(middle: Middle) -> None:
    """The same for an answer without a choice."""
    request = middle.open(poll())
    early(middle, "ada")
    middle.answer(request, "ada", "south")
    with middle.store.begin() as conn:
        middle.outcomes.tally(conn, request)
    middle.drain()
    assert votes(middle, request) == {"south": 1}


def test_the_request_may_have_ended_meanwhile(middle: Middle) -> None:
    """Late, with its reason, and nothing else changes."""
    middle.wall.faults = [("after", OutcomeUnknown("no answer came"))]
    request = middle.open(review())
    middle.drain()
    waiting = early(middle, "grace", "reject")
    middle.answer(request, "ada", "approve")
    middle.drain()
    middle.clock.advance(LATER)
    middle.drain()
    assert middle.result(request)["outcome"] == "approved"
    assert middle.inbox.standing(waiting.seq).reason == "the request had closed"
    assert middle.request(request).standings == {"accepted": 1, "late": 1}


@pytest.mark.parametrize("dedupe", [Dedupe.KEY, Dedupe.LOOKUP])
def test_an_unknown_write_that_is_found_to_stand(tmp_path: Path, dedupe: Dedupe) -> None:
    """The post stood all the time, only its receipt was lost: the answers to it count."""
    middle = Middle(tmp_path / "social.db", channels={"wall": declared(dedupe=dedupe)})
    middle.run()
    middle.wall.faults = [("after", OutcomeUnknown("no answer came"))]
    request = middle.open(poll())
    middle.drain()
    waiting = early(middle, "ada", "north")
    middle.clock.advance(LATER)
    middle.drain()
    assert middle.inbox.standing(waiting.seq).standing == "accepted"
    assert middle.request(request).counted["ballots"] == 1


def test_an_unknown_write_that_a_person_settles(tmp_path: Path) -> None:
    """A person says that the post stands: what answered it counts then."""
    middle = Middle(tmp_path / "social.db", channels={"wall": declared(dedupe=Dedupe.NONE)})
    middle.run()
    middle.wall.faults = [("after", OutcomeUnknown("no answer came"))]
    request = middle.open(poll())
    middle.drain()
    waiting = early(middle, "ada", "north")
    (post,) = middle.deliveries(request)
    middle.outbox.settle(post.id, Receipt(remote_id="p1"))
    middle.drain()
    assert middle.inbox.standing(waiting.seq).standing == "accepted"


def test_where_nothing_waits_it_is_one_look_into_an_index(middle: Middle) -> None:
    """However many foreign answers wait: recording a receipt costs one statement more, and no scan."""
    with statements(middle.store) as seen:
        middle.open(poll())
        middle.drain()
    about = [statement for statement in seen if "social_event" in statement and "awaits" in statement]
    (attach,) = [statement for statement in about if statement.startswith("UPDATE social_event")]
    assert "UPDATE social_request SET ballots_seen=CASE" not in " ".join(seen)
    with middle.store.read() as conn:
        raw: Any = conn.connection.driver_connection
        plan = raw.execute(f"EXPLAIN QUERY PLAN {attach}", [None] * attach.count("?")).fetchall()
    assert "social_event_waiting" in plan[0][3]
