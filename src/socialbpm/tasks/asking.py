"""What all questions have in common: who may answer, by which rule and when it is decided, who is told."""

from __future__ import annotations

from datetime import datetime, timedelta
from fractions import Fraction
from typing import Annotated, ClassVar, Literal

from pydantic import Field

from socialbpm import policies
from socialbpm.policies import TIES
from socialbpm.posts import AskKind, Choice
from socialbpm.tasks import notation as by
from socialbpm.tasks import rules, times
from socialbpm.tasks.common import SocialTask
from socialbpm.tasks.results import AskResult

POLICY = by.one_of("policy", *policies.POLICIES, later=policies.LATER)
CLOSE = by.one_of("close", *policies.CLOSES)
_BALLOTS = by.one_of("ballots", "changeable", "final")
_OF = by.one_of("of", "votes", "roll")
_TIE = by.one_of("tie", *TIES, later=("seeded_lot",))
_SECRECY = by.one_of("secrecy", "public", "hidden_until_close", "pseudonymous")
_TALLIES = by.one_of("tallies", "advisory", "binding")
_ELECTORATE = by.one_of("electorate", "roll", "open")


class Asking(SocialTask):
    """A question that people answer, decided by a policy when it closes."""

    RULES = (
        *SocialTask.RULES,
        rules.can_be_decided,
        rules.takes_what_it_is_given,
        rules.roll_is_known,
        rules.tallies_can_count,
        rules.reminds_in_time,
        rules.escalates_to_somebody,
        rules.names_nobody_in_secret,
    )
    RESULT = AskResult
    WHO: ClassVar[str]
    """The field that says who may answer."""

    deadline: Annotated[timedelta | datetime | None, times.DEADLINE] = Field(
        default=None,
        title="Deadline",
        description="When the question closes: a time, or a duration from when the required posts stand.",
    )
    calendar: Annotated[str, by.LITERAL_NAME] = Field(
        default="",
        title="Calendar",
        description="A calendar of the settings: durations of this task are its working time.",
    )
    close: Annotated[str, CLOSE] = Field(
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
    policy: Annotated[str, POLICY] = Field(
        default="plurality", title="Policy", description="The rule by which answers become a decision."
    )
    n: Annotated[int | None, by.COUNT] = Field(
        default=None, title="n", description="How many must agree. For policy n_of_m."
    )
    threshold: Annotated[Fraction | None, by.SHARE] = Field(
        default=None,
        title="Threshold",
        description="The share that must agree. For policies threshold and supermajority (else two thirds).",
    )
    strict: Annotated[bool, by.BOOLEAN] = Field(
        default=False,
        title="Strict",
        description="Whether the threshold must be exceeded, not only reached.",
    )
    of: Annotated[Literal["votes", "roll"], _OF] = Field(
        default="votes",
        title="Share of",
        description="Whether shares are of the votes cast or of the whole roll.",
    )
    min_plus: Annotated[int | None, by.COUNT] = Field(
        default=None,
        title="Votes in favour",
        description="How many votes in favour it takes at least. For majority, supermajority, veto and "
        "consensus_approval.",
    )
    vetoes: Annotated[int | None, by.COUNT] = Field(
        default=None,
        title="Vetoes",
        description="How many people can stop it together, each with a reason.",
    )
    quorum: Annotated[int | Fraction | None, by.QUORUM] = Field(
        default=None, title="Quorum", description="How many ballots must be cast for the result to count."
    )
    group_quorum: Annotated[dict[str, int] | None, by.GROUP_QUORUM] = Field(
        default=None,
        title="Quorum of groups",
        description="How many people of each of these groups must answer, too.",
    )
    binding: Annotated[tuple[str, ...], by.NAMES] = Field(
        default=(),
        title="Binding groups",
        description="The groups whose answers decide; those of all others are advisory. Without it, all do.",
    )
    tie: Annotated[str, _TIE] = Field(
        default="tie",
        title="Tie",
        description="What decides when two are equal; tie: nothing, it is the outcome.",
    )
    casting_vote: Annotated[str, by.NAME] = Field(
        default="", title="Casting vote", description="The person whose ballot decides a tie."
    )
    abstain: Annotated[bool, by.BOOLEAN] = Field(
        default=False,
        title="Abstaining",
        description="Whether people may abstain: that counts for the quorum and for no choice.",
    )
    delegation: Annotated[bool, by.BOOLEAN] = Field(
        default=False,
        title="Delegation",
        description="Whether a person may hand their ballot to another person on the roll.",
    )
    electorate: Annotated[Literal["roll", "open"], _ELECTORATE] = Field(
        default="roll",
        title="Electorate",
        description="Whether only the roll may answer, or anybody: then an account that belongs to nobody "
        "counts as a person of its own.",
    )
    tallies: Annotated[Literal["advisory", "binding"], _TALLIES] = Field(
        default="advisory",
        title="Tallies",
        description="Whether what a platform's own poll counts without names is shown apart, or counts too.",
    )
    secrecy: Annotated[Literal["public", "hidden_until_close", "pseudonymous"], _SECRECY] = Field(
        default="public",
        title="Secrecy",
        description="Whether people see the answers of others at once, after the close, or never whose they "
        "are. No secret ballot: the store knows.",
    )
    author: Annotated[str, by.NAME] = Field(
        default="", title="Author", description="The person whose work this is."
    )
    exclude_author: Annotated[bool, by.BOOLEAN] = Field(
        default=True, title="Exclude the author", description="Whether the author is taken off the roll."
    )
    grace: Annotated[timedelta, times.DURATION] = Field(
        default=timedelta(),
        title="Grace",
        description="How late an answer may be read that the platform dates before the deadline.",
    )
    remind: Annotated[timedelta | None, times.PAUSE] = Field(
        default=None,
        title="Remind",
        description="How often those who have not answered are reminded, privately where the channel can.",
    )
    escalate: Annotated[str, by.NAME] = Field(
        default="",
        title="Escalate to",
        description="A community that is asked, too, if there is no decision in time.",
    )
    escalate_after: Annotated[timedelta | None, times.PAUSE] = Field(
        default=None,
        title="Escalate after",
        description="How long after the posts stand the question is put to that community, too.",
    )
    chart: Annotated[bool, by.BOOLEAN] = Field(
        default=False,
        title="Chart",
        description="Whether the closing note carries a picture of how the answers fell.",
    )

    @property
    def asked(self) -> tuple[str, ...]:
        """The communities or persons who may answer."""
        named: tuple[str, ...] = getattr(self, self.WHO)
        return named or self.to

    @property
    def kind(self) -> AskKind:
        """What a post of this task asks its readers to do."""
        raise NotImplementedError

    @property
    def offered(self) -> tuple[Choice, ...]:
        """What people can choose, but for abstaining."""
        raise NotImplementedError

    @property
    def limits(self) -> tuple[int | None, int | None]:
        """How many choices a ballot names at least and at most; None: the kind of ballot says it."""
        return None, None
