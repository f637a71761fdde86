"""The classic criteria of voting methods: where each method keeps them, and profiles in which it does not."""

from __future__ import annotations

from fractions import Fraction
from itertools import pairwise, permutations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from socialbpm.policies import Count, Rule, decide, opening
from socialbpm.policies.ranked.rankings import first_place, parse, places, written
from socialbpm.policies.ranked.runoff import Rankings, rounds
from socialbpm.policies.ranked.schulze import Pairs, chains
from socialbpm.posts import Choice
from socialbpm.responses import Outcome
from tests.unit.electorates import rankings

Profile = dict[str, int]  # a ranking as text, and how many cast it

RANKED = ("plurality", "borda", "instant_runoff", "schulze")
TENNESSEE = {"M>N>C>K": 42, "N>C>K>M": 26, "C>K>N>M": 15, "K>C>N>M": 17}
CYCLE = {"A>B>C": 1, "B>C>A": 1, "C>A>B": 1}


def ranked(policy: str, profile: Profile, **parameters: object) -> tuple[Rule, Count]:
    """The count of a profile; the choices are listed by the alphabet."""
    keys = sorted({key for ranking in profile for place in places(parse(ranking)) for key in place})
    choices = tuple(Choice(key=key, label=key) for key in keys)
    rule = Rule(policy=policy, choices=choices, ballot="ranked", **parameters)  # type: ignore[arg-type]
    count = opening(rule, None)
    for seq, (ranking, people) in enumerate(profile.items(), 1):
        count = count.cast((), parse(ranking), Fraction(people), seq, people=people, casting=seq == 1)
    return rule, count


def outcome(policy: str, profile: Profile, **parameters: object) -> Outcome:
    """What the profile comes to."""
    decided = decide(*ranked(policy, profile, **parameters), closing=True)
    assert decided is not None
    return decided


def winners(policy: str, profile: Profile, **parameters: object) -> str:
    """Who wins, or is tied."""
    return "".join(outcome(policy, profile, **parameters).winners)


profiles = st.dictionaries(
    st.sampled_from([">".join(ranking) for ranking in rankings("ABCD")]), st.integers(1, 9), min_size=1
).filter(lambda profile: len({key for ranking in profile for key in ranking} & set("ABCD")) > 1)


# worked examples


def test_the_capital_of_tennessee() -> None:
    """One set of ballots, four methods, three winners."""
    assert {policy: winners(policy, TENNESSEE) for policy in RANKED} == {
        "plurality": "M",
        "borda": "N",
        "instant_runoff": "K",
        "schulze": "N",
    }
    assert outcome("borda", TENNESSEE).scores == {"M": 126, "N": 194, "C": 173, "K": 107}
    assert outcome("instant_runoff", TENNESSEE).order == ("K", "M", "N", "C")
    assert outcome("schulze", TENNESSEE).order == ("N", "C", "K", "M")


def test_the_explanations_say_how_it_came_about() -> None:
    """Round by round, point by point, or by whom it is nearly beaten."""
    assert outcome("instant_runoff", TENNESSEE).explanation == (
        "decided: “K”; round 1: “C” drops out with 15; round 2: “N” drops out with 26; "
        "round 3: “K” 58, “M” 42, a majority of the ballots that still name a choice wins, "
        "closed at the deadline"
    )
    assert outcome("borda", TENNESSEE).explanation == (
        "decided: “N”; points “N” 194, “C” 173, “M” 126, “K” 107, "
        "a first place gives 3 points, each place below one less, closed at the deadline"
    )
    assert outcome("schulze", TENNESSEE).explanation == (
        "decided: “N”; “N” beats every other choice one to one, as “M” by 58 to 42, "
        "the strongest chains of wins decide, closed at the deadline"
    )


@pytest.mark.parametrize("policy", RANKED)
def test_a_cycle_of_three_is_a_tie_of_three(policy: str) -> None:
    """Nobody is favoured by being listed first, unless the tie rule says so."""
    assert outcome(policy, CYCLE).outcome == "tie"
    assert winners(policy, CYCLE) == "ABC"
    assert winners(policy, CYCLE, tie="option_order") == "A"
    unchanged = outcome(policy, CYCLE, tie="status_quo")
    assert unchanged.outcome == "undecided"
    assert unchanged.explanation.startswith("undecided: ")
    assert "; “" not in unchanged.explanation.partition(",")[0]
    assert winners(policy, CYCLE, tie="casting_vote", casting_vote="ada") == "A"


