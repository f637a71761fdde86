"""What becomes of each response: judged one by one in the order of receipt. Pure: rows in, standings out."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from sqlalchemy import Row

from socialbpm.outcomes.ballots import NONE, Delegations, Held, Vote
from socialbpm.policies import Count, Rule, decide, flaw
from socialbpm.policies.counts import ONE
from socialbpm.responses import Outcome, Standing

REPLACED = "replaced by a later answer"
NOT_ON_ROLL = "not on the roll of those who may answer"


@dataclass(frozen=True, slots=True, kw_only=True)
class Terms:
    """By what a response is judged: the open request as it stands. ``ended`` says why it is over already.

    ``author`` is who may not answer about their own work. ``anybody`` may answer an open electorate.
    ``decided`` says, for what has no policy, whether a count ends it.
    ``collected`` are the accounts that are read, and may be read once more after the end.
    """

    rule: Rule
    version: int
    author: str
    ends_at: datetime | None
    grace_until: datetime | None
    collected: frozenset[str] = frozenset()
    ended: str = ""
    anybody: bool = False
    delegation: bool = False
    decided: Callable[[Count], Outcome | None] | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Judged:
    """A response with its standing; ``stands``: it is its person's answer now, accepted or advisory."""

    seq: int
    person: str
    standing: Standing
    reason: str
    stands: bool = False


@dataclass(slots=True)
class Sitting:
    """One sitting of the count: applies responses one after the other to a running count.

    ``judged`` are they, ``replaced`` the earlier ones that gave way. ``again`` says that all of them were in
    time when they were first judged.
    """

    terms: Terms
    count: Count
    standings: Counter[str]
    delegations: Delegations = field(default_factory=Delegations)
    again: bool = False
    judged: list[Judged] = field(default_factory=list)
    replaced: list[Judged] = field(default_factory=list)
    outcome: Outcome | None = None
    _held: dict[str, Held] = field(default_factory=dict)

    def apply(self, events: Iterable[Row[Any]]) -> None:
        """Judge ``events`` in their order; ``outcome`` is set by the one that decides the request."""
        for event in events:
            self._apply(event)

    def _apply(self, event: Row[Any]) -> None:
        before, vote = self._before(event), _vote(event, self.terms)
        choices = tuple(dict.fromkeys(event.choices))
        standing, reason = self._judge(event, vote, choices, before)
        new = Held()
        if standing == Standing.ACCEPTED:
            new = Held(seq=event.seq, choices=choices, reasoned=event.reasoned, delegate=event.delegate or "")
        elif standing == Standing.INELIGIBLE and _advises(event, self.terms, choices, before):
            new = Held(seq=event.seq, choices=() if event.withdraws else choices, advisory=True)
            self._advise(event.person, before, new)
        stands = bool(new.choices or new.delegate)
        judged = Judged(seq=event.seq, person=event.person, standing=standing, reason=reason, stands=stands)
        self._note(judged)
        takes_back = (
            standing == Standing.WITHDRAWN and before.seq and not (event.gone or _misses(event, before))
        )
        if vote is not None and (standing == Standing.ACCEPTED or takes_back):
            self._cast(event.person, vote, before, new, event.seq)

    def _before(self, event: Row[Any]) -> Held:
        """The answer that the person has standing."""
        if event.person in self._held:
            return self._held[event.person]
        if not event.before_seq or self.again:
            return NONE
        return Held(
            seq=event.before_seq,
            choices=tuple(dict.fromkeys(event.before_choices)),
            reasoned=bool(event.before_reasoned),
            delegate=event.before_delegate or "",
            advisory=event.before_standing == Standing.INELIGIBLE,
        )

    def _judge(
        self, event: Row[Any], vote: Vote | None, choices: tuple[str, ...], before: Held
    ) -> tuple[Standing, str]:
        terms = self.terms
        if late := self._late(event):
            return Standing.LATE, late
        if vote is None:
            return Standing.INELIGIBLE, _why_not(event, terms)
        if event.version not in (0, terms.version):
            return Standing.SPOILED, f"about version {event.version}, but version {terms.version} is open"
        if before.seq > event.seq:  # it came first, but only now is known what it was about
            return Standing.SUPERSEDED, REPLACED
        if event.gone:
            return Standing.WITHDRAWN, "its author had deleted it"
        if event.delegate and (refusal := self._refusal(event, choices)):
            return Standing.SPOILED, refusal
        return _of_ballot(event, terms, choices, before)

    def _late(self, event: Row[Any]) -> str:
        if self.again:
            return ""
        if self.outcome is not None:
            return "an earlier answer had decided the request"
        return self.terms.ended or ("received after the end" if _late(event, self.terms) else "")

    def _refusal(self, event: Row[Any], choices: tuple[str, ...]) -> str:
        """Why a ballot cannot be handed on; '' if it can."""
        if not self.terms.delegation:
            return "nobody can hand their ballot to somebody else here"
        if choices:
            return "names choices and somebody who is to choose"
        return self.delegations.refusal(event.person, event.delegate, self.terms.author)

    def _cast(self, person: str, vote: Vote, before: Held, new: Held, seq: int) -> None:
        """``new`` takes the place of ``before``."""
        self.put(person, vote, before, new, seq)
        if before.seq:
            self._replace(before, person, withdrawn=not new.seq)
        if self.again:
            return
        if self.terms.decided is not None:
            self.outcome = self.terms.decided(self.count)
        elif self.terms.rule.close == "first_crossing":
            self.outcome = decide(self.terms.rule, self.count)

    def put(self, person: str, vote: Vote, before: Held, new: Held, seq: int) -> None:
        """Count ``new`` instead of ``before``, also for those whose ballots this person has."""
        if self.terms.delegation:
            self._cast_for_all(person, vote, new, seq)
        else:
            self._count(person, vote, before, new, seq)
        self._held[person] = new

    def _cast_for_all(self, person: str, vote: Vote, new: Held, seq: int) -> None:
        delegations = self.delegations
        old = delegations.effective(person)
        delegations.hold(person, new)
        now = delegations.effective(person)
        self._count(person, vote, old, now, seq)
        for each in delegations.behind(person):
            self._count(each, delegations.votes[each], old, now, seq)

    def _count(self, person: str, vote: Vote, old: Held, new: Held, seq: int) -> None:
        self.count = self.count.cast(
            old.choices,
            new.choices,
            vote.weight,
            seq,
            casting=person == self.terms.rule.casting_vote,
            groups=vote.groups,
            reasoned=new.reasoned,
            was_reasoned=old.reasoned,
        )

    def _advise(self, person: str, before: Held, new: Held) -> None:
        """An answer that decides nothing takes the place of the person's earlier one."""
        self.count = self.count.advise(before.choices, new.choices)
        self._held[person] = new if new.choices else NONE
        if before.seq:
            gone = Judged(seq=before.seq, person=person, standing=Standing.INELIGIBLE, reason=REPLACED)
            self.replaced.append(gone)

    def _replace(self, before: Held, person: str, *, withdrawn: bool) -> None:
        """The person's earlier ballot gives way."""
        standing = Standing.WITHDRAWN if withdrawn else Standing.SUPERSEDED
        reason = "taken back by its voter" if withdrawn else REPLACED
        self.replaced.append(Judged(seq=before.seq, person=person, standing=standing, reason=reason))
        self.standings[Standing.ACCEPTED] -= 1
        self.standings[standing] += 1

    def _note(self, judged: Judged) -> None:
        self.judged.append(judged)
        self.standings[judged.standing] += 1


