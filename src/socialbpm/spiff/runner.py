"""Runs: start an instance, go on with it when something has been decided or is due, end it.

Each of these is one transaction: the state, guarded by its version, with the requests it opens and those it
no longer waits for, the work that comes next, and the audit. Whoever is second finds the version changed and
reads again.
"""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import nullcontext
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import uuid4

from sqlalchemy import Connection, Row, bindparam, select, update

from socialbpm.clock import Clock
from socialbpm.engines.work import Claim, Work
from socialbpm.errors import Conflict, NotFound, StateError
from socialbpm.faults import crash_point
from socialbpm.outcomes import LIVE, Outcomes
from socialbpm.requests import Closed, Requests
from socialbpm.spiff.burst import Burst, Parked, ScriptEngine, Stubs, check_data, data_of, uncaught
from socialbpm.spiff.definitions import Definitions, ProcessInfo
from socialbpm.spiff.serializer import Specs
from socialbpm.spiff.workflow import SocialWorkflow
from socialbpm.store import Store, audit, insert_once, locks
from socialbpm.store.group import GroupCommit
from socialbpm.store.prepared import Prepared
from socialbpm.store.tables import process, request, run

RESUME = "resume"
ENDED = ("finished", "cancelled")


@dataclass(frozen=True, slots=True, kw_only=True)
class Advance:
    """What a burst has come to, ready to be written. A parked one leaves the state as it was."""

    run: str
    status: str
    state: bytes | None
    reason: str = ""
    burst: Burst | None = None
    next_due: datetime | None = None


