"""The parts of a count that only some rules need: kept beside the totals, changed by each answer alike."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from fractions import Fraction
from typing import Any, ClassVar, Protocol, Self

NOTHING = Fraction(0)


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """What one answer changes: the ballot ``old`` became ``new`` (empty: none).

    ``weight`` is that of all the ``people`` who cast it together, ``groups`` are theirs. ``reasoned`` and
    ``was_reasoned`` say whether the new and the old ballot came with a reason.
    """

    old: tuple[str, ...]
    new: tuple[str, ...]
    weight: Fraction
    people: int = 1
    groups: frozenset[str] = frozenset()
    reasoned: bool = False
    was_reasoned: bool = False


class Part(Protocol):
    """A part of a count. Like the count it is a value: a change gives a new one."""

    NAME: ClassVar[str]

    def cast(self, change: Change) -> Self:
        """The part after an answer."""
        ...

    def filled(self, change: Change) -> Self:
        """The part if all who are silent now made this ``change`` together."""
        ...

    def dump(self) -> Any:
        """As JSON; ``load`` gives it back exactly."""
        ...

    @classmethod
    def load(cls, dumped: Any) -> Self:
        """The part that ``dump`` wrote."""
        ...


class OfChoices(Part, Protocol):
    """A part that is made for the choices of a poll."""

    @classmethod
    def of(cls, keys: tuple[str, ...]) -> Self:
        """The empty part for a poll about these choices."""
        ...


def added(sums: Mapping[str, Fraction], key: str, weight: Fraction) -> dict[str, Fraction]:
    """``sums`` with so much more under ``key``; what comes to nothing is left out."""
    total = sums.get(key, NOTHING) + weight
    return {name: value for name, value in {**sums, key: total}.items() if value}


def read(number: str) -> Fraction:
    """A weight as it was dumped. Most are whole, and a Fraction reads any text by a regular expression."""
    return Fraction(int(number)) if number.isdecimal() else Fraction(number)
