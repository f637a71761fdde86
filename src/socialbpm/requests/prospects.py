"""Whether a task can be carried out, and what opening its request comes to. No database here."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime

from socialbpm.channels.base import Channel
from socialbpm.errors import TaskFailed
from socialbpm.outbox import drafts
from socialbpm.outbox.content import Content
from socialbpm.outcomes import approving, timing
from socialbpm.outcomes.working import Calendars
from socialbpm.people import Community, Member
from socialbpm.posts import Destination
from socialbpm.requests import rolls
from socialbpm.tasks import Asking, PostStatus, SocialTask
from socialbpm.tasks.notation import did_you_mean

INVALID = "social.invalid"
MOST_APPROVERS = 100
"""How many people can be asked for their approval: each gets a post of their own."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Opening:
    """A task that has been reached: ``key`` is its request's id, ``address`` its place in the process.

    ``ends_at`` is when an interrupting boundary timer will end it, if there is one.
    """

    key: str
    run: str
    address: str
    element: str
    name: str
    task: SocialTask
    ends_at: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Prospect:
    """What opening a request comes to: the task as it goes out, who is on the roll, where its posts go."""

    task: SocialTask
    everybody: tuple[Member, ...]
    voters: tuple[Member, ...]
    destinations: tuple[Destination, ...]


class Prospects:
    """Holds tasks against the communities and channels that there are."""

    def __init__(
        self,
        communities: Mapping[str, Community],
        channels: Mapping[str, Channel],
        calendars: Calendars,
        content: Content,
    ) -> None:
        self._communities, self._channels, self._calendars = communities, channels, calendars
        self._content = content

    def of(self, opening: Opening) -> Prospect:
        """What opening this request comes to. Raises TaskFailed ``social.invalid``, ``social.withheld``."""
        try:
            task = self._content.disclosed(opening.task)
            self.check(task, opening.element)
            everybody, voters = self._roll(task)
        except TaskFailed as failure:
            raise TaskFailed(failure.code, failure.what, element=opening.element) from None
        places = self._destinations(task)
        return Prospect(task=task, everybody=everybody, voters=voters, destinations=places)

    def check(self, task: SocialTask, element: str) -> None:
        """Raise TaskFailed ``social.invalid`` if no channel is there, or one that would cut what it gets.

        ``social.withheld`` if it breaks a content rule.
        """
        problems = list(self._problems(task))
        if problems:
            raise TaskFailed(INVALID, "; ".join(problems), element=element)
        self._content.withhold(task, element)

    def _problems(self, task: SocialTask) -> Iterator[str]:
        later = task.escalate if isinstance(task, Asking) else ""
        named = (*task.to, later) if later else task.to
        unknown = [name for name in named if name not in self._communities]
        if unknown:
            yield f"community '{unknown[0]}' is not in the settings; add it there"
            return
        calendar = getattr(task, "calendar", "")
        if calendar and calendar not in self._calendars:
            remedy = did_you_mean(calendar, self._calendars) or "add it there"
            yield f"calendar '{calendar}' is not in the settings; {remedy}"
        destinations = self._destinations(task)
        if timing.needed(task.require, len(destinations)) > len(destinations) or not destinations:
            bound = f"{len(destinations)} destinations are bound to {' '.join(task.to)}"
            yield f"{bound}, require is {task.require}; bind more of them in the settings"
        if isinstance(task, Asking) and later and not rolls.eligible(task, self._communities[later].roll):
            yield f"nobody of '{later}', to whom it is escalated, may answer; add people in the settings"
        further = self._communities[later].destinations if later else ()
        for name in dict.fromkeys(destination.channel for destination in (*destinations, *further)):
            channel = self._channels.get(name)
            if channel is None:
                yield f"channel '{name}' is not connected; add it to the settings"
            else:
                yield from drafts.refusals(task, name, channel.capabilities)

    def _destinations(self, task: SocialTask) -> tuple[Destination, ...]:
        """Where the posts go, each place once though several communities share it."""
        bound = (place for name in task.to for place in self._communities[name].destinations)
        return tuple(dict.fromkeys(bound))

    def _roll(self, task: SocialTask) -> tuple[tuple[Member, ...], tuple[Member, ...]]:
        if approving.needs(task):
            return self._approvers(task)
        if not isinstance(task, Asking):
            return (), ()
        everybody = rolls.members(task, self._communities)
        voters = rolls.eligible(task, everybody)
        problems = rolls.problems(task, voters)
        if problems:
            raise TaskFailed(INVALID, "; ".join(problems))
        return everybody, voters

    def _approvers(self, task: PostStatus) -> tuple[tuple[Member, ...], tuple[Member, ...]]:
        """Everybody who is named, and those of them who may approve: never the author."""
        everybody = rolls.members(task, self._communities)
        voters = tuple(each for each in everybody if each.person != task.author and each.weight)
        if len(voters) < (task.approval or 1):
            what = (
                f"{task.approval} must approve, and there are {len(voters)} who may; name more in approvers"
            )
            raise TaskFailed(INVALID, what)
        if len(voters) > MOST_APPROVERS:
            what = f"{len(voters)} people may approve, {MOST_APPROVERS} at most can be asked; name them"
            raise TaskFailed(INVALID, f"{what} in approvers")
        return everybody, voters
