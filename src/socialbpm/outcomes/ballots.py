"""What a person's answer is worth: the ballot that they hold, and on whose behalf it is cast. Pure."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from fractions import Fraction

from socialbpm.policies.parts import read


@dataclass(frozen=True, slots=True, kw_only=True)
class Held:
    """The answer of a person that stands: choices, or the ``delegate`` who has their ballot. seq 0: none.

    ``advisory`` is one that does not decide. ``reasoned``: it came with a reason.
    """

    seq: int = 0
    choices: tuple[str, ...] = ()
    reasoned: bool = False
    delegate: str = ""
    advisory: bool = False


NONE = Held()


@dataclass(frozen=True, slots=True, kw_only=True)
class Vote:
    """What a person brings: the weight of their ballot, and the groups for which they speak."""

    weight: Fraction
    groups: frozenset[str] = frozenset()

    @classmethod
    def of(cls, weight: str, groups: Iterable[str] | None) -> Vote:
        """As the roll stores them."""
        return cls(weight=read(weight), groups=frozenset(groups or ()))


@dataclass(slots=True)
class Delegations:
    """Who has handed their ballot to whom, as far as it touches the people at hand.

    ``held`` are the answers that stand, of these people, of all who stand behind them, and up the chains from
    them; ``votes`` the roll as far as it is needed.
    """

    held: dict[str, Held] = field(default_factory=dict)
    votes: Mapping[str, Vote] = field(default_factory=dict)
    _behind: dict[str, dict[str, None]] = field(default_factory=lambda: defaultdict(dict))

    def __post_init__(self) -> None:
        for person, held in self.held.items():
            if held.delegate:
                self._behind[held.delegate][person] = None

    def hold(self, person: str, held: Held) -> None:
        """The person's answer is now ``held``."""
        before = self.held.get(person, NONE)
        if before.delegate:
            self._behind[before.delegate].pop(person, None)
        if held.delegate:
            self._behind[held.delegate][person] = None
        self.held[person] = held

    def effective(self, person: str) -> Held:
        """The ballot cast for this person: their own, or that of the first up the chain to have one."""
        held = self.held.get(person, NONE)
        while held.delegate:
            held = self.held.get(held.delegate, NONE)
        return held

    def behind(self, person: str) -> Iterator[str]:
        """All who have handed their ballot to this person, also by way of others."""
        waiting = list(self._behind.get(person, ()))
        while waiting:
            each = waiting.pop()
            yield each
            waiting.extend(self._behind.get(each, ()))

    def refusal(self, person: str, delegate: str, author: str) -> str:
        """Why the ballot of ``person`` cannot be handed to ``delegate``; '' if it can."""
        if delegate == author:
            return "the author cannot answer about their own work, and so for nobody else"
        if delegate not in self.votes:
            return f"{delegate[:100]!r} may not answer here, and so for nobody else"
        if person in self._chain(delegate):
            return f"in a circle: {delegate!r} has handed their ballot, in the end, to {person!r}"
        return ""

    def _chain(self, person: str) -> Iterable[str]:
        yield person
        while person := self.held.get(person, NONE).delegate:
            yield person
