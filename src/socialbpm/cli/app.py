"""The commands, in the order in which somebody meets them."""

from __future__ import annotations

import typer

from socialbpm import __version__
from socialbpm.cli import demo, models, people, posts, requests, respond, runs, service, tally

app = typer.Typer(
    name="socialbpm",
    help="Social interaction as an ordinary step of a BPMN process.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,  # it prints local variables, and those may hold people's words
    context_settings={"help_option_names": ["-h", "--help"]},
)


def _version(wanted: bool) -> None:
    if wanted:
        print(__version__)
        raise typer.Exit


@app.callback()
def _options(
    version: bool = typer.Option(
        False, "--version", callback=_version, is_eager=True, help="Show the version."
    ),
) -> None:
    """Social interaction as an ordinary step of a BPMN process."""


for command in (
    demo.demo,
    models.check,
    models.run,
    models.replay,
    tally.tally,
    service.serve,
    service.worker,
    runs.start,
    runs.runs,
    runs.cancel,
    runs.resume,
    requests.requests,
    respond.respond,
    people.people,
    people.link,
    posts.stuck,
    posts.settle,
    service.channels,
    service.migrate,
):
    app.command()(command)
