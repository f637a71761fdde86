"""Replays, whole: faults, restarts, new versions, stubs and the clock; and the plugin in somebody else's
suite.
"""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
from sqlalchemy import update

from socialbpm.social import Social
from socialbpm.store.tables import request
from socialbpm.testing.coverage import coverage
from socialbpm.testing.replay import Played, play, read

FOLDER = Path(__file__).parent / "replays"  # the plugin collects these as tests of their own
FILES = sorted(FOLDER.glob("*.replay.toml"))
MODEL = Path(__file__).parents[2] / "examples" / "second_eyes.bpmn"


@pytest.fixture(scope="module")
def played() -> list[Played]:
    """Every replay of the folder, played once."""
    return [play(read(path)) for path in FILES]


def test_the_same_replay_goes_the_same_way_again(played: list[Played]) -> None:
    """A replay depends on nothing but its file: all that came out is equal, the times included."""
    again = [play(read(path)) for path in FILES]
    for first, second in zip(played, again, strict=True):
        assert (first.report, second.report) == ("", "")
        assert _lasting(first) == _lasting(second)


def _lasting(played: Played) -> tuple[object, ...]:
    """What came out, but for ids, which are random."""
    seen = played.evidence
    closed_at = [value["closed_at"] for value in seen.data.values() if isinstance(value, dict)]
    posts = [(post.element, post.text, post.state, post.edits, post.note) for post in seen.posts]
    return seen.path, seen.outcomes, seen.standings, posts, closed_at


def test_a_restart_opens_everything_again(tmp_path: Path) -> None:
    """What goes on after a restart is another object on the same database."""
    seen: dict[int, Social] = {}
    (tmp_path / "eyes.bpmn").write_text(MODEL.read_text("utf-8"))
    (tmp_path / "eyes.replay.toml").write_text(
        "data = { headline = 'Rain' }\n[communities]\npress_room = ['ada']\nreaders = []\n"
        "[[step]]\nrestart = true\n[expect]\nstatus = 'waiting'\n"
    )
    script = read(tmp_path / "eyes.replay.toml")
    assert play(script, lambda social: seen.update({id(social): social})).report == ""
    assert len(seen) == 2


def test_every_replay_is_recounted(tmp_path: Path) -> None:
    """Somebody changes the books behind our back: nothing that is expected fails, and the replay does."""
    (tmp_path / "eyes.bpmn").write_text(MODEL.read_text("utf-8"))
    (tmp_path / "eyes.replay.toml").write_text(
        "data = { headline = 'Rain' }\n[communities]\npress_room = ['ada']\nreaders = []\n"
        "[[step]]\nrespond = 'ask'\nperson = 'ada'\nchoice = 'approve'\n"
    )
    script = read(tmp_path / "eyes.replay.toml")
    assert play(script).report == ""

    def tamper(social: Social) -> None:
        with social.store.begin() as conn:
            conn.execute(update(request).where(request.c.element == "ask").values(standings={"accepted": 2}))

    assert "the recount of 'ask' differs" in play(script, tamper).report


def test_the_suite_reaches_every_element(played: list[Played]) -> None:
    """Coverage is that of all replays of a model together."""
    (outing,) = coverage(played)
    assert (outing.elements, outing.unreached) == (12, ())
    assert ("route", "tie") in outing.missing
    assert ("route", "no_votes") not in outing.missing


def scripted(folder: Path, steps: str, expect: str = "status = 'finished'") -> str:
    """The report of a replay of the second pair of eyes."""
    (folder / "eyes.bpmn").write_text(MODEL.read_text("utf-8"))
    file = folder / "eyes.replay.toml"
    head = "data = { headline = 'Rain' }\n[communities]\npress_room = ['ada', 'grace']\nreaders = []\n"
    file.write_text(f"{head}{steps}\n[expect]\n{expect}\n")
    return play(read(file)).report.removeprefix(f"{folder}/")


@pytest.mark.parametrize(
    ("step", "says"),
    [
        ("respond='aks'\nperson='ada'\nchoice='approve'", "nobody is asked at 'aks'"),
        ("respond='ask'\nperson='adda'\nchoice='approve'", "'adda' has no account on 'local'"),
        ("respond='ask'\nperson='ada'\nchoice='aprove'", "the answer of 'ada' is"),
        ("respond='ask'\nperson='ada'\nchoice='approve'\nstanding='late'", "is accepted, it should be late"),
        ("revise='ask'\ntext='{}'".format("x" * 100_000), "text"),
        ("fail='readres'", "there is no community 'readres'"),
        ("at=2025-01-01T00:00:00Z", "time does not go back"),
        ("after='PT1H'\nexpect={status='finished'}", "the run is waiting, it should be finished"),
        ("after='PT1H'\nexpect={requests=['publish']}", "what is open differs"),
    ],
)
def test_a_step_that_cannot_go_as_written_is_reported_at_its_line(
    tmp_path: Path, step: str, says: str
) -> None:
    """The first thing that differs is the one that is told, where it is written."""
    report = scripted(tmp_path, f"[[step]]\n{step}\n")
    assert report.startswith("eyes.replay.toml:")
    assert int(report.split(":")[1]) >= 5
    assert says in report


def test_an_answer_after_the_end_is_played_only_if_it_is_meant(tmp_path: Path) -> None:
    """A second answer to a decided question is a slip of the script, unless it says what it expects."""
    answer = "[[step]]\nrespond='ask'\nperson='{}'\nchoice='approve'\n"
    twice = answer.format("ada") + answer.format("grace")
    assert "nobody is asked at 'ask'" in scripted(tmp_path, twice)
    assert scripted(tmp_path, twice + "standing='late'\n") == ""


def test_the_plugin_plays_the_replays_of_any_suite(tmp_path: Path) -> None:
    """Each file is a test; a failure shows the report and no traceback; a wrong file says what is wrong with
    it.
    """
    good = "[[step]]\nrespond='ask'\nperson='ada'\nchoice='approve'\n"
    scripted(tmp_path, good)
    (tmp_path / "eyes.bad.replay.toml").write_text(
        (tmp_path / "eyes.replay.toml").read_text() + "posts={readers=2}\n"
    )
    (tmp_path / "eyes.wrong.replay.toml").write_text("titel = 'x'\n")
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider"],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert "2 failed, 1 passed" in done.stdout
    assert "1 posts stand in 'readers', there should be 2" in done.stdout
    assert "eyes.wrong.replay.toml:1: unknown key 'titel'; did you mean 'title'?" in done.stdout
    assert "Traceback" not in done.stdout
