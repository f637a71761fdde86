"""Ballots where secrecy, delegation, escalation and a second opening meet."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import select

from socialbpm.errors import Rejected
from socialbpm.outcomes.explained import explained
from socialbpm.people import Account, Community, Member
from socialbpm.posts import Destination
from socialbpm.store import tables
from tests.middle import Middle, WallChannel, poll, statements

DAY = timedelta(days=1)


@pytest.fixture
def middle(tmp_path: Path) -> Middle:
    made = Middle(tmp_path / "social.db", channels={"wall": WallChannel, "chat": WallChannel})
    made.run()
    return made


def end(middle: Middle) -> None:
    middle.drain()
    middle.clock.advance(4 * DAY)
    middle.drain()


def test_why_a_ballot_could_not_be_handed_on_names_nobody_after_the_close(middle: Middle) -> None:
    """Of a pseudonymous vote no name stays, not in a reason either."""
    request = middle.open(poll(secrecy="pseudonymous", delegation=True))
    middle.answer(request, "ada", delegate="grace")
    middle.answer(request, "grace", delegate="ada")
    end(middle)
    assert [reason for _, reason in middle.reasons(request)] == ["", "the ballot could not be handed on"]


def test_a_pseudonymous_vote_tells_no_figures_while_it_is_open(middle: Middle) -> None:
    """Figures after each answer would tell whose it was."""
    request = middle.open(poll(secrecy="pseudonymous"))
    middle.answer(request, "ada", "north")
    middle.drain()
    with middle.store.read() as conn:
        told = explained(conn, request)
    assert (told.counts, told.standings, told.received) == ({}, {}, 0)


def test_a_pseudonymous_vote_that_opens_again_begins_anew(middle: Middle) -> None:
    """Whose its answers were is forgotten: nobody has two ballots, and it is sealed at its end as well."""
    middle.walls["chat"].faults.append(("before", Rejected("no")))
    request = middle.open(poll(secrecy="pseudonymous"))
    middle.answer(request, "ada", "north")
    middle.drain()
    assert middle.request(request).error == "social.delivery_failed"
    with middle.store.begin() as conn:
        assert middle.requests.reopen(conn, request)
    middle.answer(request, "ada", "south")
    end(middle)
    assert middle.result(request)["counts"] == {"north": 0, "south": 1}
    with middle.store.read() as conn:
        assert "ada" not in conn.scalars(select(tables.response.c.person)).all()


def test_who_joins_an_open_vote_keeps_one_ballot(middle: Middle) -> None:
    """The account of nobody's, by which they had answered, is theirs from then on."""
    own = frozenset({Account(channel="wall", id="@eve")})
    room = Destination(channel="wall", room="boardroom")
    board = Community(name="board", destinations=(room,), roll=(Member(person="eve", accounts=own),))
    middle.communities["board"] = board
    request = middle.open(poll(electorate="open", escalate="board", escalate_after=DAY))
    middle.drain()
    middle.answer(request, "eve", "north")
    middle.drain()
    middle.clock.advance(DAY)
    middle.drain()
    middle.answer(request, "eve", "south")
    end(middle)
    assert middle.result(request)["counts"] == {"north": 0, "south": 1}


def test_handing_on_a_ballot_reads_nobody_else_behind_the_delegate(tmp_path: Path) -> None:
    """Nor does SQLite look at all answers of the request: the recursion begins with who was found."""
    middle = Middle(tmp_path / "social.db")
    middle.run()
    request = middle.open(poll(delegation=True))
    middle.drain()
    with statements(middle.store) as said:
        middle.answer(request, "ada", delegate="grace")
        middle.drain()
    (query,) = [sql for sql in said if "behind" in sql]
    with middle.store.read() as conn:
        values = (request,) * query.count("?")
        steps = conn.exec_driver_sql(f"EXPLAIN QUERY PLAN {query}", values).all()
    searched = [step.detail for step in steps if "social_response_of_person" in step.detail]
    assert searched
    assert all("person=?" in detail for detail in searched)
