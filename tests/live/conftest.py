"""Real platforms. Every test here is marked `live`; its environment variables say whether it can run."""

from pathlib import Path

import pytest

HERE = Path(__file__).parent


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark what stands here, so that no other command runs it by accident."""
    for item in items:
        if HERE in item.path.parents:
            item.add_marker(pytest.mark.live)
