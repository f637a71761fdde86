"""How answers become a decision: pure, exact, without clock and without I/O.

A policy is one declaration in ``declared``, a tie rule one function in ``ties``. Quorum, vetoes, outcome
words and the moment of closing are the same for all of them (``deciding``). What a policy looks at is kept
in a ``Count`` as answers come; ``opening`` makes the empty one. To add a policy, declare it. The rules in
plain words, with worked examples: docs/explanation/policies.md.
"""

from __future__ import annotations

from socialbpm.policies.ballots import flaw, folded
from socialbpm.policies.counts import Count
from socialbpm.policies.deciding import CLOSES, Ruling, decide, quorum, settle
from socialbpm.policies.declared import LATER, POLICIES, Policy, vetoes_needed
from socialbpm.policies.findings import Finding, Found
from socialbpm.policies.opening import Voter, joined, opening
from socialbpm.policies.possible import possible
from socialbpm.policies.rule import BALLOTS, CONSENT, VERDICTS, Rule
from socialbpm.policies.ties import TIES

__all__ = [
    "BALLOTS",
    "CLOSES",
    "CONSENT",
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
    "Voter",
    "decide",
    "flaw",
    "folded",
    "joined",
    "opening",
    "possible",
    "quorum",
    "settle",
    "vetoes_needed",
]
