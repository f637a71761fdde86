"""How an outcome is told: in one sentence that a person understands.

For example ``approved: 2 of 3 reviewers, threshold 2 approvals, closed at the deadline``.
"""

from __future__ import annotations

from fractions import Fraction
from typing import TYPE_CHECKING

from socialbpm.policies.counts import Count

if TYPE_CHECKING:
    from socialbpm.policies.deciding import Ruling
    from socialbpm.policies.rule import Rule

Noun = tuple[str, str]  # of one, of all other numbers

_REVIEWERS: Noun = ("reviewer", "reviewers")
_PEOPLE: Noun = ("person", "people")
_VOTES: Noun = ("vote", "votes")
_ANSWERS: Noun = ("answer", "answers")
_SAID = {"approve": "approved", "changes": "asked for changes", "reject": "rejected"}


def number(value: Fraction | int) -> str:
    """A weight as people write it: whole, or as a fraction, which is exact."""
    return str(Fraction(value))


def percent(value: Fraction) -> str:
    """A share in percent if two digits are exact, else as a fraction: ``51 %``, ``12.5 %``, ``2/3``."""
    hundredths = value * 10_000
    if hundredths.denominator != 1:
        return str(value)
    return f"{float(hundredths / 100):g} %"


def explain(rule: Rule, count: Count, ruling: Ruling, words: str, *, closing: bool) -> str:
    """The outcome, who said what, the rule (``words``), quorum, tie rule if it was used, and closing."""
    body = _review(count, ruling) if rule.review else _poll(rule, count, ruling)
    parts = [f"{ruling.outcome.replace('_', ' ')}: {body}", words, *_quorum(rule, count), *_tie(rule, ruling)]
    return ", ".join([*parts, _closed(rule, count, ruling, closing)])


def _review(count: Count, ruling: Ruling) -> str:
    if ruling.outcome == "approved" and ruling.found == "carried":
        return _of_roll(count, count.heads["approve"], _REVIEWERS) + _weighted(count, "approve")
    if ruling.outcome in ("expired", "no_quorum"):
        return _of_roll(count, count.ballots, _REVIEWERS) + " answered"
    said = [f"{people} {_SAID[verdict]}" for verdict in _SAID if (people := count.heads.get(verdict, 0))]
    whole = count.ballots if count.roll is None else count.roll
    return f"of {whole} {_noun(whole, _REVIEWERS)} {', '.join(said)}"


def _poll(rule: Rule, count: Count, ruling: Ruling) -> str:
    if ruling.outcome in ("no_votes", "no_quorum"):
        return _of_roll(count, count.ballots, _PEOPLE) + " answered"
    best = max(count.totals.values())
    leaders = [choice for choice in rule.choices if count.total(choice.key) == best]
    shown = [choice for choice in leaders if not ruling.winners or choice.key in ruling.winners]
    if rule.policy == "first_response":
        shown = [choice for choice in rule.choices if choice.key in ruling.winners]
    names = " and ".join(f"“{choice.label}”" for choice in shown)
    total, votes = number(count.total(shown[0].key)), _noun(count.weight, _VOTES)
    each = " each" if len(shown) > 1 else ""
    return f"{names} with {total} of {number(count.weight)} {votes}{each}"


def _of_roll(count: Count, people: int, who: Noun) -> str:
    if count.roll is None:
        return f"{people} {_noun(people, who)}"
    return f"{people or 'none'} of {count.roll} {_noun(count.roll, who)}"


def _noun(amount: Fraction | int, noun: Noun) -> str:
    return noun[amount != 1]


def _weighted(count: Count, choice: str) -> str:
    if count.roll_weight is None or count.roll_weight == count.roll:
        return ""
    return f" with {number(count.total(choice))} of {number(count.roll_weight)} votes"


def _quorum(rule: Rule, count: Count) -> list[str]:
    if rule.quorum is None:
        return []
    wanted = percent(rule.quorum) if isinstance(rule.quorum, Fraction) else str(rule.quorum)
    needed = rule.quorum * (count.roll or 0) if isinstance(rule.quorum, Fraction) else rule.quorum
    met = "met" if count.ballots >= needed else "not met"
    return [f"quorum {wanted} {met} by {count.ballots} {_noun(count.ballots, _ANSWERS)}"]


def _tie(rule: Rule, ruling: Ruling) -> list[str]:
    if ruling.found != "tied" or rule.tie == "tie":
        return []
    first = "the strictest stands" if rule.review else "the first listed wins"
    told = {
        "status_quo": "equal votes change nothing",
        "option_order": f"of equals {first}",
        "earliest_to_reach": "of equals the one that got there first wins",
        "casting_vote": f"{rule.casting_vote} has the casting vote",
    }
    return [told[rule.tie]]


def _closed(rule: Rule, count: Count, ruling: Ruling, closing: bool) -> str:
    """When it closed. What is closed by its first crossing depends on the order of answers, and says so."""
    if closing:
        return "closed at the deadline"
    if count.ballots == count.roll:
        return "closed when everybody had answered"
    if rule.close == "decided":
        return "closed early because the answers still missing could not change it"
    if rule.policy == "first_response":
        return "no other answer was waited for"
    reached = "out of reach" if ruling.found == "failed" else "reached"
    return f"closed early as soon as that was {reached}, so the order of answers mattered"
