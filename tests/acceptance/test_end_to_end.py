"""The main path, whole: a model is deployed, started, worked, answered, worked, finished."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Mapping
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

import socialbpm
from socialbpm.testing import evidence
from socialbpm.testing.clock import FakeClock
from socialbpm.testing.loopback import LoopbackServer

MODEL = Path(__file__).parents[2] / "examples" / "second_eyes.bpmn"
OUTING = Path(__file__).parent / "replays" / "outing.bpmn"
COMMUNITIES = {"press_room": {"local": ["ada", "grace"]}, "readers": {"local": []}}
APPROVED = ("begin", "ask", "verdict", "publish", "published")


@pytest.fixture
def database(tmp_path: Path) -> str:
    return f"sqlite:///{tmp_path / 'social.db'}"


def test_a_run_waits_for_people_and_goes_on_when_they_have_answered(database: str) -> None:
    """Posted to the reviewers, approved with a reason, then published to the readers, exactly once each."""
    with socialbpm.open(database, communities=COMMUNITIES) as social:
        social.deploy(MODEL)
        run = social.start("second_eyes", data={"headline": "Rain at last"})
        social.work()
        run = social.run(run.id)
        assert (run.status, [request.element for request in run.requests]) == ("waiting", ["ask"])
        reply = social.respond(run.requests[0].id, person="ada", choice="approve", comment="Good")
        assert reply.standing == "received"
        social.work()
        run = social.run(run.id)
        assert (run.status, run.path, run.requests) == ("finished", APPROVED, ())
        assert run.data["ask"]["outcome"] == "approved"
        assert run.data["ask"]["reasons"] == [{"choice": "approve", "comment": "Good"}]
        posts = evidence.gather(social, run.id).posts
        assert [(post.communities, post.text, post.state) for post in posts] == [
            (("press_room",), "May this go out? Rain at last", "SENT"),
            (("readers",), "Rain at last", "SENT"),
        ]


def test_each_step_may_be_taken_by_another_opener_of_the_same_database(database: str) -> None:
    """Nothing lives in the object: every step goes on from what the database holds."""

    def opened() -> socialbpm.Social:
        return socialbpm.open(database, communities=COMMUNITIES)

    with opened() as social:
        run_id = social.start(social.deploy(MODEL), data={"headline": "Rain"}).id
    with opened() as social:
        social.work()
    with opened() as social:
        (request,) = social.requests()
        social.respond(request.id, "grace", "reject", "No")
    with opened() as social:
        social.work()
    with opened() as social:
        run = social.run(run_id)
        assert (run.status, run.path[-1]) == ("finished", "dropped")
        assert [post.communities for post in evidence.gather(social, run_id).posts] == [("press_room",)]


def test_silence_ends_at_the_deadline_as_an_outcome_of_its_own(database: str) -> None:
    """Nobody answers for two days: the outcome is `expired`, never a rejection."""
    clock = FakeClock()
    with socialbpm.open(database, communities=COMMUNITIES, clock=clock) as social:
        run = social.start(social.deploy(MODEL), data={"headline": "Rain"})
        social.work()
        clock.advance(timedelta(days=2) - timedelta(seconds=1))
        social.work()
        assert social.run(run.id).status == "waiting"
        clock.advance(timedelta(seconds=1))
        social.work()
        run = social.run(run.id)
        assert (run.status, run.data["ask"]["outcome"], run.path[-1]) == ("finished", "expired", "dropped")


def test_starting_and_answering_twice_with_ones_own_id_happens_once(database: str) -> None:
    """Whoever does not know whether a call went through simply repeats it."""
    with socialbpm.open(database, communities=COMMUNITIES) as social:
        process = social.deploy(MODEL)
        runs = {social.start(process, {"headline": "Rain"}, run_id="my-run").id for _ in range(2)}
        assert (runs, len(social.runs())) == ({"my-run"}, 1)
        social.work()
        (request,) = social.requests()
        for _ in range(2):
            social.respond(request.id, "ada", "approve", event_id="my-answer")
        social.work()
        assert evidence.gather(social, "my-run").standings == {"accepted": 1}


def test_an_answer_of_somebody_who_is_not_on_the_roll_changes_nothing(database: str) -> None:
    """It is answered with its reason and recorded; the request stays open."""
    with socialbpm.open(database, communities=COMMUNITIES) as social:
        run = social.start(social.deploy(MODEL), {"headline": "Rain"})
        social.work()
        (request,) = social.requests()
        social.respond(request.id, "mallory", "approve")
        social.work()
        assert evidence.gather(social, run.id).standings == {"ineligible": 1}
        assert social.run(run.id).status == "waiting"


def test_a_run_that_is_cancelled_withdraws_what_it_asked(database: str) -> None:
    """The request is cancelled with its run, and its post says so."""
    with socialbpm.open(database, communities=COMMUNITIES) as social:
        run = social.start(social.deploy(MODEL), {"headline": "Rain"})
        social.work()
        social.cancel(run.id, "no longer needed")
        social.work()
        assert social.run(run.id).status == "cancelled"
        seen = evidence.gather(social, run.id)
        assert (seen.outcomes, seen.posts[0].edits) == ({"ask": ("cancelled",)}, 1)


def test_a_service_task_of_the_host_is_carried_out_by_its_own_code(database: str) -> None:
    """A function by BPMN id gets the data, and what it gives is added to them."""
    seen: list[object] = []

    def weather(data: Mapping[str, Any]) -> dict[str, Any]:
        seen.append(data["place"])
        return {"sky": "clear"}

    services = {"weather": weather, "pack": lambda data: {"bag": "water"}}
    guides = {"guides": ["ada"], "club": ["ada", "grace"]}
    with socialbpm.open(database, communities=guides, services=services) as social:
        picture = social.media.put((OUTING.parent / "map.png").read_bytes())
        run = social.start(social.deploy(OUTING), {"place": "the lake", "map": picture})
        social.work()
        (request,) = social.run(run.id).requests
        assert (seen, request.text) == (["the lake"], "Is the map right? It will be clear, take water.")


def command(folder: Path, *arguments: str, crash_at: str = "") -> str:
    """Run the command line in a process of its own; its output. With ``crash_at`` it must be killed there."""
    environment = {name: value for name, value in os.environ.items() if not name.startswith("SOCIALBPM_")}
    if crash_at:
        environment["SOCIALBPM_CRASH_AT"] = crash_at
    done = subprocess.run(
        [sys.executable, "-m", "socialbpm", *arguments],
        cwd=folder,
        env=environment,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.returncode == (-signal.SIGKILL if crash_at else 0), done.stderr
    return done.stdout


def test_three_processes_finish_a_run(tmp_path: Path) -> None:
    """start, respond and worker are separate processes of the operating system that share only the
    database.
    """
    (tmp_path / "social.toml").write_text(
        'database = "sqlite:///social.db"\n[communities]\n'
        'press_room = { local = ["ada", "grace"] }\nreaders = { local = [] }\n'
    )
    given = ("--settings", "social.toml")
    run_id = command(tmp_path, "start", str(MODEL), "--data", "headline=Rain", *given).strip()
    command(tmp_path, "worker", "--until-idle", *given)
    (request,) = json.loads(command(tmp_path, "requests", "--json", *given))
    command(tmp_path, "respond", request["id"], "--person", "ada", "--choice", "approve", *given)
    command(tmp_path, "worker", "--until-idle", *given)
    run: dict[str, Any] = json.loads(command(tmp_path, "runs", run_id, "--json", *given))
    assert (run["status"], tuple(run["path"])) == ("finished", APPROVED)


def test_idle_means_that_nobody_is_at_anything(tmp_path: Path) -> None:
    """What a killed worker had taken is waited for: one `worker --until-idle` leaves nothing half done."""
    with LoopbackServer(str(tmp_path / "loop.db"), mode="key") as server:
        (tmp_path / "social.toml").write_text(
            f'database = "sqlite:///social.db"\nlease = 2\n[channels.loop]\nadapter = "loopback"\n'
            f'mode = "key"\nurl = "{server.url}"\n[communities]\nreaders = []\n'
            'press_room = { loop = { room = "press", people = { ada = "u1" } } }\n'
        )
        given = ("--settings", "social.toml")
        command(tmp_path, "start", str(MODEL), "--data", "headline=Rain", *given)
        command(tmp_path, "worker", "--until-idle", *given, crash_at="deliver.claimed")
        command(tmp_path, "worker", "--until-idle", *given)
        assert len(server.posts()) == 1
