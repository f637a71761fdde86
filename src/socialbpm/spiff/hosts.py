"""For hosts that run SpiffWorkflow themselves and keep its state in tables of their own.

The order makes it safe: the host saves its workflow first (the keys of its requests are inside), then
``sync`` opens what is new and cancels what is gone, and may be repeated. ``closed`` tells the outcomes; the
host applies them, saves again, and acknowledges with ``ack``. A crash between any two of these is mended by
doing the next one again. Or the host passes the connection of its own transaction to each of them and has all
of it at once.

::

    workflow = SocialWorkflow(spec, subprocesses, run_id="order-7")
    workflow.do_engine_steps()
    save(serializer().serialize_json(workflow))
    social.sync("order-7", workflow)
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, nullcontext
from dataclasses import replace
from typing import TYPE_CHECKING, Any
from uuid import UUID, uuid5

from sqlalchemy import Connection, bindparam, select, update

from socialbpm.errors import StateError
from socialbpm.outcomes import LIVE
from socialbpm.requests import Closed, Opening
from socialbpm.spiff.burst import apply as apply_outcome
from socialbpm.spiff.burst import live, opening_of
from socialbpm.spiff.parser import SocialParser
from socialbpm.spiff.serializer import serializer
from socialbpm.spiff.timers import FOREVER
from socialbpm.spiff.workflow import NEVER, SocialWorkflow
from socialbpm.store import insert_once, locks
from socialbpm.store.tables import request, run

if TYPE_CHECKING:
    from socialbpm.social import Rooms

__all__ = ["SocialParser", "SocialWorkflow", "ack", "apply", "closed", "serializer", "sync"]

RUNS = UUID("6f0b7b0e-2f0c-4a35-9d0e-0a4b7b1f5d3c")  # namespace of the ids of hosts' runs


def sync(rooms: Rooms, ref: str, workflow: SocialWorkflow, *, conn: Connection | None = None) -> None:
    """Open the requests of the social tasks that ``workflow`` waits for, cancel those it waits for no longer.

    ``ref`` is the host's name for this run. The workflow must have been saved. Repeatable. Raises TaskFailed
    for a task that cannot be carried out, and then (without ``conn``) nothing has been written.
    """
    waiting = live(workflow)
    with _writing(rooms, conn) as writing:
        run_id = _ensure(rooms, writing, ref)
        known = _states(writing, run_id)
        new = [opening_of(workflow, key, task) for key, task in waiting.items() if key not in known]
        for key in sorted(known.keys() - waiting.keys()):
            _let_go(rooms, writing, key, known[key])
        for opening in new:
            _open(rooms, writing, replace(opening, run=run_id))
        if workflow.is_completed():
            writing.execute(_FINISH, {"run_id": run_id, "now": rooms.clock.now()})


def closed(rooms: Rooms, ref: str, *, conn: Connection | None = None) -> Mapping[str, Closed]:
    """The outcomes that wait to be applied to the run ``ref``.

    Key -> outcome, in the order in which they fell. What came in before the end of a request is counted
    first, so that a timer of the host does not overtake an answer that was in time.
    """
    run_id = run_of(ref)
    with rooms.store.read() if conn is None else nullcontext(conn) as reading:
        given = {"of_run": run_id, "states": LIVE, "now": rooms.clock.now()}
        overdue = reading.execute(_OVERDUE, given).scalars().all()
        if not overdue:
            return _closed(rooms, reading, run_id)
    with _writing(rooms, conn) as writing:
        locks.hold(writing, run_id)
        for key in sorted(overdue):
            rooms.outcomes.tally(writing, key)
        return _closed(rooms, writing, run_id)


def apply(workflow: SocialWorkflow, outcomes: Mapping[str, Closed]) -> list[str]:
    """Give a workflow these outcomes and let it go on; the keys to save and then to acknowledge.

    Timers that are due fire after all outcomes. An outcome that the workflow no longer waits for is left out:
    the next ``sync`` lets its request go. Raises Parked for an error that no boundary event catches.
    """
    applied = []
    workflow.horizon = NEVER
    for key, outcome in outcomes.items():
        task = live(workflow).get(key)
        if task is not None:
            apply_outcome(task, outcome)
            workflow.do_engine_steps()
            applied.append(key)
    workflow.horizon = FOREVER
    workflow.do_engine_steps()
    return applied


def ack(rooms: Rooms, ref: str, keys: Sequence[str], *, conn: Connection | None = None) -> None:
    """These outcomes have been applied and saved. Repeatable. Raises StateError for a key of another run."""
    with _writing(rooms, conn) as writing:
        locks.hold(writing, run_of(ref))
        known = _states(writing, run_of(ref))
        foreign = [key for key in keys if key not in known]
        if foreign:
            raise StateError(f"request '{foreign[0]}' does not belong to '{ref}'")
        for key in keys:
            rooms.requests.resumed(writing, key)


def run_of(ref: str) -> str:
    """The id under which the run ``ref`` of a host stands in our tables."""
    return str(uuid5(RUNS, ref))


@contextmanager
def _writing(rooms: Rooms, conn: Connection | None) -> Iterator[Connection]:
    with rooms.store.begin() if conn is None else nullcontext(conn) as writing:
        yield writing


def _ensure(rooms: Rooms, conn: Connection, ref: str) -> str:
    """The row that stands for the host's run: without a process and a state of ours."""
    now, run_id = rooms.clock.now(), run_of(ref)
    insert_once(conn, run, id=run_id, status="waiting", version=1, reason="", started_at=now, changed_at=now)
    locks.hold(conn, run_id)
    return run_id


def _let_go(rooms: Rooms, conn: Connection, key: str, state: str) -> None:
    """The workflow waits no longer. What had been decided stays decided: the ack may only have been lost."""
    if state in LIVE:
        rooms.requests.cancel(conn, key, "the process goes on without it")
    elif state == "CLOSED":
        rooms.requests.resumed(conn, key)


def _open(rooms: Rooms, conn: Connection, opening: Opening) -> None:
    """Two runs that say they are the same one would ask only once, and one of them wait for ever."""
    if not rooms.requests.open(conn, opening) and opening.key not in _states(conn, opening.run):
        raise StateError(f"request '{opening.key}' belongs to another run; give each workflow its own run_id")


def _closed(rooms: Rooms, conn: Connection, run_id: str) -> dict[str, Closed]:
    return {each.key: each for each in rooms.requests.closed(conn, run_id)}


def _states(conn: Connection, run_id: str) -> dict[str, str]:
    rows: Any = conn.execute(_STATES, {"of_run": run_id}).all()
    return {row.id: row.state for row in rows}


_FINISH = (
    update(run)
    .where(run.c.id == bindparam("run_id"), run.c.status != "finished")
    .values(status="finished", changed_at=bindparam("now", type_=run.c.changed_at.type))
)
_STATES = select(request.c.id, request.c.state).where(request.c.run == bindparam("of_run"))
_OVERDUE = select(request.c.id).where(
    request.c.run == bindparam("of_run"),
    request.c.state.in_(bindparam("states", expanding=True)),
    request.c.ends_at <= bindparam("now", type_=request.c.ends_at.type),
)
