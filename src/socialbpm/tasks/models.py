"""The social tasks of this version, one model each, and what is known of those to come: the catalogue itself.

From here come the XSD, the moddle descriptor, the reference page, the model check and the error texts.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from fractions import Fraction
from typing import Annotated, ClassVar, Literal, Self

from pydantic import (
    BaseModel,
    ConfigDict,
    Field,
    ValidationInfo,
    model_validator,
)
from pydantic.alias_generators import to_camel

from socialbpm import policies
from socialbpm.posts import Choice, Span, Text
from socialbpm.tasks import notation as by
from socialbpm.tasks import rules
from socialbpm.tasks.later import LATER, NotYet
from socialbpm.tasks.results import AskResult, PostResult

_POLICIES = ("first_response", "unanimous", "n_of_m", "threshold", "plurality")
_POLICY = by.one_of(
    "policy",
    *_POLICIES,
    later=(*(name for name in policies.POLICIES if name not in _POLICIES), *policies.LATER),
)
_CLOSE = by.one_of("close", "deadline", "decided", "first_crossing")
_BALLOTS = by.one_of("ballots", "changeable", "final")
_OF = by.one_of("of", "votes", "roll")
_TIE = by.one_of(
    "tie",
    "tie",
    "status_quo",
    "option_order",
    "earliest_to_reach",
    "casting_vote",
    later=("seeded_lot",),
)
_BALLOT = by.one_of("ballot", "single", "multiple", later=("ranked",))
_ON_NO_EDIT = by.one_of("onNoEdit", "reply", "skip")


@dataclass(frozen=True, slots=True, kw_only=True)
class Wording:
    """A text for one kind of channel; network "" is the wording for all the others."""

    text: tuple[Span, ...]
    network: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class MediaSource:
    """Where a picture or file comes from (``media:<sha256>``, https, a packaged file), and its alt text.

    The alt text, like the label of a choice, is to be treated as data: it never links, mentions or formats.
    """

    src: str
    alt: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class ChildElement:
    """A child element of a task: which field it fills, its attributes, and what its body is if it has one."""

    name: str
    field: str
    description: str
    attributes: Mapping[str, str] = dataclasses.field(default_factory=dict)
    required: frozenset[str] = frozenset()
    literal: frozenset[str] = frozenset()
    body: str = ""


TEXT = ChildElement(
    name="text",
    field="texts",
    description="A text; may hold {{ … }}. One without network, and any number for single kinds of channel.",
    attributes={"network": "The kind of channel that this wording is for, e.g. x; without it: all others."},
    literal=frozenset({"network"}),
    body="The text.",
)
MEDIA = ChildElement(
    name="media",
    field="media",
    description="A picture or file, shown with the text.",
    attributes={
        "src": "media:<sha256> from media.put(), an https address on a host declared in settings, "
        "or a file beside the process.",
        "alt": "What it shows, for people who cannot see it.",
    },
    required=frozenset({"src", "alt"}),
)
CHOICE = ChildElement(
    name="choice",
    field="choices",
    description="One thing that people can choose.",
    attributes={"key": "What the process reads when this choice wins."},
    required=frozenset({"key"}),
    literal=frozenset({"key"}),
    body="What people read; may hold {{ … }}.",
)
CHILDREN = (TEXT, MEDIA, CHOICE)


class SocialTask(BaseModel):
    """What all social tasks have in common: whom they address, with what, and what becomes of the result."""

    model_config = ConfigDict(
        frozen=True, extra="forbid", alias_generator=to_camel, populate_by_name=True, validate_default=False
    )

    element: ClassVar[str]
    title: ClassVar[str]
    on: ClassVar[tuple[str, ...]] = ("serviceTask",)
    OUTCOMES: ClassVar[tuple[str, ...]]
    RESULT: ClassVar[type[BaseModel]]
    RULES: ClassVar[tuple[rules.Rule, ...]] = (
        rules.names_a_community,
        rules.says_something,
        rules.one_wording_each,
        rules.media_described,
        rules.media_reachable,
        rules.raises_real_outcomes,
    )
    ELEMENTS: ClassVar[tuple[ChildElement, ...]] = (TEXT, MEDIA)
    NOT_OFFERED: ClassVar[frozenset[str]] = frozenset()
    """Fields that make no sense for this element: they keep their default and no attribute sets them."""

    to: Annotated[tuple[str, ...], by.NAMES] = Field(
        default=(), title="To", description="The communities addressed, by their names in settings. Required."
    )
    texts: tuple[Wording, ...] = Field(default=(), title="Texts", description="The wordings of the text.")
    media: tuple[MediaSource, ...] = Field(default=(), title="Media", description="Pictures and files.")
    require: Annotated[str | int, by.REQUIRE] = Field(
        default="all",
        title="Required destinations",
        description="How many destinations must have the post before it counts as posted.",
    )
    reply_to: Annotated[str, by.REFERENCE] = Field(
        default="",
        title="Reply to",
        description="The id of an earlier social task whose post this one answers.",
    )
    at: Annotated[datetime | None, by.TIME] = Field(
        default=None, title="Scheduled time", description="Not posted before this time."
    )
    disclosure: Annotated[Text, by.LINE] = Field(
        default=(),
        title="Disclosure",
        description="A line that is put first, counts in the length and is never cut: who pays, who speaks.",
    )
    result_variable: Annotated[str, by.VARIABLE] = Field(
        default="",
        title="Result variable",
        description="The variable of the result; without it the element's id.",
    )
    raise_on: Annotated[tuple[str, ...], by.LITERAL_NAMES] = Field(
        default=(), title="Raise on", description="Outcomes that become BPMN errors social.<outcome>."
    )
    include: Annotated[frozenset[str], by.INCLUDE] = Field(
        default=frozenset(),
        title="Include",
        description="What else the result holds: the first 20 reasons (280 letters), the first 100 voters.",
    )

    @model_validator(mode="after")
    def _keep_the_rules(self, info: ValidationInfo) -> Self:
        flaws = [] if info.context == READING else list(rules.broken(self))
        if flaws:
            raise ValueError("; ".join(map(str, flaws)))
        return self


READING = "reading"
"""The validation context of those who apply the rules themselves, or take back what was once valid."""


class PostStatus(SocialTask):
    """Publishes text and media to communities, at a set time, in a thread, or in place of an earlier post."""

    element = "postStatus"
    title = "Post a status"
    OUTCOMES = ("posted",)
    RESULT = PostResult
    RULES = (*SocialTask.RULES, rules.edit_or_reply)
    NOT_OFFERED = frozenset({"raise_on", "include"})

    edit: Annotated[str, by.REFERENCE] = Field(
        default="",
        title="Edit",
        description="The id of an earlier postStatus whose post is replaced in place (a progress card).",
    )
    on_no_edit: Annotated[Literal["reply", "skip"], _ON_NO_EDIT] = Field(
        default="reply",
        title="If it cannot be edited",
        description="On a channel that cannot edit: answer the earlier post, or leave it alone.",
    )


class Asking(SocialTask):
    """What questions have in common: until when, who decides by which rule, and how ties and silence end."""

    RULES = (*SocialTask.RULES, rules.can_be_decided)
    RESULT = AskResult

    deadline: Annotated[timedelta | datetime | None, by.DEADLINE] = Field(
        default=None,
        title="Deadline",
        description="When the question closes: a time, or a duration from when the required posts stand.",
    )
    close: Annotated[Literal["deadline", "decided", "first_crossing"], _CLOSE] = Field(
        default="deadline",
        title="Close",
        description="At the deadline; when nothing outstanding can change the result; "
        "or the moment the rule is met (depends on the order of answers).",
    )
    ballots: Annotated[Literal["changeable", "final"], _BALLOTS] = Field(
        default="changeable",
        title="Ballots",
        description="Whether a person may change their answer until the close.",
    )
    policy: Annotated[Literal["first_response", "unanimous", "n_of_m", "threshold", "plurality"], _POLICY] = (
        Field(default="plurality", title="Policy", description="The rule by which answers become a decision.")
    )
    n: Annotated[int | None, by.COUNT] = Field(
        default=None, title="n", description="How many must agree. For policy n_of_m."
    )
    threshold: Annotated[Fraction | None, by.SHARE] = Field(
        default=None, title="Threshold", description="The share that must agree. For policy threshold."
    )
    of: Annotated[Literal["votes", "roll"], _OF] = Field(
        default="votes",
        title="Share of",
        description="Whether shares are of the votes cast or of the whole roll.",
    )
    quorum: Annotated[int | Fraction | None, by.QUORUM] = Field(
        default=None, title="Quorum", description="How many ballots must be cast for the result to count."
    )
    tie: Annotated[
        Literal["tie", "status_quo", "option_order", "earliest_to_reach", "casting_vote"], _TIE
    ] = Field(
        default="tie",
        title="Tie",
        description="What decides when two are equal; tie: nothing, it is the outcome.",
    )
    casting_vote: Annotated[str, by.NAME] = Field(
        default="", title="Casting vote", description="The person whose ballot decides a tie."
    )
    author: Annotated[str, by.NAME] = Field(
        default="", title="Author", description="The person whose work this is."
    )
    exclude_author: Annotated[bool, by.BOOLEAN] = Field(
        default=True, title="Exclude the author", description="Whether the author is taken off the roll."
    )
    grace: Annotated[timedelta, by.DURATION] = Field(
        default=timedelta(),
        title="Grace",
        description="How late an answer may be read that the platform dates before the deadline.",
    )


class RequestReview(Asking):
    """Shows a text, a picture or both and collects verdicts (approve, changes, reject) with reasons."""

    element = "requestReview"
    title = "Request a review"
    OUTCOMES = ("approved", "changes_requested", "rejected", "tie", "no_quorum", "expired")

    reviewers: Annotated[tuple[str, ...], by.NAMES] = Field(
        default=(),
        title="Reviewers",
        description="Who may answer: communities or persons; without it, the communities addressed.",
    )
    policy: Annotated[Literal["first_response", "unanimous", "n_of_m", "threshold", "plurality"], _POLICY] = (
        Field(
            default="first_response",
            title="Policy",
            description="The rule by which verdicts become a decision.",
        )
    )
    close: Annotated[Literal["deadline", "decided", "first_crossing"], _CLOSE] = Field(
        default="first_crossing",
        title="Close",
        description="At the deadline; when nothing outstanding can change the result; "
        "or the moment the rule is met (depends on the order of answers).",
    )


class PollCommunity(Asking):
    """Puts a question with choices to communities and counts one ballot per person."""

    element = "pollCommunity"
    title = "Poll a community"
    OUTCOMES = ("decided", "undecided", "tie", "no_quorum", "no_votes")
    RULES = (*Asking.RULES, rules.asks_a_question, rules.enough_choices)
    ELEMENTS = (TEXT, MEDIA, CHOICE)

    voters: Annotated[tuple[str, ...], by.NAMES] = Field(
        default=(),
        title="Voters",
        description="Who may answer: communities or persons; without it, the communities addressed.",
    )
    choices: Annotated[tuple[Choice, ...], by.CHOICE_LIST] = Field(
        default=(),
        title="Choices",
        description="The choices, when they come from process data; else write <social:choice> elements.",
    )
    ballot: Annotated[Literal["single", "multiple"], _BALLOT] = Field(
        default="single", title="Ballot", description="Whether a person chooses one or several."
    )


CATALOGUE: dict[str, type[SocialTask] | NotYet] = {
    "postStatus": PostStatus,
    "requestReview": RequestReview,
    "pollCommunity": PollCommunity,
    **LATER,
}
ELEMENTS = tuple(CATALOGUE)
MODELS = tuple(model for model in CATALOGUE.values() if not isinstance(model, NotYet))
