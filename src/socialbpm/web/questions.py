"""A request as a page shows it to one person, and what of it that person may see yet."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from socialbpm.outcomes import approving, secrecy
from socialbpm.outcomes.chart import LABELS, Chart, Turnout, depicted, labelled, turnout
from socialbpm.policies import Count, Rule
from socialbpm.policies.ranked.rankings import places
from socialbpm.posts import AskKind, Choice, Media, Text, plain
from socialbpm.responses import Outcome
from socialbpm.social.views import LIVE, is_hidden
from socialbpm.tasks import Asking, PostStatus, RequestReview


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """A response as its person sees it. ``standing`` is '' until it has been counted.

    ``delegate`` is the person to whom it hands the ballot.
    """

    seq: int
    person: str
    choices: tuple[str, ...]
    comment: str
    at: datetime
    delegate: str = ""
    standing: str = ""
    reason: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Draft:
    """A post as it goes out to one room, once it may; ``replaces``: it takes an earlier post's place."""

    channel: str
    room: str
    text: Text
    media: tuple[Media, ...]
    replaces: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """A request with everything a page shows of it.

    ``text`` and ``media`` are those of its newest post. ``asking`` is None for a status, which asks nothing
    but, if it needs ``approval``, that of the people on its roll; then ``drafts`` is what would be posted,
    for those who are ``involved`` (approvers, author, operators), and it is ``awaited`` until it is decided.
    ``mine`` is the viewer's ballot that stands. ``standings`` is how many responses got which standing,
    ``tallies`` what polls of platforms counted, which name nobody.
    """

    id: str
    run: str
    process: str
    name: str
    element: str
    state: str
    version: int
    asking: Asking | None
    approval: PostStatus | None
    awaited: bool
    involved: bool
    drafts: tuple[Draft, ...]
    text: Text
    media: tuple[Media, ...]
    on_roll: bool
    opened_at: datetime
    ends_at: datetime | None
    closed_at: datetime | None
    counted: Count | None
    standings: dict[str, int]
    tallies: dict[str, int]
    outcome: Outcome | None
    error: str
    mine: Answer | None = None

    @property
    def kind(self) -> AskKind | None:
        """What people are asked to do."""
        if self.approval:
            return AskKind.VERDICT if self.involved else None
        return self.asking.kind if self.asking else None

    @property
    def choices(self) -> tuple[Choice, ...]:
        """What people can choose, as they read it; not abstaining."""
        if self.approval:
            return approving.CHOICES
        offered = self.asking.offered if self.asking else ()
        return tuple(Choice(key=each.key, label=labelled(each)) for each in offered)

    @property
    def rule(self) -> Rule | None:
        """How it is decided."""
        if self.approval:
            return approving.rule(self.approval)
        return Rule.of(self.asking) if self.asking else None

    @property
    def abstain(self) -> bool:
        """Whether people may abstain."""
        return self.asking is not None and self.asking.abstain

    @property
    def is_open(self) -> bool:
        """Whether answers are taken."""
        return self.state in LIVE

    @property
    def changeable(self) -> bool:
        """Whether a person may change their answer while it is open."""
        return self.asking.ballots == "changeable" if self.asking else self.awaited

    @property
    def may_answer(self) -> bool:
        """Whether the viewer is one of those who are asked."""
        return self.on_roll or (self.asking is not None and self.asking.electorate == "open")

    @property
    def answerable(self) -> bool:
        """Whether the viewer may answer now."""
        asks = self.kind is not None and (self.approval is None or self.awaited)
        return self.is_open and asks and self.may_answer and (self.changeable or not self.mine)

    @property
    def figures_shown(self) -> bool:
        """Whether anybody may see yet how the answers fall: of a secret vote not even operators do."""
        if self.approval:
            return self.involved
        return self.asking is not None and not is_hidden(self.asking, self.state)

    @property
    def pseudonymous(self) -> bool:
        """Whether nobody ever sees whose answer is whose."""
        return self.asking is not None and secrecy.is_pseudonymous(self.asking)

    @property
    def names_shown(self) -> bool:
        """Whether all who see the request see who answered what."""
        named = isinstance(self.asking, RequestReview) or "voters" in (
            self.asking.include if self.asking else ()
        )
        consent = self.kind == AskKind.CONSENT
        told = named or consent or self.approval is not None
        return self.figures_shown and not self.pseudonymous and told

    @property
    def count(self) -> Count | None:
        """How it stands, if that may be seen."""
        return self.counted if self.figures_shown else None

    @property
    def turnout(self) -> Turnout | None:
        """How many answered and how many must, if that may be seen."""
        return turnout(self.rule, self.count) if self.rule and self.count else None

    @property
    def chart(self) -> Chart | None:
        """How it stands or ended, to be drawn; None where nothing may be seen, or nobody answered yet."""
        if self.asking is None or self.count is None or not (self.count.ballots or self.outcome):
            return None
        return depicted(self.asking, plain(self.text)[:200] or self.name, self.count, self.outcome)

    def label(self, key: str) -> str:
        """What people read for the choice ``key``."""
        own = next((choice.label for choice in self.choices if choice.key == key), "")
        return own or LABELS.get(key, key)

    def said(self, answer: Answer) -> str:
        """An answer in words: ``Red, Blue``, or ``1. North, 2. South and East`` where choices are ranked."""
        if answer.delegate:
            return f"{answer.delegate.replace('_', ' ')} answers"
        if self.kind != AskKind.RANKED or not places(answer.choices):
            return ", ".join(self.label(key) for key in answer.choices)
        return ", ".join(
            f"{number}. {' and '.join(self.label(key) for key in place)}"
            for number, place in enumerate(places(answer.choices), 1)
        )
