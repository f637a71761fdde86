"""The accounts of a person: which are theirs, a code to link another, the code that it gave, unlinking."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from socialbpm.accounts import Code
from socialbpm.errors import StateError
from socialbpm.people import Account, Community
from socialbpm.social import LOCAL
from socialbpm.web.guard import Form, read_form
from socialbpm.web.site import Guest, Site, root_of


@dataclass(frozen=True, slots=True, kw_only=True)
class Own:
    """An account of somebody. ``rolled``: the settings say so, and only they can unlink it."""

    channel: str
    id: str
    rolled: bool


class Accounts:
    """The page of a person's accounts and its forms. Everything is about the caller, nobody else."""

    def __init__(self, site: Site) -> None:
        self.site = site
        self.accounts = site.social.rooms.accounts

    def page(self, request: Request) -> Response:
        """The accounts of the caller; ``done`` says what they have just come to."""
        guest = self.site.guest(request)
        return self._page(request, guest, done=request.query_params.get("done", ""))

    async def code(self, request: Request) -> Response:
        """A new code, shown once: it is in no address and no history."""
        guest, _ = await self._form(request)
        return await run_in_threadpool(self._code, request, guest)

    async def confirm(self, request: Request) -> Response:
        """The code that the other account was given."""
        guest, form = await self._form(request)
        return await run_in_threadpool(self._confirm, request, guest, form.first("code"))

    async def unlink(self, request: Request) -> Response:
        """An account that the caller has linked is theirs no more."""
        guest, form = await self._form(request)
        return await run_in_threadpool(self._unlink, request, guest, form)

    async def _form(self, request: Request) -> tuple[Guest, Form]:
        guest = self.site.guest(request)
        return guest, self.site.own_form(guest, await read_form(request))

    def _code(self, request: Request, guest: Guest) -> Response:
        try:
            code = self.accounts.code(guest.session.person)
        except StateError as refused:  # also: not in a community, or asked too often
            return self._page(request, guest, status=409, refused=_sentence(str(refused)))
        return self._page(request, guest, code=code)

    def _confirm(self, request: Request, guest: Guest, said: str) -> Response:
        if not said:
            wanted = "Type the code that your other account was given."
            return self._page(request, guest, status=422, problem=wanted)
        linking = self.accounts.say(LOCAL, guest.session.person, said)
        if linking.linked:
            return _back(request, "linked")
        return self._page(request, guest, status=422, problem=_sentence(linking.reason), typed=said)

    def _unlink(self, request: Request, guest: Guest, form: Form) -> Response:
        named = (form.first("channel"), form.first("account"))
        if named not in {(own.channel, own.id) for own in self._own(guest) if not own.rolled}:
            raise HTTPException(404, "That is no account that you have linked.")
        self.accounts.unlink(*named)
        return _back(request, "unlinked")

    def _own(self, guest: Guest) -> list[Own]:
        rolled = _on_rolls(self.site.social.communities, guest.session.person)
        return [
            Own(channel=each.channel, id=each.id, rolled=each in rolled)
            for each in self.accounts.of(guest.session.person)
        ]

    def _page(
        self,
        request: Request,
        guest: Guest,
        *,
        status: int = 200,
        code: Code | None = None,
        refused: str = "",
        problem: str = "",
        typed: str = "",
        done: str = "",
    ) -> Response:
        values: dict[str, Any] = {"own": self._own(guest), "code": code, "refused": refused, "done": done}
        others = [name for name in self.site.social.channels if name != LOCAL]
        values |= {"problem": problem, "typed": typed, "others": others}
        return self.site.page(request, "accounts.html", guest, status, **values)


def _on_rolls(communities: Mapping[str, Community], person: str) -> set[Account]:
    members = (member for community in communities.values() for member in community.roll)
    return {own for member in members if member.person == person for own in member.accounts}


def _sentence(said: str) -> str:
    return f"{said[:1].upper()}{said[1:]}."


def _back(request: Request, done: str) -> Response:
    return RedirectResponse(f"{root_of(request)}/accounts?done={done}", 303)
