"""Answers: hand one in for somebody, and say at once what becomes of it."""

from __future__ import annotations

import time
from dataclasses import asdict
from typing import TYPE_CHECKING, Annotated

import typer

from socialbpm.cli.options import Database, Json, SettingsFile, opened
from socialbpm.cli.output import as_json, say, warn

if TYPE_CHECKING:
    from socialbpm.inbox import Reply
    from socialbpm.social import Social

TAKEN = ("received", "accepted", "superseded", "withdrawn")  # the last three: it was handed in before
LOOK = 0.1  # seconds between two looks at what a worker is counting


def respond(
    request: Annotated[str, typer.Argument(help="The id of the request.")],
    person: Annotated[str, typer.Option("--person", "-p", help="Who answers.")],
    choice: Annotated[
        list[str] | None, typer.Option("--choice", "-c", metavar="KEY", help="What they choose. Repeatable.")
    ] = None,
    words: Annotated[
        str,
        typer.Option(
            "--say",
            metavar="WORDS",
            help="Their answer as people write it: `north > south: the hills are icy`.",
        ),
    ] = "",
    delegate: Annotated[str, typer.Option(help="They hand their ballot to this person.")] = "",
    withdraw: Annotated[bool, typer.Option("--withdraw", help="They take their answer back.")] = False,
    comment: Annotated[str, typer.Option(help="Their reason.")] = "",
    version: Annotated[int, typer.Option(min=0, help="The version of the request that they saw.")] = 0,
    event_id: Annotated[
        str, typer.Option("--event-id", help="An id of your own: the same answer again counts once.")
    ] = "",
    wait: Annotated[
        float,
        typer.Option(
            min=0, metavar="SECONDS", help="How long to wait where a worker is counting at this moment."
        ),
    ] = 5,
    settings: SettingsFile = None,
    database: Database = "",
    json: Json = False,
) -> None:
    """Hand in somebody's answer, and say whether it counts. It is kept in any case.

    `received` means that it is in, but not counted yet.
    """
    if sum(map(bool, (choice, words, delegate, withdraw))) != 1:
        raise typer.BadParameter(
            "an answer is one or more --choice KEY, or --say WORDS, or --delegate PERSON, or --withdraw"
        )
    with opened(settings, database) as social:
        reply = social.respond(
            request,
            person,
            choice or [],
            comment,
            version,
            words=words,
            delegate=delegate,
            event_id=event_id,
        )
        reply = _counted(social, request, reply, wait)
        remedy = "" if reply.standing in TAKEN else _remedy(social, request, person, choice or [], reply)
    _tell(reply, remedy, json=json)
    if reply.standing not in TAKEN:
        raise typer.Exit(1)


def _counted(social: Social, request_id: str, reply: Reply, wait: float) -> Reply:
    """The reply as it stands after the count; ``received`` if that takes longer than ``wait`` seconds."""
    social.count(request_id)
    if reply.standing != "received":
        return reply
    until = time.monotonic() + wait
    while (became := social.inbox.standing(reply.seq)).standing == "received" and time.monotonic() < until:
        time.sleep(LOOK)
    return became


def _remedy(social: Social, request_id: str, person: str, chosen: list[str], reply: Reply) -> str:
    """What whoever typed this can do about it; empty if nothing."""
    from socialbpm.errors import NotFound
    from socialbpm.tasks.notation import did_you_mean, nearest

    try:
        asked = social.request(request_id)
    except NotFound:
        return "`socialbpm requests` shows those that are open"
    keys = [choice.key for choice in asked.choices]
    if not keys:
        return "it is a post and asks nothing"
    if reply.standing == "ineligible" and person not in asked.people:
        near = nearest(person, asked.people)
        return f"did you mean '{near}'?" if near else f"on it are {', '.join(asked.people)}"
    unknown = [key for key in chosen if key not in keys]
    if reply.standing == "spoiled" and unknown:
        return f"{did_you_mean(unknown[0], keys)} The choices are {', '.join(keys)}"
    return ""


def _tell(reply: Reply, remedy: str, *, json: bool) -> None:
    text = ": ".join(filter(None, (reply.standing, reply.reason)))
    if json:
        as_json(asdict(reply) | {"remedy": remedy})
    elif reply.standing in TAKEN:
        say(text)
    if reply.standing not in TAKEN:
        warn("; ".join(filter(None, (text, remedy))))
