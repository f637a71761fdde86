"""How an outcome is told: in one sentence that a person understands.

For example ``approved: 2 of 3 reviewers, threshold 2 approvals, closed at the deadline``.
"""

from __future__ import annotations

from fractions import Fraction
from typing import TYPE_CHECKING

from socialbpm.policies import groups
from socialbpm.policies.counts import Count
from socialbpm.policies.findings import Found
from socialbpm.policies.phrases import Noun, counted, number, one_or_more, percent
from socialbpm.policies.vetoes import Vetoes
from socialbpm.responses import ABSTAIN

if TYPE_CHECKING:
    from socialbpm.policies.deciding import Ruling
    from socialbpm.policies.declared import Policy
    from socialbpm.policies.rule import Rule

_REVIEWERS: Noun = ("reviewer", "reviewers")
_PEOPLE: Noun = ("person", "people")
_VOTES: Noun = ("vote", "votes")
_ANSWERS: Noun = ("answer", "answers")
_SAID = {
    "approve": "approved",
    "changes": "asked for changes",
    "reject": "rejected",
    "support": "in favour",
    "object": "against",
    ABSTAIN: "abstained",
}


def explain(rule: Rule, count: Count, ruling: Ruling, policy: Policy, *, closing: bool) -> str:
    """The outcome, who said what, the rule, vetoes, quorums, the tie rule if it was used, and closing."""
    parts = [
        f"{ruling.outcome.replace('_', ' ')}: {_body(rule, count, ruling, policy)}",
        policy.words(rule),
        *_vetoes(count, ruling),
        *_quorum(rule, count),
        *_groups(rule, count),
        *_tie(rule, ruling),
        *_advisory(count),
        _closed(rule, count, ruling, closing),
    ]
    return ", ".join(parts)


def _body(rule: Rule, count: Count, ruling: Ruling, policy: Policy) -> str:
    if rule.review:
        return _review(count, ruling)
    if rule.ballot == "consent":
        return _of_roll(count, count.ballots, _PEOPLE) + " answered" + _each_said(count)
    if ruling.outcome in ("no_votes", "no_quorum"):
        return _of_roll(count, count.ballots, _PEOPLE) + " answered" + _abstained(count)
    if policy.story is not None:
        won = " and ".join(map(rule.label, ruling.winners))
        return "; ".join(filter(None, (won, policy.story(rule, count))))
    return _poll(rule, count, ruling)


def _review(count: Count, ruling: Ruling) -> str:
    if ruling.outcome == "approved" and ruling.found == Found.CARRIED:
        return _of_roll(count, count.heads["approve"], _REVIEWERS) + _weighted(count, "approve")
    if ruling.outcome in ("expired", "no_quorum"):
        return _of_roll(count, count.ballots, _REVIEWERS) + " answered" + _abstained(count)
    whole = count.ballots if count.roll is None else count.roll
    return f"of {whole} {one_or_more(whole, _REVIEWERS)} {_said(count)}"


def _said(count: Count) -> str:
    return ", ".join(f"{people} {_SAID[key]}" for key in _SAID if (people := count.heads.get(key, 0)))


def _each_said(count: Count) -> str:
    return f" ({_said(count)})" if count.ballots else ""


def _poll(rule: Rule, count: Count, ruling: Ruling) -> str:
    best = max(count.total(key) for key in rule.keys)
    shown = [key for key in rule.keys if key in ruling.winners] if ruling.winners else []
    leaders = shown or [key for key in rule.keys if count.total(key) == best]
    names = " and ".join(map(rule.label, leaders))
    each = " each" if len(leaders) > 1 else ""
    of_all = f"{number(count.total(leaders[0]))} of {counted(count.voiced, _VOTES)}"
    return f"{names} with {of_all}{each}{_abstained(count)}"


def _abstained(count: Count) -> str:
    people = count.heads.get(ABSTAIN, 0)
    return f", {people} abstained" if people else ""


def _of_roll(count: Count, people: int, who: Noun) -> str:
    if count.roll is None:
        return f"{people} {one_or_more(people, who)}"
    return f"{people or 'none'} of {count.roll} {one_or_more(count.roll, who)}"


def _weighted(count: Count, choice: str) -> str:
    if count.roll_weight is None or count.roll_weight == count.roll:
        return ""
    return f" with {number(count.total(choice))} of {number(count.roll_weight)} votes"


def _vetoes(count: Count, ruling: Ruling) -> list[str]:
    """Who stopped it; and that a no without a reason did not."""
    if Vetoes.NAME not in count.parts:
        return []
    standing = count.part(Vetoes)
    told = []
    if ruling.found == Found.VETOED:
        told.append(f"stopped by {counted(standing.reasoned, ('veto', 'vetoes'))} with a reason")
    elif standing.reasoned:
        told.append(f"{counted(standing.reasoned, ('veto', 'vetoes'))} did not suffice to stop it")
    if standing.unreasoned:
        told.append(f"{standing.unreasoned} against without a reason, which is no veto")
    return told


def _quorum(rule: Rule, count: Count) -> list[str]:
    if rule.quorum is None:
        return []
    wanted = percent(rule.quorum) if isinstance(rule.quorum, Fraction) else str(rule.quorum)
    needed = rule.quorum * (count.roll or 0) if isinstance(rule.quorum, Fraction) else rule.quorum
    met = "met" if count.ballots >= needed else "not met"
    return [f"quorum {wanted} {met} by {counted(count.ballots, _ANSWERS)}"]


def _groups(rule: Rule, count: Count) -> list[str]:
    if not rule.group_quorum:
        return []
    met = "met" if groups.met(rule, count) else "not met"
    return [f"quorum of groups {met} ({'; '.join(groups.standing(rule, count))})"]


def _tie(rule: Rule, ruling: Ruling) -> list[str]:
    if ruling.found != Found.TIED or rule.tie == "tie":
        return []
    first = "the strictest stands" if rule.review else "the first listed wins"
    told = {
        "status_quo": "equal votes change nothing",
        "option_order": f"of equals {first}",
        "earliest_to_reach": "of equals the one that got there first wins",
        "casting_vote": f"{rule.casting_vote} has the casting vote",
    }
    return [told[rule.tie]]


def _advisory(count: Count) -> list[str]:
    people = sum(count.advisory.values())
    return [f"besides {counted(people, ('advisory answer', 'advisory answers'))}"] if people else []


def _closed(rule: Rule, count: Count, ruling: Ruling, closing: bool) -> str:
    """When it closed. What is closed by its first crossing depends on the order of answers, and says so."""
    if closing:
        return "closed at the deadline"
    if count.ballots == count.roll:
        return "closed when everybody had answered"
    if rule.close == "decided":
        return "closed early because the answers still missing could not change it"
    if rule.policy == "first_response":
        return "no other answer was waited for"
    reached = {Found.FAILED: "out of reach", Found.VETOED: "vetoed"}.get(ruling.found, "reached")
    return f"closed early as soon as that was {reached}, so the order of answers mattered"
