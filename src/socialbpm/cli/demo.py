"""The demonstration: two of the samples, played by scripted people or by whoever sits in front of it."""

from __future__ import annotations

import sys
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Annotated

import typer

from socialbpm.cli.output import as_text, say, warn
from socialbpm.errors import NotFound

if TYPE_CHECKING:
    from threading import Event

    from socialbpm.cli.narration import Narrator
    from socialbpm.settings import Settings
    from socialbpm.social import Social
    from socialbpm.social.views import Run
    from socialbpm.testing.evidence import Evidence
    from socialbpm.testing.replay import Script

PLAYED = ("press_release", "community_poll_branch")
ENDED = ("finished", "parked", "cancelled")
LOOK = 0.3  # seconds between two looks at what has happened
LAST_LOOK = 5  # seconds for an open page to come up to date before its server goes


def demo(
    auto: Annotated[bool, typer.Option("--auto", help="Scripted people answer; nothing is served.")] = False,
    port: Annotated[
        int, typer.Option(min=0, max=65535, help="The port of the pages; 0: any that is free.")
    ] = 8000,
    stay: Annotated[
        bool, typer.Option("--stay/--no-stay", help="Keep the pages up when the process has ended.")
    ] = True,
) -> None:
    """Play a press release that you review in the browser, or with --auto two samples with scripted
    people.
    """
    if auto:
        for name in PLAYED:
            _play(name)
    else:
        _serve(port, stay=stay and sys.stdout.isatty())


def samples() -> Path:
    """Where the samples are: in the installed package, or in the source tree. Raises NotFound."""
    package = Path(__file__).parents[1]
    for folder in (package / "samples", package.parents[1] / "bpmn_samples"):
        if folder.is_dir():
            return folder
    raise NotFound("the samples are not installed beside this program")


def _script(name: str) -> Script:
    from socialbpm.testing.replay import read

    return read(samples() / f"{name}.replay.toml")


def _play(name: str) -> None:
    """A sample under a clock that is put on, told as it happens."""
    from socialbpm.cli.narration import Narrator
    from socialbpm.testing.replay import play

    script = _script(name)
    say(f"── {script.models[0].name}: {script.title}")
    played = play(script, Narrator(say))
    _tell_result(played.evidence)
    if played.report:
        warn(played.report)
        raise typer.Exit(1)


def _tell_result(evidence: Evidence) -> None:
    for element, outcomes in evidence.outcomes.items():
        say(f"outcome of {element}: {', '.join(outcomes)}")
    say(f"path: {' → '.join(evidence.path)}")
    say(f"result ({evidence.status}): {as_text(evidence.data)}\n")


def _serve(port: int, *, stay: bool) -> None:
    """The first sample for real: the pages, a worker, and a person in front of a browser."""
    from socialbpm.cli.lookers import Lookers
    from socialbpm.cli.narration import Narrator
    from socialbpm.cli.service import address, listening, serving, told_to_stop, working
    from socialbpm.settings.wiring import open_

    script, stop = _script(PLAYED[0]), told_to_stop()
    with TemporaryDirectory(prefix="socialbpm-demo-") as folder, listening("127.0.0.1", port) as socket:
        settings = _settings(script, Path(folder), address("127.0.0.1", socket))
        with (
            open_(settings) as social,
            working(social),
            serving(social, socket, lookers := Lookers(social.asgi())),
        ):
            say(f"── {script.models[0].name}, pages at {social.base_url}/")
            ended = _until_ended(social, _started(social, script), Narrator(say), stop)
            say(f"result ({ended.status}): {as_text(ended.data)}")
            if stay and not stop.is_set():
                say("the pages stay up until you press Ctrl-C")
                stop.wait()
            elif not stop.is_set():
                lookers.wait(LAST_LOOK)
    if ended.status == "parked":
        raise typer.Exit(1)


def _settings(script: Script, folder: Path, base_url: str) -> Settings:
    from socialbpm.settings import Settings

    return Settings.alone(
        database=f"sqlite:///{folder / 'demo.db'}", communities=script.replay.communities, base_url=base_url
    )


def _started(social: Social, script: Script) -> str:
    process = social.deploy(*script.models)
    media = {
        name: social.media.put((script.path.parent / file).read_bytes())
        for name, file in script.replay.media.items()
    }
    return social.start(script.replay.process or process, script.replay.data | media).id


def _until_ended(social: Social, run_id: str, narrate: Narrator, stop: Event) -> Run:
    """Tell what happens, with a link for each question, until the run has ended or ``stop`` is set."""
    asked: set[str] = set()
    while True:
        narrate(social)
        run = social.run(run_id)
        for request in run.requests:
            if request.choices and request.id not in asked:
                asked.add(request.id)
                person = request.people[0]
                say(f"\n  Answer as {person}: {social.link(person, f'/requests/{request.id}')}\n")
        if run.status in ENDED or stop.wait(LOOK):
            return run
