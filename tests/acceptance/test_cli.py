"""The command line: what it prints, its exit codes, and that a mistake never ends in a traceback."""

from __future__ import annotations

import json
import re
import signal
import subprocess
import sys
from pathlib import Path
from urllib.request import urlopen

import pytest

from socialbpm.cli.output import harmless
from socialbpm.testing.loopback import LoopbackServer
from tests.browsing import Browser
from tests.commands import MODEL, Command, Done, ended, on_a_terminal, process

HEAVY = (
    "sqlalchemy",
    "SpiffWorkflow",
    "pydantic",
    "starlette",
    "alembic",
    "PIL",
    "lxml",
    "jinja2",
    "uvicorn",
)


@pytest.mark.parametrize(
    "code",
    [
        "import socialbpm",
        "import sys; sys.argv = ['socialbpm', '--help']\nfrom socialbpm.cli import main; main()",
    ],
)
def test_nothing_heavy_is_loaded_before_it_is_used(code: str) -> None:
    """Importing the library and asking for help cost next to nothing, because nothing is loaded for them."""
    code = f"import atexit, sys\natexit.register(lambda: print('LOADED', *sorted(sys.modules)))\n{code}"
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, timeout=60, check=True
    )
    loaded = done.stdout.rpartition("LOADED")[2].split()
    assert [name for name in HEAVY if name in loaded] == []


def test_every_command_of_the_design_is_there(socialbpm: Command) -> None:
    """The help names each command with what it does."""
    done = socialbpm("--help")
    commands = "check run replay serve worker start runs requests respond channels migrate demo link"
    commands += " cancel resume stuck settle tally"
    assert done.code == 0
    assert [name for name in commands.split() if not re.search(rf"\b{name}\b", done.out)] == []


def test_a_right_model_is_said_to_be_right(socialbpm: Command) -> None:
    """Exit code 0 and a word on stdout."""
    assert socialbpm("check", MODEL) == Done(0, "1 file: nothing wrong\n", "")


def test_a_wrong_model_is_named_with_file_line_element_and_remedy(socialbpm: Command, folder: Path) -> None:
    """Exit code 1, one line for each problem on stderr."""
    wrong = (
        MODEL.read_text()
        .replace('deadline="P2D"', 'deadlin="P2D"')
        .replace('to="press_room"', 'to="pres_room"')
    )
    (folder / "wrong.bpmn").write_text(wrong)
    done = socialbpm("check", "wrong.bpmn")
    assert (done.code, done.out) == (1, "")
    line = next(number for number, text in enumerate(wrong.splitlines(), 1) if "deadlin=" in text)
    assert f"wrong.bpmn:{line}: element 'ask': " in done.err
    assert "deadline" in done.err
    problems = json.loads(socialbpm("check", "wrong.bpmn", "--json").out)
    assert {problem["element"] for problem in problems} == {"ask"}


@pytest.mark.parametrize("body", ["no xml", "<a/>", '<!DOCTYPE a [<!ENTITY b "c">]><a>&b;</a>', ""])
def test_what_is_no_model_is_refused_by_check_and_by_start(
    socialbpm: Command, folder: Path, body: str
) -> None:
    """Neither way in lets it through, and neither shows a traceback."""
    (folder / "no.bpmn").write_text(body)
    for command in ("check", "start", "run"):
        done = socialbpm(command, "no.bpmn")
        assert (done.code, done.out) == (1, "")
        assert "no.bpmn" in done.err


