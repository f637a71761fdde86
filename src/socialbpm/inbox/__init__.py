"""The inbox: an event is stored once, attached to its request, and left to the tally. It decides nothing."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Row, Select, bindparam, select

from socialbpm.accounts import Accounts
from socialbpm.channels.base import Channel, Inbound, RawEvent
from socialbpm.clock import Clock
from socialbpm.engines.work import Work
from socialbpm.errors import EventRejected, NotFound
from socialbpm.faults import crash_point
from socialbpm.inbox.tallies import Tallies
from socialbpm.inbox.wording import NAME, understood
from socialbpm.responses import Response, Standing
from socialbpm.store import Store, audit, insert_returning, locks
from socialbpm.store.group import GroupCommit
from socialbpm.store.prepared import Prepared
from socialbpm.store.tables import delivery, event, request, response

COMMENT = 10_000
CHOICES = 100
RECEIVED, REFUSED, WAITING, LINKING = "received", "refused", "waiting", "linking"
HEARD = "this code was received before"
UNKNOWN_REQUEST = "there is no such request"
CUT = f"of the comment, the first {COMMENT} characters are kept"
UNKNOWN_ANSWER = "no answer here is known by that id; should it come yet, it will not count"
UNKNOWN_POST = "no post here is known by that id; the answer counts once one is"

_CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff]")


@dataclass(frozen=True, slots=True, kw_only=True)
class Reply:
    """What to tell the person: ``received`` (it will be counted), ``refused``, or the standing that it has.

    ``waiting`` is what answers a post that is not known, and may turn out to be one of ours; ``linking`` is
    what came of a code.

    ``reason`` is a phrase for people, ``seq`` the number of the event.
    """

    standing: str
    reason: str = ""
    seq: int = 0


class Inbox:
    """Takes responses in. Each event of a channel is stored once, however often it arrives."""

    def __init__(
        self,
        store: Store,
        clock: Clock,
        work: Work,
        channels: Mapping[str, Channel],
        accounts: Accounts,
    ) -> None:
        self._store, self._clock, self._work, self._channels = store, clock, work, channels
        self._accounts = accounts
        self.tallies = Tallies(store, clock, work)
        self._commit = GroupCommit(store, self._store_given)

    def received(self, channel: str, raw: RawEvent) -> Inbound:
        """Take an inbound HTTP call in; returns the answer to give at once. Raises NotFound, EventRejected.

        Whatever fails in verification is a refusal.
        """
        adapter = self._channels.get(channel)
        if adapter is None:
            raise NotFound(f"there is no channel '{channel}'")
        try:
            inbound = adapter.receive(raw)
        except EventRejected:
            raise
        except Exception:  # its words, and what it came from, may hold secrets
            raise EventRejected(f"channel '{channel}' could not verify this event") from None
        replies = self.accept(channel, inbound.responses)
        for tally in inbound.tallies:
            self.tallies.accept(tally)
        word = next((reply.reason for reply in replies if reply.standing != RECEIVED), "")
        return replace(inbound, private_word=word) if word and not inbound.private_word else inbound

    def accept(self, channel: str, responses: Sequence[Response]) -> list[Reply]:
        """Store verified responses that came by ``channel``, all in one transaction; one reply for each.

        Calls of several threads that queue up share a commit.
        """
        if not responses:
            return []
        replies = self._commit((channel, responses))
        crash_point("accept.after-commit")
        return replies

    def standing(self, seq: int) -> Reply:
        """What has become of a response since. Raises NotFound."""
        with self._store.read() as conn:
            row = _BY_SEQ.rows(conn, of_seq=seq).first()
        if row is None:
            raise NotFound(f"there is no event {seq}")
        return _standing(row)

    def _store_given(self, conn: Connection, given: tuple[str, Sequence[Response]]) -> list[Reply]:
        return self.store(conn, *given)

    def store(self, conn: Connection, channel: str, responses: Sequence[Response]) -> list[Reply]:
        """As ``accept``, within the caller's transaction."""
        known = self._attach(conn, channel, responses)
        pairs = zip(responses, known, strict=True)
        replies = [self._accept(conn, channel, each, about) for each, about in pairs]
        crash_point("accept.before-commit")
        return replies

    def _attach(self, conn: Connection, channel: str, responses: Sequence[Response]) -> list[Row[Any] | None]:
        """The request that each response is about; the tally of each is scheduled.

        Before the events are stored: who holds the work row stores alone, so the order of the numbers is the
        order of the commits, and no tally can overlook an earlier number.
        """
        cache: dict[tuple[str, ...], Row[Any] | None] = {}
        answered = {_clean(given.in_reply_to, NAME) for given in responses if not given.request}
        locks.hold_posts(conn, channel, answered)  # who records one of them sees what waits, or is seen here
        for given in responses:
            about = _about(given)
            if about not in cache:
                cache[about] = _request(conn, channel, given)
            cache.setdefault(("", "", given.event_id), cache[about])  # for who deletes it in the same breath
        now = self._clock.now()
        for request_id in sorted({row.id for row in cache.values() if row is not None}):
            self._work.schedule(conn, "tally", request_id, now)
        return [None if given.code else cache[_about(given)] for given in responses]

    def _accept(self, conn: Connection, channel: str, given: Response, row: Row[Any] | None) -> Reply:
        values = _cleaned(channel, given)
        values |= {"request": row.id if row else None, "received_at": self._clock.now()}
        values["awaits"] = None if row or given.request else _clean(given.in_reply_to, NAME) or None
        unread = ""
        if values["in_words"] and row is not None:
            said = understood(conn, row.id, values["comment"])
            values |= {"choices": [*said.choices], "comment": said.comment, "in_words": False}
            unread = said.problem
        seq = insert_returning(conn, event, event.c.seq, **values)
        if given.code:
            return self._heard(conn, channel, values["account"], given.code, seq)
        if seq is None:
            return _standing(_BY_EVENT.rows(conn, by=channel, of_event=values["event_id"]).one())
        if row is None:
            reply = _of_nothing_known(values["awaits"], seq)
            if given.withdraws:
                reply = Reply(standing=WAITING, reason=UNKNOWN_ANSWER, seq=seq)
            facts = {"channel": channel, "seq": seq}
            audit.record(conn, self._clock.now(), f"event.{reply.standing}", None, None, **facts)
            return reply
        late = _late(row, values["received_at"], values["platform_at"])
        if late:
            return Reply(standing=Standing.LATE, reason=late, seq=seq)
        if unread:
            return Reply(standing=Standing.SPOILED, reason=unread, seq=seq)
        return Reply(standing=RECEIVED, reason=CUT if len(given.comment) > COMMENT else "", seq=seq)

    def _heard(self, conn: Connection, channel: str, account: str, code: str, seq: int | None) -> Reply:
        """A code that links accounts, said by ``account``; a repeat (without a number) says nothing new."""
        if seq is None:
            return Reply(standing=LINKING, reason=HEARD)
        said = self._accounts.hear(conn, channel, account, code[:NAME])
        return Reply(standing=LINKING, reason=said.reason, seq=seq)


