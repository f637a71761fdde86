"""A real Chromium on the pages, served by a real uvicorn, with a real process and a worker behind them."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, expect
from sqlalchemy import func, select

from socialbpm.cli.service import address, listening, serving, working
from socialbpm.social import Social
from socialbpm.social.views import Run
from socialbpm.store.tables import event
from tests.browsers import ACCESSIBILITY, PHONE, Person
from tests.commands import ended, process
from tests.pages import ALT, house, started

pytestmark = pytest.mark.browser


@pytest.fixture
def social(tmp_path: Path) -> Iterator[Social]:
    """The house, open to browsers, with somebody at work."""
    with (
        listening("127.0.0.1", 0) as socket,
        house(tmp_path, base_url=address("127.0.0.1", socket)) as opened,
        working(opened),
        serving(opened, socket),
    ):
        yield opened


@pytest.fixture
def run(social: Social, tmp_path: Path) -> Run:
    return started(social, tmp_path)


def _request(run: Run, element: str) -> str:
    return next(each.id for each in run.requests if each.element == element)


def _events(social: Social) -> int:
    with social.store.read() as conn:
        return conn.scalar(select(func.count()).select_from(event)) or 0


def test_people_decide_and_the_run_page_follows_by_itself(
    chromium: Browser, social: Social, run: Run
) -> None:
    """One approves an image with a comment, another votes; the run page shows each without a reload."""
    with (
        Person(chromium, social, "ada") as ada,
        Person(chromium, social, "grace") as grace,
        Person(chromium, social, "linus") as linus,
    ):
        onlooker = linus.enter(f"/runs/{run.id}")
        onlooker.evaluate("window.sameDocument = true")
        expect(onlooker.locator("#diagrams")).to_contain_text("0/3")

        ada.enter()
        ada.page.get_by_role("link", name="Check the scan").click()
        image = ada.page.get_by_role("img", name=ALT)
        expect(image).to_be_visible()
        assert image.evaluate("image => image.complete && image.naturalWidth > 0")
        ada.answer("Approve", "Sharp, and straight")
        expect(ada.page.locator("#fate")).to_contain_text("Your answer counts")
        expect(ada.page.locator("#standing")).to_contain_text("Sharp, and straight")

        grace.enter(f"/requests/{_request(run, 'which_colours')}")
        grace.answer("Blue")
        expect(grace.page.locator("#standing")).to_contain_text("Answered by 1 of 3 people")

        expect(onlooker.locator("#entries")).to_contain_text("“Check the scan”: an answer was counted")
        expect(onlooker.locator("#entries")).to_contain_text("“Which colours?”: an answer was counted")
        expect(onlooker.locator("#diagrams")).to_contain_text("1/3")

        grace.page.goto(f"{social.base_url}/requests/{_request(run, 'check_scan')}")
        grace.answer("Approve")
        expect(onlooker.locator("#requests")).to_contain_text("Approved")
        expect(onlooker.locator("#path")).to_contain_text("Check the scan")
        assert onlooker.evaluate("window.sameDocument")


def test_what_somebody_is_writing_is_left_alone(chromium: Browser, social: Social, run: Run) -> None:
    """News arrive while a person fills in the form: the figures change, the form and its text stay."""
    review = _request(run, "check_scan")
    with Person(chromium, social, "ada") as ada:
        page = ada.enter(f"/requests/{review}")
        page.get_by_role("textbox").fill("I am still thinking")
        social.respond(review, "grace", "approve")
        expect(page.locator("#standing")).to_contain_text("grace")
        expect(page.get_by_role("textbox")).to_have_value("I am still thinking")


def test_a_tab_that_was_away_catches_up(chromium: Browser, social: Social, run: Run) -> None:
    """A hidden tab gives its connection back; looked at again, it has caught up and goes on live."""
    poll = _request(run, "which_colours")
    with Person(chromium, social, "ada") as ada:
        page = ada.enter(f"/requests/{poll}")
        expect(page.locator("html.is-live")).to_have_count(1)
        _hide(page, True)
        social.respond(poll, "grace", "red")
        page.wait_for_timeout(1500)
        expect(page.locator("#standing")).to_contain_text("Answered by 0 of 3 people")
        _hide(page, False)
        expect(page.locator("#standing")).to_contain_text("Answered by 1 of 3 people")
        social.respond(poll, "linus", "red")
        expect(page.locator("#standing")).to_contain_text("Answered by 2 of 3 people")


def test_times_are_told_in_the_readers_zone_too(chromium: Browser, social: Social, run: Run) -> None:
    """UTC is what counts, and the script adds when that is where the reader is."""
    with Person(chromium, social, "ada", timezone_id="Asia/Tokyo", locale="en-GB") as ada:
        page = ada.enter(f"/requests/{_request(run, 'check_scan')}")
        expect(page.locator("#state")).to_contain_text("UTC")
        expect(page.locator("#state")).to_contain_text("where you are")


def test_opening_links_decides_nothing(chromium: Browser, social: Social, run: Run) -> None:
    """Every link of every page is opened, and the personal link itself: no answer comes of it."""
    with Person(chromium, social, "ada") as ada:
        page = ada.enter()
        seen, to_see = set[str](), [page.url]
        while to_see:
            seen.add(address_ := to_see.pop())
            page.goto(address_)
            links = page.eval_on_selector_all(
                "a[href]", "links => links.map(link => link.href.split('#')[0])"
            )
            to_see += {link for link in links if link.startswith(social.base_url)} - seen - set(to_see)
            to_see = [each for each in to_see if "feed.atom" not in each]
        assert len(seen) > 6
        assert _events(social) == 0
        assert social.run(run.id).status == "waiting"


def test_a_forged_or_foreign_link_is_refused(chromium: Browser, social: Social, run: Run) -> None:
    """A changed link, or one for somebody of nowhere, opens a page that says what to do, and nothing else."""
    with Person(chromium, social, "ada") as ada:
        link = social.link("ada", f"/requests/{_request(run, 'check_scan')}")
        head, _, token = link.rpartition("/")
        for forged in (
            head + "/" + token[:-4] + "AAAA",
            head + "/" + token.replace(".", "x."),
            head + "/nonsense",
        ):
            refused = ada.page.goto(forged)
            assert refused is not None
            assert refused.status == 403
            expect(ada.page.get_by_role("heading", level=1)).to_have_text("This link does not open anything")
            expect(ada.page.get_by_role("main")).to_contain_text("Ask the people who run this")
        assert ada.context.cookies() == []


def test_a_link_of_another_community_shows_nothing(chromium: Browser, social: Social, run: Run) -> None:
    """A person of another community who is handed the address of a request finds nothing there."""
    with Person(chromium, social, "vera") as vera:
        page = vera.enter(f"/requests/{_request(run, 'check_scan')}")
        expect(page.get_by_role("heading", level=1)).to_have_text("Nothing is here")
        expect(page.locator("body")).not_to_contain_text("Bern")


def test_everything_can_be_done_without_javascript(chromium: Browser, social: Social, run: Run) -> None:
    """Sign in, look, forget the reason, give it, change the answer, see how it stands."""
    with Person(chromium, social, "ada", java_script_enabled=False) as ada:
        page = ada.enter(f"/requests/{_request(run, 'check_scan')}")
        ada.answer("Reject")
        expect(page.get_by_role("alert")).to_contain_text("Say why")
        expect(page.get_by_label("Reject", exact=True)).to_be_checked()
        page.get_by_role("textbox").fill("The margin is cut off")
        page.get_by_role("button", name="Send my answer").click()
        expect(page.locator("#fate")).to_contain_text("Your answer")
        _until_counted(social)
        page.goto(page.url)
        expect(page.locator("#standing")).to_contain_text("The margin is cut off")
        page.get_by_label("Approve", exact=True).check()
        page.get_by_role("button", name="Send my new answer").click()
        page.goto(f"{social.base_url}/feed")
        expect(page.get_by_role("main")).to_contain_text("A poster")
        page.goto(f"{social.base_url}/runs/{run.id}")
        expect(page.get_by_role("img", name="Diagram of A poster")).to_be_visible()


def test_everything_can_be_done_by_keyboard(chromium: Browser, social: Social, run: Run) -> None:
    """Tab to each control, see where one is, choose by arrow and space, send by Enter."""
    with Person(chromium, social, "ada") as ada:
        page = ada.enter(f"/requests/{_request(run, 'check_scan')}")
        page.keyboard.press("Tab")
        assert _focused(page) == "Skip to the content"
        page.keyboard.press("Enter")
        for _ in range(20):
            page.keyboard.press("Tab")
            if _focused(page) == "Approve":
                break
        page.keyboard.press("ArrowDown")
        page.keyboard.press("Space")
        expect(page.get_by_label("Ask for changes")).to_be_checked()
        assert (
            page.evaluate("getComputedStyle(document.activeElement.closest('label')).outlineStyle") == "solid"
        )
        page.keyboard.press("Tab")
        page.keyboard.type("Turn it by one degree")
        page.keyboard.press("Tab")
        assert _focused(page) == "Send my answer"
        assert page.evaluate("getComputedStyle(document.activeElement).outlineStyle") == "solid"
        page.keyboard.press("Enter")
        expect(page.locator("#standing")).to_contain_text("Turn it by one degree")


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("kind", [{"viewport": {"width": 1200, "height": 900}}, PHONE], ids=["desk", "phone"])
def test_everybody_can_use_every_page(
    chromium: Browser, social: Social, run: Run, scheme: str, kind: dict[str, Any]
) -> None:
    """Names, landmarks, headings, alt texts, contrast, sizes: on every page, on a desk and on a phone."""
    review, poll = _request(run, "check_scan"), _request(run, "which_colours")
    with Person(chromium, social, "ada", color_scheme=scheme, **kind) as ada:
        page = ada.page
        wrong = {}

        def look(what: str) -> None:
            if found := page.evaluate(ACCESSIBILITY):
                wrong[what] = found

        page.goto(f"{social.base_url}/")
        look("nobody is signed in")
        page.goto(social.link("ada"))
        look("the personal link")
        ada.enter(f"/requests/{review}")
        look("a review")
        page.get_by_label("Reject", exact=True).check()
        page.get_by_role("button", name="Send my answer").click()
        look("a reason is missing")
        ada.answer("Reject", "No")
        expect(page.locator("#fate")).to_contain_text("Your answer counts")
        look("an answer was given")
        for path in (
            "/",
            f"/requests/{poll}",
            "/communities/press_room",
            "/feed",
            "/runs",
            f"/runs/{run.id}",
            "/no",
        ):
            page.goto(social.base_url + path)
            look(path)
        social.respond(review, "grace", "reject", comment="No")
        social.respond(review, "linus", "reject", comment="No")
        _until_counted(social)
        page.goto(f"{social.base_url}/requests/{review}")
        expect(page.locator("#ended")).to_contain_text("How it ended")
        look("how it ended")
        assert wrong == {}


def _hide(page: Page, hidden: bool) -> None:
    """Have the page believe that its tab was put away, or taken up again."""
    page.evaluate(
        "hidden => { Object.defineProperty(document, 'hidden', { value: hidden, configurable: true });"
        "document.dispatchEvent(new Event('visibilitychange')); }",
        hidden,
    )


def _focused(page: Page) -> str:
    """The name of what has the focus."""
    focused = "(document.activeElement.labels?.[0] ?? document.activeElement).textContent.trim()"
    return str(page.evaluate(focused))


def _until_counted(social: Social) -> None:
    """Do the work that is due, beside the worker, so that the next page shows it."""
    social.work()


def test_the_demonstration_leaves_no_page_of_before(chromium: Browser) -> None:
    """When its server has gone, an open page on a phone says how it ended; and the server went in peace."""
    with process("demo", "--port", "0", "--no-stay") as showing, chromium.new_context(**PHONE) as context:
        assert showing.stdout
        found = (re.search(r"Answer as \w+: (\S+)", line) for line in showing.stdout)
        page = context.new_page()
        page.goto(next(match[1] for match in found if match))
        page.get_by_role("button", name="Yes").click()
        page.get_by_label("Approve").check()
        page.get_by_role("button", name="Send my answer").click()
        done = ended(showing)
        assert (done.code, done.err) == (0, "")
        expect(page.locator("#fate")).to_contain_text("Your answer counts.")
        expect(page.get_by_role("heading", name="How it ended")).to_be_visible()
        expect(page.locator("#state")).to_contain_text("Approved")
        expect(page.get_by_role("heading", name="The answers")).to_be_visible()
