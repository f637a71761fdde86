"""Answers in words are read once it is known which question they answer."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import Connection, bindparam, select

from socialbpm import replies, tasks
from socialbpm.posts import Ask
from socialbpm.replies import Unread
from socialbpm.store.prepared import Prepared
from socialbpm.store.tables import request
from socialbpm.tasks import Asking

UNREAD = ("",)  # no choice has this key
NAME = 200
"""So many characters of a choice, a name or an id are kept."""


@dataclass(frozen=True, slots=True)
class Understood:
    """What words come to: choices and reason; what cannot be read is a comment to a choice that there is not.

    ``problem`` is for the person who wrote them; empty if all is well.
    """

    choices: Sequence[str]
    comment: str
    problem: str = ""


def understood(conn: Connection, request_id: str, words: str) -> Understood:
    """What ``words`` say to the question of this request."""
    row = _ASKED.rows(conn, of_id=request_id).one()
    task = tasks.load(row.task)
    if not isinstance(task, Asking):
        return Understood(UNREAD, words, "nothing is asked there")
    ask = Ask(
        request=request_id,
        version=row.version,
        kind=task.kind,
        choices=task.offered,
        abstain=task.abstain,
    )
    try:
        said = replies.read(words, ask)
    except Unread as unread:
        return Understood(UNREAD, words, str(unread))
    return Understood(said.choices, said.comment)


_ASKED = Prepared(select(request.c.task, request.c.version).where(request.c.id == bindparam("of_id")))
