"""Reminders reach exactly those who have not answered, each alone, once per interval, also after downtime."""

from __future__ import annotations

from collections import Counter
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select

from socialbpm.calendars import Calendar
from socialbpm.clock import Clock
from socialbpm.errors import AuthorizationFailed, TaskFailed
from socialbpm.posts import Dedupe, plain
from socialbpm.requests.reminders import BATCH
from socialbpm.store import tables
from tests.middle import Middle, declared, poll, review, statements, status

DAY, HOUR = timedelta(days=1), timedelta(hours=1)


def middle_at(folder: Path, **more: Any) -> Middle:
    made = Middle(folder / "social.db", channels={"wall": declared(private=True)}, **more)
    made.run()
    return made


@pytest.fixture
def middle(tmp_path: Path) -> Middle:
    return middle_at(tmp_path)


def asked(middle: Middle, **more: Any) -> str:
    """A poll that stands, with a reminder every day for a week."""
    request = middle.open(poll(**{"remind": DAY, "deadline": 7 * DAY, **more}))
    middle.drain()
    return request


def reminded(middle: Middle) -> Counter[str]:
    """How many reminders stand in whose room."""
    rooms = (post.destination.room for post in middle.wall.posts.values())
    return Counter(room.removeprefix("to @") for room in rooms if room.startswith("to "))


def after(middle: Middle, time: timedelta) -> Counter[str]:
    """Who got how many reminders while this time passes and somebody works at its end."""
    before = reminded(middle)
    middle.clock.advance(time)
    middle.drain()
    return reminded(middle) - before


def test_those_who_have_not_answered_are_reminded_after_each_interval(middle: Middle) -> None:
    """Not before it is over; who has answered is left alone; who takes an answer back is not."""
    request = asked(middle)
    middle.answer(request, "ada", "north")
    assert not after(middle, DAY - HOUR)
    assert after(middle, HOUR) == {"grace": 1, "linus": 1}
    middle.answer(request, "grace", "north")
    middle.answer(request, "ada")
    assert after(middle, DAY) == {"ada": 1, "linus": 1}


def test_an_answer_in_the_same_moment_is_enough(middle: Middle) -> None:
    """What has been received is counted before anybody is reminded, in whatever order the work comes up."""
    request = asked(middle)
    middle.clock.advance(DAY)
    middle.answer(request, "ada", "north")
    middle.work.perform(f"remind:{request}")
    (entry,) = middle.audit("request.reminded")
    assert entry.facts["people"] == 2
    middle.drain()
    assert reminded(middle) == {"grace": 1, "linus": 1}


def test_who_abstains_or_hands_on_has_answered(middle: Middle) -> None:
    """Both are answers."""
    request = asked(middle, abstain=True, delegation=True)
    middle.answer(request, "ada", "abstain")
    middle.answer(request, "grace", delegate="linus")
    assert after(middle, DAY) == {"linus": 1}


def test_a_spoiled_answer_is_none(middle: Middle) -> None:
    """It counts for nothing, so a reminder is in place."""
    request = asked(middle)
    middle.answer(request, "ada", "west")
    assert after(middle, DAY) == {"ada": 1, "grace": 1, "linus": 1}


def test_days_of_downtime_bring_one_reminder(middle: Middle) -> None:
    """Overdue windows are one; the next comes when the interval that has begun is over."""
    asked(middle)
    assert after(middle, 3 * DAY + 20 * HOUR) == {"ada": 1, "grace": 1, "linus": 1}
    assert not after(middle, 3 * HOUR)
    assert after(middle, HOUR) == {"ada": 1, "grace": 1, "linus": 1}
    assert [row.facts["window"] for row in middle.audit("request.reminded")] == [1, 2]


def test_a_channel_that_was_out_of_order_brings_one_reminder(middle: Middle) -> None:
    """What was not sent in its time is not sent beside a newer one."""
    asked(middle)
    middle.wall.faults = [("before", AuthorizationFailed("token expired"))]
    assert not after(middle, DAY)
    assert not after(middle, DAY)
    assert not after(middle, DAY)
    middle.outbox.resume("wall")
    assert after(middle, HOUR) == {"ada": 1, "grace": 1, "linus": 1}


