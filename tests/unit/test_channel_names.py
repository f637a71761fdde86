"""Adapters are found by name, ours and those of others, and loaded when they are used."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from socialbpm import channels
from socialbpm.channels import PLACES, Place, adapter, names
from socialbpm.channels.base import Channel
from socialbpm.errors import DefinitionError


@pytest.mark.parametrize("name", sorted(PLACES))
def test_every_adapter_of_ours_is_where_the_table_says(name: str) -> None:
    """A line in the table names a Channel."""
    assert issubclass(adapter(name), Channel)


def test_a_wrong_name_is_told_with_the_nearest_right_one() -> None:
    """Or with all that there are."""
    with pytest.raises(DefinitionError, match=r"no channel adapter 'locl'; did you mean 'local'\?"):
        adapter("locl")
    with pytest.raises(DefinitionError, match="there are local, loopback"):
        adapter("zzz")


def test_a_missing_extra_is_told_as_the_command_that_installs_it(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """Not as an import error of somebody else's package."""
    (tmp_path / "needy.py").write_text("import a_package_that_is_not_there\n")
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.setitem(channels.PLACES, "needy", Place("needy:Needy", "slack"))
    with pytest.raises(DefinitionError) as refused:
        adapter("needy")
    assert "'a_package_that_is_not_there', which is not installed" in str(refused.value)
    assert "pip install 'socialbpm[slack]'" in str(refused.value)


def test_others_register_theirs_by_entry_point(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """A distribution with a line under socialbpm.channels is all it takes."""
    (tmp_path / "carrier.py").write_text(
        "from socialbpm.channels.local import LocalChannel\n"
        "class PigeonChannel(LocalChannel): pass\n"
        "class Coop: pass\n"
    )
    info = tmp_path / "carrier-1.0.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: carrier\nVersion: 1.0\n")
    (info / "entry_points.txt").write_text(
        "[socialbpm.channels]\npigeon = carrier:PigeonChannel\ncoop = carrier:Coop\ngone = carrier:Gone\n"
    )
    monkeypatch.syspath_prepend(tmp_path)
    assert {"pigeon", "local"} <= set(names())
    assert adapter("pigeon").__name__ == "PigeonChannel"
    with pytest.raises(DefinitionError, match="'coop' is no Channel"):
        adapter("coop")
    with pytest.raises(DefinitionError, match="'gone' is not at carrier:Gone"):
        adapter("gone")


def test_no_adapter_is_loaded_before_it_is_named() -> None:
    """Somebody without Slack never waits for Slack's client."""
    program = (
        "import sys, socialbpm.channels; loaded = set(sys.modules); "
        "assert not {'socialbpm.channels.local', 'socialbpm.testing', 'httpx2', 'PIL'} & loaded, loaded"
    )
    subprocess.run([sys.executable, "-c", program], check=True)
