"""What all pages share: who is calling, how a page is made, and the files that go with it."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from importlib.resources import files
from typing import TYPE_CHECKING, Any

from jinja2 import Environment, PackageLoader, StrictUndefined
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import HTMLResponse, Response

from socialbpm.outcomes.chart import number
from socialbpm.web import wording
from socialbpm.web.guard import Form
from socialbpm.web.picture import draw
from socialbpm.web.runs import Drawings
from socialbpm.web.session import SESSION_LIFETIME, Session, Signer
from socialbpm.web.viewers import Viewer, viewer_of

if TYPE_CHECKING:
    from socialbpm.social import Social

COOKIE = "socialbpm_session"
ASSETS = {
    "style": ("style.css", "text/css"),
    "live": ("live.js", "text/javascript"),
    "rank": ("rank.js", "text/javascript"),
    "icon": ("icon.svg", "image/svg+xml"),
}
FOREVER = "public, max-age=31536000, immutable"


class SignInNeeded(Exception):
    """The page is for people who are signed in."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Guest:
    """Somebody who is signed in: their session, and what they may see."""

    session: Session
    viewer: Viewer


@dataclass(frozen=True, slots=True, kw_only=True)
class Asset:
    """A file that goes with the pages. Its address changes with its content, so it may be kept for ever."""

    address: str
    type: str
    body: bytes


class Site:
    """Made once per app; holds what never changes while it runs."""

    def __init__(self, social: Social) -> None:
        self.social = social
        self.signer = Signer(social.secret)
        self.drawings = Drawings()
        self.assets = {name: _asset(file, kind) for name, (file, kind) in ASSETS.items()}
        self._templates = _templates()

    def guest(self, request: Request) -> Guest:
        """Who is calling. Raises SignInNeeded for nobody, and for somebody who is on no roll any more."""
        session = self.session(request)
        if session is None:
            raise SignInNeeded
        return Guest(session=session, viewer=self.viewer(session.person))

    def guest_if_any(self, request: Request) -> Guest | None:
        """Who is calling, for pages that are shown to anybody."""
        try:
            return self.guest(request)
        except SignInNeeded:
            return None

    def viewer(self, person: str) -> Viewer:
        """What ``person`` may see. Raises SignInNeeded for somebody who takes part in nothing (any more)."""
        viewer = self.viewer_if_any(person)
        if viewer is None:
            raise SignInNeeded
        return viewer

    def viewer_if_any(self, person: str) -> Viewer | None:
        """What ``person`` may see; None for somebody who takes part in nothing (any more)."""
        social = self.social
        return viewer_of(person, social.communities, social.operators, social.channels)

    def session(self, request: Request) -> Session | None:
        """The session that the cookie of a call opens."""
        return self.signer.read_session(request.cookies.get(COOKIE, ""), self.social.clock.now())

    def own_form(self, guest: Guest, form: Form) -> Form:
        """The form, if it was made for this session; another site cannot know its token. Else a 403."""
        if not self.signer.is_form_of(guest.session, form.first("token")):
            raise HTTPException(403, "This form was not made for you, or you have signed in anew since.")
        return form

    def sign_in(self, request: Request, response: Response, person: str) -> None:
        """Give the caller a session: hidden from scripts and from other sites, on https for https only."""
        until = self.social.clock.now() + SESSION_LIFETIME
        response.set_cookie(
            COOKIE,
            self.signer.session(person, until),
            max_age=int(SESSION_LIFETIME.total_seconds()),
            path=root_of(request) or "/",
            httponly=True,
            samesite="lax",
            secure=request.url.scheme == "https" or self.social.base_url.startswith("https:"),
        )

    def sign_out(self, request: Request, response: Response) -> None:
        """Take the session of the caller away."""
        response.delete_cookie(COOKIE, path=root_of(request) or "/")

    def page(
        self, request: Request, template: str, guest: Guest | None = None, status: int = 200, **values: Any
    ) -> HTMLResponse:
        """A page from a template, as ``guest`` sees it."""
        shared: Mapping[str, Any] = {
            "root": root_of(request),
            "here": request.url.path,
            "now": self.social.clock.now(),
            "assets": self.assets,
            "guest": guest,
            "form_token": self.signer.form_token(guest.session) if guest else "",
        }
        return HTMLResponse(self._templates.get_template(template).render(**shared, **values), status)

    def asset(self, request: Request) -> Response:
        """A file that goes with the pages."""
        for asset in self.assets.values():
            if request.path_params["name"] == asset.address:
                return Response(asset.body, media_type=asset.type, headers={"cache-control": FOREVER})
        return Response("no such file", 404, media_type="text/plain")


def root_of(request: Request) -> str:
    """Where the app is mounted: '' or a path without a slash at its end."""
    return str(request.scope.get("root_path", "")).rstrip("/")


def _asset(file: str, kind: str) -> Asset:
    body = files("socialbpm.web").joinpath("static", file).read_bytes()
    stem, _, ending = file.rpartition(".")
    return Asset(address=f"{stem}.{hashlib.sha256(body).hexdigest()[:12]}.{ending}", type=kind, body=body)


def _templates() -> Environment:
    environment = Environment(
        loader=PackageLoader("socialbpm.web"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.globals.update(
        when=wording.when,
        away=wording.away,
        name_of=wording.name_of,
        place=wording.place,
        outcome_of=wording.outcome_of,
        rendered=wording.rendered,
        standings=wording.STANDINGS,
        silence=wording.silence,
        number=number,
        draw=draw,
    )
    return environment
