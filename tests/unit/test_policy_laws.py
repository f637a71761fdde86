"""What holds for every policy, every rule and every electorate: checked against brute force and a recount."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace
from fractions import Fraction
from itertools import combinations, permutations, product

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from socialbpm.policies import POLICIES, TIES, VERDICTS, Count, Rule, decide, settle
from socialbpm.posts import Choice

Ballot = tuple[str, ...]
Roll = list[Fraction]
Answers = list[tuple[int, Ballot]]  # who, and what; in the order of receipt

POLL = tuple(Choice(key=key, label=key.upper()) for key in "xyz")
CHAIR = 0  # has the casting vote


@st.composite
def rules(draw: st.DrawFn, voters: int, *, review: bool | None = None) -> Rule:
    """A sound rule for a roll of that size, open until its deadline."""
    policy = draw(st.sampled_from(sorted(POLICIES)))
    tie = draw(st.sampled_from(sorted(TIES)))
    shares = st.sampled_from([Fraction(1, 3), Fraction(1, 2), Fraction(51, 100), Fraction(2, 3), Fraction(1)])
    quorum = draw(st.none() | st.integers(1, voters) | shares)
    as_review = draw(st.booleans()) if review is None else review
    return Rule(
        policy=policy,
        choices=VERDICTS if as_review else POLL[: draw(st.integers(2, 3))],
        review=as_review,
        final=True,
        n=draw(st.integers(1, voters)) if policy == "n_of_m" else None,
        threshold=draw(shares) if policy == "threshold" else None,
        share_of=draw(st.sampled_from(["votes", "roll"])),
        quorum=None if policy == "first_response" else quorum,
        tie=tie,
        casting_vote="chair" if tie == "casting_vote" else "",
    )


def ballots(rule: Rule, multiple: bool) -> list[Ballot]:
    """Every ballot that one person could cast."""
    most = len(rule.keys) if multiple and not rule.review else 1
    return [ballot for size in range(1, most + 1) for ballot in combinations(rule.keys, size)]


@st.composite
def elections(draw: st.DrawFn, most: int = 4, *, weighted: bool = True) -> tuple[Rule, Roll, Answers, bool]:
    """A rule, a roll of weights, the answers so far (one each), and whether a ballot may name several."""
    voters = draw(st.integers(1, most))
    rule = draw(rules(voters))
    multiple = draw(st.booleans())
    weights = (
        st.sampled_from([Fraction(1), Fraction(2), Fraction(1, 3)]) if weighted else st.just(Fraction(1))
    )
    roll = draw(st.lists(weights, min_size=voters, max_size=voters))
    who = draw(st.permutations(range(voters)))[: draw(st.integers(0, voters))]
    possible = ballots(rule, multiple)
    return rule, roll, [(person, draw(st.sampled_from(possible))) for person in who], multiple


def counted(roll: Roll, answers: Answers, count: Count | None = None) -> Count:
    """One answer after the other; the last of a person stands, an empty one withdraws."""
    count = count or Count.of_roll(roll)
    stands: dict[int, Ballot] = {}
    for person, ballot in answers:
        old = stands.get(person, ())
        count = count.cast(old, ballot, roll[person], count.seq + 1, casting=person == CHAIR)
        stands[person] = ballot
    return count


def completions(rule: Rule, roll: Roll, answers: Answers, multiple: bool) -> Iterator[Answers]:
    """Every way in which those who are silent could still answer, or not, in every order."""
    silent = [person for person in range(len(roll)) if person not in dict(answers)]
    possible = ballots(rule, multiple)
    for size in range(len(silent) + 1):
        for group in permutations(silent, size):
            for chosen in product(possible, repeat=size):
                yield list(zip(group, chosen, strict=True))


@settings(max_examples=400, deadline=None)
@given(elections(3) | elections(4, weighted=False))
def test_decided_early_means_that_no_completion_could_change_it(
    election: tuple[Rule, Roll, Answers, bool],
) -> None:
    """Exactly then: neither a decision that could still fall otherwise, nor a wait for nothing."""
    rule, roll, answers, multiple = election
    so_far = counted(roll, answers)
    ends = {
        (ruling.outcome, ruling.winners)
        for rest in completions(rule, roll, answers, multiple)
        for ruling in [settle(rule, counted(roll, rest, so_far))]
    }
    early = decide(replace(rule, close="decided"), so_far)
    assert (early is not None) == (len(ends) == 1)
    if early:
        assert ends == {(early.outcome, early.winners)}


@settings(max_examples=400)
@given(elections(8), st.randoms(use_true_random=False))
def test_the_order_of_arrival_never_matters(
    election: tuple[Rule, Roll, Answers, bool], random: object
) -> None:
    """Except where the rule's name says that it does."""
    rule, roll, answers, _ = election
    assume(rule.policy != "first_response" and rule.tie != "earliest_to_reach")
    mixed = list(answers)
    random.shuffle(mixed)  # type: ignore[attr-defined]
    assert decide(rule, counted(roll, answers), closing=True) == decide(
        rule, counted(roll, mixed), closing=True
    )


