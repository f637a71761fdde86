"""The pages that only show: home, a community's stream, a request, its media, runs and one run."""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any
from uuid import uuid4

from sqlalchemy import select
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from socialbpm.people import Community
from socialbpm.posts import Media
from socialbpm.store.tables import media
from socialbpm.web import reading, runs, streams
from socialbpm.web.questions import Answer, Question
from socialbpm.web.site import Guest, Site, root_of
from socialbpm.web.streams import Posted

# What a browser shows as a picture and never runs. An SVG can carry a script, so none is served.
PICTURES = ("image/png", "image/jpeg", "image/gif", "image/webp")
# A picture opened by itself may only be styled by the browser that shows it.
ALONE = "default-src 'none'; style-src 'unsafe-inline'; sandbox"


class Pages:
    """Each method is a page; Starlette runs it in a thread, for the store is synchronous."""

    def __init__(self, site: Site) -> None:
        self.site = site
        self.store = site.social.store

    def home(self, request: Request) -> Response:
        """What waits for the person, what they have answered, what has ended."""
        guest = self.site.guest(request)
        with self.store.read() as conn:
            mine = reading.open_for(conn, guest.viewer)
            ended = reading.ended_for(conn, guest.viewer)
            since = runs.last(conn, self.site.social.clock.now())
        waiting = [each for each in mine if each.kind and not each.mine]
        answered = [each for each in mine if each.mine]
        return self.site.page(
            request, "home.html", guest, waiting=waiting, answered=answered, ended=ended, since=since
        )

    def community(self, request: Request) -> Response:
        """The posts of a community that the person belongs to."""
        guest = self.site.guest(request)
        community = _community(guest, request.path_params["name"])
        with self.store.read() as conn:
            stream = streams.of_community(
                conn, guest.viewer, community, _moment(request.query_params.get("before"))
            )
            since = runs.last(conn, self.site.social.clock.now())
        return self.site.page(
            request, "community.html", guest, community=community, stream=stream, since=since
        )

    def request(self, request: Request) -> Response:
        """A request: what is asked, the form to answer by, how it stands and how it ended."""
        guest, request_id = self.site.guest(request), request.path_params["id"]
        return self.request_page(
            request, guest, request_id, answered=request.query_params.get("answered", "")
        )

    def request_page(
        self,
        request: Request,
        guest: Guest,
        request_id: str,
        *,
        answered: str = "",
        status: int = 200,
        **form: Any,
    ) -> Response:
        """The page of a request. ``form`` may hold what was filled in, and the ``problem`` with it."""
        with self.store.read() as conn:
            question = require_seen(reading.question(conn, guest.viewer, request_id))
            given = reading.answers(conn, request_id) if question.names_shown else []
            known = answered.isdecimal() and len(answered) < 19
            fate = reading.own_answer(conn, guest.viewer, request_id, int(answered)) if known else None
            since = runs.last(conn, self.site.social.clock.now())
        filled = {"problem": "", "fate": fate, **_filled(question.mine), **form}
        values = {"question": question, "given": given, "since": since, "once": str(uuid4()), **filled}
        return self.site.page(request, "request.html", guest, status, **values)

    def post(self, request: Request) -> Response:
        """A post by itself, with what was answered to it; a post that asks something leads to its request."""
        guest, posted = self._posted(request)
        if posted.question and posted.question.kind:
            return RedirectResponse(f"{root_of(request)}/requests/{posted.question.id}", 303)
        return self.site.page(request, "post.html", guest, posted=posted)

    def post_media(self, request: Request) -> Response:
        """A picture of a post, for those who may see the post."""
        return self._media(request, self._posted(request)[1].media)

    def request_media(self, request: Request) -> Response:
        """A picture of a request, for those who may see the request."""
        guest = self.site.guest(request)
        with self.store.read() as conn:
            question = require_seen(reading.question(conn, guest.viewer, request.path_params["id"]))
        return self._media(request, question.media)

    def _posted(self, request: Request) -> tuple[Guest, Posted]:
        guest = self.site.guest(request)
        with self.store.read() as conn:
            posted = streams.thread(conn, guest.viewer, request.path_params["key"])
        if posted is None:
            raise HTTPException(404, "There is no such post, or it is not for you to see.")
        return guest, posted

    def _media(self, request: Request, shown: Sequence[Media]) -> Response:
        """The picture that the address names, if it is one of those ``shown`` to the caller."""
        wanted = request.path_params["sha256"]
        row = None
        if any(each.ref == f"media:{wanted}" for each in shown):
            with self.store.read() as conn:
                row = conn.execute(select(media).where(media.c.id == wanted)).first()
        if row is None or row.type not in PICTURES:
            raise HTTPException(404, "There is no such picture here.")
        headers = {"cache-control": "private, max-age=31536000, immutable", "content-security-policy": ALONE}
        return Response(row.body, media_type=row.type, headers=headers)

    def runs(self, request: Request) -> Response:
        """The runs that the person may see."""
        guest = self.site.guest(request)
        with self.store.read() as conn:
            glances = runs.glances(conn, guest.viewer)
            since = runs.last(conn, self.site.social.clock.now())
        return self.site.page(request, "runs.html", guest, runs=glances, since=since)

    def run(self, request: Request) -> Response:
        """One run: the path it took, what it waits for, what was sent. Its data only for operators."""
        guest, run_id = self.site.guest(request), request.path_params["id"]
        with self.store.read() as conn:
            run = runs.picture(conn, guest.viewer, self.site.drawings, run_id)
            if run is None:
                raise HTTPException(404, "There is no such run, or it is not for you to see.")
            questions = reading.of_run(conn, guest.viewer, run_id)
            entries = runs.newest(conn, guest.viewer, self.site.drawings, 30, run_id)
            since = runs.last(conn, self.site.social.clock.now())
        values: dict[str, Any] = {"run": run, "questions": questions, "entries": entries, "since": since}
        values |= {"badges": _badges(questions), "data": self._data(guest, run_id)}
        return self.site.page(request, "run.html", guest, **values)

    def _data(self, guest: Guest, run_id: str) -> str | None:
        if not guest.viewer.operator:
            return None
        return json.dumps(dict(self.site.social.run(run_id).data), indent=2, ensure_ascii=False, default=str)


def require_seen(question: Question | None) -> Question:
    """The question, or a 404 that does not tell whether it is missing or hidden."""
    if question is None:
        raise HTTPException(404, "There is no such request, or it is not for you to see.")
    return question


def _badges(questions: Sequence[Question]) -> dict[str, str]:
    """How many have answered of how many, per element that waits for answers."""
    asked = ((each.element, each.count) for each in questions if each.is_open and each.count)
    return {element: f"{count.ballots}/{count.roll}" for element, count in asked if count.roll is not None}


def _filled(mine: Answer | None) -> dict[str, Any]:
    return {"chosen": mine.choices if mine else (), "comment": mine.comment if mine else ""}


def _community(guest: Guest, name: str) -> Community:
    for community in guest.viewer.communities:
        if community.name == name:
            return community
    raise HTTPException(404, "There is no such community, or you do not belong to it.")


def _moment(said: str | None) -> datetime | None:
    try:
        moment = datetime.fromisoformat(said or "")
    except ValueError:
        return None
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)
