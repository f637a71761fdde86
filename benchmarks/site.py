"""socialbpm as it is measured: opened by its front door on a SQLite file, with nothing switched off."""

from __future__ import annotations

from pathlib import Path

import sqlalchemy
from sqlalchemy import select

import socialbpm
from benchmarks import models
from socialbpm.responses import Response
from socialbpm.store.tables import request, run

PEOPLE = ("ada", "grace", "linus")


class Site:
    """One database with one deployed process."""

    def __init__(self, folder: Path, document: str, crowd: int = 2) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        model = folder / "main.bpmn"
        model.write_text(document, encoding="utf-8")
        communities = {"room": {"local": list(PEOPLE)}, "crowd": {"local": people(crowd)}}
        self.social = socialbpm.open(f"sqlite:///{folder / 'social.db'}", communities=communities)
        self.social.deploy(model)

    def start(self, conn: sqlalchemy.Connection | None = None) -> str:
        """Start a run; its id."""
        return self.social.rooms.runner.start("main", models.DATA, conn=conn)

    def wait(self, number: int) -> None:
        """Have so many instances wait: real starts, a hundred in a transaction."""
        for _ in range(0, number, 100):
            with self.social.store.begin() as conn:
                for _ in range(min(100, number)):
                    self.start(conn)
        self.social.work()

    def waiting(self, limit: int = -1) -> list[str]:
        """The ids of requests that wait."""
        query = (
            select(request.c.id).where(request.c.state == "OPEN").order_by(request.c.opened_at).limit(limit)
        )
        with self.social.store.read() as conn:
            return list(conn.scalars(query))

    def request_of(self, runs: list[str]) -> list[str]:
        """The request that each of these runs waits for."""
        with self.social.store.read() as conn:
            return [self.social.rooms.requests.of_run(conn, each)[0].id for each in runs]

    def answer(self, request_id: str, person: str = "ada") -> None:
        """One person approves."""
        self.social.respond(request_id, person, "approve")

    def answers(self, request_id: str, first: int, last: int) -> None:
        """The people of the crowd with these numbers answer a poll, in one call."""
        given = [
            Response(
                channel="local",
                event_id=f"{request_id}:{number}",
                account=f"p{number}",
                choices=("north" if number % 3 else "south",),
                request=request_id,
            )
            for number in range(first, last)
        ]
        self.social.inbox.accept("local", given)

    def changes(self, request_id: str, first: int, last: int) -> None:
        """These people change their answers, and those with even numbers delete the new one."""
        given = []
        for number in range(first, last):
            changed = f"{request_id}:{number}:changed"
            own = {"channel": "local", "account": f"p{number}"}
            given.append(Response(**own, event_id=changed, choices=("south",), request=request_id))
            if number % 2 == 0:
                given.append(Response(**own, event_id=f"{changed}:gone", choices=(), withdraws=changed))
        self.social.inbox.accept("local", given)

    def state(self, run_id: str) -> bytes:
        """What is saved of a run's state."""
        with self.social.store.read() as conn:
            saved: bytes = conn.execute(select(run.c.state).where(run.c.id == run_id)).scalar_one()
        return saved

    def ballots(self, request_id: str) -> int:
        """How many ballots of a request have been counted."""
        with self.social.store.read() as conn:
            counted = conn.execute(select(request.c.counted).where(request.c.id == request_id)).scalar_one()
        return int(counted["ballots"])

    def finished(self) -> int:
        """How many runs have ended."""
        return len(self.social.runs("finished", limit=1_000_000))


def people(number: int) -> list[str]:
    """The names of a crowd."""
    return [f"p{each}" for each in range(number)]
