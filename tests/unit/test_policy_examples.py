"""The worked examples of docs/explanation/policies.md, run."""

from __future__ import annotations

import re
from fractions import Fraction
from pathlib import Path

import pytest

from socialbpm.policies import CONSENT, POLICIES, TIES, VERDICTS, Count, Rule, decide
from socialbpm.policies.ranked.rankings import parse
from socialbpm.posts import Choice
from tests.unit.electorates import Answer, Election, Person

PAGE = Path(__file__).parents[2] / "docs/explanation/policies.md"
ROW = re.compile(r"\| `(policy=[^`]+)` \| (\d+) \| ([a-z, :>=]*)\| `(\w+)`([a-z ]*) \|")
EXAMPLES = [match.groups() for match in map(ROW.fullmatch, PAGE.read_text().splitlines()) if match]
CHOICES = {"verdict": VERDICTS, "consent": CONSENT}
DIRECTIONS = tuple(Choice(key=key, label=key) for key in ("north", "south", "east"))
FIELDS = {"of": "share_of", "minPlus": "min_plus"}


def value(name: str, text: str) -> object:
    """As an attribute is written: a name, a count, a percentage, a fraction."""
    if name in ("of", "tie", "policy"):
        return text
    if text.endswith("%"):
        return Fraction(text[:-1]) / 100
    return Fraction(text) if "/" in text else text == "true" if name == "strict" else int(text)


def rule(attributes: str, ballot: str) -> Rule:
    """The rule that the attributes state."""
    said = dict(re.findall(r'(\w+)="([^"]+)"', attributes))
    given = {FIELDS.get(name, name): value(name, text) for name, text in said.items()}
    return Rule(choices=CHOICES.get(ballot, DIRECTIONS), ballot=ballot, abstain=True, **given)  # type: ignore[arg-type]


def kind(attributes: str, answers: str, outcome: str) -> str:
    """What kind of ballots an example is about: as they look."""
    if "lazy" in attributes or any(choice.key in answers for choice in CONSENT):
        return "consent"
    if outcome == "expired" or any(choice.key in answers for choice in VERDICTS):
        return "verdict"
    if ">" in answers:
        return "ranked"
    return "multiple" if "approval" in attributes else "single"


def ballots(answers: str, ballot: str) -> list[Answer]:
    """One answer each, in this order; after a colon its reason."""
    given = [answer.strip().partition(":") for answer in answers.split(",") if answer.strip()]
    return [
        Answer(person, parse(said) if ballot == "ranked" else tuple(said.split()), bool(colon))
        for person, (said, colon, _) in enumerate(given)
    ]


@pytest.mark.parametrize(("attributes", "people", "answers", "outcome", "winners"), EXAMPLES)
def test_an_example_comes_out_as_the_page_says(
    attributes: str, people: str, answers: str, outcome: str, winners: str
) -> None:
    """At the deadline, with these answers in this order."""
    ballot = kind(attributes, answers, outcome)
    asked = rule(attributes, ballot)
    election = Election(asked, [Person()] * int(people), ballots(answers, ballot))
    result = decide(asked, election.count(), closing=True)
    assert result is not None
    assert result.outcome == outcome
    if winners.strip():
        assert result.winners == tuple(winners.split())


def test_the_page_has_an_example_of_each_policy_and_names_each_tie_rule() -> None:
    """And the examples are found at all."""
    text = PAGE.read_text()
    assert len(EXAMPLES) > 50
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
            Rule(policy="n_of_m", n=2, choices=VERDICTS, ballot="verdict", close=close, final=True), count
        )
        assert (outcome.outcome if outcome else None) == expected
