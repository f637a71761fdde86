"""What runs all the time, and what looks after it: pages and worker, channels, the database."""

from __future__ import annotations

import signal
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Annotated, Any
from urllib.parse import urlsplit

import typer

from socialbpm.cli.options import Database, Json, SettingsFile, opened
from socialbpm.cli.options import settings as chosen
from socialbpm.cli.output import as_json, say, table, warn

if TYPE_CHECKING:
    from socialbpm.social import Social

LOOK = 0.2  # seconds between two looks at work that somebody else has taken
LOOPBACK = ("127.0.0.1", "localhost", "[::1]", "::1")


def serve(
    host: Annotated[str, typer.Option(help="The address to listen on.")] = "127.0.0.1",
    port: Annotated[int, typer.Option(min=0, max=65535, help="The port; 0: any that is free.")] = 8000,
    web_only: Annotated[bool, typer.Option("--web-only", help="No worker: one runs elsewhere.")] = False,
    settings: SettingsFile = None,
    database: Database = "",
) -> None:
    """Serve the pages and webhooks, and do the work, until told to stop (Ctrl-C or SIGTERM)."""
    from socialbpm.settings.wiring import open_

    given = chosen(settings, database)
    with listening(host, port) as socket:
        if "base_url" not in given.model_fields_set:
            given = given.model_copy(update={"base_url": address(host, socket)})
        with open_(given) as social, working(social, not web_only), serving(social, socket):
            greet(social)
            told_to_stop().wait()


def worker(
    until_idle: Annotated[bool, typer.Option("--until-idle", help="Do what is due now, then end.")] = False,
    settings: SettingsFile = None,
    database: Database = "",
) -> None:
    """Do the work: deliver, decide, resume, timers; until told to stop (Ctrl-C or SIGTERM)."""
    with opened(settings, database) as social:
        if until_idle:
            return say(f"{_until_idle(social)} done")
        stop = told_to_stop()
        say("working")
        social.rooms.engine.worker(stop)


def _until_idle(social: Social) -> int:
    """Work until nothing is due and nobody is at anything.

    What a killed worker had taken comes back when its lease ends.
    """
    done = social.work()
    while (until := social.rooms.work.leased_until()) is not None:
        left = (until - social.clock.now()).total_seconds()
        time.sleep(min(max(left, 0), LOOK))
        done += social.work()
    return done


def channels(
    check: Annotated[bool, typer.Option("--check", help="Fail if an account is paused.")] = False,
    resume: Annotated[
        str, typer.Option("--resume", metavar="CHANNEL", help="This account works again: send what waited.")
    ] = "",
    settings: SettingsFile = None,
    database: Database = "",
    json: Json = False,
) -> None:
    """Show the connected accounts, what they can do, and who of them is paused."""
    with opened(settings, database) as social:
        if resume:
            social.resume_channel(resume)
        found = [_account(social, name) for name in sorted(social.channels)]
    if json:
        as_json(found)
    else:
        columns = ("channel", "network", "intake", "dedupe", "asks", "paused")
        table(columns, ([str(account[column]) for column in columns] for account in found), empty="")
    if check and (paused := [account for account in found if account["paused"]]):
        for account in paused:
            warn(f"{account['channel']}: paused: {account['paused']}")
        raise typer.Exit(1)


def migrate(settings: SettingsFile = None, database: Database = "") -> None:
    """Bring the database's schema to this version (SQLite does so by itself)."""
    from socialbpm.store import Store

    store = Store(chosen(settings, database).database)
    try:
        store.migrate()
    finally:
        store.close()
    say("the schema is that of this version")


def listening(host: str, port: int) -> Any:
    """A listening socket. Raises typer.Exit(1) with a word if the port is taken."""
    import socket

    try:
        return socket.create_server((host, port), family=socket.AF_INET6 if ":" in host else socket.AF_INET)
    except OSError as error:
        warn(f"cannot listen on {host}:{port}: {_why(error)}")
        raise typer.Exit(1) from None


def _why(error: OSError) -> str:
    """What hinders, and what to do; the system's own words only, for Python's name the address again."""
    import errno
    import os
    import socket

    if isinstance(error, socket.gaierror):
        return f"{str(error.strerror).partition(' (')[0]}; give an address of this machine with --host"
    said = os.strerror(error.errno) if error.errno else str(error)
    if error.errno in (errno.EADDRINUSE, errno.EACCES):
        return f"{said}; choose another one with --port (0: any that is free)"
    return f"{said}; give an address of this machine with --host"


def address(host: str, socket: Any) -> str:
    """The URL of what listens there."""
    port = socket.getsockname()[1]
    return f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"


def told_to_stop() -> threading.Event:
    """Set when a signal asks this process to end: it then finishes what it has begun."""
    stop = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stop.set())
    return stop


@contextmanager
def serving(social: Social, socket: Any, app: Any = None) -> Iterator[None]:
    """The pages in a thread of their own while the block runs; open event streams then end.

    ``app`` is what to serve, if not the pages as they are.
    """
    import uvicorn

    from socialbpm.cli.parting import Parting

    server = uvicorn.Server(
        uvicorn.Config(
            Parting(app or social.asgi(), lambda: server.should_exit),
            log_level="warning",
            access_log=False,  # personal links are in the paths
            server_header=False,
            timeout_graceful_shutdown=2,
            lifespan="off",
        )
    )
    thread = threading.Thread(target=server.run, kwargs={"sockets": [socket]}, name="socialbpm-pages")
    thread.start()
    try:
        yield
    finally:
        server.should_exit = True
        thread.join()


@contextmanager
def working(social: Social, wanted: bool = True) -> Iterator[None]:
    """A worker in threads of its own while the block runs; what it has begun it finishes."""
    if not wanted:
        yield
        return
    stop = threading.Event()
    thread = threading.Thread(target=social.rooms.engine.worker, args=(stop,), name="socialbpm-worker")
    thread.start()
    try:
        yield
    finally:
        stop.set()
        thread.join()


def greet(social: Social) -> None:
    """Where the pages are; on this machine only, with everybody's personal link, for the newcomer to
    click.
    """
    say(f"pages at {social.base_url}/")
    if urlsplit(social.base_url).hostname in LOOPBACK:
        for person in social.people():
            say(f"  {person}: {social.link(person)}")


def _account(social: Social, name: str) -> dict[str, Any]:
    from sqlalchemy import select

    from socialbpm.store.tables import account_rate

    declared = social.channels[name].capabilities
    with social.store.read() as conn:
        paused = conn.scalar(select(account_rate.c.paused).where(account_rate.c.channel == name))
    return {
        "channel": name,
        "network": declared.network,
        "intake": str(declared.intake),
        "dedupe": str(declared.dedupe),
        "asks": ", ".join(sorted(declared.asks)) or "–",
        "paused": paused or "",
    }
