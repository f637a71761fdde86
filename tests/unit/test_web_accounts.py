"""The page of a person's accounts: a code here, a code there, and what is refused with its reason."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from starlette.testclient import TestClient

from socialbpm.social import Social
from socialbpm.testing.clock import FakeClock
from tests.pages import field, signed_in
from tests.voting import council

COMMUNITIES = {"council": {"local": ["ada", "grace"]}, "readers": {"local": ["vera"]}}


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock()


@pytest.fixture
def social(tmp_path: Path, clock: FakeClock) -> Iterator[Social]:
    with council(tmp_path, clock, communities=COMMUNITIES) as opened:
        yield opened


def _send(browser: TestClient, path: str, **filled: str) -> Any:
    token = field(browser.get("/accounts").text, "token")
    return browser.post(path, data={"token": token} | filled)


def _code(browser: TestClient) -> str:
    return re.findall(r'<output class="code">([^<]+)</output>', _send(browser, "/accounts/code").text)[0]


def _linked(social: Social, person: str) -> list[str]:
    return [each.id for each in social.rooms.accounts.of(person)]


def test_an_account_is_linked_by_a_code_here_and_a_code_there(social: Social) -> None:
    """The code of the page is said elsewhere, the code given there is typed here: then it is theirs."""
    ada = signed_in(social, "ada")
    given = social.rooms.accounts.say("chat", "U7", _code(ada)).code
    page = _send(ada, "/accounts/confirm", code=given.lower()).text
    assert "Linked: both accounts are yours" in page
    assert "U7" in page
    assert _linked(social, "ada") == ["U7", "ada"]


def test_one_of_the_two_codes_links_nothing(social: Social, clock: FakeClock) -> None:
    """Neither the page's own code, nor one made up, nor none, nor one whose time is over, each with why."""
    ada = signed_in(social, "ada")
    code = _code(ada)
    for typed, why in (
        ("", "Type the code"),
        (code, "this account is yours already"),
        ("AAAA-AAAA", "no such code"),
    ):
        answer = _send(ada, "/accounts/confirm", code=typed)
        assert answer.status_code == 422
        assert why.lower() in answer.text.lower()
        assert 'aria-describedby="code-problem"' in answer.text
    given = social.rooms.accounts.say("chat", "U7", code).code
    clock.advance(timedelta(minutes=15))
    assert "its time is over" in _send(ada, "/accounts/confirm", code=given).text
    assert _linked(social, "ada") == ["ada"]


def test_somebody_elses_second_code_links_nothing(social: Social) -> None:
    """A code that was seen over a shoulder is of no use to whoever did not ask for the first one."""
    given = social.rooms.accounts.say("chat", "U7", _code(signed_in(social, "ada"))).code
    grace = signed_in(social, "grace")
    assert "to be said with the account that asked" in _send(grace, "/accounts/confirm", code=given).text
    assert _linked(social, "grace") == ["grace"]


def test_codes_cannot_be_tried_out(social: Social) -> None:
    """After five tries the page says to wait, whatever is typed; asking for codes has the same limit."""
    ada = signed_in(social, "ada")
    for _ in range(5):
        _send(ada, "/accounts/confirm", code="AAAA-AAAA")
    assert "wait a while" in _send(ada, "/accounts/confirm", code="AAAA-AAAA").text
    for _ in range(5):
        assert _send(ada, "/accounts/code").status_code == 200
    refused = _send(ada, "/accounts/code")
    assert refused.status_code == 409
    assert "No code was made" in refused.text


def test_only_what_one_has_linked_can_be_unlinked(social: Social) -> None:
    """Not what the settings say, not somebody else's, and nothing by a form from elsewhere."""
    ada, grace = signed_in(social, "ada"), signed_in(social, "grace")
    given = social.rooms.accounts.say("chat", "U7", _code(ada)).code
    _send(ada, "/accounts/confirm", code=given)
    theirs = {"channel": "chat", "account": "U7"}
    assert _send(grace, "/accounts/unlink", **theirs).status_code == 404
    assert _send(ada, "/accounts/unlink", channel="local", account="ada").status_code == 404
    assert ada.post("/accounts/unlink", data=theirs | {"token": "x"}).status_code == 403
    assert ada.get("/accounts/unlink", params=theirs).status_code == 405
    assert _linked(social, "ada") == ["U7", "ada"]
    assert "no longer linked" in _send(ada, "/accounts/unlink", **theirs).text
    assert _linked(social, "ada") == ["ada"]


def test_a_code_is_shown_to_its_person_alone(social: Social) -> None:
    """It is in no address, on no page once it was shown, in no feed, and stays in no cache."""
    ada = signed_in(social, "ada")
    answer = _send(ada, "/accounts/code")
    (code,) = re.findall(r'<output class="code">([^<]+)</output>', answer.text)
    assert answer.headers["cache-control"] == "no-store"
    assert code not in str(answer.url)
    for browser in (ada, signed_in(social, "olga")):
        for path in ("/accounts", "/feed", "/feed.atom", "/"):
            assert code not in browser.get(path).text
    assert "account.code" not in signed_in(social, "olga").get("/feed").text


def test_an_operator_of_no_community_gets_no_code(social: Social) -> None:
    """There is nobody to link to: the page says so instead of breaking."""
    answer = _send(signed_in(social, "olga"), "/accounts/code")
    assert answer.status_code == 409
    assert "is in no community" in answer.text
