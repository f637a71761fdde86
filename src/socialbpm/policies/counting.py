"""The policies that need the totals alone: whose total is high enough, or the highest."""

from __future__ import annotations

from fractions import Fraction
from typing import TYPE_CHECKING

from socialbpm.policies.findings import Finding, Found, ordered
from socialbpm.policies.parts import NOTHING
from socialbpm.responses import ABSTAIN, Verdict

if TYPE_CHECKING:
    from socialbpm.policies.counts import Count
    from socialbpm.policies.rule import Rule

HALF = Fraction(1, 2)
TWO_THIRDS = Fraction(2, 3)
"""What a supermajority is if nothing is said."""


def first_response(rule: Rule, count: Count) -> Finding:
    """The first answer of those that stand carries."""
    return Finding(Found.TOO_FEW) if count.first == (ABSTAIN,) else Finding(Found.CARRIED, count.first)


def plurality(rule: Rule, count: Count) -> Finding:
    """The highest total carries."""
    return highest(count, rule.keys, NOTHING)


def n_of_m(rule: Rule, count: Count) -> Finding:
    """The highest total carries if it is ``n``."""
    return highest(count, rule.sought, Fraction(rule.n or 0))


def threshold(rule: Rule, count: Count) -> Finding:
    """The highest total carries if it is such a share."""
    bar = (rule.threshold or NOTHING) * whole(rule, count)
    return highest(count, rule.sought, bar, above=rule.strict)


def unanimous(rule: Rule, count: Count) -> Finding:
    """All agree who did not abstain: all of the roll, or with a quorum all who answered."""
    everybody = count.weight if rule.quorum is not None or count.roll_weight is None else count.roll_weight
    return highest(count, rule.sought, everybody - count.total(ABSTAIN))


def majority(rule: Rule, count: Count) -> Finding:
    """More than half carries. Of the votes, half against half is a tie; of the roll it is too little."""
    least = Fraction(rule.min_plus or 0)
    found = highest(count, rule.sought, HALF * whole(rule, count), above=True, least=least)
    if found.found in (Found.CARRIED, Found.TIED) or rule.share_of == "roll":
        return found
    halves = _halves(rule, count)
    return Finding(Found.TIED, halves) if len(halves) > 1 and count.total(halves[0]) >= least else found


def supermajority(rule: Rule, count: Count) -> Finding:
    """The highest total carries if it is such a share, two thirds if nothing else is said."""
    bar = (rule.threshold or TWO_THIRDS) * whole(rule, count)
    return highest(count, rule.sought, bar, above=rule.strict, least=Fraction(rule.min_plus or 0))


def order(rule: Rule, count: Count) -> tuple[str, ...]:
    """The choices by their totals."""
    return ordered({key: count.total(key) for key in rule.keys})


def highest(
    count: Count,
    among: tuple[str, ...],
    bar: Fraction,
    *,
    above: bool = False,
    least: Fraction = NOTHING,
) -> Finding:
    """The highest total carries if it is above nothing, at ``least`` that, and at the bar, or ``above`` it.

    Else there are too few votes, if fewer were given than it takes and either those who are silent could make
    up for it or nobody voted against a proposal, or for anything.
    """

    def enough(total: Fraction) -> bool:
        return total >= least and (total > bar if above else total >= bar)

    best = max((count.total(key) for key in among), default=NOTHING)
    if best and enough(best):
        leaders = tuple(key for key in among if count.total(key) == best)
        return Finding(Found.CARRIED if len(leaders) == 1 else Found.TIED, leaders)
    voiced = count.voiced
    short = not voiced or not enough(voiced)
    reachable = count.silent is None or enough(best + count.silent)
    unopposed = not voiced or (len(among) == 1 and best == voiced)
    return Finding(Found.TOO_FEW if short and (reachable or unopposed) else Found.FAILED)


def whole(rule: Rule, count: Count) -> Fraction:
    """Of what a share is a share: the votes without abstentions, or the whole roll."""
    return count.voiced if rule.share_of == "votes" or count.roll_weight is None else count.roll_weight


def _halves(rule: Rule, count: Count) -> tuple[str, ...]:
    """The two sides if each has exactly half of the votes; in a review for and against.

    Where a ballot may name several choices there are no sides.
    """
    if rule.ballot in ("multiple", "ranked"):
        return ()
    if rule.ballot != "verdict":
        return tuple(key for key in rule.keys if 2 * count.total(key) == count.voiced)
    if 2 * count.total(Verdict.APPROVE) != count.voiced:
        return ()
    milder = count.total(Verdict.CHANGES) > count.total(Verdict.REJECT)
    return (Verdict.APPROVE.value, Verdict.CHANGES.value if milder else Verdict.REJECT.value)
