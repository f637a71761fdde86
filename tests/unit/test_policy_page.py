"""The how-to page on policies holds: what it draws passes the check, and its table leaves no policy out."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path

import pytest

from socialbpm.channels.local import LocalChannel
from socialbpm.policies import POLICIES
from socialbpm.settings import Settings
from socialbpm.settings.models import communities
from socialbpm.spiff.check import check_files
from tests.models import HEAD
from tests.unit.test_howto_pages import PAGES, blocks

PAGE = "choose-a-policy.md"


@pytest.mark.parametrize("drawn", blocks(PAGE, "xml"))
def test_what_it_draws_passes_the_check(drawn: str, tmp_path: Path) -> None:
    """With the people of its settings."""
    (settings,) = blocks(PAGE, "toml")
    bound = {**tomllib.loads(settings)["communities"], "board": ["margaret"]}
    people = communities(Settings.alone(communities=bound))
    model = tmp_path / "page.bpmn"
    model.write_text(
        f'{HEAD}<bpmn:process id="main" isExecutable="true"><bpmn:startEvent id="begin"/>'
        f'<bpmn:serviceTask id="ask"><bpmn:extensionElements>{drawn}</bpmn:extensionElements>'
        '</bpmn:serviceTask><bpmn:endEvent id="end"/><bpmn:sequenceFlow id="f" sourceRef="begin" '
        'targetRef="ask"/><bpmn:sequenceFlow id="g" sourceRef="ask" targetRef="end"/></bpmn:process>'
        "</bpmn:definitions>",
        encoding="utf-8",
    )
    assert check_files([model], people, {"local": LocalChannel.capabilities}) == []


def test_its_table_names_every_policy_and_no_other() -> None:
    """``threshold`` is said by supermajority, whose share it is there."""
    text = (PAGES / PAGE).read_text(encoding="utf-8")
    table = text.split("## Which one when")[1].split("Not sure?")[0]
    named = {name for name in re.findall(r"[a-z]+(?:_[a-z]+)*", table) if name in POLICIES}
    assert named == set(POLICIES)
