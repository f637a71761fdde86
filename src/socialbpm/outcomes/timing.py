"""When a request's time begins and ends. Pure.

Its time begins when the posts that it requires stand. It ends at its deadline or at an interrupting boundary
timer, whichever is earlier; only the deadline closes it, the timer is the engine's to fire.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Row

from socialbpm.outbox.deliveries import Action, Purpose, State
from socialbpm.outcomes import approving, working
from socialbpm.outcomes.working import NO_CALENDARS, Calendars
from socialbpm.responses import Outcome
from socialbpm.tasks import Asking, SeekConsent, SocialTask


@dataclass(frozen=True, slots=True, kw_only=True)
class Timing:
    """A request in time. ``impossible`` says why its posts can never stand, ``posted`` that they now do.

    ``silence_passes`` says that this is a proposal, for which silence speaks once people can see it;
    ``awaits_approval`` that nothing is public yet, and the deadline is that of the approval.
    """

    now: datetime
    stands_at: datetime | None
    deadline: datetime | None
    ends_at: datetime | None
    grace: timedelta = timedelta()
    impossible: str = ""
    posted: Outcome | None = None
    silence_passes: bool = False
    awaits_approval: bool = False

    @property
    def grace_until(self) -> datetime | None:
        """Until when an answer may be read that the platform dates before the end."""
        return self.ends_at + self.grace if self.ends_at and self.grace else None

    @property
    def last_look(self) -> datetime | None:
        """When the deadline closes the request: after the grace, if there is one."""
        due = self.deadline is not None and self.deadline == self.ends_at
        return self.deadline + self.grace if due and self.deadline else None

    def is_over(self, *, answered: bool) -> bool:
        """Whether the deadline has come. Silence counts for nothing until the required posts stand."""
        ripe = self.stands_at is not None or (answered and not self.silence_passes) or self.awaits_approval
        return self.last_look is not None and self.now >= self.last_look and ripe

    @property
    def closed_at(self) -> datetime | None:
        """As of when the deadline has closed it, whenever somebody came to see to it."""
        return self.deadline and max(self.deadline, self.stands_at or self.deadline)

    def look_again(self, now: datetime) -> datetime | None:
        """When the deadline, or the end of the grace, is to be looked at."""
        return self.last_look if self.last_look is not None and self.last_look > now else None

    def changes(self, row: Row[Any]) -> dict[str, Any]:
        """What is new of it against the stored row."""
        closing = row.state == "OPEN" and self.grace_until is not None and self.ends_at is not None
        state = "CLOSING" if closing and self.ends_at and self.now >= self.ends_at else row.state
        new = {
            "stands_at": self.stands_at,
            "deadline": self.deadline,
            "ends_at": self.ends_at,
            "state": state,
        }
        return {name: value for name, value in new.items() if value != getattr(row, name)}


def of(
    row: Row[Any],
    task: SocialTask,
    posts: Sequence[Row[Any]],
    now: datetime,
    calendars: Calendars,
) -> Timing:
    """The timing of a stored request; ``posts`` are those of its opening, while its time has not begun."""
    stands_at, impossible = row.stands_at, ""
    opening = [post for post in posts if post.purpose == Purpose.OPEN]
    if opening:
        stands_at, impossible = standing(task, opening)
    due, awaits_approval = row.deadline, approving.needs(task) and approving.awaited(opening)
    if approving.needs(task):
        due = (due or approving.deadline(task, row.opened_at, posts)) if awaits_approval else None
    if due is None and stands_at is not None and isinstance(task, Asking):
        due = deadline(task, stands_at, calendars)
    proposal = isinstance(task, SeekConsent)
    if proposal and stands_at is not None and due is not None and stands_at >= due:
        impossible = "its posts stood only when its time was over, so nobody could object"
    return Timing(
        now=now,
        stands_at=stands_at,
        deadline=due,
        ends_at=earliest(row.ends_at, due),
        grace=task.grace if isinstance(task, Asking) else timedelta(),
        impossible=impossible,
        posted=_posted(opening) if stands_at and opening else None,
        silence_passes=proposal,
        awaits_approval=awaits_approval,
    )


def deadline(task: Asking, stands_at: datetime, calendars: Calendars = NO_CALENDARS) -> datetime | None:
    """When a question closes whose posts stand since then; None: not by itself."""
    if isinstance(task.deadline, timedelta):
        return working.later(stands_at, task.deadline, task, calendars)
    return task.deadline


def earliest(*times: datetime | None) -> datetime | None:
    """The earliest of those that are set."""
    return min((time for time in times if time is not None), default=None)


def needed(require: str | int, destinations: int) -> int:
    """How many of so many destinations must have the post."""
    if isinstance(require, int):
        return require
    return destinations if require == "all" else 1


def standing(task: SocialTask, posts: Sequence[Row[Any]]) -> tuple[datetime | None, str]:
    """Since when the required posts stand (None: not yet), and why they never will ('': they may)."""
    wanted = [post for post in posts if post.action != Action.CREATE or post.state != State.SKIPPED]
    number = needed(task.require, len(wanted))
    done = sorted(post.sent_at or post.due for post in wanted if post.state in (State.SENT, State.SKIPPED))
    if len(done) >= number:
        return done[number - 1], ""
    refused = [post for post in wanted if post.state == State.REJECTED]
    if len(wanted) - len(refused) >= number:
        return None, ""
    return None, "; ".join(f"{post.channel}/{post.room}: {post.error}" for post in refused)


def _posted(posts: Sequence[Row[Any]]) -> Outcome:
    sent = sum(post.state in (State.SENT, State.SKIPPED) for post in posts)
    places = "destination" if len(posts) == 1 else "destinations"
    return Outcome(outcome="posted", explanation=f"posted: {sent} of {len(posts)} {places}")