def test_who_answers_before_the_reminder_is_sent_gets_none(middle: Middle) -> None:
    """It may have waited for its account's rate; whether the answer has been counted by then or not."""
    request = asked(middle)
    middle.outbox.limit("wall", HOUR)
    (first,) = after(middle, DAY)
    second, third = {"ada", "grace", "linus"} - {first}
    middle.answer(request, second, "north")
    assert not after(middle, 0.5 * HOUR)
    middle.answer(request, third, "north")
    with middle.store.begin() as conn:  # the reminder is looked at before the answer is counted
        conn.execute(tables.work.delete().where(tables.work.c.kind == "tally"))
    assert not after(middle, 3 * HOUR)


@pytest.mark.parametrize("how", ["deadline", "cancel", "decided"])
def test_reminders_end_with_the_question(middle: Middle, how: str) -> None:
    """However it ends; those that were not out yet are not sent any more."""
    request = asked(middle, deadline=2 * DAY)
    middle.outbox.limit("wall", HOUR)
    assert after(middle, DAY).total() == 1
    if how == "cancel":
        with middle.store.begin() as conn:
            middle.requests.cancel(conn, request)
    elif how == "decided":
        with middle.store.begin() as conn:
            middle.outcomes.close(conn, request, error="social.invalid", reason="enough")
    else:
        middle.clock.advance(DAY - 0.25 * HOUR)  # nobody works meanwhile: two are still due
        middle.clock.advance(0.25 * HOUR)
        with middle.store.begin() as conn:
            middle.outcomes.tally(conn, request)
    assert not after(middle, 30 * DAY)
    assert middle.work.next_due() is None


def test_a_revision_begins_anew(middle: Middle) -> None:
    """Everybody sees the new version at once: an interval from then on; a window is never used twice."""
    request = asked(middle)
    assert after(middle, DAY) == {"ada": 1, "grace": 1, "linus": 1}
    middle.clock.advance(DAY - HOUR)
    middle.answer(request, "ada", "north")
    middle.requests.revise(request, text="Which way?")
    assert not after(middle, DAY - HOUR)
    assert after(middle, HOUR) == {"ada": 1, "grace": 1, "linus": 1}
    last = [post for post in middle.wall.posts.values() if post.destination.room == "to @ada"][-1]
    assert "Which way?" in plain(last.text)


def test_a_reminder_says_what_until_when_and_where(middle: Middle) -> None:
    """The question's words, its end and its link; it asks nothing itself, so no stale button can remain."""
    asked(middle)
    after(middle, DAY)
    post = next(post for post in middle.wall.posts.values() if post.destination.room == "to @ada")
    assert plain(post.text) == (
        "Your answer is still awaited:\nWhich route?\nUntil 2026-01-12 09:00 UTC.\nhttps://wall.example/p1"
    )
    assert post.ask is None


def test_a_long_question_is_cut_in_a_reminder(tmp_path: Path) -> None:
    """Its link leads to the whole; the reminder is as long as the channel allows, and what is cut is data."""
    middle = middle_at(tmp_path)
    middle.open(poll(text="x" * 499, remind=DAY, deadline=7 * DAY))
    middle.drain()
    after(middle, DAY)
    post = next(post for post in middle.wall.posts.values() if post.destination.room == "to @ada")
    assert len(plain(post.text)) == 500
    assert "x…\nUntil" in plain(post.text)


def test_only_channels_with_private_rooms_carry_reminders(tmp_path: Path) -> None:
    """Nobody is reminded before others; who cannot be reached is counted in the audit."""
    middle = Middle(tmp_path / "social.db")
    middle.run()
    asked(middle)
    after(middle, DAY)
    assert middle.wall.creates == 1
    (entry,) = middle.audit("request.reminded")
    assert (entry.facts["people"], entry.facts["out_of_reach"]) == (0, 3)


