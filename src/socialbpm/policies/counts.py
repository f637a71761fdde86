"""The running count of a request: what a policy looks at, kept at constant cost per answer.

A count never holds ballots or names. It is changed by the difference that one person's answer makes, so ten
thousand answers cost ten thousand small steps, and what is stored beside a request stays small.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from fractions import Fraction
from typing import Any, TypeVar, cast

from socialbpm.policies.groups import Groups
from socialbpm.policies.parts import NOTHING, Change, Part, read
from socialbpm.policies.ranked.borda import Points
from socialbpm.policies.ranked.rankings import first_place
from socialbpm.policies.ranked.runoff import Rankings
from socialbpm.policies.ranked.schulze import Pairs
from socialbpm.policies.vetoes import Vetoes
from socialbpm.responses import ABSTAIN

Number = TypeVar("Number", Fraction, int)
Kept = TypeVar("Kept", bound=Part)

ONE = Fraction(1)
PARTS: Mapping[str, type[Part]] = {part.NAME: part for part in (Points, Rankings, Pairs, Vetoes, Groups)}


@dataclass(frozen=True, slots=True, kw_only=True)
class Count:
    """What stands now. ``roll`` and ``roll_weight`` are None when anybody may answer.

    ``ballots`` people have answered, together weighing ``weight``. ``totals`` is the weight and ``heads``
    the number of people per choice. ``reached`` is the order of receipt (seq) at which a choice came to its
    present total. ``first`` is the ballot that came when none stood, ``casting`` that of the person with the
    casting vote, ``seq`` the last one counted. Of a ``ranked`` ballot the totals count its first place alone.
    ``parts`` are what only some rules look at, by name; ``advisory`` the people per choice who do not decide.
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
    ranked: bool = False
    parts: Mapping[str, Part] = field(default_factory=dict)
    advisory: Mapping[str, int] = field(default_factory=dict)

    @classmethod
    def of_roll(cls, weights: Iterable[Fraction]) -> Count:
        """An empty count for a closed roll of people with these weights."""
        each = tuple(weights)
        return cls(roll=len(each), roll_weight=sum(each, NOTHING))

    @property
    def silent(self) -> Fraction | None:
        """The weight of those who have not answered; None when anybody may answer."""
        return None if self.roll_weight is None else self.roll_weight - self.weight

    @property
    def voiced(self) -> Fraction:
        """The weight of those who have answered and did not abstain."""
        return self.weight - self.total(ABSTAIN)

    def total(self, choice: str) -> Fraction:
        """The weight of the ballots that name ``choice``."""
        return self.totals.get(choice, NOTHING)

    def part(self, kind: type[Kept]) -> Kept:
        """The part of that kind, which the rule of this count asked for when it was opened."""
        return cast(Kept, self.parts[kind.NAME])

    def cast(
        self,
        old: Iterable[str],
        new: Iterable[str],
        weight: Fraction = ONE,
        seq: int = 0,
        *,
        casting: bool = False,
        groups: frozenset[str] = frozenset(),
        reasoned: bool = False,
        was_reasoned: bool = False,
        people: int = 1,
    ) -> Count:
        """The count after a person's ballot ``old`` (empty: none stood) became ``new`` (empty: withdrawn).

        ``weight`` and ``groups`` are the person's, ``seq`` the order of receipt of ``new``; ``casting``
        says that this person has the casting vote; ``reasoned`` and ``was_reasoned`` that ``new`` and
        ``old`` came with a reason. A ballot names each choice once. So many ``people`` may do this
        together; ``weight`` is then that of all of them.
        """
        given = tuple(dict.fromkeys(new))
        before, after = tuple(dict.fromkeys(old)), given
        parts = self.parts
        if parts:
            change = Change(
                old=before,
                new=given,
                weight=weight,
                people=people,
                groups=groups,
                reasoned=reasoned,
                was_reasoned=was_reasoned,
            )
            parts = {name: part.cast(change) for name, part in parts.items()}
        if self.ranked:
            before, after = first_place(before), first_place(given)
        others = self.ballots - people * bool(before)
        heads = _shifted(self.heads, before, after, people)
        reached = {**self.reached, **dict.fromkeys(set(before) ^ set(after), seq)}
        return Count(  # not replace(): it costs a third of all this
            roll=self.roll,
            roll_weight=self.roll_weight,
            ballots=others + people * bool(after),
            weight=self.weight + (bool(after) - bool(before)) * weight,
            totals=_shifted(self.totals, before, after, weight),
            heads=heads,
            reached={choice: at for choice, at in reached.items() if choice in heads},
            first=self.first if others else given,
            casting=given if casting else self.casting,
            seq=max(self.seq, seq),
            ranked=self.ranked,
            parts=parts,
            advisory=self.advisory,
        )

    def advise(self, old: Iterable[str], new: Iterable[str], *, people: int = 1) -> Count:
        """The count after a person whose vote is not binding turned from ``old`` to ``new``."""
        before, after = tuple(dict.fromkeys(old)), tuple(dict.fromkeys(new))
        if self.ranked:
            before, after = first_place(before), first_place(after)
        return replace(self, advisory=_shifted(self.advisory, before, after, people))

    def if_silent_chose(self, choice: str) -> Count:
        """The count if all who are silent now answered ``choice``. Needs a closed roll."""
        if self.roll is None or self.roll_weight is None:
            raise ValueError("nobody knows who is silent where anybody may answer")
        if self.roll == self.ballots:
            return self
        people, weight = self.roll - self.ballots, self.roll_weight - self.weight
        change = Change(old=(), new=(choice,), weight=weight, people=people, reasoned=True)
        return replace(
            self,
            ballots=self.roll,
            weight=self.roll_weight,
            totals=_shifted(self.totals, (), (choice,), weight),
            heads=_shifted(self.heads, (), (choice,), people),
            reached={**self.reached, choice: self.seq + 1},
            first=self.first or (choice,),
            seq=self.seq + 1,
            parts={name: part.filled(change) for name, part in self.parts.items()},
        )

    def dump(self) -> dict[str, Any]:
        """As JSON; ``load`` gives it back exactly. What a rule does not ask for takes no room."""
        special = {
            "ranked": self.ranked,
            "parts": {name: part.dump() for name, part in self.parts.items()},
            "advisory": dict(self.advisory),
        }
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
            **{name: value for name, value in special.items() if value},
        }

    @classmethod
    def load(cls, dumped: Mapping[str, Any]) -> Count:
        """The count that ``dump`` wrote."""
        return cls(
            roll=dumped["roll"],
            roll_weight=None if dumped["roll_weight"] is None else read(dumped["roll_weight"]),
            ballots=dumped["ballots"],
            weight=read(dumped["weight"]),
            totals={choice: read(total) for choice, total in dumped["totals"].items()},
            heads=dict(dumped["heads"]),
            reached=dict(dumped["reached"]),
            first=tuple(dumped["first"]),
            casting=tuple(dumped["casting"]),
            seq=dumped["seq"],
            ranked=dumped.get("ranked", False),
            parts={name: PARTS[name].load(part) for name, part in dumped.get("parts", {}).items()},
            advisory=dict(dumped.get("advisory", {})),
        )


def _shifted(
    sums: Mapping[str, Number], old: tuple[str, ...], new: tuple[str, ...], by: Number
) -> dict[str, Number]:
    shifted = dict(sums)
    for choice in old:
        shifted[choice] -= by
    for choice in new:
        shifted[choice] = shifted[choice] + by if choice in shifted else by
    return {choice: number for choice, number in shifted.items() if number}
