"""Kill -9 before, between and after each step of the path; the channel keeps a store of its own.

``start``, ``respond`` and ``worker`` are processes of the operating system. Each case kills one of them at
one named place, repeats the same command as its caller would, and then counts: posts on the channel's own
server, ballots, outcomes, continuations.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select

import socialbpm
from socialbpm.posts import Receipt
from socialbpm.store import audit
from socialbpm.store.tables import delivery
from socialbpm.testing import evidence
from socialbpm.testing.loopback.shelf import Shelf

MODEL = Path(__file__).parents[2] / "examples" / "second_eyes.bpmn"
KILLED = -9
PATIENCE = 40  # seconds until a run must have ended
APPROVED = ("begin", "ask", "verdict", "publish", "published")

SETTINGS = """
database = "sqlite:///{here}/social.db"
lease = 1

[channels.loop]
adapter = "loopback"
url = "http://127.0.0.1:{port}"
mode = "{mode}"

[communities.press_room.loop]
room = "press"
people = {{ ada = "u1", grace = "u2" }}

[communities.readers.loop]
room = "readers"
people = {{}}
"""


class Server:
    """The loopback server as a process of its own; it can be started again on the same port and file."""

    def __init__(self, here: Path, mode: str) -> None:
        self.db, self.mode, self.port = here / "channel.db", mode, 0

    def start(self, *faults: str) -> None:
        """Serve on the same port as before; ``faults`` strike at coming writes."""
        arguments = ["--db", str(self.db), "--mode", self.mode, "--port", str(self.port)]
        for fault in faults:
            arguments += ["--fault", fault]
        command = [sys.executable, "-m", "socialbpm.testing.loopback", *arguments]
        self.process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
        assert self.process.stdout is not None
        with self.process.stdout as output:
            self.port = json.loads(output.readline())["port"]

    def stop(self) -> None:
        self.process.terminate()
        self.process.wait(10)

    def posts(self) -> Counter[str]:
        """How many posts ever stood, by room."""
        shelf = Shelf(str(self.db))
        try:
            return Counter(post["room"] for post in shelf.posts())
        finally:
            shelf.close()


@dataclass
class Site:
    """A settings file, the processes that use it, and what they did."""

    settings: Path
    server: Server

    def call(self, *arguments: str, crash_at: str = "") -> subprocess.CompletedProcess[str]:
        environment = {**os.environ, "SOCIALBPM_SETTINGS": str(self.settings), "SOCIALBPM_CRASH_AT": crash_at}
        command = [sys.executable, "-m", "socialbpm", *arguments]
        return subprocess.run(
            command, env=environment, capture_output=True, text=True, timeout=60, check=False
        )

    def step(self, *arguments: str, crash_at: str = "") -> str:
        """Call; if it is to be killed, see that it was, and call again as its caller would."""
        if crash_at:
            assert self.call(*arguments, crash_at=crash_at).returncode == KILLED, (
                f"{crash_at} was never reached"
            )
        done = self.call(*arguments)
        assert done.returncode == 0, done.stderr
        return done.stdout

    def start(self, crash_at: str = "") -> None:
        data = ["--data", "headline=Rain at last", "--run-id", "run-1"]
        self.step("start", str(MODEL), *data, crash_at=crash_at)

    def work(self, crash_at: str = "") -> None:
        self.step("worker", "--until-idle", crash_at=crash_at)

    def respond(self, crash_at: str = "") -> None:
        with self.social() as social:
            (request,) = social.requests()
        answer = ["--person", "ada", "--choice", "approve", "--comment", "Good", "--event-id", "answer-1"]
        self.step("respond", request.id, *answer, crash_at=crash_at)

    def social(self) -> socialbpm.Social:
        return socialbpm.open(self.settings)

    def run(self) -> Any:
        with self.social() as social:
            return social.run("run-1")

    def work_until(self, status: str) -> None:
        """Work on: writes whose outcome was unknown are tried again after a pause."""
        until = time.monotonic() + PATIENCE
        while self.run().status != status and time.monotonic() < until:
            self.work()
            time.sleep(0.3)
        assert self.run().status == status

    def assert_finished_once(self) -> None:
        """One post in each room, one ballot, one outcome, one continuation, and nothing left to do."""
        run = self.run()
        assert (run.status, run.path) == ("finished", APPROVED)
        assert self.server.posts() == {"press": 1, "readers": 1}
        with self.social() as social:
            seen = evidence.gather(social, "run-1")
            assert seen.standings == {"accepted": 1}
            assert [post.state for post in seen.posts] == ["SENT", "SENT"]
            assert len(social.runs()) == 1
            kinds = Counter(_audited(social))
        assert (kinds["request.opened"], kinds["request.closed"], kinds["run.finished"]) == (2, 2, 1)
        assert kinds["response.accepted"] == 1


def _audited(social: socialbpm.Social) -> list[str]:
    with social.store.read() as conn:
        return [row.kind for row in audit.since(conn, 0, 1000, run="run-1")]


@pytest.fixture
def server(tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[Server]:
    made = Server(tmp_path, getattr(request, "param", "key"))
    made.start()
    yield made
    made.stop()


@pytest.fixture
def site(tmp_path: Path, server: Server) -> Site:
    settings = tmp_path / "social.toml"
    settings.write_text(SETTINGS.format(here=tmp_path, port=server.port, mode=server.mode))
    return Site(settings, server)


def test_three_processes_finish_a_run(site: Site) -> None:
    """Start, worker, respond, worker: nothing is killed, and the books are as they will have to be."""
    site.start()
    site.work()
    site.respond()
    site.work()
    site.assert_finished_once()


@pytest.mark.parametrize("place", ["start.before-commit", "start.after-commit"])
def test_killed_while_starting(site: Site, place: str) -> None:
    """Whoever repeats the start with its own id gets one run."""
    site.start(crash_at=place)
    site.work()
    site.respond()
    site.work()
    site.assert_finished_once()


@pytest.mark.parametrize("place", ["accept.before-commit", "accept.after-commit"])
def test_killed_while_accepting_an_answer(site: Site, place: str) -> None:
    """The answer counts once, whether or not it had been accepted."""
    site.start()
    site.work()
    site.respond(crash_at=place)
    site.work()
    site.assert_finished_once()


DELIVERING = ["deliver.before-claim", "deliver.claimed", "deliver.sent", "deliver.recorded"]


@pytest.mark.parametrize("server", ["key", "lookup"], indirect=True)
@pytest.mark.parametrize("place", DELIVERING)
def test_killed_while_asking(site: Site, place: str) -> None:
    """The question stands once, wherever its delivery was cut off."""
    site.start()
    site.work(crash_at=place)
    _until_asked(site)
    site.respond()
    site.work_until("finished")
    site.assert_finished_once()


AFTER_THE_ANSWER = [
    "tally.before-commit",
    "tally.after-commit",
    "resume.before-commit",
    "resume.after-commit",
    *DELIVERING,
    *(f"{place}:2" for place in DELIVERING),
]


@pytest.mark.parametrize("place", AFTER_THE_ANSWER)
def test_killed_between_the_answer_and_the_end(site: Site, place: str) -> None:
    """One outcome, one continuation, one publication, in whatever order the writes come."""
    site.start()
    site.work()
    site.respond()
    site.work(crash_at=place)
    site.work_until("finished")
    site.work()
    site.assert_finished_once()


@pytest.mark.parametrize("server", ["key", "lookup"], indirect=True)
@pytest.mark.parametrize("fault", ["accept-then-drop", "accept-then-500", "accept-then-kill", "drop"])
def test_the_channel_accepts_and_its_answer_is_lost(site: Site, fault: str) -> None:
    """Key: sent again under its key. Lookup: looked for first. One post either way."""
    site.start()
    site.server.stop()
    site.server.start(f"{fault}:1")
    site.work()
    if fault == "accept-then-kill":
        site.server.process.wait(10)
        site.server.start()
    _until_asked(site)
    site.respond()
    site.work_until("finished")
    site.assert_finished_once()


@pytest.mark.parametrize("server", ["none"], indirect=True)
@pytest.mark.parametrize("fault", ["accept-then-drop", "accept-then-500", "accept-then-kill"])
def test_a_channel_that_cannot_tell_leaves_it_to_a_person(site: Site, fault: str) -> None:
    """No key, no lookup: one UNKNOWN waits for a person, nothing is sent again, and a word settles it."""
    site.start()
    site.server.stop()
    site.server.start(f"{fault}:1")
    site.work()
    if fault == "accept-then-kill":
        site.server.process.wait(10)
        site.server.start()
    for _ in range(2):
        site.work()
    assert site.server.posts() == {"press": 1}
    _settle(site)
    site.respond()
    site.work_until("finished")
    site.assert_finished_once()


@pytest.mark.parametrize("server", ["none"], indirect=True)
@pytest.mark.parametrize("place", ["deliver.claimed", "deliver.sent"])
def test_killed_in_a_write_to_a_channel_that_cannot_tell(site: Site, place: str) -> None:
    """The same for a worker that dies in the write: never guessed, never sent again by itself."""
    site.start()
    site.work(crash_at=place)
    site.work()
    sent = site.server.posts()["press"]
    assert sent == (1 if place == "deliver.sent" else 0)
    _settle(site, stands=bool(sent))
    site.work()
    site.respond()
    site.work_until("finished")
    site.assert_finished_once()


def _until_asked(site: Site) -> None:
    until = time.monotonic() + PATIENCE
    while time.monotonic() < until:
        site.work()
        with site.social() as social:
            posts = evidence.gather(social, "run-1").posts
        if [post.state for post in posts] == ["SENT"]:
            return
        time.sleep(0.3)
    raise AssertionError("the question was never recorded as sent")


def _settle(site: Site, *, stands: bool = True) -> None:
    """What a person does who has looked: say that the post stands, or that it may be sent again."""
    with site.social() as social:
        with social.store.read() as conn:
            unknown = conn.execute(select(delivery.c.id).where(delivery.c.state == "UNKNOWN")).scalars().all()
        assert len(unknown) == 1
        social.rooms.outbox.settle(unknown[0], Receipt(remote_id="1") if stands else None)
