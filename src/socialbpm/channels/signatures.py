"""Signed events: HMAC-SHA256 over timestamp and body, the way most platforms do it.

``x-socialbpm-timestamp`` is Unix time in whole seconds, ``x-socialbpm-signature`` is ``v1=<hex>`` of
``v1:<timestamp>:<body>``. The timestamp bounds how long a recorded event can be replayed; the inbox takes
each event id once anyway.
"""

from __future__ import annotations

import hmac
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from hashlib import sha256

from socialbpm.channels.base import RawEvent
from socialbpm.errors import EventRejected

TIMESTAMP = "x-socialbpm-timestamp"
SIGNATURE = "x-socialbpm-signature"
WINDOW = timedelta(minutes=5)


def sign(secret: bytes, body: bytes, at: datetime) -> dict[str, str]:
    """The headers to send with ``body``."""
    stamp = str(int(at.timestamp()))
    return {TIMESTAMP: stamp, SIGNATURE: _signature(secret, stamp, body)}


def verify(secret: bytes, event: RawEvent, now: datetime, window: timedelta = WINDOW) -> None:
    """Raise EventRejected unless ``event`` was signed with ``secret`` at most ``window`` from ``now``.

    Nothing of the body is read; whatever goes wrong is a refusal. An empty secret verifies nothing.
    """
    stamp = _stamp(event.headers)
    given = event.headers.get(SIGNATURE, "").encode(errors="replace")
    if not secret or not hmac.compare_digest(given, _signature(secret, stamp, event.body).encode()):
        raise EventRejected("the event's signature is missing or wrong")
    if abs(now - datetime.fromtimestamp(int(stamp), UTC)) > window:
        raise EventRejected("the event was signed too long ago, or its clock is wrong")


def _stamp(headers: Mapping[str, str]) -> str:
    stamp = headers.get(TIMESTAMP, "")
    if not (stamp.isascii() and stamp.isdigit() and len(stamp) <= 11):  # up to the year 5138
        raise EventRejected("the event carries no readable timestamp")
    return stamp


def _signature(secret: bytes, stamp: str, body: bytes) -> str:
    return "v1=" + hmac.new(secret, b"v1:" + stamp.encode() + b":" + body, sha256).hexdigest()
