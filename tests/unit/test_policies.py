"""How answers become a decision, case by case. The laws that hold for all cases are in test_policy_laws."""

from __future__ import annotations

from fractions import Fraction

import pytest

from socialbpm.policies import CLOSES, LATER, POLICIES, TIES, VERDICTS, Count, Rule, decide
from socialbpm.policies.phrases import percent
from socialbpm.posts import Choice, Span
from socialbpm.responses import Outcome
from socialbpm.tasks import PollCommunity, RequestReview, Wording

NORTH_SOUTH_EAST = tuple(Choice(key=name[0].lower(), label=name) for name in ("North", "South", "East"))


def review(policy: str = "n_of_m", **parameters: object) -> Rule:
    """A review, open until its deadline unless said otherwise."""
    return Rule(policy=policy, choices=VERDICTS, ballot="verdict", **parameters)  # type: ignore[arg-type]


def poll(policy: str = "plurality", **parameters: object) -> Rule:
    """A poll about three directions."""
    return Rule(policy=policy, choices=NORTH_SOUTH_EAST, **parameters)  # type: ignore[arg-type]


def count(answers: str, roll: int, names: dict[str, str] | None = None) -> Count:
    """One person's answer per letter, in the order they came: "aac" or "nns"."""
    names = names or {"a": "approve", "c": "changes", "r": "reject"}
    standing = Count.of_roll([Fraction(1)] * roll)
    for seq, letter in enumerate(answers, 1):
        standing = standing.cast((), (names.get(letter, letter),), seq=seq, casting=seq == 1)
    return standing


def directions(answers: str, roll: int) -> Count:
    """The same for the poll."""
    return count(answers, roll, {letter: letter for letter in "nse"})


def closed(rule: Rule, standing: Count) -> Outcome:
    """What comes out at the deadline."""
    outcome = decide(rule, standing, closing=True)
    assert outcome is not None
    return outcome


@pytest.mark.parametrize(
    ("policy", "parameters", "answers", "roll", "outcome"),
    [
        ("n_of_m", {"n": 2}, "aa", 3, "approved"),
        ("n_of_m", {"n": 2}, "ar", 3, "rejected"),
        ("n_of_m", {"n": 2}, "ac", 3, "changes_requested"),
        ("n_of_m", {"n": 2}, "acr", 3, "rejected"),  # as many asked for changes as rejected: the stricter
        ("n_of_m", {"n": 2}, "ccr", 3, "changes_requested"),
        ("n_of_m", {"n": 2}, "a", 3, "no_quorum"),  # nobody was against, but too few to reach two
        ("n_of_m", {"n": 2}, "r", 3, "no_quorum"),  # the two silent ones could have approved
        ("n_of_m", {"n": 2}, "rr", 3, "rejected"),
        ("n_of_m", {"n": 3}, "r", 3, "rejected"),  # even if all others had approved
        ("n_of_m", {"n": 2}, "", 3, "expired"),
        ("n_of_m", {"n": 2, "quorum": 3}, "aa", 3, "no_quorum"),
        ("first_response", {}, "c", 3, "changes_requested"),
        ("first_response", {}, "aarr", 4, "approved"),
        ("unanimous", {}, "aaa", 3, "approved"),
        ("unanimous", {}, "aa", 3, "no_quorum"),
        ("unanimous", {}, "ar", 3, "rejected"),
        ("unanimous", {"quorum": 2}, "aa", 3, "approved"),  # all who answered, and enough of them did
        ("unanimous", {"quorum": 2}, "a", 3, "no_quorum"),
        ("threshold", {"threshold": Fraction(1, 2)}, "ar", 9, "approved"),
        ("threshold", {"threshold": Fraction(51, 100)}, "ar", 9, "rejected"),
        ("threshold", {"threshold": Fraction(2, 3)}, "aar", 9, "approved"),
        ("threshold", {"threshold": Fraction(667, 1000)}, "aar", 9, "rejected"),
        ("threshold", {"threshold": Fraction(1, 2), "share_of": "roll"}, "aa", 4, "approved"),
        ("threshold", {"threshold": Fraction(1, 2), "share_of": "roll"}, "aarrr", 6, "rejected"),
        ("threshold", {"threshold": Fraction(1, 2), "share_of": "roll"}, "a", 4, "no_quorum"),
        ("plurality", {}, "aacr", 9, "approved"),
        ("plurality", {}, "accr", 9, "changes_requested"),
        ("plurality", {}, "aarr", 9, "tie"),
    ],
)
def test_the_outcomes_of_a_review(
    policy: str, parameters: dict[str, object], answers: str, roll: int, outcome: str
) -> None:
    """The table of outcomes, row by row, at the deadline."""
    assert closed(review(policy, **parameters), count(answers, roll)).outcome == outcome