@pytest.mark.parametrize(
    ("rule", "one", "other"),
    [
        (Rule(policy="first_response", choices=POLL), "xyy", "yxy"),
        (Rule(policy="plurality", choices=POLL, tie="earliest_to_reach"), "xy", "yx"),
    ],
)
def test_where_the_order_is_said_to_matter_it_does(rule: Rule, one: str, other: str) -> None:
    """The two exceptions are real."""
    outcomes = [
        decide(
            rule, counted([Fraction(1)] * 3, [(who, (key,)) for who, key in enumerate(order)]), closing=True
        )
        for order in (one, other)
    ]
    assert outcomes[0] != outcomes[1]


@settings(max_examples=400)
@given(st.data())
def test_the_running_count_equals_a_recount(data: st.DataObject) -> None:
    """Through any changes and withdrawals, and on its way through the store."""
    rule, roll, _, multiple = data.draw(elections(5))
    ballot = st.sampled_from([(), *ballots(rule, multiple)])
    history = data.draw(st.lists(st.tuples(st.integers(0, len(roll) - 1), ballot), max_size=20))
    running = counted(roll, history)
    standing = {person: cast for person, cast in history if cast == dict(history)[person]}
    recount = counted(roll, [(person, cast) for person, cast in standing.items() if cast])
    for fact in ("roll", "roll_weight", "ballots", "weight", "totals", "heads"):
        assert getattr(running, fact) == getattr(recount, fact)
    assert set(running.casting) == set(standing.get(CHAIR, ()))
    assert Count.load(json.loads(json.dumps(running.dump()))) == running


@settings(max_examples=300)
@given(st.data())
def test_a_choice_has_reached_its_total_when_that_last_changed(data: st.DataObject) -> None:
    """Told by writing down every total after every answer."""
    rule, roll, _, multiple = data.draw(elections(4))
    ballot = st.sampled_from([(), *ballots(rule, multiple)])
    history = data.draw(st.lists(st.tuples(st.integers(0, len(roll) - 1), ballot), max_size=15))
    seen = [counted(roll, history[:end]).totals for end in range(len(history) + 1)]
    for key in counted(roll, history).totals:
        last = max(seq for seq in range(1, len(seen)) if seen[seq].get(key) != seen[seq - 1].get(key))
        assert counted(roll, history).reached[key] == last


@settings(max_examples=400)
@given(elections(6), st.integers(1, 6))
def test_a_higher_quorum_can_only_leave_more_undecided(
    election: tuple[Rule, Roll, Answers, bool], quorum: int
) -> None:
    """Raising it turns outcomes into no_quorum and changes none into another."""
    rule, roll, answers, _ = election
    assume(rule.policy not in ("first_response", "unanimous"))  # unanimity without a quorum is another rule
    count = counted(roll, answers)
    lower = settle(replace(rule, quorum=quorum), count)
    higher = settle(replace(rule, quorum=quorum + 1), count)
    assert higher.outcome == "no_quorum" or higher == lower