@pytest.mark.parametrize(
    "arguments",
    [
        ["start"],
        ["nonsense"],
        ["start", "x", "--data", "nonsense"],
        ["respond", "x", "--person", "a"],
        ["worker", "-x"],
    ],
)
def test_wrong_usage_is_exit_code_2(socialbpm: Command, arguments: list[str]) -> None:
    """What cannot be understood is told apart from what went wrong."""
    assert socialbpm(*arguments).code == 2


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["start", "nothing"], "nothing"),
        (["start", "missing.bpmn"], "missing.bpmn"),
        (["runs", "nothing"], "there is no run 'nothing'"),
        (["requests", "nothing"], "there is no request 'nothing'"),
        (["cancel", "nothing"], "nothing"),
        (["resume", "nothing"], "nothing"),
        (["settle", "nothing", "--send"], "nothing"),
        (["channels", "--resume", "locl"], "there is no channel 'locl'; did you mean 'local'?"),
        (["link", "adda"], "'adda' is in no community; did you mean 'ada'?"),
        (["respond", "nothing", "--person", "ada", "--choice", "approve"], "refused: "),
        (["replay", "empty"], "empty: there is no *.replay.toml in it"),
        (["worker", "--until-idle", "--settings", "missing.toml"], "missing.toml: cannot be read"),
        (["runs", "--database", "sqlite:////missing/folder/x.db"], "cannot open"),
        (["runs", "--database", "nonsense"], "the database URL cannot be read"),
    ],
)
def test_what_is_not_there_is_exit_code_1_with_a_word(
    socialbpm: Command, arguments: list[str], says: str
) -> None:
    """One line on stderr, nothing on stdout."""
    Path("empty").mkdir()
    done = socialbpm(*arguments)
    assert (done.code, done.out) == (1, "")
    assert says in done.err


def test_a_run_is_started_looked_at_answered_and_finished(socialbpm: Command) -> None:
    """Each command prints what the next one needs; a repeat with one's own id changes nothing."""
    started = [socialbpm("start", MODEL, "--data", "headline=Rain", "--run-id", "r1").out for _ in range(2)]
    assert started == ["r1\n", "r1\n"]
    socialbpm("worker", "--until-idle")
    (request,) = json.loads(socialbpm("requests", "--json").out)
    assert (request["element"], request["people"]) == ("ask", ["ada", "grace"])
    line = f"{request['id']}\task\tOPEN\t{request['ends_at'][:10]} "
    assert socialbpm("requests").out.startswith(line)
    answer = ("respond", request["id"], "-p", "ada", "-c", "approve", "--comment", "Good", "--event-id", "e1")
    assert [socialbpm(*answer)[:2] for _ in range(2)] == [(0, "accepted\n"), (0, "accepted\n")]
    socialbpm("worker", "--until-idle")
    assert socialbpm(*answer)[:2] == (0, "accepted\n")
    run = json.loads(socialbpm("runs", "r1", "--json").out)
    assert (run["status"], run["data"]["ask"]["counts"]["approve"]) == ("finished", 1)
    assert json.loads(socialbpm("requests", "--json").out) == []
    assert len(json.loads(socialbpm("requests", "--all", "--json").out)) == 2
    assert "path: begin → ask" in socialbpm("runs", "r1").out
    late = socialbpm("respond", request["id"], "-p", "grace", "-c", "reject")
    assert (late.code, late.out) == (1, "")


def test_peoples_words_do_not_steer_the_terminal(socialbpm: Command) -> None:
    """Control characters in texts are written out, and a text is one line of a list."""
    socialbpm("start", MODEL, "--data", 'headline="a\\u001b[31m\\nb"')
    socialbpm("worker", "--until-idle")
    out = socialbpm("requests").out
    assert "\x1b" not in out
    assert out.count("\n") == 1
    assert harmless("a\x1b[31m\tb\x9b\n") == "a\\x1b[31m\tb\\x9b\n"


def test_a_run_is_cancelled(socialbpm: Command) -> None:
    """It is shown as cancelled from then on."""
    socialbpm("start", MODEL, "--data", "headline=Rain", "--run-id", "r1")
    assert socialbpm("cancel", "r1").code == 0
    (run,) = json.loads(socialbpm("runs", "--status", "cancelled", "--json").out)
    assert run["id"] == "r1"


def test_a_parked_run_is_tried_again_when_its_cause_is_mended(socialbpm: Command) -> None:
    """A run parked by a template stays parked until somebody resumes it, and parks again if nothing
    changed.
    """
    socialbpm("start", MODEL, "--run-id", "r1")
    assert json.loads(socialbpm("runs", "r1", "--json").out)["status"] == "parked"
    assert socialbpm("resume", "r1") == Done(0, "resumed: r1\n", "")
    assert json.loads(socialbpm("runs", "r1", "--json").out)["status"] == "waiting"
    socialbpm("worker", "--until-idle")
    run = json.loads(socialbpm("runs", "r1", "--json").out)
    assert (run["status"], "ask" in run["reason"]) == ("parked", True)


