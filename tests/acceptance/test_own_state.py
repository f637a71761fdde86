"""Apps that keep SpiffWorkflow's JSON in their own tables: the examples, run and killed as they stand."""

from __future__ import annotations

import re
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import text

import socialbpm
from socialbpm import Social, SocialParser, SocialWorkflow, StateError, serializer
from socialbpm.testing import FakeClock
from tests.models import Model, after

ROOT = Path(__file__).parents[2]
PEOPLE = {"room": {"local": ["ada", "grace"]}}
KILLED = """
import os, signal, sys
sys.path.insert(0, sys.argv[1])
import own_state, own_transaction, socialbpm
social = socialbpm.open("sqlite:///social.db", communities=own_state.PEOPLE)
releases = own_state.Releases("host.db")
def killed(*ignored, **given):
    os.kill(os.getpid(), signal.SIGKILL)
"""
LOADED = "workflow = releases.load('r'); outcomes = social.closed('r'); social.apply(workflow, outcomes)\n"
SAVED = LOADED + "releases.save('r', workflow)\n"
ACKNOWLEDGED = SAVED + "social.ack('r', list(outcomes))\n"
GONE_ON = "own_state.go_on(releases, social, 'r')\n"


def example(name: str) -> Any:
    """An example as a module."""
    spec = spec_from_file_location(name, ROOT / "examples" / f"{name}.py")
    assert spec is not None
    assert spec.loader is not None
    module = module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


own_state, own_transaction = example("own_state"), example("own_transaction")


def kill(folder: Path, code: str) -> None:
    """Run a part of an app in a process of its own, which is killed."""
    command = [sys.executable, "-c", KILLED + code, str(ROOT / "examples")]
    done = subprocess.run(command, cwd=folder, timeout=120, check=False)
    assert done.returncode == -signal.SIGKILL


@contextmanager
def app(folder: Path) -> Iterator[tuple[Social, Any, Any]]:
    """Ours, and the app's table in each of the two forms; after a kill, all is opened anew."""
    database = f"sqlite:///{folder / 'social.db'}"
    with socialbpm.open(database, communities=own_state.PEOPLE) as social:
        releases, engine = own_state.Releases(folder / "host.db"), own_transaction.connect(database)
        try:
            yield social, releases, engine
        finally:
            releases.close()
            engine.dispose()


def answer(social: Social) -> None:
    """A person approves the one thing that is asked."""
    social.work()
    (asked,) = social.requests()
    social.respond(asked.id, "ada", "approve", event_id="e")
    social.work()


def asked_and_posted_once(social: Social) -> bool:
    """One request per task, each taken by the workflow, and one post for each."""
    asked = social.requests(open_only=False)
    created = [post.state for each in asked for post in each.posts if post.action == "create"]
    ended = [(each.element, each.state, each.outcome) for each in asked]
    both = [("ask", "RESUMED", "approved"), ("publish", "RESUMED", "posted")]
    return (ended, created) == (both, ["SENT", "SENT"])


def test_an_app_that_is_killed_between_save_and_sync_asks_once(tmp_path: Path) -> None:
    """The question is in the saved workflow; whoever goes on from there opens it."""
    kill(tmp_path, "releases.save('r', own_state.new('r', 'Rain'))\nkilled()")
    with app(tmp_path) as (social, releases, _):
        assert social.requests() == []
        for _ in range(2):
            own_state.go_on(releases, social, "r")
        answer(social)
        own_state.go_on(releases, social, "r")
        social.work()
        assert own_state.go_on(releases, social, "r").is_completed()
        assert asked_and_posted_once(social)


@pytest.mark.parametrize(
    "done", [LOADED, SAVED, ACKNOWLEDGED, GONE_ON], ids=["applied", "saved", "ack", "sync"]
)
def test_an_app_that_is_killed_after_any_step_does_the_same_again(tmp_path: Path, done: str) -> None:
    """Between applying, saving, acknowledging and syncing: posted once, continued once."""
    with app(tmp_path) as (social, releases, _):
        own_state.begin(releases, social, "r", "Rain")
        answer(social)
    kill(tmp_path, done + "killed()")
    with app(tmp_path) as (social, releases, _):
        own_state.go_on(releases, social, "r")
        social.work()
        assert own_state.go_on(releases, social, "r").is_completed()
        assert asked_and_posted_once(social)


