"""What newcomers get wrong: each mistake is told with its place and a remedy, and never with a traceback."""

from __future__ import annotations

import socket
from pathlib import Path

import pytest

from tests.commands import MODEL, Command


@pytest.mark.parametrize(
    ("body", "says"),
    [
        (b"hello", "no.bpmn:1: not XML: syntax error; a model is a file that a BPMN editor has saved"),
        (b"", "no.bpmn:1: not XML: no element found; a model is a file that a BPMN editor has saved"),
        (b"\x89PNG\r\n\x1a\n\x00", "no.bpmn:1: not XML: not well-formed (invalid token); a model is"),
        (None, "no.bpmn: cannot be read: Is a directory; give the path of a BPMN or DMN file"),
    ],
)
def test_what_is_no_model_says_what_one_is(
    socialbpm: Command, folder: Path, body: bytes | None, says: str
) -> None:
    """Text, nothing, a picture, a folder."""
    path = folder / "no.bpmn"
    path.mkdir() if body is None else path.write_bytes(body)
    for command in ("check", "start", "run"):
        done = socialbpm(command, "no.bpmn")
        assert (done.code, done.out, done.err.startswith(says)) == (1, "", True), done.err


@pytest.mark.parametrize(
    ("toml", "says"),
    [
        (
            "[communities]\na = 'ada'",
            "2: 'communities.a' does not say who is in it; write a list of people: [\"",
        ),
        (
            "[communities]\na = { local = 'ada' }",
            "2: 'communities.a.local' does not say who is in it; write a",
        ),
        (
            "[communities]\na = [['ada']]",
            "2: 'communities.a.local.people': ['ada'] is no name of a person; put",
        ),
        (
            "[communities]\na = { slack = ['ada'] }",
            "2: community 'a' is bound to 'slack', which is no channel; "
            "connect it under [channels.slack], or use local",
        ),
        (
            "[communities]\na = { locl = ['ada'] }",
            "2: community 'a' is bound to 'locl', which is no channel; did you mean 'local'? "
            "If not, connect it under [channels.locl]",
        ),
        ("[channels]\nslack = 3", "2: 'channels.slack' is not a table; write [channels.slack] and under it"),
        ("lease = 'long'", "1: 'lease' is not a number; write a number without quotes"),
        ("operators = 'ada'", "1: 'operators' is not a list; write it in brackets: [\"…\"]"),
        ("[communities", "1: is not TOML: Expected ']' at the end of a table declaration; mend what stands"),
    ],
)
def test_wrong_settings_are_told_in_plain_words(
    socialbpm: Command, folder: Path, toml: str, says: str
) -> None:
    """File, line, key and what to write instead; no word of how we read them."""
    (folder / "wrong.toml").write_text(toml)
    done = socialbpm("runs", "--settings", "wrong.toml")
    assert (done.code, done.out) == (1, "")
    assert done.err.startswith(f"wrong.toml:{says}")


@pytest.mark.parametrize(
    ("url", "says"),
    [
        ("sqlite:////missing/x.db", "cannot open the database sqlite:////missing/x.db: "),
        ("sqlite:///social.toml", "cannot open the database sqlite:///social.toml: file is not a database; "),
    ],
)
def test_a_database_that_cannot_be_opened_is_named_as_it_was_given(
    socialbpm: Command, url: str, says: str
) -> None:
    """By its URL, with a remedy."""
    done = socialbpm("runs", "--database", url)
    assert (done.code, done.out) == (1, "")
    assert done.err.startswith(says)
    assert ";" in done.err


def test_a_process_that_is_not_deployed_is_told_with_those_that_are(socialbpm: Command) -> None:
    """The nearest one, or how to deploy one."""
    none = socialbpm("start", "second_eyes")
    assert none == (
        1,
        "",
        "no process 'second_eyes' is deployed; give its BPMN file: socialbpm start second_eyes.bpmn\n",
    )
    socialbpm("start", MODEL, "--data", "headline=Rain")
    near = socialbpm("start", "second_eye")
    assert near.err.startswith("no process 'second_eye' is deployed; did you mean 'second_eyes'? Or give")
    far = socialbpm("start", "nope")
    assert far.err.startswith("no process 'nope' is deployed; known: second_eyes; or give")


@pytest.mark.parametrize("status", ["nonsense", "parkd"])
def test_a_status_that_no_run_can_have_is_wrong_usage(socialbpm: Command, status: str) -> None:
    """Exit code 2; those that there are, and the one probably meant."""
    done = socialbpm("runs", "--status", status)
    assert (done.code, done.out) == (2, "")
    said = " ".join(done.err.replace("│", " ").split())
    assert f"'{status}' is not one of running, waiting, finished, parked, cancelled" in said
    assert ("did you mean 'parked'?" in said) == (status == "parkd")


@pytest.mark.parametrize("arguments", [("runs", "--after", "nope"), ("requests", "--run", "nope")])
def test_a_run_that_is_not_there_is_no_empty_list(socialbpm: Command, arguments: tuple[str, ...]) -> None:
    """A mistyped id is told, not taken for nothing found."""
    done = socialbpm(*arguments)
    assert (done.code, done.out) == (1, "")
    assert done.err.startswith("there is no run 'nope'")


def test_why_nothing_can_listen_is_said_once(socialbpm: Command) -> None:
    """A port that is taken, and an address of another machine: each with its own remedy."""
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = str(taken.getsockname()[1])
        done = socialbpm("serve", "--port", port)
    assert done == (
        1,
        "",
        f"cannot listen on 127.0.0.1:{port}: Address already in use; "
        "choose another one with --port (0: any that is free)\n",
    )
    elsewhere = socialbpm("serve", "--host", "203.0.113.1")
    assert elsewhere.err.endswith("; give an address of this machine with --host\n")
