"""A person's answers, and their place on the rolls: texts go, a token takes the place of every name.

What was counted stays counted, also while a request is open. The token stands for the person in every row
alike, so that later answers of others are judged as if nothing had happened.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from sqlalchemy import Connection, bindparam, case, func, or_, select, update

from socialbpm import tasks
from socialbpm.erasure.identity import Identity
from socialbpm.erasure.words import ERASED
from socialbpm.policies import VERDICTS, Rule
from socialbpm.policies.ballots import SHOWN
from socialbpm.policies.ranked.rankings import places
from socialbpm.responses import ABSTAIN
from socialbpm.store.tables import (
    account,
    attempt,
    care,
    event,
    link_code,
    request,
    response,
    voter,
    voter_account,
)
from socialbpm.tasks import Asking

DELEGATE = 100
"""So many letters of a delegate's name a reason repeats."""


def comments(conn: Connection, who: Identity) -> list[str]:
    """All that the person wrote beside their answers, each text once."""
    query = select(event.c.comment).where(who.theirs(), event.c.comment.not_in(("", ERASED))).distinct()
    return sorted(conn.scalars(query))


def number(conn: Connection, who: Identity) -> int:
    """How many answers are theirs."""
    return conn.scalar(select(func.count()).select_from(event).where(who.theirs())) or 0


def requests(conn: Connection, who: Identity) -> Sequence[str]:
    """The requests in which the person stands somewhere, in an order that stays."""
    names = sorted(who.names)
    on_roll = select(voter.c.request.label("id")).where(voter.c.person.in_(names))
    known = select(voter_account.c.request).where(voter_account.c.person.in_(names))
    answered = select(event.c.request).where(who.theirs(), event.c.request.is_not(None))
    judged = select(response.c.request).where(response.c.person.in_(names))
    trusted = select(event.c.request).where(event.c.delegate.in_(names), event.c.request.is_not(None))
    found = on_roll.union(known, answered, judged, trusted).subquery()
    return conn.scalars(select(found.c.id).order_by(found.c.id)).all()


def is_known(conn: Connection, who: Identity) -> bool:
    """Whether there is anything of theirs besides requests: an answer to nothing, a link, a code."""
    linked = select(account.c.account).where(account.c.person == who.person)
    asked_for = select(link_code.c.digest).where(link_code.c.person == who.person)
    wrote = select(event.c.seq).where(who.theirs())
    return any(conn.execute(query.limit(1)).first() for query in (linked, asked_for, wrote))


def runs(conn: Connection, who: Identity) -> set[str]:
    """The runs in which the person has had a part, whatever they are called there by now."""
    persons = sorted({*who.names, *who.names.values()})
    of_voters = select(voter.c.request).where(voter.c.person.in_(persons))
    of_answers = select(response.c.request).where(response.c.person.in_(persons))
    return set(conn.scalars(select(request.c.run).where(request.c.id.in_(of_voters.union(of_answers)))))


def erase_from(conn: Connection, request_id: str, who: Identity) -> None:
    """Out of one request; the caller holds its run."""
    task = tasks.load(conn.execute(select(request.c.task).where(request.c.id == request_id)).scalar_one())
    _wild(conn, request_id, who, task)
    _texts(conn, who, event.c.request == request_id)
    _reasons(conn, request_id, who)
    for name, to in who.names.items():
        for table in (voter, voter_account, response):
            mine = table.c.request == request_id, table.c.person == name
            conn.execute(update(table).where(*mine).values(person=to))
        given = event.c.request == request_id, event.c.delegate == name
        conn.execute(update(event).where(*given).values(delegate=to))
    for each, to in who.accounts.items():
        here = voter_account.c.request == request_id, voter_account.c.person == who.token
        own = voter_account.c.channel == each.channel, voter_account.c.account == each.id
        conn.execute(update(voter_account).where(*here, *own).values(account=to))
    _reminded(conn, request_id, who)


def erase_unattached(conn: Connection, who: Identity) -> None:
    """Out of answers that belong to no request, links of accounts, and the codes that were to link them."""
    _texts(conn, who, event.c.request.is_(None))
    for each, to in who.accounts.items():
        mine = account.c.channel == each.channel, account.c.account == each.id, account.c.person == who.person
        conn.execute(update(account).where(*mine).values(account=to, person=who.token))
        code = link_code.c.channel == each.channel, link_code.c.account == each.id
        conn.execute(link_code.delete().where(*code))
    conn.execute(link_code.delete().where(link_code.c.person == who.person))
    tried = [f"person\n{who.person}", *(f"{each.channel}\n{each.id}" for each in who.accounts)]
    conn.execute(attempt.delete().where(attempt.c.subject.in_(tried)))