@pytest.mark.parametrize("settled", [("--stands", "p1"), ("--send",)])
def test_a_post_of_which_nobody_knows_is_settled_by_a_person(
    socialbpm: Command, folder: Path, settled: tuple[str, ...]
) -> None:
    """Shown by `stuck` until a person has looked at the channel; then the process goes on."""
    with LoopbackServer(str(folder / "loop.db"), mode="none", faults=["accept-then-drop:1"]) as server:
        bound = 'loop = { room = "r", people = { ada = "u1" } }'
        (folder / "social.toml").write_text(
            f'database = "sqlite:///social.db"\n[channels.loop]\nadapter = "loopback"\nmode = "none"\n'
            f'url = "{server.url}"\n[communities]\npress_room = {{ {bound} }}\nreaders = []\n'
        )
        socialbpm("start", MODEL, "--data", "headline=Rain")
        socialbpm("worker", "--until-idle")
        (post,) = json.loads(socialbpm("stuck", "--json").out)
        assert (post["state"], post["channel"]) == ("UNKNOWN", "loop")
        assert socialbpm("settle", post["id"]).code == 2
        assert socialbpm("settle", post["id"], *settled).code == 0
        socialbpm("worker", "--until-idle")
        assert json.loads(socialbpm("stuck", "--json").out) == []
        assert len(server.posts()) == (1 if "--stands" in settled else 2)
    assert socialbpm("settle", post["id"], "--send").code == 1


def test_channels_and_links_and_the_schema_are_looked_after(socialbpm: Command) -> None:
    """What an operator asks for first."""
    (local,) = json.loads(socialbpm("channels", "--check", "--json").out)
    assert (local["channel"], local["paused"]) == ("local", "")
    assert set(json.loads(socialbpm("link", "--json").out)) == {"ada", "grace"}
    assert socialbpm("link", "ada").out.startswith("http://127.0.0.1:8000/enter/")
    assert socialbpm("migrate").code == 0


GOOD = """\
title = "Approved, then published"
model = "second_eyes.bpmn"
communities = { press_room = ["ada"], readers = [] }
data = { headline = "Rain" }
[[step]]
respond = "ask"
person = "ada"
choice = "approve"
[expect]
outcomes = { ask = "approved" }
"""


def test_replays_are_played_and_what_they_never_reached_is_said(socialbpm: Command, folder: Path) -> None:
    """A suite that only approves never saw the other end, nor the other outcomes."""
    (folder / "second_eyes.bpmn").write_text(MODEL.read_text())
    (folder / "good.replay.toml").write_text(GOOD)
    done = socialbpm("replay", ".", "--coverage")
    assert done.code == 0
    assert "1 of 1 replays went as they say" in done.out
    assert "never reached: dropped" in done.out
    assert "never came: ask rejected" in done.out
    assert "never came: ask approved" not in done.out
    document = json.loads(socialbpm("replay", "good.replay.toml", "--coverage", "--json").out)
    assert document["replays"] == [{"file": "good.replay.toml", "divergence": ""}]
    assert document["coverage"][0]["unreached"] == ["dropped"]


def test_a_replay_that_goes_otherwise_is_reported_at_its_line(socialbpm: Command, folder: Path) -> None:
    """Exit code 1; the line of the expectation and a diff on stderr."""
    (folder / "second_eyes.bpmn").write_text(MODEL.read_text())
    (folder / "bad.replay.toml").write_text(GOOD.replace('"approved" }', '"rejected" }'))
    done = socialbpm("replay", "bad.replay.toml")
    assert done.code == 1
    assert "bad.replay.toml:10: outcomes of 'ask' differ" in done.err
    assert "    - rejected\n" in done.err
    assert "0 of 1 replays" in done.out


