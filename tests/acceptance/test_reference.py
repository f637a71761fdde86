"""The reference pages say what the code does."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from socialbpm.testing.replay_file import read

ROOT = Path(__file__).parents[2]


def test_the_generated_pages_are_fresh() -> None:
    """Commands, settings, replay keys and public names are documented as they are; else run
    scripts/reference.py.
    """
    done = subprocess.run(
        [sys.executable, ROOT / "scripts" / "reference.py", "--check"],
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert (done.returncode, done.stderr) == (0, "")


def test_the_replay_of_the_guide_is_right(tmp_path: Path) -> None:
    """What people copy from the guide parses and goes as it says."""
    from socialbpm.testing.replay import play

    guide = (ROOT / "docs" / "howto" / "replay.md").read_text("utf-8")
    (tmp_path / "guide.bpmn").write_text((ROOT / "examples" / "second_eyes.bpmn").read_text())
    whole = tmp_path / "guide.replay.toml"
    whole.write_text(guide.split("```toml\n")[1].split("```")[0])
    assert play(read(whole)).report == ""


@pytest.mark.parametrize("number", [2, 3, 4])
def test_the_other_blocks_of_the_guide_are_read(tmp_path: Path, number: int) -> None:
    """Each shows keys that exist."""
    guide = (ROOT / "docs" / "howto" / "replay.md").read_text("utf-8")
    (tmp_path / "guide.bpmn").touch()
    part = tmp_path / "guide.replay.toml"
    part.write_text(guide.split("```toml\n")[number].split("```")[0])
    assert read(part).replay
