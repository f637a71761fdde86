"""Posts on their way through the store."""

from __future__ import annotations

import json
from datetime import UTC, datetime

from hypothesis import given
from hypothesis import strategies as st

from socialbpm.posts import Ask, AskKind, Choice, Destination, Media, Post, Span, dump, load

words = st.text(st.characters(codec="utf-8"), max_size=20)
asks = st.builds(
    Ask,
    request=words,
    version=st.integers(1, 9),
    kind=st.sampled_from(AskKind),
    choices=st.lists(st.builds(Choice, key=words, label=words), max_size=3).map(tuple),
    ends_at=st.none() | st.datetimes(timezones=st.just(UTC)),
)
posts = st.builds(
    Post,
    key=words,
    destination=st.builds(Destination, channel=words, room=words),
    text=st.lists(st.builds(Span, text=words, authored=st.booleans()), max_size=4).map(tuple),
    media=st.lists(st.builds(Media, ref=words, alt=words, type=words), max_size=2).map(tuple),
    ask=st.none() | asks,
    note=words,
    reply_to=words,
)


@given(posts)
def test_a_post_comes_back_from_json_as_it_was(post: Post) -> None:
    """The frozen body that is sent is the one that was written: provenance, question and end included."""
    assert load(json.loads(json.dumps(dump(post)))) == post


def test_the_end_of_a_question_stays_an_aware_time() -> None:
    """A time without a zone would close a question at another moment on another machine."""
    ask = Ask(
        request="r", version=1, kind=AskKind.SINGLE, choices=(), ends_at=datetime(2026, 1, 5, tzinfo=UTC)
    )
    post = Post(key="k", destination=Destination(channel="c", room="r"), text=(), ask=ask)
    loaded = load(dump(post)).ask
    assert loaded is not None
    assert loaded.ends_at is not None
    assert loaded.ends_at.tzinfo is UTC or loaded.ends_at.utcoffset() == UTC.utcoffset(None)
