"""What makes a ballot valid, by the rule that it is cast under."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from socialbpm.policies.ranked.rankings import places
from socialbpm.responses import ABSTAIN

if TYPE_CHECKING:
    from socialbpm.policies.rule import Rule

LONGEST_TEXT = 300
SHOWN = 40
OBJECTION = "object"


def flaw(rule: Rule, ballot: tuple[str, ...], *, reasoned: bool = True) -> str:
    """Why a ballot does not count, for the person who cast it; '' if it does. An empty one takes it back.

    ``reasoned`` says whether it came with a reason: who objects to a proposal owes one.
    """
    if ballot == (ABSTAIN,):
        return "" if rule.abstain else "abstaining is not offered here"
    if rule.ballot == "text":
        return _of_text(ballot)
    if rule.ballot == "consent" and not reasoned and OBJECTION in ballot:
        return "an objection needs a reason: say why, and send it again"
    return next(_flaws(rule, _named(rule, ballot)), "") if ballot else ""


def folded(text: str) -> str:
    """A text as it is compared with others: the case of letters and the width of gaps mean nothing."""
    return " ".join(text.casefold().split())


def _named(rule: Rule, ballot: tuple[str, ...]) -> tuple[str, ...]:
    """The choices that a ballot names, as often as it names them."""
    return tuple(key for place in places(ballot) for key in place) if rule.ballot == "ranked" else ballot


def _flaws(rule: Rule, named: tuple[str, ...]) -> Iterator[str]:
    unknown = [key for key in named if key not in rule.keys]
    if unknown:
        yield f"{unknown[0][:SHOWN]!r} is not one of the choices"
    if len(set(named)) < len(named) and rule.ballot == "ranked":
        yield "a choice has two places in one ranking"
    if len(named) > 1 and rule.ballot not in ("multiple", "ranked"):
        yield "more than one choice where one is asked for"
    if rule.minimum is not None and len(named) < rule.minimum:
        yield f"names {len(named)} of at least {rule.minimum} choices"
    if rule.maximum is not None and len(named) > rule.maximum:
        yield f"names {len(named)} of at most {rule.maximum} choices"


def _of_text(ballot: tuple[str, ...]) -> str:
    if len(ballot) > 1:
        return "more than one text where one is asked for"
    return f"longer than {LONGEST_TEXT} letters" if ballot and len(ballot[0]) > LONGEST_TEXT else ""
