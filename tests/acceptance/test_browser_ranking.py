"""A ranking in a real Chromium: by keys, by dragging, by finger, and without any script."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Locator, Page, expect

from socialbpm.social import Social
from tests.browsers import ACCESSIBILITY, PHONE, Person, open_council
from tests.voting import RANKED, asked, question

pytestmark = pytest.mark.browser


@pytest.fixture
def social(tmp_path: Path) -> Iterator[Social]:
    with open_council(tmp_path) as opened:
        yield opened


@pytest.fixture
def poll(social: Social, tmp_path: Path) -> str:
    return question(asked(social, tmp_path, f'{RANKED} abstain="true"'))


def _item(page: Page, name: str) -> Locator:
    return page.locator(".place", has_text=name)


def _places(page: Page) -> dict[str, str]:
    """The number beside each choice, in the order in which they stand on the page."""
    items = page.locator(".place").all()
    return {each.locator("label b").inner_text(): each.locator(".number").input_value() for each in items}


def test_a_ranking_is_made_by_keys_alone(chromium: Browser, social: Social, poll: str) -> None:
    """Alt with an arrow moves a choice, each move is announced, the focus stays; = makes equal places."""
    with Person(chromium, social, "ada") as ada:
        page = ada.enter(f"/requests/{poll}")
        word = page.locator("#live-word")
        page.get_by_role("textbox", name="Place of South").focus()
        page.keyboard.press("Alt+ArrowUp")
        expect(word).to_have_text("South: place 1 of 1")
        page.get_by_role("textbox", name="Place of East").focus()
        page.keyboard.press("Alt+ArrowUp")
        expect(word).to_have_text("East: place 2 of 2")
        page.keyboard.press("Alt+ArrowUp")
        expect(word).to_have_text("East: place 1 of 2")
        assert _places(page) == {"East": "1", "South": "2", "North": ""}
        expect(page.get_by_role("textbox", name="Place of East")).to_be_focused()
        page.get_by_role("button", name="North equal with the one above").press("Enter")
        expect(word).to_have_text("North: place 2 of 2, equal with South")
        assert _places(page) == {"East": "1", "South": "2", "North": "2"}
        page.get_by_role("button", name="Send my answer").press("Enter")
        expect(page.locator("#fate")).to_contain_text("1. East, 2. North and South")
        expect(page.locator("#fate")).to_contain_text("Your answer counts")
        social.respond(
            poll, "ada", ["north"]
        )  # by another channel, say: the form is renewed, and can be used
        expect(page.get_by_role("textbox", name="Place of North")).to_have_value("1")
        page.get_by_role("button", name="Move East up").press("Enter")
        expect(word).to_have_text("East: place 2 of 2")
        assert [each.choices for each in social.responses(poll)] == [("east", "north=south"), ("north",)]


def test_a_ranking_is_made_by_dragging(chromium: Browser, social: Social, poll: str) -> None:
    """What is dropped above the line has a place; what is dropped below it has none any more."""
    with Person(chromium, social, "ada") as ada:
        page = ada.enter(f"/requests/{poll}")
        line = page.locator(".unranked")
        for name in ("East", "North"):
            _drag(page, _item(page, name).locator(".grip"), line, above=True)
        assert _places(page) == {"East": "1", "North": "2", "South": ""}
        _drag(page, _item(page, "North").locator(".grip"), _item(page, "East"), above=True)
        assert _places(page) == {"North": "1", "East": "2", "South": ""}
        _drag(page, _item(page, "East").locator(".grip"), _item(page, "South"), above=False)
        assert _places(page) == {"North": "1", "South": "", "East": ""}
        page.get_by_role("button", name="Send my answer").click()
        expect(page.locator("#fate")).to_contain_text("Your answer counts. 1. North.")


def test_a_ranking_is_made_by_a_finger(chromium: Browser, social: Social, poll: str) -> None:
    """On a phone the handle is dragged, and the page does not scroll away under the finger."""
    with Person(chromium, social, "ada", **PHONE) as ada:
        page = ada.enter(f"/requests/{poll}")
        grip = _item(page, "East").locator(".grip")
        grip.scroll_into_view_if_needed()
        scrolled = page.evaluate("scrollY")
        _swipe(page, grip, page.locator(".unranked"))
        assert _places(page) == {"East": "1", "North": "", "South": ""}
        assert page.evaluate("scrollY") == scrolled


def test_a_ranking_is_typed_without_any_script(chromium: Browser, social: Social, poll: str) -> None:
    """Numbers do it, gaps mean nothing; a mistake is told beside its field, and what was typed stays."""
    with Person(chromium, social, "ada", java_script_enabled=False) as ada:
        page = ada.enter(f"/requests/{poll}")
        page.get_by_label("North").fill("first")
        page.get_by_label("East").fill("7")
        page.get_by_label("A comment").fill("I thought about it")
        page.get_by_role("button", name="Send my answer").click()
        expect(page.get_by_role("alert")).to_contain_text("“first” is no place")
        expect(_item(page, "North").locator(".problem")).to_contain_text("write 1, 2, 3")
        expect(page.get_by_label("North")).to_have_value("first")
        expect(page.get_by_label("East")).to_have_value("7")
        expect(page.get_by_label("A comment")).to_have_value("I thought about it")
        page.get_by_label("North").fill("2")
        page.get_by_role("button", name="Send my answer").click()
        expect(page.locator("#fate")).to_contain_text("1. North, 2. East")
        social.work()
        page.goto(f"{social.base_url}/requests/{poll}")
        assert _places(page) == {"North": "1", "East": "2", "South": ""}


def test_news_leave_a_ranking_that_is_being_made(chromium: Browser, social: Social, poll: str) -> None:
    """Somebody else answers meanwhile: the figures change, the order begun by dragging stays."""
    with Person(chromium, social, "ada") as ada:
        page = ada.enter(f"/requests/{poll}")
        page.get_by_role("button", name="Move South up").click()
        page.get_by_role("heading", level=1).click()
        social.respond(poll, "grace", ["east"])
        expect(page.locator("#standing")).to_contain_text("Answered by 1 of 4 people")
        assert _places(page) == {"South": "1", "North": "", "East": ""}


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_a_ranking_fits_a_phone_and_everybody(
    chromium: Browser, social: Social, poll: str, scheme: str
) -> None:
    """Names, contrast, sizes of what is touched, no sideways scrolling: begun, mistaken and sent."""
    with Person(chromium, social, "ada", color_scheme=scheme, **PHONE) as ada:
        page = ada.enter(f"/requests/{poll}")
        wrong = {"empty": page.evaluate(ACCESSIBILITY)}
        page.get_by_role("button", name="Move South up").tap()
        page.get_by_role("button", name="East equal with the one above").tap()
        wrong["begun"] = page.evaluate(ACCESSIBILITY)
        page.get_by_label("Place of North").fill("x")
        page.get_by_role("button", name="Send my answer").tap()
        expect(page.get_by_role("alert")).to_contain_text("is no place")
        wrong["mistaken"] = page.evaluate(ACCESSIBILITY)
        page.get_by_label("Place of North").fill("3")
        page.get_by_role("button", name="Send my answer").tap()
        expect(page.locator("#fate")).to_contain_text("Your answer counts")
        wrong["sent"] = page.evaluate(ACCESSIBILITY)
        assert {what: found for what, found in wrong.items() if found} == {}


def _swipe(page: Page, grip: Locator, to: Locator) -> None:
    """Put a finger on the grip, move it up to ``to``, lift it."""
    start, end = grip.bounding_box(), to.bounding_box()
    assert start
    assert end
    finger = page.context.new_cdp_session(page)
    x, top, bottom = start["x"] + start["width"] / 2, end["y"], start["y"] + start["height"] / 2
    for step in range(7):
        kind = "touchMove" if step else "touchStart"
        point = {"x": x, "y": bottom + (top - bottom) * step / 6}
        finger.send("Input.dispatchTouchEvent", {"type": kind, "touchPoints": [point]})
    finger.send("Input.dispatchTouchEvent", {"type": "touchEnd", "touchPoints": []})


def _drag(page: Page, grip: Locator, to: Locator, *, above: bool) -> None:
    """Press on the grip, move over the upper or the lower half of ``to`` in some steps, let go."""
    grip.scroll_into_view_if_needed()
    start, end = grip.bounding_box(), to.bounding_box()
    assert start
    assert end
    page.mouse.move(start["x"] + start["width"] / 2, start["y"] + start["height"] / 2)
    page.mouse.down()
    height = end["y"] + (0.2 if above else 0.9) * end["height"]
    page.mouse.move(end["x"] + 30, height, steps=6)
    page.mouse.move(end["x"] + 31, height)
    page.mouse.up()