def voices_naming(conn: Connection, who: Identity) -> list[int]:
    """The numbers of other people's answers whose words name the person: not ours to rewrite."""
    words = who.words(())
    query = select(event.c.seq, event.c.comment).where(event.c.comment.contains(who.person, autoescape=True))
    return sorted(row.seq for row in conn.execute(query) if words.names_them(row.comment))


def _texts(conn: Connection, who: Identity, where: Any) -> None:
    """Comments and accounts. That there was a reason is kept, for a veto counts only with one."""
    said = case((func.trim(event.c.comment) == "", ""), else_=ERASED)
    mine = conn.scalars(select(event.c.seq).where(where, who.theirs())).all()
    if not mine:
        return
    conn.execute(update(event).where(event.c.seq.in_(mine)).values(comment=said))
    for each, to in who.accounts.items():
        by = event.c.seq.in_(mine), event.c.channel == each.channel, event.c.account == each.id
        conn.execute(update(event).where(*by).values(account=to))


def _wild(conn: Connection, request_id: str, who: Identity, task: tasks.SocialTask) -> None:
    """What was no choice, and nobody's name, may be anything that somebody typed."""
    offered = Rule.of(task).choices if isinstance(task, Asking) else VERDICTS
    keys = {ABSTAIN, *(choice.key for choice in offered)}
    rows = conn.execute(_GIVEN.where(event.c.request == request_id, who.theirs())).all()
    people = set(conn.scalars(select(voter.c.person).where(voter.c.request == request_id)))
    for row in rows:
        chosen = [key if _known(key, keys) else ERASED for key in row.choices]
        delegate = row.delegate if row.delegate in people or not row.delegate else ERASED
        if (chosen, delegate) != (row.choices, row.delegate):
            conn.execute(
                update(event).where(event.c.seq == row.seq).values(choices=chosen, delegate=delegate)
            )
            reason = _requoted(row.reason or "", _quoted(row, keys))
            conn.execute(update(response).where(response.c.seq == row.seq).values(reason=reason))


def _known(choice: str, keys: set[str]) -> bool:
    """Whether an answer names nothing but choices, as one key or as a place of a ranking."""
    return not choice or choice in keys or all(key in keys for place in places((choice,)) for key in place)


def _quoted(row: Any, keys: set[str]) -> Iterator[str]:
    """What a refusal may quote of an answer."""
    for choice in row.choices:
        yield from (repr(key[:SHOWN]) for place in places((choice,)) for key in place if key not in keys)
        yield repr(choice[:SHOWN])
    if row.delegate:
        yield repr(row.delegate[:DELEGATE])


def _requoted(reason: str, quoted: Iterator[str]) -> str:
    for each in quoted:
        reason = reason.replace(each, repr(ERASED))
    return reason


def _reasons(conn: Connection, request_id: str, who: Identity) -> None:
    """Why an answer did not count may name others: ``'ada' may not answer here``."""
    rows = conn.execute(
        select(response.c.seq, response.c.reason).where(
            response.c.request == request_id,
            or_(*(response.c.reason.contains(repr(name), autoescape=True) for name in who.names)),
        )
    ).all()
    for row in rows:
        reason = row.reason
        for name, to in who.names.items():
            reason = reason.replace(repr(name), repr(to))
        conn.execute(update(response).where(response.c.seq == row.seq).values(reason=reason))


def _reminded(conn: Connection, request_id: str, who: Identity) -> None:
    """A round of reminders that has come to the person goes on from the one before them."""
    before = select(func.max(voter.c.person)).where(
        voter.c.request == request_id, voter.c.person < bindparam("person")
    )
    mine = care.c.request == request_id, care.c.after == who.person
    if conn.execute(select(care.c.request).where(*mine)).first():
        last = conn.scalar(before, {"person": who.person}) or ""
        conn.execute(update(care).where(*mine).values(after=last))


_GIVEN = select(event.c.seq, event.c.choices, event.c.delegate, response.c.reason).outerjoin_from(
    event, response, response.c.seq == event.c.seq
)
