"""The tasks that ask: a review, a poll, a proposal that silence passes."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Annotated, Literal

from pydantic import Field

from socialbpm.policies import CONSENT, VERDICTS
from socialbpm.posts import AskKind, Choice
from socialbpm.tasks import notation as by
from socialbpm.tasks import rules, times
from socialbpm.tasks.asking import CLOSE, POLICY, Asking
from socialbpm.tasks.children import CHOICE, MEDIA, TEXT

_WHO = "Who may answer: communities or persons; without it, the communities addressed."
_KINDS = {"single": AskKind.SINGLE, "multiple": AskKind.MULTIPLE, "ranked": AskKind.RANKED}
_BALLOT = by.one_of("ballot", *_KINDS)


class RequestReview(Asking):
    """Shows a text, a picture or both and collects verdicts (approve, changes, reject) with reasons."""

    element = "requestReview"
    title = "Request a review"
    OUTCOMES = ("approved", "changes_requested", "rejected", "tie", "no_quorum", "expired")
    WHO = "reviewers"

    reviewers: Annotated[tuple[str, ...], by.NAMES] = Field(default=(), title="Reviewers", description=_WHO)
    policy: Annotated[str, POLICY] = Field(
        default="first_response", title="Policy", description="The rule by which verdicts become a decision."
    )
    close: Annotated[str, CLOSE] = Field(
        default="first_crossing",
        title="Close",
        description="At the deadline; when nothing outstanding can change the result; "
        "or the moment the rule is met (depends on the order of answers).",
    )

    @property
    def kind(self) -> AskKind:
        """A verdict."""
        return AskKind.VERDICT

    @property
    def offered(self) -> tuple[Choice, ...]:
        """The three verdicts."""
        return VERDICTS


class PollCommunity(Asking):
    """Puts a question with choices to communities and counts one ballot per person."""

    element = "pollCommunity"
    title = "Poll a community"
    OUTCOMES = ("decided", "undecided", "tie", "no_quorum", "no_votes")
    RULES = (*Asking.RULES, rules.asks_a_question, rules.enough_choices, rules.rankings_count)
    ELEMENTS = (TEXT, MEDIA, CHOICE)
    WHO = "voters"

    voters: Annotated[tuple[str, ...], by.NAMES] = Field(default=(), title="Voters", description=_WHO)
    choices: Annotated[tuple[Choice, ...], by.CHOICE_LIST] = Field(
        default=(),
        title="Choices",
        description="The choices, when they come from process data; else write <social:choice> elements.",
    )
    ballot: Annotated[Literal["single", "multiple", "ranked"], _BALLOT] = Field(
        default="single",
        title="Ballot",
        description="Whether a person chooses one, several, or ranks the choices, equal ones side by side.",
    )
    minimum: Annotated[int | None, by.COUNT] = Field(
        default=None, title="Minimum", description="How many choices a ballot must name at least."
    )
    maximum: Annotated[int | None, by.COUNT] = Field(
        default=None, title="Maximum", description="How many choices a ballot may name at most."
    )

    @property
    def kind(self) -> AskKind:
        """One choice, several, or a ranking."""
        return _KINDS[self.ballot]

    @property
    def offered(self) -> tuple[Choice, ...]:
        """The choices, in the order people see them."""
        return self.choices

    @property
    def limits(self) -> tuple[int | None, int | None]:
        """As the model says."""
        return self.minimum, self.maximum


class SeekConsent(Asking):
    """Puts a proposal: silence passes it, an objection with a reason stops it, until it is withdrawn."""

    element = "seekConsent"
    title = "Seek consent"
    OUTCOMES = ("passed", "vetoed", "no_quorum")
    RULES = (*Asking.RULES, rules.asks_a_question)
    NOT_OFFERED = frozenset({"n", "threshold", "strict", "of", "tie", "casting_vote"})
    WHO = "voters"

    voters: Annotated[tuple[str, ...], by.NAMES] = Field(default=(), title="Voters", description=_WHO)
    policy: Annotated[str, POLICY] = Field(
        default="lazy_consensus", title="Policy", description="What it takes to pass, besides no veto."
    )
    deadline: Annotated[timedelta | datetime | None, times.DEADLINE] = Field(
        default=timedelta(days=3),
        title="Deadline",
        description="When the proposal passes if nobody objects: a time, or a duration from when the "
        "required posts stand.",
    )

    @property
    def kind(self) -> AskKind:
        """Support or an objection."""
        return AskKind.CONSENT

    @property
    def offered(self) -> tuple[Choice, ...]:
        """Support and object."""
        return CONSENT
