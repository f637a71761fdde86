"""Every channel of ours keeps the contract."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from socialbpm.testing.channel_contract import ChannelContract
from socialbpm.testing.stages import Stage
from tests.stages import LocalStage, LoopbackStage


class TestLocal(ChannelContract):
    """The channel that everybody has."""

    @pytest.fixture
    def stage(self, tmp_path: Path) -> Iterator[Stage]:
        local = LocalStage(tmp_path)
        yield local
        local.close()


@pytest.mark.parametrize(
    ("mode", "intake"), [("key", "webhook"), ("lookup", "webhook"), ("none", "webhook"), ("key", "collect")]
)
class TestLoopback(ChannelContract):
    """A platform with a store of its own, in each of its ways."""

    @pytest.fixture
    def stage(self, tmp_path: Path, mode: str, intake: str) -> Iterator[Stage]:
        loopback = LoopbackStage(tmp_path, mode=mode, intake=intake)
        yield loopback
        loopback.close()
