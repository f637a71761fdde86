"""One HTTP call to a platform, and what its failure means for the post: the error's class is the disposition.

Nothing is retried here. A write whose answer did not come may stand on the platform, and only a refused
connection or a 4xx says for certain that it does not (docs/explanation, and measured per client in the
channel pages).
"""

from __future__ import annotations

import ssl
import time
from typing import Any

import httpx2

from socialbpm.errors import AuthorizationFailed, ChannelError, OutcomeUnknown, Rejected, TemporaryFailure

TIMEOUT = 15.0  # seconds for each step of a call; a whole one may take three times that, less than a lease
LARGEST = 10_000_000  # bytes of an answer
_BEFORE_ANY_BYTE = (httpx2.ConnectError, httpx2.ConnectTimeout, httpx2.PoolTimeout)
_NEVER_SENT = (httpx2.UnsupportedProtocol, httpx2.LocalProtocolError, httpx2.InvalidURL)


def write(method: str, url: str, *, channel: str, here: bool = False, **options: Any) -> httpx2.Response:
    """Send a call that changes something. ``options`` are those of httpx2 (json, headers, …).

    ``here`` says that the server is on this machine: plain HTTP, and no proxy in between. Raises
    TemporaryFailure (certainly not carried out), Rejected, AuthorizationFailed or OutcomeUnknown.
    """
    return _sent(method, url, channel, OutcomeUnknown, here, options)


def read(url: str, *, channel: str, here: bool = False, **options: Any) -> httpx2.Response:
    """Look something up: what fails was simply not read. Raises as ``write`` does, never OutcomeUnknown."""
    return _sent("GET", url, channel, TemporaryFailure, here, options)


def _sent(
    method: str,
    url: str,
    channel: str,
    unclear: type[ChannelError],
    here: bool,
    options: dict[str, Any],
) -> httpx2.Response:
    """``unclear`` is what it means that the answer did not come, or that the server is at fault."""
    try:
        with _client(here) as client, client.stream(method, url, **options) as answer:
            taken = _taken(answer)
    except _BEFORE_ANY_BYTE as error:
        raise TemporaryFailure(_named(error), channel=channel) from None
    except _NEVER_SENT as error:
        raise Rejected(f"the call cannot be made ({_named(error)})", channel=channel) from None
    except httpx2.TransportError as error:
        raise unclear(f"no answer came ({_named(error)})", channel=channel) from None
    if not answer.is_success:
        raise _failure(answer, channel, unclear)
    if taken is None:
        raise unclear("answered too much or too slowly", channel=channel, status=answer.status_code)
    return taken


def _taken(answer: httpx2.Response) -> httpx2.Response | None:
    """The answer with its body; None if it is larger or slower than that of a single call ever is."""
    body = bytearray()
    until = time.monotonic() + 3 * TIMEOUT  # a duration of the network, not a time of the process
    for chunk in answer.iter_bytes() if answer.is_success else ():  # what a failure says is never looked at
        body += chunk
        if len(body) > LARGEST or time.monotonic() > until:
            return None
    kept = {"content-type": answer.headers.get("content-type", "")}
    return httpx2.Response(answer.status_code, headers=kept, content=bytes(body))


def _client(here: bool) -> httpx2.Client:
    trusting_nobody = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)  # cheap to make, where nothing is encrypted
    verify = trusting_nobody if here else True
    return httpx2.Client(timeout=TIMEOUT, follow_redirects=False, verify=verify, trust_env=not here)


def _failure(answer: httpx2.Response, channel: str, unclear: type[ChannelError]) -> ChannelError:
    status = answer.status_code
    what = f"answered {status}"  # never the body: it may repeat a token or what somebody wrote
    if status in (401, 403):
        return AuthorizationFailed(what, channel=channel, status=status)
    if status == 429:
        wait = _seconds(answer.headers.get("retry-after", ""))
        return TemporaryFailure(what, channel=channel, status=status, retry_after=wait)
    if status >= 500 or status == 408:
        return unclear(what, channel=channel, status=status)
    return Rejected(what, channel=channel, status=status)


def _seconds(retry_after: str) -> float:
    """A date instead of seconds counts as "later"."""
    return float(retry_after) if retry_after.isascii() and retry_after.isdigit() else 0.0


def _named(error: Exception) -> str:
    """An exception's text may hold the address with its query; its class says enough."""
    return type(error).__name__
