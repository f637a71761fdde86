"""How a request was decided, told so that a layperson follows and an auditor can recompute."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import update

from socialbpm.errors import NotFound
from socialbpm.outcomes.explained import Explained, explained
from socialbpm.posts import Choice
from socialbpm.store import tables
from tests.middle import Middle, poll, review, status

THREE = tuple(Choice(key=key, label=key.title()) for key in ("north", "south", "east"))


def told(middle: Middle, request: str) -> Explained:
    with middle.store.read() as conn:
        return explained(conn, request)


def lines(found: Explained, heading: str) -> list[str]:
    return [sentence for name, sentence in found.told if name == heading]


def answered(
    middle: Middle, task: Any, *answers: tuple[str, ...], after: timedelta = timedelta(days=4)
) -> str:
    """A request with these answers (person, choices …), once its time is over."""
    middle.run()
    request = middle.open(task)
    middle.drain()
    for person, *choices in answers:
        middle.answer(request, person, *choices)
        middle.drain()
    middle.clock.advance(after)
    middle.drain()
    return request


def test_a_poll_is_told_from_the_rule_to_the_recount(tmp_path: Path) -> None:
    """Rule, roll, quorum, every standing with its number, the equation, counts, who, the end, the check."""
    middle = Middle(tmp_path / "social.db")
    request = answered(
        middle,
        poll(quorum=2),
        ("ada", "north"),
        ("ada", "south"),
        ("grace", "south"),
        ("mallory", "north"),
    )
    found = told(middle, request)
    assert found.holds
    assert (found.outcome, found.counts, found.received) == ("decided", {"south": 2}, 4)
    assert lines(found, "rule")[0].startswith("The choice with most votes wins (plurality)")
    assert lines(found, "roll") == [
        "3 people could answer: the roll was taken down when it opened.",
        "2 had to answer (quorum), 2 did: enough.",
    ]
    equation = "2 accepted + 1 superseded + 0 withdrawn + 0 late + 1 ineligible + 0 spoiled = 4 received"
    assert lines(found, "answers")[-1] == equation
    assert lines(found, "count")[:2] == ["North: 0 people.", "South: 2 people."]
    assert lines(found, "who") == ["ada: south.", "grace: south."]
    assert lines(found, "end")[-1] == middle.request(request).outcome["explanation"] + "."
    assert "comes to the same" in lines(found, "recount")[0]


def test_an_instant_runoff_is_told_round_by_round(tmp_path: Path) -> None:
    """Each round with its votes, and who drops out of it."""
    middle = Middle(tmp_path / "social.db", people=("ada", "grace", "linus", "rita", "tim"))
    task = poll(ballot="ranked", policy="instant_runoff", choices=THREE)
    request = answered(
        middle,
        task,
        ("ada", "north"),
        ("grace", "north"),
        ("linus", "south", "east"),
        ("rita", "east", "south"),
        ("tim", "south"),
    )
    found = told(middle, request)
    rounds = [line for line in lines(found, "count") if line.startswith("Round")]
    assert rounds[0] == "Round 1: “North” 2, “South” 2, “East” 1; “East” drops out."
    assert rounds[1].startswith("Round 2: “North” 2, “South” 3")
    assert found.holds


def test_schulze_is_told_pair_by_pair(tmp_path: Path) -> None:
    """Every choice against every other, so that anybody can draw the comparison anew."""
    middle = Middle(tmp_path / "social.db")
    task = poll(ballot="ranked", policy="schulze", choices=THREE)
    request = answered(
        middle, task, ("ada", "north", "south"), ("grace", "south", "north"), ("linus", "north")
    )
    pairs = [line for line in lines(told(middle, request), "count") if " against " in line]
    assert pairs == [
        "“North” against “South”: 2 to 1.",
        "“North” against “East”: 3 to 0.",
        "“South” against “East”: 2 to 0.",
    ]


def test_the_tie_rule_is_told_where_it_decided(tmp_path: Path) -> None:
    """Equal choices, and by which rule one of them won."""
    middle = Middle(tmp_path / "social.db")
    request = answered(middle, poll(tie="option_order"), ("ada", "north"), ("grace", "south"))
    assert "Choices were equal, and the tie rule (option_order) decided." in lines(
        told(middle, request), "count"
    )


def test_an_early_end_is_told(tmp_path: Path) -> None:
    """A review that closed at its first crossing says that it was before its deadline."""
    middle = Middle(tmp_path / "social.db")
    task = review(policy="n_of_m", n=2, deadline=timedelta(days=3))
    request = answered(middle, task, ("ada", "approve"), ("grace", "approve"), after=timedelta(0))
    assert lines(told(middle, request), "end")[0].endswith("before its deadline.")


def test_what_is_hidden_is_not_told_before_the_end(tmp_path: Path) -> None:
    """While a hidden vote is open there are no figures and no names, from whomever one asks."""
    middle = Middle(tmp_path / "social.db")
    request = answered(middle, poll(secrecy="hidden_until_close"), ("ada", "north"), after=timedelta(0))
    found = told(middle, request)
    assert (found.counts, found.people, found.received, found.standings) == ({}, (), 0, {})
    assert not any("ada" in sentence for _, sentence in found.told)
    middle.clock.advance(timedelta(days=4))
    middle.drain()
    assert told(middle, request).counts == {"north": 1}


def test_a_pseudonymous_vote_names_nobody(tmp_path: Path) -> None:
    """Neither while it is open nor when it has ended."""
    middle = Middle(tmp_path / "social.db")
    request = answered(middle, poll(secrecy="pseudonymous"), ("ada", "north"), after=timedelta(0))
    for _ in range(2):
        found = told(middle, request)
        assert found.people == ()
        assert not any("ada" in sentence for _, sentence in found.told)
        middle.clock.advance(timedelta(days=4))
        middle.drain()
    assert found.holds


def test_a_forged_count_does_not_hold(tmp_path: Path) -> None:
    """Somebody who changes a figure beside the request is found out by the recount, and told where."""
    middle = Middle(tmp_path / "social.db")
    request = answered(middle, poll(), ("ada", "north"))
    with middle.store.begin() as conn:
        forged = {**_counted(conn, request), "heads": {"south": 1}, "totals": {"south": "1"}}
        conn.execute(update(tables.request).where(tables.request.c.id == request).values(counted=forged))
    found = told(middle, request)
    assert not found.holds
    assert any("running count says {'south': 1}" in problem for problem in found.problems)
    assert lines(found, "recount")[0].startswith("DOES NOT HOLD")


def test_a_post_asks_nothing(tmp_path: Path) -> None:
    """It is told when and where it stood, and no rule."""
    middle = Middle(tmp_path / "social.db")
    request = answered(middle, status())
    found = told(middle, request)
    assert not lines(found, "rule")
    assert any("wall, in main" in sentence for sentence in lines(found, "asked"))


def test_one_that_is_not_there(tmp_path: Path) -> None:
    """A wrong id is told as such."""
    with pytest.raises(NotFound, match="no request 'nothing'"):
        told(Middle(tmp_path / "social.db"), "nothing")


def _counted(conn: Any, request: str) -> dict[str, Any]:
    rows = conn.execute(tables.request.select().where(tables.request.c.id == request))
    return dict(rows.one().counted)
