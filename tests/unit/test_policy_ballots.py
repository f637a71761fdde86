"""What makes a ballot valid, and what makes a rule about ballots unsound."""

from __future__ import annotations

from fractions import Fraction

import pytest

from socialbpm.policies import CONSENT, VERDICTS, Rule, flaw, folded
from socialbpm.posts import Choice

XYZ = tuple(Choice(key=key, label=key) for key in "xyz")


def rule(ballot: str, policy: str = "plurality", **parameters: object) -> Rule:
    """A rule for such ballots."""
    choices = {"verdict": VERDICTS, "consent": CONSENT}.get(ballot, XYZ)
    return Rule(policy=policy, choices=choices, ballot=ballot, **parameters)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("rules", "ballot", "words"),
    [
        (rule("single"), ("x",), ""),
        (rule("single"), (), ""),
        (rule("single"), ("w",), "'w' is not one of the choices"),
        (rule("single"), ("x", "y"), "more than one choice"),
        (rule("single"), ("abstain",), "abstaining is not offered"),
        (rule("single", abstain=True), ("abstain",), ""),
        (rule("single", abstain=True), ("x", "abstain"), "'abstain' is not one of the choices"),
        (rule("multiple", maximum=2), ("x", "y", "z"), "names 3 of at most 2 choices"),
        (rule("multiple", minimum=2), ("x",), "names 1 of at least 2 choices"),
        (rule("multiple", minimum=2), (), ""),  # an empty ballot takes the earlier one back
        (rule("ranked"), ("x", "y=z"), ""),
        (rule("ranked"), ("x", "y=x"), "a choice has two places"),
        (rule("ranked"), ("x", "w"), "'w' is not one of the choices"),
        (rule("ranked", minimum=3), ("x", "y=z"), ""),
        (rule("ranked", minimum=3), ("x", "y"), "names 2 of at least 3"),
        (rule("verdict"), ("approve",), ""),
        (rule("consent", "lazy_consensus"), ("object",), ""),
        (rule("text"), ("anything at all",), ""),
        (rule("text"), ("one", "two"), "more than one text"),
        (rule("text"), ("a" * 301,), "longer than 300 letters"),
    ],
)
def test_a_ballot_is_valid_or_its_flaw_is_told(rules: Rule, ballot: tuple[str, ...], words: str) -> None:
    """To the person who cast it."""
    assert flaw(rules, ballot).startswith(words) if words else flaw(rules, ballot) == ""


def test_texts_are_alike_whatever_their_case_and_gaps() -> None:
    """What people see as the same word is the same."""
    assert folded("  Straße  nach\nNorden ") == folded("STRASSE nach norden")


@pytest.mark.parametrize(
    ("rules", "words"),
    [
        (rule("single", "approval"), "policy 'approval' decides no single ballots; it is for multiple"),
        (rule("single", "borda"), "decides no single ballots; it is for ranked ballots"),
        (rule("verdict", "lazy_consensus"), "decides no verdict ballots; it is for consent ballots"),
        (rule("singel"), "ballot 'singel' is unknown; did you mean 'single'?"),
        (rule("single", minimum=2), "minimum is about ballots that name several choices"),
        (rule("multiple", minimum=0), "minimum is 0; it must be at least 1"),
        (rule("multiple", maximum=4), "maximum is 4, and there are 3 choices"),
        (rule("multiple", minimum=3, maximum=2), "minimum 3 is above maximum 2"),
        (rule("single", min_plus=2), "policy 'plurality' takes no minPlus"),
        (rule("single", "majority", min_plus=0), "minPlus is 0"),
        (rule("single", "majority", min_plus=4), "minPlus=4 can never be met"),
        (rule("single", strict=True), "takes no strict"),
        (rule("single", "supermajority", threshold=Fraction(1), strict=True), "nothing is more than 100%"),
        (rule("single", vetoes=1), "vetoes stop a proposal, and a poll makes none"),
        (rule("verdict", "veto", vetoes=0), "vetoes is 0; it must be at least 1"),
        (rule("verdict", "veto", vetoes=4), "4 vetoes can never come"),
        (rule("verdict", "veto", close="first_crossing"), "decided by the very first answer; add a quorum"),
        (rule("single", group_quorum={"legal": 0}), "the quorum of group 'legal' is 0"),
        (rule("consent", "lazy_consensus", quorum=2), "passes by silence and takes no quorum"),
        (rule("consent", "lazy_consensus", group_quorum={"a": 1}), "takes no groupQuorum"),
        (rule("ranked", "schulze", tie="earliest_to_reach"), 'tie="earliest_to_reach" asks which total'),
        (rule("text", close="decided", final=True), "needs choices that are known"),
        (rule("single", "majority", close="first_crossing"), 'write of="roll", add a quorum'),
        (
            Rule(policy="borda", choices=(Choice(key="a=b", label="a"),), ballot="ranked"),
            "the key 'a=b' cannot be ranked",
        ),
        (
            Rule(policy="plurality", choices=(Choice(key="abstain", label="a"),), abstain=True),
            "the key 'abstain' is what an abstention is called",
        ),
        (
            rule("single", "first_response", close="first_crossing", abstain=True),
            "abstaining decides nothing",
        ),
    ],
)
def test_a_rule_that_makes_no_sense_is_told_with_its_remedy(rules: Rule, words: str) -> None:
    """Each mistake by itself, in words of the model."""
    (problem,) = rules.problems(3)
    assert words in problem
    assert "; " in problem


@pytest.mark.parametrize(
    "rules",
    [
        rule("single", "majority", close="first_crossing", group_quorum={"legal": 1}),
        rule("verdict", "veto", close="first_crossing", quorum=2),
        rule("ranked", "schulze", minimum=1, maximum=3, tie="casting_vote", casting_vote="ada"),
        rule("consent", "lazy_consensus", vetoes=2),
        rule("ranked", "majority"),
    ],
)
def test_a_sound_rule_has_no_problem(rules: Rule) -> None:
    """What is refused is refused for a reason."""
    assert rules.problems(3) == []
