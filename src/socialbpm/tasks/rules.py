"""What must hold between the values of one task.

One set of rules serves a model that is being checked and a request that opens. A rule is a generator over
a task. In a model some values are not known yet (they come from process data); touching one of them ends the
rule quietly.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import timedelta
from fractions import Fraction
from typing import TYPE_CHECKING, Any

from socialbpm import policies
from socialbpm.posts import plain
from socialbpm.tasks.notation import Later, did_you_mean, shown

if TYPE_CHECKING:
    from socialbpm.tasks.asking import Asking
    from socialbpm.tasks.common import SocialTask
    from socialbpm.tasks.posting import PostStatus
    from socialbpm.tasks.questions import PollCommunity

_MEDIA_REF = re.compile(r"media:[0-9a-f]{64}")
_HTTPS = re.compile(r"https://[^\s/?#@]+(?:[/?#]\S*)?")
_PACKAGED = re.compile(r"(?![/.])(?!.*(?:^|/)\.\.(?:/|$))[^\s:\\][^:\\\x00-\x1f]*")


@dataclass(frozen=True, slots=True)
class Flaw:
    """Something wrong with one task. ``child``: the child element at fault, its name and its place from 0."""

    attribute: str
    what: str
    remedy: str = ""
    child: tuple[str, int] | None = None

    def __str__(self) -> str:
        """What and remedy in one sentence."""
        return f"{self.what}; {self.remedy}" if self.remedy else self.what


Rule = Callable[[Any], Iterator[Flaw]]


class _NotKnownYet(Exception):
    """A rule asked for a value that only the running process knows."""


class _Known:
    """A task of which only some values are known."""

    def __init__(self, task: SocialTask, unknown: frozenset[str]) -> None:
        self._task, self._unknown = task, unknown

    def __getattr__(self, name: str) -> object:
        if name in self._unknown:
            raise _NotKnownYet
        return getattr(self._task, name)


def broken(task: SocialTask, unknown: frozenset[str] = frozenset()) -> Iterator[Flaw]:
    """What is wrong with ``task``, as far as it is known. ``unknown`` holds python names of fields."""
    known = _Known(task, unknown) if unknown else task  # when a request opens all is known: no detour then
    for rule in task.RULES:
        try:
            yield from rule(known)
        except _NotKnownYet:
            continue


def names_a_community(task: SocialTask) -> Iterator[Flaw]:
    """Every task goes to somebody."""
    if not task.to:
        yield Flaw("to", "names no community", 'add to="…" with the name of a community from settings')


def says_something(task: SocialTask) -> Iterator[Flaw]:
    """A post is a text, a picture or both; each wording says something."""
    if not task.texts and not task.media:
        yield Flaw("", "has neither text nor media", "add <social:text>…</social:text>")
    for index, wording in enumerate(task.texts):
        if not plain(wording.text).strip():
            yield Flaw("", "has an empty text", "write one or leave the element out", ("text", index))


def one_wording_each(task: SocialTask) -> Iterator[Flaw]:
    """One wording for each kind of channel, and one for all the others."""
    networks = [wording.network for wording in task.texts]
    for index, network in enumerate(networks):
        if network in networks[:index]:
            which = f"for network '{network}'" if network else "without a network"
            yield Flaw("network", f"has two texts {which}", "keep one of them", ("text", index))
    if networks and "" not in networks:
        yield Flaw("network", "has no text for other networks", "add a <social:text> without network")


def media_described(task: SocialTask) -> Iterator[Flaw]:
    """People who cannot see the picture read the alt text; so it is never optional."""
    for index, media in enumerate(task.media):
        if not media.alt.strip():
            yield Flaw(
                "alt", "media has no alt text", 'add alt="…": what the picture shows', ("media", index)
            )


def media_reachable(task: SocialTask) -> Iterator[Flaw]:
    """Media comes from our own store, the deployed package or https, never from a path of this machine."""
    for index, media in enumerate(task.media):
        if isinstance(media.src, Later) or any(
            form.fullmatch(media.src) for form in (_MEDIA_REF, _HTTPS, _PACKAGED)
        ):
            continue
        remedy = "use media:<sha256>, https://… or a file beside the process"
        yield Flaw("src", f"media src {shown(str(media.src))} cannot be used", remedy, ("media", index))


def raises_real_outcomes(task: SocialTask) -> Iterator[Flaw]:
    """``raiseOn`` turns outcomes of this very task into errors."""
    for outcome in task.raise_on:
        if outcome not in task.OUTCOMES:
            yield Flaw(
                "raiseOn", f"raiseOn names no outcome: '{outcome}'", did_you_mean(outcome, task.OUTCOMES)
            )


def edit_or_reply(task: PostStatus) -> Iterator[Flaw]:
    """A post that replaces an earlier one stands where that one stood."""
    if task.edit and task.reply_to:
        yield Flaw("replyTo", "edit and replyTo exclude each other", "an edited post stays in its thread")
    if not task.edit and "on_no_edit" in task.model_fields_set:
        yield Flaw("onNoEdit", "onNoEdit needs edit", 'add edit="…" or leave onNoEdit out')


def approved_by_somebody(task: PostStatus) -> Iterator[Flaw]:
    """What is said of an approval belongs to one."""
    for name, value in (
        ("approvers", task.approvers),
        ("approvalDeadline", task.approval_deadline),
        ("author", task.author),
    ):
        if value and task.approval is None:
            yield Flaw(name, f"{name} needs approval", f'add approval="1" or leave {name} out')


def can_be_decided(task: Asking) -> Iterator[Flaw]:
    """The policy has its parameters, an early close is sound, a casting vote is somebody's."""
    for problem in policies.Rule.of(task).problems():
        what, _, remedy = problem.partition("; ")
        yield Flaw("policy", what, remedy)


