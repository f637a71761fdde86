"""Posts that wait for a person: nobody knows whether they went out, or they were refused."""

from __future__ import annotations

from typing import Annotated

import typer

from socialbpm.cli.options import Database, Json, SettingsFile, opened
from socialbpm.cli.output import as_json, say, table


def stuck(
    revive: Annotated[
        str, typer.Option("--revive", metavar="ID", help="Try this work again: its cause has been mended.")
    ] = "",
    settings: SettingsFile = None,
    database: Database = "",
    json: Json = False,
) -> None:
    """Show what waits for a person: posts to settle, and work that was given up, each with its reason."""
    with opened(settings, database) as social:
        if revive:
            social.revive(revive)
            return say(f"revived: {revive}")
        posts, work = social.stuck(), social.parked_work()
    if json:
        return as_json([*posts, *work])
    columns = ("id", "where", "state", "error", "text")
    rows = [(p.id, f"{p.channel}/{p.room}", p.state, p.error, p.text) for p in posts]
    table(
        columns,
        [*rows, *((w.id, w.kind, "PARKED", w.error, "") for w in work)],
        empty="nothing waits for a person",
    )


def settle(
    post: Annotated[str, typer.Argument(help="The id of the post, as `stuck` shows it.")],
    stands: Annotated[
        str, typer.Option("--stands", metavar="REMOTE_ID", help="It went out: its id on the channel.")
    ] = "",
    url: Annotated[str, typer.Option(help="Its address, if it stands.")] = "",
    send: Annotated[bool, typer.Option("--send", help="It did not go out: send it again.")] = False,
    settings: SettingsFile = None,
    database: Database = "",
) -> None:
    """Say what became of a stuck post. Look at the channel first: what is sent again may stand twice."""
    if bool(stands) == send:
        raise typer.BadParameter("say either --stands REMOTE_ID or --send")
    with opened(settings, database) as social:
        social.settle(post, remote_id=stands, url=url)
    say(f"settled: {post}")
