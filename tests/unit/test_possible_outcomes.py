"""What a rule can end with: neither more nor less than what some answers lead to."""

from __future__ import annotations

from collections.abc import Iterator
from fractions import Fraction
from itertools import combinations, product

import pytest

from socialbpm.policies import TIES, VERDICTS, Count, Rule, possible, settle
from socialbpm.posts import Choice

POLL = tuple(Choice(key=key, label=key.upper()) for key in "xy")
TAKES: dict[str, list[dict[str, object]]] = {
    "n_of_m": [{"n": 2}],
    "supermajority": [{"threshold": Fraction(2, 3)}],
    "threshold": [
        {"threshold": Fraction(2, 3), "share_of": "votes"},
        {"threshold": Fraction(2, 3), "share_of": "roll"},
    ],
}
EXACT = ("first_response", "n_of_m", "plurality", "supermajority", "threshold", "unanimous")
"""Four people reach every outcome that these may have; of the others none is hidden: test_policy_laws."""

RULES = [
    Rule(
        policy=policy,
        choices=VERDICTS if review else POLL,
        ballot="verdict" if review else "multiple",
        tie=tie,
        quorum=quorum,
        casting_vote="chair" if tie == "casting_vote" else "",
        **takes,  # type: ignore[arg-type]
    )
    for policy in EXACT
    for review in (True, False)
    for tie in sorted(TIES)
    for quorum in ((None,) if policy == "first_response" else (None, 2))
    for takes in TAKES.get(policy, [{}])
]


def counts(rule: Rule) -> Iterator[Count]:
    """All that a roll of up to four can come to, each once answering and each once changing the answer."""
    sizes = range(1, 2 if rule.review else len(rule.keys) + 1)
    ballots = [(), *(ballot for size in sizes for ballot in combinations(rule.keys, size))]
    for roll in range(1, 5):
        for answers in product(ballots, repeat=roll):
            count = Count.of_roll([Fraction(1)] * roll)
            for seq, ballot in enumerate(answers, 1):
                count = count.cast((), ballot, seq=seq, casting=seq == 1) if ballot else count
            yield count
            if answers[-1]:
                yield from (count.cast(answers[-1], ballot, seq=9) for ballot in ballots if ballot)


@pytest.mark.parametrize(
    "rule", RULES, ids=lambda rule: f"{rule.policy}-{rule.review}-{rule.tie}-{rule.quorum}"
)
def test_possible_is_what_some_answers_lead_to(rule: Rule) -> None:
    """Compared with every way in which up to four people can answer."""
    assert possible(rule) == {settle(rule, count).outcome for count in counts(rule)}


@pytest.mark.parametrize("review", [True, False])
def test_a_first_answer_never_ties(review: bool) -> None:
    """It has nobody beside it."""
    choices, ballot = (VERDICTS, "verdict") if review else (POLL, "single")
    rule = Rule(policy="first_response", choices=choices, ballot=ballot)
    assert not possible(rule) & {"tie", "no_quorum", "undecided"}
