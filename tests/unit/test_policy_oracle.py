"""Ranked methods against an independent implementation, pref_voting (W. Holliday and E. Pacuit).

It is large (785 MB with what it needs), so it is no part of [dev]: ``pip install -e '.[oracle]'`` in an
environment of its own, then ``pytest tests/unit/test_policy_oracle.py``. Without it these tests are skipped.
"""

from __future__ import annotations

import warnings
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from socialbpm.policies.ranked.runoff import Rankings, rounds
from tests.unit.test_policy_criteria import Profile, outcome, ranked

with warnings.catch_warnings():
    warnings.simplefilter("ignore")  # the oracle's own imports warn
    oracle = pytest.importorskip(
        "pref_voting.voting_methods", reason="pref_voting is not installed: see [oracle]"
    )
    from pref_voting.profiles import Profile as LinearProfile
    from pref_voting.profiles_with_ties import ProfileWithTies

KEYS = "ABCD"
MANY = settings(max_examples=400, deadline=None, suppress_health_check=list(HealthCheck))

linear = st.dictionaries(st.permutations(KEYS).map(">".join), st.integers(1, 6), min_size=1, max_size=8)


@st.composite
def weak_rankings(draw: st.DrawFn) -> str:
    """A ranking with equal places, of some or all of the choices."""
    keys = draw(st.permutations(KEYS))[: draw(st.integers(1, len(KEYS)))]
    joints = [draw(st.sampled_from(">>=")) for _ in keys[1:]]
    return "".join(key + joint for key, joint in zip(keys, [*joints, ""], strict=True))


weak = st.dictionaries(weak_rankings(), st.integers(1, 6), min_size=1, max_size=8)


def everybody(profile: Profile) -> Profile:
    """The profile and one ballot more, by which all choices are known; all equal, it favours none."""
    return {**profile, "=".join(KEYS): 1}


def as_linear(profile: Profile) -> Any:
    """The same profile for the oracle."""
    return LinearProfile([[KEYS.index(key) for key in r.split(">")] for r in profile], list(profile.values()))


def as_weak(profile: Profile) -> Any:
    """The same profile, with ties and truncated, for the oracle; who is named is above who is not."""
    ranks = [
        {
            KEYS.index(key): place
            for place, tier in enumerate(ranking.split(">"), 1)
            for key in tier.split("=")
        }
        for ranking in profile
    ]
    made = ProfileWithTies(ranks, list(profile.values()), candidates=list(range(len(KEYS))))
    made.use_extended_strict_preference()
    return made


def ours(policy: str, profile: Profile) -> set[str]:
    """Who wins or is tied, by us."""
    return set(outcome(policy, profile).winners)


def theirs(winners: list[int]) -> set[str]:
    """The same, by the oracle."""
    return {KEYS[index] for index in winners}


@pytest.mark.parametrize(("policy", "method"), [("plurality", "plurality"), ("borda", "borda")])
def test_scoring_methods_agree(policy: str, method: str) -> None:
    """Winners and ties are the same."""

    @MANY
    @given(linear)
    def agree(profile: Profile) -> None:
        assert ours(policy, profile) == theirs(getattr(oracle, method)(as_linear(profile)))

    agree()


@MANY
@given(linear)
def test_the_run_off_agrees_in_one_of_its_universes(profile: Profile) -> None:
    """The oracle follows every way to break ties for the lowest; ours is one of them.

    Where all that are left are level we say so, and the oracle goes on: then its universes are among them.
    """
    universes = theirs(oracle.instant_runoff_put(as_linear(profile)))
    winners = ours("instant_runoff", profile)
    assert winners <= universes or (len(winners) > 1 and winners & universes)


@MANY
@given(linear)
def test_the_run_off_without_a_tie_for_the_lowest_agrees_exactly(profile: Profile) -> None:
    """Nothing was to be broken: winners and ties are the same."""
    held = rounds(KEYS, ranked("instant_runoff", everybody(profile))[1].part(Rankings).each())
    lowest = [list(each.votes.values()).count(min(each.votes.values())) for each in held[:-1]]
    if all(number == 1 for number in lowest):
        winners = theirs(oracle.instant_runoff(as_linear(profile)))
        assert ours("instant_runoff", everybody(profile)) == winners


@MANY
@given(weak)
def test_the_run_off_shares_equal_places_as_the_oracle_splits_them(profile: Profile) -> None:
    """With equal places and truncated ballots, again one of the universes."""
    complete = everybody(profile)
    universes = theirs(oracle.split_irv_put(as_weak(complete)))
    winners = ours("instant_runoff", complete)
    assert winners <= universes or (len(winners) > 1 and winners & universes)


@MANY
@given(weak)
def test_schulze_agrees(profile: Profile) -> None:
    """With winning votes, on ballots with equal places and truncated."""
    complete = everybody(profile)
    made = as_weak(complete)
    winners = oracle.beat_path(made, strength_function=lambda one, other: made.support(one, other))
    assert ours("schulze", complete) == theirs(winners)


@MANY
@given(weak)
def test_a_condorcet_winner_of_the_oracle_wins_by_schulze(profile: Profile) -> None:
    """And alone."""
    complete = everybody(profile)
    winner = as_weak(complete).condorcet_winner()
    if winner is not None:
        assert ours("schulze", complete) == {KEYS[winner]}
