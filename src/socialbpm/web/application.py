"""The ASGI app: which address leads to which page, and what people read when something is wrong."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from socialbpm.errors import NotFound, StateError
from socialbpm.web.answering import Answering
from socialbpm.web.asked import Asked
from socialbpm.web.feed import Feed
from socialbpm.web.guard import HEADERS, Shield
from socialbpm.web.inbound import Inbound
from socialbpm.web.linking import Accounts
from socialbpm.web.operating import Operating
from socialbpm.web.pages import Pages
from socialbpm.web.session import LinkRefused
from socialbpm.web.site import SignInNeeded, Site

if TYPE_CHECKING:
    from socialbpm.social import Social

ASK_FOR_LINK = "Ask the people who run this for a new personal link, and open it in this browser."
TITLES = {
    400: "That could not be read",
    401: "Please sign in",
    403: "This is not for you to do",
    404: "Nothing is here",
    405: "That is not done this way",
    409: "Too late",
    413: "That is too much",
    500: "Something went wrong here",
}
REMEDIES = {
    403: "Go back to the page, load it again, and try once more.",
    404: "Check the address, or begin at your home page.",
    405: "Begin at your home page.",
    409: "Load the page again to see how it stands now.",
    413: "Shorten your text and send it again.",
    500: "Nothing was done. Try again in a moment; if it stays so, tell the people who run this.",
}


def create_app(social: Social) -> Starlette:
    """The pages, the live feed, the webhooks and the health checks, to serve or to mount in a host app."""
    site = Site(social)
    pages, asked, feed, inbound = Pages(site), Asked(site), Feed(site), Inbound(site)
    accounts = Accounts(site)
    answering, operating = Answering(site, asked), Operating(site)
    return Starlette(
        routes=[
            Route("/", pages.home),
            Route("/enter/{token}", answering.enter),
            Route("/enter/{token}", answering.entered, methods=["POST"]),
            Route("/leave", answering.leave, methods=["POST"]),
            Route("/accounts", accounts.page),
            Route("/accounts/code", accounts.code, methods=["POST"]),
            Route("/accounts/confirm", accounts.confirm, methods=["POST"]),
            Route("/accounts/unlink", accounts.unlink, methods=["POST"]),
            Route("/communities/{name}", pages.community),
            Route("/requests/{id}", asked.request),
            Route("/requests/{id}", answering.answer, methods=["POST"]),
            Route("/requests/{id}/delegation", answering.delegate, methods=["POST"]),
            Route("/requests/{id}/chart.svg", asked.chart_svg),
            Route("/requests/{id}/chart.png", asked.chart_png),
            Route("/requests/{id}/media/{sha256}", asked.media),
            Route("/posts/{key}", pages.post),
            Route("/posts/{key}/media/{sha256}", pages.post_media),
            Route("/runs", pages.runs),
            Route("/runs/{id}", pages.run),
            Route("/runs/{id}/again", operating.again, methods=["POST"]),
            Route("/runs/{id}/deliveries/{delivery}", operating.settle, methods=["POST"]),
            Route("/feed", feed.page),
            Route("/feed/events", feed.events),
            Route("/feed.atom", feed.atom),
            Route("/in/{channel}", inbound.event, methods=["POST"]),
            Route("/healthz", inbound.alive),
            Route("/readyz", inbound.ready),
            Route("/static/{name}", site.asset),
        ],
        middleware=[Middleware(Shield)],
        exception_handlers=Refusals(site).by_cause(),
    )


class Refusals:
    """The pages that say what is wrong and what to do about it."""

    def __init__(self, site: Site) -> None:
        self.site = site

    def by_cause(self) -> dict[Any, Any]:
        """Which page is shown for which exception."""
        return {
            HTTPException: self.refused,
            StateError: self.missing,
            SignInNeeded: self.sign_in,
            LinkRefused: self.link,
            500: self.broken,
        }

    def refused(self, request: Request, cause: HTTPException) -> Response:
        """A call that is refused."""
        ours = cause.detail if cause.detail.endswith(".") else ""  # Starlette's own are mere status phrases
        return self._page(request, cause.status_code, ours)

    def missing(self, request: Request, cause: StateError) -> Response:
        """A thing that is not there, or not in a state that allows what was asked."""
        said, status = str(cause), 404 if isinstance(cause, NotFound) else 409
        return self._page(request, status, f"{said[:1].upper()}{said[1:]}.")

    def sign_in(self, request: Request, cause: SignInNeeded) -> Response:
        """A page that is for people who are signed in."""
        return self.site.page(request, "signin.html", status=401)

    def link(self, request: Request, cause: LinkRefused) -> Response:
        """A personal link that opens nothing."""
        return self._page(
            request, 403, str(cause), title="This link does not open anything", remedy=ASK_FOR_LINK
        )

    def broken(self, request: Request, cause: Exception) -> Response:
        """Our own fault; the server's log has the cause, the page has none of it."""
        response = self._page(request, 500, "")
        response.headers.update(HEADERS)  # this page is made outside of the shield
        return response

    def _page(self, request: Request, status: int, what: str, title: str = "", remedy: str = "") -> Response:
        heading = title or TITLES.get(status, "That did not work")
        advice = remedy or REMEDIES.get(status, "Begin at your home page.")
        said = {"heading": heading, "what": what, "remedy": advice}
        return self.site.page(request, "refused.html", self.site.guest_if_any(request), status, **said)
