"""A response that does not decide its request, against a resume."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from itertools import count
from pathlib import Path

from benchmarks import models
from benchmarks.measuring import Figure, Side, alternating, ratio, typical
from benchmarks.peer import Peer
from benchmarks.site import Site


def measure(folder: Path, quick: bool) -> Iterator[Figure]:
    """Accept and tally, alone and as they come when many queue; against our resume, and the peer's."""
    number, rounds = (10, 3) if quick else (100, 9)
    polls = Site(folder / "polls", models.poll(), crowd=4 * number * (rounds + 1))
    reviews, peer = Site(folder / "reviews", models.review(9)), Peer(folder)
    polls.wait(1)
    (request,) = polls.waiting()
    people = count(0, number)
    alone = (
        "one at a time",
        _alone,
        {"our": _resume_alone(reviews, number), "SpiffWorkflow's": _peer(peer, number)},
    )
    queued = (
        f"{number} that queue",
        _queued,
        {"our": _resume(reviews, number), "SpiffWorkflow's": _peer(peer, number)},
    )
    for told, respond, resumes in (alone, queued):
        for name, resume in resumes.items():
            pairs = alternating(rounds, lambda act=respond: act(polls, request, next(people), number), resume)  # type: ignore[misc]
            ours, other = (typical(pairs, side, "cpu", number) for side in (0, 1))
            yield Figure(
                id=f"responses{respond.__name__}.{'resume' if name == 'our' else 'peer'}",
                what=f"CPU of {name} resume ÷ that of a response that does not decide, {told}",
                value=ratio(pairs, "cpu"),
                target=10.0 if name == "our" else None,
                at_least=True,
                detail=f"{ours:.3f} ms a response, {other:.2f} ms a resume",
            )
    assert len(polls.waiting()) == 1, "the poll was decided"


def _alone(site: Site, request: str, first: int, number: int) -> Callable[[], object]:
    def act() -> None:
        for person in range(first, first + number):
            site.answers(request, person, person + 1)
            site.social.work()

    return act


def _queued(site: Site, request: str, first: int, number: int) -> Callable[[], object]:
    def act() -> None:
        site.answers(request, first, first + number)
        site.social.work()

    return act


def _resume(site: Site, number: int) -> Side:
    """Runs whose requests have been decided go on, all due together."""

    def prepare() -> Callable[[], object]:
        _decided(site, number)
        return site.social.work

    return prepare


def _resume_alone(site: Site, number: int) -> Side:
    """The same, each by itself."""

    def prepare() -> Callable[[], object]:
        runs, work = _decided(site, number), site.social.rooms.work
        return lambda: [work.perform(f"resume:{run}") for run in runs]

    return prepare


def _decided(site: Site, number: int) -> list[str]:
    """New runs, each with a request that has just been decided."""
    runs = [site.start() for _ in range(number)]
    requests = site.request_of(runs)
    for request in requests:
        site.answer(request)
    site.social.rooms.work.perform_all([f"tally:{request}" for request in requests])
    return runs


def _peer(peer: Peer, number: int) -> Side:
    def prepare() -> Callable[[], object]:
        keys = [peer.start() for _ in range(number)]
        return lambda: [peer.resume(key) for key in keys]

    return prepare
