"""Answers that came before the receipt of the post that they answer: kept until that post is known.

A platform may tell of an answer before we have written down which post it is about, because the worker was
killed in between or because its webhook was faster. Such an answer counts as received when it was received.
"""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import Connection, bindparam, case, update

from socialbpm.engines.work import Work
from socialbpm.inbox.wording import understood
from socialbpm.store import audit, locks
from socialbpm.store.prepared import Prepared
from socialbpm.store.tables import event, request


def attach(
    conn: Connection, work: Work, channel: str, remote_id: str, request_id: str, run: str, now: datetime
) -> None:
    """The post ``remote_id`` of ``channel`` is now known as one of this request: what waited for it, counts.

    In the transaction that records the post. One look into an index if nothing waits.
    """
    locks.hold_posts(conn, channel, [remote_id])
    post = {"by": channel, "of_remote": remote_id}
    attached = _ATTACH.rows(conn, **post, of_request=request_id).all()
    waited = sorted(row.seq for row in attached)
    if not waited:
        return
    for row in attached:
        if row.in_words:
            said = understood(conn, request_id, row.comment)
            _READ.change(conn, of_seq=row.seq, choices=[*said.choices], comment=said.comment)
    _LOOK_BACK.change(conn, of_id=request_id, before=waited[0] - 1)
    known = {"kind": "event.attached", "run": run, "request": request_id}
    audit.record_all(conn, now, [{**known, "facts": {"channel": channel, "seq": seq}} for seq in waited])
    work.schedule(conn, "tally", request_id, now)


_ATTACH = Prepared(
    update(event)
    .where(event.c.awaits == bindparam("of_remote"), event.c.channel == bindparam("by"))
    .values(request=bindparam("of_request"), awaits=None)
    .returning(event.c.seq, event.c.in_words, event.c.comment)
)
_READ = Prepared(
    update(event)
    .where(event.c.seq == bindparam("of_seq"))
    .values(choices=bindparam("choices"), comment=bindparam("comment"), in_words=False)
)
_SEEN = request.c.ballots_seen
_LOOK_BACK = Prepared(
    update(request)
    .where(request.c.id == bindparam("of_id"))
    .values(ballots_seen=case((bindparam("before") < _SEEN, bindparam("before")), else_=_SEEN))
)
