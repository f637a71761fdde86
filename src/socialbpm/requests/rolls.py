"""Who may answer a request: a snapshot of the communities, taken when it opens and then left alone."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace

from sqlalchemy import Connection, bindparam, select

from socialbpm.errors import TaskFailed
from socialbpm.people import Account, Community, Member
from socialbpm.policies import Rule
from socialbpm.store import insert_once
from socialbpm.store.prepared import Prepared
from socialbpm.store.tables import voter, voter_account
from socialbpm.tasks import Asking, PostStatus

INVALID = "social.invalid"


def members(task: Asking | PostStatus, communities: Mapping[str, Community]) -> tuple[Member, ...]:
    """Everybody whom ``task`` names, the author included, each person once, with all their accounts.

    A person's weight is that of the first community that names them, their groups are those of all of them.
    Raises TaskFailed ``social.invalid`` for an unknown name, and for an account that would answer for two
    persons.
    """
    merged: dict[str, Member] = {}
    for name in task.asked:
        for member in _of(name, communities):
            known = merged.setdefault(member.person, member)
            if known is not member:
                accounts, groups = known.accounts | member.accounts, known.groups | member.groups
                merged[member.person] = replace(known, accounts=accounts, groups=groups)
    _each_account_once(merged.values())
    return tuple(merged.values())


def eligible(task: Asking, everybody: Sequence[Member]) -> tuple[Member, ...]:
    """Those whose answers count.

    Not the author, unless the model says so; not who weighs nothing, or is in none of the binding groups.
    """
    author, binding = task.author if task.exclude_author else "", frozenset(task.binding)
    return tuple(
        member
        for member in everybody
        if member.person != author and member.weight and not (binding and binding.isdisjoint(member.groups))
    )


def problems(task: Asking, voters: Sequence[Member]) -> list[str]:
    """Why the rule of ``task`` makes no sense for these people; [] if all is well."""
    rule = Rule.of(task)
    if task.electorate == "open":
        return rule.problems()
    return rule.problems(
        roll={member.person: member.weight for member in voters},
        groups={member.person: member.groups for member in voters},
    )


def freeze(conn: Connection, request: str, everybody: Sequence[Member], voters: Sequence[Member]) -> None:
    """Store the roll. The author's accounts are kept too, so that their answer can be told why it is void."""
    people = [
        {
            "request": request,
            "person": member.person,
            "weight": str(member.weight),
            "groups": sorted(member.groups),
        }
        for member in voters
    ]
    accounts = [
        {"request": request, "channel": account.channel, "account": account.id, "person": member.person}
        for member in everybody
        for account in sorted(member.accounts, key=lambda account: (account.channel, account.id))
    ]
    _VOTERS.change_all(conn, people)
    _ACCOUNTS.change_all(conn, accounts)


def join(
    conn: Connection, request: str, everybody: Sequence[Member], voters: Sequence[Member]
) -> list[Member]:
    """Put further people on a roll that is open; those of ``voters`` who were not on it.

    Who was on it stays as they were, and so does whom an account answers for.
    """
    there = set(conn.scalars(_ON_ROLL, {"of_request": request}))
    new = [member for member in voters if member.person not in there]
    freeze(conn, request, (), new)
    for member in everybody:
        for account in sorted(member.accounts, key=lambda account: (account.channel, account.id)):
            own = {"channel": account.channel, "account": account.id, "person": member.person}
            insert_once(conn, voter_account, request=request, **own)
    return new


def _of(name: str, communities: Mapping[str, Community]) -> Sequence[Member]:
    """The members that a name stands for: a community's, or one person wherever they are a member."""
    if name in communities:
        return communities[name].roll
    found = [
        member for community in communities.values() for member in community.roll if member.person == name
    ]
    if not found:
        raise TaskFailed(INVALID, f"'{name}' is no community and no person in one; add it to the settings")
    return found


def _each_account_once(everybody: Iterable[Member]) -> None:
    owners: dict[Account, str] = {}
    for member in everybody:
        for account in member.accounts:
            owner = owners.setdefault(account, member.person)
            if owner != member.person:
                raise TaskFailed(
                    INVALID,
                    f"account '{account.id}' on '{account.channel}' belongs to '{owner}' and to "
                    f"'{member.person}'; an account answers for one person",
                )


_VOTERS, _ACCOUNTS = Prepared(voter.insert()), Prepared(voter_account.insert())
_ON_ROLL = select(voter.c.person).where(voter.c.request == bindparam("of_request"))
