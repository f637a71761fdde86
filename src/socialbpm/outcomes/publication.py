"""What becomes of posts that people must approve: published once, or withheld with the reason."""

from __future__ import annotations

from typing import Any, Protocol

from sqlalchemy import Connection, Row, bindparam, update

from socialbpm.clock import Clock
from socialbpm.faults import crash_point
from socialbpm.outcomes import approving, closings
from socialbpm.outcomes.endings import Endings, voices
from socialbpm.outcomes.standings import Sitting
from socialbpm.outcomes.timing import Timing
from socialbpm.responses import Outcome
from socialbpm.store import audit
from socialbpm.store.prepared import Prepared
from socialbpm.store.tables import request
from socialbpm.tasks import PostStatus

WITHHELD = "social.withheld"


class Publisher(Protocol):
    """What is needed of ``socialbpm.requests``."""

    def publish(self, conn: Connection, row: Row[Any], task: PostStatus) -> str:
        """Let the posts of a request go out; else why they must not."""
        ...


class Publication:
    """Ends the wait for an approval, in the caller's transaction."""

    def __init__(self, clock: Clock, endings: Endings) -> None:
        self._clock, self._endings = clock, endings
        self.publisher: Publisher | None = None

    def settle(
        self, conn: Connection, row: Row[Any], task: PostStatus, times: Timing, sitting: Sitting
    ) -> bool:
        """Publish what has been approved, withhold what was refused or is too late; says if it was either."""
        end = sitting.outcome
        if end is None and not times.is_over(answered=True):
            return False
        why = approving.expired(task, sitting.count) if end is None else self._verdict(conn, row, task, end)
        if why:
            at = times.deadline if end is None else None
            self._endings.end(conn, row, task, None, error=WITHHELD, reason=why, at=at)
        else:
            self._published(conn, row)
        crash_point("approve.before-commit")
        return True

    def _verdict(self, conn: Connection, row: Row[Any], task: PostStatus, end: Outcome) -> str:
        """Why it must not be published after all; '' once its posts are on their way."""
        if end.outcome == approving.REFUSED:
            return closings.signed(end.explanation, voices(conn, row.id, approving.REFUSE))
        return self.publisher.publish(conn, row, task) if self.publisher else ""

    def _published(self, conn: Connection, row: Row[Any]) -> None:
        """Nobody is asked any more, and the request has no end but that of its posts."""
        now = self._clock.now()
        for_it = voices(conn, row.id, approving.APPROVE)
        _NO_END.change(conn, of_id=row.id, deadline=None, ends_at=None)
        facts = {"element": row.element, "people": [voice.person for voice in for_it]}
        audit.record(conn, now, "request.approved", row.run, row.id, **facts)
        self._endings.rest(conn, row, closings.dated(closings.signed("approved", for_it), now))


_NO_END = Prepared(update(request).where(request.c.id == bindparam("of_id")))
