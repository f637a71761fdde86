"""The running count of a request: what a policy looks at, kept at constant cost per answer.

A count never holds ballots or names. It is changed by the difference that one person's answer makes, so ten
thousand answers cost ten thousand small steps, and what is stored beside a request stays small.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from fractions import Fraction
from typing import Any, TypeVar

Number = TypeVar("Number", Fraction, int)

ONE = Fraction(1)
NOTHING = Fraction(0)


@dataclass(frozen=True, slots=True, kw_only=True)
class Count:
    """What stands now. ``roll`` and ``roll_weight`` are None when anybody may answer.

    ``ballots`` people have answered, together weighing ``weight``. ``totals`` is the weight and ``heads``
    the number of people per choice. ``reached`` is the order of receipt (seq) at which a choice came to its
    present total. ``first`` is the ballot that came when none stood, ``casting`` that of the person with the
    casting vote, ``seq`` the last one counted.
    """

    roll: int | None = None
    roll_weight: Fraction | None = None
    ballots: int = 0
    weight: Fraction = NOTHING
    totals: Mapping[str, Fraction] = field(default_factory=dict)
    heads: Mapping[str, int] = field(default_factory=dict)
    reached: Mapping[str, int] = field(default_factory=dict)
    first: tuple[str, ...] = ()
    casting: tuple[str, ...] = ()
    seq: int = 0

    @classmethod
    def of_roll(cls, weights: Iterable[Fraction]) -> Count:
        """An empty count for a closed roll of people with these weights."""
        each = tuple(weights)
        return cls(roll=len(each), roll_weight=sum(each, NOTHING))

    @property
    def silent(self) -> Fraction | None:
        """The weight of those who have not answered; None when anybody may answer."""
        return None if self.roll_weight is None else self.roll_weight - self.weight

    def total(self, choice: str) -> Fraction:
        """The weight of the ballots that name ``choice``."""
        return self.totals.get(choice, NOTHING)

    def cast(
        self,
        old: Iterable[str],
        new: Iterable[str],
        weight: Fraction = ONE,
        seq: int = 0,
        *,
        casting: bool = False,
    ) -> Count:
        """The count after a person's ballot ``old`` (empty: none stood) became ``new`` (empty: withdrawn).

        ``weight`` is the person's, ``seq`` the order of receipt of ``new``; ``casting`` says that this person
        has the casting vote. A ballot names each choice once.
        """
        before, after = tuple(dict.fromkeys(old)), tuple(dict.fromkeys(new))
        others = self.ballots - bool(before)
        heads = _shifted(self.heads, before, after, 1)
        reached = {**self.reached, **dict.fromkeys(set(before) ^ set(after), seq)}
        return replace(
            self,
            ballots=others + bool(after),
            weight=self.weight + (bool(after) - bool(before)) * weight,
            totals=_shifted(self.totals, before, after, weight),
            heads=heads,
            reached={choice: at for choice, at in reached.items() if choice in heads},
            first=self.first if others else after,
            casting=after if casting else self.casting,
            seq=max(self.seq, seq),
        )

    def if_silent_chose(self, choice: str) -> Count:
        """The count if all who are silent now answered ``choice``. Needs a closed roll."""
        if self.roll is None or self.roll_weight is None:
            raise ValueError("nobody knows who is silent where anybody may answer")
        if self.roll == self.ballots:
            return self
        people, weight = self.roll - self.ballots, self.roll_weight - self.weight
        return replace(
            self,
            ballots=self.roll,
            weight=self.roll_weight,
            totals=_shifted(self.totals, (), (choice,), weight),
            heads=_shifted(self.heads, (), (choice,), people),
            reached={**self.reached, choice: self.seq + 1},
            first=self.first or (choice,),
            seq=self.seq + 1,
        )

    def dump(self) -> dict[str, Any]:
        """As JSON; ``load`` gives it back exactly."""
        return {
            "roll": self.roll,
            "roll_weight": None if self.roll_weight is None else str(self.roll_weight),
            "ballots": self.ballots,
            "weight": str(self.weight),
            "totals": {choice: str(total) for choice, total in self.totals.items()},
            "heads": dict(self.heads),
            "reached": dict(self.reached),
            "first": list(self.first),
            "casting": list(self.casting),
            "seq": self.seq,
        }

    @classmethod
    def load(cls, dumped: Mapping[str, Any]) -> Count:
        """The count that ``dump`` wrote."""
        return cls(
            roll=dumped["roll"],
            roll_weight=None if dumped["roll_weight"] is None else _read(dumped["roll_weight"]),
            ballots=dumped["ballots"],
            weight=_read(dumped["weight"]),
            totals={choice: _read(total) for choice, total in dumped["totals"].items()},
            heads=dict(dumped["heads"]),
            reached=dict(dumped["reached"]),
            first=tuple(dumped["first"]),
            casting=tuple(dumped["casting"]),
            seq=dumped["seq"],
        )


def _read(number: str) -> Fraction:
    """A weight as it was dumped. Most are whole, and a Fraction reads any text by a regular expression."""
    return Fraction(int(number)) if number.isdecimal() else Fraction(number)


def _shifted(
    sums: Mapping[str, Number], old: tuple[str, ...], new: tuple[str, ...], by: Number
) -> dict[str, Number]:
    shifted = dict(sums)
    for choice in old:
        shifted[choice] -= by
    for choice in new:
        shifted[choice] = shifted[choice] + by if choice in shifted else by
    return {choice: number for choice, number in shifted.items() if number}