class Runner:
    """Performs the work "resume", and starts and cancels runs."""

    def __init__(
        self,
        store: Store,
        clock: Clock,
        work: Work,
        requests: Requests,
        outcomes: Outcomes,
        definitions: Definitions,
        *,
        stubs: Stubs | None = None,
        script_engine: Any = None,
    ) -> None:
        self._store, self._clock, self._work = store, clock, work
        self._requests, self._outcomes, self._definitions = requests, outcomes, definitions
        self._stubs, self._script_engine = stubs or {}, script_engine or ScriptEngine(stubs)
        self._commit = GroupCommit(store, self._insert)
        if self._stubs:  # the lease of each run is for its own services alone
            work.register(RESUME, self._perform)
        else:
            work.register_steps(RESUME, self._resume, self._advance)

    def start(
        self, name: str, data: Mapping[str, Any], *, run_id: str | None = None, conn: Connection | None = None
    ) -> str:
        """Start the newest process of this BPMN id, or the process of this hash; the id of the run.

        A ``run_id`` that is there already is handed back without a second run. With ``conn`` all happens in
        the caller's transaction. Raises NotFound, StateError for data that no process may hold.
        """
        check_data(data)
        new = run_id or str(uuid4())
        if run_id is not None or conn is not None or not self._start_known(name, data, new):
            with self._store.read() if conn is None else nullcontext(conn) as reading:
                if run_id is not None and conn_has_run(reading, run_id):
                    return run_id
                info = self._definitions.newest(reading, name)
                specs = self._definitions.specs(reading, info.spec)
            begun = self._begin(info, specs, data, new), info, ""
            self._commit(begun) if conn is None else self._insert(conn, begun)
        crash_point("start.after-commit")
        return new

    def _start_known(self, name: str, data: Mapping[str, Any], run_id: str) -> bool:
        """Start what was the newest process last time; False, and nothing done, if it no longer is."""
        known = self._definitions.remembered(name)
        return known is not None and self._commit((self._begin(*known, data, run_id), known[0], name))

    def unpark(self, run_id: str) -> None:
        """Try a parked run again, now that its cause has been mended.

        If it is parked because posts were refused, those are sent again and their task waits once more.
        Raises NotFound, StateError, also for a failure that trying again would not mend.
        """
        with self._store.begin() as conn:
            row = self._row(conn, run_id)
            if row.status != "parked":
                raise StateError(f"run '{run_id}' is {row.status}, not parked")
            self._change(conn, row, "waiting", "", row.state)
            for closed in self._requests.closed(conn, run_id):
                if uncaught(closed) == row.reason and not self._requests.reopen(conn, closed.key):
                    raise StateError(
                        f"{row.reason}; nothing in the process catches {closed.error}: cancel it"
                    )
            audit.record(conn, self._clock.now(), "run.resumed", run_id)
            self._work.schedule(conn, RESUME, run_id, self._clock.now())

    def cancel(self, run_id: str, reason: str = "") -> None:
        """End a run and all that it waits for; one that has ended stays as it is. Raises NotFound."""
        with self._store.begin() as conn:
            row = self._row(conn, run_id)
            if row.status in ENDED:
                return
            self._change(conn, row, "cancelled", reason, row.state)
            for key in conn.execute(_OPEN, {"of_run": run_id, "states": [*LIVE, "CLOSED"]}).scalars().all():
                self._requests.cancel(conn, key, reason or "the run was cancelled")
            audit.record(conn, self._clock.now(), "run.cancelled", run_id, reason=reason)
            crash_point("cancel.before-commit")
        crash_point("cancel.after-commit")

    def data(self, run_id: str, *, conn: Connection | None = None) -> dict[str, Any]:
        """The data of a run: its result or, while it goes on, what its open tasks see. Raises NotFound."""
        with self._store.read() if conn is None else nullcontext(conn) as reading:
            row = self._row(reading, run_id)
            if row.state is None:
                return {}
            try:
                return data_of(self._workflow(reading, row))
            except Parked:  # its status and reason say so; whoever looks at the run must see them
                return {}

    # advancing

    def _begin(self, info: ProcessInfo, specs: Specs, data: Mapping[str, Any], run_id: str) -> Advance:
        """The first burst. If it fails, the run stands parked before its first step."""
        workflow = self._planted(specs, data, run_id)
        try:
            return self._play(workflow, info.spec, [])
        except Parked as reason:
            state = self._definitions.codec.pack(self._planted(specs, data, run_id), info.spec)
            return Advance(run=run_id, status="parked", state=state, reason=str(reason))

    def _planted(self, specs: Specs, data: Mapping[str, Any], run_id: str) -> SocialWorkflow:
        workflow = SocialWorkflow(
            specs.spec, specs.subprocesses, self._script_engine, clock=self._clock, run_id=run_id
        )
        workflow.task_tree.data.update(data)
        return workflow

    def _perform(self, claim: Claim) -> None:
        read = self._advance(claim.ref)
        with self._store.begin() as conn:
            self._work.finish(conn, claim, self._resume(conn, claim.ref, read))

    def _resume(
        self, conn: Connection, run_id: str, read: tuple[Row[Any], Advance | None]
    ) -> datetime | None:
        """Write what a run has come to; says when its next timer fires. Raises Conflict."""
        row, advance = read
        if advance is None:
            return None
        self._update(conn, row, advance)
        return advance.next_due

    def _advance(self, run_id: str, *, settled: bool = False) -> tuple[Row[Any], Advance | None]:
        """Read a run and play its next burst; None if it is not one that goes on."""
        with self._store.read() as conn:
            row = self._row(conn, run_id)
            if row.status in (*ENDED, "parked") or row.state is None:
                return row, None
            try:
                workflow = self._workflow(conn, row)
            except Parked as reason:
                return row, Advance(run=run_id, status="parked", state=None, reason=str(reason))
            closed = self._requests.closed(conn, run_id)
            overdue = [] if settled else self._overdue(conn, workflow)
        if overdue:
            self._settle(run_id, overdue)
            return self._advance(run_id, settled=True)
        try:
            return row, self._play(workflow, row.spec, closed)
        except Parked as reason:
            return row, Advance(run=run_id, status="parked", state=None, reason=str(reason))

    def _overdue(self, conn: Connection, workflow: SocialWorkflow) -> list[str]:
        """The requests that must be looked at before timers fire: what came in time may have decided them."""
        due, now = workflow.next_due(), self._clock.now()
        if due is None or due > now:
            return []
        rows = conn.execute(_UNSETTLED, {"of_run": workflow.run_id, "states": LIVE, "now": now}).all()
        return [row.id for row in rows]

    def _settle(self, run_id: str, overdue: list[str]) -> None:
        with self._store.begin() as conn:
            locks.hold(conn, run_id)
            for key in sorted(overdue):
                self._outcomes.tally(conn, key)

    def _play(self, workflow: SocialWorkflow, spec_id: str, closed: list[Closed]) -> Advance:
        burst, now = Burst(workflow, self._stubs, self._requests.examine), self._clock.now()
        burst.play(closed, now)
        workflow.get_events()  # thrown to the outside, where nobody listens: not kept
        try:
            state = self._definitions.codec.pack(workflow, spec_id)
        except StateError as error:
            raise Parked(str(error)) from error
        finished = workflow.is_completed()
        return Advance(
            run=workflow.run_id,
            status="finished" if finished else "waiting",
            state=state,
            burst=burst,
            next_due=None if finished else workflow.next_due(),
        )

    def _workflow(self, conn: Connection, row: Row[Any]) -> SocialWorkflow:
        """The instance as it was stored. Raises Parked for a state that this version cannot read."""
        specs = self._definitions.specs(conn, row.spec)
        try:
            return self._definitions.codec.unpack(row.state, specs, row.spec, self._script_engine)
        except Exception as error:
            raise Parked(f"the state cannot be read: {type(error).__name__}: {error}") from error

    # writing

    def _insert(self, conn: Connection, begun: tuple[Advance, ProcessInfo, str]) -> bool:
        """A new run; nothing, if somebody else has just started one of this id.

        False if there is a newer process of that name, where one is given, than the one it was begun with.
        """
        (advance, info, name), now = begun, self._clock.now()
        if name and self._definitions.newest(conn, name) != info:
            return False
        new = insert_once(
            conn,
            run,
            id=advance.run,
            process=info.id,
            status=advance.status,
            version=1,
            state=advance.state,
            reason=advance.reason,
            started_at=now,
            changed_at=now,
        )
        if not new:
            return True
        started = {
            "kind": "run.started",
            "run": advance.run,
            "request": None,
            "facts": {"process": info.bpmn_id},
        }
        self._consequences(conn, advance, now, started)
        if advance.next_due is not None:
            self._work.schedule(conn, RESUME, advance.run, advance.next_due)
        crash_point("start.before-commit")
        return True

    def _update(self, conn: Connection, row: Row[Any], advance: Advance) -> None:
        state = advance.state or row.state
        self._change(conn, row, status=advance.status, reason=advance.reason, state=state)
        self._consequences(conn, advance, self._clock.now())

    def _change(self, conn: Connection, row: Row[Any], status: str, reason: str, state: bytes | None) -> None:
        """Write a run, unless somebody has written it since it was read. Raises Conflict."""
        mine = {"of_id": row.id, "read": row.version, "version": row.version + 1}
        values = {"status": status, "reason": reason, "state": state, "changed_at": self._clock.now()}
        if not _CHANGE.change(conn, **mine, **values):
            raise Conflict(f"run '{row.id}' has gone on meanwhile")

    def _consequences(
        self, conn: Connection, advance: Advance, now: datetime, *first: dict[str, Any]
    ) -> None:
        """Requests taken, given up and opened, and the audit."""
        burst, entries = advance.burst, list(first)
        if burst is not None:
            self._give_up(conn, burst)
            for key in burst.applied:
                self._requests.resumed(conn, key)
            entries += [
                _entry("request.withheld", advance.run, element=each.element, reason=each.what)
                for each in burst.withheld
            ]
            if burst.workflow.trail:
                entries.append(_entry("run.advanced", advance.run, elements=burst.workflow.trail))
        if advance.status in ("parked", "finished"):
            facts = {"reason": advance.reason} if advance.reason else {}
            entries.append(_entry(f"run.{advance.status}", advance.run, **facts))
        audit.record_all(conn, now, entries)
        if burst is None:
            return
        for opening in burst.openings:
            self._requests.open(conn, opening, burst.examined[opening.key])

    def _give_up(self, conn: Connection, burst: Burst) -> None:
        """Cancel what the process no longer waits for.

        An outcome that fell meanwhile must be applied first.
        """
        if not burst.gone:
            return
        states = conn.execute(_STATES, {"keys": burst.gone}).all()
        for row in states:
            if row.state == "CLOSED" and row.id not in burst.seen:
                raise Conflict(f"request '{row.id}' was decided meanwhile")
        for key in burst.gone:
            self._requests.cancel(conn, key, "the process goes on without it")

    def _row(self, conn: Connection, run_id: str) -> Row[Any]:
        row = _RUN.rows(conn, wanted=run_id).first()
        if row is None:
            raise NotFound(f"there is no run '{run_id}'")
        return row


def conn_has_run(conn: Connection, run_id: str) -> bool:
    """Whether there is a run of this id."""
    return _EXISTS.rows(conn, wanted=run_id).first() is not None


def _entry(kind: str, run_id: str, **facts: Any) -> dict[str, Any]:
    return {"kind": kind, "run": run_id, "request": None, "facts": facts}


_EXISTS = Prepared(select(run.c.id).where(run.c.id == bindparam("wanted")))
_RUN = Prepared(
    select(run, process.c.spec)
    .outerjoin(process, process.c.id == run.c.process)
    .where(run.c.id == bindparam("wanted"))
)
_CHANGE = Prepared(
    update(run)
    .where(run.c.id == bindparam("of_id"), run.c.version == bindparam("read"))
    .values({name: bindparam(name) for name in ("status", "reason", "state", "version", "changed_at")})
)
_OPEN = select(request.c.id).where(
    request.c.run == bindparam("of_run"), request.c.state.in_(bindparam("states", expanding=True))
)
_UNSETTLED = _OPEN.where(
    request.c.ends_at <= bindparam("now", type_=request.c.ends_at.type),
)
_STATES = select(request.c.id, request.c.state).where(request.c.id.in_(bindparam("keys", expanding=True)))
