"""Where people act: sign in by a personal link, sign out, answer a request. Only POST changes anything."""

from __future__ import annotations

from uuid import UUID, uuid5

from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from socialbpm.web import ballots, electing, reading
from socialbpm.web.asked import Asked, require_seen
from socialbpm.web.ballots import Filled
from socialbpm.web.guard import Form, read_form
from socialbpm.web.questions import Question
from socialbpm.web.session import Link, LinkRefused
from socialbpm.web.site import Guest, Site, root_of

ANSWERS = UUID("0e6f0f5e-3d0c-5c1b-9f59-5b0a4b1d7a11")  # the namespace of the event ids of our forms
SEE_OTHER = 303


class Answering:
    """The forms of the pages."""

    def __init__(self, site: Site, asked: Asked) -> None:
        self.site = site
        self.asked = asked

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
        question = self._question(guest, request_id)
        filled = Filled() if form.first("withdraw") else ballots.read(question, form)
        return self._taken(request, guest, form, filled)

    async def delegate(self, request: Request) -> Response:
        """Hand the caller's ballot to somebody else on the roll."""
        guest = self.site.guest(request)
        form = self.site.own_form(guest, await read_form(request))
        return await run_in_threadpool(self._delegate, request, guest, form)

    def _delegate(self, request: Request, guest: Guest, form: Form) -> Response:
        question, chosen = self._question(guest, request.path_params["id"]), form.first(ballots.DELEGATE)
        with self.site.social.store.read() as conn:
            possible = electing.can_take_it(conn, guest.viewer, question, chosen)
        return self._taken(request, guest, form, ballots.delegation(chosen, possible=possible))

    def _question(self, guest: Guest, request_id: str) -> Question:
        with self.site.social.store.read() as conn:
            return require_seen(reading.question(conn, guest.viewer, request_id))

    def _taken(self, request: Request, guest: Guest, form: Form, filled: Filled) -> Response:
        """The answer is received, or shown again with what is wrong with it."""
        request_id = request.path_params["id"]
        if filled.problems:
            return self.asked.page(request, guest, request_id, status=422, filled=filled)
        reply = self.site.social.respond(
            request_id,
            guest.session.person,
            filled.choices,
            comment=filled.comment,
            delegate=filled.delegate,
            version=_number(form.first("version")),
            event_id=_event_id(guest, request_id, form.first("once")),
        )
        return RedirectResponse(f"{root_of(request)}/requests/{request_id}?answered={reply.seq}", SEE_OTHER)

    def _link(self, request: Request) -> Link:
        """The link of the address, if it holds and its person still takes part. Raises LinkRefused."""
        link = self.site.signer.read_link(request.path_params["token"], self.site.social.clock.now())
        if self.site.viewer_if_any(link.person) is None:
            raise LinkRefused("The person this link was made for takes part in nothing here any more.")
        return link


def _event_id(guest: Guest, request_id: str, once: str) -> str:
    """The id of the event that a form makes: sent twice, it counts once; nobody can use up another's."""
    if not once:
        raise HTTPException(400, "The form was not complete. Open the page again and answer there.")
    return str(uuid5(ANSWERS, "\n".join((guest.session.person, request_id, once))))


def _number(said: str) -> int:
    return int(said) if said.isdecimal() and len(said) < 10 else 0
