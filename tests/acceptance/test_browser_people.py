"""People and their ballots in a real Chromium: handing one over, hidden votes, linking an account."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, expect

from socialbpm.social import Social
from tests.browsers import ACCESSIBILITY, PHONE, Person, open_council
from tests.voting import asked, question

pytestmark = pytest.mark.browser


@pytest.fixture
def social(tmp_path: Path) -> Iterator[Social]:
    with open_council(tmp_path) as opened:
        yield opened


@pytest.mark.parametrize("script", [True, False], ids=["script", "no script"])
def test_a_ballot_is_handed_over_and_taken_back(
    chromium: Browser, social: Social, tmp_path: Path, script: bool
) -> None:
    """Both see it on their pages; the delegate's answer counts for two until it is taken back."""
    poll = question(asked(social, tmp_path, 'pollCommunity delegation="true"'))
    with (
        Person(chromium, social, "ada", java_script_enabled=script) as ada,
        Person(chromium, social, "grace", **PHONE) as grace,
    ):
        page, other = ada.enter(f"/requests/{poll}"), grace.enter(f"/requests/{poll}")
        page.get_by_text("Let somebody else answer for you").click()
        page.get_by_label("Who shall answer for you?").select_option("grace")
        page.get_by_role("button", name="Hand over my ballot").click()
        expect(page.locator("#fate")).to_contain_text("grace answers for you")
        expect(other.locator("#answer")).to_contain_text("You answer for ada, too")
        grace.answer("North")
        expect(other.locator("#standing")).to_contain_text("Answered by 2 of 4 people")
        page.goto(f"{social.base_url}/requests/{poll}")
        page.get_by_role("button", name="Take my ballot back").click()
        expect(other.locator("#standing")).to_contain_text("Answered by 1 of 4 people")


def test_a_hidden_vote_stays_hidden_on_open_pages(chromium: Browser, social: Social, tmp_path: Path) -> None:
    """Others answer while the page is open: nothing on it moves; at the end it shows all by itself."""
    task = 'pollCommunity secrecy="hidden_until_close" include="voters" deadline="PT6S"'
    poll = question(asked(social, tmp_path, task))
    with Person(chromium, social, "ada", **PHONE) as ada:
        page = ada.enter(f"/requests/{poll}")
        social.respond(poll, "grace", "north", comment="I like snow")
        social.work()
        page.wait_for_timeout(1500)
        expect(page.locator("#standing")).to_contain_text("The answers are hidden until the end")
        expect(page.locator("body")).not_to_contain_text("snow")
        assert page.evaluate(ACCESSIBILITY) == []
        expect(page.locator("#standing")).to_contain_text("I like snow", timeout=20_000)
        expect(page.get_by_role("img", name="Which way?")).to_be_visible()


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_an_account_is_linked_on_a_phone(chromium: Browser, social: Social, scheme: str) -> None:
    """Get a code, say it elsewhere, type what was given; a wrong code is told beside its field."""
    with Person(chromium, social, "ada", color_scheme=scheme, **PHONE) as ada:
        page = ada.enter("/")
        page.get_by_role("link", name="your accounts").tap()
        expect(page.get_by_role("heading", level=1)).to_have_text("Your accounts")
        wrong = {"before": page.evaluate(ACCESSIBILITY)}
        page.get_by_role("button", name="Get a code").tap()
        code = page.locator("output").inner_text()
        page.get_by_label("The code from there").fill("AAAA-AAAA")
        page.get_by_role("button", name="Link it").tap()
        expect(page.locator("#code-problem")).to_contain_text("no such code")
        expect(page.get_by_label("The code from there")).to_have_value("AAAA-AAAA")
        wrong["refused"] = page.evaluate(ACCESSIBILITY)
        page.get_by_label("The code from there").fill(social.rooms.accounts.say("chat", "U7", code).code)
        page.get_by_role("button", name="Link it").tap()
        expect(page.get_by_role("status").first).to_contain_text("both accounts are yours")
        wrong["linked"] = page.evaluate(ACCESSIBILITY)
        page.get_by_role("button", name="Unlink").tap()
        expect(page.get_by_role("status").first).to_contain_text("no longer linked")
        assert {what: found for what, found in wrong.items() if found} == {}
