"""The law of the outbox, under any order of failures and deaths.

Each post stands once and shows the last word.
"""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from socialbpm.errors import OutcomeUnknown, TemporaryFailure
from socialbpm.posts import Dedupe, plain
from tests.middle import Middle, Wall, WallChannel, declared, review, status


class Killed(BaseException):
    """A stand-in for kill -9: nothing of ours catches it."""


FAULTS = {
    "busy": ("before", TemporaryFailure("busy")),
    "slow down": ("before", TemporaryFailure("slow down", retry_after=120)),
    "lost on the way": ("before", OutcomeUnknown("timeout")),
    "answer lost": ("after", OutcomeUnknown("timeout")),
    "bug": ("after", KeyError("bug")),
    "killed before": ("before", Killed()),
    "killed after": ("after", Killed()),
}
KINDS = {dedupe: declared(dedupe=dedupe) for dedupe in (Dedupe.KEY, Dedupe.LOOKUP)}


class Stand:
    """A middle that is started anew whenever it has been killed, on the same database and the same wall."""

    def __init__(self, folder: Path, kind: type[WallChannel]) -> None:
        self.path, self.kind, self.wall = folder / "social.db", kind, Wall()
        self.middle = self._start()
        self.middle.run()

    def work(self, rounds: int = 1) -> None:
        """Let time pass, and the work be done."""
        for _ in range(rounds):
            self.middle.clock.advance(timedelta(minutes=20))
            try:
                self.middle.drain()
            except Killed:
                self.middle.store.close()
                self.middle = self._start()

    def _start(self) -> Middle:
        clock = self.middle.clock if hasattr(self, "middle") else None
        return Middle(self.path, clock=clock, walls={"wall": self.wall}, channels={"wall": self.kind})


@pytest.mark.parametrize("dedupe", list(KINDS))
@settings(max_examples=15, deadline=None)
@given(faults=st.lists(st.sampled_from(sorted(FAULTS)), max_size=7), gap=st.integers(0, 2))
def test_each_post_stands_once_and_shows_the_last_word(dedupe: Dedupe, faults: list[str], gap: int) -> None:
    """A card with two edits, and a question that is answered; channel and workers fail at will."""
    with TemporaryDirectory() as folder:
        stand = Stand(Path(folder), KINDS[dedupe])
        stand.wall.faults = [FAULTS[name] for name in faults]
        ids = [stand.middle.open(status("draft"), element="card")]
        question = stand.middle.open(review("Is it good?"))
        stand.work(gap)
        for text in ("in review", "done"):
            ids.append(stand.middle.open(status(text, edit="card"), element=text))
            stand.work(gap)
        stand.middle.answer(question, "ada", "approve", event_id="e")
        stand.work(len(faults) + 3)
        posts = {plain(post.text): post for post in stand.wall.posts.values()}
        assert len(stand.wall.posts) == len(posts)
        assert set(posts) - {"Is it good?"} == {"done"}, "the question may have ended before it was sent"
        assert all(post.ask is None for post in posts.values())
        assert {stand.middle.request(request).outcome["outcome"] for request in ids} == {"posted"}
        assert stand.middle.result(question)["outcome"] == "approved"
        assert stand.middle.work.next_due() is None
        stand.middle.store.close()
