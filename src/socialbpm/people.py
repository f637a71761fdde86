"""Who takes part: persons, their accounts on channels, and the communities they belong to."""

from __future__ import annotations

from dataclasses import dataclass, field
from fractions import Fraction

from socialbpm.posts import Destination

FORGOTTEN = "forgotten-"
"""How the tokens begin that stand for people who have been forgotten (``erasure``)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Account:
    """A person's account on a channel; ``id`` is the platform's stable id, never a display name."""

    channel: str
    id: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Member:
    """A person's place in a community's roll.

    ``weight`` is how much their ballot weighs, exactly; who weighs 0 is known and may not answer. ``groups``
    are those that a quorum by groups may name: what the community says, and the names of all communities that
    the person is in.
    """

    person: str
    accounts: frozenset[Account] = frozenset()
    weight: Fraction = Fraction(1)
    groups: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True, kw_only=True)
class Community:
    """A named group: its destinations and its roll. An empty roll refuses; it never means "anyone"."""

    name: str
    destinations: tuple[Destination, ...] = ()
    roll: tuple[Member, ...] = field(default_factory=tuple)


def is_forgotten(person: str) -> bool:
    """Whether this is the token of somebody who has been forgotten: there is nobody to write to."""
    return person.startswith(FORGOTTEN)
