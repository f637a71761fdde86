"""Vetoes, lazy consensus, consensus approval, quorums of groups and votes that do not bind, case by case."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction

import pytest

from socialbpm.policies import CONSENT, VERDICTS, Count, Rule, decide, opening
from socialbpm.policies.groups import read, written
from socialbpm.posts import Choice
from socialbpm.responses import ABSTAIN, Outcome
from tests.unit.electorates import Answer, Election, Person

SAID = {"+": "support", "-": "object", "a": "approve", "c": "changes", "r": "reject", "0": ABSTAIN}


def proposal(policy: str = "lazy_consensus", **parameters: object) -> Rule:
    """What people object to, or not."""
    return Rule(policy=policy, choices=CONSENT, ballot="consent", abstain=True, **parameters)  # type: ignore[arg-type]


def review(policy: str, **parameters: object) -> Rule:
    """What people give verdicts about."""
    return Rule(policy=policy, choices=VERDICTS, ballot="verdict", abstain=True, **parameters)  # type: ignore[arg-type]


def count(rule: Rule, answers: str, roll: int = 9) -> Count:
    """One answer per letter; an exclamation mark after it says that it came with a reason."""
    given = [
        Answer(person, (SAID[answer[0]],), answer.endswith("!"))
        for person, answer in enumerate(answers.split())
    ]
    return Election(rule, [Person()] * roll, given).count()


def closed(rule: Rule, standing: Count) -> Outcome:
    """What comes out at the deadline."""
    outcome = decide(rule, standing, closing=True)
    assert outcome is not None
    return outcome


@pytest.mark.parametrize(
    ("rule", "answers", "outcome"),
    [
        (proposal(), "", "passed"),  # nobody spoke
        (proposal(), "+ 0", "passed"),
        (proposal(), "-", "passed"),  # without a reason it is no veto
        (proposal(), "-!", "vetoed"),
        (proposal(), "+ + + -!", "vetoed"),
        (proposal(vetoes=2), "-!", "passed"),
        (proposal(vetoes=2), "-! -!", "vetoed"),
        (proposal("consensus_approval"), "+ + +", "passed"),
        (proposal("consensus_approval"), "+ + + -", "passed"),
        (proposal("consensus_approval"), "+ + + -!", "vetoed"),  # a change of code, by the Apache rules
        (proposal("consensus_approval"), "+ +", "no_quorum"),
        (proposal("consensus_approval"), "", "no_quorum"),
        (proposal("consensus_approval", min_plus=1), "+", "passed"),
        (proposal("veto"), "+", "passed"),
        (proposal("veto"), "0", "no_quorum"),
        (review("consensus_approval"), "a a a", "approved"),
        (review("consensus_approval"), "a a a r!", "rejected"),
        (review("consensus_approval"), "a a", "no_quorum"),
        (review("consensus_approval"), "", "expired"),
        (review("veto"), "a r", "approved"),
        (review("veto"), "a r!", "rejected"),
        (review("n_of_m", n=2, vetoes=1), "a a r!", "rejected"),
        (review("n_of_m", n=2, vetoes=1, quorum=5), "r!", "rejected"),  # a veto waits for nobody
        (review("majority", min_plus=3), "a a a r!", "approved"),  # a release, by the Apache rules: no veto
        (review("majority", min_plus=3), "a a", "no_quorum"),  # nobody was against it
        (review("majority", min_plus=3), "a a r", "rejected"),
        (review("majority"), "a r", "tie"),
        (review("majority"), "a a r", "approved"),
        (review("majority"), "a c r", "rejected"),
        (review("majority", quorum=2), "0 0", "tie"),  # nothing to nothing
        (review("majority", quorum=3), "a 0 0", "approved"),  # abstentions count for the quorum alone
        (review("majority", share_of="roll"), "a a a a", "no_quorum"),
        (review("majority", share_of="roll"), "a a a a a", "approved"),
        (review("supermajority"), "a a r", "approved"),
        (review("supermajority", strict=True), "a a r", "rejected"),
        (review("supermajority", threshold=Fraction(3, 4)), "a a r", "rejected"),
        (review("unanimous", quorum=2), "a 0", "approved"),  # who abstains is not against it
        (review("plurality"), "0 0", "no_quorum"),
    ],
)
def test_the_outcomes(rule: Rule, answers: str, outcome: str) -> None:
    """At the deadline, with a roll of nine."""
    assert closed(rule, count(rule, answers)).outcome == outcome


def test_half_of_the_roll_is_no_majority_of_it() -> None:
    """Half is not more than half, even if nobody is against it."""
    rule = review("majority", share_of="roll")
    assert closed(rule, count(rule, "a a r r", roll=4)).outcome == "rejected"


def test_a_withdrawn_veto_reopens() -> None:
    """Taken back, or turned into support, it does not stand in the way at the end."""
    rule = proposal()
    vetoed = count(rule, "-!")
    for new in ((), ("support",)):
        again = vetoed.cast(("object",), new, seq=2, was_reasoned=True)
        assert closed(rule, again).outcome == "passed"


def test_a_reason_given_later_makes_a_veto() -> None:
    """The same objection, now with its reason."""
    rule = proposal()
    noted = count(rule, "-")
    assert closed(rule, noted).outcome == "passed"
    assert closed(rule, noted.cast(("object",), ("object",), seq=2, reasoned=True)).outcome == "vetoed"


def test_silence_is_never_judged_before_the_end() -> None:
    """However it would be asked for."""
    rule = proposal(final=True)
    for close in ("decided", "first_crossing"):
        assert "silence until its end" in replace(rule, close=close).problems()[0]
    assert decide(rule, count(rule, "+ + +")) is None


def test_final_vetoes_decide_early() -> None:
    """No completion can take it back; before that, anybody silent could still veto."""
    rule = review("consensus_approval", final=True, close="decided")
    assert decide(rule, count(rule, "a a a", roll=4)) is None
    early = decide(rule, count(rule, "a r!", roll=4))
    assert early is not None
    assert early.outcome == "rejected"


@pytest.mark.parametrize(
    ("rule", "answers", "sentence"),
    [
        (
            proposal(),
            "",
            "passed: none of 9 people answered, silence is consent, closed at the deadline",
        ),
        (
            proposal(),
            "+ -",
            "passed: 2 of 9 people answered (1 in favour, 1 against), silence is consent, "
            "1 against without a reason, which is no veto, closed at the deadline",
        ),
        (
            proposal(),
            "+ -!",
            "vetoed: 2 of 9 people answered (1 in favour, 1 against), silence is consent, "
            "stopped by 1 veto with a reason, closed at the deadline",
        ),
        (
            review("n_of_m", n=2, vetoes=2),
            "a a r!",
            "approved: 2 of 9 reviewers, threshold 2 approvals, 1 veto did not suffice to stop it, "
            "closed at the deadline",
        ),
        (
            review("plurality"),
            "a a 0",
            "approved: 2 of 9 reviewers, most votes win, closed at the deadline",
        ),
    ],
)
def test_the_explanations(rule: Rule, answers: str, sentence: str) -> None:
    """They say who stopped it, and that an objection without a reason did not."""
    assert closed(rule, count(rule, answers)).explanation == sentence


# groups

LEGAL, DESIGN = frozenset({"legal"}), frozenset({"design"})
BOARD = [Person(groups=LEGAL), Person(groups=DESIGN), Person(groups=DESIGN), Person(groups=LEGAL | DESIGN)]


@pytest.mark.parametrize(
    ("who", "outcome"),
    [
        ((0, 1, 2), "approved"),
        ((0, 3), "no_quorum"),  # one person in both groups counts in each, but design lacks one
        ((1, 3), "approved"),  # of legal the one in both
        ((1, 2), "no_quorum"),
        ((), "expired"),
    ],
)
def test_one_from_legal_and_two_from_design(who: tuple[int, ...], outcome: str) -> None:
    """A quorum of groups is met when it is met in each."""
    rule = review("plurality", group_quorum={"legal": 1, "design": 2})
    election = Election(rule, BOARD, [Answer(person, ("approve",)) for person in who])
    assert closed(rule, election.count()).outcome == outcome


def test_how_each_group_stands_is_told() -> None:
    """What is missing, and from whom."""
    rule = review("plurality", group_quorum={"legal": 1, "design": 2})
    election = Election(rule, BOARD, [Answer(0, (ABSTAIN,)), Answer(1, ("approve",))])
    told = closed(rule, election.count()).explanation
    assert "quorum of groups not met (legal 1 of 1; design 1 of 2)" in told


def test_a_quorum_of_groups_is_read_as_it_is_written() -> None:
    """``GROUP:NUMBER``, separated by spaces or commas."""
    assert read("legal:1, design:2") == {"legal": 1, "design": 2}
    assert written(read("legal:1 design:2")) == "legal:1 design:2"
    for wrong in ("legal", "legal:0", "legal:x", ":2", "legal:1 legal:2"):
        with pytest.raises(ValueError, match="GROUP:NUMBER"):
            read(wrong)


# votes that do not bind


def test_only_binding_votes_decide() -> None:
    """The others are told, and neither count for the quorum nor veto."""
    rule = review("consensus_approval", binding=frozenset({"legal"}), quorum=Fraction(1))
    standing = opening(rule, BOARD)
    assert (standing.roll, standing.roll_weight) == (2, 2)
    standing = standing.cast((), ("approve",), seq=1).cast((), ("approve",), seq=2)
    standing = standing.advise((), ("reject",)).advise((), ("approve",)).advise(("approve",), ("reject",))
    assert standing.advisory == {"reject": 2}
    assert Count.load(standing.dump()) == standing
    outcome = closed(replace(rule, min_plus=2), standing)
    assert outcome.outcome == "approved"
    assert "besides 2 advisory answers" in outcome.explanation


def test_vetoes_count_people_and_not_weight() -> None:
    """Somebody with five votes vetoes once."""
    rule = proposal(vetoes=2)
    election = Election(rule, [Person(Fraction(5)), Person()], [Answer(0, ("object",), True)])
    assert closed(rule, election.count()).outcome == "passed"


# texts


def test_texts_are_counted_like_choices() -> None:
    """The most frequent text wins if it is frequent enough (voteOnString of WS-HumanTask)."""
    rule = Rule(policy="threshold", threshold=Fraction(1, 2), choices=(), ballot="text")
    standing = opening(rule, [Person()] * 4)
    for seq, text in enumerate(("blue", "red", "blue"), 1):
        standing = standing.cast((), (text,), seq=seq)
    outcome = closed(rule, standing)
    assert (outcome.winners, outcome.counts) == (("blue",), {"blue": 2, "red": 1})
    assert closed(rule, opening(rule, [Person()])).outcome == "no_votes"
    nobody_chose = opening(replace(rule, abstain=True), [Person()]).cast((), (ABSTAIN,), seq=1)
    assert closed(replace(rule, abstain=True), nobody_chose).outcome == "no_quorum"


def test_nobody_named_a_choice() -> None:
    """All abstained: nothing can have won, and no tie rule makes a winner of it."""
    choices = tuple(Choice(key=key, label=key) for key in "xy")
    for policy, outcome in (("plurality", "no_quorum"), ("majority", "tie"), ("n_of_m", "no_quorum")):
        rule = Rule(policy=policy, choices=choices, abstain=True, tie="option_order", n=1)
        election = Election(rule, [Person()] * 2, [Answer(0, (ABSTAIN,)), Answer(1, (ABSTAIN,))])
        assert closed(rule, election.count()).outcome == outcome
