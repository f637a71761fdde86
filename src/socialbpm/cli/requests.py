"""Requests: what people are asked, what they have answered, and how it stands."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Final, Literal

import typer

from socialbpm.cli.options import Database, Json, SettingsFile, opened
from socialbpm.cli.output import as_json, moment, say, sheet, table, warn

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from socialbpm.social import Social
    from socialbpm.social.views import PostView, RequestView, ResponseView

SHOWN = 50  # answers of one request, the newest; a program gets more
FORMS: Final[dict[str, Literal["svg", "png"]]] = {".svg": "svg", ".png": "png"}
EMPTY = "nobody is asked anything; requests open while a run goes on: see `socialbpm runs`"


def requests(
    request: Annotated[str, typer.Argument(help="The id of one request; left out: all that are open.")] = "",
    run: Annotated[str, typer.Option(help="Only those of this run.")] = "",
    everything: Annotated[bool, typer.Option("--all", help="Those that have ended, too.")] = False,
    limit: Annotated[int, typer.Option(min=1, help="At most so many.")] = 1000,
    explain: Annotated[
        str, typer.Option("--explain", metavar="ID", help="How this one was decided, sentence by sentence.")
    ] = "",
    verify: Annotated[
        bool, typer.Option("--verify", help="Exit with 1 if counting it anew comes to something else.")
    ] = False,
    chart: Annotated[
        Path | None,
        typer.Option("--chart", metavar="FILE", help="Draw how it stands or ended: an .svg or .png file."),
    ] = None,
    settings: SettingsFile = None,
    database: Database = "",
    json: Json = False,
) -> None:
    """Show what people are asked, in order of asking, or one request with its answers and how they stand."""
    wanted = explain or request
    if (verify or chart) and not wanted:
        raise typer.BadParameter("say which request: requests ID --verify, or --explain ID --verify")
    if chart and chart.suffix not in FORMS:
        raise typer.BadParameter(f"'{chart}' is no .svg and no .png file", param_hint="--chart")
    with opened(settings, database) as social:
        if chart:
            return _drawn(social, wanted, chart)
        if explain or verify:
            return _explained(social, wanted, verify=verify, json=json)
        if request:
            return _one(social, request, limit, json=json)
        if run:
            social.run(run)  # one that is not there is a mistake, not an empty list
        found = social.requests(run or None, open_only=not everything, limit=limit)
    if json:
        return as_json(found)
    columns = ("request", "element", "state", "until", "answers", "text")
    table(columns, [tuple(_row(each)) for each in found], empty=EMPTY)


def _one(social: Social, request_id: str, limit: int, *, json: bool) -> None:
    request, responses = social.request(request_id), social.responses(request_id, limit=limit)
    if json:
        return as_json(asdict(request) | {"responses": responses})
    sheet(request.name or request.element, [*_lines(request, responses)])


def _drawn(social: Social, request_id: str, file: Path) -> None:
    try:
        file.write_bytes(social.chart(request_id, FORMS[file.suffix]))
    except OSError as error:
        warn(f"{file}: {error.strerror}; give a file that can be written")
        raise typer.Exit(1) from None
    say(f"drawn: {file}")


def _explained(social: Social, request_id: str, *, verify: bool, json: bool) -> None:
    found = social.explain(request_id)
    if json:
        as_json(asdict(found) | {"holds": found.holds})
    else:
        sheet(f"How {request_id} was decided", found.told)
    if verify and not found.holds:
        warn("\n".join(found.problems))
        raise typer.Exit(1)


def _row(request: RequestView) -> Iterator[str]:
    yield from (request.id, request.element, _state(request))
    yield moment(request.ends_at)
    yield ", ".join(f"{key} {count}" for key, count in request.counts.items() if count) or "–"
    yield request.text


def _lines(request: RequestView, responses: Sequence[ResponseView]) -> Iterator[tuple[str, str]]:
    """What there is to say of a request: label and text, in order of reading."""
    yield "request", request.id
    yield "element", f"{request.element} ({request.kind}) of run {request.run}"
    yield "state", request.explanation or _state(request)
    yield (
        "opened",
        moment(request.opened_at) + (f", version {request.version}" if request.version > 1 else ""),
    )
    if request.closed_at:
        yield "ended", moment(request.closed_at)
    elif request.choices:
        yield "until", moment(request.ends_at) or "no deadline"
    yield "text", request.text
    for choice in request.choices:
        yield "choice", f"{choice.key} ({choice.label}): {request.counts.get(choice.key, 0)}"
    yield from _people(request, responses)
    for response in responses[-SHOWN:]:
        yield "answer", _answer(response)
    for post in request.posts:
        yield "post", _post(post)


def _people(request: RequestView, responses: Sequence[ResponseView]) -> Iterator[tuple[str, str]]:
    if not request.people:
        return
    answered = {each.person for each in responses if each.standing == "accepted"}
    open_ = [person for person in request.people if person not in answered]
    yield "answered", ", ".join(sorted(answered)) or "nobody yet"
    yield "not yet" if not request.closed_at else "silent", ", ".join(open_) or "nobody"


def _answer(given: ResponseView) -> str:
    who = given.person or given.account
    comment = f" “{given.comment}”" if given.comment else ""
    chosen = ", ".join(given.choices) or "takes the answer back"
    standing = given.standing + (f", {given.reason}" if given.reason else "")
    return f"{moment(given.at)}  {who}: {chosen}{comment} ({standing})"


def _post(post: PostView) -> str:
    what = f" ({post.action})" if post.action != "create" else ""
    said = " ".join(filter(None, (post.url, post.error)))
    return f"{post.channel}/{post.room}: {post.state}{what}" + (f"  {said}" if said else "")


def _state(request: RequestView) -> str:
    return request.outcome or request.error or request.state
