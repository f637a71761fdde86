"""The wiring: every object is made here and handed what it needs. The only room that names adapters."""

from __future__ import annotations

import os
import secrets
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

from socialbpm.accounts import Accounts
from socialbpm.channels import adapter
from socialbpm.channels import base as ports
from socialbpm.clock import Clock, SystemClock
from socialbpm.engines.local import LocalEngine
from socialbpm.engines.work import Work
from socialbpm.errors import DefinitionError, Problem
from socialbpm.inbox import Inbox
from socialbpm.inbox.collecting import Collector
from socialbpm.media import Media
from socialbpm.outbox import Outbox
from socialbpm.outbox.preparation import Preparation
from socialbpm.outcomes import Outcomes
from socialbpm.posts import Capabilities
from socialbpm.requests import Requests
from socialbpm.settings import secret
from socialbpm.settings.bindings import LOCAL
from socialbpm.settings.models import Channel, Settings, bound_or_refused, communities
from socialbpm.social import Rooms, Social
from socialbpm.spiff.burst import Stubs
from socialbpm.spiff.definitions import Definitions
from socialbpm.spiff.runner import Runner
from socialbpm.store import Store

Around = Callable[[ports.Channel], ports.Channel]


def open_(
    source: str | os.PathLike[str] | Settings | None = None,
    *,
    clock: Clock | None = None,
    services: Stubs | None = None,
    **values: Any,
) -> Social:
    """Open socialbpm: a context manager with everything on it.

    ``source`` is a database URL, the path of a settings file, a ``Settings`` object, or left out: then the
    environment decides. ``values`` are further settings (``communities={"press_room": {"local": ["ada"]}}``).
    ``services`` are the host's own tasks: BPMN id → a function that gets the data and gives what it adds to
    them; after a crash it may be called again. Starts no thread. Raises DefinitionError.
    """
    return wire(_chosen(source, values), clock or SystemClock(), stubs=services)


def capabilities(settings: Settings) -> dict[str, Capabilities]:
    """What each connected account can carry, without connecting to it. Raises DefinitionError."""
    return {name: _declared(name, account) for name, account in _accounts(settings).items()}


def wire(
    settings: Settings, clock: Clock, *, around: Around = lambda channel: channel, stubs: Stubs | None = None
) -> Social:
    """Make every object and hand each what it needs. ``around`` puts something in front of each channel."""
    store = Store(settings.database)
    try:
        store.ready()
        return Social(_rooms(settings, store, clock, around, stubs))
    except BaseException:
        store.close()
        raise


def _chosen(source: str | os.PathLike[str] | Settings | None, values: dict[str, Any]) -> Settings:
    if isinstance(source, Settings):
        return bound_or_refused(source.model_copy(update=_update(values)), None)
    if source is None:
        return Settings.of(**values)
    if isinstance(source, str) and "://" in source:
        return Settings.of(database=source, **values)
    chosen = Settings.load(source)
    return bound_or_refused(chosen.model_copy(update=_update(values)), None)


def _update(values: dict[str, Any]) -> dict[str, Any]:
    """Only what was given, parsed as settings are."""
    parsed = Settings.of(**values)
    return {name: getattr(parsed, name) for name in values}


def _rooms(settings: Settings, store: Store, clock: Clock, around: Around, stubs: Stubs | None) -> Rooms:
    key, people = _key(settings, store), communities(settings)
    engine = LocalEngine(threads=settings.threads)
    work = Work(store, clock, engine, lease=timedelta(seconds=settings.lease))
    media = Media(store, clock, hosts=settings.media_hosts)
    channels: dict[str, ports.Channel] = {}
    for name, account in _accounts(settings).items():
        options = _options(name, account, key, settings.base_url)
        connection = ports.Connection(name=name, store=store, clock=clock, media=media.body, options=options)
        channels[name] = around(adapter(account.adapter or name)(connection))
    outbox = Outbox(store, clock, work, channels)
    outcomes = Outcomes(store, clock, work, outbox, settings.calendars)
    preparation = Preparation(store, clock, work, channels, media, outcomes)
    requests = Requests(
        store,
        clock,
        work,
        outbox,
        outcomes,
        preparation,
        people,
        calendars=settings.calendars,
        rules=settings.content_rules,
    )
    capabilities = {name: channel.capabilities for name, channel in channels.items()}
    definitions = Definitions(store, clock, people, capabilities, settings.calendars, settings.content_rules)
    accounts = Accounts(store, clock, work, people, key)
    inbox = Inbox(store, clock, work, channels, accounts)
    Collector(store, clock, work, channels, inbox)
    return Rooms(
        clock=clock,
        store=store,
        work=work,
        engine=engine,
        channels=channels,
        communities=people,
        media=media,
        requests=requests,
        outbox=outbox,
        inbox=inbox,
        accounts=accounts,
        outcomes=outcomes,
        definitions=definitions,
        runner=Runner(store, clock, work, requests, outcomes, definitions, stubs=stubs),
        secret=key,
        base_url=settings.base_url,
        operators=settings.operators,
    )


def _accounts(settings: Settings) -> dict[str, Channel]:
    """The connected accounts; the local pages are always among them."""
    return {LOCAL: Channel(), **settings.channels}


def _declared(name: str, account: Channel) -> Capabilities:
    """By the options that stand in the settings; secrets, which a model check may lack, declare nothing."""
    try:
        return adapter(account.adapter or name).declared(account.plain_options())
    except ValueError as error:
        raise DefinitionError(Problem(what=f"channel '{name}': {error}")) from None


def _options(name: str, account: Channel, key: bytes, base_url: str) -> dict[str, str]:
    """An adapter's options; our own pages sign and link with what all of ours do."""
    ours = {"secret": key.hex(), "base_url": base_url} if (account.adapter or name) == LOCAL else {}
    try:
        return ours | account.options()
    except ValueError as error:
        raise DefinitionError(Problem(what=f"channel '{name}': {error}")) from None


def _key(settings: Settings, store: Store) -> bytes:
    """What signs our links: from the environment, a file, or the file beside an SQLite database."""
    if settings.secret is not None:
        return settings.secret.get_secret_value().encode()
    if settings.secret_file is not None:
        return secret.private(settings.secret_file)
    if store.in_memory:
        return secrets.token_bytes(32)
    if store.is_sqlite:
        return secret.own(Path(str(store.url.database)))
    remedy = "set SOCIALBPM_SECRET, or secret_file in the settings"
    raise DefinitionError(Problem(what="there is no secret to sign personal links with", remedy=remedy))
