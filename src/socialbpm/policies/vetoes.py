"""Vetoes: a no with a reason, by a person whose vote is binding. So many of them stop a proposal outright.

A no without a reason is no veto: it is noted, and told. A veto counts as one person, whatever their weight.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, ClassVar

from socialbpm.policies.parts import Change

if TYPE_CHECKING:
    from socialbpm.policies.counts import Count

AGAINST = frozenset({"reject", "object"})
"""What is a veto if it comes with a reason: the strictest verdict of a review, an objection to a proposal."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Vetoes:
    """How many people veto, and how many say no without giving a reason."""

    NAME: ClassVar[str] = "vetoes"

    reasoned: int = 0
    unreasoned: int = 0

    def cast(self, change: Change) -> Vetoes:
        """The vetoes after an answer."""
        without = self._changed(change.old, -change.people, reasoned=change.was_reasoned)
        return without._changed(change.new, change.people, reasoned=change.reasoned)

    filled = cast

    def _changed(self, ballot: tuple[str, ...], people: int, *, reasoned: bool) -> Vetoes:
        if AGAINST.isdisjoint(ballot):
            return self
        if reasoned:
            return replace(self, reasoned=self.reasoned + people)
        return replace(self, unreasoned=self.unreasoned + people)

    def dump(self) -> Any:
        """As JSON."""
        return [self.reasoned, self.unreasoned]

    @classmethod
    def load(cls, dumped: Any) -> Vetoes:
        """The vetoes that ``dump`` wrote."""
        return cls(reasoned=dumped[0], unreasoned=dumped[1])


def stopped(count: Count, needed: int) -> bool:
    """Whether so many vetoes stand."""
    return count.part(Vetoes).reasoned >= needed
