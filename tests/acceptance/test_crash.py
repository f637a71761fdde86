"""Kill -9 before, between and after each step of the path; the channel keeps a store of its own.

``start``, ``respond`` and ``worker`` are processes of the operating system. Each case kills one of them at
one named place, repeats the same command as its caller would, and then counts: posts on the channel's own
server, ballots, outcomes, continuations.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.sites import KILLED, Server, Site, settle, until_asked


@pytest.fixture
def server(tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[Server]:
    made = Server(tmp_path, getattr(request, "param", "key"))
    made.start()
    yield made
    made.stop()


@pytest.fixture
def site(tmp_path: Path, server: Server) -> Site:
    return Site.beside(server, tmp_path)


def test_three_processes_finish_a_run(site: Site) -> None:
    """Start, worker, respond, worker: nothing is killed, and the books are as they will have to be."""
    site.start()
    site.work()
    site.respond()
    site.work()
    site.assert_finished_once()


@pytest.mark.parametrize("place", ["start.before-commit", "start.after-commit"])
def test_killed_while_starting(site: Site, place: str) -> None:
    """Whoever repeats the start with its own id gets one run."""
    site.start(crash_at=place)
    site.work()
    site.respond()
    site.work()
    site.assert_finished_once()


@pytest.mark.parametrize("place", ["accept.before-commit", "accept.after-commit"])
def test_killed_while_accepting_an_answer(site: Site, place: str) -> None:
    """The answer counts once, whether or not it had been accepted."""
    site.start()
    site.work()
    site.respond(crash_at=place)
    site.work()
    site.assert_finished_once()


DELIVERING = ["deliver.before-claim", "deliver.claimed", "deliver.sent", "deliver.recorded"]


@pytest.mark.parametrize("server", ["key", "lookup"], indirect=True)
@pytest.mark.parametrize("place", DELIVERING)
def test_killed_while_asking(site: Site, place: str) -> None:
    """The question stands once, wherever its delivery was cut off."""
    site.start()
    site.work(crash_at=place)
    until_asked(site)
    site.respond()
    site.work_until("finished")
    site.assert_finished_once()


AFTER_THE_ANSWER = [
    "tally.before-commit",
    "tally.after-commit",
    "resume.before-commit",
    "resume.after-commit",
    *DELIVERING,
    *(f"{place}:2" for place in DELIVERING),
]


@pytest.mark.parametrize("place", AFTER_THE_ANSWER)
def test_killed_between_the_answer_and_the_end(site: Site, place: str) -> None:
    """One outcome, one continuation, one publication, in whatever order the writes come."""
    site.start()
    site.work()
    site.respond()
    site.work(crash_at=place)
    site.work_until("finished")
    site.work()
    site.assert_finished_once()


@pytest.mark.parametrize("server", ["key", "lookup"], indirect=True)
@pytest.mark.parametrize("fault", ["accept-then-drop", "accept-then-500", "accept-then-kill", "drop"])
def test_the_channel_accepts_and_its_answer_is_lost(site: Site, fault: str) -> None:
    """Key: sent again under its key. Lookup: looked for first. One post either way."""
    site.start()
    site.server.stop()
    site.server.start(f"{fault}:1")
    site.work()
    if fault == "accept-then-kill":
        site.server.process.wait(10)
        site.server.start()
    until_asked(site)
    site.respond()
    site.work_until("finished")
    site.assert_finished_once()


@pytest.mark.parametrize("server", ["none"], indirect=True)
@pytest.mark.parametrize("fault", ["accept-then-drop", "accept-then-500", "accept-then-kill"])
def test_a_channel_that_cannot_tell_leaves_it_to_a_person(site: Site, fault: str) -> None:
    """No key, no lookup: one UNKNOWN waits for a person, nothing is sent again, and a word settles it."""
    site.start()
    site.server.stop()
    site.server.start(f"{fault}:1")
    site.work()
    if fault == "accept-then-kill":
        site.server.process.wait(10)
        site.server.start()
    for _ in range(2):
        site.work()
    assert site.server.posts() == {"press": 1}
    settle(site)
    site.respond()
    site.work_until("finished")
    site.assert_finished_once()


@pytest.mark.parametrize("server", ["none"], indirect=True)
@pytest.mark.parametrize("place", ["deliver.claimed", "deliver.sent"])
def test_killed_in_a_write_to_a_channel_that_cannot_tell(site: Site, place: str) -> None:
    """The same for a worker that dies in the write: never guessed, never sent again by itself."""
    site.start()
    site.work(crash_at=place)
    site.work()
    sent = site.server.posts()["press"]
    assert sent == (1 if place == "deliver.sent" else 0)
    settle(site, stands=bool(sent))
    site.work()
    site.respond()
    site.work_until("finished")
    site.assert_finished_once()


@pytest.mark.parametrize("server", ["key", "lookup"], indirect=True)
def test_an_answer_that_comes_before_the_receipt_of_its_post(site: Site) -> None:
    """The worker dies between the platform's yes and our record of it; meanwhile somebody answers the post.

    The platform tells of that answer by the number of the post alone. It is kept, and it decides once the
    post is known; told a second time, it is the same answer.
    """
    site.start()
    assert site.call("worker", "--until-idle", crash_at="deliver.sent").returncode == KILLED
    assert site.server.posts() == {"press": 1}
    for _ in range(2):
        assert site.tell_of_an_answer_to("1").standing == "waiting"
    site.work_until("finished")
    site.assert_finished_once()
    assert site.tell_of_an_answer_to("1").standing == "accepted"
