"""The front door: one object through which a program deploys, starts, answers and looks."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from os import PathLike
from types import TracebackType
from typing import TYPE_CHECKING, Any, Literal, Self
from uuid import uuid4

from socialbpm.errors import NotFound, Problem
from socialbpm.posts import Receipt
from socialbpm.responses import Response, Tally
from socialbpm.social import roster, views
from socialbpm.social.people import LOCAL, People
from socialbpm.social.rooms import Rooms
from socialbpm.social.roster import PersonView
from socialbpm.social.views import PostView, RequestView, ResponseView, Run, Status
from socialbpm.tasks.notation import did_you_mean

if TYPE_CHECKING:
    from sqlalchemy import Connection
    from starlette.applications import Starlette

    from socialbpm.engines.work import Parked
    from socialbpm.erasure import Erasure, Forgotten
    from socialbpm.inbox import Reply
    from socialbpm.outcomes.explained import Explained
    from socialbpm.outcomes.recounting import Recount
    from socialbpm.requests import Closed
    from socialbpm.spiff.hosts import SocialWorkflow

__all__ = [
    "LOCAL",
    "PersonView",
    "PostView",
    "Process",
    "RequestView",
    "ResponseView",
    "Rooms",
    "Run",
    "Social",
    "Status",
]


@dataclass(frozen=True, slots=True, kw_only=True)
class Process:
    """A deployed process: ``id`` is the hash of everything it consists of, ``bpmn_id`` its id in the
    diagram.
    """

    id: str
    bpmn_id: str
    name: str


class Social(People):
    """An open socialbpm: a store, its channels and communities. Made by ``socialbpm.open``; a context
    manager.

    Starts no thread. ``work()`` does what is due; ``socialbpm worker`` or ``serve`` do so all the time.
    """

    def __init__(self, rooms: Rooms) -> None:
        self.rooms = rooms
        self.store, self.clock, self.media, self.inbox = rooms.store, rooms.clock, rooms.media, rooms.inbox
        self.channels, self.communities, self.operators = rooms.channels, rooms.communities, rooms.operators
        self.secret, self.base_url = rooms.secret, rooms.base_url

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Let go of the database. May be repeated."""
        self.store.close()

    # processes

    def check(self, *paths: str | PathLike[str]) -> list[Problem]:
        """Everything that ``deploy`` would refuse in these BPMN and DMN files, with place and remedy."""
        return self.rooms.definitions.check(paths)

    def processes(self) -> list[str]:
        """The BPMN ids of the processes that can be started by name."""
        with self.store.read() as conn:
            return views.processes(conn)

    def deploy(self, *paths: str | PathLike[str]) -> Process:
        """Take a process into use: the first file's process, with all the files it needs. Raises
        DefinitionError.

        The same content again is the same process. Waiting runs stay with the version they were started with.
        """
        info = self.rooms.definitions.deploy(paths)
        return Process(id=info.id, bpmn_id=info.bpmn_id, name=info.name)

    # runs

    def start(
        self,
        process: str | Process,
        data: Mapping[str, Any] | None = None,
        *,
        run_id: str | None = None,
        conn: Connection | None = None,
    ) -> Run:
        """Start the newest version of ``process`` (its BPMN id), or that very Process, with ``data`` (JSON).

        With a ``run_id`` of your own a repeat returns the run that is there. With ``conn`` everything
        happens in the caller's transaction. Raises NotFound.
        """
        name = process.id if isinstance(process, Process) else process
        started = self.rooms.runner.start(name, dict(data or {}), run_id=run_id, conn=conn)
        return self._run(conn, started) if conn is not None else self.run(started)

    def run(self, run_id: str) -> Run:
        """How a run stands. Raises NotFound."""
        with self.store.read() as conn:
            return self._run(conn, run_id)

    def runs(self, status: str | None = None, *, limit: int = 100, after: str = "") -> list[Run]:
        """Runs, newest first, without their data and requests; ``after`` is the last id of the page
        before.
        """
        with self.store.read() as conn:
            return [_brief(row) for row in views.run_rows(conn, status=status, limit=limit, after=after)]

    def cancel(self, run_id: str, reason: str = "") -> None:
        """End a run; its open requests are cancelled and their posts say so. Raises NotFound."""
        self.rooms.runner.cancel(run_id, reason)

    def resume(self, run_id: str) -> None:
        """Try a parked run again, now that its cause has been mended.

        A task that failed uncaught because its posts were refused waits again, and those are sent anew.
        Raises NotFound, StateError.
        """
        self.rooms.runner.unpark(run_id)

    def work(self) -> int:
        """One pass until idle: deliver, decide, resume, timers. Returns the pieces of work done."""
        return self.rooms.engine.drain()

    def next_due(self) -> datetime | None:
        """When ``work`` will next have something to do; None: not before somebody answers."""
        return self.rooms.work.next_due()

    # requests

    def request(self, request_id: str) -> RequestView:
        """How a request stands. Raises NotFound."""
        with self.store.read() as conn:
            return views.request(conn, request_id)

    def requests(
        self, run: str | None = None, *, open_only: bool = True, limit: int = 1000
    ) -> list[RequestView]:
        """Requests in order of opening: those still open, or all of them."""
        with self.store.read() as conn:
            return views.requests(conn, run=run, states=views.LIVE if open_only else None, limit=limit)

    def respond(
        self,
        request_id: str,
        person: str,
        choice: str | Sequence[str] = (),
        comment: str = "",
        version: int = 0,
        *,
        words: str = "",
        delegate: str = "",
        event_id: str = "",
        channel: str = LOCAL,
        account: str = "",
    ) -> Reply:
        """Answer for ``person``. No choice withdraws the ballot, or hands it to ``delegate``, a person.

        ``words`` are an answer as people write it, instead of choice and comment: ``north > south = east``,
        ``reject: the logo is old``.
        The same ``event_id`` again counts once. ``version`` is the version of the request that the person
        saw (0: not stated). ``channel`` and ``account`` say by which account the answer came, where it did
        not come by the local channel. The answer is received at once and counted by the next ``work()``;
        what cannot be counted gets a reply that says why.
        """
        response = Response(
            channel=channel,
            event_id=event_id or str(uuid4()),
            account=account or person,
            choices=(choice,) if isinstance(choice, str) else tuple(choice),
            request=request_id,
            comment=comment,
            version=version,
            delegate=delegate,
            words=words,
        )
        (reply,) = self.inbox.accept(channel, [response])
        return reply

    def responses(self, request_id: str, *, limit: int = 1000, after: int = 0) -> list[ResponseView]:
        """All that was received for a request, in order of receipt, each with what became of it.

        ``after`` is the last ``seq`` of the page before.
        """
        with self.store.read() as conn:
            return views.responses(conn, request_id, limit=limit, after=after)

    def explain(self, request_id: str) -> Explained:
        """How a request was decided, sentence by sentence, and whether a recount agrees. Raises NotFound."""
        from socialbpm.outcomes.explained import explained

        with self.store.read() as conn:
            return explained(conn, request_id)

    def chart(self, request_id: str, form: Literal["svg", "png"] = "svg") -> bytes:
        """A drawing of how a request stands or ended: a file that stands alone.

        Raises NotFound, and StateError for what asks nothing or is hidden until it has ended.
        """
        from socialbpm.outcomes import pictures
        from socialbpm.outcomes.chart import png, svg_file

        with self.store.read() as conn:
            drawn = pictures.chart(conn, request_id)
        return png(drawn) if form == "png" else svg_file(drawn)

    def count(self, request_id: str) -> None:
        """Count what was received for a request now, as the next ``work()`` would, and do nothing else.

        If a worker is at it already, it is left to that.
        """
        self.rooms.work.perform(f"tally:{request_id}")

    def recount(self, request_id: str) -> Recount:
        """Count a request anew, from its audit and from what was received; says what disagrees.

        Raises NotFound.
        """
        from socialbpm.outcomes.recounting import recount

        with self.store.read() as conn:
            return recount(conn, request_id)

    def tally(self, tally: Tally) -> bool:
        """Take in what a platform's own poll has counted; False if no post here is known by that id.

        It is shown apart, and decides nothing unless the model says ``tallies="binding"``.
        """
        return self.inbox.tallies.accept(tally)

    def revise(
        self, request_id: str, *, text: str | None = None, media: Sequence[Mapping[str, str]] | None = None
    ) -> RequestView:
        """Give an open request a new version; ballots on the old one are void.

        ``media`` is a list of ``{"src": "media:…", "alt": "…"}``. Pictures are fetched and checked first.
        Raises NotFound, RequestClosed, TaskFailed for what cannot be posted, TemporaryFailure for a picture
        that is out of reach; then the old version stays.
        """
        self.rooms.requests.revise(request_id, text=text, media=media)
        return self.request(request_id)

    # posts that wait for a person

    def stuck(self) -> list[PostView]:
        """Posts of which nobody knows whether they went out (UNKNOWN), or that were refused (PARKED)."""
        with self.store.read() as conn:
            return views.stuck(conn)

    def parked_work(self) -> list[Parked]:
        """Steps that failed eight times and are tried no more, each with its reason."""
        return self.rooms.work.parked()

    def revive(self, work_id: str) -> None:
        """Try parked work again, now that its cause has been mended. Raises NotFound, StateError."""
        self.rooms.work.revive(work_id)

    def settle(self, post_id: str, *, remote_id: str = "", url: str = "") -> None:
        """Say of a stuck post that it stands, as ``remote_id`` on its channel; without one it is sent again.

        Raises NotFound, StateError.
        """
        receipt = Receipt(remote_id=remote_id, url=url) if remote_id else None
        self.rooms.outbox.settle(post_id, receipt)

    def resume_channel(self, channel: str) -> int:
        """A paused account works again: send what waited for it. Returns how many posts. Raises NotFound."""
        if channel not in self.channels:
            raise NotFound(f"there is no channel '{channel}'; {did_you_mean(channel, self.channels)}")
        return self.rooms.outbox.resume(channel)

    # people

    def forget(self, person: str) -> Forgotten:
        """Erase somebody's texts, names and links; what was counted stays, under a random token.

        ``person`` is the name in settings, or ``channel:account`` of somebody on no roll. Posts that name
        them are edited by the next ``work()``. Repeatable, also after a crash; the report says what could not
        be reached. Raises NotFound for somebody of whom nothing is known.
        """
        return self._erasure().forget(person)

    def roster(self) -> list[PersonView]:
        """Everybody who is on a roll, and the operators: communities, weights, groups, accounts."""
        people, accounts = self.people(), self.rooms.accounts
        known = {person: accounts.of(person) for person in people}
        gone = self._erasure().forgotten(people)
        return roster.roster(people, self.communities, known, self.operators, gone)

    def _erasure(self) -> Erasure:
        from socialbpm.erasure import Erasure
        from socialbpm.spiff.rewriting import Rewriting

        runs, rooms = Rewriting(self.clock), self.rooms
        return Erasure(self.store, self.clock, rooms.outbox, runs, self.communities, self.secret)

    # faces

    def asgi(self) -> Starlette:
        """The ASGI app (pages, live feed, webhooks, health), to serve or to mount in a host app."""
        from socialbpm.web import create_app

        return create_app(self)

    # hosts that keep the state of their workflows themselves

    def sync(self, ref: str, workflow: SocialWorkflow, *, conn: Connection | None = None) -> None:
        """Open and cancel requests as the (already saved) ``workflow`` of the host's run ``ref`` asks.
        Repeatable.
        """
        from socialbpm.spiff import hosts

        hosts.sync(self.rooms, ref, workflow, conn=conn)

    def closed(self, ref: str, *, conn: Connection | None = None) -> Mapping[str, Closed]:
        """The outcomes that wait to be applied to the host's run ``ref``: key → outcome, as they fell."""
        from socialbpm.spiff import hosts

        return hosts.closed(self.rooms, ref, conn=conn)

    def apply(self, workflow: SocialWorkflow, outcomes: Mapping[str, Closed]) -> list[str]:
        """Give a workflow these outcomes and let it go on; the keys to acknowledge once it is saved."""
        from socialbpm.spiff import hosts

        return hosts.apply(workflow, outcomes)

    def ack(self, ref: str, keys: Sequence[str], *, conn: Connection | None = None) -> None:
        """The host has applied these outcomes and saved its state."""
        from socialbpm.spiff import hosts

        hosts.ack(self.rooms, ref, keys, conn=conn)

    def _run(self, conn: Connection, run_id: str) -> Run:
        rows = views.run_rows(conn, run=run_id)
        if not rows:
            raise NotFound(f"there is no run '{run_id}'; `socialbpm runs` shows them")
        (row,) = rows
        return Run(
            id=row.id,
            process=row.bpmn_id or "",
            status=row.status,
            data=self.rooms.runner.data(run_id, conn=conn),
            started_at=row.started_at,
            changed_at=row.changed_at,
            reason=row.reason,
            requests=tuple(views.requests(conn, run=run_id, states=views.LIVE)),
            path=views.path(conn, run_id),
        )


def _brief(row: Any) -> Run:
    return Run(
        id=row.id,
        process=row.bpmn_id or "",
        status=row.status,
        data={},
        started_at=row.started_at,
        changed_at=row.changed_at,
        reason=row.reason,
    )
