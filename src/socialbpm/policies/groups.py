"""The quorum of groups: "one from legal and two from design". Who is in several groups counts in each."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any, ClassVar

from socialbpm.policies.parts import Change

if TYPE_CHECKING:
    from socialbpm.policies.counts import Count
    from socialbpm.policies.rule import Rule


@dataclass(frozen=True, slots=True, kw_only=True)
class Groups:
    """How many people of each group that the quorum names are on the roll, and how many have answered."""

    NAME: ClassVar[str] = "groups"

    roll: Mapping[str, int] = field(default_factory=dict)
    answered: Mapping[str, int] = field(default_factory=dict)

    @classmethod
    def of_roll(cls, named: Iterable[str], voters: Iterable[frozenset[str]]) -> Groups:
        """Nobody has answered yet; ``voters`` are the groups of each person on the roll."""
        roll = dict.fromkeys(named, 0)
        for groups in voters:
            for name in groups & roll.keys():
                roll[name] += 1
        return cls(roll=roll, answered=dict.fromkeys(roll, 0))

    def cast(self, change: Change) -> Groups:
        """The groups after an answer of somebody who had none, or after the answer of somebody was taken
        back.
        """
        people = (bool(change.new) - bool(change.old)) * change.people
        joined = {name: self.answered[name] + people for name in change.groups & self.answered.keys()}
        return replace(self, answered={**self.answered, **joined})

    def filled(self, change: Change) -> Groups:
        """The groups once everybody has answered."""
        return replace(self, answered=self.roll)

    def dump(self) -> Any:
        """As JSON."""
        return {"roll": dict(self.roll), "answered": dict(self.answered)}

    @classmethod
    def load(cls, dumped: Any) -> Groups:
        """The groups that ``dump`` wrote."""
        return cls(**dumped)


def read(text: str) -> dict[str, int]:
    """A quorum of groups as written, ``legal:1 design:2``. Raises ValueError, remedy after a semicolon."""
    quorum: dict[str, int] = {}
    for part in text.replace(",", " ").split():
        name, colon, needed = part.rpartition(":")
        if not (colon and name and re.fullmatch("[0-9]{1,6}", needed) and int(needed) and name not in quorum):
            raise ValueError(f"'{part[:60]}' is no quorum of a group; write GROUP:NUMBER, each group once")
        quorum[name] = int(needed)
    return quorum


def written(quorum: Mapping[str, int]) -> str:
    """As ``read`` takes it."""
    return " ".join(f"{name}:{needed}" for name, needed in quorum.items())


def met(rule: Rule, count: Count) -> bool:
    """Whether of every group that the quorum names enough people have answered; abstentions count."""
    answered = count.part(Groups).answered
    return all(answered.get(name, 0) >= needed for name, needed in rule.group_quorum.items())


def standing(rule: Rule, count: Count) -> Iterator[str]:
    """How each group stands, for people: ``legal 1 of 1``."""
    answered = count.part(Groups).answered
    for name, needed in rule.group_quorum.items():
        yield f"{name} {answered.get(name, 0)} of {needed}"
