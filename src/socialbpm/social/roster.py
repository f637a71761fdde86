"""Everybody who is known: where they belong, what their ballots weigh, and by which accounts they answer."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from socialbpm.people import Account, Community


@dataclass(frozen=True, slots=True, kw_only=True)
class PersonView:
    """A person. ``weights`` is what their ballot weighs in each of their communities, exactly, as text.

    ``groups`` are those that a quorum may name. ``forgotten`` is "yes" for somebody who has been forgotten
    and still stands in the settings, "begun" if that was cut off and is to be asked for again; else "".
    """

    person: str
    weights: Mapping[str, str] = field(default_factory=dict)
    groups: tuple[str, ...] = ()
    accounts: tuple[Account, ...] = ()
    operator: bool = False
    forgotten: str = ""

    @property
    def communities(self) -> tuple[str, ...]:
        """The communities that they are in."""
        return tuple(self.weights)


def roster(
    people: Iterable[str],
    communities: Mapping[str, Community],
    accounts: Mapping[str, Iterable[Account]],
    operators: frozenset[str],
    forgotten: Mapping[str, bool],
) -> list[PersonView]:
    """What there is to say of these people, in their order."""
    return [
        PersonView(
            person=person,
            weights=dict(_weights(person, communities)),
            groups=_groups(person, communities),
            accounts=tuple(accounts[person]),
            operator=person in operators,
            forgotten={True: "yes", False: "begun", None: ""}[forgotten.get(person)],
        )
        for person in people
    ]


def _weights(person: str, communities: Mapping[str, Community]) -> Iterable[tuple[str, str]]:
    for name, community in sorted(communities.items()):
        yield from ((name, str(member.weight)) for member in community.roll if member.person == person)


def _groups(person: str, communities: Mapping[str, Community]) -> tuple[str, ...]:
    found = {
        group
        for community in communities.values()
        for member in community.roll
        if member.person == person
        for group in member.groups
    }
    return tuple(sorted(found))
