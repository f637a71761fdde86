"""What operators do about a run that failed: mend the cause, and have it tried again where it failed."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest
from sqlalchemy import update

import socialbpm
from socialbpm.errors import StateError
from socialbpm.store.tables import work
from tests.models import GLOBALS, Model
from tests.runs import Run


def parked(folder: Path, element: str, **attributes: str) -> Run:
    """A run of one post or question to two communities, of which one refuses it."""
    model = Model().start()
    made = model.ask("it", **attributes) if element == "ask" else model.post("it", **attributes)
    document = made.end("done").flow("begin", "it", "done").text(GLOBALS)
    run = Run(folder, document).fail("room").start()
    assert run.status == "parked"
    return run


def test_a_refused_post_is_sent_anew(tmp_path: Path) -> None:
    """One post in each place: what stood stays, what was refused goes out as a new write."""
    run = parked(tmp_path, "post", to="room hall").resume()
    assert (run.status, run.endings("it")) == ("finished", ("posted",))
    seen = sorted((post.state, post.room) for post in run.posts("it"))
    assert seen == [("REJECTED", "room"), ("SENT", "hall"), ("SENT", "room")]
    assert run.data["it"]["outcome"] == "posted"


def test_a_refused_question_is_asked_anew(tmp_path: Path) -> None:
    """It is open again everywhere, also where its post said that it had ended; one answer decides it."""
    run = parked(tmp_path, "ask", to="room hall").resume()
    assert (run.status, run.waits) == ("waiting", ["it"])
    assert [post.note for post in run.posts("it") if post.state == "SENT"] == ["", ""]
    assert run.answer("it").endings("it") == ("approved",)
    assert run.status == "finished"


def test_it_may_be_refused_again(tmp_path: Path) -> None:
    """Then it is parked again, with the new reason, and may be tried again as often as somebody likes."""
    run = parked(tmp_path, "post", to="room hall")
    for _ in range(2):
        run.fail("room").resume()
        assert run.status == "parked"
        assert "social.delivery_failed" in run.seen.reason
    assert run.resume().status == "finished"
    assert sorted(post.state for post in run.posts("it")) == ["REJECTED"] * 3 + ["SENT"] * 2


def test_what_trying_again_would_not_mend_is_told(tmp_path: Path) -> None:
    """An outcome that the model made an error, and does not catch, is no failure of a delivery."""
    model = Model().start().ask("it", raiseOn="rejected").end("done").flow("begin", "it", "done")
    run = Run(tmp_path, model.text(GLOBALS)).start().answer("it", "reject")
    assert run.status == "parked"
    with pytest.raises(StateError, match=r"nothing in the process catches social\.rejected: cancel it"):
        run.resume()
    assert run.status == "parked"


def test_work_that_was_given_up_is_shown_and_revived(tmp_path: Path) -> None:
    """`stuck` names it with its reason, `--revive` has it tried again, and then it is gone from there."""
    database = ("--database", f"sqlite:///{tmp_path / 'social.db'}")
    with socialbpm.open(database[1]) as social, social.store.begin() as conn:
        social.rooms.work.schedule(conn, "tally", "nothing", social.clock.now())
        conn.execute(update(work).values(next=None, error="StateError: the disk is full"))
    assert said("stuck", *database) == ["tally:nothing\ttally\tPARKED\tStateError: the disk is full\t"]
    assert [each["id"] for each in json.loads("".join(said("stuck", *database, "--json")))] == [
        "tally:nothing"
    ]
    assert said("stuck", *database, "--revive", "tally:nothing") == ["revived: tally:nothing"]
    assert said("stuck", *database) == []


def said(*arguments: str) -> list[str]:
    """What a command prints, line by line."""
    command = [sys.executable, "-m", "socialbpm", *arguments]
    return subprocess.run(command, capture_output=True, text=True, check=True, timeout=60).stdout.splitlines()
