"""All the rooms of one open socialbpm, as wiring hands them to its faces."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from socialbpm.accounts import Accounts
    from socialbpm.channels.base import Channel
    from socialbpm.clock import Clock
    from socialbpm.engines.base import Engine
    from socialbpm.engines.work import Work
    from socialbpm.inbox import Inbox
    from socialbpm.media import Media
    from socialbpm.outbox import Outbox
    from socialbpm.outcomes import Outcomes
    from socialbpm.people import Community
    from socialbpm.requests import Requests
    from socialbpm.spiff.definitions import Definitions
    from socialbpm.spiff.runner import Runner
    from socialbpm.store import Store


@dataclass(frozen=True, slots=True, kw_only=True)
class Rooms:
    """Everything that ``settings.open_`` has wired, for the other faces (web, command line, replay)."""

    clock: Clock
    store: Store
    work: Work
    engine: Engine
    channels: Mapping[str, Channel]
    communities: Mapping[str, Community]
    media: Media
    requests: Requests
    outbox: Outbox
    inbox: Inbox
    accounts: Accounts
    outcomes: Outcomes
    definitions: Definitions
    runner: Runner
    secret: bytes = field(repr=False)
    base_url: str
    operators: frozenset[str] = frozenset()  # people who see every run with its data
