"""What is read of a body, and where a form may come from."""

from __future__ import annotations

import anyio
import pytest
from starlette.datastructures import Headers
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.types import Message

from socialbpm.web.guard import EVENT_LIMIT, Form, read_body, require_own_origin


def _call(pieces: list[bytes], length: str | None = None) -> Request:
    """A call whose body arrives in ``pieces``; those that were taken in are gone from the list."""

    async def receive() -> Message:
        return {"type": "http.request", "body": pieces.pop(0), "more_body": bool(pieces)}

    headers = [] if length is None else [(b"content-length", length.encode())]
    return Request({"type": "http", "headers": headers, "method": "POST", "path": "/"}, receive)


def test_a_body_within_the_limit_is_read_whole() -> None:
    """The limit itself is within."""
    assert anyio.run(read_body, _call([b"ab", b"c"]), 3) == b"abc"


def test_reading_stops_at_the_limit() -> None:
    """A body that states no length is not taken in beyond the limit, however much more would come."""
    pieces = [b"x" * 1024] * 1000
    with pytest.raises(HTTPException) as refusal:
        anyio.run(read_body, _call(pieces), 4096)
    assert refusal.value.status_code == 413
    assert len(pieces) == 995


@pytest.mark.parametrize("length", [str(EVENT_LIMIT + 1), "9" * 5000])
def test_a_stated_length_beyond_the_limit_is_refused_unread(length: str) -> None:
    """Not one byte is taken in."""
    pieces = [b"x"]
    with pytest.raises(HTTPException) as refusal:
        anyio.run(read_body, _call(pieces, length), EVENT_LIMIT)
    assert refusal.value.status_code == 413
    assert pieces == [b"x"]


@pytest.mark.parametrize(
    "told",
    [
        {},
        {"origin": "https://social.example"},
        {"sec-fetch-site": "same-origin"},
        {"sec-fetch-site": "none"},
        {"sec-fetch-site": "same-origin", "origin": "http://behind.a.proxy"},
    ],
)
def test_a_form_of_our_own_is_taken(told: dict[str, str]) -> None:
    """The browser's word on the site goes before the comparison of names, which a proxy may rewrite."""
    require_own_origin(Headers(told), "social.example")


@pytest.mark.parametrize(
    "told",
    [
        {"origin": "https://evil.example"},
        {"origin": "https://social.example.evil.example"},
        {"origin": "null"},
        {"origin": "http://["},
        {"sec-fetch-site": "cross-site"},
        {"sec-fetch-site": "same-site"},
        {"sec-fetch-site": "cross-site", "origin": "https://social.example"},
    ],
)
def test_a_form_of_another_site_is_refused(told: dict[str, str]) -> None:
    """Another site, a neighbour under the same domain, or one that hides where it comes from."""
    with pytest.raises(HTTPException) as refusal:
        require_own_origin(Headers(told), "social.example")
    assert refusal.value.status_code == 403


def test_a_form_gives_one_field_or_all_of_a_name() -> None:
    """Space around a single field goes; repeated fields keep their order."""
    form = Form([("choice", "red"), ("comment", "  so be it "), ("choice", "blue")])
    assert form.first("comment") == "so be it"
    assert form.first("missing") == ""
    assert form.all("choice") == ("red", "blue")
