"""The tie rules: what is left of the tied choices. One: it wins. None: nothing changes. Several: a tie."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from socialbpm.policies.counts import Count
from socialbpm.policies.ranked.rankings import places
from socialbpm.policies.rule import Rule


def _option_order(rule: Rule, count: Count, tied: tuple[str, ...]) -> tuple[str, ...]:
    """The first as listed; in a review the strictest."""
    order = rule.keys[::-1] if rule.review else rule.keys
    return (min(tied, key=order.index),)


def _earliest(rule: Rule, count: Count, tied: tuple[str, ...]) -> tuple[str, ...]:
    """Whose total has stood longest; one ballot may have brought several there at once."""
    reached = {key: count.reached.get(key, 0) for key in tied}
    first = min(reached.values())
    return tuple(key for key in tied if reached[key] == first)


def _casting_vote(rule: Rule, count: Count, tied: tuple[str, ...]) -> tuple[str, ...]:
    """What the person with the casting vote chose, or ranked highest, if that names one of the tied."""
    chosen = places(count.casting) if count.ranked else (count.casting,)
    named = next((here for place in chosen if (here := tuple(key for key in tied if key in place))), ())
    return named if len(named) == 1 else tied


TIES: Mapping[str, Callable[[Rule, Count, tuple[str, ...]], tuple[str, ...]]] = {
    "tie": lambda rule, count, tied: tied,
    "status_quo": lambda rule, count, tied: (),
    "option_order": _option_order,
    "earliest_to_reach": _earliest,
    "casting_vote": _casting_vote,
}
