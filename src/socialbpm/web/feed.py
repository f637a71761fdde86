"""The live feed of what the processes do: a page, server-sent events that can be taken up again, and Atom."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from dataclasses import asdict
from datetime import datetime

import anyio
from lxml import etree
from lxml.builder import ElementMaker
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response, StreamingResponse

from socialbpm.web import runs
from socialbpm.web.runs import Entry
from socialbpm.web.session import FEED_LIFETIME
from socialbpm.web.site import Guest, SignInNeeded, Site
from socialbpm.web.viewers import Viewer

ATOM = "http://www.w3.org/2005/Atom"
LOOK_EVERY = 0.5  # seconds between two looks for news
BEAT_EVERY = 15.0  # seconds of silence after which a sign of life is sent, so that proxies keep the line open
SHOWN = 100
RETRY = "retry: 2000\n\n"  # milliseconds after which a browser connects again

Look = Callable[[int], Awaitable[tuple[int, Sequence[Entry]]]]
Pause = Callable[[float], Awaitable[None]]


class Feed:
    """The three forms of the feed."""

    def __init__(self, site: Site) -> None:
        self.site = site
        self.store, self.clock = site.social.store, site.social.clock

    def page(self, request: Request) -> Response:
        """The last things that happened; a small script keeps it up to date."""
        guest = self.site.guest(request)
        with self.store.read() as conn:
            entries = runs.newest(conn, guest.viewer, self.site.drawings, SHOWN)
            since = runs.last(conn, self.clock.now())
        key = self.site.signer.feed_key(guest.session.person, self.clock.now() + FEED_LIFETIME)
        return self.site.page(request, "feed.html", guest, entries=entries, since=since, key=key)

    async def events(self, request: Request) -> Response:
        """Server-sent events after Last-Event-ID (sent when a browser connects again) or ``since``."""
        guest = self.site.guest(request)
        after = _number(request.headers.get("last-event-id") or request.query_params.get("since", ""))
        run_id = request.query_params.get("run", "")

        async def look(number: int) -> tuple[int, Sequence[Entry]]:
            self.site.guest(request)  # whoever is taken off the rolls, or whose session ends, sees no more
            return await run_in_threadpool(self._news, guest, number, run_id)

        if after is None:
            after = await run_in_threadpool(self._last)
        headers = {"x-accel-buffering": "no"}
        return StreamingResponse(stream(look, after), media_type="text/event-stream", headers=headers)

    def atom(self, request: Request) -> Response:
        """The feed for feed readers, opened by a key in the address, or by a session."""
        viewer = self._reader(request)
        with self.store.read() as conn:
            entries = runs.newest(conn, viewer, self.site.drawings, SHOWN)
        body = atom(entries, self.site.social.base_url.rstrip("/"), self.clock.now())
        return Response(body, media_type="application/atom+xml; charset=utf-8")

    def _reader(self, request: Request) -> Viewer:
        key = request.query_params.get("key")
        if key is None:
            return self.site.guest(request).viewer
        person = self.site.signer.read_feed_key(key, self.clock.now())
        if person is None:
            raise SignInNeeded
        return self.site.viewer(person)

    def _last(self) -> int:
        with self.store.read() as conn:
            return runs.last(conn, self.clock.now())

    def _news(self, guest: Guest, after: int, run_id: str) -> tuple[int, Sequence[Entry]]:
        with self.store.read() as conn:
            upto = runs.settled(conn, after, self.clock.now())
            if upto == after:
                return after, ()
            return upto, runs.since(conn, guest.viewer, self.site.drawings, after, upto, run_id)


async def stream(look: Look, after: int, pause: Pause = anyio.sleep) -> AsyncIterator[str]:
    """Server-sent events for all that happens after number ``after``, in order and without a gap.

    ``look`` gives the number up to which it has looked, and what it found. ``pause`` waits for some seconds.
    """
    yield RETRY
    silence = 0.0
    while True:
        try:
            after, entries = await look(after)
        except SignInNeeded:
            return
        for entry in entries:
            yield event(entry)
        silence = 0.0 if entries else silence + LOOK_EVERY
        if silence >= BEAT_EVERY:
            yield ": still here\n\n"
            silence = 0.0
        await pause(LOOK_EVERY)


def event(entry: Entry) -> str:
    """One server-sent event. JSON has no line breaks, so no text can end an event early."""
    data = json.dumps(asdict(entry) | {"at": entry.at.isoformat()}, ensure_ascii=True)
    return f"id: {entry.seq}\nevent: happened\ndata: {data}\n\n"


def atom(entries: Sequence[Entry], base_url: str, now: datetime) -> bytes:
    """An Atom feed (RFC 4287) of ``entries``, the newest first."""
    make = ElementMaker(namespace=ATOM, nsmap={None: ATOM})
    feed = make.feed(
        make.id(f"{base_url}/feed"),
        make.title("What the processes are doing"),
        make.author(make.name("socialbpm")),
        make.updated(_time(entries[0].at if entries else now)),
        make.link(rel="self", href=f"{base_url}/feed.atom"),
        make.link(rel="alternate", type="text/html", href=f"{base_url}/feed"),
    )
    for each in entries:
        page = f"{base_url}/runs/{each.run}" if each.run else f"{base_url}/feed"
        feed.append(
            make.entry(
                make.id(f"{base_url}/feed#{each.seq}"),
                make.title(f"{each.process} {each.said}"),
                make.updated(_time(each.at)),
                make.link(rel="alternate", type="text/html", href=page),
                make.summary(f"{each.process} {each.said}"),
            )
        )
    return bytes(etree.tostring(feed, xml_declaration=True, encoding="utf-8"))


def _time(at: datetime) -> str:
    return at.isoformat(timespec="seconds").replace("+00:00", "Z")


def _number(said: str) -> int | None:
    return int(said) if said.isdecimal() and len(said) < 19 else None
