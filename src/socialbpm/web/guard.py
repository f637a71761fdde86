"""What holds for every page: headers that limit a browser, limits of a body, where a form came from."""

from __future__ import annotations

from urllib.parse import parse_qsl, urlsplit

from starlette.datastructures import Headers, MutableHeaders
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.types import ASGIApp, Message, Receive, Scope, Send

EVENT_LIMIT = 256 * 1024  # bytes of an inbound event
FORM_LIMIT = 128 * 1024  # bytes of a form: a comment of 10,000 characters, each up to 12 once encoded

# No inline script or style and nothing from elsewhere, so that a text that slipped through stays text.
POLICY = (
    "default-src 'none'; style-src 'self'; script-src 'self'; img-src 'self'; connect-src 'self'; "
    "form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
)
HEADERS = {
    "content-security-policy": POLICY,
    "x-content-type-options": "nosniff",
    "x-frame-options": "DENY",
    # Not 'no-referrer': browsers then send 'Origin: null' with our own forms, and we want to see the origin.
    "referrer-policy": "same-origin",
    "cross-origin-opener-policy": "same-origin",
    "cross-origin-resource-policy": "same-origin",
    "cache-control": "no-store",
}


class Shield:
    """Sets the headers of ``HEADERS`` on every answer that did not set them itself."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the call on; only the start of the answer is touched, so streams stay streams."""

        async def send_shielded(event: Message) -> None:
            if event["type"] == "http.response.start":
                headers = MutableHeaders(scope=event)
                for name, value in HEADERS.items():
                    headers.setdefault(name, value)
            await send(event)

        await self.app(scope, receive, send_shielded if scope["type"] == "http" else send)


async def read_body(request: Request, limit: int) -> bytes:
    """The body, or a 413 before more than ``limit`` bytes were taken in."""
    declared = request.headers.get("content-length", "0")
    if len(declared) > len(str(limit)) or (declared.isdecimal() and int(declared) > limit):
        raise _too_large(limit)
    body = bytearray()
    async for piece in request.stream():
        body += piece
        if len(body) > limit:
            raise _too_large(limit)
    return bytes(body)


async def read_form(request: Request) -> Form:
    """The fields of a form that a page of ours sent; 403 if another site sent it, 413 if too large."""
    require_own_origin(request.headers, request.url.netloc)
    body = await read_body(request, FORM_LIMIT)
    try:
        pairs = parse_qsl(body.decode(), keep_blank_values=True, max_num_fields=1000)
    except ValueError:
        raise HTTPException(400, "The form could not be read.") from None
    return Form(pairs)


class Form:
    """The fields of a form, in their order."""

    def __init__(self, pairs: list[tuple[str, str]]) -> None:
        self._pairs = pairs

    def first(self, name: str) -> str:
        """The first field of that name, without space around it; '' when there is none."""
        return next((value.strip() for key, value in self._pairs if key == name), "")

    def all(self, name: str) -> tuple[str, ...]:
        """Every field of that name."""
        return tuple(value for key, value in self._pairs if key == name)


def require_own_origin(headers: Headers, host: str) -> None:
    """Refuse a form that the browser says another site sent.

    Browsers tell in Sec-Fetch-Site (on https and localhost) or in Origin. A client that says neither is no
    browser that could be lured; the token in the form is asked for besides.
    """
    site, origin = headers.get("sec-fetch-site"), headers.get("origin")
    own = site in ("same-origin", "none") if site else not origin or _host_of(origin) == host
    if not own:
        raise HTTPException(403, "This form was sent from another site, so nothing was done.")


def _host_of(origin: str) -> str:
    try:
        return urlsplit(origin).netloc
    except ValueError:  # no browser sends that
        return ""


def _too_large(limit: int) -> HTTPException:
    return HTTPException(413, f"At most {limit // 1024} KiB are read here.")
