"""The how-to pages on calendars and content rules hold: their settings are read, their examples run."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from socialbpm.settings.models import Settings

PAGES = Path(__file__).parents[2] / "docs" / "howto"


def blocks(page: str, language: str) -> list[str]:
    """The code of ``language`` on a page, in order."""
    return re.findall(rf"^```{language}\n(.*?)^```", (PAGES / page).read_text("utf-8"), re.DOTALL | re.M)


def test_the_page_on_calendars(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Every calendar on it can be read, and the example comes to the times it names."""
    monkeypatch.chdir(tmp_path)
    Path("social.toml").write_text("\n".join(blocks("calendars.md", "toml")), "utf-8")
    assert Settings.load("social.toml").calendars.keys() == {"office", "studio", "night_shift"}
    (example,) = blocks("calendars.md", "python")
    exec(compile(example, "calendars.md", "exec"), {})


def test_the_page_on_content_rules(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The settings name the file of rules, and the example is judged in the words of the page."""
    monkeypatch.chdir(tmp_path)
    for name, text in zip(("social.toml", "rules.toml"), blocks("content-rules.md", "toml"), strict=True):
        Path(name).write_text(text, "utf-8")
    (example,) = blocks("content-rules.md", "python")
    exec(compile(example, "content-rules.md", "exec"), {})
