"""An errand: one call of a channel, and what came of it. No database here."""

from __future__ import annotations

import logging
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Row

from socialbpm.channels.base import Channel
from socialbpm.engines.work import Claim
from socialbpm.errors import ChannelError, OutcomeUnknown
from socialbpm.outbox.deliveries import Action, Purpose
from socialbpm.posts import Dedupe, Post, Receipt

logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class Errand:
    """A delivery on its way: ``uncertain`` says that an earlier attempt may have been carried out."""

    claim: Claim
    row: Row[Any]
    channel: Channel
    post: Post
    target: Receipt | None
    uncertain: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Attempt:
    """What came of an errand: a receipt, or an error; ``uncertain`` as in Errand, if that is not settled.

    Neither: it was looked for, and does not stand.
    """

    receipt: Receipt | None = None
    error: ChannelError | None = None
    uncertain: bool = False


def carry_out(errand: Errand) -> Attempt:
    """Call the channel, once: an uncertain create is only looked for, where the channel can look.

    To send what is not there would be a second call, and the lease is good for one.
    """
    looks = errand.uncertain and errand.channel.capabilities.dedupe == Dedupe.LOOKUP
    try:
        if looks:
            return Attempt(receipt=errand.channel.find(errand.post))
        return Attempt(receipt=written(errand.channel, errand.row.action, errand.post, errand.target))
    except Exception as error:
        return Attempt(error=_as_channel_error(error), uncertain=errand.uncertain)


def written(channel: Channel, action: str, post: Post, target: Receipt | None) -> Receipt:
    """Have ``channel`` create ``post``, or do ``action`` to the ``target`` that stands. Raises as it does."""
    if target is None:
        return channel.publish(post)
    if action == Action.EDIT:
        return channel.edit(target, post)
    channel.delete(target)
    return target


def _as_channel_error(error: Exception) -> ChannelError:
    """A failure of any other kind leaves everybody in the dark. Its words may hold secrets."""
    if isinstance(error, ChannelError):
        return error
    logger.error("an adapter raised %s, which it must not", type(error).__name__)
    return OutcomeUnknown(f"the adapter failed with {type(error).__name__}")


def pointless(row: Row[Any]) -> bool:
    """Whether what it was for has ended: its run, its step of the process, or its question.

    It is not begun then, if it is certainly not out yet. What closes a post, or makes it forget somebody, is
    never pointless.
    """
    asks = row.post["ask"] is not None or row.purpose == Purpose.REMIND
    cancelled = row.ended == "CANCELLED" or row.run_status == "cancelled"
    over = cancelled or (asks and row.ended in ("CLOSED", "RESUMED"))
    return over and row.purpose not in (Purpose.CLOSE, Purpose.FORGET)
