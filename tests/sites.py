"""Processes of the operating system around one database, and a channel's server with a store of its own."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sqlalchemy import select

import socialbpm
from socialbpm.channels import answers, signatures
from socialbpm.channels.answers import Answer
from socialbpm.channels.base import RawEvent
from socialbpm.inbox import Reply
from socialbpm.posts import Receipt
from socialbpm.store import audit
from socialbpm.store.tables import delivery
from socialbpm.testing import evidence
from socialbpm.testing.loopback.shelf import Shelf

MODEL = Path(__file__).parents[1] / "examples" / "second_eyes.bpmn"
KILLED = -9
PATIENCE = 40  # seconds until a run must have ended
APPROVED = ("begin", "ask", "verdict", "publish", "published")

SECRET = "the-platform-signs-with-this"

SETTINGS = """
database = "sqlite:///{here}/social.db"
lease = 1

[channels.loop]
adapter = "loopback"
url = "http://127.0.0.1:{port}"
mode = "{mode}"
secret = {{ file = "{here}/platform.secret" }}

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
    model: Path = MODEL

    @classmethod
    def beside(cls, server: Server, here: Path) -> Site:
        """Settings that bind the server's rooms, in the folder ``here``."""
        settings, secret = here / "social.toml", here / "platform.secret"
        secret.touch(0o600)
        secret.write_text(SECRET)
        settings.write_text(SETTINGS.format(here=here, port=server.port, mode=server.mode))
        return cls(settings, server)

    def environment(self, crash_at: str = "") -> dict[str, str]:
        """Of a process that uses these settings, and is to be killed at a place."""
        ours = {"SOCIALBPM_SETTINGS": str(self.settings), "SOCIALBPM_CRASH_AT": crash_at}
        return {**os.environ, **ours}

    def call(self, *arguments: str, crash_at: str = "") -> subprocess.CompletedProcess[str]:
        environment = self.environment(crash_at)
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
        self.step("start", str(self.model), *data, crash_at=crash_at)

    def work(self, crash_at: str = "") -> None:
        self.step("worker", "--until-idle", crash_at=crash_at)

    def respond(self, crash_at: str = "") -> None:
        with self.social() as social:
            (request,) = social.requests()
        answer = ["--person", "ada", "--choice", "approve", "--comment", "Good", "--event-id", "answer-1"]
        self.step("respond", request.id, *answer, crash_at=crash_at)

    def tell_of_an_answer_to(self, post: str) -> Reply:
        """The platform's signed word that ada approves, naming only its own number of the post."""
        answer = Answer(event="answer-1", account="u1", choices=("approve",), in_reply_to=post)
        with self.social() as social:
            headers = signatures.sign(SECRET.encode(), answers.write(answer), social.clock.now())
            inbound = social.channels["loop"].receive(RawEvent(body=answers.write(answer), headers=headers))
            (reply,) = social.inbox.accept("loop", inbound.responses)
        return reply

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

    def work_until_quiet(self) -> None:
        """Work on until nothing is due any more; what killed workers had taken is waited for."""
        until = time.monotonic() + PATIENCE
        while time.monotonic() < until:
            self.work()
            with self.social() as social:
                if not social.rooms.work.due():
                    return
        raise AssertionError("there was always something left to do")

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


def until_asked(site: Site) -> None:
    until = time.monotonic() + PATIENCE
    while time.monotonic() < until:
        site.work()
        with site.social() as social:
            posts = evidence.gather(social, "run-1").posts
        if [post.state for post in posts] == ["SENT"]:
            return
        time.sleep(0.3)
    raise AssertionError("the question was never recorded as sent")


def settle(site: Site, *, stands: bool = True) -> None:
    """What a person does who has looked: say that the post stands, or that it may be sent again."""
    with site.social() as social:
        with social.store.read() as conn:
            unknown = conn.execute(select(delivery.c.id).where(delivery.c.state == "UNKNOWN")).scalars().all()
        assert len(unknown) == 1
        social.rooms.outbox.settle(unknown[0], Receipt(remote_id="1") if stands else None)
