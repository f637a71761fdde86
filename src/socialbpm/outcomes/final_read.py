"""The final read: a request that asks on collected channels closes after they have been read past its end."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta

from sqlalchemy import Connection, bindparam, select

from socialbpm.channels.base import Channel
from socialbpm.engines.work import Work
from socialbpm.outcomes.timing import Timing
from socialbpm.posts import Intake
from socialbpm.store.tables import delivery, reading

PATIENCE = timedelta(minutes=15)
"""How long a request waits for a channel that cannot be read."""


def collected(channels: Mapping[str, Channel]) -> frozenset[str]:
    """The accounts that are read, not told by."""
    return frozenset(
        name for name, channel in channels.items() if channel.capabilities.intake is Intake.COLLECT
    )


def awaited(
    conn: Connection, work: Work, channels: Mapping[str, Channel], request: str, times: Timing
) -> datetime | None:
    """Until when to wait for the final read of this request that has ended; None: it need not wait.

    The channels that it waits for are read at once.
    """
    names = collected(channels)
    if not names or times.ends_at is None or times.now >= times.ends_at + max(times.grace, PATIENCE):
        return None
    rows = conn.execute(_READ, {"of_request": request, "names": sorted(names)}).all()
    behind = [row.channel for row in rows if row.read_at is None or row.read_at < times.ends_at]
    for channel in sorted(behind):
        work.schedule(conn, "collect", channel, times.now)
    return times.ends_at + max(times.grace, PATIENCE) if behind else None


_READ = (
    select(delivery.c.channel, reading.c.read_at)
    .distinct()
    .outerjoin(reading, reading.c.channel == delivery.c.channel)
    .where(
        delivery.c.request == bindparam("of_request"),
        delivery.c.channel.in_(bindparam("names", expanding=True)),
        delivery.c.remote_id != "",
    )
)
