"""Lets open event streams end when their server goes: they would be cut, and each cut is a traceback."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from starlette.types import ASGIApp, Message, Receive, Scope, Send

LOOK = 0.2  # seconds between two looks whether the server goes


class Parting:
    """An ASGI app that tells an answer which is still going on that its reader has gone, once ``goes()``."""

    def __init__(self, app: ASGIApp, goes: Callable[[], bool]) -> None:
        self._app, self._goes = app, goes

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """One call. What is still being received is left in peace."""
        answering, parted = asyncio.Event(), asyncio.Event()

        async def noting(message: Message) -> None:
            answering.set()
            await send(message)

        async def until_parting() -> Message:
            coming = asyncio.ensure_future(receive())
            try:
                while not (await asyncio.wait({coming}, timeout=LOOK))[0]:
                    if answering.is_set() and self._goes():
                        parted.set()
                        return {"type": "http.disconnect"}
                return coming.result()
            finally:
                coming.cancel()

        await self._app(scope, until_parting, noting)
        if parted.is_set():  # the answer was given up in its midst: what has been sent is all of it
            await send({"type": "http.response.body", "body": b"", "more_body": False})
