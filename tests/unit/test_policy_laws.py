"""What holds for every policy, every rule and every electorate: checked against brute force and a recount."""

from __future__ import annotations

import json
from dataclasses import replace
from fractions import Fraction
from random import Random

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from socialbpm.policies import POLICIES, Count, Rule, decide, opening, possible, settle
from socialbpm.policies.ranked.runoff import held
from tests.unit.electorates import CHAIR, POLL, Answer, Election, Person, ballots_of, elections

POLL_BALLOTS = ("single", "multiple", "ranked")
EACH = pytest.mark.parametrize("policy", POLICIES)
EXACT = [name for name, policy in POLICIES.items() if policy.sure is None]
SUFFICIENT = [name for name in POLICIES if name not in EXACT]
POLLS = [name for name, policy in POLICIES.items() if policy.ballots & {"single", "multiple", "ranked"}]


def ends(election: Election) -> set[tuple[str, tuple[str, ...]]]:
    """Every outcome that some completion of the ballots comes to."""
    so_far = election.count()
    rulings = (settle(election.rule, election.after(rest, so_far)) for rest in election.completions())
    return {(ruling.outcome, ruling.winners) for ruling in rulings}


@pytest.mark.parametrize("policy", EXACT)
def test_decided_early_means_that_no_completion_could_change_it(policy: str) -> None:
    """Exactly then: neither a decision that could still fall otherwise, nor a wait for nothing."""

    @settings(max_examples=80, deadline=None)
    @given(elections(3, policies=[policy]) | elections(4, weighted=False, policies=[policy]))
    def law(election: Election) -> None:
        election = election.nearly_complete(ways=300)
        early = decide(replace(election.rule, close="decided"), election.count())
        assert (early is not None) == (len(ends(election)) == 1)
        if early:
            assert ends(election) == {(early.outcome, early.winners)}

    law()


@pytest.mark.parametrize("policy", SUFFICIENT)
def test_where_early_decisions_are_only_sufficient_none_is_ever_wrong(policy: str) -> None:
    """Some are missed, since to know them all one would have to try all completions; lazy consensus waits."""

    @settings(max_examples=150, deadline=None)
    @given(elections(5, policies=[policy]))
    def law(election: Election) -> None:
        election = election.nearly_complete(ways=300)
        early = decide(replace(election.rule, close="decided"), election.count())
        if early:
            assert ends(election) == {(early.outcome, early.winners)}
        if early and policy == "lazy_consensus":
            assert len(election.answers) == len(election.roll)

    law()


def test_ranked_polls_are_decided_early_at_all() -> None:
    """A leader whom nobody can catch: three of four put x first."""
    for policy in ("borda", "instant_runoff", "schulze"):
        rule = Rule(policy=policy, choices=POLL, ballot="ranked", close="decided", final=True)
        three = [Answer(person, ("x", "y", "z")) for person in range(3)]
        early = decide(rule, Election(rule, [Person()] * 4, three).count())
        assert early is not None, policy
        assert early.winners == ("x",)


@EACH
def test_the_order_of_arrival_never_matters(policy: str) -> None:
    """Except where the rule's name says that it does."""

    @settings(max_examples=50)
    @given(elections(8, policies=[policy]), st.randoms(use_true_random=False))
    def law(election: Election, random: Random) -> None:
        assume(not election.by_order)
        mixed = list(election.answers)
        random.shuffle(mixed)
        rule = election.rule
        assert decide(rule, election.count(), closing=True) == decide(
            rule, replace(election, answers=mixed).count(), closing=True
        )

    if policy != "first_response":
        law()


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
            rule,
            Election(rule, [Person()] * 3, [Answer(who, (key,)) for who, key in enumerate(order)]).count(),
            closing=True,
        )
        for order in (one, other)
    ]
    assert outcomes[0] != outcomes[1]


@settings(max_examples=150)
@given(st.data())
def test_the_running_count_equals_a_recount(data: st.DataObject) -> None:
    """Through any changes and withdrawals, and on its way through the store."""
    election = data.draw(elections(5))
    ballot = st.sampled_from([((), False), *ballots_of(election.rule)])
    who = st.integers(0, len(election.roll) - 1)
    changes = data.draw(st.lists(st.tuples(who, ballot), max_size=20))
    history = [Answer(person, *cast) for person, cast in changes]
    running = replace(election, answers=history).count()
    standing = {answer.person: answer for answer in history}
    recount = replace(election, answers=[each for each in standing.values() if each.ballot]).count()
    for fact in ("roll", "roll_weight", "ballots", "weight", "totals", "heads", "parts"):
        assert getattr(running, fact) == getattr(recount, fact)
    assert set(running.casting) == set(standing[CHAIR].ballot if CHAIR in standing else ())
    assert Count.load(json.loads(json.dumps(running.dump()))) == running


