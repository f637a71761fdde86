"""Approval before publishing, on the pages: what would be posted, who sees it, and who decides about it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from starlette.testclient import TestClient

from socialbpm.social import Social
from socialbpm.testing.clock import FakeClock
from tests.pages import field, form, picture, signed_in
from tests.voting import council, model

COMMUNITIES = {
    "council": {"local": ["ada", "grace", "linus", "mary"]},
    "readers": {"local": ["vera"]},
}
SAID = "We have *news* &lt;b&gt;today&lt;/b&gt;"


@pytest.fixture
def social(tmp_path: Path) -> Iterator[Social]:
    with council(tmp_path, FakeClock(), communities=COMMUNITIES) as opened:
        yield opened


def _held(social: Social, folder: Path, attributes: str = 'approval="2"', children: str = "") -> str:
    """A status for the readers that waits for the council's approval."""
    task = f'postStatus {attributes} approvers="council" author="ada" disclosure="Advertisement"'
    file = folder / "council.bpmn"
    words = model(task, text=SAID, name="The news", children=children)
    file.write_text(words.replace('to="council"', 'to="readers council"'), encoding="utf-8")
    run = social.start(social.deploy(file), data={"shot": social.media.put(picture(), "image/png")})
    social.work()
    return social.run(run.id).requests[0].id


def _say(browser: TestClient, request_id: str, choice: str, comment: str = "") -> Any:
    filled = form(browser, request_id, choice=choice, comment=comment)
    return browser.post(f"/requests/{request_id}", data=filled)


def test_an_approver_sees_exactly_what_would_be_posted_where(social: Social, tmp_path: Path) -> None:
    """Per community the whole text, the disclosure first, the picture and its alt text; markup is letters."""
    shot = '<social:media src="{{ shot }}" alt="A drawing of a bus"/>'
    request_id = _held(social, tmp_path, children=shot)
    grace = signed_in(social, "grace")
    page = grace.get(f"/requests/{request_id}").text
    for room in ("council", "readers"):
        draft = page.partition(f'aria-label="For {room}"')[2].partition("</article>")[0]
        assert draft.index("Advertisement") < draft.index("We have *news* &lt;b&gt;today&lt;/b&gt;")
        assert "For people who do not see the picture: A drawing of a bus" in draft
        assert grace.get(draft.partition('<img src="')[2].partition('"')[0]).status_code == 200
    assert "Nothing of it is public yet" in page
    assert "May this be published?" in page


def test_what_waits_for_approval_is_shown_to_no_reader(social: Social, tmp_path: Path) -> None:
    """Those to whom it would go see nothing of it, on no page, by no address, before it is out."""
    request_id = _held(social, tmp_path)
    vera = signed_in(social, "vera")
    for path in ("/", "/feed", "/feed.atom", "/runs", "/communities/readers"):
        assert "news" not in vera.get(path).text, path
    assert vera.get(f"/requests/{request_id}").status_code == 404
    for person in ("grace", "linus"):
        _say(signed_in(social, person), request_id, "approve")
    social.work()
    assert "news" in vera.get("/communities/readers").text
    page = vera.get(f"/requests/{request_id}").text
    assert "news" in page
    assert "What this was about" not in page
    assert "grace" not in page


def test_what_was_refused_is_shown_to_no_reader(social: Social, tmp_path: Path) -> None:
    """A refusal needs its reason; then nothing goes out, and the approvers see by whom and why."""
    request_id = _held(social, tmp_path)
    grace = signed_in(social, "grace")
    assert _say(grace, request_id, "reject").status_code == 422
    _say(grace, request_id, "reject", "The date is wrong")
    social.work()
    page = signed_in(social, "linus").get(f"/requests/{request_id}").text
    assert "Withheld" in page
    assert "The date is wrong" in page
    assert signed_in(social, "vera").get(f"/requests/{request_id}").status_code == 404
    assert "news" not in signed_in(social, "vera").get("/communities/readers").text


def test_the_author_looks_on_and_cannot_approve(social: Social, tmp_path: Path) -> None:
    """They see what waits and what is said of it; there is no form for them, and one made up counts not."""
    request_id = _held(social, tmp_path, 'approval="1"')
    ada = signed_in(social, "ada")
    page = ada.get(f"/requests/{request_id}").text
    assert "What would be posted" in page
    assert "Send my answer" not in page
    grace_form = form(signed_in(social, "grace"), request_id)
    token = field(page, "token")
    ada.post(f"/requests/{request_id}", data=grace_form | {"token": token, "choice": "approve"})
    social.work()
    assert "news" not in signed_in(social, "vera").get("/communities/readers").text


def test_an_approval_waits_on_the_home_page_until_it_is_given(social: Social, tmp_path: Path) -> None:
    """An approver finds it there, and it leaves when they have decided; others do not have it."""
    request_id = _held(social, tmp_path)
    grace = signed_in(social, "grace")
    assert "Waits for approval" in grace.get("/").text
    assert "May this" not in signed_in(social, "vera").get("/").text
    _say(grace, request_id, "approve")
    social.work()
    assert "You: Approve" in grace.get("/").text
    assert "1 of 2" in signed_in(social, "linus").get(f"/requests/{request_id}").text
