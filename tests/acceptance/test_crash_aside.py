"""Kill -9 beside the straight path: while a picture is prepared, a question revised, a run cancelled."""

from __future__ import annotations

import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from socialbpm.testing import evidence
from socialbpm.testing.loopback.shelf import Shelf
from tests.sites import KILLED, MODEL, Server, Site, until_asked

PICTURE = Path(__file__).parent / "replays" / "map.png"
TEXT = "<social:text>May this go out? {{ headline }}</social:text>"
REVISED = """
import socialbpm, sys
with socialbpm.open(sys.argv[1]) as social:
    (request,) = social.requests()
    if request.version == 1:
        social.revise(request.id, text="And this?")
"""


@pytest.fixture
def server(tmp_path: Path) -> Iterator[Server]:
    made = Server(tmp_path, "key")
    made.start()
    yield made
    made.stop()


@pytest.fixture
def site(tmp_path: Path, server: Server) -> Site:
    return Site.beside(server, tmp_path)


def stands(site: Site, room: str) -> list[dict[str, object]]:
    """What the platform shows in a room."""
    shelf = Shelf(str(site.server.db))
    try:
        return [post for post in shelf.posts() if post["room"] == room]
    finally:
        shelf.close()


@pytest.mark.parametrize("place", ["prepare.fetched", "prepare.before-commit", "prepare.after-commit"])
def test_killed_while_preparing_a_picture(site: Site, tmp_path: Path, place: str) -> None:
    """The question stands once, with its picture, wherever the preparation was cut off."""
    site.model = tmp_path / "with_picture.bpmn"
    media = '<social:media src="map.png" alt="Where it rained"/>'
    site.model.write_text(MODEL.read_text().replace(TEXT, TEXT + media))
    shutil.copy(PICTURE, tmp_path / "map.png")
    site.start()
    site.work(crash_at=place)
    until_asked(site)
    (post,) = stands(site, "press")
    assert [media["alt"] for media in post["media"]] == ["Where it rained"]  # type: ignore[attr-defined]
    site.respond()
    site.work_until("finished")
    site.assert_finished_once()


def revise(site: Site, crash_at: str = "") -> int:
    """A program of the host revises the question, unless it has been revised."""
    environment = site.environment(crash_at)
    command = [sys.executable, "-c", REVISED, str(site.settings)]
    return subprocess.run(command, env=environment, timeout=60, check=False).returncode


@pytest.mark.parametrize("place", ["revise.before-commit", "revise.after-commit"])
def test_killed_while_revising(site: Site, place: str) -> None:
    """One new version, shown on the one post; what is answered then counts once."""
    site.start()
    site.work()
    assert revise(site, crash_at=place) == KILLED
    assert revise(site) == 0
    site.work_until_quiet()
    (post,) = stands(site, "press")
    assert (post["text"], post["edits"]) == ("And this?", 1)
    site.respond()
    site.work_until("finished")
    site.assert_finished_once()


@pytest.mark.parametrize("place", ["cancel.before-commit", "cancel.after-commit"])
@pytest.mark.parametrize("asked", [True, False])
def test_killed_while_cancelling(site: Site, place: str, asked: bool) -> None:
    """A question that stands says that it is over, once; one that was not posted yet is not posted."""
    site.start()
    if asked:
        site.work()
    site.step("cancel", "run-1", crash_at=place)
    site.work()
    over(site, asked=asked)


@pytest.mark.parametrize("place", ["deliver.claimed", "deliver.sent"])
def test_killed_while_the_end_is_told(site: Site, place: str) -> None:
    """The edit that takes the question away is repeated until it stands."""
    site.start()
    site.work()
    site.step("cancel", "run-1")
    site.work(crash_at=place)
    site.work_until_quiet()
    over(site, asked=True)


def over(site: Site, *, asked: bool) -> None:
    with site.social() as social:
        seen = evidence.gather(social, "run-1")
    assert (seen.status, seen.outcomes) == ("cancelled", {"ask": ("cancelled",)})
    posts = stands(site, "press")
    assert [(post["ask"], str(post["note"])[:9]) for post in posts] == [(None, "cancelled")] * asked
    assert stands(site, "readers") == []
