"""A poll with very many responses: time and memory as their number grows."""

from __future__ import annotations

import tracemalloc
from collections.abc import Callable, Iterator
from pathlib import Path

from benchmarks import models
from benchmarks.measuring import Figure, Side, alternating, ratio, typical
from benchmarks.site import Site

CALL = 100
"""Responses that arrive in one call."""


def measure(folder: Path, quick: bool) -> Iterator[Figure]:
    """The same roll for both, a new poll each round; one tenth of the roll answers, or all of it."""
    roll, rounds = (400, 3) if quick else (10_000, 5)
    site = Site(folder / "poll", models.poll(), crowd=roll)
    pairs = alternating(rounds, _side(site, roll // 10), _side(site, roll))
    yield Figure(
        id="poll.time",
        what=f"CPU of a poll with {roll:,} responses ÷ with {roll // 10:,}",
        value=ratio(pairs, "cpu"),
        target=12.0,
        at_least=False,
        detail=f"{typical(pairs, 1, 'cpu'):.0f} against {typical(pairs, 0, 'cpu'):.0f} ms",
    )
    pairs = alternating(rounds, _side(site, roll // 10, _change), _side(site, roll, _change))
    yield Figure(
        id="poll.changes",
        what=f"CPU of a poll that {roll:,} people answer, change and half of them delete ÷ {roll // 10:,}",
        value=ratio(pairs, "cpu"),
        target=12.0,
        at_least=False,
        detail=f"{typical(pairs, 1, 'cpu'):.0f} against {typical(pairs, 0, 'cpu'):.0f} ms",
    )
    less, more = _peak(_side(site, roll // 10)), _peak(_side(site, roll))
    yield Figure(
        id="poll.memory",
        what=f"peak of memory with {roll:,} responses ÷ with {roll // 10:,}",
        value=more / less,
        target=1.25,
        at_least=False,
        detail=f"{more / 1e6:.2f} against {less / 1e6:.2f} MB",
    )


def _side(site: Site, number: int, act: Callable[[Site, str, int], None] | None = None) -> Side:
    def prepare() -> Callable[[], object]:
        (request,) = site.request_of([site.start()])
        return lambda: (act or _answer)(site, request, number)

    return prepare


def _answer(site: Site, request: str, number: int) -> None:
    """The tally comes last: everything is there at once, which is the most it can meet."""
    for first in range(0, number, CALL):
        site.answers(request, first, min(first + CALL, number))
    site.social.work()
    counted = site.ballots(request)
    assert counted == number, f"{counted} of {number} counted"


def _change(site: Site, request: str, number: int) -> None:
    """Everybody answers and changes their mind; every second deletes the answer that then stands."""
    for first in range(0, number, CALL):
        last = min(first + CALL, number)
        site.answers(request, first, last)
        site.changes(request, first, last)
    site.social.work()
    counted = site.ballots(request)
    assert counted == number // 2, f"{counted} of {number} counted"


def _peak(side: Side) -> int:
    act = side()
    tracemalloc.start()
    act()
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    return peak
