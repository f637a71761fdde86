"""What the data of several branches come to when they meet.

SpiffWorkflow merges the whole data of one branch after the other into one. So a branch that still carries an
old copy of a variable overrides what another has made of it since, and two results of one variable are mixed
item by item. Here only what a branch itself has changed since it parted from the others counts, and results
of social tasks are taken whole. Of what two branches have both changed the later writing wins; lists and
dicts are still merged as the engine does, because models count on it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from copy import deepcopy
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from SpiffWorkflow.task import Task
from SpiffWorkflow.util.deep_merge import DeepMerge

RESULT = frozenset(("outcome", "explanation"))
"""The keys that every result of a social task has."""

Data = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Arrival:
    """One or more branches brought together: their data, and for each key the token that brought its value.

    ``at`` is when the last of them came.
    """

    at: float
    data: Data
    brought: Mapping[str, Task]


def together(tokens: Sequence[Task]) -> Data:
    """The data of tokens that meet: each of these tasks of a join brings what its parent has.

    Branches of branches are brought together first, each set against the data of the task where they parted.
    The last of ``tokens`` is the one that goes on.
    """
    below = _ways(tokens)
    order = [_top(tokens[0])]
    for task in order:
        order.extend(below.get(task.id, ()))
    arrived: dict[UUID, Arrival] = {}
    for task in reversed(order):
        branches = below.get(task.id, ())
        met = [arrived.pop(branch.id) for branch in branches]
        arrived[task.id] = _met(task, met) if met else _arrival(task)
    return _in_order(arrived[order[0].id].data, tokens[-1].parent.data)


def drop_old_results(data: Data, newer: Mapping[str, Any]) -> None:
    """Take from ``data`` the results that ``newer``, which is about to be merged in, replaces."""
    for key, value in newer.items():
        if is_result(value) and data.get(key) != value:
            data.pop(key, None)


def is_result(value: Any) -> bool:
    """Whether a value is the result of a social task."""
    return isinstance(value, dict) and value.keys() >= RESULT


def _in_order(data: Data, like: Data) -> Data:
    """With the keys in the order in which they come back when the task is restored from its parent's data."""
    return {key: data[key] for key in like if key in data} | data


def _top(task: Task) -> Task:
    while task.parent is not None:
        task = task.parent
    return task


def _ways(tokens: Sequence[Task]) -> dict[UUID, list[Task]]:
    """The ways that lead to the tokens: of each task on them, its children that are on them too."""
    below: dict[UUID, list[Task]] = {}
    for token in tokens:
        at = token
        while (parent := at.parent) is not None:
            known = parent.id in below
            below.setdefault(parent.id, []).append(at)
            if known:
                break
            at = parent
    return below


def _arrival(token: Task) -> Arrival:
    data = token.parent.data
    return Arrival(token.last_state_change, data, dict.fromkeys(data, token))


def _met(parted: Task, branches: Sequence[Arrival]) -> Arrival:
    """Branches that parted at one task, as one."""
    if len(branches) == 1:
        return branches[0]
    branches = sorted(branches, key=lambda branch: branch.at)
    base, data, brought = parted.data, Data(), dict[str, Task]()
    for branch in branches:
        for key, value in branch.data.items():
            if key not in base or _differ(value, base[key]):
                _take(key, branch, data, brought)
    for branch in branches:
        for key in branch.data:
            if key not in data:
                data[key], brought[key] = branch.data[key], branch.brought[key]
    return Arrival(branches[-1].at, data, brought)


def _take(key: str, branch: Arrival, data: Data, brought: dict[str, Task]) -> None:
    """What was written later wins; of lists and dicts that both have written, as the engine merges them."""
    value, token = branch.data[key], branch.brought[key]
    if key not in data:
        data[key], brought[key] = value, token
        return
    newer = _written(token, key) >= _written(brought[key], key)
    older, value = (data[key], value) if newer else (value, data[key])
    data[key] = value if is_result(value) else DeepMerge.merge({key: deepcopy(older)}, {key: value})[key]
    brought[key] = token if newer else brought[key]


def _written(token: Task, key: str) -> float:
    """When the value that a token brings under ``key`` was written: up its way as far as it was the same."""
    at = token.parent
    while (before := at.parent) is not None and key in before.data:
        if _differ(at.data[key], before.data[key]):
            break
        at = before
    return float(at.last_state_change)


def _differ(one: Any, other: Any) -> bool:
    return one is not other and one != other
