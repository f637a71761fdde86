"""Knows whether somebody has seen a page as it is now: a server that goes must not leave a page of before."""

from __future__ import annotations

from threading import Event
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from starlette.types import ASGIApp, Message, Receive, Scope, Send

HTML = (b"content-type", b"text/html")


class Lookers:
    """An ASGI app that passes everything on, and notes when a page has been given out."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app
        self._begun, self._seen = Event(), Event()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """One call; only a page that is asked for once somebody waits is a page of now."""
        of_now, pages = self._begun.is_set(), []

        async def noting(message: Message) -> None:
            if message["type"] == "http.response.start" and _is_page(message):
                pages.append(message)
            await send(message)

        await self._app(scope, receive, noting)
        if of_now and pages:
            self._seen.set()

    def wait(self, seconds: float) -> bool:
        """Wait until somebody has been given a page from now on; False if nobody asks within ``seconds``."""
        self._begun.set()
        return self._seen.wait(seconds)


def _is_page(message: Message) -> bool:
    name, kind = HTML
    return message["status"] == 200 and any(
        key.lower() == name and value.startswith(kind) for key, value in message["headers"]
    )
