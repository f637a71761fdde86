"""The embedding examples are run as they stand in the documentation."""

from __future__ import annotations

import json
import os
import re
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.error import URLError
from urllib.request import Request, urlopen

import pytest

from tests.browsing import Browser

ROOT = Path(__file__).parents[2]


def blocks(page: Path) -> list[str]:
    """The python blocks of a page."""
    return re.findall(r"^```python\n(.*?)^```$", page.read_text("utf-8"), re.DOTALL | re.MULTILINE)


def test_the_guide_shows_the_examples_as_they_are() -> None:
    """What people copy from the guide is what is tested here."""
    shown = blocks(ROOT / "docs" / "howto" / "embedding.md")
    assert (ROOT / "examples" / "fastapi_app.py").read_text("utf-8") in shown


def test_the_first_block_of_the_guide_runs(tmp_path: Path) -> None:
    """The least that works, works: run as it stands, it leaves a run that waits for people."""
    (tmp_path / "examples").symlink_to(ROOT / "examples")
    code = blocks(ROOT / "docs" / "howto" / "embedding.md")[0]
    code += "    print(social.run(run.id).status)\n"
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=tmp_path, capture_output=True, text=True, timeout=120, check=False
    )
    assert (done.stdout, done.stderr) == ("waiting\n", "")


@pytest.fixture
def site(tmp_path: Path) -> Iterator[str]:
    """The FastAPI example as a server of its own."""
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    base = f"http://127.0.0.1:{port}"
    environment = os.environ | {
        "DATABASE": f"sqlite:///{tmp_path / 'releases.db'}",
        "BASE_URL": f"{base}/social",
    }
    server = subprocess.Popen(
        [sys.executable, "-m", "uvicorn", "fastapi_app:app", "--port", str(port), "--log-level", "warning"],
        cwd=ROOT / "examples",
        env=environment,
    )
    try:
        until(lambda: urlopen(f"{base}/docs").status == 200)
        yield base
    finally:
        server.send_signal(signal.SIGTERM)
        assert server.wait(30) in (0, -signal.SIGTERM)


def until(question: Any, seconds: float = 60) -> None:
    """Ask again until it is so."""
    end = time.monotonic() + seconds
    while True:
        try:
            if question():
                return
        except URLError:
            pass
        assert time.monotonic() < end, "it took too long"
        time.sleep(0.1)


def test_a_person_answers_on_the_pages_inside_a_fastapi_app(site: str) -> None:
    """The host's own route starts a run, the mounted pages take the answer, the host sees the result."""
    body = json.dumps({"headline": "Rain at last"}).encode()
    headers = {"content-type": "application/json"}
    with urlopen(Request(f"{site}/releases", body, headers)) as answer:
        release = json.load(answer)
    where = f"{site}/releases/{release['id']}"

    def shown() -> dict[str, Any]:
        with urlopen(where) as answer:
            return json.load(answer)  # type: ignore[no-any-return]

    until(lambda: shown()["waits_for"] == ["May this go out?"])
    browser = Browser()
    browser.sign_in(release["reviewers"]["ada"])
    browser.follow("/requests/")
    browser.send("/requests/", choice="approve", comment="Good")
    until(lambda: shown()["status"] == "finished")
    assert shown()["data"]["ask"]["outcome"] == "approved"


def test_the_host_app_answers_for_a_run_that_is_not_there(site: str) -> None:
    """An error of ours is an exception that the host turns into its own answer."""
    with pytest.raises(URLError, match="404"):
        urlopen(f"{site}/releases/nothing")