def test_a_beatpath_decides_where_every_choice_is_beaten() -> None:
    """The example of Schulze's paper with 45 voters: E wins, though A and C beat others more often."""
    profile = {
        "A>C>B>E>D": 5,
        "A>D>E>C>B": 5,
        "B>E>D>A>C": 8,
        "C>A>B>E>D": 3,
        "C>A>E>B>D": 7,
        "C>B>A>D>E": 2,
        "D>C>E>B>A": 7,
        "E>B>A>D>C": 8,
    }
    assert outcome("schulze", profile).order == ("E", "A", "C", "B", "D")
    strongest = chains(ranked("schulze", profile)[1].part(Pairs))
    assert (strongest["E", "A"].strength, strongest["A", "E"].strength) == (25, 24)
    assert (
        "“E” has the strongest chain of wins, though it stands 21 to 24 against “C” one to one: "
        "“E” over “D” over “C” with 28, the other way 24" in outcome("schulze", profile).explanation
    )


# the run-off


def test_of_several_with_the_fewest_the_one_that_had_fewest_before_drops_out() -> None:
    """B and C have 5 each when D is gone; a round earlier C had 4 and B 5."""
    profile = {"A>B": 7, "B>A": 5, "C>B": 4, "D>C": 1}
    held = rounds("ABCD", ranked("instant_runoff", profile)[1].part(Rankings).each())
    assert [each.out for each in held] == ["D", "C", ""]
    assert not any(each.by_listing for each in held)


def test_the_round_just_before_counts_more_than_the_first() -> None:
    """B and C have 5 each; in the second round it was B 4, C 5, in the first B 4, C 3."""
    profile = {"A": 9, "B": 4, "C": 3, "D>B": 1, "D": 2, "E>C": 2}
    held = rounds("ABCDE", ranked("instant_runoff", profile)[1].part(Rankings).each())
    assert [each.out for each in held] == ["E", "D", "B", ""]


def test_if_they_were_always_equal_the_one_listed_last_drops_out_and_that_is_told() -> None:
    """One at a time, never both."""
    profile = {"A": 3, "B>A": 2, "C>A": 2}
    result = outcome("instant_runoff", profile)
    assert result.order == ("A", "B", "C")
    assert "“C” drops out with 2 (of equals the one listed last)" in result.explanation


def test_an_exhausted_ballot_counts_in_no_majority() -> None:
    """Two of nine ballots name nobody who is left; four of the other seven are a majority."""
    result = outcome("instant_runoff", {"A": 4, "B": 3, "C": 2})
    assert result.winners == ("A",)
    assert "round 2: “A” 4, “B” 3" in result.explanation


def test_equal_first_places_share_a_vote() -> None:
    """A half each; when one drops out the other has it whole."""
    held = rounds("ABC", ranked("instant_runoff", {"A=B": 2, "B": 1, "C": 2})[1].part(Rankings).each())
    assert held[0].votes == {"A": 1, "B": 2, "C": 2}
    assert held[1].votes == {"B": 3, "C": 2}


def test_more_support_can_hurt_in_a_run_off() -> None:
    """The recorded counterexample to monotonicity: ten who ranked A last move it to the top, and A loses."""
    before = {"A>B>C": 39, "B>C>A": 35, "C>A>B": 26}
    after = {"A>B>C": 49, "B>C>A": 25, "C>A>B": 26}
    assert winners("instant_runoff", before) == "A"
    assert winners("instant_runoff", after) == "C"
    assert winners("schulze", before) == winners("schulze", after) == "A"


# Borda


@pytest.mark.parametrize(
    ("ranking", "points"),
    [
        ("A>B>C>D", {"A": 3, "B": 2, "C": 1, "D": 0}),
        ("A>B=C", {"A": 3, "B": Fraction(3, 2), "C": Fraction(3, 2), "D": 0}),
        ("A=B=C=D", dict.fromkeys("ABCD", Fraction(3, 2))),
        ("C", {"A": 0, "B": 0, "C": 3, "D": 0}),
    ],
)
def test_points_of_one_ballot(ranking: str, points: dict[str, Fraction]) -> None:
    """Equal choices share the points of their places; who is not named gets none."""
    choices = tuple(Choice(key=key, label=key) for key in "ABCD")
    rule = Rule(policy="borda", choices=choices, ballot="ranked")
    decided = decide(rule, opening(rule, None).cast((), parse(ranking), seq=1), closing=True)
    assert decided is not None
    assert decided.scores == points


