"""What concerns people: their personal links."""

from __future__ import annotations

from typing import Annotated

import typer

from socialbpm.cli.options import Database, Json, SettingsFile, opened
from socialbpm.cli.output import as_json, say, warn

NOBODY = (
    "no community names anybody; write them under [communities] in the settings, given by --settings FILE"
)


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
    if not links:
        warn(NOBODY)
    for name, url in links.items():
        say(url if person else f"{name}\t{url}")
