"""Pseudonymous questions: while they are open the store knows who answered what; afterwards nobody does.

At the close every person, and every account by which they answered, is replaced by a token that only the
request's own key could make again; then the key is destroyed. What this does not protect against is said in
docs/explanation/people-and-ballots.md.
"""

from __future__ import annotations

import hashlib
import hmac
import secrets
from collections.abc import Sequence
from typing import Any

from sqlalchemy import Connection, Row, bindparam, exists, select, update

from socialbpm.responses import Standing
from socialbpm.store.prepared import Prepared
from socialbpm.store.tables import event, request, response
from socialbpm.tasks import Asking, SocialTask

PSEUDONYMOUS, HIDDEN = "pseudonymous", "hidden_until_close"
KEY_BYTES, TOKEN_LETTERS = 32, 16
NOT_HANDED = "the ballot could not be handed on"


def new_key(task: SocialTask) -> bytes | None:
    """The key of a request that is opened for ``task``; None where answers are not pseudonymous."""
    return secrets.token_bytes(KEY_BYTES) if is_pseudonymous(task) else None


def is_pseudonymous(task: SocialTask) -> bool:
    """Whether nobody is to learn who answered what."""
    return isinstance(task, Asking) and task.secrecy == PSEUDONYMOUS


def token(key: bytes, person: str) -> str:
    """What stands for a person in one request: the same for the same person, different in every other."""
    return hmac.new(key, person.encode(), hashlib.sha256).hexdigest()[:TOKEN_LETTERS]


def seal(conn: Connection, row: Row[Any]) -> None:
    """The request has ended: tokens take the place of its people, and the key is destroyed."""
    if row.poll_key is None:
        return
    rows = _ANSWERS.rows(conn, of_request=row.id).all()
    people = {each.person for each in rows} | {each.delegate for each in rows if each.delegate}
    tokens = {person: token(row.poll_key, person) for person in people}
    _write(conn, [(each.seq, tokens[each.person], tokens.get(each.delegate)) for each in rows])
    _UNTOLD.change(conn, of_request=row.id)
    _DESTROY.change(conn, of_id=row.id)


def blank(conn: Connection, seqs: Sequence[int]) -> None:
    """Answers that came when the key was gone belong to nobody any more."""
    _write(conn, [(seq, "", None) for seq in seqs])


def _write(conn: Connection, answers: Sequence[tuple[int, str, str | None]]) -> None:
    """For each answer (number, its person, their delegate): what stands there from now on."""
    people = [{"of_seq": seq, "as_token": person} for seq, person, _ in answers]
    _PERSON.change_all(conn, people)
    _ACCOUNT.change_all(conn, [{"of_seq": seq, "as_token": person, "to": to} for seq, person, to in answers])


_ANSWERS = Prepared(
    select(response.c.seq, response.c.person, event.c.delegate)
    .join(event, event.c.seq == response.c.seq)
    .where(response.c.request == bindparam("of_request"))
)
_PERSON = Prepared(
    update(response).where(response.c.seq == bindparam("of_seq")).values(person=bindparam("as_token"))
)
_ACCOUNT = Prepared(
    update(event)
    .where(event.c.seq == bindparam("of_seq"))
    .values(account=bindparam("as_token"), delegate=bindparam("to"))
)
_UNTOLD = Prepared(  # why a ballot could not be handed on names its person and others
    update(response)
    .where(
        response.c.request == bindparam("of_request"),
        response.c.standing == Standing.SPOILED,
        exists().where(event.c.seq == response.c.seq, event.c.delegate.is_not(None)),
    )
    .values(reason=NOT_HANDED)
)
_DESTROY = Prepared(update(request).where(request.c.id == bindparam("of_id")).values(poll_key=None))
