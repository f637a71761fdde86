"""``socialbpm requests --explain``, ``--verify`` and ``--chart``, and ``socialbpm people``."""

from __future__ import annotations

import json
import sqlite3
from pathlib import Path

import pytest

from tests.commands import MODEL, Command

pytestmark = pytest.mark.usefixtures("folder")


@pytest.fixture
def decided(socialbpm: Command) -> str:
    """The id of a review that ada has approved."""
    socialbpm("start", MODEL, "--data", "headline=Rain", "--run-id", "r1")
    socialbpm("worker", "--until-idle")
    (request,) = json.loads(socialbpm("requests", "--json").out)
    socialbpm("respond", request["id"], "-p", "ada", "-c", "approve", "--comment", "Good as it is")
    socialbpm("worker", "--until-idle")
    return str(request["id"])


def test_it_is_told_line_by_line(socialbpm: Command, decided: str) -> None:
    """In a pipe every sentence is a line that begins with its heading."""
    done = socialbpm("requests", "--explain", decided)
    assert done.code == 0
    equation = "1 accepted + 0 superseded + 0 withdrawn + 0 late + 0 ineligible + 0 spoiled = 1 received"
    assert f"answers: {equation}" in done.out
    assert "who: ada: approve." in done.out
    assert "recount: Counted again from the audit and from every answer" in done.out


def test_a_program_gets_the_figures(socialbpm: Command, decided: str) -> None:
    """JSON with standings that sum to what was received, and the verdict of the recount."""
    found = json.loads(socialbpm("requests", decided, "--verify", "--json").out)
    assert found["holds"] is True
    assert sum(found["standings"].values()) == found["received"] == 1
    assert found["counts"] == {"approve": 1}


def test_a_forged_figure_is_found(socialbpm: Command, decided: str, folder: Path) -> None:
    """Exit code 1 and the difference, where somebody has changed the store."""
    assert socialbpm("requests", "--explain", decided, "--verify").code == 0
    with sqlite3.connect(folder / "social.db") as forger:
        forger.execute("UPDATE social_response SET standing = 'late' WHERE standing = 'accepted'")
    done = socialbpm("requests", "--explain", decided, "--verify")
    assert done.code == 1
    assert "the audit says 1 accepted, there are 0" in done.err


@pytest.mark.parametrize(("name", "begins"), [("chart.svg", b"<?xml"), ("chart.png", b"\x89PNG")])
def test_the_chart_is_a_file(socialbpm: Command, decided: str, name: str, begins: bytes) -> None:
    """The end of its name says in which form."""
    assert socialbpm("requests", decided, "--chart", name).out == f"drawn: {name}\n"
    assert Path(name).read_bytes().startswith(begins)


def test_mistakes_with_charts_and_checks(socialbpm: Command, decided: str) -> None:
    """Wrong usage is told as such; what cannot be written, or is not there, is the caller's mistake."""
    assert socialbpm("requests", decided, "--chart", "chart.jpeg").code == 2
    assert socialbpm("requests", "--verify").code == 2
    assert socialbpm("requests", decided, "--chart", "nowhere/chart.svg").code == 1
    assert socialbpm("requests", "--explain", "nothing").code == 1


def test_everybody_is_listed(socialbpm: Command) -> None:
    """Communities and accounts, one line each; a program gets the same."""
    assert socialbpm("people").out.splitlines()[0].split("\t")[:2] == ["ada", "press_room"]
    (ada, grace) = json.loads(socialbpm("people", "--json").out)
    assert (ada["person"], grace["weights"]) == ("ada", {"press_room": "1"})
    assert ada["accounts"] == [{"channel": "local", "id": "ada"}]


def test_an_account_is_linked_by_two_codes_and_let_go(socialbpm: Command) -> None:
    """The code of the person is said with the account, and the account's code by the person."""
    code = json.loads(socialbpm("people", "--code", "ada", "--json").out)["code"]
    named = ("--channel", "chat", "--account", "U77")
    back = json.loads(socialbpm("people", "--link", code, *named, "--json").out)["code"]
    assert socialbpm("people", "--confirm", back, "--person", "grace").code == 1
    assert socialbpm("people", "--confirm", back, "--person", "ada").code == 0
    assert "chat:U77" in socialbpm("people").out.splitlines()[0]
    assert socialbpm("people", "--unlink", *named).out == "unlinked: U77 on chat\n"
    assert socialbpm("people", "--unlink", *named).code == 1


def test_links_are_forgotten_too(socialbpm: Command) -> None:
    """Whoever comes by a linked account after its person was forgotten is a stranger."""
    code = json.loads(socialbpm("people", "--code", "ada", "--json").out)["code"]
    named = ("--channel", "chat", "--account", "U77777")
    back = json.loads(socialbpm("people", "--link", code, *named, "--json").out)["code"]
    socialbpm("people", "--confirm", back, "--person", "ada")
    done = socialbpm("people", "--forget", "ada")
    assert done.code == 0
    assert "not reached: community press_room in the settings" in done.out
    with sqlite3.connect("social.db") as store:
        held = [*store.execute("SELECT * FROM social_account"), *store.execute("SELECT * FROM social_audit")]
    assert not any("U77777" in str(row) or "'ada'" in str(row) or '"ada"' in str(row) for row in held)


def test_one_thing_at_a_time(socialbpm: Command) -> None:
    """Options that say different things are wrong usage."""
    assert socialbpm("people", "--forget", "ada", "--code", "ada").code == 2
    assert socialbpm("people", "--unlink").code == 2
    assert socialbpm("people", "--confirm", "x").code == 2
