"""Four eyes in a real Chromium: see what would be posted, refuse with a reason, approve, see it published."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, expect

from socialbpm.social import Social
from tests.browsers import ACCESSIBILITY, PHONE, Person, open_council
from tests.voting import asked, question

pytestmark = pytest.mark.browser
TASK = 'postStatus approval="2" author="ada" disclosure="Advertisement"'


@pytest.fixture
def social(tmp_path: Path) -> Iterator[Social]:
    with open_council(tmp_path) as opened:
        yield opened


@pytest.fixture
def status(social: Social, tmp_path: Path) -> str:
    return question(asked(social, tmp_path, TASK, text="The bus leaves at nine.", name="The news"))


@pytest.mark.parametrize("script", [True, False], ids=["script", "no script"])
def test_two_people_let_a_post_go_out(chromium: Browser, social: Social, status: str, script: bool) -> None:
    """Each sees it as it will stand, finds it at home and approves; then, and not before, it is public."""
    for name in ("grace", "linus"):
        with Person(chromium, social, name, java_script_enabled=script) as person:
            page = person.enter()
            page.get_by_role("link", name="The news", exact=True).click()
            draft = page.get_by_role("article", name="For council")
            expect(draft).to_contain_text("Advertisement\nThe bus leaves at nine.", use_inner_text=True)
            page.get_by_label("Approve").check()
            page.get_by_role("button", name="Send my answer").click()
            expect(page.locator("#fate")).to_contain_text("Approve")
            social.work()
    with Person(chromium, social, "mary") as mary:
        page = mary.enter("/communities/council")
        expect(page.get_by_role("main")).to_contain_text("The bus leaves at nine.")


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_a_refusal_is_explained_on_a_phone(
    chromium: Browser, social: Social, status: str, scheme: str
) -> None:
    """Without its reason it is not sent; with it the author reads at once why nothing was published."""
    with (
        Person(chromium, social, "grace", color_scheme=scheme, **PHONE) as grace,
        Person(chromium, social, "ada", color_scheme=scheme) as ada,
    ):
        page, author = grace.enter(f"/requests/{status}"), ada.enter(f"/requests/{status}")
        wrong = {"asked": page.evaluate(ACCESSIBILITY), "author": author.evaluate(ACCESSIBILITY)}
        page.get_by_label("Refuse").check()
        page.get_by_role("button", name="Send my answer").tap()
        expect(page.locator("#comment-problem")).to_contain_text("Say why")
        wrong["reason missing"] = page.evaluate(ACCESSIBILITY)
        page.get_by_role("textbox", name="Your reason").fill("It leaves at ten")
        page.get_by_role("button", name="Send my answer").tap()
        expect(author.locator("#state")).to_contain_text("Withheld")
        expect(author.locator("#ended")).to_contain_text("It leaves at ten")
        wrong["withheld"] = author.evaluate(ACCESSIBILITY)
        assert {what: found for what, found in wrong.items() if found} == {}
