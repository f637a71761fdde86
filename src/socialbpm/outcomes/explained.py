"""How one request was decided, for people who want to follow it and for those who check it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import Connection, Row, bindparam, select

from socialbpm import tasks
from socialbpm.errors import NotFound
from socialbpm.outbox import drafts
from socialbpm.outbox.deliveries import Purpose, State
from socialbpm.outcomes import approving, closings, secrecy, sentences
from socialbpm.outcomes.recounting import Recount, recount
from socialbpm.policies import Count, Rule
from socialbpm.posts import plain
from socialbpm.responses import Standing
from socialbpm.store import flush
from socialbpm.store.tables import audit, delivery, event, request, response
from socialbpm.tasks import SocialTask

LIVE = ("OPEN", "CLOSING")
NOT_YET = "How it stands is hidden until it has ended, from everybody."


@dataclass(frozen=True, slots=True, kw_only=True)
class Voice:
    """Whose answer counts, and what it is; ``delegate`` is the person to whom they handed their ballot."""

    person: str
    choices: tuple[str, ...]
    delegate: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Explained:
    """How a request was decided.

    ``told`` is (heading, sentence), in the order in which it is to be read. ``standings`` sum to
    ``received``. ``counts`` are people and ``weights`` exact weights per choice, ``people`` those who
    answered, as far as secrecy allows. ``problems`` is what an independent recount disagrees with; none: all
    of it holds.
    """

    request: str
    state: str
    outcome: str
    told: tuple[tuple[str, str], ...]
    received: int = 0
    standings: Mapping[str, int] = field(default_factory=dict)
    counts: Mapping[str, int] = field(default_factory=dict)
    weights: Mapping[str, str] = field(default_factory=dict)
    people: tuple[Voice, ...] = ()
    problems: tuple[str, ...] = ()

    @property
    def holds(self) -> bool:
        """Whether the recount agrees."""
        return not self.problems


def explained(conn: Connection, request_id: str) -> Explained:
    """Read and recount a request. Raises NotFound."""
    flush(conn)
    row = conn.execute(_REQUEST, {"of_id": request_id}).first()
    if row is None:
        raise NotFound(f"there is no request '{request_id}'; `socialbpm requests` shows them")
    task, checked = tasks.load(row.task), recount(conn, request_id)
    hidden = row.state in LIVE and row.task.get("secrecy") in (secrecy.HIDDEN, secrecy.PSEUDONYMOUS)
    rule = _rule(task)
    known = None if hidden or rule is None else Count.load(row.counted)
    people = _voices(conn, row, task) if known else ()
    return Explained(
        request=row.id,
        state=row.state,
        outcome=(row.outcome or {}).get("outcome", ""),
        told=tuple(_told(conn, row, task, rule, known, checked, people)),
        received=checked.received if known else 0,
        standings=checked.standings if known else {},
        counts=known.heads if known else {},
        weights={key: str(weight) for key, weight in known.totals.items()} if known else {},
        people=people,
        problems=() if hidden else checked.problems,
    )


def _rule(task: SocialTask) -> Rule | None:
    if isinstance(task, tasks.Asking):
        return Rule.of(task)
    return approving.rule(task) if approving.needs(task) else None


def _told(
    conn: Connection,
    row: Row[Any],
    task: SocialTask,
    rule: Rule | None,
    count: Count | None,
    checked: Recount,
    people: Sequence[Voice],
) -> Iterator[tuple[str, str]]:
    yield from (("asked", each) for each in _asked(conn, row, task))
    if rule is not None:
        yield from (("rule", each) for each in sentences.of_rule(rule))
    if rule is not None and count is not None:
        yield from (("roll", each) for each in sentences.of_roll(rule, count))
        stands = sentences.of_standings(checked.standings, checked.received, checked.pending)
        yield from (("answers", each) for each in stands)
        yield from (("count", each) for each in sentences.of_count(rule, count))
    elif rule is not None:
        yield "count", NOT_YET
    yield from (("who", each) for each in _who(people, task))
    yield from (("care", each) for each in _care(conn, row))
    yield from (("end", each) for each in _end(row))
    if count is not None:
        yield from (("recount", each) for each in _checked(checked))


def _asked(conn: Connection, row: Row[Any], task: SocialTask) -> Iterator[str]:
    yield f"“{plain(drafts.wording(task, '')).strip()}”, opened on {closings.written(row.opened_at)}."
    if row.version > 1:
        yield f"It was revised; version {row.version} is what counts, answers about older ones are spoiled."
    for post in conn.execute(_POSTS, {"of_request": row.id}):
        yield f"It stood on {post.channel}, in {post.room}, from {closings.written(post.sent_at)} on."
    if row.deadline:
        yield f"Answers were taken until {closings.written(row.deadline)}."


def _who(people: Sequence[Voice], task: SocialTask) -> Iterator[str]:
    if secrecy.is_pseudonymous(task):
        yield "Who answered what is told to nobody: it is pseudonymous."
    for each in people:
        handed = f"handed their ballot to {each.delegate}"
        yield f"{each.person}: {handed if each.delegate else ' > '.join(each.choices)}."


def _care(conn: Connection, row: Row[Any]) -> Iterator[str]:
    """Reminders, escalation and revisions, as the audit tells them."""
    for entry in conn.execute(_AUDIT, {"of_run": row.run, "of_request": row.id, "kinds": tuple(_CARE)}):
        yield f"{closings.written(entry.at)}: {_CARE[entry.kind].format_map(_Facts(entry.facts))}."


class _Facts(dict[str, Any]):
    """Facts of an entry; what an older one does not tell is left open."""

    def __missing__(self, key: str) -> str:
        return "?"


_CARE = {
    "request.reminded": "{people} who had not answered were reminded",
    "request.escalated": "put to {community}, too",
    "request.revised": "version {version} was shown",
    "request.approved": "approved for publication",
}


def _end(row: Row[Any]) -> Iterator[str]:
    if row.state in LIVE:
        yield "It is still open."
        return
    at = closings.written(row.closed_at)
    if row.state == "CANCELLED":
        yield f"It was cancelled on {at}; nothing was decided."
    else:
        early = row.deadline is not None and row.closed_at < row.deadline
        yield f"It ended on {at}{', before its deadline' if early else ''}."
    if row.outcome and row.outcome["explanation"]:
        yield f"{row.outcome['explanation']}."
    if row.error:
        yield f"It ended as the error {row.error}."


def _checked(checked: Recount) -> Iterator[str]:
    if not checked.problems:
        yield "Counted again from the audit and from every answer that was received, it comes to the same."
    for problem in checked.problems:
        yield f"DOES NOT HOLD: {problem}."


def _voices(conn: Connection, row: Row[Any], task: SocialTask) -> tuple[Voice, ...]:
    """Those whose answers count; nobody where it is pseudonymous, open or ended."""
    if secrecy.is_pseudonymous(task):
        return ()
    rows = conn.execute(_VOICES, {"of_request": row.id}).all()
    return tuple(
        Voice(person=each.person, choices=tuple(each.choices), delegate=each.delegate or "") for each in rows
    )


_REQUEST = select(request).where(request.c.id == bindparam("of_id"))
_POSTS = (
    select(delivery.c.channel, delivery.c.room, delivery.c.sent_at)
    .where(
        delivery.c.request == bindparam("of_request"),
        delivery.c.purpose.in_((Purpose.OPEN, Purpose.ESCALATE)),
        delivery.c.state == State.SENT,
    )
    .order_by(delivery.c.sent_at, delivery.c.channel, delivery.c.room)
)
_AUDIT = (
    select(audit.c.at, audit.c.kind, audit.c.facts)
    .where(
        audit.c.run == bindparam("of_run"),
        audit.c.request == bindparam("of_request"),
        audit.c.kind.in_(bindparam("kinds", expanding=True)),
    )
    .order_by(audit.c.seq)
)
_VOICES = (
    select(response.c.person, event.c.choices, event.c.delegate)
    .join_from(response, event, event.c.seq == response.c.seq)
    .where(response.c.request == bindparam("of_request"), response.c.standing == Standing.ACCEPTED)
    .order_by(response.c.seq)
)