def _late(row: Row[Any], received_at: datetime, platform_at: datetime | None) -> str:
    """Why an answer to this request cannot count whatever the tally will find; '' if it may."""
    if row.state == "CANCELLED":
        return "the request was cancelled"
    if row.state in ("CLOSED", "RESUMED"):
        return f"the request had closed; {(row.outcome or {}).get('explanation', '')}"
    over = row.ends_at is not None and received_at >= row.ends_at
    return "received after the end" if over and platform_at is None else ""


def _about(given: Response) -> tuple[str, str, str]:
    """By what a response says which request it is about; a deletion may name the answer alone."""
    return given.request, given.in_reply_to, "" if given.request or given.in_reply_to else given.withdraws


def _of_nothing_known(awaits: str | None, seq: int) -> Reply:
    if awaits is None:
        return Reply(standing=REFUSED, reason=UNKNOWN_REQUEST, seq=seq)
    return Reply(standing=WAITING, reason=UNKNOWN_POST, seq=seq)


def _standing(row: Row[Any]) -> Reply:
    """The reply for an event that is stored already."""
    if row.request is None:
        return _of_nothing_known(row.awaits, row.seq)
    if row.standing is not None:
        return Reply(standing=row.standing, reason=row.reason, seq=row.seq)
    late = _late(row, row.received_at, row.platform_at)
    return Reply(standing=Standing.LATE if late else RECEIVED, reason=late, seq=row.seq)


def _request(conn: Connection, channel: str, given: Response) -> Row[Any] | None:
    if given.request:
        return _BY_ID.rows(conn, of_id=_clean(given.request, NAME)).first()
    answered = _clean(given.in_reply_to, NAME)
    if not answered and given.withdraws:
        return _BY_ANSWER.rows(conn, by=channel, of_event=_name(given.withdraws)).first()
    if not answered:  # as is the id of a post that does not stand yet
        return None
    return _BY_POST.rows(conn, by=channel, of_remote=answered).first()


def _cleaned(channel: str, given: Response) -> dict[str, Any]:
    """A response as it is stored: of bounded size, without control characters."""
    said = given.words or given.comment
    return {
        "channel": channel,
        "event_id": _name(given.event_id),
        "account": _name(given.account),
        "choices": [_clean(choice, NAME) for choice in given.choices[:CHOICES]],
        "comment": _clean(said, COMMENT) if said.strip() else "",
        "version": min(max(given.version, -1), 2**31 - 1),
        "platform_at": given.at,
        "delegate": _clean(given.delegate, NAME) or None,
        "withdraws": _name(given.withdraws) if given.withdraws else None,
        "in_words": bool(given.words),
    }


def _clean(text: str, length: int) -> str:
    return _CONTROL.sub("", text[: 2 * length])[:length]


def _name(given: str) -> str:
    """The channel's id as it is; for one that cannot be stored, its hash: it never becomes another's."""
    if given == _clean(given, NAME):
        return given
    return "sha256:" + hashlib.sha256(given.encode("utf-8", "surrogatepass")).hexdigest()


_ABOUT = [request.c.id, request.c.state, request.c.outcome, request.c.ends_at]
_BY_ID = Prepared(select(*_ABOUT).where(request.c.id == bindparam("of_id")))
_BY_POST = Prepared(
    select(*_ABOUT)
    .join_from(delivery, request, request.c.id == delivery.c.request)
    .where(delivery.c.channel == bindparam("by"), delivery.c.remote_id == bindparam("of_remote"))
    .order_by(delivery.c.sent_at.desc())
    .limit(1)
)
_BY_ANSWER = Prepared(
    select(*_ABOUT)
    .join_from(event, request, request.c.id == event.c.request)
    .where(event.c.channel == bindparam("by"), event.c.event_id == bindparam("of_event"))
)
_EVENT = [event.c.seq, event.c.request, event.c.awaits, event.c.received_at, event.c.platform_at]
_STORED: Select[Any] = (
    select(*_EVENT, *_ABOUT[1:], response.c.standing, response.c.reason)
    .join_from(event, response, response.c.seq == event.c.seq, isouter=True)
    .join(request, request.c.id == event.c.request, isouter=True)
)
_BY_SEQ = Prepared(_STORED.where(event.c.seq == bindparam("of_seq")))
_BY_EVENT = Prepared(
    _STORED.where(event.c.channel == bindparam("by"), event.c.event_id == bindparam("of_event"))
)
