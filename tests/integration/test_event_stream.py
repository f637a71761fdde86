"""The live feed over real connections that break: nothing is missed, nothing comes twice."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import httpx2
import pytest

from socialbpm.cli.service import address, listening, serving
from socialbpm.social import Social
from tests.pages import house, started


@pytest.fixture
def social(tmp_path: Path) -> Iterator[Social]:
    with (
        listening("127.0.0.1", 0) as socket,
        house(tmp_path, base_url=address("127.0.0.1", socket)) as opened,
        serving(opened, socket),
    ):
        yield opened


def _heard(browser: httpx2.Client, enough: int, last: str = "") -> list[str]:
    """Connect, listen until ``enough`` events have come, and hang up; returns their numbers."""
    heard: list[str] = []
    headers = {"last-event-id": last} if last else {}
    with browser.stream("GET", "/feed/events?since=0", headers=headers) as stream:
        assert stream.headers["content-type"].startswith("text/event-stream")
        assert stream.headers["cache-control"] == "no-store"
        for line in stream.iter_lines():
            heard += [line.removeprefix("id: ")] if line.startswith("id: ") else []
            if len(heard) == enough:
                return heard
    return heard


def test_a_listener_whose_line_breaks_misses_nothing(social: Social, tmp_path: Path) -> None:
    """Every connection goes on with the number of the last event that the one before it got."""
    run = started(social, tmp_path)
    with httpx2.Client(base_url=social.base_url, follow_redirects=True, timeout=20) as browser:
        browser.post(social.link("ada"))
        first = _heard(browser, 3)
        for request in run.requests:
            social.respond(request.id, "ada", request.choices[0].key)
        social.work()
        second = _heard(browser, 2, first[-1])
        social.cancel(run.id, "enough")
        third = _heard(browser, 3, second[-1])
        whole = _heard(browser, 8)
    assert first + second + third == whole


def test_a_stranger_hears_nothing(social: Social) -> None:
    """Without a session the stream is refused, not left open."""
    assert httpx2.get(f"{social.base_url}/feed/events", timeout=20).status_code == 401
