"""What a request is made of when it opens: its row, and its posts."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from datetime import datetime
from typing import Any

from sqlalchemy import Connection

from socialbpm import policies, tasks
from socialbpm.channels.base import Channel
from socialbpm.outbox import drafts
from socialbpm.outbox.deliveries import Action, Purpose, Write
from socialbpm.outcomes import approving, secrecy, timing
from socialbpm.policies import Count, Rule
from socialbpm.posts import Destination, Post
from socialbpm.requests import threads
from socialbpm.requests.prospects import Opening, Prospect
from socialbpm.requests.threads import Earlier
from socialbpm.tasks import Asking, PostStatus, SocialTask


def fixed_deadline(task: SocialTask) -> datetime | None:
    """The deadline that is a time; None: there is none, or it counts from when the posts stand."""
    deadline = task.deadline if isinstance(task, Asking) else None
    return deadline if isinstance(deadline, datetime) else None


def stored(opening: Opening, prospect: Prospect, now: datetime) -> dict[str, Any]:
    """The request as a row, but for its round."""
    task = opening.task
    deadline = fixed_deadline(task)
    return {
        "id": opening.key,
        "run": opening.run,
        "element": opening.element,
        "name": opening.name,
        "kind": task.element,
        "address": opening.address,
        "task": tasks.dump(task),
        "state": "OPEN",
        "opened_at": now,
        "deadline": deadline,
        "ends_at": timing.earliest(opening.ends_at, deadline),
        "counted": _count(task, prospect).dump(),
        "standings": {},
        "poll_key": secrecy.new_key(task),
    }


def _count(task: SocialTask, prospect: Prospect) -> Count:
    """Nobody has answered yet."""
    if approving.needs(task):
        return policies.opening(approving.rule(task), prospect.voters)
    if not isinstance(task, Asking):
        return Count.of_roll(())
    return policies.opening(Rule.of(task), None if task.electorate == "open" else prospect.voters)


def writes(
    conn: Connection,
    opening: Opening,
    prospect: Prospect,
    number: int,
    channels: Mapping[str, Channel],
    now: datetime,
) -> Iterator[Write]:
    """The posts of a request that is the ``number``-th of its element: new, edited, or below earlier ones."""
    task = opening.task
    edited = (
        threads.latest(conn, opening.run, task.edit, opening.key)
        if isinstance(task, PostStatus) and task.edit
        else {}
    )
    answered = _answered(conn, opening, number)
    for destination in prospect.destinations:
        write = _write(opening, destination, channels, now)
        if destination in edited:
            yield _edit(task, write, edited[destination], channels)
        else:
            parent = answered.get(destination)
            yield replace(write, parent=parent.create if parent else None)


def _answered(conn: Connection, opening: Opening, number: int) -> Mapping[Destination, Earlier]:
    """The posts that this request's posts answer: those the model names, else the last round's."""
    if opening.task.reply_to:
        return threads.latest(conn, opening.run, opening.task.reply_to, opening.key)
    if isinstance(opening.task, Asking) and number > 1:
        return threads.round_before(conn, opening.run, opening.element, opening.address, opening.key)
    return {}


def _write(
    opening: Opening, destination: Destination, channels: Mapping[str, Channel], now: datetime
) -> Write:
    task = opening.task
    ends_at = timing.earliest(opening.ends_at, fixed_deadline(task))
    network = channels[destination.channel].capabilities.network
    return Write(
        request=opening.key,
        purpose=Purpose.OPEN,
        action=Action.CREATE,
        seq=0,
        post=Post(
            key="",
            destination=destination,
            text=drafts.wording(task, network),
            ask=drafts.ask(task, opening.key, 1, ends_at),
        ),
        due=max(now, task.at) if task.at else now,
        sources=task.media,
        held=approving.needs(task),
    )


def _edit(task: SocialTask, write: Write, earlier: Earlier, channels: Mapping[str, Channel]) -> Write:
    """The write as an edit of an earlier post or, where the channel cannot edit, what the model says."""
    capabilities = channels[write.post.destination.channel].capabilities
    edit = replace(write, action=Action.EDIT, seq=earlier.next_seq, creates=earlier.create)
    if capabilities.can_edit:
        return edit
    if isinstance(task, PostStatus) and task.on_no_edit == "skip":
        return replace(edit, skipped="the channel cannot edit, and the model says to leave the post alone")
    return replace(write, parent=earlier.create)
