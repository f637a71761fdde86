"""A sitting for a stored request: by which terms it is held, and with what it begins."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from functools import partial
from typing import Any

from sqlalchemy import Connection, Row

from socialbpm.outcomes import approving, book, handing
from socialbpm.outcomes.ballots import Delegations
from socialbpm.outcomes.standings import Sitting, Terms
from socialbpm.outcomes.timing import Timing
from socialbpm.policies import Count, Rule
from socialbpm.tasks import Asking, PostStatus, SocialTask

LIVE = ("OPEN", "CLOSING")
NOTHING_ASKED = Rule(policy="plurality", choices=())


def sit(
    conn: Connection, row: Row[Any], task: SocialTask, times: Timing, collected: frozenset[str]
) -> tuple[Sitting, bool]:
    """Judge the next batch of responses to a request; says whether there may be more."""
    terms = terms_of(row, task, times, collected)
    events = book.pending(conn, row, anybody=terms.anybody)
    sitting = Sitting(
        terms=terms,
        count=Count.load(row.counted),
        standings=Counter(row.standings),
        delegations=handed(conn, row, terms, events),
    )
    sitting.apply(events)
    return sitting, len(events) == book.BATCH


def handed(conn: Connection, row: Row[Any], terms: Terms, events: Sequence[Row[Any]]) -> Delegations:
    """Whose ballots these answers move, too; nothing is read where nobody can hand on a ballot."""
    if not terms.delegation or not events:
        return Delegations()
    movers = {event.person for event in events}
    delegates = {event.delegate for event in events if event.delegate}
    return handing.around(conn, row.id, movers, delegates)


def terms_of(row: Row[Any], task: SocialTask, times: Timing, collected: frozenset[str]) -> Terms:
    """The terms of a request as it stands."""
    if approving.needs(task):
        return _of_approval(row, task, times, collected)
    asking = task if isinstance(task, Asking) else None
    return Terms(
        rule=Rule.of(asking) if asking else NOTHING_ASKED,
        version=row.version,
        author=asking.author if asking and asking.exclude_author else "",
        ends_at=times.ends_at,
        grace_until=times.grace_until,
        collected=collected,
        ended=_why_over(row),
        anybody=asking is not None and asking.electorate == "open",
        delegation=asking is not None and asking.delegation,
    )


def _of_approval(row: Row[Any], task: PostStatus, times: Timing, collected: frozenset[str]) -> Terms:
    """Of the approval of what is to be posted; once it is on its way out, nobody can call it back."""
    return Terms(
        rule=approving.rule(task),
        version=row.version,
        author=task.author,
        ends_at=times.ends_at,
        grace_until=times.grace_until,
        collected=collected,
        ended=_why_over(row) or ("" if times.awaits_approval else approving.OVER),
        decided=partial(approving.decided, task),
    )


def _why_over(row: Row[Any]) -> str:
    if row.state in LIVE:
        return ""
    return "the request was cancelled" if row.state == "CANCELLED" else "the request had closed"
