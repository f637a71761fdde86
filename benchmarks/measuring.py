"""How things are measured: rounds that alternate between the two sides, and medians of ratios.

A machine that others use too drifts by a third within minutes. Two rounds side by side see the same machine,
so their ratio says something; the median of many such ratios says it again tomorrow.
"""

from __future__ import annotations

import gc
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass
from statistics import median
from typing import Any


@dataclass(frozen=True)
class Took:
    """Seconds of one round: on the wall, and of this process's CPU."""

    wall: float
    cpu: float


@dataclass(frozen=True)
class Figure:
    """One line of the result.

    ``value`` is what was measured and ``target`` what it should reach, ``at_least`` says from which side.
    ``target`` None: told for comparison. ``detail`` holds the figures behind it.
    """

    id: str
    what: str
    value: float
    target: float | None
    at_least: bool
    detail: str

    @property
    def met(self) -> bool | None:
        """Whether the target is reached; None if there is none."""
        if self.target is None:
            return None
        return self.value >= self.target if self.at_least else self.value <= self.target

    def dump(self) -> dict[str, Any]:
        """As JSON."""
        return asdict(self) | {"met": self.met}


Side = Callable[[], Callable[[], object]]
"""Prepares a round, and returns what is timed."""


def timed(side: Side) -> Took:
    """One round."""
    act = side()
    gc.collect()
    wall, cpu = time.perf_counter(), time.process_time()
    act()
    return Took(wall=time.perf_counter() - wall, cpu=time.process_time() - cpu)


def alternating(rounds: int, one: Side, other: Side) -> list[tuple[Took, Took]]:
    """Pairs of rounds, each side first in every second pair, after one of each that does not count."""
    one()(), other()()
    pairs = []
    for number in range(rounds):
        if number % 2:
            second, first = timed(other), timed(one)
        else:
            first, second = timed(one), timed(other)
        pairs.append((first, second))
    return pairs


def ratio(pairs: list[tuple[Took, Took]], clock: str) -> float:
    """The median of other / one by ``clock`` ("wall" or "cpu"): how many times faster the first side is."""
    return median(getattr(other, clock) / getattr(one, clock) for one, other in pairs)


def typical(pairs: list[tuple[Took, Took]], side: int, clock: str, per: int = 1) -> float:
    """The median of one side in milliseconds, of a round that did something ``per`` times."""
    return median(getattr(pair[side], clock) for pair in pairs) / per * 1000
