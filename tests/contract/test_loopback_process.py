"""The loopback server as a process of its own: what the crash tests build on."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from socialbpm.errors import AuthorizationFailed, OutcomeUnknown, Rejected, TemporaryFailure
from socialbpm.posts import Destination, Post, Receipt, Span
from socialbpm.store import Store
from socialbpm.testing import FakeClock, LoopbackChannel, LoopbackServer
from tests.stages import connection

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


@pytest.mark.parametrize("option", [("--fault", "explode:1"), ("--fault", "drop:x"), ("--mode", "maybe")])
def test_a_wrong_option_is_a_usage_error(option: tuple[str, str], tmp_path: Path) -> None:
    """Told in words, before anything is opened."""
    command = [sys.executable, "-m", "socialbpm.testing.loopback", "--db", str(tmp_path / "x.db"), *option]
    result = subprocess.run(command, capture_output=True, text=True, check=False)
    assert result.returncode == 2
    assert "Traceback" not in result.stderr
