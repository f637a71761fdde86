"""The audit: it keeps what happened, and a token in place of the name."""

from __future__ import annotations

from typing import Any

from sqlalchemy import Connection, String, cast, or_, select, update

from socialbpm.erasure.identity import Identity
from socialbpm.erasure.words import Words
from socialbpm.people import Account
from socialbpm.store.tables import audit

BATCH = 1000
LOOKED_AT = ('"reason"', '"account"')
"""Where an entry says why, it may repeat what somebody typed; an account is looked at with its channel."""


def erase(conn: Connection, after: int, who: Identity, words: Words) -> tuple[int, int | None]:
    """The next entries: how many were rewritten, and the number of the last; None: there are no more."""
    told = [cast(audit.c.facts, String).contains(each, autoescape=True) for each in (*who.names, *LOOKED_AT)]
    query = select(audit.c.seq, audit.c.facts).where(audit.c.seq > after, or_(*told)).order_by(audit.c.seq)
    rows = conn.execute(query.limit(BATCH)).all()
    changed = 0
    for row in rows:
        facts = _erased(row.facts, who, words)
        if facts != row.facts:
            conn.execute(update(audit).where(audit.c.seq == row.seq).values(facts=facts))
            changed += 1
    return changed, rows[-1].seq if len(rows) == BATCH else None


def _erased(facts: dict[str, Any], who: Identity, words: Words) -> dict[str, Any]:
    told: dict[str, Any] = words.everywhere(facts)
    if "account" not in facts:
        return told
    own = Account(channel=facts.get("channel", ""), id=facts["account"])
    return told | {"account": who.accounts.get(own, facts["account"])}