def test_a_try_out_goes_as_far_as_it_can_without_a_terminal(socialbpm: Command) -> None:
    """Nobody answers, so time passes and the deadline decides; the process ends, and that is told."""
    done = socialbpm("run", MODEL, "--data", "headline=Rain")
    assert (done.code, done.err) == (0, "")
    assert "May this go out?: asks" in done.out
    assert "expired" in done.out
    run = json.loads(socialbpm("run", MODEL, "--data", "headline=Rain", "--json").out)
    assert (run["status"], run["path"][-1]) == ("finished", "dropped")


def test_a_try_out_that_cannot_end_says_where_it_stands(socialbpm: Command) -> None:
    """A template that fails parks the run: exit code 1, and the element is named."""
    done = socialbpm("run", MODEL)
    assert done.code == 1
    assert "the run is parked" in done.err
    assert "ask" in done.err


def test_a_try_out_asks_on_the_terminal(folder: Path) -> None:
    """Whoever sits there answers for the people."""
    arguments = ("run", MODEL, "--data", "headline=Rain", "--people", "me")
    code, seen = on_a_terminal(*arguments, typed=b"approve\nGood\n", SOCIALBPM_SETTINGS="")
    assert code == 0, seen
    assert "approved" in seen


def test_an_id_stays_whole_in_a_table(socialbpm: Command) -> None:
    """On a narrow terminal the other columns give way, so that the id can be copied into the next command."""
    run_id = socialbpm("start", MODEL, "--data", "headline=Rain").out.strip()
    code, seen = on_a_terminal("runs", COLUMNS="60")
    assert (code, run_id in seen) == (0, True), seen


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_worker_ends_in_peace(folder: Path, number: signal.Signals) -> None:
    """SIGTERM and Ctrl-C let it finish what it has begun; exit code 0."""
    with process("worker") as worker:
        assert worker.stdout
        assert worker.stdout.readline() == "working\n"
        worker.send_signal(number)
        assert ended(worker) == Done(0, "", "")


def test_serve_serves_the_pages_and_does_the_work(socialbpm: Command, folder: Path) -> None:
    """Everybody's link is printed on this machine, the page behind it opens, and SIGTERM ends it in peace."""
    with process("serve", "--port", "0") as serving:
        assert serving.stdout
        base = serving.stdout.readline().removeprefix("pages at ").strip().rstrip("/")
        person, _, url = serving.stdout.readline().strip().partition(": ")
        assert (person, url.startswith(f"{base}/enter/")) == ("ada", True)
        with urlopen(url) as page:
            assert page.status == 200
        serving.terminate()
        assert ended(serving)[::2] == (0, "")


def test_a_port_that_is_taken_is_said(folder: Path, socialbpm: Command) -> None:
    """Exit code 1 and what to do."""
    import socket

    with socket.create_server(("127.0.0.1", 0)) as taken:
        done = socialbpm("serve", "--port", str(taken.getsockname()[1]))
    assert done.code == 1
    assert "choose another one with --port" in done.err


def test_the_demonstration_plays_by_itself(socialbpm: Command) -> None:
    """Posts, answers, outcomes and results of two samples, with nobody there."""
    done = socialbpm("demo", "--auto")
    assert (done.code, done.err) == (0, "")
    for said in (
        "press_release.bpmn",
        "community_poll_branch.bpmn",
        "posts to",
        "answers",
        "outcome of",
        "result",
    ):
        assert said in done.out


def test_the_demonstration_goes_on_when_a_person_has_answered_in_the_browser(folder: Path) -> None:
    """The link is printed, the form on the page behind it is sent, the process ends and the result is
    printed.
    """
    with process("demo", "--port", "0", "--no-stay") as showing:
        assert showing.stdout
        found = (re.search(r"Answer as \w+: (\S+)", line) for line in showing.stdout)
        link = next((match[1] for match in found if match), "")
        assert link, showing.stderr.read() if showing.stderr else ""
        browser = Browser()
        browser.sign_in(link)
        browser.send("/requests/", choice="approve", comment="Fine")
        done = ended(showing)
    assert (done.code, done.err) == (0, "")
    assert "result (finished)" in done.out
