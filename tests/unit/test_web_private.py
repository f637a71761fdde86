"""What was posted to one person alone: shown to that person, and on no page of anybody else."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import select

from socialbpm.social import Social
from socialbpm.social.views import Run
from socialbpm.store.tables import local_post
from socialbpm.testing.clock import FakeClock
from tests.pages import signed_in
from tests.voting import asked, council

REMINDS = 'pollCommunity remind="PT6H" deadline="P2D"'


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock()


@pytest.fixture
def social(tmp_path: Path, clock: FakeClock) -> Iterator[Social]:
    with council(tmp_path, clock) as opened:
        yield opened


def _reminded(social: Social, folder: Path, clock: FakeClock, task: str = REMINDS) -> Run:
    """A poll that ada has answered, and of which the others have been reminded."""
    run = asked(social, folder, task)
    social.respond(run.requests[0].id, "ada", "north")
    social.work()
    clock.advance(timedelta(hours=6))
    social.work()
    return run


def _private(social: Social, person: str) -> str:
    with social.store.read() as conn:
        return conn.scalars(select(local_post.c.key).where(local_post.c.room == f"@{person}")).one()


def test_a_reminder_is_shown_to_its_person_until_they_answer(
    social: Social, tmp_path: Path, clock: FakeClock
) -> None:
    """On their home page, with the way to the question; gone once they have answered."""
    run = _reminded(social, tmp_path, clock)
    poll = run.requests[0].id
    grace = signed_in(social, "grace")
    clock.advance(timedelta(hours=6))
    social.work()
    assert grace.get("/").text.count("card alone") == 1  # of two reminders the newer one
    assert "For you alone" in grace.get("/").text
    assert "For you alone" not in signed_in(social, "ada").get("/").text
    social.respond(poll, "grace", "south")
    social.work()
    assert "For you alone" not in grace.get("/").text


def test_nobody_else_reads_what_is_for_one_person(social: Social, tmp_path: Path, clock: FakeClock) -> None:
    """Its address is a 404 for others, operators included, and no stream has it."""
    _reminded(social, tmp_path, clock)
    path = f"/posts/{_private(social, 'grace')}"
    assert signed_in(social, "grace").get(path).status_code == 200
    for other in ("ada", "linus", "vera", "olga"):
        browser = signed_in(social, other)
        assert browser.get(path).status_code == 404
        assert browser.get("/communities/@grace").status_code == 404


def test_the_feed_does_not_tell_who_was_reminded(social: Social, tmp_path: Path, clock: FakeClock) -> None:
    """Whom we remind has not answered: others hear that people were reminded, not who."""
    run = _reminded(social, tmp_path, clock)
    linus = signed_in(social, "linus")
    for path in ("/feed", "/feed.atom", f"/runs/{run.id}", f"/requests/{run.requests[0].id}"):
        page = linus.get(path).text
        assert "those who have not answered were reminded" in page, path
        assert set(re.findall(r"posted to (\w+) alone", page)) == {"linus"}, path
    assert "grace alone" in signed_in(social, "olga").get(f"/runs/{run.id}").text


def test_while_a_vote_is_hidden_no_operator_sees_who_was_reminded(
    social: Social, tmp_path: Path, clock: FakeClock
) -> None:
    """It would tell who has not answered; what is stuck is shown all the same."""
    run = _reminded(social, tmp_path, clock, f'{REMINDS} secrecy="hidden_until_close"')
    olga = signed_in(social, "olga")
    for path in ("/feed", "/feed.atom", f"/runs/{run.id}", f"/requests/{run.requests[0].id}"):
        assert not re.search(r"posted to \w+ alone", olga.get(path).text), path