def test_an_app_that_is_killed_before_its_first_commit_has_begun_nothing(tmp_path: Path) -> None:
    """Neither its row nor our request is there."""
    engine = "engine = own_transaction.connect('sqlite:///social.db')\nsocial.sync = killed\n"
    kill(tmp_path, engine + "own_transaction.begin(engine, social, 'r', 'Rain')")
    with app(tmp_path) as (social, _, engine):
        with engine.connect() as conn:
            assert conn.execute(text("SELECT count(*) FROM release")).scalar_one() == 0
        assert social.requests() == []


@pytest.mark.parametrize("step", ["closed", "apply", "ack", "sync"])
def test_an_app_with_one_transaction_is_killed_inside_it(tmp_path: Path, step: str) -> None:
    """Killed before it commits, neither its row nor anything of ours has changed; done again, all is once."""
    with app(tmp_path) as (social, _, engine):
        own_transaction.begin(engine, social, "r", "Rain")
        answer(social)
    connected = f"engine = own_transaction.connect('sqlite:///social.db')\nsocial.{step} = killed\n"
    kill(tmp_path, connected + "own_transaction.go_on(engine, social, 'r')")
    with app(tmp_path) as (social, _, engine):
        assert [outcome.element for outcome in social.closed("r").values()] == ["ask"]
        own_transaction.go_on(engine, social, "r")
        social.work()
        assert own_transaction.go_on(engine, social, "r").is_completed()
        assert asked_and_posted_once(social)


def test_the_guide_shows_the_examples_as_they_are() -> None:
    """What people copy from the guide is what is killed here."""
    guide = (ROOT / "docs" / "howto" / "own-state.md").read_text("utf-8")
    shown = re.findall(r"^```python\n(.*?)^```$", guide, re.DOTALL | re.MULTILINE)
    examples = [ROOT / "examples" / f"{name}.py" for name in ("own_state", "own_transaction")]
    assert shown == [example.read_text("utf-8") for example in examples]


def opened(folder: Path, clock: FakeClock) -> Social:
    """Ours, on a database file."""
    return socialbpm.open(f"sqlite:///{folder / 'social.db'}", communities=PEOPLE, clock=clock)


def planted(model: Model, clock: FakeClock, run_id: str) -> SocialWorkflow:
    """A workflow of the app's own."""
    parser = SocialParser()
    parser.add_bpmn_str(model.text())
    workflow = SocialWorkflow(parser.get_spec("main"), clock=clock, run_id=run_id)
    workflow.do_engine_steps()
    return workflow


TIMED = Model().start().ask("ask").on("ask", "timer", after("PT2H")).end("done", "late")
TIMED = TIMED.flow("begin", "ask", "done").flow("timer", "late")


def test_an_answer_in_time_is_not_overtaken_by_a_timer_of_the_app(tmp_path: Path) -> None:
    """Nobody had counted it when the timer became due: it is counted first, and applied before timers."""
    clock = FakeClock()
    with opened(tmp_path, clock) as social:
        workflow = planted(TIMED, clock, "r")
        social.sync("r", workflow)
        social.work()
        (asked,) = social.requests()
        clock.advance(timedelta(hours=1))
        social.respond(asked.id, "ada", "approve")
        clock.advance(timedelta(hours=3))
        saved = serializer(clock).deserialize_json(serializer().serialize_json(workflow))
        social.apply(saved, social.closed("r"))
        assert (saved.is_completed(), saved.trail[-1]) == (True, "done")


def test_a_timer_of_the_app_takes_the_question_away(tmp_path: Path) -> None:
    """`apply` without outcomes lets timers fire, `sync` withdraws the request, and its post says so."""
    clock = FakeClock()
    with opened(tmp_path, clock) as social:
        workflow = planted(TIMED, clock, "r")
        social.sync("r", workflow)
        social.work()
        clock.advance(timedelta(hours=2))
        social.apply(workflow, social.closed("r"))
        social.sync("r", workflow)
        assert (workflow.trail[-1], social.requests()) == ("late", [])
        assert [each.state for each in social.requests(open_only=False)] == ["CANCELLED"]


def test_two_workflows_that_say_they_are_the_same_run_are_told_apart(tmp_path: Path) -> None:
    """They would share one request, and one of them wait for ever: refused, and nothing is opened."""
    clock = FakeClock()
    with opened(tmp_path, clock) as social:
        social.sync("one", planted(TIMED, clock, "same"))
        with pytest.raises(StateError, match="give each workflow its own run_id"):
            social.sync("two", planted(TIMED, clock, "same"))
        social.sync("one", planted(TIMED, clock, "same"))
        assert len(social.requests(open_only=False)) == 1
