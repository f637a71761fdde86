"""The pages on explaining decisions and on forgetting people hold: examples run, figures are true."""

from __future__ import annotations

from pathlib import Path

import pytest

from socialbpm.erasure import BEYOND, ERASED
from tests.unit.test_howto_pages import PAGES, blocks


def test_the_page_on_explaining(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Its example runs, and comes to what it says."""
    monkeypatch.chdir(tmp_path)
    (example,) = blocks("explain-a-decision.md", "python")
    exec(compile(example, "explain-a-decision.md", "exec"), {})


def test_the_page_on_forgetting() -> None:
    """What the report says that nobody has looked at stands on the page, and how erased words read."""
    page = (PAGES / "forget-somebody.md").read_text("utf-8")
    assert f"`{ERASED}`" in page
    for each in ("backups", "pictures: nothing says who put them", "handed to other systems"):
        assert each in page
        assert any(each in line for line in BEYOND)