@settings(max_examples=400)
@given(elections(6))
def test_enough_answers_stay_enough(election: tuple[Rule, Roll, Answers, bool]) -> None:
    """Participation only grows as people answer, whatever they say."""
    rule, roll, answers, _ = election
    outcomes = [settle(rule, counted(roll, answers[:end])).outcome for end in range(len(answers) + 1)]
    enough = [outcome not in ("no_quorum", "expired", "no_votes") for outcome in outcomes]
    assert enough == sorted(enough)


@settings(max_examples=400)
@given(elections(6), st.data())
def test_more_support_never_hurts(election: tuple[Rule, Roll, Answers, bool], data: st.DataObject) -> None:
    """Who turns their ballot to the winner does not make it lose (order and casting vote aside)."""
    rule, roll, answers, _ = election
    ruling = settle(rule, counted(roll, answers))
    by_order = rule.policy == "first_response" or (ruling.found == "tied" and rule.tie == "earliest_to_reach")
    if by_order or rule.tie == "casting_vote" or ruling.outcome not in ("approved", "decided"):
        return
    index = data.draw(st.integers(0, len(answers) - 1))
    turned = [*answers]
    turned[index] = (answers[index][0], ruling.winners)
    again = settle(rule, counted(roll, turned))
    assert (again.outcome, again.winners) == (ruling.outcome, ruling.winners)


@settings(max_examples=300)
@given(elections(5, weighted=False), st.permutations(range(5)))
def test_people_are_equal(election: tuple[Rule, Roll, Answers, bool], names: list[int]) -> None:
    """Who cast which ballot plays no part, the casting vote aside."""
    rule, roll, answers, _ = election
    assume(rule.tie != "casting_vote")
    people = [name for name in names if name < len(roll)]
    renamed = [(people[person], ballot) for person, ballot in answers]
    assert settle(rule, counted(roll, answers)) == settle(rule, counted(roll, renamed))


@settings(max_examples=400)
@given(elections(6))
def test_a_first_crossing_closes_when_met_lost_or_complete(
    election: tuple[Rule, Roll, Answers, bool],
) -> None:
    """And then with the outcome that the deadline would give if nobody else answered."""
    rule, roll, answers, _ = election
    count = counted(roll, answers)
    early = decide(replace(rule, close="first_crossing"), count)
    late = decide(rule, count, closing=True)
    assert late is not None
    if len(answers) == len(roll):
        assert early is not None
    if early:
        assert (early.outcome, early.winners, early.counts) == (late.outcome, late.winners, late.counts)
        assert early.outcome not in ("expired", "no_votes")
    elif late.outcome in ("approved", "decided"):
        assert settle(rule, count).found == "tied"  # a tie rule speaks only when all have spoken


@settings(max_examples=200)
@given(elections(6))
def test_every_outcome_is_told_in_one_line(election: tuple[Rule, Roll, Answers, bool]) -> None:
    """Whatever the rule and the answers, there is a sentence, and it begins with the outcome."""
    rule, roll, answers, _ = election
    outcome = decide(rule, counted(roll, answers), closing=True)
    assert outcome is not None
    assert outcome.explanation.startswith(outcome.outcome.replace("_", " ") + ": ")
    assert "\n" not in outcome.explanation
    assert outcome.explanation.endswith("closed at the deadline")


def test_ten_thousand_answers_leave_a_small_count() -> None:
    """What is stored beside a request does not grow with the number of people."""
    count = Count.of_roll([Fraction(1)] * 10_000)
    for seq in range(10_000):
        count = count.cast((), (POLL[seq % 3].key,), seq=seq)
    assert len(json.dumps(count.dump())) < 400
    assert count.heads == {"x": 3334, "y": 3333, "z": 3333}