def vote_of(weight: str | None, groups: Iterable[str] | None) -> Vote:
    """As the roll says it; a stranger in an open electorate counts for one."""
    return Vote(weight=ONE) if weight is None else Vote.of(weight, groups)


def _vote(event: Row[Any], terms: Terms) -> Vote | None:
    """What the person brings; None: they may not answer."""
    stranger = event.weight is None
    if stranger and (not terms.anybody or event.member or event.person == terms.author):
        return None
    return vote_of(event.weight, event.groups)


def _late(event: Row[Any], terms: Terms) -> bool:
    """By receipt at our server; in the final read and within the grace, by the platform's own time."""
    if terms.ends_at is None or event.received_at < terms.ends_at:
        return False
    if event.platform_at is None or event.platform_at >= terms.ends_at:
        return True
    in_grace = terms.grace_until is not None and event.received_at < terms.grace_until
    return not in_grace and event.channel not in terms.collected


def _why_not(event: Row[Any], terms: Terms) -> str:
    if event.person == terms.author:
        return "the author cannot answer about their own work"
    return "has no binding vote here" if event.member else NOT_ON_ROLL


def _advises(event: Row[Any], terms: Terms, choices: tuple[str, ...], before: Held) -> bool:
    """Whether an answer that does not decide is valid otherwise: it is shown apart."""
    if event.person == terms.author or event.version not in (0, terms.version) or before.seq > event.seq:
        return False
    if event.withdraws:
        return bool(before.seq) and event.target_seq == before.seq
    valid = not event.delegate and not event.gone and not flaw(terms.rule, choices, reasoned=event.reasoned)
    return valid and bool(choices or before.seq)


def _misses(event: Row[Any], before: Held) -> bool:
    """Whether it deletes something else than the answer that stands."""
    return bool(event.withdraws) and event.target_seq != before.seq


def _of_ballot(event: Row[Any], terms: Terms, choices: tuple[str, ...], before: Held) -> tuple[Standing, str]:
    """The standing of a ballot in time and by somebody who may answer."""
    if event.withdraws and (not before.seq or _misses(event, before)):
        return Standing.WITHDRAWN, "what was deleted had not counted, or counted no more"
    if problem := "" if event.withdraws else flaw(terms.rule, choices, reasoned=event.reasoned):
        return Standing.SPOILED, problem
    if before.seq and terms.rule.final:
        return Standing.SPOILED, "answers are final here: the first one stands"
    if event.withdraws or not (choices or event.delegate):
        return (
            Standing.WITHDRAWN,
            "takes an answer back" if before.seq else "there was no answer to take back",
        )
    return Standing.ACCEPTED, ""
