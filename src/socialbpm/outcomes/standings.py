"""What becomes of each response: judged one by one in the order of receipt. Pure: rows in, standings out."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime
from fractions import Fraction
from typing import Any

from sqlalchemy import Row

from socialbpm.policies import Count, Rule, decide
from socialbpm.posts import AskKind
from socialbpm.responses import Outcome, Standing

REPLACED = "replaced by a later answer"


@dataclass(frozen=True, slots=True, kw_only=True)
class Terms:
    """By what a response is judged: the open request as it stands. ``ended`` says why it is over already.

    ``collected`` are the accounts that are read, and may be read once more after the end.
    """

    rule: Rule
    kind: AskKind
    version: int
    author: str
    ends_at: datetime | None
    grace_until: datetime | None
    collected: frozenset[str] = frozenset()
    ended: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Judged:
    """A response with its standing."""

    seq: int
    person: str
    standing: Standing
    reason: str


@dataclass(slots=True)
class Sitting:
    """One sitting of the count: applies responses one after the other to a running count."""

    terms: Terms
    count: Count
    standings: Counter[str]
    judged: list[Judged] = field(default_factory=list)
    replaced: list[Judged] = field(default_factory=list)
    outcome: Outcome | None = None
    _standing: dict[str, tuple[int, tuple[str, ...]]] = field(default_factory=dict)

    def apply(self, events: Iterable[Row[Any]]) -> None:
        """Judge ``events`` in their order; ``outcome`` is set by the one that decides the request."""
        for event in events:
            self._apply(event)

    def _apply(self, event: Row[Any]) -> None:
        before = self._ballot(event)
        choices = tuple(dict.fromkeys(event.choices))
        standing, reason = self._judge(event, choices, before)
        self._note(Judged(seq=event.seq, person=event.person or "", standing=standing, reason=reason))
        if standing in (Standing.ACCEPTED, Standing.WITHDRAWN):
            self._cast(event, choices, before, standing)

    def _ballot(self, event: Row[Any]) -> tuple[int, tuple[str, ...]]:
        """Number and choices of the ballot that the person has standing; (0, ()) for none."""
        if event.person in self._standing:
            return self._standing[event.person]
        return (event.before_seq, tuple(event.before_choices)) if event.before_seq else (0, ())

    def _judge(
        self, event: Row[Any], choices: tuple[str, ...], before: tuple[int, tuple[str, ...]]
    ) -> tuple[Standing, str]:
        terms = self.terms
        if self.outcome is not None:
            return Standing.LATE, "an earlier answer had decided the request"
        if terms.ended:
            return Standing.LATE, terms.ended
        if _late(event, terms):
            return Standing.LATE, "received after the end"
        if event.weight is None:
            return Standing.INELIGIBLE, _why_not(event, terms)
        if event.version not in (0, terms.version):
            return Standing.SPOILED, f"about version {event.version}, but version {terms.version} is open"
        if before[0] > event.seq:  # it came first, but only now is known what it was about
            return Standing.SUPERSEDED, REPLACED
        return _of_ballot(terms, choices, had_one=bool(before[0]))

    def _cast(
        self,
        event: Row[Any],
        choices: tuple[str, ...],
        before: tuple[int, tuple[str, ...]],
        standing: Standing,
    ) -> None:
        seq, old = before
        casting = event.person == self.terms.rule.casting_vote
        self.count = self.count.cast(old, choices, Fraction(event.weight), event.seq, casting=casting)
        self._standing[event.person] = (event.seq if choices else 0, choices)
        if seq:
            self._replace(seq, event.person, standing)
        if self.terms.rule.close == "first_crossing":
            self.outcome = decide(self.terms.rule, self.count)

    def _replace(self, seq: int, person: str, by: Standing) -> None:
        """The person's earlier ballot gives way."""
        withdrawn = by == Standing.WITHDRAWN
        standing = Standing.WITHDRAWN if withdrawn else Standing.SUPERSEDED
        reason = "taken back by its voter" if withdrawn else REPLACED
        self.replaced.append(Judged(seq=seq, person=person, standing=standing, reason=reason))
        self.standings[Standing.ACCEPTED] -= 1
        self.standings[standing] += 1

    def _note(self, judged: Judged) -> None:
        self.judged.append(judged)
        self.standings[judged.standing] += 1


def _late(event: Row[Any], terms: Terms) -> bool:
    """By receipt at our server; in the final read and within the grace, by the platform's own time."""
    if terms.ends_at is None or event.received_at < terms.ends_at:
        return False
    if event.platform_at is None or event.platform_at >= terms.ends_at:
        return True
    in_grace = terms.grace_until is not None and event.received_at < terms.grace_until
    return not in_grace and event.channel not in terms.collected


def _why_not(event: Row[Any], terms: Terms) -> str:
    if event.person and event.person == terms.author:
        return "the author cannot answer about their own work"
    return "not on the roll of those who may answer"


def _of_ballot(terms: Terms, choices: tuple[str, ...], *, had_one: bool) -> tuple[Standing, str]:
    """The standing of a ballot in time and by somebody who may answer."""
    unknown = [key for key in choices if key not in terms.rule.keys]
    if unknown:
        return Standing.SPOILED, f"{unknown[0][:40]!r} is not one of the choices"
    if len(choices) > 1 and terms.kind != AskKind.MULTIPLE:
        return Standing.SPOILED, "more than one choice where one is asked for"
    if had_one and terms.rule.final:
        return Standing.SPOILED, "answers are final here: the first one stands"
    if not choices:
        return Standing.WITHDRAWN, "takes an answer back" if had_one else "there was no answer to take back"
    return Standing.ACCEPTED, ""
