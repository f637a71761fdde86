"""Models: check them, try them out, replay them."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from socialbpm.cli.options import Data, Files, Json, SettingsFile, parsed, settings
from socialbpm.cli.output import as_json, progress, say, warn

if TYPE_CHECKING:
    from socialbpm.testing.coverage import Coverage
    from socialbpm.testing.replay import Played


def check(
    files: Files,
    settings_file: SettingsFile = None,
    json: Json = False,
) -> None:
    """Say what is wrong with models, each with its file, line, element and remedy."""
    from socialbpm.settings import communities
    from socialbpm.settings.wiring import capabilities
    from socialbpm.spiff.check import check_files

    given = settings(settings_file) if settings_file else None
    problems = check_files(
        files,
        communities=communities(given) if given else None,
        channels=capabilities(given) if given else None,
        calendars=given.calendars if given else None,
        rules=given.content_rules if given else None,
    )
    if json:
        as_json(problems)
    else:
        for problem in problems:
            warn(str(problem))
        if not problems:
            say(f"{len(files)} {'file' if len(files) == 1 else 'files'}: nothing wrong")
    if problems:
        raise typer.Exit(1)


def run(
    files: Files,
    data: Data = None,
    people: Annotated[
        str,
        typer.Option(
            "--people", metavar="NAMES", help="Who is in communities that the settings do not name."
        ),
    ] = "you",
    settings_file: SettingsFile = None,
    json: Json = False,
) -> None:
    """Try a process out, in one go: you answer for everybody, on this terminal.

    Nothing leaves this machine and nothing is kept; where the process waits for a time, the clock is put on.
    """
    from socialbpm.cli.tryout import tryout

    known = settings(settings_file).communities if settings_file else {}
    names = [name.strip() for name in people.split(",") if name.strip()]
    ended = tryout(files, parsed(data), known, names, quiet=json)
    if json:
        as_json(ended)
    if ended.status != "finished":
        warn(f"{files[0]}: the run is {ended.status}" + (f": {ended.reason}" if ended.reason else ""))
        raise typer.Exit(1)


def replay(
    files: Annotated[
        list[Path],
        typer.Argument(metavar="FILE...", help="Replay files, or folders in which to look for them."),
    ],
    coverage: Annotated[
        bool, typer.Option("--coverage", help="Say which elements and outcomes were never reached.")
    ] = False,
    json: Json = False,
) -> None:
    """Play scripted runs and compare what comes out; fails at the first divergence of each."""
    from socialbpm.errors import DefinitionError
    from socialbpm.testing.replay import play, read

    played: list[Played] = []
    failed: dict[str, str] = {}
    found = _found(files)
    with progress("replaying", len(found)) as step:
        for path in found:
            try:
                played.append(play(read(path)))
                report = played[-1].report
            except DefinitionError as error:
                report = str(error)
            if report:
                failed[str(path)] = report
            step(f"{'differs' if report else 'as it says'}: {path}")
    _report(found, played, failed, coverage=coverage, json=json)
    if failed:
        raise typer.Exit(1)


def _found(paths: list[Path]) -> list[Path]:
    """The replay files among and under ``paths``, in order."""
    found = [
        file for path in paths for file in (sorted(path.rglob("*.replay.toml")) if path.is_dir() else [path])
    ]
    if not found:
        warn(f"{paths[0]}: there is no *.replay.toml in it")
        raise typer.Exit(1)
    return found


def _report(
    found: list[Path], played: list[Played], failed: dict[str, str], *, coverage: bool, json: bool
) -> None:
    from socialbpm.testing import coverage as reached

    covered = reached.coverage(played) if coverage else []
    if json:
        results = [{"file": str(path), "divergence": failed.get(str(path), "")} for path in found]
        document: dict[str, Any] = {"replays": results}
        as_json(document | {"coverage": covered} if coverage else document)
        return
    for report in failed.values():
        warn(report)
    say(f"{len(found) - len(failed)} of {len(found)} replays went as they say")
    for model in covered:
        _say_covered(model)


def _say_covered(model: Coverage) -> None:
    reached, came = model.elements - len(model.unreached), model.outcomes - len(model.missing)
    say(f"{model.model}: {reached} of {model.elements} elements, {came} of {model.outcomes} outcomes")
    for element in model.unreached:
        say(f"  never reached: {element}")
    for element, outcome in model.missing:
        say(f"  never came: {element} {outcome}")
