"""What the pages say: times, texts with their links, and a sentence for everything that happens."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from markupsafe import Markup, escape

from socialbpm.policies import POLICIES, vetoes_needed
from socialbpm.posts import Span, Text
from socialbpm.responses import Standing
from socialbpm.social import LOCAL
from socialbpm.web.questions import Question

ALONE = "@"  # before it, the local channel names the person for whom a room is
ADDRESS = re.compile(r"https?://[^\s<>\"']+[^\s<>\"'.,;:!?)\]]")
UNITS = (("day", timedelta(days=1)), ("hour", timedelta(hours=1)), ("minute", timedelta(minutes=1)))

SENTENCES = {
    "run.started": "started",
    "run.advanced": "went through {elements}",
    "run.parked": "stopped and needs a person",
    "run.finished": "finished",
    "run.cancelled": "was cancelled",
    "run.resumed": "went on",
    "request.opened": "{step}: opened",
    "request.revised": "{step}: there is a new version; earlier answers do not count",
    "request.closed": "{step}: ended, {outcome}",
    "request.cancelled": "{step}: cancelled",
    "post.sent": "{step}: posted to {room}",
    "post.edited": "{step}: the post in {room} was brought up to date",
    "post.deleted": "{step}: the post in {room} was taken down",
    "post.unknown": "{step}: nobody knows whether the post to {room} went out; a person must look",
    "post.parked": "{step}: the post to {room} could not be sent; a person must look",
    "response.accepted": "{step}: an answer was counted",
    "response.superseded": "{step}: somebody changed their answer",
    "response.withdrawn": "{step}: somebody withdrew their answer",
    "response.late": "{step}: an answer came too late",
    "response.ineligible": "{step}: an answer came from somebody who is not on the roll",
    "response.spoiled": "{step}: an answer did not count",
    "post.rejected": "{step}: the post to {room} was refused",
    "post.settled": "{step}: a person has said whether the post to {room} stands",
    "account.paused": "an account is paused: a person must look",
    "work.parked": "a piece of work is set aside: a person must look",
    "request.reopened": "{step}: begun anew, what was refused is sent again",
    "work.revived": "a piece of work that was set aside is tried again",
    "event.refused": "an event was refused",
    "event.waiting": "an answer waits for the post that it is about",
    "account.code_made": "somebody asked for a code to link an account",
    "account.claimed": "an account was named to be linked",
    "account.linked": "an account was linked to its person",
    "account.unlinked": "an account was unlinked",
    "account.refused": "a code was not accepted",
    "request.reminded": "{step}: those who have not answered were reminded",
    "request.escalated": "{step}: put to others, too, because there was no decision in time",
    "request.approved": "{step}: approved for publication",
    "request.withheld": "{step}: withheld, and published nowhere",
    "event.attached": "an answer found the post that it is about",
}
STANDINGS = {
    "": "Your answer is in. It will be counted in a moment.",
    Standing.ACCEPTED: "Your answer counts.",
    Standing.SUPERSEDED: "You have answered anew since; your newer answer counts.",
    Standing.WITHDRAWN: "Your answer is withdrawn.",
    Standing.LATE: "Your answer came too late and does not count.",
    Standing.INELIGIBLE: "You are not on the roll of this question, so your answer does not count.",
    Standing.SPOILED: "Your answer does not count.",
}
OUTCOMES = {
    "posted": "Posted",
    "approved": "Approved",
    "changes_requested": "Changes asked for",
    "rejected": "Rejected",
    "tie": "A tie",
    "no_quorum": "Too few answers",
    "expired": "Nobody answered in time",
    "decided": "Decided",
    "undecided": "Undecided",
    "no_votes": "Nobody voted",
    "passed": "Passed",
    "vetoed": "Stopped by objections",
}


def when(at: datetime) -> str:
    """A time for people: ``Tue 24 Nov 2026, 17:00 UTC``."""
    return f"{at:%a} {at.day} {at:%b %Y, %H:%M} UTC"


def away(at: datetime, now: datetime) -> str:
    """How far ``at`` is from ``now``: ``in 3 hours``, ``2 days ago``."""
    distance = abs(at - now)
    for name, unit in UNITS:
        if number := distance // unit:
            amount = f"{number} {name}{'' if number == 1 else 's'}"
            return f"in {amount}" if at > now else f"{amount} ago"
    return "in less than a minute" if at > now else "just now"


def name_of(value: str) -> str:
    """An id for people: ``press_room`` is ``press room``."""
    return value.replace("_", " ")


def place(channel: str, room: str) -> str:
    """Where a post goes, for people; our own pages need no name, and what is for one person says so."""
    if channel == LOCAL and room.startswith(ALONE):
        return f"{name_of(room.removeprefix(ALONE))} alone"
    return name_of(room) if channel == LOCAL else f"{name_of(room)} on {name_of(channel)}"


def outcome_of(value: str) -> str:
    """An outcome for people."""
    return OUTCOMES.get(value, name_of(value).capitalize())


def silence(question: Question) -> str:
    """What it means to say nothing about a proposal, and until when exactly."""
    rule, ends_at = question.rule, question.ends_at
    if rule is None or not question.is_open:
        return ""
    until = f"until {when(ends_at)}" if ends_at else "until its time is over, which begins once it is posted"
    stops = vetoes_needed(rule) or 1
    objection = (
        "an objection with its reason stops" if stops == 1 else f"{stops} objections with reasons stop"
    )
    if POLICIES[rule.policy].silence_passes:
        return (
            f"Saying nothing is consent: the proposal passes if nobody stops it {until}. "
            f"Till then {objection} it; withdrawn, an objection stops nothing."
        )
    words = POLICIES[rule.policy].words(rule)
    return f"Saying nothing is not enough: {words}, {until}. Till then {objection} it."


def sentence(
    kind: str, *, step: str = "", room: str = "", elements: Sequence[str] = (), facts: Mapping[str, Any]
) -> str:
    """What happened, to be put after the name of the process. All but ``facts`` are names, not ids."""
    return SENTENCES.get(kind, name_of(kind)).format(
        step=f"“{step}”" if step else "a step",
        elements=", ".join(f"“{each}”" for each in elements) or "a step",
        room=room or "its room",
        outcome=outcome_of(str(facts.get("outcome") or facts.get("error") or "")).lower()
        or "without outcome",
    )


def rendered(text: Text) -> Markup:
    """A text as HTML. Only what the designer wrote may link; what came from data stays text."""
    return Markup("").join(piece for span in text for piece in _pieces(span))


def _pieces(span: Span) -> Iterator[Markup]:
    end = 0
    for address in ADDRESS.finditer(span.text) if span.authored else ():
        yield escape(span.text[end : address.start()])
        yield Markup('<a href="{0}" rel="noopener noreferrer nofollow">{0}</a>').format(address.group())
        end = address.end()
    yield escape(span.text[end:])
