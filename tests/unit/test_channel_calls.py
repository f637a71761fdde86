"""What a failed call means for the post, and whose event is genuine. The servers are real ones."""

from __future__ import annotations

import socket
import threading
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from socialbpm.channels import answers, http, signatures
from socialbpm.channels.base import RawEvent
from socialbpm.errors import (
    AuthorizationFailed,
    ChannelError,
    EventRejected,
    OutcomeUnknown,
    Rejected,
    TemporaryFailure,
)

Serve = Callable[[bytes], str]
NOW = datetime(2026, 1, 5, 9, 0, tzinfo=UTC)


@pytest.fixture
def serve() -> Iterator[Serve]:
    """Gives the address of a server that reads one call and answers it with these bytes, then hangs up."""
    listening: list[socket.socket] = []

    def serving(answer: bytes) -> str:
        door = socket.create_server(("127.0.0.1", 0))
        listening.append(door)
        threading.Thread(target=_answer_once, args=(door, answer), daemon=True).start()
        return f"http://127.0.0.1:{door.getsockname()[1]}/posts"

    yield serving
    for door in listening:
        door.close()


def _answer_once(door: socket.socket, answer: bytes) -> None:
    call, _ = door.accept()
    with call:
        call.recv(65_536)
        call.sendall(answer)


def status(number: int, *headers: str) -> bytes:
    """An answer without a body."""
    lines = [f"HTTP/1.1 {number} Whatever", "content-length: 0", "connection: close", *headers]
    return "\r\n".join([*lines, "", ""]).encode()


@pytest.mark.parametrize(
    ("answer", "writing", "reading"),
    [
        (status(400), Rejected, Rejected),
        (status(401), AuthorizationFailed, AuthorizationFailed),
        (status(403), AuthorizationFailed, AuthorizationFailed),
        (status(404), Rejected, Rejected),
        (status(408), OutcomeUnknown, TemporaryFailure),
        (status(422), Rejected, Rejected),
        (status(429), TemporaryFailure, TemporaryFailure),
        (status(500), OutcomeUnknown, TemporaryFailure),
        (status(502), OutcomeUnknown, TemporaryFailure),
        (status(503), OutcomeUnknown, TemporaryFailure),
        (status(302, "location: http://127.0.0.1/"), Rejected, Rejected),
        (b"", OutcomeUnknown, TemporaryFailure),
        (b"HTTP/1.1 201 Created\r\ncontent-length: 9\r\n\r\n{", OutcomeUnknown, TemporaryFailure),
        (b"gopher\r\n\r\n", OutcomeUnknown, TemporaryFailure),
    ],
)
def test_a_failure_says_what_to_do(
    serve: Serve, answer: bytes, writing: type[ChannelError], reading: type[ChannelError]
) -> None:
    """Only a 4xx says that a write was not carried out; what was only read can simply be read again."""
    with pytest.raises(ChannelError) as failed:
        http.write("POST", serve(answer), channel="mine", here=True, json={"text": "sesame"})
    assert type(failed.value) is writing
    assert "sesame" not in str(failed.value)
    with pytest.raises(ChannelError) as failed:
        http.read(serve(answer), channel="mine", here=True)
    assert type(failed.value) is reading


def test_an_answer_is_given_back(serve: Serve) -> None:
    """Whole."""
    assert http.write("POST", serve(status(201)), channel="mine", here=True).status_code == 201


@pytest.mark.parametrize(
    ("header", "seconds"), [("7", 7.0), ("Wed, 21 Oct 2026 07:28:00 GMT", 0.0), ("-1", 0.0)]
)
def test_a_limit_is_waited_for_as_long_as_the_platform_asks(
    serve: Serve, header: str, seconds: float
) -> None:
    """Retry-After in seconds; other forms mean "later"."""
    with pytest.raises(TemporaryFailure) as failed:
        http.write("POST", serve(status(429, f"retry-after: {header}")), channel="mine", here=True)
    assert failed.value.retry_after == seconds


def test_a_refused_connection_took_nothing() -> None:
    """Nobody listened, so nothing can stand; and a call that cannot even be made is refused for good."""
    with socket.create_server(("127.0.0.1", 0)) as door:
        free = door.getsockname()[1]
    with pytest.raises(TemporaryFailure):
        http.write("POST", f"http://127.0.0.1:{free}/", channel="mine", here=True)
    for nonsense in ("", "gopher://127.0.0.1/", "http://[::1"):
        with pytest.raises(Rejected):
            http.write("POST", nonsense, channel="mine", here=True)


