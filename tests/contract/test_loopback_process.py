"""The loopback server as a process of its own: what the crash tests build on."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import httpx2
import pytest

from socialbpm.channels.base import RawEvent
from socialbpm.errors import AuthorizationFailed, DefinitionError, OutcomeUnknown, Rejected, TemporaryFailure
from socialbpm.posts import Destination, Post, Receipt, Span
from socialbpm.store import Store
from socialbpm.testing import FakeClock, LoopbackChannel, LoopbackServer
from tests.stages import LocalStage, connection

Start = Callable[..., tuple[LoopbackChannel, subprocess.Popen[str]]]
POST = Post(key="k-1", destination=Destination(channel="mine", room="r"), text=(Span("Hello"),))


@pytest.fixture
def start(tmp_path: Path) -> Iterator[Start]:
    """Starts the server on one and the same file, and connects a channel to it."""
    running: list[subprocess.Popen[str]] = []
    store = Store("sqlite://")

    def started(mode: str, *faults: str) -> tuple[LoopbackChannel, subprocess.Popen[str]]:
        command = [sys.executable, "-m", "socialbpm.testing.loopback", "--db", str(tmp_path / "platform.db")]
        options = ["--mode", mode, *(part for fault in faults for part in ("--fault", fault))]
        process = subprocess.Popen([*command, *options], stdout=subprocess.PIPE, text=True)
        running.append(process)
        assert process.stdout
        port = json.loads(process.stdout.readline())["port"]
        options = {"url": f"http://127.0.0.1:{port}", "mode": mode}
        return LoopbackChannel(connection(store, FakeClock(), **options)), process

    yield started
    for process in running:
        process.kill()
        process.wait()
        assert process.stdout
        process.stdout.close()
    store.close()


def truth(folder: Path) -> list[str]:
    """The texts that stand in the file, read when no process has it open."""
    with LoopbackServer(str(folder / "platform.db")) as server:
        return [post["text"] for post in server.posts() if not post["deleted"]]


@pytest.mark.parametrize("mode", ["key", "lookup", "none"])
def test_killed_after_accepting_the_post_stands_once(start: Start, tmp_path: Path, mode: str) -> None:
    """kill -9 between commit and answer: unknown; with a key or a lookup the restarted server settles it."""
    channel, process = start(mode, "accept-then-kill:1")
    with pytest.raises(OutcomeUnknown):
        channel.publish(POST)
    assert process.wait(10) == -signal.SIGKILL
    with pytest.raises(TemporaryFailure):
        channel.publish(POST)
    again, process = start(mode)
    if mode == "key":
        again.publish(POST)
    if mode == "lookup":
        assert again.find(POST)
    process.kill()
    process.wait()
    assert truth(tmp_path) == ["Hello"]


@pytest.mark.parametrize(
    ("fault", "error", "stands"),
    [
        ("accept-then-drop:1", OutcomeUnknown, 1),
        ("accept-then-500:1", OutcomeUnknown, 1),
        ("drop:1", OutcomeUnknown, 0),
        ("unavailable:1", OutcomeUnknown, 0),
        ("refuse:1", Rejected, 0),
        ("limit:1", TemporaryFailure, 0),
        ("unauthorized:1", AuthorizationFailed, 0),
    ],
)
def test_each_fault_does_what_it_says(
    tmp_path: Path, fault: str, error: type[Exception], stands: int
) -> None:
    """Once, at the write it names; the next write is well again."""
    store = Store("sqlite://")
    with LoopbackServer(str(tmp_path / "platform.db"), mode="none", faults=[fault]) as server:
        channel = LoopbackChannel(connection(store, FakeClock(), url=server.url, mode="none"))
        with pytest.raises(error):
            channel.publish(POST)
        assert len(server.posts()) == stands
        channel.publish(POST)
        assert len(server.posts()) == stands + 1
    store.close()


def test_a_fault_strikes_at_the_write_it_names(tmp_path: Path) -> None:
    """Creates, edits and deletes are writes, counted together."""
    store = Store("sqlite://")
    with LoopbackServer(str(tmp_path / "platform.db"), faults=["refuse:2"]) as server:
        channel = LoopbackChannel(connection(store, FakeClock(), url=server.url))
        receipt = channel.publish(POST)
        with pytest.raises(Rejected):
            channel.edit(receipt, POST)
        assert channel.edit(receipt, POST) == receipt
        channel.delete(Receipt(remote_id="99"))
    store.close()


def test_it_is_scripted_and_inspected_from_outside(start: Start) -> None:
    """By whoever runs it as a process: faults, people who answer, and the truth about the posts."""
    channel, _ = start("key")
    url = channel.connection.options["url"]
    httpx2.post(f"{url}/control/faults", json={"faults": ["refuse:1"]}).raise_for_status()
    with pytest.raises(Rejected):
        channel.publish(POST)
    channel.publish(POST)
    assert [post["key"] for post in httpx2.get(f"{url}/control/posts").json()["posts"]] == ["k-1"]
    said = {"event": "e-1", "account": "u1", "choices": ["approve"]}
    httpx2.post(f"{url}/control/answers", json=said).raise_for_status()
    options = {"url": url, "intake": "collect"}
    collecting = LoopbackChannel(connection(channel.connection.store, FakeClock(), **options))
    assert [response.account for response in collecting.collect("").responses] == ["u1"]
    for nonsense in ({"faults": ["explode:1"]}, {}):
        assert httpx2.post(f"{url}/control/faults", json=nonsense).status_code == 400
    assert httpx2.get(f"{url}/nowhere").status_code == 404
    assert httpx2.post(f"{url}/nowhere", json={}).status_code == 404


def test_an_answer_comes_as_a_signed_webhook(tmp_path: Path) -> None:
    """Posted to the address that it was given, as the channel then receives it."""
    heard: list[RawEvent] = []

    class Door(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["content-length"]))
            heard.append(
                RawEvent(body=body, headers={name.lower(): value for name, value in self.headers.items()})
            )
            self.send_response(200)
            self.send_header("content-length", "0")
            self.end_headers()

        def log_message(self, format: str, *args: object) -> None:
            """Say nothing."""

    door, clock, store = HTTPServer(("127.0.0.1", 0), Door), FakeClock(), Store("sqlite://")
    threading.Thread(target=door.handle_request, daemon=True).start()
    webhook = f"http://127.0.0.1:{door.server_address[1]}/in/mine"
    path = str(tmp_path / "platform.db")
    with LoopbackServer(path, secret="sesame", webhook=webhook, clock=clock) as server:
        server.answer(event="e-1", account="u1", choices=("approve",), request="r-1")
        channel = LoopbackChannel(connection(store, clock, url=server.url, secret="sesame"))
        (response,) = channel.receive(heard[0]).responses
    assert (response.channel, response.account, response.request) == ("mine", "u1", "r-1")
    door.server_close()
    store.close()


def test_a_token_that_is_wrong_pauses_the_account(tmp_path: Path) -> None:
    """AuthorizationFailed for writing and for reading, and no error repeats the token."""
    store = Store("sqlite://")
    with LoopbackServer(str(tmp_path / "platform.db"), mode="lookup", token="right") as server:
        options = {"url": server.url, "mode": "lookup", "token": "sesame"}
        channel = LoopbackChannel(connection(store, FakeClock(), **options))
        for call in (channel.publish, channel.find):
            with pytest.raises(AuthorizationFailed) as refused:
                call(POST)
            assert "sesame" not in str(refused.value)
    store.close()


def test_an_account_with_an_unknown_option_is_refused() -> None:
    """Before anything is sent anywhere."""
    store = Store("sqlite://")
    for options in ({"mode": "maybe"}, {"intake": "pigeon"}):
        with pytest.raises(DefinitionError, match="option is unknown; mode is"):
            LoopbackChannel(connection(store, FakeClock(), **options))
    store.close()


def test_a_local_store_that_fails_leaves_the_post_unknown(tmp_path: Path) -> None:
    """A commit that raised may have happened; the key settles it."""
    local = LocalStage(tmp_path)
    with Store(f"sqlite:///{tmp_path}/social.db").begin() as conn:
        conn.exec_driver_sql("DROP TABLE social_local_post")
    with pytest.raises(OutcomeUnknown, match="OperationalError"):
        local.channel.publish(POST)
    local.close()


@pytest.mark.parametrize("option", [("--fault", "explode:1"), ("--fault", "drop:x"), ("--mode", "maybe")])
def test_a_wrong_option_is_a_usage_error(option: tuple[str, str], tmp_path: Path) -> None:
    """Told in words, before anything is opened."""
    command = [sys.executable, "-m", "socialbpm.testing.loopback", "--db", str(tmp_path / "x.db"), *option]
    result = subprocess.run(command, capture_output=True, text=True, check=False)
    assert result.returncode == 2
    assert "Traceback" not in result.stderr
