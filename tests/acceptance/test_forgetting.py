"""``socialbpm people --forget``, killed at each of its steps; posts stand on a server of their own."""

from __future__ import annotations

import json
import re
import zlib
from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import select

from socialbpm.outcomes.recounting import recount
from socialbpm.store import tables
from socialbpm.testing.loopback.shelf import Shelf
from tests.sites import Server, Site

WORDS = "The second paragraph is simply wrong"
PLACES = [
    "forget.begun",
    "forget.answers",
    "forget.links",
    "forget.run",
    "forget.posts",
    "forget.audit",
    "forget.finished",
]


@pytest.fixture
def site(tmp_path: Path) -> Iterator[Site]:
    server = Server(tmp_path, "key")
    server.start()
    yield Site.beside(server, tmp_path)
    server.stop()


def _approved_with_a_word(site: Site) -> None:
    """A run that has ended, whose question Ada has approved with words of hers."""
    site.start()
    site.work()
    with site.social() as social:
        (request,) = social.requests()
    site.step("respond", request.id, "--person", "ada", "--choice", "approve", "--comment", WORDS)
    site.work()


@pytest.mark.parametrize("place", PLACES)
def test_killed_while_forgetting(site: Site, place: str) -> None:
    """The same command goes on: nothing of hers is left, each post has been edited once, the count holds."""
    _approved_with_a_word(site)
    edits = _edits(site)
    site.step("people", "--forget", "ada", crash_at=place)
    site.work()
    site.step("people", "--forget", "ada")
    site.work()
    assert _edits(site) == edits + 1  # the question's closing note named her
    assert not _left(site)
    with site.social() as social:
        (request,) = [each for each in social.requests(open_only=False) if each.kind == "requestReview"]
        assert (request.outcome, request.counts["approve"]) == ("approved", 1)
        with social.store.read() as conn:
            assert recount(conn, request.id).problems == ()
            rows = conn.execute(select(tables.erasure)).all()
        assert [row.known for row in rows] == [None]


def test_the_report_says_what_was_done_and_what_was_not_reached(site: Site) -> None:
    """For people in lines, for programs as JSON; it never repeats a name or a word of theirs."""
    _approved_with_a_word(site)
    told = json.loads(site.step("people", "--forget", "ada", "--json"))
    assert (told["requests"], told["answers"], told["comments"], told["edits"]) == (1, 1, 1, 1)
    assert any("community press_room" in each for each in told["unreached"])
    assert told["beyond"]
    again = site.step("people", "--forget", "ada")
    assert f"forgotten: {told['token']} stands for them now" in again
    assert "edits: 0 on channels" in again
    everybody = site.step("people")
    assert "forgotten, but still in the settings" in everybody
    assert site.call("people", "--forget", "adda").returncode == 1


def _edits(site: Site) -> int:
    with site.social() as social, social.store.read() as conn:
        rows = conn.execute(select(tables.delivery).where(tables.delivery.c.action == "edit")).all()
    assert all(row.state == "SENT" for row in rows)
    return len(rows)


def _left(site: Site) -> list[str]:
    """Where her words or her name still stand: in our store, or on the channel."""
    found = []
    with site.social() as social, social.store.read() as conn:
        for table in tables.metadata.sorted_tables:
            for row in conn.execute(select(table)):
                values = dict(row._mapping)
                if isinstance(values.get("state"), bytes):
                    values["state"] = zlib.decompress(values["state"]).decode()
                text = json.dumps(values, default=str)
                if WORDS in text or re.search(r"\b(ada|u1)\b", text):
                    found.append(f"{table.name}: {text}")
    shelf = Shelf(str(site.server.db))
    try:
        found += [
            str(post) for post in shelf.posts() if WORDS in str(post) or re.search(r"\bada\b", str(post))
        ]
    finally:
        shelf.close()
    return found
