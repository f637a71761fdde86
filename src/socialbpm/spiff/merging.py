"""What the data of several branches come to when they meet.

SpiffWorkflow merges the whole data of one branch after the other into one. So a branch that still carries an
old copy of a variable overrides what another has made of it since, and two results of one variable are mixed
item by item. Here only what a branch itself has changed since it parted from the others counts, and results
of social tasks are taken whole. What two branches have both changed is still merged as the engine does,
because models count on it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from copy import deepcopy
from typing import Any
from uuid import UUID

from SpiffWorkflow.task import Task
from SpiffWorkflow.util.deep_merge import DeepMerge

RESULT = frozenset(("outcome", "explanation"))
"""The keys that every result of a social task has."""

Data = dict[str, Any]
Arrival = tuple[float, Data]  # when it came, and with what


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
        arrived[task.id] = (
            _met(task, [arrived.pop(branch.id) for branch in branches])
            if branches
            else (task.last_state_change, task.parent.data)
        )
    return _in_order(arrived[order[0].id][1], tokens[-1].parent.data)


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


def _met(parted: Task, branches: Sequence[Arrival]) -> Arrival:
    """Branches that parted at one task, as one."""
    if len(branches) == 1:
        return branches[0]
    branches = sorted(branches, key=lambda branch: branch[0])
    return branches[-1][0], _merged(parted.data, [data for _, data in branches])


def _merged(base: Data, branches: Sequence[Data]) -> Data:
    changes = [_changed(base, data) for data in branches]
    untouched = base.keys() - {key for change in changes for key in change}
    kept = {key for data in branches for key in data}
    merged = {key: value for key, value in base.items() if key in untouched and key in kept}
    for change in changes:
        _take(merged, change)
    return merged


def _changed(base: Data, data: Data) -> Data:
    return {
        key: value
        for key, value in data.items()
        if key not in base or (value is not base[key] and value != base[key])
    }


def _take(merged: Data, change: Data) -> None:
    """The later branch wins; lists and dicts that both have changed are merged as the engine does."""
    drop_old_results(merged, change)
    both = {key: merged[key] for key in change.keys() & merged.keys()}
    merged.update({key: value for key, value in change.items() if key not in both})
    merged.update(DeepMerge.merge(deepcopy(both), {key: change[key] for key in both}))