@pytest.mark.parametrize(
    ("policy", "parameters", "answers", "roll", "outcome", "winners"),
    [
        ("plurality", {}, "nns", 9, "decided", "n"),
        ("plurality", {}, "nsne", 9, "decided", "n"),
        ("plurality", {}, "ns", 9, "tie", "ns"),
        ("plurality", {}, "", 9, "no_votes", ""),
        ("plurality", {"quorum": 4}, "nns", 9, "no_quorum", ""),
        ("plurality", {"quorum": Fraction(1, 3)}, "nns", 9, "decided", "n"),
        ("plurality", {"quorum": Fraction(1, 3)}, "nns", 10, "no_quorum", ""),
        ("first_response", {}, "snn", 9, "decided", "s"),
        ("threshold", {"threshold": Fraction(1, 2)}, "nns", 9, "decided", "n"),
        ("threshold", {"threshold": Fraction(1, 2)}, "nse", 9, "undecided", ""),
        ("threshold", {"threshold": Fraction(1, 2)}, "ns", 9, "tie", "ns"),
        ("threshold", {"threshold": Fraction(1, 2), "share_of": "roll"}, "nn", 9, "no_quorum", ""),
        ("threshold", {"threshold": Fraction(1, 2), "share_of": "roll"}, "nsens", 6, "undecided", ""),
        ("n_of_m", {"n": 2}, "nnsss", 9, "decided", "s"),
        ("n_of_m", {"n": 2}, "nse", 9, "undecided", ""),
        ("n_of_m", {"n": 2}, "nnss", 9, "tie", "ns"),
        ("unanimous", {}, "nnn", 3, "decided", "n"),
        ("unanimous", {}, "nns", 3, "undecided", ""),
    ],
)
def test_the_outcomes_of_a_poll(
    policy: str, parameters: dict[str, object], answers: str, roll: int, outcome: str, winners: str
) -> None:
    """The same for polls; the tied are named, so that a diagram can hold a run-off among them."""
    result = closed(poll(policy, **parameters), directions(answers, roll))
    assert (result.outcome, result.winners) == (outcome, tuple(winners))


@pytest.mark.parametrize(
    ("tie", "outcome", "winners"),
    [
        ("tie", "tie", "sn"),
        ("status_quo", "undecided", ""),
        ("option_order", "decided", "n"),
        ("earliest_to_reach", "decided", "n"),  # s n n s: North had two before South
        ("casting_vote", "decided", "s"),  # the first to answer has it
    ],
)
def test_tie_rules_in_a_poll(tie: str, outcome: str, winners: str) -> None:
    """Each named rule does what its name says."""
    result = closed(poll(tie=tie, casting_vote="ada"), directions("snns", 9))
    assert (result.outcome, set(result.winners)) == (outcome, set(winners))


@pytest.mark.parametrize(
    ("tie", "outcome"),
    [
        ("tie", "tie"),
        ("status_quo", "rejected"),
        ("option_order", "rejected"),  # of the tied verdicts the strictest
        ("earliest_to_reach", "rejected"),
        ("casting_vote", "approved"),
    ],
)
def test_tie_rules_in_a_review(tie: str, outcome: str) -> None:
    """A tie never approves by accident."""
    rule = review("plurality", tie=tie, casting_vote="ada")
    assert closed(rule, count("arra", 9)).outcome == outcome


def test_the_first_answer_is_the_first_of_those_that_stand() -> None:
    """Who was alone and thought again, or withdrew, does not block the next."""
    one = Fraction(1)
    alone = Count.of_roll([one] * 3).cast((), ("n",), seq=1)
    assert closed(poll("first_response"), alone.cast(("n",), ("s",), seq=2)).winners == ("s",)
    withdrawn = alone.cast(("n",), (), seq=2)
    assert closed(poll("first_response"), withdrawn.cast((), ("e",), seq=3)).winners == ("e",)


