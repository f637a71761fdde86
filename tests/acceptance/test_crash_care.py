"""Kill -9 in what is done for a request besides waiting: reminders, escalation, approval before publishing.

Each case kills a process at one named place while it does so, lets others go on, and counts what stands on
the channel's own server.
"""

from __future__ import annotations

import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import select

from socialbpm.store import audit
from socialbpm.store.tables import delivery
from socialbpm.testing.loopback.shelf import Shelf
from tests.models import Model
from tests.sites import KILLED, PATIENCE, Server, Site

BOARD = """
[communities.board.loop]
room = "board"
people = { linus = "u3" }
"""
STEPS = ["before-commit", "after-commit"]
DELIVERING = ["deliver.claimed", "deliver.sent"]


@pytest.fixture
def server(tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[Server]:
    made = Server(tmp_path, getattr(request, "param", "key"))
    made.start()
    yield made
    made.stop()


@pytest.fixture
def site(tmp_path: Path, server: Server) -> Site:
    made = Site.beside(server, tmp_path)
    made.settings.write_text(made.settings.read_text() + BOARD)
    return made


def play(site: Site, folder: Path, model: Model) -> None:
    """Start this model, and have its first posts stand."""
    site.model = folder / "main.bpmn"
    site.model.write_text(model.text())
    site.start()
    site.work()


def asking(**attributes: str) -> Model:
    model = Model().start().ask("ask", **{"to": "press_room", **attributes}).end("done")
    return model.flow("begin", "ask", "done")


def work_until_killed(site: Site, place: str) -> None:
    """Work on until a worker dies there."""
    until = time.monotonic() + PATIENCE
    while time.monotonic() < until:
        if site.call("worker", "--until-idle", crash_at=place).returncode == KILLED:
            return
        time.sleep(0.1)
    raise AssertionError(f"{place} was never reached")


def audited(site: Site) -> Counter[str]:
    with site.social() as social, social.store.read() as conn:
        return Counter(row.kind for row in audit.since(conn, 0, 1000, run="run-1"))


REMIND = [f"remind.{step}" for step in STEPS] + DELIVERING


def until_reminded(site: Site, work: bool = True) -> None:
    """Until every reviewer has got a reminder."""
    until = time.monotonic() + PATIENCE
    while time.monotonic() < until:
        if {"@u1", "@u2"} <= site.server.posts().keys():
            return
        if work:
            site.work()
        time.sleep(0.2)
    raise AssertionError("nobody was reminded")


def assert_each_reminder_stands_once(site: Site) -> None:
    """What the server has are the reminders that we know were sent: one for each person and window."""
    site.step("cancel", "run-1")
    site.work_until_quiet()
    query = select(delivery).where(delivery.c.purpose == "remind", delivery.c.state == "SENT")
    with site.social() as social, social.store.read() as conn:
        sent = conn.execute(query).all()
    shelf = Shelf(str(site.server.db))
    stand = [post["key"] for post in shelf.posts() if post["room"].startswith("@")]
    shelf.close()
    assert sorted(stand) == sorted(row.id for row in sent)
    assert len({(row.person, row.seq) for row in sent}) == len(sent) >= 2


@pytest.mark.parametrize("place", REMIND)
def test_killed_while_reminding(site: Site, tmp_path: Path, place: str) -> None:
    """Each person is reminded once in each window, wherever somebody was cut off."""
    play(site, tmp_path, asking(remind="PT3S", deadline="P1D"))
    work_until_killed(site, place)
    until_reminded(site)
    assert_each_reminder_stands_once(site)


ESCALATE = [f"escalate.{step}" for step in STEPS] + DELIVERING


@pytest.mark.parametrize("place", ESCALATE)
def test_killed_while_escalating(site: Site, tmp_path: Path, place: str) -> None:
    """The board is asked once, the first room is told once, and a member of the board decides it."""
    play(site, tmp_path, asking(escalate="board", escalateAfter="PT1S"))
    work_until_killed(site, place)
    site.work_until_quiet()
    with site.social() as social:
        (request,) = social.requests()
        assert request.people == ("ada", "grace", "linus")
        social.respond(request.id, "linus", "approve")
    site.work_until("finished")
    assert site.server.posts() == {"press": 2, "board": 1}
    assert audited(site)["request.escalated"] == 1


PUBLISH = ["approve.before-commit", "tally.after-commit", *DELIVERING]


@pytest.mark.parametrize("server", ["key", "lookup"], indirect=True)
@pytest.mark.parametrize("place", PUBLISH)
def test_killed_while_publishing_what_was_approved(site: Site, tmp_path: Path, place: str) -> None:
    """It goes out once, whatever its last approval was cut off at."""
    approval = {"approval": "2", "approvers": "press_room"}
    model = Model().start().post("out", "Rain at last", **{"to": "readers", **approval}).end("done")
    play(site, tmp_path, model.flow("begin", "out", "done"))
    assert site.server.posts() == {"@u1": 1, "@u2": 1}
    with site.social() as social:
        (request,) = social.requests()
        social.respond(request.id, "ada", "approve")
        social.respond(request.id, "grace", "approve")
    work_until_killed(site, place)
    site.work_until("finished")
    site.work_until_quiet()
    assert site.server.posts() == {"@u1": 1, "@u2": 1, "readers": 1}
    kinds = audited(site)
    assert (kinds["request.approved"], kinds["request.closed"]) == (1, 1)


@pytest.mark.parametrize("place", ["approve.before-commit", "tally.after-commit"])
def test_killed_while_withholding_what_was_refused(site: Site, tmp_path: Path, place: str) -> None:
    """Nothing of it is ever public."""
    model = Model().start().post("out", to="readers", approval="1", approvers="press_room").end("done")
    play(site, tmp_path, model.flow("begin", "out", "done"))
    with site.social() as social:
        (request,) = social.requests()
        social.respond(request.id, "ada", "reject", comment="Not yet")
    work_until_killed(site, place)
    site.work_until("parked")
    site.work_until_quiet()
    assert site.server.posts() == {"@u1": 1, "@u2": 1}
    assert site.run().reason == "element 'out': social.withheld: refused (ada: “Not yet”)"


def test_two_workers_remind_and_escalate_once(site: Site, tmp_path: Path) -> None:
    """Two processes that work at the same time."""
    play(site, tmp_path, asking(deadline="P1D", remind="PT3S", escalate="board", escalateAfter="PT2S"))
    command = [sys.executable, "-m", "socialbpm", "worker"]
    workers = [subprocess.Popen(command, env=site.environment(), stderr=subprocess.DEVNULL) for _ in range(2)]
    try:
        until_reminded(site, work=False)
        time.sleep(4)
    finally:
        for worker in workers:
            worker.terminate()
        for worker in workers:
            worker.wait(20)
    assert_each_reminder_stands_once(site)
    posts = site.server.posts()
    assert (posts["press"], posts["board"], audited(site)["request.escalated"]) == (2, 1, 1)
