"""Votes on the pages: rankings, consent, abstaining and delegation, answered as a browser answers them."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from starlette.testclient import TestClient

from socialbpm.social import Social
from socialbpm.testing.clock import FakeClock
from tests.pages import form, signed_in
from tests.voting import RANKED, asked, council, question


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock()


@pytest.fixture
def social(tmp_path: Path, clock: FakeClock) -> Iterator[Social]:
    with council(tmp_path, clock) as opened:
        yield opened


def _asked(social: Social, folder: Path, task: str, **words: str) -> str:
    return question(asked(social, folder, task, **words))


def _sent(browser: TestClient, request_id: str, **filled: Any) -> Any:
    return browser.post(f"/requests/{request_id}", data=form(browser, request_id, **filled))


def _ballots(social: Social, request_id: str) -> list[tuple[str, ...]]:
    return [each.choices for each in social.responses(request_id)]


# rankings


def test_equal_numbers_are_equal_places_and_gaps_mean_nothing(social: Social, tmp_path: Path) -> None:
    """2, 9 and 9 is a first place and two second ones; what was understood is shown."""
    poll = _asked(social, tmp_path, RANKED)
    ada = signed_in(social, "ada")
    page = _sent(ada, poll, **{"rank:south": "2", "rank:north": "9", "rank:east": " 9 "}).text
    assert _ballots(social, poll) == [("south", "north=east")]
    assert "1. South, 2. North and East." in page


@pytest.mark.parametrize("typed", ["first", "0", "-1", "1.5", "1000", "²", "<b>"])
def test_what_is_no_place_is_told_beside_its_field(social: Social, tmp_path: Path, typed: str) -> None:
    """Nothing is sent, and all that was typed is in the form again."""
    poll = _asked(social, tmp_path, RANKED)
    answer = _sent(
        signed_in(social, "ada"), poll, **{"rank:north": typed, "rank:south": "4"}, comment="Because"
    )
    assert answer.status_code == 422
    assert 'aria-describedby="rank-0-problem"' in answer.text
    assert 'name="rank:south" value="4"' in answer.text
    assert ">Because</textarea>" in answer.text
    assert typed.replace("<", "&lt;").replace(">", "&gt;") in answer.text
    assert _ballots(social, poll) == []


def test_a_ranking_names_as_many_as_the_model_says(social: Social, tmp_path: Path) -> None:
    """Too few and too many are told before anything is sent."""
    poll = _asked(social, tmp_path, f'{RANKED} minimum="2" maximum="2"')
    ada = signed_in(social, "ada")
    assert "2 of 3." in ada.get(f"/requests/{poll}").text
    assert "Give at least one choice a number" in _sent(ada, poll).text
    assert "Rank at least 2; you have 1." in _sent(ada, poll, **{"rank:north": "1"}).text
    all_of_them = {f"rank:{key}": "1" for key in ("north", "south", "east")}
    assert "Rank at most 2; you have 3." in _sent(ada, poll, **all_of_them).text
    assert _ballots(social, poll) == []


def test_to_abstain_is_an_answer_where_it_is_offered(social: Social, tmp_path: Path) -> None:
    """It is sent alone, not beside a ranking; where it is not offered, no form can send it."""
    poll = _asked(social, tmp_path, f'{RANKED} abstain="true"')
    ada = signed_in(social, "ada")
    both = _sent(ada, poll, choice="abstain", **{"rank:north": "1"})
    assert both.status_code == 422
    assert "You abstain and rank at once" in both.text
    assert "Abstain." in _sent(ada, poll, choice="abstain").text
    social.work()
    assert "You answered <strong>Abstain</strong>" in ada.get(f"/requests/{poll}").text
    assert _ballots(social, poll) == [("abstain",)]


def test_nobody_abstains_where_it_is_not_offered(social: Social, tmp_path: Path) -> None:
    """The page does not offer it, and a form made up to send it is refused."""
    poll = _asked(social, tmp_path, "pollCommunity")
    ada = signed_in(social, "ada")
    assert "bstain" not in ada.get(f"/requests/{poll}").text
    assert _sent(ada, poll, choice="abstain").status_code == 422
    assert _ballots(social, poll) == []


def test_the_rounds_of_a_run_off_are_told(social: Social, tmp_path: Path) -> None:
    """When it has ended, the page says who dropped out in which round, and who won."""
    poll = _asked(social, tmp_path, f'{RANKED} deadline="PT1H"')
    for person, ranking in (
        ("ada", ["north"]),
        ("grace", ["north"]),
        ("linus", ["south", "east"]),
        ("mary", ["east", "south"]),
    ):
        social.respond(poll, person, ranking)
    social.work()
    page = signed_in(social, "ada").get(f"/requests/{poll}").text
    assert "Round by round" in page
    assert "drops out" in page


# consent


def test_what_silence_means_is_said_and_until_when(social: Social, tmp_path: Path, clock: FakeClock) -> None:
    """A proposal says that saying nothing is consent, and the minute at which it passes."""
    proposal = _asked(social, tmp_path, 'seekConsent deadline="PT72H"')
    ends = clock.now() + timedelta(hours=72)
    page = signed_in(social, "ada").get(f"/requests/{proposal}").text
    assert f"passes if nobody stops it until {ends:%a} {ends.day} {ends:%b %Y, %H:%M} UTC" in page


def test_silence_does_not_pass_what_needs_support(social: Social, tmp_path: Path) -> None:
    """Consensus approval says so, and what it takes."""
    proposal = _asked(social, tmp_path, 'seekConsent policy="consensus_approval" minPlus="2"')
    page = signed_in(social, "ada").get(f"/requests/{proposal}").text
    assert "Saying nothing is not enough: 2 in favour needed and no veto" in page


def test_an_objection_needs_its_reason(social: Social, tmp_path: Path) -> None:
    """The page says so before; without a reason nothing is sent, and beside the field it says why."""
    proposal = _asked(social, tmp_path, "seekConsent")
    ada = signed_in(social, "ada")
    assert "Needed when you object" in ada.get(f"/requests/{proposal}").text
    answer = _sent(ada, proposal, choice="object", comment="  ")
    assert answer.status_code == 422
    assert "an objection counts only with its reason" in answer.text
    assert 'value="object" checked' in answer.text
    assert _ballots(social, proposal) == []


def test_an_objection_stands_until_it_is_withdrawn(social: Social, tmp_path: Path, clock: FakeClock) -> None:
    """Others read it with its name; withdrawn, it stops nothing, and silence passes the proposal."""
    proposal = _asked(social, tmp_path, 'seekConsent deadline="PT1H"')
    ada = signed_in(social, "ada")
    _sent(ada, proposal, choice="object", comment="It <b>leaks</b>")
    social.work()
    seen = signed_in(social, "grace").get(f"/requests/{proposal}").text
    assert '<strong>ada</strong> · <span dir="auto">Object</span>' in seen
    assert "It &lt;b&gt;leaks&lt;/b&gt;" in seen
    assert "Withdraw my objection" in ada.get(f"/requests/{proposal}").text
    assert "Your answer is withdrawn" in _sent(ada, proposal, withdraw="yes").text
    clock.advance(timedelta(hours=1))
    social.work()
    assert "Passed" in ada.get(f"/requests/{proposal}").text


# delegation


def _hand(browser: TestClient, request_id: str, to: str) -> Any:
    filled = form(browser, request_id, delegate=to)
    return browser.post(f"/requests/{request_id}/delegation", data=filled)


def test_a_ballot_is_handed_over_and_taken_back(social: Social, tmp_path: Path) -> None:
    """The delegate learns for whom they answer; their answer counts for both until it is taken back."""
    poll = _asked(social, tmp_path, 'pollCommunity delegation="true"')
    ada, grace = signed_in(social, "ada"), signed_in(social, "grace")
    assert "grace answers for you." in _hand(ada, poll, "grace").text
    social.work()
    assert "<strong>grace</strong> answers for you" in ada.get(f"/requests/{poll}").text
    assert "You answer for ada, too." in grace.get(f"/requests/{poll}").text
    _sent(grace, poll, choice="north")
    social.work()
    assert "Answered by 2 of 4 people" in ada.get(f"/requests/{poll}").text
    assert "Take my ballot back" in ada.get(f"/requests/{poll}").text
    _sent(ada, poll, withdraw="yes")
    social.work()
    assert "Answered by 1 of 4 people" in ada.get(f"/requests/{poll}").text
    assert "You answer for" not in grace.get(f"/requests/{poll}").text


@pytest.mark.parametrize("to", ["", "ada", "vera", "nobody"])
def test_a_ballot_is_handed_to_somebody_else_on_the_roll(social: Social, tmp_path: Path, to: str) -> None:
    """Not to oneself, not to a stranger, not to nobody; nothing is sent."""
    poll = _asked(social, tmp_path, 'pollCommunity delegation="true"')
    answer = _hand(signed_in(social, "ada"), poll, to)
    assert answer.status_code == 422
    assert 'id="delegate-problem"' in answer.text
    assert _ballots(social, poll) == []


def test_nothing_is_handed_over_where_that_is_not_offered(social: Social, tmp_path: Path) -> None:
    """Without delegation in the model there is no form for it, and one made up is refused."""
    poll = _asked(social, tmp_path, "pollCommunity")
    ada = signed_in(social, "ada")
    assert "Let somebody else answer" not in ada.get(f"/requests/{poll}").text
    assert _hand(ada, poll, "grace").status_code == 422
    assert _ballots(social, poll) == []


def test_a_delegation_from_another_site_is_refused(social: Social, tmp_path: Path) -> None:
    """Neither without the token of the session, nor from another origin, nor by GET."""
    poll = _asked(social, tmp_path, 'pollCommunity delegation="true"')
    ada = signed_in(social, "ada")
    filled = form(ada, poll, delegate="grace")
    address = f"/requests/{poll}/delegation"
    assert ada.post(address, data=filled | {"token": "x"}).status_code == 403
    assert ada.post(address, data=filled, headers={"origin": "https://evil.example"}).status_code == 403
    assert ada.get(address, params=filled).status_code == 405
    assert _ballots(social, poll) == []


def test_on_a_long_roll_the_name_of_a_delegate_is_typed(tmp_path: Path, clock: FakeClock) -> None:
    """A list of hundreds is no help: there is a field, and what was typed stays if it is nobody's name."""
    many = {"council": {"local": ["ada", *(f"p{number:03}" for number in range(400))]}}
    with council(tmp_path, clock, communities=many) as social:
        poll = _asked(social, tmp_path, 'pollCommunity delegation="true" include="voters"')
        ada = signed_in(social, "ada")
        page = ada.get(f"/requests/{poll}").text
        assert "<select" not in page
        assert 'name="delegate" value="p40"' in _hand(ada, poll, "p40").text
        assert "p399 answers for you." in _hand(ada, poll, "p399").text
        social.work()
        assert "and 300 more" in ada.get(f"/requests/{poll}").text  # of 400 who have not answered


# an open electorate


def test_where_anybody_may_answer_who_looks_on_may(social: Social, tmp_path: Path) -> None:
    """Somebody who is on no roll and sees the question has a form; their answer counts as one person's."""
    closed = _asked(social, tmp_path, "pollCommunity")
    opened = _asked(social, tmp_path, 'pollCommunity electorate="open"')
    olga = signed_in(social, "olga")
    assert "You can look on" in olga.get(f"/requests/{closed}").text
    _sent(olga, opened, choice="north")
    social.work()
    page = olga.get(f"/requests/{opened}").text
    assert "You answered <strong>North</strong>" in page
    assert "Answered by 1 person." in page
