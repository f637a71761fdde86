"""Whole instances: start, wait, answer, end; and what one that waits takes up."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from statistics import median

from benchmarks import models
from benchmarks.measuring import Figure, alternating, ratio, typical
from benchmarks.peer import Peer
from benchmarks.site import Site

CALLERS = 8
Map = Callable[..., object]


def measure(folder: Path, quick: bool) -> Iterator[Figure]:
    """With one caller who does one thing after the other, and with several at once (both sides alike)."""
    number, rounds = (8, 3) if quick else (80, 9)
    site, peer = Site(folder / "instances", models.review(9)), Peer(folder)
    with ThreadPoolExecutor(CALLERS) as pool:
        for callers, each in ((1, map), (CALLERS, pool.map)):
            yield from _rates(site, peer, each, callers, number, rounds)
    assert site.finished() == 2 * number * (rounds + 1), "an instance did not end"
    yield _bytes(site, peer, number)


def _rates(site: Site, peer: Peer, each: Map, callers: int, number: int, rounds: int) -> Iterator[Figure]:
    pairs = alternating(
        rounds, lambda: lambda: _ours(site, each, number), lambda: lambda: _peers(peer, each, number)
    )
    told = "one caller" if callers == 1 else f"{callers} callers at once"
    for clock, what in (("wall", "instances per second"), ("cpu", "instances per second of CPU")):
        ours, theirs = (typical(pairs, side, clock, number) for side in (0, 1))
        yield Figure(
            id=f"instances.{clock}.{callers}",
            what=f"{what}, {told}: ours ÷ plain SpiffWorkflow's",
            value=ratio(pairs, clock),
            target=1.0 if clock == "wall" else None,
            at_least=True,
            detail=f"{ours:.2f} against {theirs:.2f} ms an instance",
        )


def _ours(site: Site, each: Map, number: int) -> None:
    runs = list(each(lambda _: site.start(), range(number)))  # type: ignore[call-overload]
    site.social.work()
    list(each(site.answer, site.request_of(runs)))  # type: ignore[call-overload]
    site.social.work()


def _peers(peer: Peer, each: Map, number: int) -> None:
    keys = list(each(lambda _: peer.start(), range(number)))  # type: ignore[call-overload]
    list(each(peer.resume, keys))  # type: ignore[call-overload]


def _bytes(site: Site, peer: Peer, number: int) -> Figure:
    ours = median(len(site.state(site.start())) for _ in range(number))
    theirs = median(len(peer.state(peer.start()).encode()) for _ in range(number))
    return Figure(
        id="instances.bytes",
        what="bytes of state per waiting instance: SpiffWorkflow's JSON ÷ ours",
        value=theirs / ours,
        target=4.0,
        at_least=True,
        detail=f"{ours:.0f} against {theirs:.0f} bytes",
    )
