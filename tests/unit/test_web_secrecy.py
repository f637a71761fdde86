"""What the pages tell of a vote that is hidden until its end, or pseudonymous: to anybody, on any page."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from starlette.testclient import TestClient

from socialbpm.social import Social
from socialbpm.testing.clock import FakeClock
from socialbpm.web import runs
from socialbpm.web.viewers import viewer_of
from tests.pages import signed_in
from tests.voting import asked, council

HIDDEN = 'pollCommunity secrecy="hidden_until_close" include="voters" deadline="PT1H"'


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock()


@pytest.fixture
def social(tmp_path: Path, clock: FakeClock) -> Iterator[Social]:
    with council(tmp_path, clock) as opened:
        yield opened


def _pages(browser: TestClient, run: str, poll: str) -> dict[str, str]:
    """Every page on which something of the poll could stand, without what differs each time."""
    paths = ("/", "/feed", "/feed.atom", "/runs", f"/runs/{run}", f"/requests/{poll}", "/communities/council")
    return {path: re.sub(r'value="[^"]*"|since=\d+|key=\S+', "", browser.get(path).text) for path in paths}


@pytest.mark.parametrize("person", ["grace", "olga"])
@pytest.mark.parametrize("secrecy", ["hidden_until_close", "pseudonymous"])
def test_a_secret_vote_tells_nothing_before_its_end(
    social: Social, tmp_path: Path, person: str, secrecy: str
) -> None:
    """No page that others or operators see differs by a letter, whoever has answered and whatever."""
    run = asked(social, tmp_path, f'pollCommunity secrecy="{secrecy}" deadline="PT1H"')
    (poll,) = (each.id for each in run.requests)
    looker = signed_in(social, person)
    before = _pages(looker, run.id, poll)
    social.respond(poll, "ada", "north", comment="I like snow")
    social.respond(poll, "linus", "south")
    social.respond(poll, "linus", "east")
    social.work()
    assert _pages(looker, run.id, poll) == before
    assert "The answers are hidden until the end" in before[f"/requests/{poll}"]
    for ending in ("svg", "png"):
        assert looker.get(f"/requests/{poll}/chart.{ending}").status_code == 404


def test_no_event_is_sent_of_answers_to_a_secret_vote(social: Social, tmp_path: Path) -> None:
    """Who listens to the live feed hears of the question, and of nothing that is answered."""
    run = asked(social, tmp_path, HIDDEN)
    social.respond(run.requests[0].id, "ada", "north")
    social.work()
    viewer = viewer_of("olga", social.communities, social.operators, social.channels)
    assert viewer
    with social.store.read() as conn:
        heard = {entry.kind for entry in runs.since(conn, viewer, runs.Drawings(), 0, 10_000)}
    assert "request.opened" in heard
    assert not {kind for kind in heard if kind.startswith("response.")}


def test_a_hidden_vote_shows_its_voter_their_own_answer(social: Social, tmp_path: Path) -> None:
    """Only that: no counts, nobody else's."""
    run = asked(social, tmp_path, HIDDEN)
    (poll,) = (each.id for each in run.requests)
    social.respond(poll, "ada", "north")
    social.respond(poll, "grace", "south", comment="I like the sun")
    social.work()
    page = signed_in(social, "ada").get(f"/requests/{poll}").text
    assert "You answered <strong>North</strong>" in page
    assert "sun" not in page
    assert "Answered by" not in page


def test_a_hidden_vote_is_shown_whole_after_its_end(social: Social, tmp_path: Path, clock: FakeClock) -> None:
    """Then the chart, the figures and, where the model includes them, who answered what."""
    run = asked(social, tmp_path, HIDDEN)
    (poll,) = (each.id for each in run.requests)
    social.respond(poll, "ada", "north", comment="I like snow")
    social.work()
    clock.advance(timedelta(hours=1))
    social.work()
    grace = signed_in(social, "grace")
    page = grace.get(f"/requests/{poll}").text
    assert "Answered by 1 of 4 people" in page
    assert "I like snow" in page
    assert grace.get(f"/requests/{poll}/chart.svg").status_code == 200


@pytest.mark.parametrize("ended", [False, True])
def test_a_pseudonymous_vote_names_nobody(
    social: Social, tmp_path: Path, clock: FakeClock, ended: bool
) -> None:
    """After its end counts and reasons are shown, names never, before it nothing: not even in a review."""
    run = asked(social, tmp_path, 'requestReview secrecy="pseudonymous" policy="majority" close="deadline"')
    (review,) = (each.id for each in run.requests)
    social.respond(review, "ada", "reject", comment="Too long")
    social.work()
    if ended:
        clock.advance(timedelta(days=2))
        social.work()
    for person in ("grace", "olga"):
        for path, page in _pages(signed_in(social, person), run.id, review).items():
            assert "ada" not in page.replace("ada, grace, linus, mary", ""), path  # but for the whole roll
            if path.startswith("/requests") and ended:
                assert "Answered by 1 of 4 people" in page
                assert "Too long" in page
