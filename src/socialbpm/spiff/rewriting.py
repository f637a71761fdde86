"""Saved runs from which somebody's words are taken out, in the form in which they are stored."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sqlalchemy import Connection, bindparam, select, update

from socialbpm.clock import Clock
from socialbpm.erasure import Rewritten
from socialbpm.erasure.words import Words
from socialbpm.spiff import state
from socialbpm.store import locks
from socialbpm.store.prepared import Prepared
from socialbpm.store.tables import run

ENDED = ("finished", "cancelled")
BATCH = 200


class Rewriting:
    """Rewrites runs; who is playing a burst of one meanwhile finds it changed, and reads it again."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock

    def runs(self, conn: Connection, after: str) -> Sequence[str]:
        """The ids of the next runs, in an order that stays; none after the last."""
        return conn.scalars(_IDS, {"after": after, "most": BATCH}).all()

    def rewrite(self, conn: Connection, run_id: str, words: Words, *, touch: bool) -> Rewritten:
        """One run, in the caller's transaction. ``touch`` has it read again even if nothing was found.

        In a run that goes on, a name stays where the process may still decide by it, and is told.
        """
        locks.hold(conn, run_id)
        row = _RUN.rows(conn, of_id=run_id).one()
        ended, left = row.status in ENDED, set[str]()
        reason = words.data(row.reason)
        if row.state is None:
            return Rewritten(host_keeps=row.process is None, changed=False)

        def change(value: Any) -> Any:
            return words.everywhere(value) if ended else words.results(value, left)

        body = state.rewritten(row.state, change)
        changed = state.differ(body, row.state) or reason != row.reason
        if changed or (touch and not ended):
            values = {"state": body if changed else row.state, "reason": reason, "version": row.version + 1}
            _CHANGE.change(conn, of_id=run_id, **values)
        return Rewritten(changed=changed, named_in=tuple(sorted(left)))


_IDS = select(run.c.id).where(run.c.id > bindparam("after")).order_by(run.c.id).limit(bindparam("most"))
_RUN = Prepared(
    select(run.c.status, run.c.state, run.c.reason, run.c.version, run.c.process)
    .where(run.c.id == bindparam("of_id"))
    .with_for_update()
)
_CHANGE = Prepared(
    update(run)
    .where(run.c.id == bindparam("of_id"))
    .values({name: bindparam(name) for name in ("state", "reason", "version")})
)
