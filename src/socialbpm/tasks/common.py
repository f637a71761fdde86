"""What all social tasks have in common: whom they address, with what, and what becomes of the result."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, ClassVar, Self

from pydantic import BaseModel, ConfigDict, Field, ValidationInfo, model_validator
from pydantic.alias_generators import to_camel

from socialbpm.posts import Text
from socialbpm.tasks import notation as by
from socialbpm.tasks import rules, times
from socialbpm.tasks.children import MEDIA, TEXT, ChildElement, MediaSource, Wording

READING = "reading"
"""The validation context of those who apply the rules themselves, or take back what was once valid."""


class SocialTask(BaseModel):
    """A social element as it stands in a model, evaluated or not."""

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
    at: Annotated[datetime | None, times.TIME] = Field(
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
