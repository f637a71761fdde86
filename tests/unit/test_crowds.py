"""Crowds in replays: many people, always the same ones, who answer always the same."""

from __future__ import annotations

from fractions import Fraction

from socialbpm.posts import Ask, AskKind, Choice
from socialbpm.testing.crowds import answers, communities, people
from socialbpm.testing.replay_file import Crowd, Turnout

CROWD = Crowd(people=200, channels=("local", "chat", "forum"))
ROUTES = (Choice(key="north", label="North"), Choice(key="south", label="South"))


def ask(kind: AskKind = AskKind.SINGLE) -> Ask:
    """A question about two routes."""
    return Ask(request="r", version=2, kind=kind, choices=ROUTES)


def turnout(**changes: object) -> Turnout:
    """How the crowd answers."""
    return Turnout.model_validate({"of": "town", "choices": ["north", "south"], **changes})


def test_a_crowd_is_a_community_on_all_its_channels() -> None:
    """Everybody has an account of their own name on each of them."""
    bound = communities({"town": CROWD})
    assert list(bound["town"]) == ["local", "chat", "forum"]
    assert bound["town"]["chat"][0] == "town-00001"
    assert len(set(people("town", CROWD))) == 200


def test_shares_are_exact_and_the_seed_decides_the_rest() -> None:
    """A tenth is silent, a quarter of the rest answers again, a fifth of it deletes; the same each time."""
    drawn = turnout(silent="1/10", changes=0.25, deletions=Fraction(1, 5), seed=7)
    given = list(answers(drawn, CROWD, ask()))

    assert given == list(answers(drawn, CROWD, ask()))
    assert given != list(answers(drawn.model_copy(update={"seed": 8}), CROWD, ask()))
    ballots = [each for each in given if each.choices]
    deletions = [each for each in given if each.withdraws]
    assert (len(ballots), len(deletions)) == (180 + 45, 36)
    assert len({each.account for each in ballots}) == 180
    assert {each.channel for each in ballots} == {"local", "chat", "forum"}
    assert len({(each.channel, each.event_id) for each in given}) == len(given)
    last = {each.account: each for each in ballots}
    assert all(
        (last[each.account].event_id, last[each.account].channel) == (each.withdraws, each.channel)
        for each in deletions
    )


def test_ballots_are_written_as_everywhere() -> None:
    """``A>B=C`` in a ranked poll, ``A|B`` where several may be chosen."""
    drawn = turnout(choices=["north>south"])
    assert {each.choices for each in answers(drawn, CROWD, ask(AskKind.RANKED))} == {("north", "south")}
    drawn = turnout(choices=["north|south"])
    assert {each.choices for each in answers(drawn, CROWD, ask(AskKind.MULTIPLE))} == {("north", "south")}
