"""What comes back: responses as they arrive, ballots that count, the outcome a gateway branches on."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from fractions import Fraction

ABSTAIN = "abstain"
"""The answer of who takes part and chooses nothing: it counts for the quorum, and for no choice."""


class Verdict(StrEnum):
    """The three answers to a review; the strictest last."""

    APPROVE = "approve"
    CHANGES = "changes"
    REJECT = "reject"


class Standing(StrEnum):
    """What became of a response. Each received response has exactly one standing."""

    ACCEPTED = "accepted"
    SUPERSEDED = "superseded"
    WITHDRAWN = "withdrawn"
    LATE = "late"
    INELIGIBLE = "ineligible"
    SPOILED = "spoiled"


@dataclass(frozen=True, slots=True, kw_only=True)
class Response:
    """A verified, normalised answer as an adapter hands it in.

    ``event_id`` is the channel's own id of the event (a repeat has the same). ``request`` is the request's
    id if the answer carries it, else ``in_reply_to`` names the post (remote id). ``account`` is the stable
    id of the account that answered. ``choices`` are keys; empty means the ballot is withdrawn. ``version`` 0:
    not stated. ``at`` is the platform's own timestamp, for information.

    ``delegate`` is the person to whom this one hands their ballot; ``choices`` are empty then. ``withdraws``
    is the event id of an earlier answer of this account that was deleted on the platform; such an answer need
    not name the request. ``code`` links accounts (see ``accounts``); such an answer is about no request.
    ``words`` are what a person wrote where there are no buttons: once it is known which question they answer,
    they give choices and comment, which are empty until then (see ``replies``).
    """

    channel: str
    event_id: str
    account: str
    choices: tuple[str, ...]
    request: str = ""
    in_reply_to: str = ""
    comment: str = ""
    version: int = 0
    at: datetime | None = None
    delegate: str = ""
    withdraws: str = ""
    code: str = ""
    words: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Ballot:
    """The one answer of a person that counts. ``seq`` is the order of receipt at our server."""

    person: str
    choices: tuple[str, ...]
    weight: Fraction = Fraction(1)
    seq: int = 0
    comment: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Tally:
    """Anonymous counts from a channel that hides voters. A type of its own: never mixed with ballots.

    ``post`` is the remote id of the post whose own poll was counted, ``counts`` how many chose each key since
    it was opened; a later tally of the same post takes its place. ``at`` is when the platform counted.
    """

    channel: str
    post: str
    counts: dict[str, int]
    at: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """How a request ended. ``explanation`` is one sentence that a person understands.

    ``counts`` are people per choice (in a ranked poll, those who put it first), ``scores`` what the method
    compares: weight per choice, or points. ``order`` is that of the choices where the method has one, the
    best first, equal ones joined by ``=``.
    """

    outcome: str
    explanation: str
    winners: tuple[str, ...] = ()
    counts: dict[str, int] = field(default_factory=dict)
    scores: dict[str, Fraction] = field(default_factory=dict)
    order: tuple[str, ...] = ()
