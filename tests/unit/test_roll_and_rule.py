"""Does a rule fit the people on the roll? What is asked when a model is checked, and when a request opens."""

from __future__ import annotations

from fractions import Fraction

import pytest

from socialbpm.policies import CONSENT, Rule, flaw

ROLL = {"ada": frozenset({"legal"}), "grace": frozenset({"design"}), "linus": frozenset({"design"})}
WEIGHTS = dict.fromkeys(ROLL, Fraction(1))


def problems(rule: Rule) -> list[str]:
    """What is wrong with a rule for the three of the roll."""
    return rule.problems(roll=WEIGHTS, groups=ROLL)


def consent(policy: str = "consensus_approval", **changes: object) -> Rule:
    """A proposal under some rule."""
    return Rule(policy=policy, choices=CONSENT, ballot="consent", **changes)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({"group_quorum": {"legl": 1}}, "is in a group 'legl'; did you mean 'legal'?"),
        ({"group_quorum": {"press": 1}}, "is in a group 'press'; put somebody in it, or use another name"),
        ({"group_quorum": {"design": 3}}, "the quorum of group 'design' is 3, and 2 of it may answer"),
        ({"binding": frozenset({"desing"})}, "is in a group 'desing'; did you mean 'design'?"),
        ({"binding": frozenset({"design"})}, "minPlus=3 can never be met: the whole roll has 2 votes"),
    ],
)
def test_a_group_that_can_never_meet_the_rule_is_named(changes: dict[str, object], expected: str) -> None:
    """A misspelt group, one that is too small, and votes that are needed but not binding."""
    assert [each for each in problems(consent(min_plus=3, **changes)) if expected in each]


def test_groups_that_are_there_are_no_problem() -> None:
    """One from legal and two from design, of one and two; and where no roll is known, none is judged."""
    rule = consent(min_plus=3, group_quorum={"legal": 1, "design": 2})
    assert problems(rule) == []
    assert consent(group_quorum={"press": 9}).problems() == []


def test_an_objection_without_a_reason_is_no_valid_ballot() -> None:
    """It stops nothing and is told why; with a reason it counts, and support needs none."""
    assert "needs a reason" in flaw(consent(), ("object",), reasoned=False)
    assert flaw(consent(), ("object",), reasoned=True) == ""
    assert flaw(consent(), ("support",), reasoned=False) == ""
