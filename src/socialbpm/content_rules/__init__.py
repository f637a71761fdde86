"""Content rules: what an organisation asks of every text before it goes out, as a file a machine can read.

``judge`` says which rules a draft breaks, ``release_at`` until when quiet hours hold it back. Pure; floor 0.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Literal, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

from socialbpm.content_rules.drafts import Breach, Draft
from socialbpm.content_rules.quiet import Quiet
from socialbpm.content_rules.rule import Phrase, Rule
from socialbpm.tasks.notation import Misread, did_you_mean, nearest, shown

__all__ = ["Breach", "ContentRules", "Draft", "Internal", "Quiet", "Rule"]

LONGEST_QUIET = timedelta(days=14)
_NAME = re.compile(r"[a-z0-9_-]+")
_ANY_MONDAY = datetime(2026, 1, 5, tzinfo=UTC)


class Internal(BaseModel):
    """What stays inside: who is inside, and how a text says that it is for them alone."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    communities: tuple[str, ...] = Field(
        (), description="Communities inside the organisation. All others are public."
    )
    marks: tuple[Phrase, ...] = Field(
        (),
        description='A text or alt text that says one of these reaches no public community: `["#internal"]`.',
    )


class ContentRules(BaseModel):
    """The content rules of an organisation."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    disclosures: dict[str, Phrase] = Field(
        default_factory=dict,
        description='Standard texts by name, for `disclosure="sponsored"` of a task: '
        '`sponsored = "Advertisement"`.',
    )
    internal: Internal = Field(default_factory=Internal, description="What stays inside.")
    rules: dict[str, Rule] = Field(default_factory=dict, description="The rules by name.")

    @model_validator(mode="after")
    def _fits_together(self) -> Self:
        for name, rule in self.rules.items():
            if rule.disclosure and rule.disclosure not in self.disclosures:
                remedy = did_you_mean(rule.disclosure, self.disclosures) or "write it under [disclosures]"
                raise Misread(f"rule '{name}': {shown(rule.disclosure)} is no standard text", remedy)
        for community, network in self._places():
            if self.release_at(_ANY_MONDAY, community, network) >= _ANY_MONDAY + LONGEST_QUIET:
                raise Misread("the quiet hours together leave no hour of the week", "leave some")
        return self

    def _places(self) -> Iterator[tuple[str, str]]:
        """Each place that some rule makes a difference for, with one that none names."""
        communities = {"", *self.named_communities()}
        networks = {"", *(each for rule in self.rules.values() for each in rule.networks)}
        return ((community, network) for community in communities for network in networks)

    def named_communities(self) -> frozenset[str]:
        """The communities that these rules name; each must be in the settings."""
        return frozenset(self.internal.communities).union(*(rule.communities for rule in self.rules.values()))

    def audience(self, community: str) -> Literal["public", "internal"]:
        """Whether a community is inside the organisation. What nobody declared internal is public."""
        return "internal" if community in self.internal.communities else "public"

    def judge(self, draft: Draft) -> tuple[Breach, ...]:
        """All that breaks a rule; nothing: the draft may go there."""
        found = [*self._internal(draft)]
        for name, rule in self._applying(draft.community, draft.network):
            found += rule.judge(name, draft, self.disclosures.get(rule.disclosure, ""))
        return tuple(found)

    def release_at(self, moment: datetime, community: str, network: str = "") -> datetime:
        """The first moment from then on at which no quiet hours hold back a post to that place, in UTC."""
        calendars = [rule.quiet.calendar for _, rule in self._applying(community, network) if rule.quiet]
        at, last = moment.astimezone(UTC), moment + LONGEST_QUIET
        while at < last:
            later = max((calendar.closing(at) for calendar in calendars), default=at)
            if later == at:
                break
            at = later
        return at

    def disclosed(self, disclosure: str) -> str:
        """The standard text of that name; what is no name is a text of its own.

        Raises Misread for a word that is nearly the name of a standard text: it would go out as it is.
        """
        known, near = self.disclosures, nearest(disclosure, self.disclosures)
        if near and disclosure not in known and _NAME.fullmatch(disclosure):
            raise Misread(f"{shown(disclosure)} is no standard text", f"did you mean '{near}'?")
        return known.get(disclosure, disclosure)

    def _applying(self, community: str, network: str) -> Iterator[tuple[str, Rule]]:
        audience = self.audience(community)
        return (
            (name, rule) for name, rule in self.rules.items() if rule.applies(community, audience, network)
        )

    def _internal(self, draft: Draft) -> Iterator[Breach]:
        if self.audience(draft.community) == "internal":
            return
        inside = ", ".join(self.internal.communities) or "an internal community"
        for where, words in draft.parts():
            if any(words.say(mark) for mark in self.internal.marks):
                what = f"is marked as internal, and community '{draft.community}' is public"
                yield Breach("internal", where, what, f"send it to {inside} only")
