"""Runs: start one, look at them, cancel one."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from socialbpm.cli.options import Data, Database, Json, SettingsFile, opened, parsed
from socialbpm.cli.output import as_json, moment, say, table

if TYPE_CHECKING:
    from socialbpm.social import Social
    from socialbpm.social.views import Run


def start(
    process: Annotated[
        str, typer.Argument(help="The BPMN id of a deployed process, or a BPMN file to deploy.")
    ],
    more: Annotated[
        list[Path] | None, typer.Argument(metavar="[FILE]...", help="Further files that the process needs.")
    ] = None,
    data: Data = None,
    run_id: Annotated[
        str, typer.Option("--run-id", help="An id of your own: a repeat finds the same run.")
    ] = "",
    settings: SettingsFile = None,
    database: Database = "",
    json: Json = False,
) -> None:
    """Start a run; a worker carries it on."""
    values = parsed(data)
    with opened(settings, database) as social:
        run = social.start(_deployed(social, process, more or []), values, run_id=run_id or None)
    as_json(run) if json else say(run.id)


def runs(
    run: Annotated[str, typer.Argument(help="The id of one run; left out: all of them.")] = "",
    status: Annotated[
        str, typer.Option(help="Only those that are running, waiting, finished, parked or cancelled.")
    ] = "",
    limit: Annotated[int, typer.Option(min=1, help="At most so many.")] = 100,
    after: Annotated[
        str, typer.Option(metavar="RUN", help="Go on after this run (the last one shown).")
    ] = "",
    settings: SettingsFile = None,
    database: Database = "",
    json: Json = False,
) -> None:
    """Show runs, newest first, or one run with its data."""
    wanted = _known(status)
    with opened(settings, database) as social:
        if run:
            one = social.run(run)
            return as_json(one) if json else _show(one)
        if after:
            social.run(after)  # one that is not there is a mistake, not the last page
        found = social.runs(wanted, limit=limit, after=after)
    if json:
        return as_json(found)
    columns = ("run", "process", "status", "started", "reason")
    table(
        columns,
        ((r.id, r.process, r.status, moment(r.started_at), r.reason) for r in found),
        empty=_none(wanted),
    )


def cancel(
    run: Annotated[str, typer.Argument(help="The id of the run.")],
    reason: Annotated[str, typer.Option(help="Why; it stands under its open posts.")] = "",
    settings: SettingsFile = None,
    database: Database = "",
) -> None:
    """End a run; its open requests are cancelled."""
    with opened(settings, database) as social:
        social.cancel(run, reason)
    say(f"cancelled: {run}")


def resume(
    run: Annotated[str, typer.Argument(help="The id of the run.")],
    settings: SettingsFile = None,
    database: Database = "",
) -> None:
    """Try a parked run again, now that its cause has been mended; posts that were refused are sent anew."""
    with opened(settings, database) as social:
        social.resume(run)
    say(f"resumed: {run}")


def _deployed(social: Social, process: str, more: list[Path]) -> str:
    """The id to start: a file is deployed first. Raises DefinitionError, NotFound."""
    if process.endswith((".bpmn", ".xml")):
        return social.deploy(process, *more).id
    if process in (known := social.processes()):
        return process
    from socialbpm.errors import NotFound
    from socialbpm.tasks.notation import did_you_mean

    near = did_you_mean(process, known)
    joined = f"{near} Or " if near.endswith("?") else f"{near}; or " if near else ""
    instead = f"give its BPMN file: socialbpm start {process}.bpmn"
    raise NotFound(f"no process '{process}' is deployed; {joined}{instead}")


def _none(status: str | None) -> str:
    return f"no run is {status}" if status else "no runs yet; start one with `socialbpm start FILE.bpmn`"


def _known(status: str) -> str | None:
    """The status asked for. Raises typer.BadParameter for one that no run can have."""
    from socialbpm.social.views import Status
    from socialbpm.tasks.notation import nearest

    known = [str(each) for each in Status]
    if not status or status in known:
        return status or None
    near = f"; did you mean '{near}'?" if (near := nearest(status, known)) else ""
    raise typer.BadParameter(f"'{status}' is not one of {', '.join(known)}{near}", param_hint="'--status'")


def _show(run: Run) -> None:
    from json import dumps

    say(f"{run.id}  {run.process}  {run.status}" + (f": {run.reason}" if run.reason else ""))
    say(f"started {moment(run.started_at)}, changed {moment(run.changed_at)}")
    say("path: " + " → ".join(run.path))
    for request in run.requests:
        say(f"waits for {request.id}  {request.element}: {request.text}")
    say(dumps(run.data, ensure_ascii=False, indent=2, default=str))
