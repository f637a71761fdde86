"""The social elements that are known by name and not yet carried out: refused, never dropped."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class NotYet:
    """An element that is known by name and refused until a later version carries it out."""

    element: str
    title: str
    on: tuple[str, ...]
    description: str


_SERVICE = ("serviceTask",)
ACTIVITIES = (
    "task",
    "serviceTask",
    "userTask",
    "manualTask",
    "scriptTask",
    "businessRuleTask",
    "sendTask",
    "receiveTask",
    "callActivity",
    "subProcess",
    "transaction",
)

GATHER_CONTRIBUTIONS = NotYet(
    element="gatherContributions",
    title="Gather contributions",
    on=_SERVICE,
    description="Collects free text and images until n, quiet or the deadline.",
)
INVITE_MEMBERS = NotYet(
    element="inviteMembers",
    title="Invite members",
    on=_SERVICE,
    description="Enrols people into a community and links their accounts.",
)
OFFER_WORK = NotYet(
    element="offerWork",
    title="Offer work",
    on=_SERVICE,
    description="The community claims a piece of work; the first eligible claimant holds a lease.",
)
SEARCH_PEOPLE = NotYet(
    element="searchPeople",
    title="Search people",
    on=_SERVICE,
    description="Finds people by skill in the roll.",
)
MEASURE_ENGAGEMENT = NotYet(
    element="measureEngagement",
    title="Measure engagement",
    on=_SERVICE,
    description="Reads metrics of earlier posts and compares them with goals.",
)
ARCHIVE_DISCUSSION = NotYet(
    element="archiveDiscussion",
    title="Archive a discussion",
    on=_SERVICE,
    description="A self-contained archive of a thread, tag or period.",
)
ON_MENTION = NotYet(
    element="onMention",
    title="On a mention",
    on=("startEvent", "intermediateCatchEvent"),
    description="A mention or tag starts or feeds an instance, once per remote id.",
)
ON_RESPONSE = NotYet(
    element="onResponse",
    title="On a response",
    on=("boundaryEvent",),
    description="Each response streams out while the task still waits.",
)
ANNOUNCE = NotYet(
    element="announce",
    title="Announce",
    on=ACTIVITIES,
    description="Posts a status when the activity starts or ends; never blocks it.",
)
