"""A burst comes to an end, whatever the model says."""

from __future__ import annotations

import pytest

from socialbpm.spiff.burst import Burst, Parked, check_data, data_of
from tests.models import Model
from tests.player import Player


def test_a_model_that_never_waits_is_parked() -> None:
    """A loop of gateways and scripts without end is stopped, and its element named."""
    model = Model().start().add("exclusiveGateway", "merge").script("work", "x = 1").end("done")
    model.add("exclusiveGateway", "again", default="again_to_merge").flow(
        "begin", "merge", "work", "again", "merge"
    )
    player = Player.of(model.flow("again", "done", when="x > 1").text())
    workflow = player.planted()
    burst = Burst(workflow, {}, lambda opening: None, most=500)
    with pytest.raises(Parked, match="no end; does it ever wait"):
        burst.play([], player.clock.now())


def test_stubs_count_too() -> None:
    """A loop of the host's own tasks is no way round."""
    model = (
        Model()
        .start()
        .add("exclusiveGateway", "merge")
        .add("userTask", "work")
        .flow("begin", "merge", "work")
    )
    player = Player.of(model.flow("work", "merge").text())
    with pytest.raises(Parked, match="element"):
        Burst(player.planted(), {"work": lambda data: {}}, lambda opening: None, most=50).play(
            [], player.clock.now()
        )


def test_the_data_of_a_run_are_those_its_open_tasks_see() -> None:
    """While it waits, what the waiting task sees; in the end, the result."""
    model = (
        Model()
        .start()
        .script("work", "y = x + 1")
        .ask("ask")
        .end("done")
        .flow("begin", "work", "ask", "done")
    )
    player = Player.of(model.text())
    workflow = player.start(x=1)
    assert data_of(workflow) == {"x": 1, "y": 2}
    check_data(data_of(workflow))
