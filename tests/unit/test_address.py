"""Addresses: generated processes, replayed from every snapshot."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from random import Random
from typing import Any

from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from socialbpm.spiff.workflow import SocialWorkflow
from tests import processes as p
from tests.player import Player, answer, live


@dataclass
class Played:
    """A run from beginning to end: the states, the answers between them, and which task had which key."""

    states: list[bytes] = field(default_factory=list)
    answers: list[tuple[str, ...]] = field(default_factory=list)
    keys: list[frozenset[str]] = field(default_factory=list)
    tasks: dict[str, Any] = field(default_factory=dict)

    def note(self, player: Player, workflow: SocialWorkflow) -> None:
        self.states.append(player.save(workflow))
        player.again(workflow)
        found = live(workflow)
        self.keys.append(frozenset(found))
        for key, task in found.items():
            assert self.tasks.setdefault(key, task.id) == task.id, "two requests share one key"


def play(player: Player, choose: Callable[[list[str]], tuple[str, ...]], *, restart: bool = True) -> Played:
    workflow = player.start()
    played = Played()
    played.note(player, workflow)
    while waiting := sorted(live(workflow)):
        chosen = choose(waiting)
        if restart:
            workflow = player.restore(played.states[-1])
        answer(workflow, *chosen)
        played.answers.append(chosen)
        played.note(player, workflow)
    assert workflow.is_completed()
    return played


MARKERS = st.one_of(
    st.integers(1, 3).map(p.parallel_times),
    st.integers(1, 3).map(p.sequential_times),
    st.integers(1, 3).map(p.looped),
    st.builds(p.over_list, st.integers(1, 3), sequential=st.booleans()),
)
LEAVES = st.one_of(st.just(p.Ask()), st.just(p.Script()), MARKERS.map(p.Repeated))


def _without_joins(inner: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    some = st.lists(inner, min_size=2, max_size=3)
    return st.one_of(
        some.map(p.Sequence_),
        some.flatmap(lambda blocks: st.builds(p.Exclusive, st.just(blocks), st.integers(0, len(blocks) - 1))),
        st.builds(p.Loop, inner, st.integers(1, 3)),
        _nested(inner),
    )


def _nested(inner: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    marker = st.one_of(st.just(""), MARKERS)
    return st.one_of(st.builds(p.Sub, inner, marker), st.builds(p.Call, inner, marker))


def _with_joins(inner: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    some = st.lists(inner, min_size=2, max_size=3)
    return st.one_of(_without_joins(inner), some.map(p.Parallel), some.flatmap(_inclusive))


def _inclusive(blocks: list[Any]) -> st.SearchStrategy[Any]:
    taken = st.lists(st.booleans(), min_size=len(blocks), max_size=len(blocks)).filter(any)
    return st.builds(p.Inclusive, st.just(blocks), taken)


def _processes(compound: Callable[..., Any]) -> st.SearchStrategy[Any]:
    """A block, perhaps two tokens on one way, something they both pass, and a last request.

    Two tokens on one way must meet no parallel gateway any more: the engine takes them for one another.
    """
    blocks = st.recursive(LEAVES, compound, max_leaves=6)
    tokens = st.builds(p.Unjoined, st.lists(blocks, min_size=2, max_size=2))
    tails = st.recursive(LEAVES | _nested(blocks), _without_joins, max_leaves=3)
    return st.builds(lambda *parts: p.Sequence_([*parts, p.Ask()]), blocks, tokens | blocks, tails)


PROCESSES = _processes(_with_joins)
LOOP_OF_BRANCHES = p.Sequence_(
    [p.Loop(p.Parallel([p.Ask(), p.Script(), p.Repeated(p.parallel_times(1))]), 3), p.Ask()]
)
TOKENS_BEHIND_A_JOIN = p.Sequence_(
    [p.Parallel([p.Ask(), p.Repeated(p.parallel_times(1))]), p.Unjoined([p.Ask(), p.Ask()]), p.Ask(), p.Ask()]
)
ORDERS = st.randoms(use_true_random=False)
GENERATED = settings(max_examples=25, deadline=None, suppress_health_check=list(HealthCheck))


def one_of(random: Any) -> Callable[[list[str]], tuple[str, ...]]:
    """Answers one request at a time, any of those that wait."""
    return lambda waiting: (random.choice(waiting),)


def some_of(random: Any) -> Callable[[list[str]], tuple[str, ...]]:
    """Answers several at once, as a resume does that finds several outcomes."""
    return lambda waiting: tuple(random.sample(waiting, random.randint(1, len(waiting))))


@GENERATED
@given(PROCESSES, ORDERS)
def test_a_replay_from_any_snapshot_gives_the_same_keys(block: Any, random: Any) -> None:
    """Whatever state a run is restored from, what follows has the keys it had the first time."""
    player = Player.of(p.document(block))
    first = play(player, one_of(random))
    for number in range(len(first.states)):
        workflow = player.restore(first.states[number])
        for chosen, keys in zip(first.answers[number:], first.keys[number + 1 :], strict=True):
            answer(workflow, *chosen)
            assert frozenset(live(workflow)) == keys


@GENERATED
@example(LOOP_OF_BRANCHES, Random(1))
@given(PROCESSES, ORDERS)
def test_no_two_requests_of_a_run_share_a_key(block: Any, random: Any) -> None:
    """One key stands for one task, in whatever order and however many at a time the answers come."""
    player = Player.of(p.document(block))
    played = play(player, some_of(random))
    assert len(set(played.tasks.values())) == len(played.tasks)


@GENERATED
@example(LOOP_OF_BRANCHES, Random(1))
@example(TOKENS_BEHIND_A_JOIN, Random(1))
@given(PROCESSES, ORDERS)
def test_the_order_of_answers_changes_no_key(block: Any, random: Any) -> None:
    """Joins go on below whichever branch came last; the keys behind them are the same all the same."""
    player = Player.of(p.document(block))
    orderly = play(player, lambda waiting: tuple(waiting), restart=False)
    assert set(play(player, one_of(random)).tasks) == set(orderly.tasks)