def test_a_casting_vote_that_does_not_name_a_tied_choice_breaks_no_tie() -> None:
    """The person with it chose East; North and South stay equal."""
    rule = poll(tie="casting_vote", casting_vote="ada")
    assert closed(rule, directions("ennss", 9)).outcome == "tie"


def test_one_ballot_that_brings_two_choices_level_leaves_neither_first() -> None:
    """Both reached their total by the same answer: that is a tie."""
    standing = Count.of_roll([Fraction(1)] * 3).cast((), ("n", "s"), seq=1)
    assert closed(poll(tie="earliest_to_reach"), standing).outcome == "tie"


@pytest.mark.parametrize(("roll", "needed"), [(20, 11), (30, 16), (300, 153)])
def test_fifty_one_percent_is_counted_exactly(roll: int, needed: int) -> None:
    """300 × 0.51 is 153, and not 154 as floating point has it."""
    rule = review("threshold", threshold=Fraction(51, 100), share_of="roll")
    assert closed(rule, count("a" * needed, roll)).outcome == "approved"
    assert closed(rule, count("a" * (needed - 1), roll)).outcome == "no_quorum"
    assert closed(rule, count("a" * (needed - 1) + "r", roll)).outcome == "rejected"


def test_weights_are_exact() -> None:
    """Three thirds are one: a unit of three people has one vote."""
    third = Fraction(1, 3)
    standing = Count.of_roll([third, third, third, Fraction(1)])
    for seq in (1, 2, 3):
        standing = standing.cast((), ("n",), third, seq)
    standing = standing.cast((), ("s",), Fraction(1), 4)
    assert closed(poll(), standing).outcome == "tie"


def test_a_task_states_its_rule() -> None:
    """Every attribute arrives; a review's choices are the verdicts."""
    asked = RequestReview(
        to=("desk",),
        texts=(Wording(text=(Span("Fine?"),)),),
        policy="threshold",
        threshold=Fraction(2, 3),
        of="roll",
        quorum=2,
        close="deadline",
        tie="casting_vote",
        casting_vote="ada",
        ballots="final",
    )
    assert Rule.of(asked) == review(
        "threshold",
        threshold=Fraction(2, 3),
        share_of="roll",
        quorum=2,
        tie="casting_vote",
        casting_vote="ada",
        final=True,
    )
    question = PollCommunity(
        to=("desk",), texts=(Wording(text=(Span("Where?"),)),), choices=NORTH_SOUTH_EAST, policy="n_of_m", n=2
    )
    assert Rule.of(question) == poll("n_of_m", n=2)


# closing


@pytest.mark.parametrize(
    ("answers", "outcome"),
    [
        ("a", None),
        ("aa", "approved"),
        ("r", None),
        ("rr", "rejected"),  # one left: two approvals are out of reach
        ("ca", None),
        ("car", "rejected"),
    ],
)
def test_a_first_crossing_closes_when_the_rule_is_met_or_out_of_reach(
    answers: str, outcome: str | None
) -> None:
    """Two of three: the second approval closes it, and so does the second refusal."""
    result = decide(review(n=2, close="first_crossing"), count(answers, 3))
    assert (result.outcome if result else None) == outcome


def test_a_first_crossing_waits_for_its_quorum() -> None:
    """Leading is nothing before enough have answered, and neither is being equal."""
    rule = poll(close="first_crossing", quorum=3)
    assert decide(rule, directions("nn", 9)) is None
    assert decide(rule, directions("nns", 9)) is not None
    assert decide(rule, directions("nsen", 9)) is not None
    assert decide(poll(close="first_crossing", quorum=2), directions("ns", 9)) is None


def test_a_tie_of_everybody_is_closed_at_once() -> None:
    """Nobody is left to wait for."""
    outcome = decide(poll(close="first_crossing", quorum=2), directions("ns", 2))
    assert outcome is not None
    assert outcome.outcome == "tie"


def test_a_deadline_is_waited_for_even_when_all_have_answered() -> None:
    """Answers may be changed until then."""
    assert decide(poll(), directions("nnn", 3)) is None


def test_changeable_ballots_never_decide_early() -> None:
    """Everybody could still think again; an early decision needs final ballots and a closed roll."""
    assert decide(poll(close="decided", final=False), directions("nnn", 3)) is None
    assert decide(poll(close="decided", final=True), directions("nn", 3)) is not None


