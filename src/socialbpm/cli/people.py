"""What concerns people: what they are asked, their answers, their personal links."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from socialbpm.cli.options import Database, Json, SettingsFile, opened
from socialbpm.cli.output import as_json, moment, say, table, warn

if TYPE_CHECKING:
    from collections.abc import Iterator

    from socialbpm.social.views import RequestView

TAKEN = ("received", "accepted", "superseded", "withdrawn")  # the last three: it was handed in before


def requests(
    request: Annotated[str, typer.Argument(help="The id of one request; left out: all that are open.")] = "",
    run: Annotated[str, typer.Option(help="Only those of this run.")] = "",
    everything: Annotated[bool, typer.Option("--all", help="Those that have ended, too.")] = False,
    limit: Annotated[int, typer.Option(min=1, help="At most so many.")] = 1000,
    settings: SettingsFile = None,
    database: Database = "",
    json: Json = False,
) -> None:
    """Show what people are asked, in order of asking."""
    with opened(settings, database) as social:
        if request:
            found = [social.request(request)]
        else:
            found = social.requests(run or None, open_only=not everything, limit=limit)
    if json:
        return as_json(found[0] if request else found)
    table(("request", "element", "state", "until", "answers", "text"), [tuple(_row(each)) for each in found])


def respond(
    request: Annotated[str, typer.Argument(help="The id of the request.")],
    person: Annotated[str, typer.Option("--person", "-p", help="Who answers.")],
    choice: Annotated[
        list[str] | None, typer.Option("--choice", "-c", metavar="KEY", help="What they choose. Repeatable.")
    ] = None,
    withdraw: Annotated[bool, typer.Option("--withdraw", help="They take their answer back.")] = False,
    comment: Annotated[str, typer.Option(help="Their reason.")] = "",
    version: Annotated[int, typer.Option(min=0, help="The version of the request that they saw.")] = 0,
    event_id: Annotated[
        str, typer.Option("--event-id", help="An id of your own: the same answer again counts once.")
    ] = "",
    settings: SettingsFile = None,
    database: Database = "",
    json: Json = False,
) -> None:
    """Hand in somebody's answer; a worker counts it."""
    if bool(choice) == withdraw:
        raise typer.BadParameter("an answer is one or more --choice KEY, or --withdraw")
    with opened(settings, database) as social:
        reply = social.respond(request, person, choice or [], comment, version, event_id=event_id)
    if json:
        as_json(reply)
    elif reply.standing in TAKEN:
        say(reply.standing)
    if reply.standing not in TAKEN:
        warn(f"{reply.standing}: {reply.reason}")
        raise typer.Exit(1)


def link(
    person: Annotated[
        str, typer.Argument(help="Whom the link signs in; left out: everybody, one line each.")
    ] = "",
    path: Annotated[str, typer.Option(help="The page it leads to, such as /requests/ID.")] = "/",
    settings: SettingsFile = None,
    database: Database = "",
    json: Json = False,
) -> None:
    """Print personal links to the pages. Whoever has such a link is that person: send it to nobody else."""
    with opened(settings, database) as social:
        links = {each: social.link(each, path) for each in ([person] if person else social.people())}
    if json:
        return as_json(links)
    for name, url in links.items():
        say(url if person else f"{name}\t{url}")


def _row(request: RequestView) -> Iterator[str]:
    yield from (request.id, request.element, request.outcome or request.error or request.state)
    yield moment(request.ends_at)
    yield ", ".join(f"{key} {count}" for key, count in request.counts.items()) or "–"
    yield request.text
