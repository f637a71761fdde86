"""A proposal in a real Chromium: silence explained, a veto with its reason, its withdrawal, and the end."""

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


def test_a_veto_is_given_seen_and_withdrawn(chromium: Browser, social: Social, tmp_path: Path) -> None:
    """An objection without reason is not sent; with it all see it at once; withdrawn, it is gone for all."""
    proposal = question(asked(social, tmp_path, "seekConsent", text="Shall we move?"))
    with Person(chromium, social, "ada") as ada, Person(chromium, social, "grace", **PHONE) as grace:
        page, looker = ada.enter(f"/requests/{proposal}"), grace.enter(f"/requests/{proposal}")
        expect(page.locator("#silence")).to_contain_text("Saying nothing is consent")
        page.get_by_label("Object").check()
        page.get_by_role("button", name="Send my answer").click()
        expect(page.get_by_role("alert")).to_contain_text("an objection counts only with its reason")
        expect(page.get_by_label("Object")).to_be_checked()
        assert page.evaluate(ACCESSIBILITY) == []
        page.get_by_role("link", name="Say why").click()
        expect(page.get_by_role("textbox", name="Your reason")).to_be_focused()
        page.keyboard.type("The hall is taken")
        page.get_by_role("button", name="Send my answer").click()
        expect(looker.locator("#standing")).to_contain_text("The hall is taken")
        assert looker.evaluate(ACCESSIBILITY) == []
        page.get_by_role("button", name="Withdraw my objection").click()
        expect(page.locator("#fate")).to_contain_text("withdrawn")
        expect(looker.locator("#standing")).not_to_contain_text("The hall is taken")


def test_a_proposal_passes_while_people_look_on(chromium: Browser, social: Social, tmp_path: Path) -> None:
    """When its time is over and nobody objects, the open page says that it passed, and why."""
    proposal = question(asked(social, tmp_path, 'seekConsent deadline="PT3S"', text="Shall we move?"))
    with Person(chromium, social, "ada", **PHONE) as ada:
        page = ada.enter(f"/requests/{proposal}")
        expect(page.locator("#state")).to_contain_text("Passed", timeout=15_000)
        expect(page.get_by_role("heading", name="How it ended")).to_be_visible()
        assert page.evaluate(ACCESSIBILITY) == []


def test_everything_about_a_proposal_works_without_a_script(
    chromium: Browser, social: Social, tmp_path: Path
) -> None:
    """Object, see one's objection, withdraw it, support."""
    proposal = question(asked(social, tmp_path, "seekConsent", text="Shall we move?"))
    with Person(chromium, social, "ada", java_script_enabled=False) as ada:
        page = ada.enter(f"/requests/{proposal}")
        page.get_by_label("Object").check()
        page.get_by_role("textbox", name="Your reason").fill("The hall is taken")
        page.get_by_role("button", name="Send my answer").click()
        social.work()
        page.goto(f"{social.base_url}/requests/{proposal}")
        expect(page.locator("#standing")).to_contain_text("The hall is taken")
        page.get_by_role("button", name="Withdraw my objection").click()
        social.work()
        page.goto(f"{social.base_url}/requests/{proposal}")
        expect(page.locator("#standing")).not_to_contain_text("The hall is taken")
        page.get_by_label("Support").check()
        page.get_by_role("button", name="Send my answer").click()
        expect(page.locator("#fate")).to_contain_text("Support")
