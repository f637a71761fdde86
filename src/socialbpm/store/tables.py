"""The schema: one declaration for SQLite and PostgreSQL. Each table is written by the room named beside it.

Times are microseconds since the epoch in the database and aware UTC datetimes in Python. Ids are text.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

from sqlalchemy import (
    JSON,
    BigInteger,
    Boolean,
    Column,
    Dialect,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    String,
    Table,
    Text,
    UniqueConstraint,
    text,
)
from sqlalchemy.types import TypeDecorator

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
MICROSECOND = timedelta(microseconds=1)


class Instant(TypeDecorator[datetime]):
    """A point in time: exact, ordered, the same on both databases. A naive datetime is refused."""

    impl = BigInteger
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> int | None:
        """Microseconds since the epoch."""
        return None if value is None else (value - EPOCH) // MICROSECOND

    def process_result_value(self, value: Any | None, dialect: Dialect) -> datetime | None:
        """An aware datetime in UTC."""
        return None if value is None else EPOCH + value * MICROSECOND


def _index_where_set(name: str, *columns: str) -> Index:
    """An index of the rows that have a value in the first column: small, and its NULLs do not mislead the
    planner.
    """
    where = text(f"{columns[0]} IS NOT NULL")
    return Index(name, *columns, sqlite_where=where, postgresql_where=where)


metadata = MetaData()
Serial = BigInteger().with_variant(Integer, "sqlite")  # only INTEGER PRIMARY KEY counts up on SQLite

# spiff: a deployed process; id is the hash of its whole closure (called processes, DMN, media of the package)
process = Table(
    "social_process",
    metadata,
    Column("id", String(64), primary_key=True),
    Column("seq", Integer, nullable=False, unique=True),  # order of deployment: `start` takes the newest
    Column("bpmn_id", String, nullable=False, index=True),  # the BPMN process id
    Column("name", String, nullable=False),
    Column("sources", LargeBinary, nullable=False),  # zip: file name -> bytes
    Column("spec", String(64), ForeignKey("social_spec.id"), nullable=False),
    Column("deployed_at", Instant, nullable=False),
)

# spiff: specifications as the serializer wrote them, once per content hash
spec = Table(
    "social_spec",
    metadata,
    Column("id", String(64), primary_key=True),
    Column("body", LargeBinary, nullable=False),
)

# spiff: an instance; status running | waiting | finished | parked | cancelled
run = Table(
    "social_run",
    metadata,
    Column("id", String(36), primary_key=True),
    Column("process", String(64), ForeignKey("social_process.id")),  # NULL: the host keeps the state
    Column("status", String(12), nullable=False),
    Column("version", Integer, nullable=False),
    Column("state", LargeBinary),  # NULL: the host keeps the state
    Column("reason", Text, nullable=False, default=""),  # why it is parked
    Column("started_at", Instant, nullable=False),
    Column("changed_at", Instant, nullable=False),
    Index("social_run_by_status", "status", "changed_at"),
)

# requests (opens, revises), outcomes (closes): one durable run of a task
# state OPEN | CLOSING | CLOSED | RESUMED | CANCELLED
request = Table(
    "social_request",
    metadata,
    Column("id", String(36), primary_key=True),  # the key: uuid5 of run, address, occurrence
    Column("run", String(36), ForeignKey("social_run.id"), nullable=False),
    Column("element", String, nullable=False),  # BPMN id
    Column("name", String, nullable=False),  # what people call the step
    Column("kind", String(24), nullable=False),  # requestReview ...
    Column("address", Text, nullable=False),
    Column("task", JSON, nullable=False),  # the evaluated task, as tasks.py dumps it
    Column("state", String(10), nullable=False),
    Column("version", Integer, nullable=False, default=1),  # counts up at each revise
    Column("round", Integer, nullable=False),  # counts the requests of this element in this run
    Column("opened_at", Instant, nullable=False),
    Column("stands_at", Instant),  # when the required posts stood: the clock of its deadline starts here
    Column("ends_at", Instant),  # the earlier of its deadline and an interrupting boundary timer
    Column("deadline", Instant),  # its own deadline; NULL: none, or its clock has not started
    Column("counted", JSON, nullable=False),  # the running count: counts.Count
    Column("standings", JSON, nullable=False),  # how many responses got which standing
    Column("outcome", JSON),  # responses.Outcome, once CLOSED
    Column("error", String, nullable=False, default=""),  # BPMN error code, when it could not be carried out
    Column("closed_at", Instant),
    Column("ballots_seen", Integer, nullable=False, default=0),  # last social_response.seq applied
    Column("voided", Integer, nullable=False, default=0),  # last social_response.seq about an older version
    Column("tallies", JSON),  # votes per choice that platforms' own polls counted; NULL: none did
    Column("poll_key", LargeBinary),  # while a pseudonymous one is open: makes the tokens, then destroyed
    Index("social_request_live", "run", "state"),
    Index("social_request_of_element", "run", "element", "round"),
    Index("social_request_by_state", "state", "opened_at"),
)

# requests: the snapshot of the roll, taken when a request opens
voter = Table(
    "social_voter",
    metadata,
    Column("request", String(36), ForeignKey("social_request.id"), primary_key=True),
    Column("person", String, primary_key=True),
    Column("weight", String, nullable=False, default="1"),  # exact fraction, above 0
    Column("groups", JSON, nullable=False),  # their names, in order
)

# requests: which account answers for which person, frozen with the roll
voter_account = Table(
    "social_voter_account",
    metadata,
    Column("request", String(36), primary_key=True),
    Column("channel", String, primary_key=True),
    Column("account", String, primary_key=True),
    Column("person", String, nullable=False),
)

# outbox: one remote write. state PREPARING | DUE | SENDING | SENT | REJECTED | UNKNOWN | PARKED | SKIPPED
delivery = Table(
    "social_delivery",
    metadata,
    Column("id", String(36), primary_key=True),  # uuid5 of request, destination, action, sequence
    Column("request", String(36), ForeignKey("social_request.id"), nullable=False),
    Column("channel", String, nullable=False),
    Column("room", String, nullable=False),
    Column(
        "purpose", String(8), nullable=False
    ),  # open | given_up | revise | close | approve | escalate | remind: which step of the request it serves
    Column("action", String(8), nullable=False),  # create | edit | delete
    Column("seq", Integer, nullable=False),  # order of the writes to one post; the newest edit wins
    Column("creates", String(36)),  # the create that an edit or delete belongs to
    Column("parent", String(36)),  # the create that this create answers (its thread); sent before it
    Column("person", String),  # whom a private post is for
    Column("post", JSON, nullable=False),  # frozen posts.Post; while PREPARING its media are sources
    Column("state", String(10), nullable=False),
    Column("due", Instant, nullable=False),  # not before
    Column("slot", Instant),  # the place reserved within the account's rate limit
    Column("attempts", Integer, nullable=False, default=0),
    Column("remote_id", String, nullable=False, default=""),
    Column("url", String, nullable=False, default=""),
    Column("error", Text, nullable=False, default=""),
    Column("sent_at", Instant),
    Index("social_delivery_of_request", "request"),
    Index("social_delivery_remote", "channel", "remote_id"),
    _index_where_set("social_delivery_writes", "creates"),
    _index_where_set("social_delivery_answers", "parent"),
    Index("social_delivery_stuck", "channel", "state"),
)

# requests: reminders and escalation of those requests that have any
care = Table(
    "social_care",
    metadata,
    Column("request", String(36), ForeignKey("social_request.id"), primary_key=True),
    Column("since", Instant, nullable=False),  # when its intervals began: the posts stood, or were revised
    Column("passed", Integer, nullable=False, default=0),  # so many intervals have been dealt with since then
    Column("window", Integer, nullable=False, default=0),  # so often people were reminded, versions included
    Column("after", String),  # the last person of this window so far; NULL: nobody is left in it
    Column("until", Instant),  # when this window ends: what has not been sent by then gives way to the next
    Column("escalated_at", Instant),
)

# media: content-addressed bodies; a variant is what a channel's limits made of an original
media = Table(
    "social_media",
    metadata,
    Column("id", String(64), primary_key=True),  # sha256 of the bytes
    Column("type", String(40), nullable=False),
    Column("body", LargeBinary, nullable=False),
    Column("stored_at", Instant, nullable=False),
)
media_variant = Table(
    "social_media_variant",
    metadata,
    Column("original", String(64), ForeignKey("social_media.id"), primary_key=True),
    Column("limits", String(64), primary_key=True),  # hash of the MediaLimits it was made for
    Column("media", String(64), ForeignKey("social_media.id"), nullable=False),
)

# inbox: how far each account that is collected has been read
reading = Table(
    "social_reading",
    metadata,
    Column("channel", String, primary_key=True),
    Column("cursor", Text, nullable=False),
    Column("read_at", Instant, nullable=False),  # all is read that was there then
)

# inbox: events as accepted, once per channel and event id
event = Table(
    "social_event",
    metadata,
    Column("seq", Serial, primary_key=True, autoincrement=True),
    Column("channel", String, nullable=False),
    Column("event_id", String, nullable=False),
    Column("request", String(36)),  # NULL: it could not be attached
    Column("awaits", String),  # the remote id that it answers, while no post here is known by that
    Column("account", String, nullable=False),
    Column("choices", JSON, nullable=False),
    Column("comment", Text, nullable=False, default=""),
    Column("version", Integer, nullable=False, default=0),
    Column("received_at", Instant, nullable=False),
    Column("platform_at", Instant),
    Column("delegate", String),  # the person to whom this one hands their ballot
    Column("withdraws", String),  # the event id of an answer that was deleted on the platform
    Column("in_words", Boolean, nullable=False, default=False),  # the comment is the answer, yet to be read
    UniqueConstraint("channel", "event_id"),
    Index("social_event_of_request", "request", "seq"),
    _index_where_set("social_event_waiting", "awaits"),
    _index_where_set("social_event_delegates", "delegate", "request"),
    _index_where_set("social_event_deletes", "withdraws", "channel"),
)

# inbox: what a platform's own poll, which names nobody, has counted: the newest of each post
tally = Table(
    "social_tally",
    metadata,
    Column("channel", String, primary_key=True),
    Column("post", String, primary_key=True),  # remote id
    Column("request", String(36), nullable=False),
    Column("counts", JSON, nullable=False),
    Column("received_at", Instant, nullable=False),
    Index("social_tally_of_request", "request"),
)

# outcomes: what became of each event; at most one row per person and request stands as 'accepted'
response = Table(
    "social_response",
    metadata,
    Column("seq", BigInteger, ForeignKey("social_event.seq"), primary_key=True, autoincrement=False),
    Column("request", String(36), nullable=False),
    Column("person", String, nullable=False),  # channel:account when the account belongs to nobody
    Column("standing", String(12), nullable=False),
    Column("reason", String, nullable=False, default=""),
    Column("stands", Integer, nullable=False),  # 1: the person's answer now, accepted or advisory
    Index("social_response_of_person", "request", "person", "stands"),
)

# accounts: whose an account is, where no roll says it
account = Table(
    "social_account",
    metadata,
    Column("channel", String, primary_key=True),
    Column("account", String, primary_key=True),  # the platform's stable id
    Column("person", String, nullable=False, index=True),
    Column("linked_at", Instant, nullable=False),
)

# accounts: codes that link an account; only their hashes
link_code = Table(
    "social_link_code",
    metadata,
    Column("digest", String(64), primary_key=True),  # of the code that the person asked for
    Column("person", String, nullable=False),
    Column("channel", String, nullable=False, default=""),  # the account that has said it; '' before
    Column("account", String, nullable=False, default=""),
    Column(
        "confirms", String(64), index=True
    ),  # of the code that this account got, to be said where it began
    Column("expires_at", Instant, nullable=False, index=True),
)

# accounts: how often somebody has asked or guessed within an hour
attempt = Table(
    "social_attempt",
    metadata,
    Column("subject", String, primary_key=True),
    Column("since", Instant, nullable=False),
    Column("number", Integer, nullable=False),
)

# erasure: who has been forgotten. What names them, or holds their words, is gone once it is finished
erasure = Table(
    "social_erasure",
    metadata,
    Column("token", String(32), primary_key=True),  # what stands for the person ever after
    Column("digest", String(64), nullable=False, unique=True),  # of the person, keyed: knows them again
    Column("known", JSON),  # what is looked for; NULL once finished
    Column("report", JSON, nullable=False),
    Column("begun_at", Instant, nullable=False),
    Column("finished_at", Instant),
)

# engines.work: a due piece of work; a row lives until it is done. next is the only time anybody looks at
work = Table(
    "social_work",
    metadata,
    Column("id", String(80), primary_key=True),  # kind:ref, so that one thing is due once
    Column("kind", String(12), nullable=False),
    Column("ref", String(64), nullable=False),
    Column("next", Instant),  # when to look at it: due time, or end of the lease; NULL: parked
    Column("attempts", Integer, nullable=False, default=0),
    Column("token", String(36)),  # who holds the lease
    Column("again", Instant),  # asked for while somebody held the lease
    Column("error", Text, nullable=False, default=""),
    _index_where_set("social_work_due", "next"),
)

# outbox: rate limit of a channel account, reserved in one atomic update (GCRA)
account_rate = Table(
    "social_account_rate",
    metadata,
    Column("channel", String, primary_key=True),
    Column("tat", Instant, nullable=False),  # theoretical arrival time
    Column("interval", BigInteger, nullable=False),  # microseconds between two writes
    Column("paused", Text, nullable=False, default=""),  # why the account is paused; '' when it is not
)

# store.audit: append-only, what happened; ids, never texts. The live feed reads it
audit = Table(
    "social_audit",
    metadata,
    Column("seq", Serial, primary_key=True, autoincrement=True),
    Column("at", Instant, nullable=False),
    Column("kind", String(32), nullable=False),  # run.started, request.opened, ...
    Column("run", String(36)),
    Column("request", String(36)),
    Column("facts", JSON, nullable=False),
    Index("social_audit_of_run", "run", "seq"),
)

# channels.local: the local channel's own posts
local_post = Table(
    "social_local_post",
    metadata,
    Column("key", String(36), primary_key=True),
    Column("channel", String, nullable=False),
    Column("room", String, nullable=False),
    Column("request", String(36)),
    Column("post", JSON, nullable=False),
    Column("posted_at", Instant, nullable=False),
    Column("edited_at", Instant),
    Column("deleted", Integer, nullable=False, default=0),
    Index("social_local_post_room", "channel", "room", "posted_at"),
)