# signatures


@given(st.binary(max_size=200), st.binary(min_size=1, max_size=40), st.integers(-300, 300))
def test_what_was_signed_is_accepted_within_the_window(body: bytes, secret: bytes, seconds: int) -> None:
    """Five minutes either way."""
    headers = signatures.sign(secret, body, NOW)
    signatures.verify(secret, RawEvent(body=body, headers=headers), NOW + timedelta(seconds=seconds))


@given(
    st.binary(max_size=50),
    st.dictionaries(st.sampled_from([signatures.TIMESTAMP, signatures.SIGNATURE]), st.text()),
)
def test_nothing_made_up_is_accepted(body: bytes, headers: dict[str, str]) -> None:
    """Whatever stands in body and headers, the answer is a refusal and never another error."""
    with pytest.raises(EventRejected):
        signatures.verify(b"sesame", RawEvent(body=body, headers=headers), NOW)


def test_another_secret_another_time_another_body_are_refused() -> None:
    """The signature covers the timestamp too."""
    headers = signatures.sign(b"sesame", b"body", NOW)
    later = str(int((NOW + timedelta(hours=1)).timestamp()))
    cases = [
        (b"other", b"body", headers, NOW),
        (b"", b"body", signatures.sign(b"", b"body", NOW), NOW),
        (b"sesame", b"bodY", headers, NOW),
        (b"sesame", b"body", headers, NOW + timedelta(seconds=301)),
        (b"sesame", b"body", headers, NOW - timedelta(seconds=301)),
        (b"sesame", b"body", {**headers, signatures.TIMESTAMP: later}, NOW + timedelta(hours=1)),
    ]
    for secret, body, signed, now in cases:
        with pytest.raises(EventRejected):
            signatures.verify(secret, RawEvent(body=body, headers=signed), now)


# answers


@given(
    st.builds(
        answers.Answer,
        event=st.text(min_size=1, max_size=200).filter(str.strip),
        account=st.text(min_size=1, max_size=200),
        choices=st.lists(st.text(min_size=1, max_size=20), max_size=5).map(tuple),
        comment=st.text(),
        version=st.integers(0, 9),
        at=st.none() | st.datetimes(timezones=st.just(UTC)),
    )
)
def test_an_answer_is_read_as_it_was_written(answer: answers.Answer) -> None:
    """On its way as JSON nothing changes."""
    assert answers.read(RawEvent(body=answers.write(answer))) == answer


@given(st.binary(max_size=300) | st.text().map(str.encode))
def test_no_body_gets_another_error_out(body: bytes) -> None:
    """Junk is refused as junk."""
    with pytest.raises(EventRejected):
        answers.read(RawEvent(body=body))


@pytest.mark.parametrize(
    ("body", "words"),
    [
        (b'{"event": "e", "account": "a", "vote": 1}', "at vote"),
        (b'{"event": "", "account": "a"}', "at event"),
        (b'{"event": "e", "account": "a", "version": "1"}', "at version"),
        (b'{"event": "e", "account": "a", "at": "2026-01-05T09:00:00"}', "at at"),
        (b'{"event": "e", "account": "a", "choices": "approve"}', "at choices"),
        (b'{"event": "e", "account": "a", "comment": "' + b"x" * answers.LARGEST + b'"}', "more than"),
    ],
)
def test_a_refusal_names_the_place_and_not_the_words(body: bytes, words: str) -> None:
    """A wrong field, a naive time, a body without end."""
    with pytest.raises(EventRejected, match=words) as refused:
        answers.read(RawEvent(body=body))
    assert "approve" not in str(refused.value)


def test_an_answer_without_end_is_not_kept(serve: Serve) -> None:
    """Megabytes that nobody asked for do not fill our memory; the write may stand."""
    endless = b"HTTP/1.1 200 OK\r\nconnection: close\r\n\r\n" + b" " * (http.LARGEST + 100_000)
    with pytest.raises(OutcomeUnknown):
        http.write("POST", serve(endless), channel="loop", here=True, json={})


def test_an_answer_is_given_whole(serve: Serve) -> None:
    """What a platform says of a post is read to its end."""
    said = b'{"id": "1", "url": "https://platform.example/1"}'
    head = b"HTTP/1.1 201 Created\r\ncontent-type: application/json\r\nconnection: close\r\n\r\n"
    answer = http.write("POST", serve(head + said), channel="loop", here=True, json={})
    assert (answer.status_code, answer.json()["id"]) == (201, "1")
