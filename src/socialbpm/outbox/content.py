"""The content rules of the settings, held against what a task would post. No database here."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime

from socialbpm.channels.base import Channel
from socialbpm.content_rules import Breach, ContentRules, Draft
from socialbpm.errors import TaskFailed
from socialbpm.outbox import drafts
from socialbpm.outbox.deliveries import Action, Write
from socialbpm.people import Community
from socialbpm.posts import Destination, Span, Text, plain
from socialbpm.tasks import Asking, SocialTask
from socialbpm.tasks.notation import Misread

WITHHELD = "social.withheld"


@dataclass(frozen=True, slots=True)
class Content:
    """What may be said where, and when. Without ``rules`` everything may, at any time."""

    rules: ContentRules | None = None
    communities: Mapping[str, Community] = field(default_factory=dict)
    channels: Mapping[str, Channel] = field(default_factory=dict)

    def disclosed(self, task: SocialTask) -> SocialTask:
        """The task with its standard disclosure written out. Raises TaskFailed ``social.invalid``."""
        if self.rules is None or not task.disclosure:
            return task
        said = plain(task.disclosure)
        try:
            known = self.rules.disclosed(said)
        except Misread as error:
            raise TaskFailed("social.invalid", f"disclosure: {error}") from None
        return task if known == said else task.model_copy(update={"disclosure": (Span(known),)})

    def withhold(self, task: SocialTask, element: str = "") -> None:
        """Raise TaskFailed ``social.withheld`` if anything of ``task`` breaks a rule anywhere it would go.

        The reason quotes the rules, never the text.
        """
        found = dict.fromkeys(str(breach) for breach in self._breaches(task))
        if found:
            raise TaskFailed(WITHHELD, "; ".join(found), element=element)

    def timed(self, write: Write, task: SocialTask) -> Write:
        """A new post, or the edit of a status, not before the quiet hours of its place are over."""
        if self.rules is None or (write.action != Action.CREATE and isinstance(task, Asking)):
            return write
        due = self.release_at(write.due, write.post.destination, task)
        return write if due <= write.due else replace(write, due=due)

    def release_at(self, moment: datetime, place: Destination, task: SocialTask) -> datetime:
        """From when on a post of ``task`` may go to ``place``: no community that it is for is quiet then."""
        if self.rules is None:
            return moment
        network = self._network(place.channel)
        names = [name for name in _addressed(task) if place in self._places(name)] or list(task.to)
        return max(self.rules.release_at(moment, name, network) for name in names)

    def _breaches(self, task: SocialTask) -> Iterator[Breach]:
        if self.rules is None:
            return
        alts = tuple(each.alt for each in task.media)
        places = {(name, self._network(at.channel)) for name in _addressed(task) for at in self._places(name)}
        for community, network in sorted(places):
            draft = Draft(community=community, network=network, text=_read(task, network), alts=alts)
            yield from self.rules.judge(draft)

    def _places(self, community: str) -> tuple[Destination, ...]:
        return self.communities[community].destinations if community in self.communities else ()

    def _network(self, channel: str) -> str:
        return self.channels[channel].capabilities.network if channel in self.channels else ""


def _addressed(task: SocialTask) -> tuple[str, ...]:
    """The communities that see it, be it only after an escalation."""
    later = (task.escalate,) if isinstance(task, Asking) and task.escalate else ()
    return tuple(dict.fromkeys((*task.to, *later)))


def _read(task: SocialTask, network: str) -> Text:
    """What people read there: the text and, of a question, what they can choose."""
    offered = task.offered if isinstance(task, Asking) else ()
    labels = (Span(f"\n{choice.label}", authored=False) for choice in offered)
    return (*drafts.wording(task, network), *labels)