@settings(max_examples=150)
@given(elections(6))
def test_a_redelivered_answer_changes_nothing(election: Election) -> None:
    """The same ballot of the same person once more leaves the count as it was, its order of receipt aside."""
    assume(election.answers)
    once = election.count()
    again = replace(election, answers=[*election.answers, election.answers[-1]]).count()
    assert replace(again, seq=once.seq) == once


@settings(max_examples=150)
@given(st.data())
def test_a_choice_has_reached_its_total_when_that_last_changed(data: st.DataObject) -> None:
    """Told by writing down every total after every answer."""
    election = data.draw(elections(4, policies=["plurality", "approval", "majority"]))
    assume(election.rule.ballot != "ranked")
    ballot = st.sampled_from([((), False), *ballots_of(election.rule)])
    who = st.integers(0, len(election.roll) - 1)
    changes = data.draw(st.lists(st.tuples(who, ballot), max_size=15))
    history = [Answer(person, *cast) for person, cast in changes]
    counts = [replace(election, answers=history[:end]).count() for end in range(len(history) + 1)]
    seen = [count.totals for count in counts]
    for key in counts[-1].totals:
        last = max(seq for seq in range(1, len(seen)) if seen[seq].get(key) != seen[seq - 1].get(key))
        assert counts[-1].reached[key] == last


@EACH
def test_a_higher_quorum_can_only_leave_more_undecided(policy: str) -> None:
    """Raising it turns outcomes into no_quorum and changes none into another."""

    @settings(max_examples=50)
    @given(elections(6, policies=[policy]), st.integers(1, 6))
    def law(election: Election, quorum: int) -> None:
        count = election.count()
        lower = settle(replace(election.rule, quorum=quorum), count)
        higher = settle(replace(election.rule, quorum=quorum + 1), count)
        assert higher.outcome == "no_quorum" or higher == lower

    if policy not in ("first_response", "lazy_consensus"):  # they take none
        law()


@settings(max_examples=250)
@given(elections(6))
def test_enough_answers_stay_enough(election: Election) -> None:
    """Participation only grows as people answer, whatever they say, if no number in favour is asked for."""
    rule = election.rule
    rule = replace(rule, min_plus=None, vetoes=None)  # a veto does not wait for others
    assume(rule.policy not in ("veto", "consensus_approval"))
    outcomes = [
        settle(rule, replace(election, answers=election.answers[:end]).count()).outcome
        for end in range(len(election.answers) + 1)
    ]
    enough = [outcome not in ("no_quorum", "expired", "no_votes") for outcome in outcomes]
    assert enough == sorted(enough)


@settings(max_examples=150)
@given(elections(6), st.data())
def test_more_support_never_hurts(election: Election, data: st.DataObject) -> None:
    """Who turns their ballot to the winner does not make it lose (order and casting vote aside).

    Of the run-off this is not promised: test_policy_criteria records how it fails.
    """
    rule, ruling = election.rule, settle(election.rule, election.count())
    by_order = rule.policy == "first_response" or (ruling.found == "tied" and rule.tie == "earliest_to_reach")
    if by_order or rule.tie == "casting_vote" or ruling.outcome not in ("approved", "decided", "passed"):
        return
    assume(election.answers and rule.policy != "instant_runoff")
    index = data.draw(st.integers(0, len(election.answers) - 1))
    turned, answer = list(election.answers), election.answers[index]
    turned[index] = Answer(answer.person, turned_to(rule, answer.ballot, ruling.winners or ("support",)))
    again = settle(rule, replace(election, answers=turned).count())
    assert (again.outcome, again.winners) == (ruling.outcome, ruling.winners)


def turned_to(rule: Rule, ballot: tuple[str, ...], winners: tuple[str, ...]) -> tuple[str, ...]:
    """The ballot with the winner at its top, and otherwise as it was."""
    if rule.ballot != "ranked":
        return winners
    without = ["=".join(key for key in place.split("=") if key not in winners) for place in ballot]
    return (*winners, *(place for place in without if place not in ("", "abstain")))


@settings(max_examples=200)
@given(elections(5, weighted=False), st.permutations(range(5)))
def test_people_are_equal(election: Election, names: list[int]) -> None:
    """Who cast which ballot plays no part, groups and the casting vote aside."""
    assume(election.rule.tie != "casting_vote" and not election.rule.group_quorum)
    people = [name for name in names if name < len(election.roll)]
    renamed = [replace(answer, person=people[answer.person]) for answer in election.answers]
    assert settle(election.rule, election.count()) == settle(
        election.rule, replace(election, answers=renamed).count()
    )


