"""Where platforms call: webhooks, and the two addresses that tell a machine whether all is well."""

from __future__ import annotations

from sqlalchemy import text
from sqlalchemy.exc import SQLAlchemyError
from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response

from socialbpm.channels.base import RawEvent
from socialbpm.errors import EventRejected, SocialBpmError, UnsupportedFeature
from socialbpm.web.guard import EVENT_LIMIT, read_body
from socialbpm.web.site import Site


class Inbound:
    """Answers to machines are plain text."""

    def __init__(self, site: Site) -> None:
        self.social = site.social

    async def event(self, request: Request) -> Response:
        """An inbound event of a channel: limited before it is read, verified before it is parsed."""
        name = request.path_params["channel"]
        if name not in self.social.channels:
            return PlainTextResponse("There is no such channel here.", 404)
        try:
            body = await read_body(request, EVENT_LIMIT)
        except HTTPException as refusal:
            return PlainTextResponse(refusal.detail, refusal.status_code, {"connection": "close"})
        event = RawEvent(body=body, headers=dict(request.headers), query=dict(request.query_params))
        return await run_in_threadpool(self._receive, name, event)

    def _receive(self, name: str, event: RawEvent) -> Response:
        try:
            inbound = self.social.inbox.received(name, event)
        except EventRejected:  # whoever forges events learns nothing of how we found out
            return PlainTextResponse("The event was refused.", 401)
        except UnsupportedFeature:
            return PlainTextResponse("This channel takes no events.", 404)
        return Response(inbound.answer, inbound.status, media_type=inbound.content_type)

    def alive(self, request: Request) -> Response:
        """The process answers."""
        return PlainTextResponse("ok")

    def ready(self, request: Request) -> Response:
        """The database answers, and has the schema of this version."""
        try:
            self.social.store.ready()
            with self.social.store.read() as conn:
                conn.execute(text("SELECT 1"))
        except (SQLAlchemyError, SocialBpmError):
            return PlainTextResponse("the database does not answer, or lacks a migration", 503)
        return PlainTextResponse("ok")
