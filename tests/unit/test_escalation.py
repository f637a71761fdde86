"""Escalation: what is still open after its time is put to a further community, once."""

from __future__ import annotations

from datetime import timedelta
from fractions import Fraction
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select

from socialbpm.errors import TaskFailed
from socialbpm.people import Account, Community, Member
from socialbpm.policies import Count, Rule, joined, opening
from socialbpm.policies.groups import Groups
from socialbpm.posts import Destination, plain
from socialbpm.store import tables
from socialbpm.tasks import MediaSource
from tests.middle import Middle, Wall, declared, poll, review

DAY = timedelta(days=1)
NOTICE = "No decision by 2026-01-07 09:00 UTC: escalated to board."


def person(name: str) -> Member:
    return Member(person=name, accounts=frozenset({Account(channel="wall", id=f"@{name}")}))


def middle_at(folder: Path, room: str = "boardroom", **more: Any) -> Middle:
    """With a board of eve, mallory and ada, who is in the first community, too."""
    made = Middle(folder / "social.db", **{"channels": {"wall": declared(private=True)}, **more})
    made.communities["board"] = Community(
        name="board",
        destinations=(Destination(channel="wall", room=room),),
        roll=tuple(person(name) for name in ("eve", "mallory", "ada")),
    )
    made.run()
    return made


@pytest.fixture
def middle(tmp_path: Path) -> Middle:
    return middle_at(tmp_path)


def asked(middle: Middle, **more: Any) -> str:
    request = middle.open(review(**{"escalate": "board", "escalate_after": 2 * DAY, **more}))
    middle.drain()
    return request


def later(middle: Middle, time: timedelta = 2 * DAY) -> None:
    middle.clock.advance(time)
    middle.drain()


def texts(wall: Wall, room: str) -> list[str]:
    return [plain(post.text) for post in wall.posts.values() if post.destination.room == room]


def roll(middle: Middle, request: str) -> set[str]:
    query = select(tables.voter.c.person).where(tables.voter.c.request == request)
    with middle.store.read() as conn:
        return set(conn.scalars(query))


def test_the_question_is_put_to_the_board_after_its_time(middle: Middle) -> None:
    """Not before; with a word of it below the question where it stood first."""
    request = asked(middle)
    later(middle, 2 * DAY - timedelta(seconds=1))
    assert texts(middle.wall, "boardroom") == []
    later(middle, timedelta(seconds=1))
    assert texts(middle.wall, "boardroom") == [f"{NOTICE}\nIs it good?"]
    assert texts(middle.wall, "main") == ["Is it good?", NOTICE]
    (entry,) = middle.audit("request.escalated")
    assert (entry.request, entry.facts) == (
        request,
        {"element": "ask", "community": "board", "people": 2},
    )


def test_its_people_join_the_roll_and_answer_by_their_accounts(middle: Middle) -> None:
    """Before that they may not answer; who was on the roll stays there once."""
    request = asked(middle)
    middle.answer(request, "eve", "approve")
    later(middle)
    assert roll(middle, request) == {"ada", "grace", "linus", "eve", "mallory"}
    assert Count.load(middle.request(request).counted).roll == 5
    middle.answer(request, "mallory", "approve")
    middle.drain()
    assert middle.standings(request) == {"ineligible": 1, "accepted": 1}
    assert middle.request(request).outcome["outcome"] == "approved"


def test_the_author_stays_excluded(middle: Middle) -> None:
    """Also as a member of the board."""
    request = asked(middle, author="eve", reviewers=("grace",))
    later(middle)
    assert roll(middle, request) == {"grace", "ada", "mallory"}
    middle.answer(request, "eve", "approve")
    middle.drain()
    assert middle.reasons(request) == [("ineligible", "the author cannot answer about their own work")]


def test_it_happens_once(middle: Middle) -> None:
    """However often somebody looks, and also after a revision."""
    request = asked(middle)
    later(middle)
    middle.requests.revise(request, text="And now?")
    for _ in range(3):
        with middle.store.begin() as conn:
            middle.work.schedule(conn, "escalate", request, middle.clock.now())
        later(middle)
    assert len(middle.audit("request.escalated")) == 1
    assert texts(middle.wall, "boardroom") == ["And now?"]


