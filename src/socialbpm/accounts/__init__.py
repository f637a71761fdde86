"""Whose an account is: by the roll, or because its person said one code with each of two accounts.

A code is asked for where the person is known, said with the other account, and what that account then gets is
said where it began. So nobody links an account with a code alone that they have seen, stolen or guessed: they
need both accounts. An account answers for one person.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Connection, Row, and_, bindparam, delete, exists, or_, select, update

from socialbpm.accounts import attempts, codes
from socialbpm.accounts.codes import Code
from socialbpm.clock import Clock
from socialbpm.engines.work import Work
from socialbpm.errors import NotFound, StateError
from socialbpm.faults import crash_point
from socialbpm.people import Account, Community
from socialbpm.store import Store, audit, insert_once
from socialbpm.store.tables import account, event, link_code, request

__all__ = ["Accounts", "Code", "Linking"]

LOCAL = "local"  # there everybody is known by their own name
LIVE = ("OPEN", "CLOSING")
WRONG = "there is no such code, or its time is over; ask for a new one where you are known"
ELSEWHERE = "this code is to be said with the account that asked for the first one"
USED = "this code has been said already; ask for a new one where you are known"


@dataclass(frozen=True, slots=True, kw_only=True)
class Linking:
    """What came of saying something: ``reason`` for the person, a ``code`` if one is to be said next.

    ``linked``: the two accounts are one person's now.
    """

    reason: str
    linked: bool = False
    code: str = ""


class Accounts:
    """The accounts of people; ``secret`` keys the hashes of codes."""

    def __init__(
        self, store: Store, clock: Clock, work: Work, communities: Mapping[str, Community], secret: bytes
    ) -> None:
        self._store, self._clock, self._work, self._secret = store, clock, work, secret
        self._by_roll = {
            own: member.person
            for community in communities.values()
            for member in community.roll
            for own in member.accounts
        }

    def of(self, person: str) -> list[Account]:
        """All accounts of a person: those of the rolls, and those that were linked."""
        with self._store.read() as conn:
            rows = conn.execute(_OF_PERSON, {"of_person": person}).all()
        linked = {Account(channel=row.channel, id=row.account) for row in rows}
        rolled = {own for own, owner in self._by_roll.items() if owner == person}
        return sorted(rolled | (linked - self._by_roll.keys()), key=lambda own: (own.channel, own.id))

    def code(self, person: str) -> Code:
        """A code for ``person``, to be said with another account. Raises NotFound, StateError (too many)."""
        if person not in self._by_roll.values():
            raise NotFound(f"'{person}' is in no community")
        with self._store.begin() as conn:
            made = self._made(conn, person)
        if made is None:
            raise StateError(f"'{person}' {attempts.TOO_MANY}")
        return made

    def say(self, channel: str, account_id: str, said: str) -> Linking:
        """``said`` came from this account: what came of it. Only both codes together link anything."""
        with self._store.begin() as conn:
            linking = self.hear(conn, channel, account_id, said)
            crash_point("link.before-commit")
        crash_point("link.after-commit")
        return linking

    def hear(self, conn: Connection, channel: str, account_id: str, said: str) -> Linking:
        """As ``say``, within the caller's transaction."""
        own, now = Account(channel=channel, id=account_id), self._clock.now()
        if said.strip().lower() == codes.ASK:
            return self._asked(conn, own)
        if attempts.exhausted(conn, _subject(own), now):
            return Linking(reason=f"this account {attempts.TOO_MANY}")
        found = codes.digest(self._secret, said)
        row = conn.execute(_CODE, {"of_digest": found, "at": now}).first()
        linking = self._claimed if row and row.digest == found else self._confirmed
        answer = linking(conn, own, row) if row else Linking(reason=WRONG)
        if not answer.linked and not answer.code:
            attempts.note(conn, _subject(own), now)
            audit.record(conn, now, "account.refused", channel=channel, account=account_id)
        return answer

    def unlink(self, channel: str, account_id: str) -> None:
        """The account answers for nobody but itself again. Raises NotFound, StateError (it is on a roll)."""
        own, now = Account(channel=channel, id=account_id), self._clock.now()
        if own in self._by_roll:
            raise StateError(f"'{account_id}' of '{channel}' is on a roll: change that in the settings")
        with self._store.begin() as conn:
            if not conn.execute(_UNLINK, _named(own)).rowcount:
                raise NotFound(f"'{account_id}' of '{channel}' is linked to nobody")
            audit.record(conn, now, "account.unlinked", channel=channel, account=account_id)
            self._tell_again(conn, own, now)

    def _person(self, conn: Connection, own: Account) -> str | None:
        """Whose an account is; None: nobody's. What the roll says goes before a link."""
        rolled = self._by_roll.get(own)
        return rolled if rolled is not None else conn.execute(_OWNER, _named(own)).scalar()

    def _asked(self, conn: Connection, own: Account) -> Linking:
        person = self._person(conn, own)
        if person is None:
            return Linking(
                reason="this account belongs to nobody here yet; ask for a code where you are known"
            )
        made = self._made(conn, person)
        if made is None:
            return Linking(reason=f"you {attempts.TOO_MANY}")
        return Linking(reason=f"say {made.code} with your other account, {_soon()}", code=made.code)

    def _made(self, conn: Connection, person: str) -> Code | None:
        """A new code; None if the person has asked too often."""
        now = self._clock.now()
        conn.execute(_PRUNE, {"at": now})
        attempts.prune(conn, now)
        if attempts.exhausted(conn, f"person\n{person}", now):
            return None
        attempts.note(conn, f"person\n{person}", now)
        made = Code(code=codes.fresh(), expires_at=now + codes.LIFE)
        kept = {"digest": codes.digest(self._secret, made.code), "person": person}
        conn.execute(link_code.insert(), kept | {"expires_at": made.expires_at})
        audit.record(conn, now, "account.code_made", person=person)
        return made

    def _claimed(self, conn: Connection, own: Account, row: Row[Any]) -> Linking:
        """The first code was said, with an account that wants to be that person's."""
        owner = self._person(conn, own)
        if row.account:
            return Linking(reason=USED)
        if owner is not None or own.channel == LOCAL:
            whose = (
                "yours already" if owner == row.person else "somebody's already; it answers for one person"
            )
            return Linking(reason=f"this account is {whose}")
        now, confirms = self._clock.now(), codes.fresh()
        known = {"of_digest": row.digest, "by": own.channel, "of_account": own.id}
        digest = codes.digest(self._secret, confirms)
        conn.execute(_CLAIM, known | {"to_confirm": digest, "until": now + codes.LIFE})
        told = {"channel": own.channel, "account": own.id, "person": row.person}
        audit.record(conn, now, "account.claimed", **told)
        return Linking(
            reason=f"now say {confirms} where you asked for the first code, {_soon()}", code=confirms
        )

    def _confirmed(self, conn: Connection, own: Account, row: Row[Any]) -> Linking:
        """The second code was said; it must come from where the first was asked for."""
        if self._person(conn, own) != row.person:
            return Linking(reason=ELSEWHERE)
        conn.execute(_SPENT, {"of_digest": row.digest})
        new, now = Account(channel=row.channel, id=row.account), self._clock.now()
        values = {"channel": new.channel, "account": new.id, "person": row.person, "linked_at": now}
        if new in self._by_roll or not insert_once(conn, account, **values):
            return Linking(reason="that account has become somebody's meanwhile; it answers for one person")
        audit.record(conn, now, "account.linked", person=row.person, channel=new.channel, account=new.id)
        self._tell_again(conn, new, now)
        return Linking(reason="linked: both accounts are yours, and have one ballot", linked=True)

    def _tell_again(self, conn: Connection, own: Account, now: datetime) -> None:
        """Open requests that this account has answered are told again whose those answers are."""
        rows = conn.execute(_ANSWERED, {**_named(own), "live": LIVE}).scalars().all()
        for request_id in sorted(rows):
            self._work.schedule(conn, "relink", request_id, now)