@settings(max_examples=250)
@given(elections(6, policies=POLLS, ballots=POLL_BALLOTS), st.randoms(use_true_random=False))
def test_choices_are_equal(election: Election, random: Random) -> None:
    """With other names for the choices the winners are those of the other names, the tie rule aside."""
    rule = replace(election.rule, tie="tie", casting_vote="")
    if rule.policy == "instant_runoff":
        assume(not any(each.by_listing for each in held(rule, election.count())))
    other = dict(zip(rule.keys, random.sample(rule.keys, len(rule.keys)), strict=True))
    renamed = [
        replace(
            answer,
            ballot=tuple("=".join(other.get(key, key) for key in p.split("=")) for p in answer.ballot),
        )
        for answer in election.answers
    ]
    here = settle(rule, election.count())
    there = settle(rule, replace(election, answers=renamed).count())
    assert there.outcome == here.outcome
    assert set(there.winners) == {other[key] for key in here.winners}


@pytest.mark.parametrize("policy", POLLS)
def test_what_all_want_wins(policy: str) -> None:
    """Everybody on the roll names the same choice alone: it wins, whatever the rule."""

    @settings(max_examples=60)
    @given(elections(5, policies=[policy], ballots=POLL_BALLOTS))
    def law(election: Election) -> None:
        rule = replace(election.rule, group_quorum={}, strict=False)
        whole = sum((person.weight for person in election.roll), Fraction(0))
        assume(max(rule.n or 0, rule.min_plus or 0) <= whole)
        agreed = [Answer(person, ("y",)) for person in range(len(election.roll))]
        ruling = settle(rule, Election(rule, election.roll, agreed).count())
        assert (ruling.outcome, ruling.winners) == ("decided", ("y",))

    law()


@settings(max_examples=250)
@given(elections(6))
def test_a_first_crossing_closes_when_met_lost_or_complete(election: Election) -> None:
    """And then with the outcome that the deadline would give if nobody else answered."""
    rule, count = election.rule, election.count()
    assume(rule.policy != "lazy_consensus")  # it closes at its deadline alone
    early = decide(replace(rule, close="first_crossing"), count)
    late = decide(rule, count, closing=True)
    assert late is not None
    if len(election.answers) == len(election.roll):
        assert early is not None
    if early:
        assert (early.outcome, early.winners, early.counts) == (late.outcome, late.winners, late.counts)
        assert early.outcome not in ("expired", "no_votes")
    elif late.outcome in ("approved", "decided"):
        assert settle(rule, count).found == "tied"  # a tie rule speaks only when all have spoken


@settings(max_examples=250)
@given(elections(6))
def test_every_outcome_is_told_in_one_line(election: Election) -> None:
    """Whatever the rule and the answers, there is a sentence, and it begins with the outcome."""
    outcome = decide(election.rule, election.count(), closing=True)
    assert outcome is not None
    assert outcome.explanation.startswith(outcome.outcome.replace("_", " ") + ": ")
    assert "\n" not in outcome.explanation
    assert outcome.explanation.endswith("closed at the deadline")


@EACH
def test_no_outcome_comes_that_was_not_possible(policy: str) -> None:
    """What `possible` leaves out is what no suite needs to reach; it must really never come."""

    @settings(max_examples=100)
    @given(elections(6, policies=[policy]))
    def law(election: Election) -> None:
        assert settle(election.rule, election.count()).outcome in possible(election.rule)

    law()


@settings(max_examples=150)
@given(elections(6, policies=POLLS))
def test_the_winner_stands_first_in_the_order(election: Election) -> None:
    """Where a method orders the choices, each has one place, and the best are those who won or were tied."""
    outcome = decide(election.rule, election.count(), closing=True)
    assert outcome is not None
    if not outcome.order:
        return
    places = [place.split("=") for place in outcome.order]
    assert sorted(key for place in places for key in place) == sorted(election.rule.keys)
    assert set(outcome.winners) <= set(places[0])


@pytest.mark.parametrize(
    ("policy", "room"), [("plurality", 400), ("borda", 500), ("schulze", 600), ("instant_runoff", 600)]
)
def test_ten_thousand_answers_leave_a_small_count(policy: str, room: int) -> None:
    """What is stored beside a request does not grow with the number of people."""
    ranked = "ranked" in POLICIES[policy].ballots and policy != "plurality"
    rule = Rule(policy=policy, choices=POLL, ballot="ranked" if ranked else "single")
    count = opening(rule, [Person()] * 10_000)
    for seq in range(10_000):
        first, second = POLL[seq % 3].key, POLL[(seq + 1) % 3].key
        count = count.cast((), (first, second) if ranked else (first,), seq=seq)
    assert len(json.dumps(count.dump())) < room
    assert count.heads == {"x": 3334, "y": 3333, "z": 3333}
