"""What concerns people: who they are, their accounts and links, and forgetting them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from socialbpm.cli.options import Database, Json, SettingsFile, opened
from socialbpm.cli.output import as_json, moment, say, sheet, table, warn

if TYPE_CHECKING:
    from collections.abc import Iterator

    from socialbpm.accounts import Linking
    from socialbpm.erasure import Forgotten
    from socialbpm.social import PersonView, Social

NOBODY = (
    "no community names anybody; write them under [communities] in the settings, given by --settings FILE"
)
LOCAL = "local"


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


def people(
    code: Annotated[
        str, typer.Option("--code", metavar="PERSON", help="Make a code with which they link an account.")
    ] = "",
    link: Annotated[
        str, typer.Option("--link", metavar="CODE", help="Say that code with --channel and --account.")
    ] = "",
    confirm: Annotated[
        str, typer.Option("--confirm", metavar="CODE", help="Say the code that came back, with --person.")
    ] = "",
    unlink: Annotated[
        bool, typer.Option("--unlink", help="The account (--channel, --account) is nobody's again.")
    ] = False,
    forget: Annotated[
        str,
        typer.Option(
            "--forget", metavar="ID", help="Erase somebody's words, name and links. It cannot be undone."
        ),
    ] = "",
    channel: Annotated[str, typer.Option(help="The channel of an account.")] = "",
    account: Annotated[str, typer.Option(help="The account's own id there.")] = "",
    person: Annotated[str, typer.Option(help="Who confirms.")] = "",
    settings: SettingsFile = None,
    database: Database = "",
    json: Json = False,
) -> None:
    """Show everybody with their communities, weights, groups and accounts; link accounts; forget somebody."""
    if sum(map(bool, (code, link, confirm, unlink, forget))) > 1:
        raise typer.BadParameter("say one of --code, --link, --confirm, --unlink and --forget")
    if (link or unlink) and not (channel and account):
        raise typer.BadParameter("an account is --channel NAME and --account ID")
    if confirm and not person:
        raise typer.BadParameter("say who confirms: --person NAME")
    with opened(settings, database) as social:
        accounts = social.rooms.accounts
        if forget:
            _forgotten(social.forget(forget), json=json)
        elif code:
            _coded(social, code, json=json)
        elif link:
            _linked(accounts.say(channel, account, link), json=json)
        elif confirm:
            _linked(accounts.say(LOCAL, person, confirm), json=json)
        elif unlink:
            accounts.unlink(channel, account)
            say(f"unlinked: {account} on {channel}")
        else:
            _all(social.roster(), json=json)


def _all(everybody: list[PersonView], *, json: bool) -> None:
    if json:
        return as_json(everybody)
    columns = ("person", "communities", "groups", "accounts", "note")
    table(columns, [tuple(_row(each)) for each in everybody], empty=NOBODY)


def _row(known: PersonView) -> Iterator[str]:
    yield known.person
    yield ", ".join(
        name if weight == "1" else f"{name} (weight {weight})" for name, weight in known.weights.items()
    )
    yield ", ".join(name for name in known.groups if name not in known.weights)
    yield ", ".join(f"{each.channel}:{each.id}" for each in known.accounts)
    yield ", ".join(_notes(known))


def _notes(known: PersonView) -> Iterator[str]:
    if known.operator:
        yield "operator"
    if known.forgotten == "yes":
        yield "forgotten, but still in the settings: take them out there"
    elif known.forgotten:
        yield f"forgetting was cut off: socialbpm people --forget {known.person}"


def _coded(social: Social, person: str, *, json: bool) -> None:
    made = social.rooms.accounts.code(person)
    if json:
        return as_json(made)
    say(f"{made.code}\tuntil {moment(made.expires_at)}; say it with the account that is to be linked")


def _linked(linking: Linking, *, json: bool) -> None:
    """What came of saying a code; a refusal is the caller's mistake."""
    if json:
        as_json(linking)
    elif linking.linked or linking.code:
        say(linking.reason)
    if not (linking.linked or linking.code):
        warn(linking.reason)
        raise typer.Exit(1)


def _forgotten(done: Forgotten, *, json: bool) -> None:
    if json:
        return as_json(done)
    sheet("forgotten", [*_told(done)])


def _told(done: Forgotten) -> Iterator[tuple[str, str]]:
    """What was done, what was found and could not be reached, and where nobody has looked."""
    yield "forgotten", f"{done.token} stands for them now"
    yield "erased", f"{done.answers} answers and {done.comments} texts, in {done.requests} requests"
    yield "rewritten", f"{done.runs} runs, {done.posts} posts, {done.audit} entries of the audit"
    yield "edits", f"{done.edits} on channels, carried out by `socialbpm worker`"
    for each in done.unreached:
        yield "not reached", each
    for each in done.beyond:
        yield "not looked at", each