# criteria


@settings(max_examples=300)
@given(profiles)
def test_who_is_first_for_more_than_half_wins(profile: Profile) -> None:
    """The majority criterion: kept by plurality, run-off and Schulze."""
    first: dict[tuple[str, ...], int] = {}
    for ranking, people in profile.items():
        place = first_place(parse(ranking))
        first[place] = first.get(place, 0) + people
    for place, people in first.items():
        if len(place) == 1 and 2 * people > sum(profile.values()):
            for policy in ("plurality", "instant_runoff", "schulze"):
                assert winners(policy, profile) == place[0]


@settings(max_examples=300)
@given(profiles)
def test_who_beats_every_other_one_to_one_wins_by_schulze(profile: Profile) -> None:
    """The Condorcet criterion."""
    rule, count = ranked("schulze", profile)
    pairs = count.part(Pairs)
    for key in rule.keys:
        others = [other for other in rule.keys if other != key]
        if all(pairs.of_pair(key, other) > pairs.of_pair(other, key) for other in others):
            assert winners("schulze", profile) == key


@pytest.mark.parametrize(
    ("policy", "criterion", "profile", "by_criterion"),
    [
        ("borda", "majority", {"A>B>C": 3, "B>C>A": 2}, "A"),
        ("borda", "Condorcet", {"A>B>C": 3, "B>C>A": 2}, "A"),
        ("plurality", "Condorcet", TENNESSEE, "N"),
        ("instant_runoff", "Condorcet", TENNESSEE, "N"),
    ],
)
def test_what_a_method_does_not_promise_it_does_not_keep(
    policy: str, criterion: str, profile: Profile, by_criterion: str
) -> None:
    """A counterexample for each, so that nobody relies on it."""
    assert winners("schulze", profile) == by_criterion
    assert winners(policy, profile) not in ("", by_criterion), criterion


def test_approval_may_pass_over_who_is_first_for_more_than_half() -> None:
    """Three of five like A best, but all five approve of B."""
    choices = tuple(Choice(key=key, label=key) for key in "AB")
    rule = Rule(policy="approval", choices=choices, ballot="multiple")
    count = opening(rule, None)
    for seq, ballot in enumerate([("A", "B")] * 3 + [("B",)] * 2, 1):
        count = count.cast((), ballot, seq=seq)
    decided = decide(rule, count, closing=True)
    assert decided is not None
    assert (decided.winners, decided.counts) == (("B",), {"A": 3, "B": 5})


@settings(max_examples=300)
@given(profiles)
def test_schulze_orders_by_the_strongest_chains(profile: Profile) -> None:
    """Compared with all chains there are, tried one by one."""
    rule, count = ranked("schulze", profile)
    pairs = count.part(Pairs)

    def wins(one: str, other: str) -> Fraction:
        mine, theirs = pairs.of_pair(one, other), pairs.of_pair(other, one)
        return mine if mine > theirs else Fraction(0)

    def strongest(one: str, other: str) -> Fraction:
        between = [key for key in rule.keys if key not in (one, other)]
        ways = (way for size in range(len(between) + 1) for way in permutations(between, size))
        steps = ((one, *way, other) for way in ways)
        return max(min(wins(a, b) for a, b in pairwise(way)) for way in steps)

    place = {
        key: number
        for number, tier in enumerate(outcome("schulze", profile).order)
        for key in tier.split("=")
    }
    for one, other in permutations(rule.keys, 2):
        if strongest(one, other) > strongest(other, one):
            assert place[one] < place[other]
    unbeaten = [a for a in rule.keys if all(strongest(a, b) >= strongest(b, a) for b in rule.keys if b != a)]
    assert set(outcome("schulze", profile).winners) == set(unbeaten)


@given(st.sampled_from([">".join(ranking) for ranking in rankings("ABCD")]))
def test_a_ranking_is_read_as_it_is_written(text: str) -> None:
    """Spaces mean nothing, and neither does the order in which equal choices are named."""
    assert written(parse(text)) == text
    assert parse(text.replace(">", " > ").replace("=", " = ")) == parse(text)
    assert written(parse("B=A>C")) == written(parse("A=B>C"))
