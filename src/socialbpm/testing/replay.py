"""Plays a replay file: one run of a process on a database of its own, under a clock that we set."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from copy import deepcopy
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from itertools import chain, groupby
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from socialbpm.errors import DefinitionError, NotFound, Problem, StateError, TaskFailed
from socialbpm.settings import Settings
from socialbpm.settings.tomlfile import Place
from socialbpm.settings.wiring import wire
from socialbpm.social import Social
from socialbpm.social.views import LIVE, RequestView
from socialbpm.tasks.notation import did_you_mean
from socialbpm.testing import answering, crowds
from socialbpm.testing.clock import FakeClock
from socialbpm.testing.compare import Diverged, Divergence, final, midway
from socialbpm.testing.evidence import Evidence, gather, waits
from socialbpm.testing.faulty import Faults
from socialbpm.testing.replay_file import Script, Step, Turnout, read

__all__ = ["Played", "Script", "play", "read"]

Watch = Callable[[Social], None]
RUN = "replay"  # always the same, and so are the keys made from it
HANDFUL = 500  # so many answers of a crowd arrive together
PASSES = 10_000  # more timers than that within one step is a process that never rests


@dataclass(frozen=True, slots=True)
class Played:
    """What came of a replay: the first divergence, if any, and what was seen up to there."""

    script: Script
    evidence: Evidence
    divergence: Divergence | None = None

    @property
    def report(self) -> str:
        """The divergence as text; empty if all went as the file says."""
        return self.divergence.text(self.script.file) if self.divergence else ""


def play(script: Script, watch: Watch = lambda social: None) -> Played:
    """Play a replay. ``watch`` is called whenever something may have happened. Raises DefinitionError."""
    with TemporaryDirectory(prefix="socialbpm-") as folder, _stage(script, Path(folder), watch) as stage:
        try:
            stage.start()
            for number, step in enumerate(script.replay.steps):
                stage.step(step, ("step", number))
            evidence = stage.evidence()
            divergence = next(chain(final(script.replay.expect, evidence), stage.recounted()), None)
        except Diverged as diverged:
            evidence, divergence = stage.evidence(), diverged.divergence
    return Played(script, evidence, divergence)


@contextmanager
def _stage(script: Script, folder: Path, watch: Watch) -> Iterator[_Stage]:
    stage = _Stage(script, folder, watch)
    try:
        yield stage
    finally:
        stage.social.close()


class _Stage:
    """One run, its clock, and the faults to come."""

    def __init__(self, script: Script, folder: Path, watch: Watch) -> None:
        self._script, self._watch = script, watch
        replay = script.replay
        self._clock = FakeClock(replay.starts_at)
        self._faults = Faults()
        self._settings = Settings.alone(
            database=f"sqlite:///{folder / 'replay.db'}",
            communities=replay.communities | crowds.communities(replay.crowds),
            channels=replay.channels,
            calendars=replay.calendars,
            **_content_rules(script),
        )
        self._stubs = {
            element: partial(_stub, deepcopy(answers)) for element, answers in _stubs(replay.stubs)
        }
        self.social = self._open()
        self._run = ""

    def start(self) -> None:
        """Deploy, start, and do what is due."""
        replay = self._script.replay
        process = self.social.deploy(*self._script.models)
        data = deepcopy(replay.data) | {name: self._put(file) for name, file in replay.media.items()}
        try:
            self._run = self.social.start(replay.process or process, data, run_id=RUN).id
        except NotFound as error:
            place = ("process",)
            known = did_you_mean(replay.process, self.social.processes())
            raise DefinitionError(self._script.file.problem(place, str(error), known)) from error
        self._work()

    def step(self, step: Step, place: Place) -> None:
        """Let time pass, do what the step says, do what is due, and look whether all is as expected."""
        self._pass(step.at or self._clock.now() + step.after, place)
        try:
            self._act(step, place)
        except (StateError, TaskFailed) as error:
            raise Diverged(place, str(error)) from error
        self._work()
        if step.expect:
            self._check(step, place)

    def _act(self, step: Step, place: Place) -> None:
        if step.respond:
            self._respond(step, place)
        elif step.link:
            self._link(step, place)
        elif step.revise:
            self._revise(step, place)
        elif step.fail:
            self._fail(step, place)
        elif step.restart:
            self.social.close()
            self.social = self._open()
        elif step.cancel:
            self.social.cancel(self._run)

    def evidence(self) -> Evidence:
        """What has come out so far."""
        return gather(self.social, self._run)

    def recounted(self) -> Iterator[Divergence]:
        """What an independent count of all answers says otherwise: looked at in every replay."""
        for request in self.social.requests(self._run, open_only=False):
            found = self.social.explain(request.id) if request.asks else None
            if found and not found.holds:
                what = f"the recount of '{request.element}' differs"
                yield Divergence(place=("expect",), what=what, diff="\n".join(found.problems))

    def _open(self) -> Social:
        return wire(self._settings, self._clock, around=self._faults.in_front_of, stubs=self._stubs)

    def _work(self) -> None:
        self.social.work()
        self._watch(self.social)

    def _pass(self, until: datetime, place: Place) -> None:
        """Go from one due time to the next, so that everything happens at its own moment."""
        if until < self._clock.now():
            raise Diverged(
                (*place, "at"), f"time does not go back: it is {self._clock.now():%Y-%m-%d %H:%M} already"
            )
        for _ in range(PASSES):
            due = self.social.next_due()
            if due is None or due > until:
                break
            self._clock.set(max(due, self._clock.now()))
            self._work()
        else:
            raise Diverged(place, f"the process never rests: {PASSES} things were due within one step")
        self._clock.set(until)

    def _respond(self, step: Step, place: Place) -> None:
        request = self._request(step.respond, step, place, ended=bool(step.standing))
        if step.crowd:
            self._crowd(step.crowd, request, place)
            return
        account = step.account or self._account(step, place)
        given = answering.response(step, request, account, place)
        (reply,) = self.social.inbox.accept(given.channel, [given])
        self._work()
        became = self.social.inbox.standing(reply.seq) if reply.seq else reply
        if became.standing != (step.standing or "accepted"):
            should = step.standing or "accepted"
            what = f"the answer of '{step.person}' is {became.standing}, it should be {should}"
            raise Diverged((*place, "standing"), what, became.reason)

    def _crowd(self, turnout: Turnout, request: RequestView, place: Place) -> None:
        """Many answers, handed in as platforms do: some hundreds at a time, by channel."""
        crowd = self._script.replay.crowds.get(turnout.of)
        if crowd is None or request.ask is None:
            what = f"there is no crowd '{turnout.of}'" if crowd is None else "nothing is asked there"
            known = did_you_mean(turnout.of, self._script.replay.crowds) if crowd is None else ""
            raise Diverged((*place, "crowd"), what, known)
        for (channel, _), given in groupby(
            enumerate(crowds.answers(turnout, crowd, request.ask)),
            lambda each: (each[1].channel, each[0] // HANDFUL),
        ):
            self.social.inbox.accept(channel, [response for _, response in given])
        self._work()

    def _account(self, step: Step, place: Place) -> str:
        """The person's account on the channel by which the answer comes."""
        for community in self.social.communities.values():
            for member in community.roll:
                for account in member.accounts:
                    if member.person == step.person and account.channel == step.channel:
                        return account.id
        if step.standing:
            return step.person  # somebody who is on no roll is scripted to be turned away
        what = f"'{step.person}' has no account on '{step.channel}'"
        raise Diverged((*place, "person"), what, did_you_mean(step.person, self.social.people()))

    def _link(self, step: Step, place: Place) -> None:
        """As people do it: a code from here is said there, and the code that comes back is said here."""
        code = self.social.link_code(step.link).code
        answered = self.social.link_account(step.channel, step.account, code)
        done = self.social.confirm_link(step.link, answered.code)
        if not done.linked:
            raise Diverged(
                (*place, "link"), f"'{step.link}' could not link it", done.reason or answered.reason
            )

    def _revise(self, step: Step, place: Place) -> None:
        request = self._request(step.revise, step, place)
        media = [{"src": self._put(picture.src), "alt": picture.alt} for picture in step.media]
        self.social.revise(request.id, text=step.text, media=media or None)

    def _fail(self, step: Step, place: Place) -> None:
        community = self.social.communities.get(step.fail)
        if community is None:
            what = f"there is no community '{step.fail}'"
            raise Diverged((*place, "fail"), what, did_you_mean(step.fail, self.social.communities))
        self._faults.plan(frozenset(community.destinations), step.as_, step.times)

    def _request(self, element: str, step: Step, place: Place, *, ended: bool = False) -> RequestView:
        """The request that a step means: the newest of that element, or the ``nth`` of those open."""
        of_element = [
            request
            for request in self.social.requests(self._run, open_only=False)
            if request.element == element and (ended or request.state in LIVE)
        ]
        if len(of_element) < max(step.nth, 1):
            run = self.social.run(self._run)
            stands = f"the run is {run.status}{': ' + run.reason if run.reason else ''}"
            diff = "\n".join((stands, *waits(self.social, run)))
            raise Diverged(place, f"nobody is asked at '{element}'", diff)
        return of_element[step.nth - 1]  # 0 is the newest: the last one

    def _check(self, step: Step, place: Place) -> None:
        if step.expect and (found := next(midway(step.expect, self.evidence(), (*place, "expect")), None)):
            raise Diverged(found.place, found.what, found.diff)

    def _put(self, file: str) -> str:
        path = self._script.path.parent / file
        try:
            return self.social.media.put(path.read_bytes())
        except OSError as error:
            raise DefinitionError(
                Problem(file=self._script.file.name, what=f"'{file}' cannot be read: {error.strerror}")
            ) from None


def _content_rules(script: Script) -> dict[str, Any]:
    """The rules, if there are any: written in the replay, or in a file beside it."""
    rules = script.replay.content_rules
    if rules is None:
        return {}
    return {"content_rules": str(script.path.parent / rules) if isinstance(rules, str) else rules}


def _stubs(stubs: Mapping[str, Any]) -> Iterator[tuple[str, list[dict[str, Any]]]]:
    for element, answers in stubs.items():
        yield element, answers if isinstance(answers, list) else [answers]


def _stub(answers: list[dict[str, Any]], data: Mapping[str, Any]) -> dict[str, Any]:
    """One answer per call; the last one for all further calls."""
    return answers.pop(0) if len(answers) > 1 else answers[0]
