"""Posts that are rows of our own store stand in the very transaction that decides them.

Nothing can come between the decision and the post, so none of the steps is needed that a remote write takes
to survive a crash. What must wait (for its media, its time, or another write to the same post) goes that way.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime
from typing import Any

from sqlalchemy import Connection

from socialbpm.channels.base import Channel
from socialbpm.engines.work import Work
from socialbpm.errors import ChannelError
from socialbpm.outbox.deliveries import State, Write
from socialbpm.outbox.errands import written
from socialbpm.outbox.queueing import place


def deliver(
    conn: Connection,
    work: Work,
    channels: Mapping[str, Channel],
    write: Write,
    row: dict[str, Any],
    now: datetime,
) -> dict[str, Any]:
    """The stored ``row`` of ``write``: SENT, if its channel could take it here and now, else unchanged."""
    remote = channels.get(write.post.destination.channel)
    channel = None if remote is None else remote.within(conn)
    if channel is None or row["state"] != State.DUE or row["due"] > now:
        return row
    where = place(conn, work, write, now)
    if where.waits or where.state:
        return row
    try:
        post = replace(write.post, key=row["id"], reply_to=where.answers)
        receipt = written(channel, write.action, post, where.target)
    except ChannelError:  # the relay will meet it again, and knows what to do about it
        return row
    stands = {"state": State.SENT, "remote_id": receipt.remote_id, "url": receipt.url, "sent_at": now}
    return row | stands | {"post": {**row["post"], "reply_to": post.reply_to}, "attempts": 1}