def test_a_person_on_several_channels_is_reminded_on_one(tmp_path: Path) -> None:
    """On one on which the question stands."""
    kinds = {name: declared(private=True) for name in ("sill", "wall")}
    middle = Middle(tmp_path / "social.db", channels=kinds)
    middle.run()
    asked(middle)
    middle.clock.advance(DAY)
    middle.drain()
    assert [wall.creates for wall in middle.walls.values()] == [1 + 3, 1]


def test_large_rolls_are_reminded_in_batches(tmp_path: Path) -> None:
    """Each in its own transaction; together everybody once, and nobody twice if one of them fails."""
    people = tuple(f"p{number:04}" for number in range(2 * BATCH + 1))
    middle = middle_at(tmp_path, people=people)
    request = asked(middle)
    middle.clock.advance(DAY)
    for _ in range(2):
        assert middle.work.perform(f"remind:{request}")
    assert [row.facts["people"] for row in middle.audit("request.reminded")] == [BATCH, BATCH]
    middle.drain()
    assert reminded(middle) == dict.fromkeys(people, 1)
    assert not after(middle, DAY - HOUR)


def test_a_window_that_comes_before_the_last_is_through_begins_with_everybody(tmp_path: Path) -> None:
    """Who was not reached in the old one is reached in the new: one each, not two."""
    people = tuple(f"p{number:04}" for number in range(BATCH + 1))
    middle = middle_at(tmp_path, people=people)
    request = asked(middle)
    middle.clock.advance(DAY)
    middle.work.perform(f"remind:{request}")
    assert after(middle, DAY) == dict.fromkeys(people, 1)


def test_intervals_are_working_time(tmp_path: Path) -> None:
    """Of the task's calendar, as its deadline is: eight hours from Friday noon are Monday noon."""
    office = {"office": Calendar(zone="UTC", hours="08:00-16:00")}
    middle = middle_at(tmp_path, calendars=office)
    middle.clock.set(datetime(2026, 1, 9, 12, tzinfo=UTC))
    request = asked(middle, remind=8 * HOUR, deadline=12 * HOUR, calendar="office")
    assert middle.request(request).ends_at == datetime(2026, 1, 12, 16, tzinfo=UTC)
    assert not after(middle, 3 * DAY - HOUR)
    assert after(middle, HOUR) == {"ada": 1, "grace": 1, "linus": 1}


def test_an_unknown_calendar_opens_nothing(middle: Middle) -> None:
    """It is refused with the name that was meant."""
    with pytest.raises(TaskFailed, match="calendar 'offce' is not in the settings"):
        middle.open(poll(calendar="offce"))


def test_what_asks_for_no_care_costs_nothing(middle: Middle) -> None:
    """No row and no statement for a request without reminders and escalation."""
    with statements(middle.store) as seen:
        middle.open(review(), element="review")
        middle.open(status(), element="status")
        middle.drain()
    assert not [sql for sql in seen if "social_care" in sql]
    with middle.store.read() as conn:
        assert conn.execute(select(tables.care)).all() == []


def test_time_comes_from_the_clock(middle: Middle) -> None:
    """Nothing here looks at the machine's."""
    clock: Clock = middle.clock
    asked(middle)
    assert middle.work.next_due() == clock.now() + DAY


@pytest.mark.parametrize("dedupe", [Dedupe.KEY, Dedupe.LOOKUP])
def test_a_reminder_has_a_key_of_its_own(tmp_path: Path, dedupe: Dedupe) -> None:
    """Of request, person and window: sent again after a doubtful end, it is the same one."""
    kind = declared(private=True, dedupe=dedupe)
    middle = Middle(tmp_path / "social.db", channels={"wall": kind})
    middle.run()
    asked(middle)
    middle.wall.faults = [("after", ConnectionError())]
    assert after(middle, DAY) == {"ada": 1, "grace": 1, "linus": 1}
    assert not after(middle, HOUR)
    keys = [post.key for post in middle.wall.posts.values()]
    assert len(set(keys)) == len(keys) == 4
