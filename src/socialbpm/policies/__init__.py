"""How answers become a decision: pure, exact, without clock and without I/O.

A policy is one declaration in ``declared``, a tie rule one function in ``ties``. Quorum, outcome words and
the moment of closing are the same for all of them (``deciding``). To add a policy, declare it. The rules in
plain words, with worked examples: docs/explanation/policies.md.
"""

from __future__ import annotations

from socialbpm.policies.counts import Count
from socialbpm.policies.deciding import CLOSES, Ruling, decide, quorum, settle
from socialbpm.policies.declared import LATER, POLICIES, Finding, Found, Policy
from socialbpm.policies.possible import possible
from socialbpm.policies.rule import VERDICTS, Rule
from socialbpm.policies.ties import TIES

__all__ = [
    "CLOSES",
    "LATER",
    "POLICIES",
    "TIES",
    "VERDICTS",
    "Count",
    "Finding",
    "Found",
    "Policy",
    "Rule",
    "Ruling",
    "decide",
    "possible",
    "quorum",
    "settle",
]
