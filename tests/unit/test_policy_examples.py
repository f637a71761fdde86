"""The worked examples of docs/explanation/policies.md, run."""

from __future__ import annotations

import re
from fractions import Fraction
from pathlib import Path

import pytest

from socialbpm.policies import POLICIES, TIES, VERDICTS, Count, Rule, decide
from socialbpm.posts import Choice

PAGE = Path(__file__).parents[2] / "docs/explanation/policies.md"
ROW = re.compile(r"\| `(policy=[^`]+)` \| (\d+) \| ([a-z, ]*)\| `(\w+)`([a-z ]*) \|")
EXAMPLES = [match.groups() for match in map(ROW.fullmatch, PAGE.read_text().splitlines()) if match]
DIRECTIONS = tuple(Choice(key=key, label=key) for key in ("north", "south", "east"))


def number(text: str) -> int | Fraction:
    """As an attribute is written: a count, a percentage, a fraction."""
    if text.endswith("%"):
        return Fraction(text[:-1]) / 100
    return Fraction(text) if "/" in text else int(text)


def rule(attributes: str, *, review: bool) -> Rule:
    """The rule that the attributes state."""
    said = dict(re.findall(r'(\w+)="([^"]+)"', attributes))
    if "of" in said:
        said["share_of"] = said.pop("of")
    parameters = {
        name: number(text) if name in ("n", "threshold", "quorum") else text for name, text in said.items()
    }
    return Rule(choices=VERDICTS if review else DIRECTIONS, review=review, **parameters)  # type: ignore[arg-type]


@pytest.mark.parametrize(("attributes", "people", "answers", "outcome", "winners"), EXAMPLES)
def test_an_example_comes_out_as_the_page_says(
    attributes: str, people: str, answers: str, outcome: str, winners: str
) -> None:
    """At the deadline, with these answers in this order."""
    said = [answer.strip() for answer in answers.split(",") if answer.strip()]
    count = Count.of_roll([Fraction(1)] * int(people))
    for seq, answer in enumerate(said, 1):
        count = count.cast((), (answer,), seq=seq)
    verdicts = {choice.key for choice in VERDICTS}
    review = outcome == "expired" or bool(said and verdicts & set(said))
    result = decide(rule(attributes, review=review), count, closing=True)
    assert result is not None
    assert result.outcome == outcome
    if winners.strip():
        assert result.winners == tuple(winners.split())


def test_the_page_has_an_example_of_each_policy_and_names_each_tie_rule() -> None:
    """And the examples are found at all."""
    text = PAGE.read_text()
    assert len(EXAMPLES) > 20
    assert {re.findall(r'policy="(\w+)"', attributes)[0] for attributes, *_ in EXAMPLES} == set(POLICIES)
    assert all(f"| `{tie}` |" in text for tie in TIES)


@pytest.mark.parametrize(
    ("answers", "decided", "crossed"),
    [
        (["approve", "approve"], "approved", "approved"),
        (["changes", "changes"], "changes_requested", "changes_requested"),
        (["changes", "reject"], None, "rejected"),
    ],
)
def test_the_examples_of_closing_early(answers: list[str], decided: str | None, crossed: str) -> None:
    """Two of three must approve; two have answered."""
    count = Count.of_roll([Fraction(1)] * 3)
    for seq, answer in enumerate(answers, 1):
        count = count.cast((), (answer,), seq=seq)
    for close, expected in (("decided", decided), ("first_crossing", crossed)):
        outcome = decide(
            Rule(policy="n_of_m", n=2, choices=VERDICTS, review=True, close=close, final=True), count
        )
        assert (outcome.outcome if outcome else None) == expected
