"""One run, played through the front door. Between any two steps everything is closed and opened again."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path
from typing import Any

from socialbpm.settings import Settings
from socialbpm.settings.wiring import wire
from socialbpm.social import Social
from socialbpm.social.views import RequestView
from socialbpm.testing import FakeClock, evidence
from socialbpm.testing.evidence import Evidence, Outgoing
from socialbpm.testing.faulty import Faults
from socialbpm.testing.replay_file import Fault

COMMUNITIES = {"room": {"local": ["ada", "grace"]}, "hall": {"local": ["ada", "grace"]}}


class Run:
    """A run of the process ``main`` on a database file; nothing but that file survives a step.

    Every method that does something returns the run.
    """

    def __init__(self, folder: Path, document: str) -> None:
        self.clock, self._faults = FakeClock(), Faults()
        self._database, self._model = f"sqlite:///{folder / 'social.db'}", folder / "main.bpmn"
        self._model.write_text(document, encoding="utf-8")

    def start(self, **data: Any) -> Run:
        """Deploy, start, and go as far as it goes."""
        with self._open() as social:
            social.start(social.deploy(self._model), data, run_id="run")
        return self._work()

    def answer(self, element: str, choice: str = "approve", *, nth: int = 0, person: str = "ada") -> Run:
        """A person answers the nth request (in order of opening) that waits at an element."""
        self.say(element, choice, nth=nth, person=person)
        return self._work()

    def say(self, element: str, choice: str = "approve", *, nth: int = 0, person: str = "ada") -> Run:
        """A person answers a minute later, and nobody has looked at it yet."""
        self.clock.advance(timedelta(minutes=1))
        found = [request for request in self.waiting if request.element == element]
        with self._open() as social:
            social.respond(found[nth].id, person, choice)
        return self

    def later(self, **passed: float) -> Run:
        """Time passes while a worker is there: everything happens at its own moment."""
        until = self.clock.now() + timedelta(**passed)
        while (due := self._next_due()) is not None and due <= until:
            self.clock.set(max(due, self.clock.now()))
            self._work()
        self.clock.set(until)
        return self._work()

    def down(self, **passed: float) -> Run:
        """Time passes while no worker is there."""
        self.clock.advance(timedelta(**passed))
        return self

    def up(self) -> Run:
        """A worker is there again."""
        return self._work()

    def fail(self, community: str, *, times: int = 1) -> Run:
        """The next writes to a community are refused by its channel for good."""
        with self._open() as social:
            places = frozenset(social.communities[community].destinations)
            self._faults.plan(places, Fault.REJECTED, times=times)
        return self

    def cancel(self, reason: str = "") -> Run:
        """Somebody ends the run."""
        with self._open() as social:
            social.cancel("run", reason)
        return self._work()

    def resume(self) -> Run:
        """Somebody who has mended the cause tries the parked run again."""
        with self._open() as social:
            social.resume("run")
        return self._work()

    # what can be seen

    @property
    def seen(self) -> Evidence:
        """Everything that has come out so far."""
        with self._open() as social:
            return evidence.gather(social, "run")

    @property
    def waiting(self) -> list[RequestView]:
        """The requests that wait, in order of opening."""
        with self._open() as social:
            return list(social.run("run").requests)

    @property
    def waits(self) -> list[str]:
        """The elements that wait for an answer, in the order of the alphabet."""
        return sorted(request.element for request in self.waiting)

    @property
    def status(self) -> str:
        """How the run stands."""
        return self.seen.status

    @property
    def path(self) -> tuple[str, ...]:
        """The elements completed so far."""
        return self.seen.path

    @property
    def data(self) -> dict[str, Any]:
        """The process data."""
        return dict(self.seen.data)

    def posts(self, element: str) -> list[Outgoing]:
        """What an element has posted, as it stands now."""
        return [post for post in self.seen.posts if post.element == element]

    def endings(self, element: str) -> tuple[str, ...]:
        """The outcomes (or error codes, or ``cancelled``) of an element's requests, in order of opening."""
        return self.seen.outcomes.get(element, ())

    def _open(self) -> Social:
        settings = Settings.alone(database=self._database, communities=COMMUNITIES)
        return wire(settings, self.clock, around=self._faults.in_front_of)

    def _work(self) -> Run:
        with self._open() as social:
            social.work()
        return self

    def _next_due(self) -> Any:
        with self._open() as social:
            return social.next_due()
