"""Where people act: sign in by a personal link, sign out, answer a request. Only POST changes anything."""

from __future__ import annotations

from typing import Any
from uuid import UUID, uuid5

from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from socialbpm.posts import AskKind
from socialbpm.responses import Verdict
from socialbpm.web import reading
from socialbpm.web.guard import Form, read_form
from socialbpm.web.pages import Pages, require_seen
from socialbpm.web.questions import Question
from socialbpm.web.session import Link, LinkRefused
from socialbpm.web.site import Guest, Site, root_of
from socialbpm.web.viewers import viewer_of

ANSWERS = UUID("0e6f0f5e-3d0c-5c1b-9f59-5b0a4b1d7a11")  # the namespace of the event ids of our forms
SEE_OTHER = 303


class Answering:
    """The forms of the pages."""

    def __init__(self, site: Site, pages: Pages) -> None:
        self.site = site
        self.pages = pages

    def enter(self, request: Request) -> Response:
        """Where a personal link leads: a page that asks whether to sign in. Signs nobody in, decides nothing.

        Previews and scanners open links too, so opening one must not have any effect.
        """
        link = self._link(request)
        session = self.site.session(request)
        if session and session.person == link.person:
            return RedirectResponse(root_of(request) + link.path, SEE_OTHER)
        return self.site.page(request, "enter.html", link=link, other=session.person if session else "")

    async def entered(self, request: Request) -> Response:
        """The person has confirmed the personal link: sign them in and lead them to its page."""
        await read_form(request)
        link = self._link(request)
        response = RedirectResponse(root_of(request) + link.path, SEE_OTHER)
        self.site.sign_in(request, response, link.person)
        return response

    async def leave(self, request: Request) -> Response:
        """Sign out."""
        self.site.own_form(self.site.guest(request), await read_form(request))
        response = RedirectResponse(root_of(request) + "/", SEE_OTHER)
        self.site.sign_out(request, response)
        return response

    async def answer(self, request: Request) -> Response:
        """Take an answer to a request, and lead to its page, which says what became of it."""
        guest = self.site.guest(request)
        form = self.site.own_form(guest, await read_form(request))
        return await run_in_threadpool(self._answer, request, guest, form)

    def _answer(self, request: Request, guest: Guest, form: Form) -> Response:
        request_id = request.path_params["id"]
        with self.site.social.store.read() as conn:
            question = require_seen(reading.question(conn, guest.viewer, request_id))
        chosen, comment = () if form.first("withdraw") else form.all("choice"), form.first("comment")
        if not form.first("withdraw") and (problem := _problem(question, chosen, comment)):
            filled: dict[str, Any] = {"problem": problem, "chosen": chosen, "comment": comment}
            return self.pages.request_page(request, guest, request_id, status=422, **filled)
        reply = self.site.social.respond(
            request_id,
            guest.session.person,
            chosen,
            comment=comment,
            version=_number(form.first("version")),
            event_id=_event_id(guest, request_id, form.first("once")),
        )
        return RedirectResponse(f"{root_of(request)}/requests/{request_id}?answered={reply.seq}", SEE_OTHER)

    def _link(self, request: Request) -> Link:
        """The link of the address, if it holds and its person still takes part. Raises LinkRefused."""
        link = self.site.signer.read_link(request.path_params["token"], self.site.social.clock.now())
        if viewer_of(link.person, self.site.social.communities, self.site.social.operators) is None:
            raise LinkRefused("The person this link was made for takes part in nothing here any more.")
        return link


def _problem(question: Question, chosen: tuple[str, ...], comment: str) -> str:
    """What keeps an answer from being taken, in words for the person who gave it; '' if nothing does."""
    if not chosen:
        return "Choose an answer first."
    if any(key not in {choice.key for choice in question.choices} for key in chosen):
        return "That is none of the choices. Choose one of those below."
    if len(chosen) > 1 and question.kind != AskKind.MULTIPLE:
        return "Choose one answer only."
    if question.kind == AskKind.VERDICT and chosen[0] != Verdict.APPROVE and not comment:
        return "Say why, so that the author knows what to do."
    return ""


def _event_id(guest: Guest, request_id: str, once: str) -> str:
    """The id of the event that a form makes: sent twice, it counts once; nobody can use up another's."""
    if not once:
        raise HTTPException(400, "The form was not complete. Open the page again and answer there.")
    return str(uuid5(ANSWERS, "\n".join((guest.session.person, request_id, once))))


def _number(said: str) -> int:
    return int(said) if said.isdecimal() and len(said) < 10 else 0
