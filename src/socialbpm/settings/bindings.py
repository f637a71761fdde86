"""How settings bind a community: its rooms, its people's accounts, and what sets single members apart."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping
from fractions import Fraction
from typing import Annotated, Any

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, field_validator

from socialbpm.people import Account, Community, Member
from socialbpm.posts import Destination
from socialbpm.tasks.notation import did_you_mean, nearest

LOCAL = "local"
MEMBERS = "members"
HEAVIEST = 10**12


def _short(value: Any) -> Any:
    """``["ada", "grace"]`` says who the people are and leaves the room to the community's name."""
    return {"people": value} if isinstance(value, list | tuple) else value


def _named(value: Any) -> Any:
    """A list of people: each has the account of their own name. Raises ValueError."""
    if isinstance(value, list | tuple) and (odd := [each for each in value if not isinstance(each, str)]):
        raise ValueError(f"{odd[0]!r} is no name of a person; put names in quotes")
    return {person: person for person in value} if isinstance(value, list | tuple) else value


def _bound(value: Any) -> Any:
    """A plain list of people is a community of the local channel."""
    return {LOCAL: value} if isinstance(value, list | tuple) else value


def _exact(value: Any) -> Any:
    """A weight as written; a number with a point is taken as its digits stand. Raises ValueError."""
    if isinstance(value, Fraction):
        return value
    try:
        weight = Fraction(str(value).strip())
    except (ValueError, ZeroDivisionError):
        weight = Fraction(-1)
    if isinstance(value, bool) or not 0 <= weight <= HEAVIEST or weight.denominator > HEAVIEST:
        raise ValueError('write a weight as "2", "0.5" or "1/3"; with "0" somebody is known and has no vote')
    return weight


class Binding(BaseModel):
    """Where a community is on one channel account: the room, and each person's account there."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    room: str = Field("", description="The room or timeline; the community's own name if left out.")
    people: Annotated[dict[str, str], BeforeValidator(_named)] = Field(
        default_factory=dict,
        description="Person → the stable id of their account on this channel; a list: the names are the ids.",
    )


class Membership(BaseModel):
    """What sets a member apart from the others: how much their ballot weighs, for which groups they speak."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    weight: Annotated[Fraction, BeforeValidator(_exact)] = Field(
        Fraction(1),
        description='How much the ballot weighs, exactly: "2", "0.5", "1/3". With "0" somebody is known and '
        "has no vote.",
    )
    groups: frozenset[str] = Field(
        default=frozenset(), description="What a quorum by groups may name. The community's name is one too."
    )

    @field_validator("groups")
    @classmethod
    def _can_be_named(cls, groups: frozenset[str]) -> frozenset[str]:
        odd = sorted(name for name in groups if not name or any(sign in name for sign in ": ,"))
        if odd:
            raise ValueError(f"{odd[0]!r} is no name of a group; leave out colons, commas and spaces")
        return groups


class Bound(BaseModel):
    """A community: ``members`` that are set apart; every other key is a channel account, with its binding."""

    model_config = ConfigDict(extra="allow", frozen=True)

    __pydantic_extra__: dict[str, Annotated[Binding, BeforeValidator(_short)]]

    members: dict[str, Membership] = Field(
        default_factory=dict, description="Person → weight and groups, of those who are set apart."
    )

    @property
    def channels(self) -> Mapping[str, Binding]:
        """The binding on each channel account."""
        return self.model_extra or {}

    @property
    def people(self) -> list[str]:
        """Everybody who is in it, on whatever channel, each once."""
        return list(dict.fromkeys(person for binding in self.channels.values() for person in binding.people))


Bindings = Annotated[Bound, BeforeValidator(_bound)]


def communities(bound: Mapping[str, Bound]) -> dict[str, Community]:
    """The communities as the middle knows them. Everybody can also answer by the local pages, as
    themselves.
    """
    member_of: dict[str, set[str]] = defaultdict(set)
    for name, each in bound.items():
        for person in each.people:
            member_of[person].add(name)
    return {name: _community(name, each, member_of) for name, each in bound.items()}


def _community(name: str, bound: Bound, member_of: Mapping[str, set[str]]) -> Community:
    return Community(
        name=name,
        destinations=tuple(
            Destination(channel=channel, room=binding.room or name)
            for channel, binding in bound.channels.items()
        ),
        roll=tuple(_member(person, bound, member_of[person]) for person in bound.people),
    )


def _member(person: str, bound: Bound, communities: set[str]) -> Member:
    apart = bound.members.get(person, Membership())
    own = {
        Account(channel=channel, id=binding.people[person])
        for channel, binding in bound.channels.items()
        if person in binding.people
    }
    return Member(
        person=person,
        accounts=frozenset(own | {Account(channel=LOCAL, id=person)}),
        weight=apart.weight,
        groups=apart.groups | communities,
    )


def unbound(
    bound: Mapping[str, Bound], channels: frozenset[str]
) -> Iterator[tuple[tuple[str, ...], str, str]]:
    """What cannot be seen key by key: unknown names, two people behind one account. Place, what, remedy."""
    if MEMBERS in channels:
        yield ("channels", MEMBERS), f"no channel can be called '{MEMBERS}'", "give it another name"
    owners: dict[tuple[str, str], str] = {}
    for name, each in bound.items():
        place = ("communities", name)
        for channel, binding in each.channels.items():
            for what, remedy in (
                *_unknown(name, channel, {LOCAL, *channels}),
                *_shared(name, channel, binding, owners),
                *_renamed(name, channel, binding),
                *_private(name, channel, binding),
            ):
                yield (*place, channel), what, remedy
        for person in each.members.keys() - set(each.people):
            what = f"community '{name}' sets '{person}' apart, who is in none of its channels"
            remedy = did_you_mean(person, each.people) or "name them there too"
            yield (*place, MEMBERS, person), what, remedy


def _unknown(name: str, channel: str, known: set[str]) -> Iterator[tuple[str, str]]:
    if channel not in known:
        what = f"community '{name}' is bound to '{channel}', which is no channel"
        near = nearest(channel, known)
        connect = f"connect it under [channels.{channel}]"
        yield what, f"did you mean '{near}'? If not, {connect}" if near else f"{connect}, or use {LOCAL}"


def _shared(
    name: str, channel: str, binding: Binding, owners: dict[tuple[str, str], str]
) -> Iterator[tuple[str, str]]:
    """``owners`` gathers who has which account over all communities: a request may go to several."""
    for person, account in binding.people.items():
        owner = owners.setdefault((channel, account), person)
        if owner != person:
            what = (
                f"community '{name}': '{owner}' and '{person}' share the account '{account}' of '{channel}'"
            )
            yield what, "one account answers for one person, by one name everywhere"


def _renamed(name: str, channel: str, binding: Binding) -> Iterator[tuple[str, str]]:
    for person, account in binding.people.items():
        if channel == LOCAL and account != person:
            what = (
                f"community '{name}': on the local pages '{person}' is known by that name, not as '{account}'"
            )
            yield what, 'list the names: ["…"]'


def _private(name: str, channel: str, binding: Binding) -> Iterator[tuple[str, str]]:
    """On the local pages such a room is that of one person, who alone sees what stands there."""
    if channel == LOCAL and (binding.room or name).startswith("@"):
        what = f"community '{name}': a room of the local pages that begins with @ is that of one person"
        yield what, "give the community a room of another name"
