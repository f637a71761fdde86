"""How a question was decided, sentence by sentence, from its rule and its count. Pure.

Whoever knows nothing of voting shall be able to follow it; whoever checks it finds every figure that the rule
looked at.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from fractions import Fraction

from socialbpm.outcomes.chart import labelled
from socialbpm.policies import POLICIES, Count, Found, Rule, quorum, settle, vetoes_needed
from socialbpm.policies import groups as quorum_of_groups
from socialbpm.policies.phrases import counted, number
from socialbpm.policies.ranked import runoff
from socialbpm.policies.ranked.schulze import Pairs
from socialbpm.policies.vetoes import Vetoes
from socialbpm.responses import ABSTAIN, Standing

PEOPLE = ("person", "people")
STANDINGS: Mapping[Standing, str] = {
    Standing.ACCEPTED: "accepted: they count",
    Standing.SUPERSEDED: "superseded: their person answered again, and the later answer counts",
    Standing.WITHDRAWN: "withdrawn: their person took them back",
    Standing.LATE: "late: they came after the end",
    Standing.INELIGIBLE: "ineligible: whoever gave them had no binding vote here",
    Standing.SPOILED: "spoiled: they name nothing that could be chosen, or are about an older version",
}
CLOSES = {
    "deadline": "It was open until its deadline, whatever was answered before.",
    "decided": "It was to close as soon as no answer still missing could change the outcome.",
    "first_crossing": "It was to close the moment the rule was met, so the order of answers could matter.",
}
TIES = {
    "tie": "Equal choices would have been the outcome: a tie.",
    "status_quo": "Of equals, nothing changes.",
    "option_order": "Of equals, the one listed first wins; in a review the strictest.",
    "earliest_to_reach": "Of equals, the one that got there first wins.",
}


def of_rule(rule: Rule) -> Iterator[str]:
    """What was agreed before anybody answered."""
    policy = POLICIES[rule.policy]
    yield f"{_capital(policy.meaning)} ({rule.policy}): {policy.words(rule)}."
    yield CLOSES[rule.close]
    yield (
        "An answer could not be changed."
        if rule.final
        else "An answer could be changed; the last one counts."
    )
    if needed := vetoes_needed(rule):
        yield f"{counted(needed, ('veto', 'vetoes'))} with a reason would have stopped it."
    if rule.binding:
        yield f"Only answers of {', '.join(sorted(rule.binding))} decide; those of others are advice."
    if rule.abstain:
        yield "Who abstains counts for the quorum, and for no choice."
    if rule.tie == "casting_vote":
        yield f"Of equals, the one that {rule.casting_vote} chose wins."
    else:
        yield TIES[rule.tie]


def of_roll(rule: Rule, count: Count) -> Iterator[str]:
    """Who could answer, and how many had to."""
    if count.roll is None or count.roll_weight is None:
        yield "Anybody could answer."
    else:
        weighed = (
            f", together weighing {number(count.roll_weight)}" if count.roll_weight != count.roll else ""
        )
        who = counted(count.roll, PEOPLE)
        yield f"{who} could answer{weighed}: the roll was taken down when it opened."
    yield from _quorums(rule, count)


def _quorums(rule: Rule, count: Count) -> Iterator[str]:
    if rule.quorum is not None:
        needed = quorum(rule, count)
        met = "enough" if count.ballots >= needed else "too few"
        yield f"{number(needed)} had to answer (quorum), {count.ballots} did: {met}."
    if rule.group_quorum:
        met = "enough" if quorum_of_groups.met(rule, count) else "too few"
        yield f"Of the groups: {'; '.join(quorum_of_groups.standing(rule, count))}: {met}."


def of_standings(standings: Mapping[str, int], received: int, pending: int) -> Iterator[str]:
    """What became of every answer, and the equation that must hold."""
    for standing, words in STANDINGS.items():
        if standings.get(standing):
            yield f"{standings[standing]} {words}."
    if pending:
        yield f"{pending} pending: not looked at yet."
    yield equation(standings, received, pending)


def equation(standings: Mapping[str, int], received: int, pending: int = 0) -> str:
    """``2 accepted + 1 superseded + … = 3 received``."""
    parts = [f"{standings.get(standing, 0)} {standing.value}" for standing in STANDINGS]
    waiting = [f"{pending} pending"] if pending else []
    return f"{' + '.join([*parts, *waiting])} = {received} received"


def of_count(rule: Rule, count: Count) -> Iterator[str]:
    """What each choice got, and what the method makes of it."""
    for choice in rule.choices:
        yield f"{labelled(choice)}: {_stands(rule, count, choice.key)}."
    if ABSTAIN in count.heads:
        yield f"Abstained: {_stands(rule, count, ABSTAIN)}."
    if Vetoes.NAME in count.parts:
        vetoes = count.part(Vetoes)
        yield f"With a reason against it: {vetoes.reasoned}; without one: {vetoes.unreasoned}."
    if people := sum(count.advisory.values()):
        told = ", ".join(f"{key} {heads}" for key, heads in count.advisory.items())
        yield f"Besides, {counted(people, PEOPLE)} without a binding vote: {told}."
    if count.ballots:
        yield from _method(rule, count)
        yield from _tie(rule, count)


def _stands(rule: Rule, count: Count, key: str) -> str:
    first = ", put first" if rule.ballot == "ranked" and key != ABSTAIN else ""
    heads, weight = count.heads.get(key, 0), count.total(key)
    weighing = f", weighing {number(weight)}" if weight != heads else ""
    return counted(heads, PEOPLE) + weighing + first


def _method(rule: Rule, count: Count) -> Iterator[str]:
    policy = POLICIES[rule.policy]
    if rule.policy == "instant_runoff":
        yield from _rounds(rule, count)
    if Pairs.NAME in count.parts:
        yield from _pairs(rule, count.part(Pairs))
    if rule.policy == "borda" and policy.scores:
        yield f"Points: {_listed(rule, policy.scores(rule, count))}."
    if policy.order:
        yield f"In order: {'; '.join(_tier(rule, tier) for tier in policy.order(rule, count))}."


def _rounds(rule: Rule, count: Count) -> Iterator[str]:
    for place, each in enumerate(runoff.held(rule, count), start=1):
        gone = f"; {rule.label(each.out)} drops out" if each.out else ""
        why = ", as the first listed of equals" if each.by_listing else ""
        yield f"Round {place}: {_listed(rule, each.votes)}{gone}{why}."


def _pairs(rule: Rule, pairs: Pairs) -> Iterator[str]:
    """Every choice against every other."""
    for place, one in enumerate(rule.keys):
        for other in rule.keys[place + 1 :]:
            score = f"{number(pairs.of_pair(one, other))} to {number(pairs.of_pair(other, one))}"
            yield f"{rule.label(one)} against {rule.label(other)}: {score}."


def _tie(rule: Rule, count: Count) -> Iterator[str]:
    ruling = settle(rule, count)
    if ruling.found is Found.TIED and ruling.outcome != "tie":
        yield f"Choices were equal, and the tie rule ({rule.tie}) decided."


def _listed(rule: Rule, votes: Mapping[str, Fraction]) -> str:
    return ", ".join(f"{rule.label(key)} {number(votes[key])}" for key in rule.keys if key in votes)


def _tier(rule: Rule, tier: str) -> str:
    return " and ".join(map(rule.label, tier.split("=")))


def _capital(text: str) -> str:
    return text[:1].upper() + text[1:]
