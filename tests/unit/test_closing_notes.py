"""Whatever ends a question, its posts say what was decided, by whom, why and when; also where nothing can be
edited.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import pytest

from socialbpm.outcomes import closings
from socialbpm.outcomes.closings import Voice
from socialbpm.posts import Span, plain
from socialbpm.tasks import SeekConsent
from tests.middle import Middle, declared, poll, review, words

WHEN = " · 2026-01-05 09:00 UTC"
End = Callable[[Middle, str], object]


def consent() -> SeekConsent:
    return SeekConsent(to=("room",), texts=(words("We move to Monday."),), deadline=timedelta(days=3))


def rejected(middle: Middle, request: str) -> None:
    middle.answer(request, "grace", "reject", comment="The figure\nis old")


def failed(middle: Middle, request: str) -> None:
    with middle.store.begin() as conn:
        middle.outcomes.close(conn, request, error="social.delivery_failed", reason="the room is gone")


def cancelled(middle: Middle, request: str) -> None:
    with middle.store.begin() as conn:
        middle.requests.cancel(conn, request, "the process goes on without it")


def vetoed(middle: Middle, request: str) -> None:
    middle.answer(request, "ada", "support", comment="Fine")
    middle.answer(request, "grace", "object", comment="Nobody asked the choir")
    over(middle, request)


def over(middle: Middle, request: str) -> None:
    middle.drain()
    middle.clock.advance(timedelta(days=3))


ENDS = [
    (review, rejected, "rejected: ", ["(grace: “The figure is old”)", WHEN]),
    (review, failed, "ended: the room is gone", [WHEN]),
    (review, cancelled, "cancelled: the process goes on without it", [WHEN]),
    (consent, vetoed, "vetoed", ["(ada, grace: “Nobody asked the choir”)", "2026-01-08 09:00 UTC"]),
    (poll, over, "no votes", ["2026-01-08 09:00 UTC"]),
]


@pytest.mark.parametrize("edits", [True, False])
@pytest.mark.parametrize(("ask", "end", "what", "more"), ENDS)
def test_every_end_is_told_where_the_question_stands(
    tmp_path: Path, ask: Callable[[], object], end: End, what: str, more: list[str], edits: bool
) -> None:
    """By an edit that takes the question away; where a channel cannot edit, by one answer below it."""
    middle = Middle(tmp_path / "social.db", channels={"wall": declared(can_edit=edits)})
    middle.run()
    request = middle.open(ask())
    middle.drain()
    end(middle, request)
    middle.drain()
    question, *answers = middle.wall.posts.values()
    assert (question.ask is None, len(answers)) == (edits, not edits)
    said = question.note if edits else plain(answers[0].text)
    assert said.startswith(what)
    for words_ in more:
        assert words_ in said


def test_what_people_said_is_data_in_a_note(tmp_path: Path) -> None:
    """A reason that is repeated in an answer neither links nor mentions nor formats."""
    middle = Middle(tmp_path / "social.db", channels={"wall": declared(can_edit=False)})
    middle.run()
    request = middle.open(review())
    middle.drain()
    middle.answer(request, "grace", "reject", comment="@everybody <b>no</b>")
    middle.drain()
    _, answer = middle.wall.posts.values()
    assert [span.authored for span in answer.text] == [False]
    assert isinstance(answer.text[0], Span)


def test_who_is_pseudonymous_is_not_named(tmp_path: Path) -> None:
    """Neither the person nor their words."""
    middle = Middle(tmp_path / "social.db")
    middle.run()
    request = middle.open(review(secrecy="pseudonymous"))
    middle.drain()
    rejected(middle, request)
    middle.drain()
    (post,) = middle.wall.posts.values()
    assert post.note.startswith("rejected")
    assert "grace" not in post.note
    assert "figure" not in post.note


def test_a_long_reason_is_cut_and_many_are_not_all_named() -> None:
    """A note stays a note."""
    assert str(Voice("ada", "x" * 200)) == f"ada: “{'x' * (closings.REASON - 1)}…”"
    said = closings.signed("rejected", [Voice(str(number)) for number in range(closings.NAMED + 1)])
    assert said == "rejected (0, 1, 2, 3, 4 and others)"
