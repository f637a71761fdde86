"""Tells what the processes are doing, line by line, from the audit: for trials and the demonstration."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from sqlalchemy import Connection, Row, select

from socialbpm.social import Social, views
from socialbpm.store import audit, tables

Say = Callable[[str], None]


class Narrator:
    """Says what is new since it last looked."""

    def __init__(self, say: Say) -> None:
        self._say, self._seq = say, 0

    def __call__(self, social: Social) -> None:
        """Look, and say what is new."""
        with social.store.read() as conn:
            lines = [(row, _line(conn, row)) for row in audit.since(conn, self._seq, limit=1000)]
        for row, line in lines:
            self._seq = row.seq
            if line:
                self._say(f"{row.at:%a %H:%M}  {line}")


def _line(conn: Connection, row: Row[Any]) -> str:
    if tell := _TELLINGS.get(row.kind):
        return tell(conn, row)
    return ""


def _started(conn: Connection, row: Row[Any]) -> str:
    return "the process starts"


def _opened(conn: Connection, row: Row[Any]) -> str:
    request = views.request(conn, row.request)
    if not request.choices:
        return f"{_title(request)}: to be posted"
    choices = " | ".join(choice.key for choice in request.choices)
    until = f", until {request.ends_at:%a %H:%M}" if request.ends_at else ""
    return f"{_title(request)}: asks {', '.join(request.people)} ({choices}{until})"


def _sent(conn: Connection, row: Row[Any]) -> str:
    delivery = tables.delivery
    of_request = conn.execute(select(delivery).where(delivery.c.id == row.facts["delivery"])).first()
    if of_request is None:
        return ""
    text = "".join(span["text"] for span in of_request.post["text"])
    verb = "edits in" if row.kind == "post.edited" else "posts to"
    note = f" [{of_request.post['note']}]" if of_request.post.get("note") else ""
    return f"  {verb} {of_request.channel}/{of_request.room}: {_short(text)}{note}"


def _failed(conn: Connection, row: Row[Any]) -> str:
    return f"  {row.facts['channel']} does not take the post: {row.facts.get('reason', '')}"


def _answered(conn: Connection, row: Row[Any]) -> str:
    event = tables.event
    given = conn.execute(select(event).where(event.c.seq == row.facts["seq"])).first()
    if given is None:
        return ""
    comment = f" “{given.comment}”" if given.comment else ""
    standing = row.kind.removeprefix("response.")
    counted = "" if standing == "accepted" else f" ({standing})"
    return f"  {given.account} answers {', '.join(given.choices) or 'nothing any more'}{comment}{counted}"


def _closed(conn: Connection, row: Row[Any]) -> str:
    request = views.request(conn, row.request)
    return f"{_title(request)}: {request.explanation or request.outcome or request.error}"


def _title(request: views.RequestView) -> str:
    return request.name or request.element


def _short(text: str) -> str:
    flat = " / ".join(line for line in text.splitlines() if line.strip())
    return flat if len(flat) <= 160 else flat[:159] + "…"


_TELLINGS: Mapping[str, Callable[[Connection, Row[Any]], str]] = {
    "run.started": _started,
    "request.opened": _opened,
    "request.revised": lambda conn, row: f"{_title(views.request(conn, row.request))}: a new version",
    "request.closed": _closed,
    "request.cancelled": lambda conn, row: f"{_title(views.request(conn, row.request))}: cancelled",
    "post.sent": _sent,
    "post.edited": _sent,
    "post.unknown": lambda conn, row: f"  nobody knows whether the post to {row.facts['channel']} went out",
    "post.parked": _failed,
    "post.rejected": _failed,
    "response.accepted": _answered,
    "response.withdrawn": _answered,
    "response.late": _answered,
    "response.ineligible": _answered,
    "response.spoiled": _answered,
    "run.parked": lambda conn, row: f"the run is parked: {row.facts.get('reason', '')}",
    "run.finished": lambda conn, row: "the process has finished",
    "run.cancelled": lambda conn, row: "the run is cancelled",
}