def test_an_open_roll_is_decided_by_time_alone() -> None:
    """Nobody knows who may still come; what stands is told without a whole to compare with."""
    standing = Count().cast((), ("n",), seq=1)
    assert decide(poll(close="decided", final=True), standing) is None
    assert decide(poll("n_of_m", n=2, close="first_crossing"), standing) is None
    too_few = closed(poll("n_of_m", n=2), standing)
    assert too_few.explanation.startswith("no quorum: 1 person answered")
    with pytest.raises(ValueError, match="who is silent"):
        standing.if_silent_chose("n")


# explanations


@pytest.mark.parametrize(
    ("rule", "answers", "roll", "closing", "sentence"),
    [
        (
            review(n=2, close="decided", final=True),
            "aa",
            3,
            False,
            "approved: 2 of 3 reviewers, threshold 2 approvals, "
            "closed early because the answers still missing could not change it",
        ),
        (
            review(n=2, close="first_crossing"),
            "aa",
            3,
            False,
            "approved: 2 of 3 reviewers, threshold 2 approvals, "
            "closed early as soon as that was reached, so the order of answers mattered",
        ),
        (
            review(n=2, close="first_crossing"),
            "rr",
            3,
            False,
            "rejected: of 3 reviewers 2 rejected, threshold 2 approvals, "
            "closed early as soon as that was out of reach, so the order of answers mattered",
        ),
        (
            review("first_response", close="first_crossing"),
            "c",
            2,
            False,
            "changes requested: of 2 reviewers 1 asked for changes, the first answer decides, "
            "no other answer was waited for",
        ),
        (
            poll("first_response", close="first_crossing"),
            "n",
            1,
            False,
            "decided: “North” with 1 of 1 vote, the first answer decides, closed when everybody had answered",
        ),
        (
            poll(quorum=2),
            "n",
            1,
            True,
            "no quorum: 1 of 1 person answered, most votes win, quorum 2 not met by 1 answer, "
            "closed at the deadline",
        ),
        (
            review(n=2),
            "acr",
            4,
            True,
            "rejected: of 4 reviewers 1 approved, 1 asked for changes, 1 rejected, threshold 2 approvals, "
            "closed at the deadline",
        ),
        (
            review("unanimous"),
            "",
            4,
            True,
            "expired: none of 4 reviewers answered, all must approve, closed at the deadline",
        ),
        (
            poll(quorum=3),
            "nns",
            9,
            True,
            "decided: “North” with 2 of 3 votes, most votes win, quorum 3 met by 3 answers, "
            "closed at the deadline",
        ),
        (
            poll("threshold", threshold=Fraction(2, 3), quorum=Fraction(1, 2)),
            "nse",
            9,
            True,
            "no quorum: 3 of 9 people answered, threshold 2/3 of the votes, "
            "quorum 50 % not met by 3 answers, closed at the deadline",
        ),
        (
            poll(tie="option_order", close="decided", final=True),
            "sn",
            2,
            False,
            "decided: “North” with 1 of 2 votes, most votes win, of equals the first listed wins, "
            "closed when everybody had answered",
        ),
        (
            poll(),
            "nnsse",
            9,
            True,
            "tie: “North” and “South” with 2 of 5 votes each, most votes win, closed at the deadline",
        ),
    ],
)
def test_an_explanation_is_a_sentence_that_people_understand(
    rule: Rule, answers: str, roll: int, closing: bool, sentence: str
) -> None:
    """Outcome, who said what, the rule, what else played a part, and when it closed."""
    standing = count(answers, roll) if rule.review else directions(answers, roll)
    outcome = decide(rule, standing, closing=closing)
    assert outcome is not None
    assert outcome.explanation == sentence


def test_weights_are_told() -> None:
    """Two heads can be five votes."""
    standing = Count.of_roll([Fraction(3), Fraction(2), Fraction(1)])
    standing = standing.cast((), ("approve",), Fraction(3), 1).cast((), ("approve",), Fraction(2), 2)
    explanation = closed(review(n=5), standing).explanation
    assert explanation.startswith("approved: 2 of 3 reviewers with 5 of 6 votes, threshold 5")


