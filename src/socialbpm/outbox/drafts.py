"""What a task says on one channel: the wording, the question, and whether the channel can carry it. Pure."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime

from socialbpm.posts import Ask, Capabilities, Span, Text, plain
from socialbpm.tasks import Asking, SocialTask


def wording(task: SocialTask, network: str) -> Text:
    """The text for this kind of channel, else the text for all; the disclosure stands first."""
    texts = {each.network: each.text for each in task.texts}
    text = texts.get(network, texts.get("", ()))
    return (*task.disclosure, Span("\n"), *text) if task.disclosure else text


def ask(task: SocialTask, request: str, version: int, ends_at: datetime | None) -> Ask | None:
    """The question as a post carries it; None where nothing is asked."""
    if not isinstance(task, Asking):
        return None
    minimum, maximum = task.limits
    return Ask(
        request=request,
        version=version,
        kind=task.kind,
        choices=task.offered,
        ends_at=ends_at,
        abstain=task.abstain,
        delegation=task.delegation,
        minimum=minimum,
        maximum=maximum,
    )


def refusals(task: SocialTask, channel: str, capabilities: Capabilities) -> Iterator[str]:
    """Why ``channel`` cannot carry this task whole, each with its remedy. What would be cut is never sent."""
    if isinstance(task, Asking) and task.kind not in capabilities.asks:
        yield f"channel '{channel}' cannot put a {task.kind} question; bind the community to one that can"
    length = capabilities.count(plain(wording(task, capabilities.network)))
    if length > capabilities.max_text:
        yield (
            f"the text has {length} characters, channel '{channel}' carries {capabilities.max_text}; "
            f'shorten it or add a wording with network="{capabilities.network}"'
        )
    if len(task.media) > capabilities.media.count:
        yield (
            f"{len(task.media)} media are too many for channel '{channel}', which carries "
            f"{capabilities.media.count}; leave some out"
        )
