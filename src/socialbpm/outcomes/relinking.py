"""An account has become somebody's, or nobody's: an open request is told again whose its answers are.

All that the people concerned have answered is judged once more, in the order of receipt, as if it had been
theirs from the start: several ballots that were one person's all along become one, the last valid one. What
was late stays late, and what a new version has voided stays void.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Row

from socialbpm.outcomes import book, sittings
from socialbpm.outcomes.ballots import NONE, Held
from socialbpm.outcomes.standings import Judged, Sitting, Terms, vote_of
from socialbpm.policies import Count
from socialbpm.responses import Standing


def tell_again(conn: Connection, row: Row[Any], terms: Terms, now: datetime) -> bool:
    """Judge again the answers of all whose accounts have changed hands; says whether there were any."""
    people = {name for each in book.moved(conn, row) for name in (each.person, each.judged_person)}
    if not people:
        return False
    events = book.history(conn, row, people, anybody=terms.anybody)
    sitting = Sitting(
        terms=terms,
        count=Count.load(row.counted),
        standings=Counter(row.standings),
        delegations=sittings.handed(conn, row, terms, events),
        again=True,
    )
    for event in events:
        if event.stands:
            _take_out(sitting, event)
    sitting.standings -= Counter(event.standing for event in events)
    sitting.apply(events)
    book.amend(conn, row, sitting, _changed(events, sitting), now)
    return True


def _take_out(sitting: Sitting, event: Row[Any]) -> None:
    """The answer no longer stands, for whomever it was cast."""
    choices = tuple(dict.fromkeys(event.choices))
    held = Held(seq=event.seq, choices=choices, reasoned=bool(event.reasoned), delegate=event.delegate or "")
    if event.standing == Standing.INELIGIBLE:
        sitting.count = sitting.count.advise(held.choices, ())
        return
    vote = vote_of(event.judged_weight, event.judged_groups)
    sitting.put(event.judged_person, vote, held, NONE, event.seq)


def _changed(events: Sequence[Row[Any]], sitting: Sitting) -> Collection[Judged]:
    """What became of each answer, where that is something else than before."""
    found = {judged.seq: judged for judged in sitting.judged}
    for judged in sitting.replaced:
        found[judged.seq] = replace(judged, person=found[judged.seq].person)
    return [found[event.seq] for event in events if not _same(event, found[event.seq])]


def _same(event: Row[Any], judged: Judged) -> bool:
    before = (event.judged_person, event.standing, event.reason, bool(event.stands))
    return before == (judged.person, judged.standing, judged.reason, judged.stands)
