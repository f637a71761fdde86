"""What a request itself holds of texts: its evaluated task, and the sentence that says how it ended."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from sqlalchemy import Connection, Row, select, update

from socialbpm.erasure.answers import voices_naming
from socialbpm.erasure.identity import Identity
from socialbpm.erasure.words import Words
from socialbpm.outcomes import secrecy
from socialbpm.store.tables import request, voter

ONE = ("author", "castingVote")
SEVERAL = ("reviewers", "voters", "approvers")
"""The fields of a task that name persons."""


def is_needed(asked: Row[Any], words: Words) -> bool:
    """Whether the request says anything of the person."""
    return bool(_task(asked.task, words) != asked.task or _outcome(asked.outcome, words) != asked.outcome)


def clean(conn: Connection, request_id: str, words: Words) -> None:
    """Take the words out of one request, in the caller's transaction, who holds its run."""
    row = conn.execute(_TEXTS.where(request.c.id == request_id)).one()
    values = {"task": _task(row.task, words), "outcome": _outcome(row.outcome, words)}
    conn.execute(update(request).where(request.c.id == request_id).values(values))


def unreached(conn: Connection, who: Identity) -> Iterator[str]:
    """What nobody can tell to be theirs, and what is others' to say."""
    on_roll = select(voter.c.request).where(voter.c.person == who.token)
    rows = conn.execute(_SECRET.where(request.c.id.in_(on_roll), request.c.poll_key.is_(None))).all()
    sealed = sum(row.task.get("secrecy") == secrecy.PSEUDONYMOUS for row in rows)
    if sealed:
        yield (
            f"{sealed} pseudonymous questions that had ended: nobody can tell which answers and reasons were "
            "theirs"
        )
    if voices := voices_naming(conn, who):
        yield f"words of others that name them, in the answers {', '.join(map(str, voices))}"


def _task(task: Mapping[str, Any], words: Words) -> dict[str, Any]:
    """Who may answer, and what came from process data into the texts."""
    told = {name: _spans(value, words) for name, value in task.items()}
    for name in ONE:
        if name in told:
            told[name] = words.name(told[name])
    for name in SEVERAL:
        if name in told:
            told[name] = [words.name(each) for each in told[name]]
    return told


def _spans(value: Any, words: Words) -> Any:
    if isinstance(value, list):
        return [_spans(each, words) for each in value]
    if not isinstance(value, dict):
        return value
    if value.keys() == {"text", "authored"}:
        return value if value["authored"] else value | {"text": words.data(value["text"])}
    if value.keys() == {"src", "alt"}:
        return value | {"alt": words.data(value["alt"])}
    return {name: _spans(each, words) for name, each in value.items()}


def _outcome(outcome: Mapping[str, Any] | None, words: Words) -> dict[str, Any] | None:
    """Its explanation names who had the casting vote; why a run was cancelled, anybody may have written."""
    return {**outcome, "explanation": words.data(outcome["explanation"])} if outcome else None


_TEXTS = select(request.c.task, request.c.outcome)
_SECRET = select(request.c.task)
