"""The chart of a stored request, and the picture of it that goes with the outcome."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, Any

from pydantic import TypeAdapter
from sqlalchemy import Connection, Row, bindparam, select

from socialbpm import tasks
from socialbpm.errors import NotFound, StateError
from socialbpm.outbox import drafts
from socialbpm.outbox.deliveries import CHART
from socialbpm.outcomes import secrecy
from socialbpm.policies import Count
from socialbpm.posts import Capabilities, plain
from socialbpm.responses import Outcome
from socialbpm.store.prepared import Prepared
from socialbpm.store.tables import request
from socialbpm.tasks import Asking, MediaSource

if TYPE_CHECKING:  # it is drawn rarely, and most of who end requests need not know how
    from socialbpm.outcomes.chart import Chart

ALT = 1000
"""So many letters of description go with it: what most platforms take."""
TITLE = 200
PNG = "image/png"

logger = logging.getLogger(__name__)
_OUTCOME = TypeAdapter(Outcome)


def chart(conn: Connection, request_id: str) -> Chart:
    """How a request stands or ended, to be drawn.

    Raises NotFound, and StateError for what asks nothing or may not be seen before it has ended.
    """
    row = _REQUEST.rows(conn, of_id=request_id).first()
    if row is None:
        raise NotFound(f"there is no request '{request_id}'; `socialbpm requests` shows them")
    task = tasks.load(row.task)
    if not isinstance(task, Asking):
        raise StateError(f"request '{request_id}' is a {row.kind} and asks nothing: there is nothing to draw")
    if row.outcome is None and task.secrecy == secrecy.HIDDEN:
        raise StateError(f"how request '{request_id}' stands is hidden until it has ended")
    return _chart(row, task)


def with_outcome(conn: Connection, request_id: str) -> MediaSource:
    """The picture that goes with the outcome of a request that has just ended, with all it says in words."""
    from socialbpm.outcomes.chart import describe

    return MediaSource(src=CHART, alt=describe(chart(conn, request_id), ALT))


def fits(capabilities: Capabilities, there: int) -> bool:
    """Whether a post that has so many pictures can have this one, too."""
    return there < capabilities.media.count and PNG in capabilities.media.types


def drawn(conn: Connection, request_id: str) -> bytes | None:
    """The picture; None if it cannot be drawn, for an end must be told in any case."""
    from socialbpm.outcomes.chart import png

    try:
        return png(chart(conn, request_id))
    except Exception:
        logger.exception("the chart of request %s cannot be drawn; its end is told without", request_id)
        return None


def _chart(row: Row[Any], task: Asking) -> Chart:
    from socialbpm.outcomes.chart import depicted

    outcome = _OUTCOME.validate_python(row.outcome) if row.outcome and row.outcome["outcome"] else None
    title = plain(drafts.wording(task, ""))[:TITLE] or row.name
    return depicted(task, title, Count.load(row.counted), outcome)


_REQUEST = Prepared(select(request).where(request.c.id == bindparam("of_id")))
