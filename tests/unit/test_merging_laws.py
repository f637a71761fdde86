"""A law of merging: what stands in the end was written by nobody who was overwritten since."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import count, pairwise
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from tests.models import Model
from tests.player import Player, answer, complete, live, the


@dataclass(frozen=True)
class Write:
    """Waits for somebody, then writes the variable."""

    variable: str


@dataclass(frozen=True)
class Row:
    """One after the other."""

    blocks: Sequence[Any]


@dataclass(frozen=True)
class Fork:
    """Side by side, then joined."""

    blocks: Sequence[Any]


@dataclass(frozen=True)
class Aside:
    """A block that goes to an end of its own while the process goes on."""

    block: Any


BLOCKS = st.recursive(
    st.sampled_from("xy").map(Write),
    lambda inner: (
        st.lists(inner, min_size=1, max_size=3).map(Row)
        | st.lists(inner, min_size=2, max_size=3).map(Fork)
        | inner.map(Aside)
    ),
    max_leaves=7,
)


class Drawing:
    """A block as BPMN, and for each variable the writers whose value may stand after it."""

    def __init__(self, block: Any) -> None:
        self.model, self._numbers = Model().start().end("done"), count(1)
        self._aside: dict[str, set[str]] = {}
        first, last, standing = self._draw(block)
        self.model.flow("begin", first).flow(last, "done")
        self.standing = _together(standing, self._aside)

    def _id(self, kind: str) -> str:
        return f"{kind}{next(self._numbers)}"

    def _draw(self, block: Any) -> tuple[str, str, dict[str, set[str]]]:
        match block:
            case Write(variable):
                wait, write = self._id("ask"), self._id("w")
                self.model.ask(wait).script(write, f"{variable} = '{write}'").flow(wait, write)
                return wait, write, {variable: {write}}
            case Row(blocks):
                drawn = [self._draw(each) for each in blocks]
                for (_, last, _), (first, _, _) in pairwise(drawn):
                    self.model.flow(last, first)
                standing: dict[str, set[str]] = {}
                for _, _, later in drawn:
                    standing |= later
                return drawn[0][0], drawn[-1][1], standing
            case Aside(inner):
                split, end = self._id("split"), self._id("end")
                first, last, inside = self._draw(inner)
                self.model.add("parallelGateway", split).end(end).flow(split, first).flow(last, end)
                self._aside = _together(self._aside, inside)
                return split, split, {}
        return self._fork(block)

    def _fork(self, fork: Fork) -> tuple[str, str, dict[str, set[str]]]:
        split, join = self._id("split"), self._id("join")
        self.model.add("parallelGateway", split).add("parallelGateway", join)
        standing: dict[str, set[str]] = {}
        for each in fork.blocks:
            first, last, inside = self._draw(each)
            self.model.flow(split, first).flow(last, join)
            standing = _together(standing, inside)
        return split, join, standing


def _together(one: dict[str, set[str]], other: dict[str, set[str]]) -> dict[str, set[str]]:
    return {name: one.get(name, set()) | other.get(name, set()) for name in one.keys() | other.keys()}


@settings(max_examples=60, deadline=None)
@given(BLOCKS, st.randoms(use_true_random=False), st.booleans())
def test_no_value_stands_that_has_been_overwritten(block: Any, random: Any, restart: bool) -> None:
    """In whatever order people answer, over restarts: of writers side by side any may win, else the last."""
    drawing = Drawing(block)
    player = Player.of(drawing.model.text())
    workflow = player.start()
    while waiting := sorted(live(workflow)):
        workflow = player.again(workflow) if restart else workflow
        answer(workflow, random.choice(waiting))
    assert workflow.is_completed()
    for variable, writers in drawing.standing.items():
        assert workflow.data[variable] in writers


def test_a_branch_that_outlives_a_join_brings_nothing_old_to_the_end() -> None:
    """It parted before the join and carries what was overwritten behind it."""
    block = Row([Fork([Row([Write("x"), Aside(Write("y"))]), Write("z")]), Write("x")])
    drawing = Drawing(block)
    player = Player.of(drawing.model.text())
    first, aside, other, last = re.findall(r'serviceTask id="(\w+)"', drawing.model.text())
    workflow = player.start()
    for element in (first, other, last, aside):
        workflow = player.again(workflow)
        complete(the(workflow, element))
        workflow.do_engine_steps()
    assert workflow.is_completed()
    assert drawing.standing["x"] == {workflow.data["x"]}
