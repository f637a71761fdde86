"""Does a social task fit the communities and channels of the settings?"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping

from socialbpm.errors import Problem, TaskFailed
from socialbpm.people import Community
from socialbpm.posts import Capabilities, Text, plain
from socialbpm.requests.rolls import eligible, members
from socialbpm.requests.rolls import problems as roll_problems
from socialbpm.spiff.xml import SocialElement
from socialbpm.tasks import (
    Asking,
    Later,
    PostStatus,
    SocialTask,
    Wording,
    known,
    nearest,
)
from socialbpm.tasks.notation import did_you_mean

_WHO = {
    **{name: name for name in ("reviewers", "voters", "approvers", "author")},
    "casting_vote": "castingVote",
}
_ONE_PERSON = ("casting_vote", "author")
_WHOSE = frozenset(("to", "reviewers", "voters", "approvers", "electorate"))
_RULING = frozenset(
    (
        *("policy", "close", "ballots", "n", "threshold", "strict", "of", "min_plus", "vetoes", "quorum"),
        *("group_quorum", "binding", "tie", "casting_vote", "abstain", "minimum", "maximum"),
    )
)


def problems(
    elements: Iterable[SocialElement],
    communities: Mapping[str, Community],
    channels: Mapping[str, Capabilities] | None,
) -> list[Problem]:
    """What does not fit. Without ``channels`` only names and rolls are checked."""
    found: list[Problem] = []
    for element in elements:
        task, unknown, _ = known(element.declaration)
        strangers = list(_strangers(element, task, unknown, communities))
        found += strangers
        if not strangers:
            found += _roll(element, task, unknown, communities)
            found += _channels(element, task, unknown, communities, channels or {})
    return found


def uncounted(elements: Iterable[SocialElement], calendars: Collection[str]) -> Iterator[Problem]:
    """Durations in the working time of a calendar that the settings do not know."""
    for element in elements:
        name = element.declaration["attributes"].get("calendar", "")
        if name and name not in calendars:
            remedy = did_you_mean(name, calendars) or f"add [calendars.{name}] to the settings"
            yield element.place.problem(f"unknown calendar '{name}'", remedy, attribute="calendar")


def _strangers(
    element: SocialElement, task: SocialTask, unknown: frozenset[str], communities: Mapping[str, Community]
) -> Iterator[Problem]:
    """Names that the settings do not know."""
    escalate = (task.escalate,) if isinstance(task, Asking) and task.escalate else ()
    for attribute, names in (("to", task.to), ("escalate", escalate)):
        for name in names if attribute not in unknown else ():
            if name not in communities:
                remedy = did_you_mean(name, communities) or "add it to the settings"
                yield element.place.problem(f"unknown community '{name}'", remedy, attribute=attribute)
    people = {member.person for community in communities.values() for member in community.roll}
    for field, attribute in _WHO.items():
        if field in unknown:
            continue
        named = getattr(task, field, ())
        for name in (named,) if isinstance(named, str) and named else named:
            if name not in people and (name not in communities or field in _ONE_PERSON):
                remedy = did_you_mean(name, people | set(communities)) or "add them to the settings"
                what = f"{attribute} '{name}' is no community and no person in one"
                yield element.place.problem(what, remedy, attribute=attribute)


def _roll(
    element: SocialElement, task: SocialTask, unknown: frozenset[str], communities: Mapping[str, Community]
) -> Iterator[Problem]:
    """A policy that these people could never meet."""
    if isinstance(task, PostStatus) and task.approval and not unknown & (_WHOSE | {"approval", "author"}):
        yield from _approval(element, task, task.approval, communities)
    if not isinstance(task, Asking) or unknown & (_RULING | _WHOSE):
        return
    try:
        voters = eligible(task, members(task, communities))
    except TaskFailed as failure:
        yield element.place.problem(failure.what)
        return
    for problem in roll_problems(task, voters):
        what, _, remedy = problem.partition("; ")
        yield element.place.problem(what, remedy, attribute="policy")


def _approval(
    element: SocialElement, task: PostStatus, needed: int, communities: Mapping[str, Community]
) -> Iterator[Problem]:
    """More people than may approve, the author not among them."""
    may = {member.person for member in members(task, communities)} - {task.author}
    if len(may) < needed:
        what = f"approval {needed} can never be met: {len(may)} people besides the author may approve"
        yield element.place.problem(what, "lower it or name more approvers", attribute="approval")


def _channels(
    element: SocialElement,
    task: SocialTask,
    unknown: frozenset[str],
    communities: Mapping[str, Community],
    channels: Mapping[str, Capabilities],
) -> Iterator[Problem]:
    """What the channels of the communities addressed cannot carry."""
    yield from _networks(element, task, channels)
    named = task.to if "to" not in unknown else ()
    used = {destination.channel for name in named for destination in communities[name].destinations}
    for name in named:
        if not communities[name].destinations:
            remedy = "bind it to a room of a channel"
            yield element.place.problem(f"community '{name}' has no destination", remedy, attribute="to")
    for channel in sorted(used & set(channels)):
        for attribute, what, remedy in _beyond(task, channels[channel]):
            yield element.place.problem(f"channel '{channel}' {what}", remedy, attribute=attribute)


def _networks(
    element: SocialElement, task: SocialTask, channels: Mapping[str, Capabilities]
) -> Iterator[Problem]:
    """A wording for a kind of channel that is nearly, but not quite, the name of one in use."""
    networks = {capabilities.network for capabilities in channels.values()}
    for wording in task.texts:
        near = nearest(wording.network, networks) if wording.network else ""
        if near and wording.network not in networks:
            what = f"no channel is of network '{wording.network}'"
            yield element.place.problem(what, f"did you mean '{near}'?", attribute="network")


def _beyond(task: SocialTask, can: Capabilities) -> Iterator[tuple[str, str, str]]:
    """Attribute, what the channel cannot, and the remedy."""
    length = can.count(_shortest(task, can.network))
    if length > can.max_text:
        what = f"carries {can.max_text} characters, the text has {length}"
        yield "", what, f'shorten it or add <social:text network="{can.network}">'
    if len(task.media) > can.media.count:
        yield "", f"carries {can.media.count} media, not {len(task.media)}", "leave some out"
    if task.reply_to and not can.can_thread:
        yield "replyTo", "has no threads", "leave replyTo out"
    if (
        isinstance(task, PostStatus)
        and task.edit
        and not (can.can_edit or "on_no_edit" in task.model_fields_set)
    ):
        yield "onNoEdit", "cannot edit a post", 'say what to do instead: onNoEdit="reply" or "skip"'
    if isinstance(task, Asking):
        yield from _asks(task, can)


def _asks(task: Asking, can: Capabilities) -> Iterator[tuple[str, str, str]]:
    if task.kind not in can.asks:
        yield "", f"cannot ask for a {task.kind} answer", "ask on another channel"
    elif not can.identifies_voters:
        yield "", "does not say who answered", "ask on another channel"


def _shortest(task: SocialTask, network: str) -> str:
    """What is certain to be sent to a kind of channel: nothing of a text that is yet to be evaluated."""
    fitting = sorted((text for text in task.texts if text.network in ("", network)), key=_general)
    words = "".join(_certain(wording.text) for wording in fitting[:1])
    return f"{_certain(task.disclosure)}\n{words}" if task.disclosure else words


def _general(wording: Wording) -> bool:
    return not wording.network


def _certain(text: Text) -> str:
    return "" if any(isinstance(span.text, Later) for span in text) else plain(text)
