"""What a social task leaves in process data: a flat JSON object that gateways read."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict, Field

REASONS, REASON_LENGTH, VOTERS = 20, 280, 100
"""Caps: a result is copied into every snapshot of its instance."""

ERRORS = {
    "social.delivery_failed": "The required destinations can no longer be reached, or not in time.",
    "social.withheld": "The text breaks the content rules, or those who had to approve it did not.",
    "social.invalid": "Process data gave values that make no valid task, or a template failed.",
}
"""The BPMN error codes of what could not be carried out; ``raiseOn`` adds ``social.<outcome>``."""


class Reason(BaseModel):
    """Why somebody chose as they did, in their own words."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    choice: str = Field(description="The key that was chosen.")
    comment: str = Field(max_length=REASON_LENGTH, description="The words, cut at 280 characters.")


class Voter(BaseModel):
    """What one person chose."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    person: str = Field(description="The person, by their name in settings.")
    choices: list[str] = Field(description="The keys that they chose.")


class PostResult(BaseModel):
    """The result of a task that only posts."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    outcome: str = Field(description="What a gateway branches on; empty if it could not be carried out.")
    explanation: str = Field(description="One sentence that a person understands.")
    error: str = Field(
        default="", description="The BPMN error code, if it could not be carried out or `raiseOn` made one."
    )
    request: str = Field(default="", description="The id of the request; empty if none was opened.")
    links: list[str] = Field(default=[], description="The addresses of the posts.")
    closed_at: str = Field(
        default="", description="When it ended: ISO 8601, UTC; empty if no request was opened."
    )


class AskResult(PostResult):
    """The result of a question."""

    counts: dict[str, int] = Field(
        default={},
        description="Ballots per choice; ranked: those that put it first. `abstain`, if anybody did.",
    )
    ballots: int = Field(default=0, description="How many ballots counted.")
    eligible: int | None = Field(default=None, description="How many people were on the roll.")
    winner: str | None = Field(default=None, description="The key that won, if exactly one did.")
    winners: list[str] = Field(default=[], description="The keys that won or were equal first.")
    order: list[str] = Field(
        default=[],
        description="The choices, best first, equal ones joined by `=`; empty where the policy has no order.",
    )
    scores: dict[str, int | str] = Field(
        default={},
        description="What the policy compares: votes by weight, or points. Whole numbers; any other as text, "
        "exactly: `7/2`.",
    )
    advisory: dict[str, int] = Field(
        default={},
        description="Answers per choice that do not decide: of people who are not on the roll, or not in "
        "`binding`.",
    )
    tallies: dict[str, int] = Field(
        default={}, description="What platforms' own polls counted per choice; they name nobody."
    )
    deadline: str = Field(default="", description="Until when it was open, ISO 8601, UTC; empty: no end set.")
    reasons: list[Reason] = Field(
        default=[], max_length=REASONS, description='Only with include="reasons": the first 20.'
    )
    voters: list[Voter] = Field(
        default=[], max_length=VOTERS, description='Only with include="voters": the first 100.'
    )
