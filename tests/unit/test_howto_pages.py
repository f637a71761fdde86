"""The how-to pages on calendars and content rules hold: their settings are read, their examples run."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from socialbpm.people import Community, Member
from socialbpm.posts import Destination
from socialbpm.settings.models import Settings
from socialbpm.spiff.check import check_files
from tests.models import Model

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


@pytest.mark.parametrize("page", ["reminders.md", "four-eyes.md"])
def test_the_models_on_the_pages_can_be_deployed(page: str, tmp_path: Path) -> None:
    """Nothing is wrong with them."""
    place, people = Destination(channel="local", room="hall"), (Member(person="ada"), Member(person="grace"))
    names = ("press_room", "board", "readers", "editors")
    communities = {name: Community(name=name, destinations=(place,), roll=people) for name in names}
    for block in blocks(page, "xml"):
        extension = re.search(r"<social:.*</social:[a-zA-Z]+>", block, re.DOTALL)
        assert extension is not None
        task = f"<bpmn:extensionElements>{extension[0]}</bpmn:extensionElements>"
        model = Model().start().add("serviceTask", "ask", task).end("done").flow("begin", "ask", "done")
        (tmp_path / "main.bpmn").write_text(model.text())
        assert check_files([tmp_path / "main.bpmn"], communities) == []
