"""The policies of consent: what nobody vetoes passes, by silence or with so many in favour.

Vetoes are looked at before any of this (``vetoes``). The two kinds are those of the Apache Software
Foundation ("Apache voting process"): lazy consensus, and consensus approval with three binding votes in
favour.
"""

from __future__ import annotations

from fractions import Fraction
from typing import TYPE_CHECKING

from socialbpm.policies.counting import highest
from socialbpm.policies.findings import Finding, Found

if TYPE_CHECKING:
    from socialbpm.policies.counts import Count
    from socialbpm.policies.rule import Rule

ONE_VETO = 1
"""So many vetoes stop a proposal if nothing is said."""
ONE_FOR, THREE_FOR = 1, 3
"""So many in favour it takes under ``veto`` and under ``consensus_approval`` if nothing is said."""


def lazy_consensus(rule: Rule, count: Count) -> Finding:
    """Silence is consent."""
    return Finding(Found.CARRIED, rule.sought)


def consensus_approval(rule: Rule, count: Count) -> Finding:
    """So many are in favour."""
    return highest(count, rule.sought, Fraction(rule.min_plus or THREE_FOR))


def veto(rule: Rule, count: Count) -> Finding:
    """Somebody is in favour."""
    return highest(count, rule.sought, Fraction(rule.min_plus or ONE_FOR))
