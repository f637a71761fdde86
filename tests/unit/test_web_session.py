"""Personal links, sessions and form tokens."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from socialbpm.web.session import Link, LinkRefused, Signer

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
LATER = NOW + timedelta(days=1)
SIGNER = Signer(b"a secret of this house")


def test_a_link_says_whom_and_where() -> None:
    """What was signed is what is read."""
    token = SIGNER.link("ada", "/requests/7", LATER)
    assert SIGNER.read_link(token, NOW) == Link(person="ada", path="/requests/7")


@pytest.mark.parametrize("place", [0, 10, -1])
def test_a_forged_link_is_refused(place: int) -> None:
    """One changed character anywhere is enough."""
    token = SIGNER.link("ada", "/", LATER)
    other = "A" if token[place] != "A" else "B"
    forged = token[:place] + other + token[place:][1:]
    with pytest.raises(LinkRefused, match="not made here"):
        SIGNER.read_link(forged, NOW)


def test_a_link_of_another_house_is_refused() -> None:
    """Another secret signs another house's links."""
    with pytest.raises(LinkRefused, match="not made here"):
        SIGNER.read_link(Signer(b"another secret").link("ada", "/", LATER), NOW)


@pytest.mark.parametrize("rubbish", ["", ".", "a.b.c", "é", "\x00", "." * 10_000])
def test_rubbish_is_refused(rubbish: str) -> None:
    """Nothing that somebody types into an address is our fault."""
    with pytest.raises(LinkRefused):
        SIGNER.read_link(rubbish, NOW)
    assert SIGNER.read_session(rubbish, NOW) is None


def test_a_link_ends_when_it_says() -> None:
    """At its end and after it, a link opens nothing, and says when it ended."""
    token = SIGNER.link("ada", "/", LATER)
    assert SIGNER.read_link(token, LATER - timedelta(seconds=1)).person == "ada"
    with pytest.raises(LinkRefused, match="02 March 2026 at 12:00 UTC"):
        SIGNER.read_link(token, LATER)


def test_each_signed_thing_is_good_for_one_purpose() -> None:
    """A feed key or a session is no link, a link is no session: they differ by salt."""
    link, session = SIGNER.link("ada", "/", LATER), SIGNER.session("ada", LATER)
    feed = SIGNER.feed_key("ada", LATER)
    assert SIGNER.read_session(link, NOW) is None
    assert SIGNER.read_session(feed, NOW) is None
    assert SIGNER.read_feed_key(session, NOW) is None
    assert SIGNER.read_feed_key(feed, NOW) == "ada"
    for other in (session, feed):
        with pytest.raises(LinkRefused):
            SIGNER.read_link(other, NOW)


@pytest.mark.parametrize("path", ["//evil.example", "/\\evil.example", "https://evil.example", "", "/a\nb"])
def test_a_link_leads_only_to_our_pages(path: str) -> None:
    """No link of ours can be made to lead to another site."""
    with pytest.raises(ValueError, match="a page of ours"):
        SIGNER.link("ada", path, LATER)


def test_a_session_ends() -> None:
    """A session holds until its end and not longer."""
    cookie = SIGNER.session("ada", LATER)
    session = SIGNER.read_session(cookie, NOW)
    assert session is not None
    assert session.person == "ada"
    assert SIGNER.read_session(cookie, LATER) is None


def test_a_form_belongs_to_one_session() -> None:
    """The token of one session is no good in another, even of the same person."""
    first = SIGNER.read_session(SIGNER.session("ada", LATER), NOW)
    second = SIGNER.read_session(SIGNER.session("ada", LATER), NOW)
    assert first is not None
    assert second is not None
    token = SIGNER.form_token(first)
    assert SIGNER.is_form_of(first, token)
    assert not SIGNER.is_form_of(second, token)
    assert not SIGNER.is_form_of(first, "")
    assert not SIGNER.is_form_of(first, token + "é")
