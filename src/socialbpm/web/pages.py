"""The pages that only show: home, a community's stream, a post, runs and one run."""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from socialbpm.people import Community
from socialbpm.web import reading, runs, streams
from socialbpm.web.pictures import picture
from socialbpm.web.questions import Question
from socialbpm.web.site import Guest, Site, root_of
from socialbpm.web.streams import Posted


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
            private = streams.private(conn, guest.viewer)
            since = runs.last(conn, self.site.social.clock.now())
        waiting = [each for each in mine if each.answerable and not each.mine]
        answered = [each for each in mine if each.mine]
        values: dict[str, Any] = {
            "waiting": waiting,
            "answered": answered,
            "ended": ended,
            "private": private,
        }
        return self.site.page(request, "home.html", guest, since=since, **values)

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

    def post(self, request: Request) -> Response:
        """A post by itself, with what was answered to it; a post that asks something leads to its request."""
        guest, posted = self._posted(request)
        if posted.question and posted.question.asking:
            return RedirectResponse(f"{root_of(request)}/requests/{posted.question.id}", 303)
        return self.site.page(request, "post.html", guest, posted=posted)

    def post_media(self, request: Request) -> Response:
        """A picture of a post, for those who may see the post."""
        return picture(self.site, request, self._posted(request)[1].media)

    def _posted(self, request: Request) -> tuple[Guest, Posted]:
        guest = self.site.guest(request)
        with self.store.read() as conn:
            posted = streams.thread(conn, guest.viewer, request.path_params["key"])
        if posted is None:
            raise HTTPException(404, "There is no such post, or it is not for you to see.")
        return guest, posted

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


def _badges(questions: Sequence[Question]) -> dict[str, str]:
    """How many have answered of how many, per element that waits for answers."""
    asked = ((each.element, each.count) for each in questions if each.is_open and each.count)
    return {element: f"{count.ballots}/{count.roll}" for element, count in asked if count.roll is not None}


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
