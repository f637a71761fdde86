"""The policies, one declaration each: what it means, what it takes, and when a choice carries."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from fractions import Fraction

from socialbpm.policies import consent, counting, phrases
from socialbpm.policies.counts import Count
from socialbpm.policies.findings import Finding
from socialbpm.policies.parts import OfChoices
from socialbpm.policies.ranked import borda, runoff, schulze
from socialbpm.policies.rule import Rule

LATER = ("score", "condorcet", "consensus_rounds", "lot")
"""Known by name, so that a model that names one is told so."""

_NAMED = frozenset({"verdict", "single", "multiple", "ranked", "text"})
_PROPOSALS = frozenset({"verdict", "consent"})
_RANKED = frozenset({"ranked"})


def _never_sure(rule: Rule, count: Count, winners: tuple[str, ...]) -> bool:
    return False


def _one_ballot(rule: Rule) -> bool:
    return True


@dataclass(frozen=True, slots=True, kw_only=True)
class Policy:
    """A way to decide. ``find`` looks at a count in which enough people have answered.

    It ``needs`` some parameters and ``takes`` others, each with what it is if it is not given. ``ballots``
    are the kinds it decides. ``vetoes`` stop it if nothing else is said. ``keeps`` is the part of the count
    that it looks at besides the totals. ``scores`` are what it compares, ``order`` the order it gives,
    ``story`` how it came about. ``sure`` says when a winner can no longer lose; without it all extreme
    completions are tried.
    """

    meaning: str
    find: Callable[[Rule, Count], Finding]
    words: Callable[[Rule], str]
    ballots: frozenset[str]
    needs: frozenset[str] = frozenset()
    takes: Mapping[str, int | Fraction | str | bool | None] = field(default_factory=dict)
    vetoes: int | None = None
    silence_passes: bool = False
    one_ballot_carries: Callable[[Rule], bool] = lambda rule: False
    keeps: type[OfChoices] | None = None
    sure: Callable[[Rule, Count, tuple[str, ...]], bool] | None = None
    scores: Callable[[Rule, Count], dict[str, Fraction]] | None = None
    order: Callable[[Rule, Count], tuple[str, ...]] | None = None
    story: Callable[[Rule, Count], str] | None = None

    @property
    def parameters(self) -> frozenset[str]:
        """Everything that it needs or takes."""
        return self.needs | self.takes.keys()


POLICIES: Mapping[str, Policy] = {
    "first_response": Policy(
        meaning="the first answer decides",
        find=counting.first_response,
        words=lambda rule: "the first answer decides",
        ballots=frozenset({"verdict", "single", "multiple", "text"}),
    ),
    "unanimous": Policy(
        meaning="all on the roll agree; with a quorum, all who answered",
        find=counting.unanimous,
        words=phrases.all_of_them,
        ballots=_NAMED,
    ),
    "n_of_m": Policy(
        meaning="n of the roll agree",
        find=counting.n_of_m,
        words=lambda rule: phrases.so_many(rule, rule.n or 0),
        ballots=_NAMED,
        needs=frozenset({"n"}),
    ),
    "threshold": Policy(
        meaning="a share of the votes cast, or of the roll, agrees",
        find=counting.threshold,
        words=lambda rule: phrases.such_a_share(rule, rule.threshold or Fraction(0)),
        ballots=_NAMED,
        needs=frozenset({"threshold"}),
        takes={"of": "votes", "strict": False},
        one_ballot_carries=lambda rule: rule.share_of == "votes",
    ),
    "majority": Policy(
        meaning="more than half of the votes cast, or of the roll, agree",
        find=counting.majority,
        words=phrases.more_than_half,
        ballots=_NAMED,
        takes={"of": "votes", "minPlus": None},
        one_ballot_carries=lambda rule: rule.share_of == "votes" and (rule.min_plus or 1) == 1,
    ),
    "supermajority": Policy(
        meaning="two thirds, or another large share, of the votes cast or of the roll agree",
        find=counting.supermajority,
        words=lambda rule: phrases.such_a_share(rule, rule.threshold or counting.TWO_THIRDS),
        ballots=_NAMED,
        takes={"threshold": counting.TWO_THIRDS, "strict": False, "of": "votes", "minPlus": None},
        one_ballot_carries=lambda rule: rule.share_of == "votes" and (rule.min_plus or 1) == 1,
    ),
    "plurality": Policy(
        meaning="the choice with most votes wins",
        find=counting.plurality,
        words=lambda rule: "most votes win",
        ballots=_NAMED,
        one_ballot_carries=_one_ballot,
        order=counting.order,
    ),
    "approval": Policy(
        meaning="everybody names all they approve of; the choice that most approve of wins",
        find=counting.plurality,
        words=lambda rule: "most approvals win",
        ballots=frozenset({"multiple"}),
        one_ballot_carries=_one_ballot,
        order=counting.order,
    ),
    "borda": Policy(
        meaning="each place of a ranking gives points, the last of all places none; most points win",
        find=borda.find,
        words=lambda rule: f"a first place gives {len(rule.keys) - 1} points, each place below one less",
        ballots=_RANKED,
        one_ballot_carries=_one_ballot,
        keeps=borda.Points,
        scores=borda.scores,
        order=borda.order,
        story=borda.story,
    ),
    "instant_runoff": Policy(
        meaning="the choice with fewest first places drops out, round by round, until one has a majority",
        find=runoff.find,
        words=lambda rule: "a majority of the ballots that still name a choice wins",
        ballots=_RANKED,
        one_ballot_carries=_one_ballot,
        keeps=runoff.Rankings,
        sure=runoff.sure,
        order=runoff.order,
        story=runoff.story,
    ),
    "schulze": Policy(
        meaning="choices are compared two by two; the strongest chains of wins decide",
        find=schulze.find,
        words=lambda rule: "the strongest chains of wins decide",
        ballots=_RANKED,
        one_ballot_carries=_one_ballot,
        keeps=schulze.Pairs,
        sure=schulze.sure,
        order=schulze.order,
        story=schulze.story,
    ),
    "veto": Policy(
        meaning="it passes if somebody is in favour and nobody vetoes it with a reason",
        find=consent.veto,
        words=lambda rule: phrases.so_many_for(rule, rule.min_plus or consent.ONE_FOR),
        ballots=_PROPOSALS,
        takes={"minPlus": consent.ONE_FOR, "vetoes": consent.ONE_VETO},
        vetoes=consent.ONE_VETO,
        one_ballot_carries=lambda rule: (rule.min_plus or consent.ONE_FOR) == 1,
    ),
    "lazy_consensus": Policy(
        meaning="silence passes it, a veto with a reason stops it",
        find=consent.lazy_consensus,
        words=lambda rule: "silence is consent",
        ballots=frozenset({"consent"}),
        takes={"vetoes": consent.ONE_VETO},
        vetoes=consent.ONE_VETO,
        silence_passes=True,
        sure=_never_sure,
    ),
    "consensus_approval": Policy(
        meaning="it passes with three votes in favour and no veto",
        find=consent.consensus_approval,
        words=lambda rule: phrases.so_many_for(rule, rule.min_plus or consent.THREE_FOR),
        ballots=_PROPOSALS,
        takes={"minPlus": consent.THREE_FOR, "vetoes": consent.ONE_VETO},
        vetoes=consent.ONE_VETO,
    ),
}


def vetoes_needed(rule: Rule) -> int | None:
    """How many vetoes stop what is decided by this rule; None: it knows none."""
    return POLICIES[rule.policy].vetoes if rule.vetoes is None else rule.vetoes
