"""What cannot be carried out: the way of the nearest boundary, else the run is parked.

Each run is closed and opened at every step.
"""

from __future__ import annotations

from pathlib import Path

import pytest

from socialbpm import tasks
from tests.models import GLOBALS, Model, error, many
from tests.runs import Run

FAILED = error("failed")


def two_with_the_same_code() -> Model:
    """Two questions side by side, each with a boundary event for the same error."""
    model = Model().start().add("parallelGateway", "fork").ask("one").ask("two", to="hall")
    model.on("one", "one_failed", FAILED).on("two", "two_failed", FAILED).end("e1", "e2", "f1", "f2")
    model.flow("begin", "fork", "one", "e1").flow("fork", "two", "e2")
    return model.flow("one_failed", "f1").flow("two_failed", "f2")


def test_a_failed_delivery_reaches_the_boundary_of_its_own_task_only(tmp_path: Path) -> None:
    """A sibling that waits for the same code goes on waiting, and is answered."""
    run = Run(tmp_path, two_with_the_same_code().text(GLOBALS)).fail("hall").start()
    assert (run.waits, "f2" in run.path, "f1" in run.path) == (["one"], True, False)
    assert (run.answer("one").status, run.path[-1]) == ("finished", "e1")
    assert run.data["two"]["explanation"] == "local/hall: local: refused, as the replay says"


@pytest.mark.parametrize(
    ("attributes", "code"),
    [({}, "social.delivery_failed"), ({"quorum": "{{ 1 / 0 }}"}, "social.invalid")],
)
def test_what_failed_is_told_in_the_same_keys(tmp_path: Path, attributes: dict[str, str], code: str) -> None:
    """Whether it failed before or after it opened: the documented keys of a result, the code in ``error``."""
    model = Model().start().ask("ask", **attributes).on("ask", "failed", error())
    document = model.end("done", "e").flow("begin", "ask", "done").flow("failed", "e").text(GLOBALS)
    run = Run(tmp_path, document).fail("room").start()
    assert (run.status, run.path[-1]) == ("finished", "e")
    assert (run.data["ask"]["outcome"], run.data["ask"]["error"]) == ("", code)
    assert run.data["ask"]["explanation"]
    assert set(run.data["ask"]) == set(tasks.result_keys("requestReview")) - {"reasons", "voters"}
    assert run.data["ask"]["counts"] == {}


def test_an_error_that_nothing_catches_parks_the_run_with_its_reason(tmp_path: Path) -> None:
    """No other code's boundary takes it; the reason names the element and what failed."""
    model = Model().start().ask("ask").on("ask", "other", error("other")).end("done", "e")
    run = (
        Run(tmp_path, model.flow("begin", "ask", "done").flow("other", "e").text(GLOBALS))
        .fail("room")
        .start()
    )
    assert run.status == "parked"
    assert "element 'ask': social.delivery_failed: local/room" in run.seen.reason


@pytest.mark.parametrize("code", ["failed", ""], ids=["of this code", "of any code"])
@pytest.mark.parametrize("marker", ["", many(2), many(2, sequential=True)], ids=["one", "many", "in turn"])
def test_an_error_is_caught_by_the_nearest_boundary_around(tmp_path: Path, code: str, marker: str) -> None:
    """Out of an instance, out of a sub-process; what ran beside it inside is withdrawn."""
    inner = Model().start("b").add("parallelGateway", "fork").ask("ask", marker, to="hall").ask("beside")
    inner.end("e1", "e2").flow("b", "fork", "ask", "e1").flow("fork", "beside", "e2")
    model = Model().start().add("subProcess", "sub", inner.xml()).on("sub", "caught", error(code))
    model.ask("after").end("done", "mended").flow("begin", "sub", "done").flow("caught", "after", "mended")
    run = Run(tmp_path, model.text(GLOBALS)).fail("hall").start()
    assert run.waits == ["after"]
    assert run.endings("beside") == ("cancelled",)
    assert (run.answer("after").status, run.path[-1]) == ("finished", "mended")


def test_what_failed_replaces_the_answer_of_the_round_before(tmp_path: Path) -> None:
    """Behind the boundary stands what is known of the round that failed, nothing of the one that did not."""
    model = Model().start().add("exclusiveGateway", "merge").ask("ask").on("ask", "failed", FAILED)
    model.add("exclusiveGateway", "good", default="good_to_done").ask("why", to="hall").end("done", "e")
    model.flow("begin", "merge", "ask", "good", "done").flow("failed", "why", "e")
    document = model.flow("good", "merge", when="ask['outcome'] != 'approved'").text(GLOBALS)
    run = Run(tmp_path, document).start()
    run.fail("room", times=2).answer(
        "ask", "reject"
    )  # the closing edit of the first post, and the second post
    assert run.endings("ask") == ("rejected", "social.delivery_failed")
    assert (run.waits, run.data["ask"]["winners"], run.data["ask"]["counts"]) == (["why"], [], {})


def test_a_way_back_from_the_boundary_tries_once_more(tmp_path: Path) -> None:
    """What failed is a request of its own, the second try another; what went out went out once."""
    model = Model().start().add("exclusiveGateway", "merge").post("tell").on("tell", "failed", FAILED)
    model.ask("why", to="hall").end("done").flow("begin", "merge", "tell", "done")
    run = Run(tmp_path, model.flow("failed", "why", "merge").text(GLOBALS)).fail("room").start()
    assert (run.waits, run.endings("tell")) == (["why"], ("social.delivery_failed",))
    run.answer("why")
    assert (run.status, run.endings("tell")) == ("finished", ("social.delivery_failed", "posted"))
    assert [post.state for post in run.posts("tell")] == ["REJECTED", "SENT"]


def test_an_outcome_may_be_drawn_as_an_error(tmp_path: Path) -> None:
    """``raiseOn`` sends the named outcome to the error boundary, with its result; others go on as data."""
    expired = '<bpmn:error id="expired_error" name="expired" errorCode="social.expired"/>'
    model = (
        Model().start().ask("ask", raiseOn="expired", deadline="PT2H").on("ask", "silent", error("expired"))
    )
    document = model.end("done", "nobody").flow("begin", "ask", "done").flow("silent", "nobody").text(expired)
    run = Run(tmp_path, document).start().later(hours=2)
    assert (run.status, run.path[-1], run.data["ask"]["outcome"]) == ("finished", "nobody", "expired")


def test_values_that_make_no_task_are_an_error_of_that_task(tmp_path: Path) -> None:
    """A template that fails takes the way of ``social.invalid`` or parks the run; nothing is posted."""
    invalid = '<bpmn:error id="invalid_error" name="invalid" errorCode="social.invalid"/>'
    model = Model().start().ask("ask", text="{{ missing }}?").end("done").flow("begin", "ask", "done")
    (tmp_path / "parked").mkdir()
    parked = Run(tmp_path / "parked", model.text()).start()
    assert (parked.status, parked.posts("ask")) == ("parked", [])
    assert "'ask'" in parked.seen.reason
    assert "missing" in parked.seen.reason
    model.on("ask", "wrong", error("invalid")).end("mended").flow("wrong", "mended")
    mended = Run(tmp_path, model.text(invalid)).start()
    assert (mended.status, mended.path[-1], mended.posts("ask")) == ("finished", "mended", [])
