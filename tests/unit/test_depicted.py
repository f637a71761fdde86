"""From a request to its chart: what is counted, what is needed, what became of each choice."""

from __future__ import annotations

from fractions import Fraction
from typing import Any

import pytest

from socialbpm import policies, tasks
from socialbpm.outcomes.chart import Bar, Chart, Place, Round, depicted
from socialbpm.people import Member
from socialbpm.policies import Rule
from socialbpm.posts import Choice, Span
from socialbpm.tasks import Asking, Wording

CHOICES = tuple(Choice(key=key, label=key.upper()) for key in "abc")


def _task(element: str = "pollCommunity", **said: Any) -> Asking:
    offered = {"choices": CHOICES} if element == "pollCommunity" else {}
    texts = (Wording(text=(Span("Which?"),)),)
    model = tasks.model(element)
    task = model.model_validate(
        {"to": ("council",), "texts": texts, **offered, **said}, by_name=True, by_alias=True
    )
    assert isinstance(task, Asking)
    return task


def _charted(task: Asking, *ballots: tuple[str, ...], closing: bool = False, weight: int = 1) -> Chart:
    """The chart of a roll of nine people, of whom some have answered."""
    rule = Rule.of(task)
    count = policies.opening(rule, [Member(person=str(each), weight=Fraction(weight)) for each in range(9)])
    for seq, ballot in enumerate(ballots, 1):
        count = count.cast((), ballot, Fraction(weight), seq, reasoned=True)
    outcome = policies.decide(rule, count, closing=True) if closing else None
    return depicted(task, "Which?", count, outcome)


def _values(chart: Chart) -> dict[str, Fraction]:
    return {bar.label: bar.value for bar in chart.bars}


def test_votes_are_shown_with_their_winner_and_who_abstained() -> None:
    """A bar per choice in the order offered, abstentions last, the winner marked once it has ended."""
    chart = _charted(_task(abstain=True, quorum=3), ("a",), ("a",), ("b",), ("abstain",), closing=True)
    assert _values(chart) == {"A": 2, "B": 1, "C": 0, "Abstain": 1}
    assert [bar.place for bar in chart.bars] == [Place.WON, None, None, None]
    assert chart.turnout
    assert (chart.turnout.answered, chart.turnout.roll, chart.turnout.quorum) == (4, 9, 3)


def test_a_tie_marks_all_who_are_tied() -> None:
    """Nobody has won, so nobody is shown as the winner."""
    chart = _charted(_task(), ("a",), ("b",), closing=True)
    assert [bar.place for bar in chart.bars] == [Place.TIED, Place.TIED, None]


def test_a_run_off_shows_how_far_each_choice_came() -> None:
    """The votes of its last round, those of earlier rounds as parts, and who dropped out when."""
    task = _task(ballot="ranked", policy="instant_runoff")
    chart = _charted(task, ("a",), ("a",), ("b", "c"), ("b", "c"), ("c", "b"), closing=True)
    assert chart.bars[1] == Bar(label="B", value=Fraction(3), place=Place.WON, parts=(Fraction(2),))
    assert chart.bars[2] == Bar(label="C", value=Fraction(1), place=Place.OUT)
    assert chart.rounds == (Round(out="C", value=Fraction(1)),)


def test_points_are_no_shares_of_votes() -> None:
    """A Borda count compares points; a percentage of people would say nothing."""
    chart = _charted(_task(ballot="ranked", policy="borda"), ("a", "b"), ("a", "c"))
    assert _values(chart)["A"] == 4
    assert chart.many == "points"
    assert chart.of is None


def test_weight_is_not_taken_for_people() -> None:
    """Where votes weigh something, the figures say so."""
    assert _charted(_task(), ("a",), weight=3).counted(Fraction(3)) == "3 by weight"
    assert _charted(_task(), ("a",)).counted(Fraction(3)) == "3 votes"


@pytest.mark.parametrize(
    ("said", "needed"),
    [
        ({"policy": "plurality"}, None),
        ({"policy": "n_of_m", "n": 2}, 2),
        ({"policy": "majority"}, 3),
        ({"policy": "majority", "of": "roll"}, 5),
        ({"policy": "threshold", "threshold": Fraction(1, 2)}, 2),
        ({"policy": "threshold", "threshold": Fraction(1, 2), "strict": True}, 3),
        ({"policy": "supermajority"}, Fraction(8, 3)),
    ],
)
def test_what_is_needed_is_drawn_where_it_is_one_figure(said: dict[str, Any], needed: int | None) -> None:
    """Of four votes cast, of a roll of nine; what must be exceeded is the next whole vote."""
    assert _charted(_task(**said), ("a",), ("a",), ("b",), ("c",)).threshold == needed


def test_the_fixed_answers_have_words_for_people() -> None:
    """A verdict and an objection are told in words, not by their keys."""
    assert list(_values(_charted(_task("seekConsent"), ("object",)))) == ["Support", "Object"]
    assert list(_values(_charted(_task("requestReview")))) == ["Approve", "Ask for changes", "Reject"]
