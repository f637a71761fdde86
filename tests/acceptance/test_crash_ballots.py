"""Kill -9 while accounts are linked, and two processes that answer at the same moment."""

from __future__ import annotations

import os
import subprocess
import sys
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

import socialbpm
from socialbpm.social import Social
from tests.sites import KILLED

HEAD = (
    '<bpmn:definitions xmlns:bpmn="http://www.omg.org/spec/BPMN/20100524/MODEL" '
    'xmlns:social="urn:socialbpm:1" targetNamespace="urn:test" id="defs">'
    '<bpmn:process id="main" isExecutable="true"><bpmn:startEvent id="begin"/>'
    '<bpmn:sequenceFlow id="f1" sourceRef="begin" targetRef="ask"/>'
    '<bpmn:serviceTask id="ask"><bpmn:extensionElements>'
)
TAIL = (
    "</bpmn:extensionElements></bpmn:serviceTask>"
    '<bpmn:sequenceFlow id="f2" sourceRef="ask" targetRef="end"/><bpmn:endEvent id="end"/>'
    "</bpmn:process></bpmn:definitions>"
)
POLL = (
    '<social:pollCommunity to="room" electorate="open" deadline="P3D"><social:text>Where?</social:text>'
    '<social:choice key="north">North</social:choice><social:choice key="south">South</social:choice>'
    "</social:pollCommunity>"
)
REVIEW = (
    '<social:requestReview to="room" policy="n_of_m" n="2"><social:text>Good?</social:text>'
    "</social:requestReview>"
)
PEOPLE = ("ada", "grace", "linus")
PROGRAM = """
import socialbpm, sys, time, pathlib
database, what, *rest = sys.argv[1:]
with socialbpm.open(database, communities={"room": {"local": ["ada", "grace", "linus"]}}) as social:
    if what == "confirm":
        social.confirm_link("ada", rest[0])
    elif what == "answer":
        pathlib.Path(rest[2]).touch()
        while not pathlib.Path(rest[3]).exists():
            time.sleep(0.001)
        social.respond(rest[0], rest[1], "approve")
    social.work()
"""


def database(folder: Path) -> str:
    return f"sqlite:///{folder / 'social.db'}"


def site(folder: Path) -> Social:
    return socialbpm.open(database(folder), communities={"room": {"local": list(PEOPLE)}})


def program(folder: Path, *arguments: str, crash_at: str = "") -> subprocess.Popen[bytes]:
    """Another process of the same host."""
    environment = {**os.environ, "SOCIALBPM_CRASH_AT": crash_at}
    return subprocess.Popen([sys.executable, "-c", PROGRAM, database(folder), *arguments], env=environment)


def asked(social: Social, folder: Path, task: str) -> str:
    """A run that waits for answers; its request."""
    model = folder / "main.bpmn"
    model.write_text(HEAD + task + TAIL)
    run = social.start(social.deploy(model))
    social.work()
    return social.run(run.id).requests[0].id


@pytest.mark.parametrize(
    "place", ["link.before-commit", "link.after-commit", "relink.before-commit", "relink.after-commit"]
)
def test_killed_while_an_account_is_linked(tmp_path: Path, place: str) -> None:
    """The second code said again, if need be: the account is linked once, and two ballots have become one."""
    with site(tmp_path) as social:
        request = asked(social, tmp_path, POLL)
        social.respond(request, "ada", "north")
        social.respond(request, "", "south", channel="chat", account="U1")
        social.work()
        assert social.request(request).counts == {"north": 1, "south": 1}
        claimed = social.link_account("chat", "U1", social.link_code("ada").code)
        killed = program(tmp_path, "confirm", claimed.code, crash_at=place)
        assert killed.wait(60) == KILLED
        again = social.confirm_link("ada", claimed.code)
        assert again.linked == (place == "link.before-commit")
        social.work()
        assert [own.id for own in social.accounts("ada")] == ["U1", "ada"]
        assert social.request(request).counts == {"south": 1}
        found = social.recount(request)
        assert found.problems == ()
        assert (found.standings["accepted"], found.standings["superseded"]) == (1, 1)
        assert kinds(social)["account.linked"] == 1


@pytest.mark.parametrize("attempt", range(3))
def test_two_processes_answer_at_the_same_moment(tmp_path: Path, attempt: int) -> None:
    """Both answers are the last that is needed: one outcome, one closing, one continuation."""
    with site(tmp_path) as social:
        request = asked(social, tmp_path, REVIEW)
        social.respond(request, "linus", "approve")
        social.work()
        go, ready = tmp_path / "go", [tmp_path / person for person in PEOPLE[:2]]
        both = [program(tmp_path, "answer", request, each.name, str(each), str(go)) for each in ready]
        while not all(each.exists() for each in ready):
            assert all(each.poll() is None for each in both)
        go.touch()
        assert [each.wait(60) for each in both] == [0, 0]
        social.work()
        view, found = social.request(request), social.recount(request)
        assert (view.outcome, view.counts["approve"]) == ("approved", 2)
        assert found.problems == ()
        assert (found.received, found.standings["accepted"], found.standings["late"]) == (3, 2, 1)
        seen = kinds(social)
        assert (seen["request.closed"], seen["run.finished"]) == (1, 1)


def kinds(social: Social) -> Counter[Any]:
    """How often what happened, by the audit."""
    from socialbpm.store import audit

    with social.store.read() as conn:
        return Counter(entry.kind for entry in audit.since(conn, 0, limit=1000))
