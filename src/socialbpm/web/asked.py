"""The pages of one request: what is asked, the forms to answer by, how it stands and how it ended."""

from __future__ import annotations

from dataclasses import replace
from typing import Any
from uuid import uuid4

from sqlalchemy import Connection
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response

from socialbpm.outcomes.chart import png, svg, svg_file
from socialbpm.web import ballots, electing, reading, runs, stands
from socialbpm.web.ballots import Filled
from socialbpm.web.pictures import ALONE, FOR_EVER, picture
from socialbpm.web.questions import Question
from socialbpm.web.site import Guest, Site

NOT_KEPT = "private, no-cache"


class Asked:
    """Each method is a page; Starlette runs it in a thread, for the store is synchronous."""

    def __init__(self, site: Site) -> None:
        self.site = site
        self.store = site.social.store

    def request(self, request: Request) -> Response:
        """A request, with what became of the answer that the caller has just given."""
        guest, answered = self.site.guest(request), request.query_params.get("answered", "")
        return self.page(request, guest, request.path_params["id"], answered=answered)

    def page(
        self,
        request: Request,
        guest: Guest,
        request_id: str,
        *,
        answered: str = "",
        status: int = 200,
        filled: Filled | None = None,
    ) -> Response:
        """The page of a request. ``filled`` is what somebody typed that could not be taken."""
        with self.store.read() as conn:
            question = require_seen(reading.question(conn, guest.viewer, request_id))
            shown = self._shown(conn, guest, question)
            known = answered.isdecimal() and len(answered) < 19
            fate = reading.own_answer(conn, guest.viewer, request_id, int(answered)) if known else None
        values = {"question": question, "fate": fate, "once": str(uuid4()), **shown}
        values["filled"] = filled or ballots.from_answer(question.mine, question.kind)
        return self.site.page(request, "request.html", guest, status, **values)

    def media(self, request: Request) -> Response:
        """A picture of a request, for those who may see the request."""
        return picture(self.site, request, self._question(request).media)

    def chart_svg(self, request: Request) -> Response:
        """How it stands or ended, as a drawing that stands alone."""
        return self._chart(request, svg_file, "image/svg+xml")

    def chart_png(self, request: Request) -> Response:
        """The same as a picture."""
        return self._chart(request, png, "image/png")

    def _chart(self, request: Request, draw: Any, kind: str) -> Response:
        question = self._question(request)
        if question.chart is None:
            raise HTTPException(404, "There is no chart yet that you may see.")
        kept = FOR_EVER if question.closed_at else NOT_KEPT
        headers = {"cache-control": kept, "vary": "cookie", "content-security-policy": ALONE}
        return Response(draw(question.chart), media_type=kind, headers=headers)

    def _question(self, request: Request) -> Question:
        guest = self.site.guest(request)
        with self.store.read() as conn:
            return require_seen(reading.question(conn, guest.viewer, request.path_params["id"]))

    def _shown(self, conn: Connection, guest: Guest, question: Question) -> dict[str, Any]:
        """What the page shows besides the question itself."""
        viewer = guest.viewer
        return {
            "stand": stands.of(conn, question),
            "chart": svg(replace(question.chart, ended="")) if question.chart else "",  # the page says how
            "delegates": electing.delegates(conn, viewer, question),
            "entrusted": electing.entrusted(conn, viewer, question),
            "entries": runs.of_request(conn, viewer, self.site.drawings, question.id),
            "since": runs.last(conn, self.site.social.clock.now()),
        }


def require_seen(question: Question | None) -> Question:
    """The question, or a 404 that does not tell whether it is missing or hidden."""
    if question is None:
        raise HTTPException(404, "There is no such request, or it is not for you to see.")
    return question
