"""Approval before publishing: whether it is asked for, until when, and how it ends. Pure.

Each approver has one vote, whatever they weigh elsewhere. The first refusal ends it, and so does the last
approval that it takes; whichever was received first.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any, TypeGuard

from sqlalchemy import Row

from socialbpm.outbox import deliveries
from socialbpm.outbox.deliveries import Purpose, State
from socialbpm.policies import Count, Rule
from socialbpm.posts import Choice
from socialbpm.responses import Outcome, Verdict
from socialbpm.tasks import PostStatus, SocialTask

APPROVE, REFUSE = Verdict.APPROVE.value, Verdict.REJECT.value
CHOICES = (Choice(key=APPROVE, label="Approve"), Choice(key=REFUSE, label="Refuse"))
REFUSED = "refused"
OVER = "people have decided about it already"
GONE = (State.REJECTED, State.SKIPPED)


def needs(task: SocialTask) -> TypeGuard[PostStatus]:
    """Whether people must approve it before anything of it is public."""
    return isinstance(task, PostStatus) and task.approval is not None


def rule(task: PostStatus) -> Rule:
    """By what an answer is judged to be one."""
    return Rule(policy="n_of_m", n=task.approval, choices=CHOICES)


def decided(task: PostStatus, count: Count) -> Outcome | None:
    """The end, if these answers make one."""
    if count.heads.get(REFUSE):
        return Outcome(outcome=REFUSED, explanation="refused", winners=(REFUSE,))
    if count.heads.get(APPROVE, 0) >= (task.approval or 1):
        return Outcome(outcome="approved", explanation=_so_far(task, count), winners=(APPROVE,))
    return None


def expired(task: PostStatus, count: Count) -> str:
    """Why it is withheld when its time is over."""
    return f"not approved in time: {_so_far(task, count)}"


def awaited(posts: Sequence[Row[Any]]) -> bool:
    """Whether the posts of an opening still wait for it."""
    return any(deliveries.is_held(post) for post in posts)


def deadline(task: PostStatus, opened_at: datetime, posts: Sequence[Row[Any]]) -> datetime | None:
    """Until when it is waited for; None: for ever, or as many as it takes have not been asked yet.

    Who cannot be reached by a post of their own finds it on the pages from the beginning.
    """
    if task.approval_deadline is None:
        return None
    asks = [post for post in posts if post.purpose == Purpose.APPROVE and post.state not in GONE]
    number = min(task.approval or 1, len(asks))
    done = sorted(post.sent_at for post in asks if post.state == State.SENT)
    if number == 0:
        return opened_at + task.approval_deadline
    return done[number - 1] + task.approval_deadline if len(done) >= number else None


def _so_far(task: PostStatus, count: Count) -> str:
    return f"{count.heads.get(APPROVE, 0)} of {task.approval} approved"
