"""An errand: one call of a channel, and what came of it. No database here."""

from __future__ import annotations

import logging
from dataclasses import dataclass, replace
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

    Neither: it does not stand, and is not wanted any more.
    """

    receipt: Receipt | None = None
    error: ChannelError | None = None
    uncertain: bool = False


def carry_out(errand: Errand) -> Attempt:
    """Call the channel; an uncertain create is looked for first where the channel can look."""
    try:
        if not errand.uncertain or errand.channel.capabilities.dedupe != Dedupe.LOOKUP:
            return _write(errand)
        found = errand.channel.find(errand.post)
    except Exception as error:
        return Attempt(error=_as_channel_error(error), uncertain=True)
    if found is None and not pointless(errand.row):
        return _write(replace(errand, uncertain=False))
    return Attempt(receipt=found)


def _write(errand: Errand) -> Attempt:
    try:
        return Attempt(receipt=_written(errand))
    except Exception as error:
        return Attempt(error=_as_channel_error(error), uncertain=errand.uncertain)


def _written(errand: Errand) -> Receipt:
    if errand.target is None:
        return errand.channel.publish(errand.post)
    if errand.row.action == Action.EDIT:
        return errand.channel.edit(errand.target, errand.post)
    errand.channel.delete(errand.target)
    return errand.target


def _as_channel_error(error: Exception) -> ChannelError:
    """A failure of any other kind leaves everybody in the dark. Its words may hold secrets."""
    if isinstance(error, ChannelError):
        return error
    logger.error("an adapter raised %s, which it must not", type(error).__name__)
    return OutcomeUnknown(f"the adapter failed with {type(error).__name__}")


def pointless(row: Row[Any]) -> bool:
    """Whether what it was for has ended: its run, its step of the process, or its question.

    It is not begun then, if it is certainly not out yet. What closes a post is never pointless.
    """
    asks = row.post["ask"] is not None
    cancelled = row.ended == "CANCELLED" or row.run_status == "cancelled"
    over = cancelled or (asks and row.ended in ("CLOSED", "RESUMED"))
    return over and row.purpose != Purpose.CLOSE