def takes_what_it_is_given(task: Asking) -> Iterator[Flaw]:
    """A share of the roll means something only to a policy that takes shares."""
    policy = policies.POLICIES[task.policy]
    if task.of == "roll" and "of" not in policy.parameters:
        some = " or ".join(name for name, each in policies.POLICIES.items() if "of" in each.parameters)
        yield Flaw("of", f"policy '{task.policy}' takes no of", f"remove it, or use {some}")


def roll_is_known(task: Asking) -> Iterator[Flaw]:
    """Where anybody may answer nobody knows who has not, nor how many they are."""
    if task.electorate == "roll":
        return
    needs_a_roll = (
        ("close", task.close == "decided", 'close="decided" asks who has not answered yet'),
        ("quorum", isinstance(task.quorum, Fraction), "a quorum in percent is a share of the roll"),
        ("of", task.of == "roll", 'of="roll" is a share of the roll'),
        ("policy", _unanimous_roll(task), "unanimous without a quorum asks the whole roll"),
        ("remind", task.remind is not None, "remind asks who has not answered yet"),
        ("delegation", task.delegation, "delegation hands a ballot to a person on the roll"),
    )
    for attribute, given, why in needs_a_roll:
        if given:
            remedy = f'write electorate="roll", or leave {attribute} out'
            yield Flaw(attribute, f"{why}, and anybody may answer here", remedy)


def _unanimous_roll(task: Asking) -> bool:
    return task.policy == "unanimous" and task.quorum is None


def tallies_can_count(task: Asking) -> Iterator[Flaw]:
    """Numbers without names can only be added up at the end, where anybody may answer."""
    if task.tallies == "advisory":
        return
    counts = policies.POLICIES[task.policy].keeps is None and task.kind in ("single", "multiple")
    needed = (
        (task.electorate == "open", "need not be of people on the roll", 'electorate="open"'),
        (task.close == "deadline", "are complete only at the end", 'close="deadline"'),
        (counts, "are of whole votes for single choices", 'ballot="single" and a policy that counts votes'),
    )
    for given, why, remedy in needed:
        if not given:
            yield Flaw("tallies", f"tallies of a platform's poll {why}", f"write {remedy}")


def reminds_in_time(task: Asking) -> Iterator[Flaw]:
    """A first reminder after the end reaches nobody."""
    if task.remind is not None and isinstance(task.deadline, timedelta) and task.remind >= task.deadline:
        yield Flaw("remind", "the first reminder would come after the end", "remind more often")


def escalates_to_somebody(task: Asking) -> Iterator[Flaw]:
    """Somebody, after some time, before the end; and what is decided early must know its whole roll."""
    after, deadline = task.escalate_after, task.deadline
    if task.escalate and after is None:
        yield Flaw("escalateAfter", "escalate does not say when", 'add escalateAfter="P1D"')
    if after is not None and not task.escalate:
        yield Flaw("escalate", "escalateAfter does not say to whom", 'add escalate="…": a community')
    if task.escalate and task.close == "decided":
        what = 'close="decided" is sound only if nobody joins the roll, and escalate adds people'
        yield Flaw("escalate", what, 'write close="deadline" or leave escalate out')
    if after is not None and isinstance(deadline, timedelta) and after >= deadline:
        yield Flaw("escalateAfter", "it would escalate only after the end", "escalate earlier")


def names_nobody_in_secret(task: Asking) -> Iterator[Flaw]:
    """What is pseudonymous for people is not told to every reader of the process data."""
    if task.secrecy == "pseudonymous" and "voters" in task.include:
        what = 'secrecy="pseudonymous" names nobody, and include="voters" would'
        yield Flaw("include", what, "leave one of them out")


def rankings_count(task: PollCommunity) -> Iterator[Flaw]:
    """Whoever asks for a ranking wants more counted than its first place."""
    compare = [name for name, each in policies.POLICIES.items() if each.ballots == {"ranked"}]
    decides_rankings = "ranked" in policies.POLICIES[task.policy].ballots
    if task.ballot == "ranked" and decides_rankings and task.policy not in compare:
        what = f"policy '{task.policy}' counts only the first place of a ranking"
        yield Flaw("policy", what, f'write policy="{compare[0]}", {" or ".join(compare[1:])}')


def enough_choices(task: PollCommunity) -> Iterator[Flaw]:
    """Two different things to choose from, at least; the process reads the keys, people read the labels."""
    if len(task.choices) < 2:
        yield Flaw("choices", f"has {len(task.choices)} choices", "a poll needs two at least")
    keys = Counter(choice.key for choice in task.choices)
    labels = Counter(choice.label for choice in task.choices)
    for index, choice in enumerate(task.choices):
        if keys[choice.key] > 1 and choice.key in [earlier.key for earlier in task.choices[:index]]:
            yield Flaw(
                "key", f"has two choices with key '{choice.key}'", "give each its own key", ("choice", index)
            )
        elif labels[choice.label] > 1 and choice.label in [earlier.label for earlier in task.choices[:index]]:
            yield Flaw(
                "", f"has two choices called {shown(choice.label)}", "say how they differ", ("choice", index)
            )
        if choice.key == "typename":
            # SpiffWorkflow's serializer takes a mapping with this key for one of its own records.
            yield Flaw("key", "'typename' cannot be a key", "use another word", ("choice", index))


def asks_a_question(task: PollCommunity) -> Iterator[Flaw]:
    """A picture alone is no question."""
    if task.media and not task.texts:
        yield Flaw("", "asks nothing", "add <social:text>…</social:text>")
