"""A real Chromium for the tests of the pages, served by a real uvicorn, and people who use it."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, sync_playwright

from socialbpm.cli.service import address, listening, serving, working
from socialbpm.social import Social
from tests import voting

FLAGS = (
    "--headless --no-sandbox --disable-gpu --disable-quic --no-first-run "
    "--disable-background-networking --disable-component-update --disable-sync"
)
ACCESSIBILITY = (Path(__file__).parent / "acceptance" / "accessibility.js").read_text()
PHONE = {"viewport": {"width": 390, "height": 844}, "is_mobile": True, "has_touch": True}


@pytest.fixture(scope="module")
def chromium() -> Iterator[Browser]:
    found = shutil.which("chromium") or shutil.which("chromium-browser")
    if found is None:
        missing = "no chromium is installed (Debian: apt-get install chromium)"
        pytest.fail(missing) if os.environ.get("CI") else pytest.skip(missing)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=found, args=FLAGS.split())
        yield browser
        browser.close()


@contextmanager
def open_council(folder: Path, **settings: Any) -> Iterator[Social]:
    """The council, open to browsers, with somebody at work."""
    with (
        listening("127.0.0.1", 0) as socket,
        voting.council(folder, base_url=address("127.0.0.1", socket), **settings) as opened,
        working(opened),
        serving(opened, socket),
    ):
        yield opened


class Person:
    """Somebody with a browser of their own. What the browser complains about is kept."""

    def __init__(self, browser: Browser, social: Social, name: str, **kind: Any) -> None:
        self.name, self.social = name, social
        self.context: BrowserContext = browser.new_context(**kind)
        self.page: Page = self.context.new_page()
        self.complaints: list[str] = []
        self.page.on("console", lambda word: self._complain(word.type, word.text))
        self.page.on("pageerror", lambda error: self._complain("error", str(error)))

    def __enter__(self) -> Person:
        return self

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        self.context.close()
        if kind is None:
            assert self.complaints == []

    def enter(self, path: str = "/") -> Page:
        """Open the personal link to ``path`` and confirm it."""
        self.page.goto(self.social.link(self.name, path))
        self.page.get_by_role("button", name=f"Yes, I am {self.name}").click()
        self.page.wait_for_url(lambda url: "/enter/" not in url)
        return self.page

    def answer(self, choice: str, comment: str = "") -> None:
        """Fill in the form of the request and send it."""
        self.page.get_by_label(choice, exact=True).check()
        if comment:
            self.page.get_by_role("textbox").fill(comment)
        self.page.get_by_role("button", name="Send my answer").click()

    def _complain(self, kind: str, text: str) -> None:
        # A browser notes each refusal that it gets; the tests that ask for one look at its page.
        if kind in ("error", "warning") and "status of 4" not in text:
            self.complaints.append(text)
