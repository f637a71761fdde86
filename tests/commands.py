"""The command line as tests call it: in this process, as a process of its own, or on a terminal."""

from __future__ import annotations

import os
import pty
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

import pytest

from socialbpm.cli import main

MODEL = Path(__file__).parents[1] / "examples" / "second_eyes.bpmn"
SETTINGS = """\
database = "sqlite:///social.db"

[communities]
press_room = { local = ["ada", "grace"] }
readers = { local = [] }
"""


class Done(NamedTuple):
    """What a command came to."""

    code: int
    out: str
    err: str


Command = Callable[..., Done]


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A working directory with settings, in an environment that says nothing."""
    for name in [name for name in os.environ if name.startswith("SOCIALBPM_")]:
        monkeypatch.delenv(name)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("SOCIALBPM_SETTINGS", "social.toml")
    (tmp_path / "social.toml").write_text(SETTINGS)
    return tmp_path


@pytest.fixture
def socialbpm(folder: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Command:
    """The command line, called in this process."""

    def call(*arguments: str | Path) -> Done:
        monkeypatch.setattr(sys, "argv", ["socialbpm", *map(str, arguments)])
        code = 0
        try:
            main()
        except SystemExit as end:
            code = end.code if isinstance(end.code, int) else int(end.code is not None)
        done = Done(code, *capsys.readouterr())
        assert "Traceback" not in done.err
        return done

    return call


@contextmanager
def process(*arguments: str | Path) -> Iterator[subprocess.Popen[str]]:
    """The command line as a process of its own; it is not left behind, whatever fails."""
    command = [sys.executable, "-m", "socialbpm", *map(str, arguments)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as started:
        try:
            yield started
        finally:
            if started.poll() is None:
                started.kill()


def ended(started: subprocess.Popen[str]) -> Done:
    """What the rest of its output was, and its exit code."""
    out, err = started.communicate(timeout=120)
    return Done(started.returncode, out, err)


def on_a_terminal(*arguments: str | Path, typed: bytes = b"", **environment: str) -> tuple[int, str]:
    """Call the command line on a terminal of its own; its exit code and what is seen there."""
    here, there = pty.openpty()
    command = [sys.executable, "-m", "socialbpm", *map(str, arguments)]
    with subprocess.Popen(
        command, stdin=there, stdout=there, stderr=there, env=os.environ | environment
    ) as called:
        os.close(there)
        os.write(here, typed)
        seen = b""
        try:
            while part := os.read(here, 4096):
                seen += part
        except OSError:  # Linux says so when the other end has gone
            pass
    os.close(here)
    return called.returncode, seen.decode()