def _named(own: Account) -> dict[str, str]:
    return {"by": own.channel, "of_account": own.id}


def _subject(own: Account) -> str:
    return f"{own.channel}\n{own.id}"


def _soon() -> str:
    return f"within {codes.LIFE // timedelta(minutes=1)} minutes"


_OWN = and_(account.c.channel == bindparam("by"), account.c.account == bindparam("of_account"))
_OWNER = select(account.c.person).where(_OWN)
_UNLINK = delete(account).where(_OWN)
_OF_PERSON = select(account.c.channel, account.c.account).where(account.c.person == bindparam("of_person"))
_CODE = (
    select(link_code)
    .where(
        or_(link_code.c.digest == bindparam("of_digest"), link_code.c.confirms == bindparam("of_digest")),
        link_code.c.expires_at > bindparam("at"),
    )
    .with_for_update()
)
_CLAIM = (
    update(link_code)
    .where(link_code.c.digest == bindparam("of_digest"))
    .values(
        channel=bindparam("by"),
        account=bindparam("of_account"),
        confirms=bindparam("to_confirm"),
        expires_at=bindparam("until"),
    )
)
_SPENT = delete(link_code).where(link_code.c.digest == bindparam("of_digest"))
_PRUNE = delete(link_code).where(link_code.c.expires_at <= bindparam("at"))
_ANSWERED = select(request.c.id).where(
    request.c.state.in_(bindparam("live", expanding=True)),
    exists().where(
        event.c.request == request.c.id,
        event.c.channel == bindparam("by"),
        event.c.account == bindparam("of_account"),
    ),
)
