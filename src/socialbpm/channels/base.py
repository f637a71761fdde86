"""The port every channel implements."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from socialbpm.clock import Clock
from socialbpm.errors import Problem, UnsupportedFeature
from socialbpm.posts import Capabilities, Post, Receipt
from socialbpm.responses import Response, Tally

if TYPE_CHECKING:
    import sqlalchemy

    from socialbpm.store import Store


@dataclass(frozen=True, slots=True, kw_only=True)
class RawEvent:
    """An inbound HTTP call as it arrived: nothing parsed, nothing trusted. Header names are lower case."""

    body: bytes
    headers: Mapping[str, str] = field(default_factory=dict)
    query: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Inbound:
    """What an event means: the answer to give at once, the responses in it, a private word to the person.

    ``tallies`` are what the platform's own polls have counted.
    """

    responses: tuple[Response, ...] = ()
    tallies: tuple[Tally, ...] = ()
    status: int = 200
    answer: bytes = b""
    content_type: str = "text/plain; charset=utf-8"
    private_word: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Batch:
    """What one collecting call brought: responses and tallies, and the cursor to go on from."""

    responses: tuple[Response, ...] = ()
    tallies: tuple[Tally, ...] = ()
    cursor: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Connection:
    """What wiring hands to an adapter: its account's name and options, the store and the clock.

    ``media`` gives the frozen bytes of a ``media:<sha256>`` reference, already fitted to the channel's
    limits.
    """

    name: str
    store: Store
    clock: Clock
    media: Callable[[str], bytes]
    options: Mapping[str, str] = field(default_factory=dict, repr=False)  # tokens are among them


class Channel(ABC):
    """A connected platform account.

    Every remote call may raise TemporaryFailure (certainly not carried out), Rejected, AuthorizationFailed or
    OutcomeUnknown, and nothing else. No adapter retries by itself, keeps state, or waits for a rate limit.
    """

    capabilities: Capabilities  # of the class, or of one account whose server differs

    def __init__(self, connection: Connection) -> None:
        self.name = connection.name
        self.connection = connection

    @classmethod
    def declared(cls, options: Mapping[str, str]) -> Capabilities:
        """What an account with these options can carry, told without connecting: the model check asks.

        For adapters whose options change that; secrets may be left out. Raises DefinitionError.
        """
        return cls.capabilities

    @abstractmethod
    def publish(self, post: Post) -> Receipt:
        """Create ``post`` on the platform; with Dedupe.KEY a repeated key returns the first receipt."""

    def edit(self, receipt: Receipt, post: Post) -> Receipt:
        """Replace what stands at ``receipt``. May simply be repeated. Needs ``can_edit``."""
        raise self._undeclared("edit")

    def delete(self, receipt: Receipt) -> None:
        """Take the post down; a post that is gone already is no error. Needs ``can_delete``."""
        raise self._undeclared("delete")

    def private_room(self, account: str) -> str:
        """The room in which only this account sees what is posted. Needs ``private``.

        Says it without asking the platform, and always the same: it is part of the key of what is posted
        there. What a platform wants opened first is opened by ``publish``.
        """
        raise self._undeclared("private_room")

    def within(self, conn: sqlalchemy.Connection) -> Channel | None:
        """This channel writing in the transaction of ``conn``, if its posts are rows of that very store.

        Such a post stands in the same commit that decides it; nothing can come between. None: it is remote.
        """
        return None

    def find(self, post: Post) -> Receipt | None:
        """The receipt of ``post.key`` if it stands on the platform. Needs Dedupe.LOOKUP."""
        raise self._undeclared("find")

    def receive(self, event: RawEvent) -> Inbound:
        """Verify the event, then normalise it. Raises EventRejected."""
        raise self._undeclared("receive")

    def collect(self, cursor: str) -> Batch:
        """Read what is new since ``cursor`` in one batch. Needs Intake.COLLECT."""
        raise self._undeclared("collect")

    def _undeclared(self, what: str) -> UnsupportedFeature:
        return UnsupportedFeature(Problem(what=f"channel '{self.name}' does not declare '{what}'"))
