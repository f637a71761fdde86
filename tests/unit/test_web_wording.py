"""What the pages say."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from socialbpm.posts import Span
from socialbpm.web.wording import SENTENCES, away, outcome_of, rendered, sentence, when

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)


def test_a_time_is_told_in_utc() -> None:
    """Every page says which zone it means."""
    assert when(NOW) == "Sun 1 Mar 2026, 12:00 UTC"


@pytest.mark.parametrize(
    ("distance", "words"),
    [
        (timedelta(days=2, hours=5), "in 2 days"),
        (timedelta(hours=1), "in 1 hour"),
        (timedelta(minutes=59), "in 59 minutes"),
        (timedelta(seconds=30), "in less than a minute"),
        (timedelta(0), "just now"),
        (timedelta(minutes=-1), "1 minute ago"),
        (timedelta(days=-400), "400 days ago"),
    ],
)
def test_how_far_away(distance: timedelta, words: str) -> None:
    """The largest unit that fits, rounded down, so that nobody is promised more time than there is."""
    assert away(NOW + distance, NOW) == words


def test_only_authored_text_links() -> None:
    """An address in what the designer wrote is a link; the same address from data is text."""
    text = (Span("See https://a.example/x?b=1&c=2. "), Span("https://evil.example", authored=False))
    assert rendered(text) == (
        'See <a href="https://a.example/x?b=1&amp;c=2" rel="noopener noreferrer nofollow">'
        "https://a.example/x?b=1&amp;c=2</a>. https://evil.example"
    )


@pytest.mark.parametrize("authored", [True, False])
def test_markup_in_a_text_stays_text(authored: bool) -> None:
    """Whoever wrote it: no text becomes markup, nor ends the attribute of a link."""
    html = rendered((Span('<script>x</script> https://a.example/"onclick="x <b>', authored=authored),))
    assert "<script" not in html
    assert "<b" not in html
    assert 'onclick="' not in html.replace("&#34;", "")


def test_every_kind_has_its_sentence() -> None:
    """A sentence can be made of every kind, also when a fact is missing."""
    for kind in SENTENCES:
        assert "{" not in sentence(kind, facts={})
    assert sentence("request.closed", step="Route?", facts={"outcome": "no_quorum"}) == (
        "“Route?”: ended, too few answers"
    )


def test_an_unknown_kind_or_outcome_is_told_all_the_same() -> None:
    """A newer version of the store may know more than these pages do."""
    assert sentence("run.paused", facts={}) == "run.paused"
    assert outcome_of("half_done") == "Half done"
