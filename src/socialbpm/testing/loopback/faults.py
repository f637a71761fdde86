"""What a server can be told to do wrong, as ``KIND:N``: at the N-th write from now, counted from 1."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class FaultKind(StrEnum):
    """What goes wrong with one write."""

    ACCEPT_THEN_DROP = "accept-then-drop"  # stored, then the connection is closed without an answer
    ACCEPT_THEN_500 = "accept-then-500"  # stored, then 500
    ACCEPT_THEN_KILL = "accept-then-kill"  # stored, then the server kills itself
    DROP = "drop"  # not stored, and the connection is closed without an answer
    REFUSE = "refuse"  # not stored: 422
    LIMIT = "limit"  # not stored: 429, to be tried again after a second
    UNAUTHORIZED = "unauthorized"  # not stored: 401
    UNAVAILABLE = "unavailable"  # not stored: 503, which the caller cannot know


STATUS = {
    FaultKind.ACCEPT_THEN_500: 500,
    FaultKind.REFUSE: 422,
    FaultKind.LIMIT: 429,
    FaultKind.UNAUTHORIZED: 401,
    FaultKind.UNAVAILABLE: 503,
}
ACCEPTS = frozenset({FaultKind.ACCEPT_THEN_DROP, FaultKind.ACCEPT_THEN_500, FaultKind.ACCEPT_THEN_KILL})


@dataclass(frozen=True, slots=True)
class Fault:
    """``kind`` strikes at the ``nth`` write from now."""

    kind: FaultKind
    nth: int

    @classmethod
    def parse(cls, text: str) -> Fault:
        """``accept-then-drop:1``. Raises ValueError naming the kinds there are."""
        kind, _, nth = text.partition(":")
        if kind not in list(FaultKind) or not (nth or "1").isdigit():
            raise ValueError(f"no fault '{text}'; write KIND:N with one of {', '.join(FaultKind)}")
        return cls(FaultKind(kind), int(nth or "1"))


class Faults:
    """The faults still to come. Not safe for threads by itself: the server calls it under its lock."""

    def __init__(self, faults: list[Fault]) -> None:
        self._left = {fault.nth: fault.kind for fault in faults}
        self._writes = 0

    def next(self) -> FaultKind | None:
        """Count a write; what is to go wrong with it."""
        self._writes += 1
        return self._left.pop(self._writes, None)
