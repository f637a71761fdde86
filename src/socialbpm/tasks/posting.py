"""``postStatus``: what only posts, and asks nobody but those who must agree before it is public."""

from __future__ import annotations

from datetime import timedelta
from typing import Annotated, Literal

from pydantic import Field

from socialbpm.tasks import notation as by
from socialbpm.tasks import rules, times
from socialbpm.tasks.common import SocialTask
from socialbpm.tasks.results import PostResult

_ON_NO_EDIT = by.one_of("onNoEdit", "reply", "skip")


class PostStatus(SocialTask):
    """Publishes text and media to communities, at a set time, in a thread, or in place of an earlier post."""

    element = "postStatus"
    title = "Post a status"
    OUTCOMES = ("posted",)
    RESULT = PostResult
    RULES = (*SocialTask.RULES, rules.edit_or_reply, rules.approved_by_somebody)
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
    approval: Annotated[int | None, by.COUNT] = Field(
        default=None,
        title="Approval",
        description="How many people must approve before anything is published; never the author.",
    )
    approvers: Annotated[tuple[str, ...], by.NAMES] = Field(
        default=(),
        title="Approvers",
        description="Who may approve: communities or persons; without it, the communities addressed.",
    )
    approval_deadline: Annotated[timedelta | None, times.PAUSE] = Field(
        default=None,
        title="Approval deadline",
        description="How long approval is waited for; after it the post is withheld (social.withheld).",
    )
    author: Annotated[str, by.NAME] = Field(
        default="", title="Author", description="The person whose text this is: they cannot approve it."
    )

    @property
    def asked(self) -> tuple[str, ...]:
        """The communities or persons who may approve."""
        return self.approvers or self.to
