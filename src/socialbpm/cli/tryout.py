"""A process tried out on the terminal: everything on the local channel, in memory, under a clock that is put
on.
"""

from __future__ import annotations

import sys
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from socialbpm.cli.narration import Narrator
from socialbpm.cli.output import as_text, say
from socialbpm.settings import Settings
from socialbpm.settings.bindings import LOCAL, MEMBERS, Bound
from socialbpm.settings.wiring import wire
from socialbpm.social import Social
from socialbpm.social.views import RequestView, Run
from socialbpm.spiff.check import communities_of
from socialbpm.testing.clock import FakeClock

ENDED = ("finished", "parked", "cancelled")
PASSES = 1000  # a process that has not ended after so many timers and answers waits for something else


def tryout(
    files: Sequence[Path],
    data: Mapping[str, Any],
    known: Mapping[str, Bound],
    people: list[str],
    *,
    quiet: bool,
) -> Run:
    """Run a process until it ends or nobody is there to answer. Raises DefinitionError."""
    clock = FakeClock(datetime.now(UTC).replace(microsecond=0))
    settings = Settings.alone(database="sqlite://", communities=_local(files, known, people))
    narrate = Narrator((lambda line: None) if quiet else say)
    with wire(settings, clock) as social:
        run_id = social.start(social.deploy(*files), data).id
        for _ in range(PASSES):
            social.work()
            narrate(social)
            if social.run(run_id).status in ENDED or not _go_on(social, clock, run_id):
                break
        ended = social.run(run_id)
    if not quiet:
        say(as_text(ended.data))
    return ended


def _local(files: Sequence[Path], known: Mapping[str, Bound], people: list[str]) -> dict[str, dict[str, Any]]:
    """Every community on the local channel: with its own people if the settings know it, else with
    ``people``.
    """
    named = {name: {LOCAL: people} for name in communities_of(files)}
    rolls = {name: {LOCAL: sorted(bound.people), MEMBERS: bound.members} for name, bound in known.items()}
    return named | rolls


def _go_on(social: Social, clock: FakeClock, run_id: str) -> bool:
    """Answer something, or put the clock on to what is due next; False when there is nothing to do."""
    for request in social.run(run_id).requests:
        if request.choices and _ask(social, request):
            return True
    due = social.next_due()
    if due is None:
        return False
    clock.set(max(due, clock.now()))
    return True


def _ask(social: Social, request: RequestView) -> bool:
    """Ask on the terminal for one answer; an empty line gives none, so that time passes."""
    if not (sys.stdin.isatty() and sys.stdout.isatty()):
        return False
    say(f"\n{request.text}")
    for choice in request.choices:
        say(f"  {choice.key}: {choice.label}")
    person = _person(request)
    said = input(f"{person}: ") if person else ""
    if not said.strip():
        return False
    reply = social.respond(request.id, person, words=f"{said}\n{input('because: ')}")
    if reply.standing != "received":
        say(f"{reply.standing}: {reply.reason}")
    return True


def _person(request: RequestView) -> str:
    if len(request.people) == 1:
        return request.people[0]
    return input(f"who answers ({', '.join(request.people)}; Enter: nobody, time passes)? ").strip()