@pytest.mark.parametrize("how", ["answered", "cancelled", "answered in that moment"])
def test_what_has_ended_is_not_escalated(middle: Middle, how: str) -> None:
    """Whoever comes first: what was received is counted before."""
    request = asked(middle)
    if how == "cancelled":
        with middle.store.begin() as conn:
            middle.requests.cancel(conn, request)
    elif how == "answered":
        middle.answer(request, "grace", "approve")
    else:
        middle.clock.advance(2 * DAY)
        middle.answer(request, "grace", "approve")
        middle.work.perform(f"escalate:{request}")
    later(middle)
    assert texts(middle.wall, "boardroom") == []
    assert middle.audit("request.escalated") == []


def test_in_the_same_room_it_is_a_word_below_the_question(tmp_path: Path) -> None:
    """Nobody is asked twice in one place."""
    middle = middle_at(tmp_path, room="main")
    asked(middle)
    later(middle)
    assert texts(middle.wall, "main") == ["Is it good?", NOTICE]


@pytest.mark.parametrize("threads", [True, False])
def test_a_channel_without_threads_carries_a_note(tmp_path: Path, threads: bool) -> None:
    """On the question itself, which goes on asking."""
    middle = middle_at(tmp_path, channels={"wall": declared(can_thread=threads)})
    asked(middle)
    later(middle)
    question = middle.wall.posts["p1"]
    assert (question.note, question.ask is None) == ("" if threads else NOTICE, False)


def test_the_end_is_told_in_both_rooms(middle: Middle) -> None:
    """No question remains, and the note says that it was escalated."""
    request = asked(middle)
    later(middle)
    middle.answer(request, "mallory", "reject", comment="Too dear")
    middle.drain()
    questions = [post for post in middle.wall.posts.values() if post.note]
    assert {post.destination.room for post in questions} == {"main", "boardroom"}
    assert all(post.ask is None for post in middle.wall.posts.values())
    (note,) = {post.note for post in questions}
    assert note.startswith("rejected: of 5 reviewers 1 rejected")
    assert note.endswith(
        "(mallory: “Too dear”); escalated to board on 2026-01-07 09:00 UTC · 2026-01-07 09:00 UTC"
    )


def test_who_has_joined_is_reminded_too(middle: Middle) -> None:
    """In the windows that come after."""
    asked(middle, remind=DAY)
    later(middle, 2 * DAY)
    before = len(texts(middle.wall, "to @eve"))
    later(middle, DAY)
    assert (before <= 1, len(texts(middle.wall, "to @eve"))) == (True, before + 1)


def test_the_pictures_are_those_that_were_shown(middle: Middle) -> None:
    """Frozen when the question was first asked; nothing is fetched again."""
    asked(middle, media=(MediaSource(src="map", alt="The route"),))
    later(middle)
    (question,) = [post for post in middle.wall.posts.values() if post.destination.room == "boardroom"]
    (shown,) = middle.wall.posts["p1"].media
    assert (question.media[0].alt, "frozen" in question.media[0].ref) == (shown.alt, True)


def test_a_result_links_every_question(middle: Middle) -> None:
    """Not the words below them."""
    request = asked(middle)
    later(middle)
    middle.answer(request, "eve", "approve")
    middle.drain()
    places = [middle.wall.posts[link.rpartition("/")[2]] for link in middle.result(request)["links"]]
    assert sorted(post.destination.room for post in places) == ["boardroom", "main"]


def test_nobody_to_escalate_to_opens_nothing(middle: Middle) -> None:
    """An unknown community, and one in which nobody may answer."""
    with pytest.raises(TaskFailed, match="'bord'"):
        asked(middle, escalate="bord")
    middle.communities["board"] = Community(name="board", roll=(person("eve"),))
    with pytest.raises(TaskFailed, match="nobody of 'board'"):
        asked(middle, author="eve")


def test_who_joins_a_count_has_not_answered() -> None:
    """Roll, weights and groups grow, what was counted stays; an open electorate has no roll to join."""
    rule = Rule.of(poll(policy="plurality", group_quorum={"legal": 1}))
    voters = [Member(person="ada", groups=frozenset({"legal"})), Member(person="grace")]
    count = opening(rule, voters).cast((), ("north",), groups=frozenset({"legal"}))
    more = joined(rule, count, [Member(person="eve", weight=Fraction(2), groups=frozenset({"legal"}))])
    assert (more.roll, more.roll_weight, more.ballots) == (3, Fraction(4), 1)
    assert (more.part(Groups).roll, more.part(Groups).answered) == ({"legal": 2}, {"legal": 1})
    assert joined(rule, opening(rule, None), voters).roll is None
