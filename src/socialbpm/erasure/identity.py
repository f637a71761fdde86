"""Who somebody is to us: their name, their accounts, and the token that takes the place of all of them."""

from __future__ import annotations

import hashlib
import hmac
import secrets
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, Connection, and_, exists, false, or_, select

from socialbpm.erasure.words import Words
from socialbpm.people import FORGOTTEN, Account, Community
from socialbpm.store.tables import account, event, response, voter_account

LOCAL = "local"
_JUDGED = response.alias("judged")


@dataclass(frozen=True, slots=True, kw_only=True)
class Identity:
    """A person who is being forgotten; ``accounts`` with what takes the place of each id."""

    person: str
    token: str
    accounts: Mapping[Account, str]

    @property
    def names(self) -> dict[str, str]:
        """Every name by which the store knows the person; an account alone is a person, too."""
        strangers = {
            f"{each.channel}:{each.id}": f"{each.channel}:{to}" for each, to in self.accounts.items()
        }
        return {**strangers, self.person: self.token}

    def words(self, comments: Iterable[str]) -> Words:
        """What is looked for."""
        ids = {each.id: to for each, to in self.accounts.items()}
        return Words(person=self.person, names=self.names, accounts=ids, comments=tuple(comments))

    def theirs(self) -> ColumnElement[bool]:
        """The condition that an event came by one of the accounts, and was not counted as somebody else's."""
        by = [and_(event.c.channel == a.channel, event.c.account == a.id) for a in self.accounts]
        others = exists().where(_JUDGED.c.seq == event.c.seq, _JUDGED.c.person.not_in(self._persons()))
        return and_(or_(false(), *by), ~others)

    def _persons(self) -> list[str]:
        return sorted({*self.names, *self.names.values()})

    def dump(self) -> dict[str, Any]:
        """As JSON; ``load`` gives it back."""
        accounts = [[each.channel, each.id, to] for each, to in self.accounts.items()]
        return {"person": self.person, "token": self.token, "accounts": accounts}

    @classmethod
    def load(cls, dumped: Mapping[str, Any]) -> Identity:
        """The identity that ``dump`` wrote."""
        accounts = {Account(channel=channel, id=id_): to for channel, id_, to in dumped["accounts"]}
        return cls(person=dumped["person"], token=dumped["token"], accounts=accounts)


def new_token() -> str:
    """Random: nothing of the person can be found out from it."""
    return FORGOTTEN + secrets.token_hex(6)


def digest(secret: bytes, person: str) -> str:
    """Knows a forgotten person again if somebody names them; without the secret it says nothing."""
    return hmac.new(secret, b"forgotten\0" + person.encode(), hashlib.sha256).hexdigest()


def found(conn: Connection, person: str, token: str, communities: Mapping[str, Community]) -> Identity:
    """Everything by which ``person`` is known. An account that the settings give to another is theirs."""
    mine = {each for member in _members(communities) if member[0] == person for each in member[1]}
    others = {each for member in _members(communities) if member[0] != person for each in member[1]}
    for table in (voter_account, account):
        rows = conn.execute(
            select(table.c.channel, table.c.account).where(table.c.person == person).distinct()
        )
        mine |= {Account(channel=channel, id=id_) for channel, id_ in rows}
    channel, colon, alone = person.partition(":")
    mine |= {Account(channel=channel, id=alone)} if colon else {Account(channel=LOCAL, id=person)}
    return Identity(person=person, token=token, accounts=_tokens(mine - others, person, token))


def _members(communities: Mapping[str, Community]) -> Iterable[tuple[str, frozenset[Account]]]:
    return ((member.person, member.accounts) for each in communities.values() for member in each.roll)


def _tokens(accounts: Iterable[Account], person: str, token: str) -> dict[Account, str]:
    """A first account on a channel goes by the token itself, a second one by the token with a number."""
    ordered = sorted(accounts, key=lambda each: (each.channel, each.id != person, each.id))
    number: dict[str, int] = {}
    tokens = {}
    for each in ordered:
        number[each.channel] = number.get(each.channel, 0) + 1
        tokens[each] = token if number[each.channel] == 1 else f"{token}-{number[each.channel]}"
    return tokens
