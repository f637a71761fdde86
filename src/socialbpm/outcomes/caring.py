"""The care for a request begins when its posts stand: when its people are reminded, when it is escalated."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import Connection

from socialbpm.engines.work import Work
from socialbpm.outcomes import working
from socialbpm.outcomes.working import Calendars
from socialbpm.store import insert_once
from socialbpm.store.tables import care
from socialbpm.tasks import SocialTask


def begin(
    conn: Connection, work: Work, request_id: str, task: SocialTask, since: datetime, calendars: Calendars
) -> None:
    """Look at the request when its first reminder is due, and when it is to be escalated; if ever."""
    remind, escalate = getattr(task, "remind", None), getattr(task, "escalate_after", None)
    if remind is None and escalate is None:
        return
    insert_once(conn, care, request=request_id, since=since)
    for kind, duration in (("remind", remind), ("escalate", escalate)):
        if duration is not None:
            work.schedule(conn, kind, request_id, working.later(since, duration, task, calendars))
