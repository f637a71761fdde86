"""One person one ballot holds on both databases: the same scenes as on SQLite, on a server."""

from __future__ import annotations

import inspect
import os
from collections.abc import Callable, Iterator

import pytest

from socialbpm.store import Store
from tests.contract.test_store_contract import POSTGRES, emptied
from tests.middle import Middle
from tests.unit import test_ballots as scenes

pytestmark = pytest.mark.skipif(POSTGRES not in os.environ, reason=f"{POSTGRES} names no database")
SCENES = [
    scene
    for name, scene in vars(scenes).items()
    if name.startswith("test_") and list(inspect.signature(scene).parameters) == ["middle"]
]
ONLY_SQLITE = "test_what_is_not_offered_costs_nothing"  # it listens to SQLite's driver


@pytest.fixture
def middle() -> Iterator[Middle]:
    url = os.environ[POSTGRES]
    emptied(url)
    fresh = Store(url)
    fresh.migrate()
    fresh.close()
    made = scenes.made(url)
    yield made
    made.store.close()


@pytest.mark.parametrize("scene", [scene for scene in SCENES if scene.__name__ != ONLY_SQLITE])
def test_the_same_on_a_server(middle: Middle, scene: Callable[[Middle], None]) -> None:
    """Statements that only SQLite understands, or that a server understands otherwise, show here."""
    scene(middle)
