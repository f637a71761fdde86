"""Collects ``*.replay.toml`` files: each is one test. Installed with the library; ``-p no:socialbpm`` leaves
it out.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from socialbpm.testing.replay_file import Script

SUFFIX = ".replay.toml"


class ReplayDiverged(Exception):
    """A replay did not go as its file says; the text is the report."""


class ReplayFile(pytest.File):
    """A replay file."""

    def collect(self) -> Iterator[ReplayItem]:
        """The one test that it is."""
        yield ReplayItem.from_parent(self, name=self.path.name.removesuffix(SUFFIX))


class ReplayItem(pytest.Item):
    """A replay as a test."""

    def runtest(self) -> None:
        """Play it."""
        from socialbpm.testing.replay import play

        if report := play(self._script()).report:
            raise ReplayDiverged(report)

    def repr_failure(self, excinfo: pytest.ExceptionInfo[BaseException], style: Any = None) -> Any:
        """The report and no traceback, where the file or the process is at fault."""
        from socialbpm.errors import DefinitionError

        if isinstance(excinfo.value, ReplayDiverged | DefinitionError):
            return str(excinfo.value)
        return super().repr_failure(excinfo, style)

    def reportinfo(self) -> tuple[Path, int, str]:
        """Where it stands, for the head of a failure."""
        return self.path, 0, self.name

    def _script(self) -> Script:
        from socialbpm.testing.replay_file import read

        return read(self.path)


def pytest_collect_file(file_path: Path, parent: pytest.Collector) -> ReplayFile | None:
    """Every ``*.replay.toml`` under the folders that pytest looks at."""
    if file_path.name.endswith(SUFFIX):
        return ReplayFile.from_parent(parent, path=file_path)
    return None
