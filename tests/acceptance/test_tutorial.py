"""The tutorial is done from its first line to its last, as a newcomer does it: word by word, in a folder of
its own, with a fresh environment.

Each ``sh`` block is run on a terminal; a block after "Save this as" is a file; a ``text`` block is what must
have been printed (``…`` stands for anything). What people type or do in the browser stands in comments.
"""

from __future__ import annotations

import os
import pty
import re
import select
import shutil
import socket
import subprocess
import sys
import termios
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from tests.browsing import Browser

ROOT = Path(__file__).parents[2]
PAGES = sorted((ROOT / "docs" / "tutorial").glob("[0-9]-*.md"))
SOURCE = ("src", "bpmn_samples", "pyproject.toml", "constraints.txt", "README.md", "LICENSE")
PART = re.compile(
    r"Save this as `(?P<file>[\w.]+)`[^\n]*\n\n```\w+\n(?P<body>.*?)^```$"
    r"|^```sh\n(?P<sh>.*?)^```$(?:\n\n<!-- type: (?P<typed>[^\n]*) -->)?"
    r"|^```text\n(?P<text>.*?)^```$"
    r"|^<!-- in the browser: (?P<person>\w+) approves -->$",
    re.DOTALL | re.MULTILINE,
)
PATIENCE = 30.0  # seconds for the served process to go on
pytestmark = pytest.mark.slow


class Terminal:
    """A terminal at which one block after the other is entered; folder and variables stay."""

    def __init__(self, folder: Path) -> None:
        self._state = folder / "terminal"
        self._state.write_text(f"cd '{folder}'\n")
        self._served: list[subprocess.Popen[bytes]] = []

    def enter(self, block: str, typed: list[str]) -> str:
        """Run a block, answer what it asks, and give what it printed. It must succeed."""
        ours, theirs = pty.openpty()
        process = self._bash(block, theirs)
        os.close(theirs)
        with os.fdopen(ours, "r+b", buffering=0) as screen:
            printed = "".join(_conversation(screen.fileno(), typed)).replace("\r\n", "\n")
        assert process.wait(timeout=10) == 0, f"{block}\n{printed}"
        return printed

    def serve(self, block: str) -> None:
        """Start a block that goes on until the terminal is closed."""
        self._served.append(self._bash(block, subprocess.DEVNULL))

    def _bash(self, block: str, screen: int) -> subprocess.Popen[bytes]:
        if screen >= 0:
            _no_echo(screen)
        keep = f"{{ export -p; printf 'cd %q\\n' \"$PWD\"; }} > '{self._state}'"
        return subprocess.Popen(
            ["bash", "-ec", f". '{self._state}'\n{block}\n{keep}"],
            stdin=screen,
            stdout=screen,
            stderr=screen,
            start_new_session=True,
            env={
                "PATH": "/usr/local/bin:/usr/bin:/bin",
                "TERM": "dumb",
                "COLUMNS": "200",
                "LC_ALL": "C.UTF-8",
            }
            | {
                name: value for name, value in os.environ.items() if name.startswith("PIP_") or name == "HOME"
            },
        )

    def close(self) -> None:
        """Whatever still runs is told to stop."""
        for process in self._served:
            os.killpg(process.pid, 15)
            process.wait(timeout=20)


def _no_echo(screen: int) -> None:
    mode = termios.tcgetattr(screen)
    mode[3] &= ~termios.ECHO
    termios.tcsetattr(screen, termios.TCSANOW, mode)


def _conversation(screen: int, typed: list[str]) -> Iterator[str]:
    """What is printed, until the other side ends; a prompt gets the next of the lines."""
    left, since = list(typed), ""
    while select.select([screen], [], [], 300)[0]:
        with suppress(OSError):  # so a terminal ends
            if part := os.read(screen, 65536).decode("utf-8", "replace"):
                yield part
                since += part
                if since.endswith(("? ", ": ")) and left:
                    os.write(screen, f"{left.pop(0)}\n".encode())
                    since = ""
                continue
        return


@pytest.fixture
def terminal(tmp_path: Path) -> Iterator[Terminal]:
    """In a folder that holds the source, as after a clone."""
    for name in SOURCE:
        copy = shutil.copytree if (ROOT / name).is_dir() else shutil.copy
        copy(ROOT / name, tmp_path / name)
    opened = Terminal(tmp_path)
    opened.enter(f"export PATH={sys.base_prefix}/bin:$PATH", [])
    yield opened
    opened.close()


def test_the_tutorial_from_its_first_line_to_its_last(terminal: Terminal, tmp_path: Path) -> None:
    """Whoever follows it sees what it says, on a machine with only Python."""
    port, printed, block = _free_port(), "", ""
    for page in PAGES:
        for part in PART.finditer(page.read_text("utf-8").replace("8321", port)):
            if part["file"]:
                (tmp_path / "tutorial" / part["file"]).write_text(part["body"], "utf-8")
            elif part["person"]:
                _approve(next(line for line in printed.splitlines() if "/enter" in line))
            elif part["text"]:
                _expect(terminal, block, printed, part["text"], page.name)
            elif "socialbpm serve" in part["sh"]:
                terminal.serve(part["sh"])
            else:
                block = part["sh"]
                typed = [line.strip() for line in (part["typed"] or "").split("|")] if part["typed"] else []
                printed = terminal.enter(block, typed)


def _free_port() -> str:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return str(free.getsockname()[1])


def _approve(link: str) -> None:
    """What the page tells grace to do in her browser."""
    assert _soon(lambda: _listens(link)), "nothing is served"
    grace = Browser()
    grace.sign_in(link.strip())
    grace.follow("/requests/")
    grace.send("/requests/", choice="approve", comment="Good news!")


def _soon(act: Callable[[], bool]) -> bool:
    """Whether it comes true while a person would still wait."""
    until = time.monotonic() + PATIENCE
    while not (came := act()) and time.monotonic() < until:
        time.sleep(0.3)
    return came


def _listens(link: str) -> bool:
    with socket.socket() as caller:
        return caller.connect_ex(("127.0.0.1", urlsplit(link).port or 80)) == 0


def _expect(terminal: Terminal, block: str, printed: str, wanted: str, page: str) -> None:
    """What was printed is what the page says; a look at the runs is repeated, for a worker is at work."""
    pattern = re.compile(".*".join(map(re.escape, wanted.strip().split("…"))), re.DOTALL)
    if "socialbpm runs" in block:
        assert _soon(lambda: bool(pattern.fullmatch(terminal.enter(block, []).strip()))), f"{page}: {block}"
    else:
        assert pattern.fullmatch(printed.strip()), f"{page}: after\n{block}\nwas printed\n{printed}"