@pytest.mark.parametrize(
    ("share", "shown"), [(Fraction(51, 100), "51 %"), (Fraction(1, 8), "12.5 %"), (Fraction(2, 3), "2/3")]
)
def test_a_share_is_shown_without_rounding(share: Fraction, shown: str) -> None:
    """66.67 % would be another rule than 2/3."""
    assert percent(share) == shown


@pytest.mark.parametrize(("ballot", "outcome"), [("single", "tie"), ("multiple", "undecided")])
def test_half_against_half_is_a_tie_only_where_a_ballot_takes_one_side(ballot: str, outcome: str) -> None:
    """Who may name several does not vote against the others; so one ballot more could not make it a tie."""
    rule = poll("majority", ballot=ballot)
    assert closed(rule, directions("ns", 2)).outcome == outcome


def test_a_count_of_an_earlier_version_is_read() -> None:
    """What was stored before there were parts is a count without them."""
    stored = directions("nns", 9)
    before = {
        name: value for name, value in stored.dump().items() if name not in ("ranked", "parts", "advisory")
    }
    assert before.keys() == {
        *("roll", "roll_weight", "ballots", "weight", "totals", "heads"),
        *("reached", "first", "casting", "seq"),
    }
    assert Count.load(before) == stored


def test_counts_name_every_choice() -> None:
    """A gateway may read a choice that nobody took."""
    assert closed(poll(), directions("nns", 9)).counts == {"n": 2, "s": 1, "e": 0}


# rules that make no sense


@pytest.mark.parametrize(
    ("rule", "words"),
    [
        (poll("pluralty"), "policy 'pluralty' is unknown; did you mean 'plurality'?"),
        (poll("score"), "policy 'score' is not yet in this version; use first_response, unanimous"),
        (poll(tie="option_oder"), "tie 'option_oder' is unknown; did you mean 'option_order'?"),
        (poll(close="decide"), "close 'decide' is unknown; did you mean 'decided'?"),
        (review("n_of_m"), "policy 'n_of_m' needs n"),
        (review(n=0), "at least 1"),
        (review(n=4), "n=4 can never be met: the whole roll has 3 votes"),
        (review("threshold"), "needs threshold"),
        (review("threshold", threshold=Fraction(3, 2)), "threshold is 3/2"),
        (poll(n=2), "policy 'plurality' takes no n"),
        (poll(quorum=4), "quorum 4 can never be met: 3 people may answer"),
        (poll(quorum=0), "quorum is 0"),
        (poll(quorum=Fraction(5, 4)), "quorum is 5/4"),
        (poll(close="decided"), 'add ballots="final"'),
        (poll(close="first_crossing"), "decided by the very first answer; add a quorum"),
        (review("threshold", threshold=Fraction(1, 2), close="first_crossing"), 'write of="roll"'),
        (poll("first_response"), 'write close="first_crossing"'),
        (poll("first_response", close="first_crossing", quorum=2), "takes no quorum"),
        (poll(tie="casting_vote"), 'castingVote="…"'),
        (poll(casting_vote="ada"), 'only with tie="casting_vote"'),
    ],
)
def test_a_rule_that_makes_no_sense_is_told_with_its_remedy(rule: Rule, words: str) -> None:
    """Each mistake by itself, in words of the model."""
    (problem,) = rule.problems(3)
    assert words in problem


def test_what_is_not_known_yet_is_not_judged() -> None:
    """A model check knows no roll; the opening of a request does."""
    assert review(n=4, tie="casting_vote", casting_vote="ada").problems() == []
    roll = {"grace": Fraction(1), "linus": Fraction(2)}
    problems = review(n=4, tie="casting_vote", casting_vote="ada").problems(roll=roll)
    assert [problem.partition(";")[0] for problem in problems] == [
        "'ada' has the casting vote but may not answer",
        "n=4 can never be met: the whole roll has 3 votes",
    ]
    assert review(n=3).problems(roll=roll) == []


def test_an_empty_roll_refuses() -> None:
    """It never means "anyone"."""
    assert "nobody may answer" in review(n=1).problems(0)[0]


def test_every_name_has_one_meaning() -> None:
    """What comes later is not there yet, and what is there says what it means."""
    assert not set(LATER) & {*POLICIES, *TIES, *CLOSES}
    assert all(policy.meaning for policy in POLICIES.values())
