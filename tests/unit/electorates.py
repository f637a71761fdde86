"""Small electorates of every kind, for tests of laws: a rule, a roll, and what people answered, in order."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass, field, replace
from fractions import Fraction
from itertools import chain, combinations, permutations, product

from hypothesis import strategies as st

from socialbpm.policies import BALLOTS, CONSENT, POLICIES, TIES, VERDICTS, Count, Rule, opening
from socialbpm.posts import Choice
from socialbpm.responses import ABSTAIN

POLL = tuple(Choice(key=key, label=key.upper()) for key in "xyz")
WITHOUT_TEXT = tuple(ballot for ballot in BALLOTS if ballot != "text")
CHAIR = 0  # has the casting vote
SHARES = st.sampled_from([Fraction(1, 3), Fraction(1, 2), Fraction(51, 100), Fraction(2, 3), Fraction(1)])
GROUPS = (frozenset[str](), frozenset({"legal"}), frozenset({"design"}), frozenset({"legal", "design"}))


@dataclass(frozen=True)
class Person:
    """Somebody on the roll."""

    weight: Fraction = Fraction(1)
    groups: frozenset[str] = frozenset()


@dataclass(frozen=True)
class Answer:
    """What somebody (a place on the roll) said; an empty ballot takes back what they had said."""

    person: int
    ballot: tuple[str, ...]
    reasoned: bool = False


@dataclass(frozen=True)
class Election:
    """A rule, those who may answer, and who has answered what."""

    rule: Rule
    roll: Sequence[Person]
    answers: Sequence[Answer] = field(default=())

    def count(self) -> Count:
        """The count of all answers, one after the other."""
        return self.after(self.answers, opening(self.rule, self.roll))

    def after(self, answers: Sequence[Answer], count: Count) -> Count:
        """The count after further answers; the last of a person stands."""
        stands = dict[int, Answer]()
        for answer in answers:
            old, person = stands.get(answer.person, Answer(answer.person, ())), self.roll[answer.person]
            count = count.cast(
                old.ballot,
                answer.ballot,
                person.weight,
                count.seq + 1,
                casting=answer.person == CHAIR,
                groups=person.groups,
                reasoned=answer.reasoned,
                was_reasoned=old.reasoned,
            )
            stands[answer.person] = answer
        return count

    def nearly_complete(self, ways: int) -> Election:
        """The same election with more answers, so that at most so many ``ways`` to complete it are left."""
        known = {answer.person for answer in self.answers}
        silent = [person for person in range(len(self.roll)) if person not in known]
        each = len(ballots_of(self.rule)) + 1
        orders = len(silent) if self.by_order else 1
        most = max(n for n in range(len(silent) + 1) if n == 0 or each**n * orders <= ways)
        ballots = ballots_of(self.rule)
        more = [Answer(person, *ballots[person % len(ballots)]) for person in silent[most:]]
        return replace(self, answers=[*self.answers, *more])

    @property
    def by_order(self) -> bool:
        """Whether the rule says that the order of arrival matters."""
        return self.rule.policy == "first_response" or self.rule.tie == "earliest_to_reach"

    def completions(self) -> Iterator[Sequence[Answer]]:
        """Every way in which those who are silent could still answer, or not; in every order that matters."""
        known = {answer.person for answer in self.answers}
        silent = [person for person in range(len(self.roll)) if person not in known]
        ways = permutations if self.by_order else combinations
        for size in range(len(silent) + 1):
            for group in ways(silent, size):
                for chosen in product(ballots_of(self.rule), repeat=size):
                    yield [Answer(who, *what) for who, what in zip(group, chosen, strict=True)]


def ballots_of(rule: Rule) -> list[tuple[tuple[str, ...], bool]]:
    """Every ballot that one person could cast, with a reason where that makes a difference."""
    named = list(_ballots(rule))
    against = [(ballot, True) for ballot in named if ballot in (("reject",), ("object",))]
    return [
        *((ballot, False) for ballot in named),
        *against,
        *([((ABSTAIN,), False)] if rule.abstain else []),
    ]


def _ballots(rule: Rule) -> Iterator[tuple[str, ...]]:
    if rule.ballot == "ranked":
        return rankings(rule.keys)
    most = len(rule.keys) if rule.ballot == "multiple" else 1
    return chain.from_iterable(combinations(rule.keys, size) for size in range(1, most + 1))


def rankings(keys: Sequence[str]) -> Iterator[tuple[str, ...]]:
    """All rankings of some or all of the keys, and those with two equal ones in the first place."""
    for size in range(1, len(keys) + 1):
        for order in permutations(keys, size):
            yield order
            if size > 1 and order[0] < order[1]:
                yield (f"{order[0]}={order[1]}", *order[2:])


@st.composite
def rules(
    draw: st.DrawFn,
    voters: int,
    *,
    policies: Sequence[str] = tuple(POLICIES),
    ballots: Collection[str] = WITHOUT_TEXT,
) -> Rule:
    """A sound rule for a roll of that size, open until its deadline."""
    policy = draw(st.sampled_from(policies))
    takes = POLICIES[policy].parameters
    ballot = draw(st.sampled_from(sorted(POLICIES[policy].ballots & set(ballots))))
    alone = policy in ("first_response", "lazy_consensus")  # they take no quorum
    late = {"earliest_to_reach"} if POLICIES[policy].keeps else set[str]()
    tie = draw(st.sampled_from(sorted(TIES.keys() - late)))
    poll = POLL[: draw(st.integers(2, 3))]
    proposal = ballot in ("verdict", "consent")
    return Rule(
        policy=policy,
        choices={"verdict": VERDICTS, "consent": CONSENT}.get(ballot, poll),
        ballot=ballot,
        final=True,
        abstain=policy != "first_response" and draw(st.booleans()),
        n=draw(st.integers(1, voters)) if "n" in takes else None,
        threshold=draw(SHARES) if "threshold" in takes else None,
        strict="strict" in takes and draw(st.booleans()),
        share_of=draw(st.sampled_from(["votes", "roll"])),
        min_plus=draw(st.none() | st.integers(1, voters)) if "minPlus" in takes else None,
        vetoes=draw(st.none() | st.integers(1, voters)) if proposal else None,
        quorum=None if alone else draw(st.none() | st.integers(1, voters) | SHARES),
        group_quorum={}
        if alone
        else draw(st.sampled_from([{}, {}, {"legal": 1}, {"legal": 1, "design": 1}])),
        tie=tie,
        casting_vote="chair" if tie == "casting_vote" else "",
    )


@st.composite
def elections(
    draw: st.DrawFn,
    most: int = 4,
    *,
    weighted: bool = True,
    policies: Sequence[str] = tuple(POLICIES),
    ballots: Collection[str] = WITHOUT_TEXT,
) -> Election:
    """A rule, a roll, and the answers so far (one each)."""
    voters = draw(st.integers(1, most))
    rule = draw(rules(voters, policies=policies, ballots=ballots))
    weights = st.sampled_from([Fraction(1), Fraction(2), Fraction(1, 3)] if weighted else [Fraction(1)])
    people = st.builds(Person, weights, st.sampled_from(GROUPS))
    roll = draw(st.lists(people, min_size=voters, max_size=voters))
    who = draw(st.permutations(range(voters)))[: draw(st.integers(0, voters))]
    said = st.sampled_from(ballots_of(rule))
    return Election(rule, roll, [Answer(person, *draw(said)) for person in who])
