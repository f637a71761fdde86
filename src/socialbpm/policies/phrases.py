"""Numbers, shares and rules in the words of an explanation."""

from __future__ import annotations

from fractions import Fraction
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from socialbpm.policies.rule import Rule

Noun = tuple[str, str]  # of one, of all other numbers


def number(value: Fraction | int) -> str:
    """A weight as people write it: whole, or as a fraction, which is exact."""
    return str(Fraction(value))


def percent(value: Fraction) -> str:
    """A share in percent if two digits are exact, else as a fraction: ``51 %``, ``12.5 %``, ``2/3``."""
    hundredths = value * 10_000
    if hundredths.denominator != 1:
        return str(value)
    whole, rest = divmod(int(hundredths), 100)
    return f"{whole}.{rest:02}".rstrip("0").rstrip(".") + " %"


def counted(amount: Fraction | int, noun: Noun) -> str:
    """An amount with its noun: ``1 vote``, ``2 votes``."""
    return f"{number(amount)} {one_or_more(amount, noun)}"


def one_or_more(amount: Fraction | int, noun: Noun) -> str:
    """The noun as it goes with this amount."""
    return noun[amount != 1]


def all_of_them(rule: Rule) -> str:
    """What unanimity asks for."""
    who = "all" if rule.quorum is None else "all who answer"
    return f"{who} must {'approve' if rule.review else 'agree'}"


def so_many(rule: Rule, needed: int) -> str:
    """A review counts approvals: without the word, a rejected one would seem to meet its threshold."""
    return "threshold " + counted(needed, ("approval", "approvals") if rule.review else ("vote", "votes"))


def so_many_for(rule: Rule, needed: int) -> str:
    """How many in favour it takes besides no veto."""
    return f"{needed} in favour needed and no veto"


def such_a_share(rule: Rule, share: Fraction) -> str:
    """What share it takes, and of what."""
    beyond = "more than " if rule.strict else ""
    return f"threshold {beyond}{percent(share)} of {_of_what(rule)}{_approving(rule)}{_besides(rule)}"


def more_than_half(rule: Rule) -> str:
    """What a majority is a majority of."""
    return f"more than half of {_of_what(rule)} needed{_approving(rule)}{_besides(rule)}"


def _of_what(rule: Rule) -> str:
    return "everybody on the roll" if rule.share_of == "roll" else "the votes"


def _approving(rule: Rule) -> str:
    return " for approval" if rule.review else ""


def _besides(rule: Rule) -> str:
    return f", at least {rule.min_plus} of them" if rule.min_plus else ""
