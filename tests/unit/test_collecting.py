"""Collecting: read in batches, each answer once, as long as it matters, and once more after the end."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, ClassVar

import pytest
from sqlalchemy import select

from socialbpm.channels.base import Batch
from socialbpm.errors import AuthorizationFailed, TemporaryFailure
from socialbpm.inbox.collecting import BAD_TOKEN, EVERY
from socialbpm.outcomes.final_read import PATIENCE
from socialbpm.posts import Intake
from socialbpm.responses import Response
from socialbpm.store import tables
from tests.middle import Middle, Wall, WallChannel, poll, review, status

HOUR = timedelta(hours=1)
MINUTE = timedelta(minutes=1)


class Quiet(WallChannel):
    """Tells nothing by itself; answers are read two at a time."""

    capabilities = replace(WallChannel.capabilities, intake=Intake.COLLECT, batch=2)
    answers: ClassVar[dict[int, list[Response]]]
    reads: ClassVar[list[str]]

    def collect(self, cursor: str) -> Batch:
        self.reads.append(cursor)
        if self.wall.faults:
            raise self.wall.faults.pop(0)[1]
        start = int(cursor or 0)
        page = self.answers[id(self.wall)][start : start + 2]
        return Batch(responses=tuple(page), cursor=str(start + len(page)))


@pytest.fixture
def middle(tmp_path: Path) -> Middle:
    wall = Wall()
    Quiet.answers, Quiet.reads = {id(wall): []}, []
    made = Middle(tmp_path / "social.db", channels={"wall": Quiet}, walls={"wall": wall})
    made.run()
    return made


def say(middle: Middle, request: str, person: str, choice: str, at: datetime | None = None) -> None:
    """Somebody answers on the platform; nobody tells us."""
    said = Quiet.answers[id(middle.wall)]
    said.append(
        Response(
            channel="wall",
            event_id=f"e{len(said)}",
            account=f"@{person}",
            choices=(choice,),
            request=request,
            at=at or middle.clock.now(),
        )
    )


def opened(middle: Middle, task: Any, **more: Any) -> str:
    request = middle.open(task, **more)
    middle.drain()
    return request


def wait(middle: Middle, by: timedelta) -> None:
    """Time passes in steps, as it does for a worker."""
    end = middle.clock.now() + by
    while (due := middle.work.next_due()) is not None and due <= end:
        middle.clock.set(max(due, middle.clock.now()))
        middle.drain()
    middle.clock.set(end)
    middle.drain()


def test_answers_are_read_in_batches_and_count_once(middle: Middle) -> None:
    """Reading begins when a question stands, goes on at once while there is something, and then waits."""
    request = opened(middle, poll())
    for person, choice in (("ada", "north"), ("grace", "south"), ("linus", "south")):
        say(middle, request, person, choice)
    Quiet.reads.clear()
    wait(middle, EVERY)
    assert Quiet.reads == ["0", "2", "3"]
    assert middle.standings(request) == {"accepted": 3}
    wait(middle, EVERY)
    assert Quiet.reads == ["0", "2", "3", "3"]
    assert middle.standings(request) == {"accepted": 3}


def test_one_reading_serves_all_requests(middle: Middle) -> None:
    """Ten open questions on one account: one call per round, not ten."""
    for number in range(10):
        opened(middle, poll(), element=f"e{number}")
    Quiet.reads.clear()
    wait(middle, EVERY)
    assert len(Quiet.reads) == 1


def test_reading_ends_when_nobody_is_asked_there(middle: Middle) -> None:
    """After the last question has closed nothing is due; the next question begins to read again."""
    request = opened(middle, review())
    say(middle, request, "ada", "approve")
    wait(middle, 3 * EVERY)
    assert middle.result(request)["outcome"] == "approved"
    assert middle.work.next_due() is None
    again = opened(middle, review(), element="again")
    say(middle, again, "grace", "reject")
    wait(middle, EVERY)
    assert middle.result(again)["outcome"] == "rejected"


def test_a_status_is_not_read(middle: Middle) -> None:
    """Nobody asks: nothing is read."""
    opened(middle, status())
    wait(middle, EVERY)
    assert Quiet.reads == []


def test_what_was_answered_in_time_is_read_before_the_close(middle: Middle) -> None:
    """At the deadline the request is CLOSING until one final read.

    The platform's date decides what counts.
    """
    request = opened(middle, poll(deadline=HOUR))
    ends_at = middle.request(request).ends_at
    wait(middle, HOUR - MINUTE / 2)
    say(middle, request, "ada", "north", at=ends_at - timedelta(seconds=1))
    say(middle, request, "grace", "south", at=ends_at)
    Quiet.reads.clear()
    wait(middle, MINUTE)
    assert middle.result(request)["winner"] == "north"
    assert sorted(middle.standings(request).items()) == [("accepted", 1), ("late", 1)]


def test_the_final_read_waits_for_a_channel_that_is_down_but_not_for_ever(middle: Middle) -> None:
    """CLOSING while the channel cannot be read; after the patience it closes with what there is."""
    request = opened(middle, poll(deadline=HOUR))
    say(middle, request, "ada", "north")
    wait(middle, HOUR - MINUTE / 2)
    middle.wall.faults += [("before", TemporaryFailure("down"))] * 100
    wait(middle, MINUTE)
    assert middle.request(request).state == "CLOSING"
    wait(middle, PATIENCE)
    assert middle.result(request)["outcome"] == "decided"
    assert middle.result(request)["winner"] == "north"


@pytest.mark.parametrize(
    ("error", "rest"),
    [
        (TemporaryFailure("down"), EVERY),
        (TemporaryFailure("slow down", retry_after=600), timedelta(seconds=600)),
        (AuthorizationFailed("expired"), BAD_TOKEN),
    ],
)
def test_a_channel_that_cannot_be_read_is_asked_again_later(
    middle: Middle, error: Exception, rest: timedelta
) -> None:
    """Never parked: as long as somebody asks there it is tried again, at the pace the platform wants."""
    request = opened(middle, poll())
    wait(middle, EVERY)
    middle.wall.faults += [("before", error)] * 12
    Quiet.reads.clear()
    began = middle.clock.now()
    wait(middle, EVERY + rest * 11)
    assert len(Quiet.reads) == 12
    assert middle.clock.now() - began == EVERY + rest * 11
    say(middle, request, "ada", "north")
    wait(middle, rest)
    assert middle.standings(request) == {"accepted": 1}


class Died(BaseException):
    """A stand-in for kill -9."""


def test_a_batch_and_its_cursor_are_one(middle: Middle) -> None:
    """Killed after the platform gave a batch: it is read again, and each answer counts once."""
    request = opened(middle, poll())
    say(middle, request, "ada", "north")
    middle.wall.faults.append(("before", Died()))
    middle.clock.advance(EVERY)
    with pytest.raises(Died):
        middle.drain()
    wait(middle, timedelta(minutes=3))
    assert middle.standings(request) == {"accepted": 1}
    with middle.store.read() as conn:
        assert conn.scalar(select(tables.reading.c.cursor)) == "1"


def test_a_channel_that_is_no_longer_connected_is_not_read(middle: Middle) -> None:
    """Unbound: the work ends without a failure."""
    opened(middle, poll())
    middle.channels.pop("wall")
    wait(middle, EVERY)
    assert middle.audit("work.parked") == []
    assert middle.work.next_due() is not None, "the deadline"
