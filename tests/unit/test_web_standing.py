"""How a request stands and how it ended, as its page and its chart tell it."""

from __future__ import annotations

import io
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from lxml import etree
from PIL import Image
from starlette.testclient import TestClient

from socialbpm.social import Social
from socialbpm.testing.clock import FakeClock
from tests.pages import BASE, signed_in
from tests.voting import asked, council, question


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock()


@pytest.fixture
def social(tmp_path: Path, clock: FakeClock) -> Iterator[Social]:
    with council(tmp_path, clock) as opened:
        yield opened


@pytest.fixture
def poll(social: Social, tmp_path: Path) -> str:
    return question(asked(social, tmp_path, 'pollCommunity quorum="2" deadline="PT1H" include="voters"'))


def _end(social: Social, clock: FakeClock) -> None:
    clock.advance(timedelta(hours=1))
    social.work()


# the chart


def test_a_chart_is_for_those_who_see_the_request(social: Social, poll: str) -> None:
    """Nobody without a session, and nobody of another community, gets one in either form."""
    social.respond(poll, "ada", "north")
    social.work()
    for path in (f"/requests/{poll}/chart.svg", f"/requests/{poll}/chart.png"):
        assert signed_in(social, "grace").get(path).status_code == 200
        assert signed_in(social, "vera").get(path).status_code == 404
        assert TestClient(social.asgi(), base_url=BASE).get(path).status_code == 401


def test_there_is_no_chart_of_nothing(social: Social, poll: str) -> None:
    """Before the first answer there is nothing to draw."""
    assert signed_in(social, "ada").get(f"/requests/{poll}/chart.svg").status_code == 404


def test_a_chart_may_be_kept_only_when_nothing_changes_any_more(
    social: Social, poll: str, clock: FakeClock
) -> None:
    """While answers come it is asked for each time; after the end for ever, but by nobody's shared cache."""
    social.respond(poll, "ada", "north")
    social.work()
    ada = signed_in(social, "ada")
    for path in (f"/requests/{poll}/chart.svg", f"/requests/{poll}/chart.png"):
        assert ada.get(path).headers["cache-control"] == "private, no-cache"
    _end(social, clock)
    for path in (f"/requests/{poll}/chart.svg", f"/requests/{poll}/chart.png"):
        headers = ada.get(path).headers
        assert headers["cache-control"] == "private, max-age=31536000, immutable"
        assert headers["vary"] == "cookie"


def test_both_forms_of_a_chart_are_what_they_say(social: Social, poll: str) -> None:
    """A drawing that parses and a picture that opens, neither of which may run anything."""
    social.respond(poll, "ada", "north")
    social.work()
    ada = signed_in(social, "ada")
    drawing, picture = (ada.get(f"/requests/{poll}/chart.{ending}") for ending in ("svg", "png"))
    assert drawing.headers["content-type"] == "image/svg+xml"
    assert etree.fromstring(drawing.content).tag == "{http://www.w3.org/2000/svg}svg"
    assert Image.open(io.BytesIO(picture.content)).format == "PNG"
    for answer in (drawing, picture):
        assert answer.headers["content-security-policy"].startswith("default-src 'none';")
        assert answer.headers["x-content-type-options"] == "nosniff"


def test_what_people_write_is_drawn_and_never_run(social: Social, tmp_path: Path) -> None:
    """A question and a choice with markup in them are letters in the page and in the drawing."""
    choices = '<social:choice key="a">&lt;script&gt;x()&lt;/script&gt;</social:choice>'
    choices += '<social:choice key="b">B</social:choice>'
    run = asked(social, tmp_path, "pollCommunity", text="&lt;b onload=x()&gt;?", children=choices)
    poll = question(run)
    social.respond(poll, "ada", "a", comment="<img src=x onerror=y()>")
    social.work()
    ada = signed_in(social, "ada")
    page, drawing = (ada.get(f"/requests/{poll}{rest}").text for rest in ("", "/chart.svg"))
    for shown in (page, drawing):
        assert "<script>x" not in shown
        assert "<b onload" not in shown
        assert "<img src=x" not in shown
        assert "&lt;script&gt;" in shown


# the figures


def test_turnout_is_told_against_the_quorum(social: Social, poll: str) -> None:
    """How many of how many, and whether that is enough."""
    ada = signed_in(social, "ada")
    social.respond(poll, "ada", "north")
    social.work()
    assert "Answered by 1 of 4 people. The quorum is 2." in ada.get(f"/requests/{poll}").text
    social.respond(poll, "grace", "north")
    social.work()
    assert "Answered by 2 of 4 people. The quorum of 2 is reached." in ada.get(f"/requests/{poll}").text


def test_every_answer_received_is_accounted_for(social: Social, poll: str, clock: FakeClock) -> None:
    """Accepted, superseded, withdrawn, late, ineligible and spoiled make up all that was received."""
    for person, choice in (
        ("ada", "north"),
        ("ada", "south"),
        ("grace", "east"),
        ("grace", ()),
        ("vera", "north"),
        ("linus", "nowhere"),
    ):
        social.respond(poll, person, choice)
    social.work()
    _end(social, clock)
    social.respond(poll, "mary", "north")
    ada = signed_in(social, "ada")
    assert "Uncounted" in ada.get(f"/requests/{poll}").text
    social.work()
    page = ada.get(f"/requests/{poll}").text
    assert "What became of all 7 answers received" in page
    assert "1 + 1 + 2 + 1 + 1 + 1 = 7 received" in page
    assert "Uncounted" not in page


def test_answers_of_others_are_shown_apart(social: Social, poll: str) -> None:
    """Who is not on the roll may speak; the page says so apart, and it changes no figure."""
    social.respond(poll, "ada", "north")
    social.respond(poll, "vera", "south")
    social.work()
    page = signed_in(social, "grace").get(f"/requests/{poll}").text
    assert "Advisory, apart from the count" in page
    assert "Answered by 1 of 4 people" in page
    assert "South: 0 votes" in page


def test_who_has_not_answered_is_told_where_names_are(social: Social, tmp_path: Path, poll: str) -> None:
    """Where the model tells names, also theirs who are silent; elsewhere neither."""
    social.respond(poll, "ada", "north")
    social.work()
    assert (
        "Not yet heard of:</span> grace, linus, mary"
        in signed_in(social, "ada").get(f"/requests/{poll}").text
    )
    quiet = question(asked(social, tmp_path, "pollCommunity", name="Another"))
    social.respond(quiet, "ada", "north")
    social.work()
    page = signed_in(social, "grace").get(f"/requests/{quiet}").text
    assert "Not yet heard of" not in page
    assert "Who answered what" not in page


def test_the_end_is_told_in_words_and_as_a_chart(social: Social, poll: str, clock: FakeClock) -> None:
    """Outcome, explanation, the winner marked in the chart, and what happened on the way."""
    for person in ("ada", "grace"):
        social.respond(poll, person, "north")
    social.work()
    _end(social, clock)
    page = signed_in(social, "ada").get(f"/requests/{poll}").text
    assert "How it ended" in page
    assert "<title>North: 2 votes, 100 %, won</title>" in page
    assert "“The way”: ended, decided" in page
