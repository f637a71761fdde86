"""Every error this library raises. The class of an error is its disposition: what to do about it.

::

    SocialBpmError
    ├── DefinitionError            a model or a setting is wrong: mend it, deploy again
    │   └── UnsupportedFeature     known by name, not carried out (by this version or this channel)
    ├── ChannelError               one remote call failed
    │   ├── TemporaryFailure       not carried out; try again (after ``retry_after`` seconds)
    │   ├── Rejected               refused for good: park
    │   ├── AuthorizationFailed    the account's token is no good: pause the account
    │   └── OutcomeUnknown         carried out or not: find out before anything else
    ├── EventRejected              an inbound event is not genuine or not readable
    ├── TaskFailed                 a social task could not be carried out: a BPMN error of that task
    └── StateError                 the thing asked for is not there, or not in the right state
        ├── NotFound
        ├── RequestClosed
        └── Conflict               somebody else was first: read again
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass


class SocialBpmError(Exception):
    """Root of all errors of this library."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Problem:
    """One thing wrong with a model or a setting, in the words of the person who wrote it."""

    what: str
    remedy: str = ""
    file: str = ""
    line: int = 0
    element: str = ""
    attribute: str = ""

    def __str__(self) -> str:
        """``file:line: element 'id': what; remedy``, leaving out what is not known."""
        place = f"{self.file}:{self.line}: " if self.line else f"{self.file}: " if self.file else ""
        element = f"element '{self.element}': " if self.element else ""
        return place + element + self.what + (f"; {self.remedy}" if self.remedy else "")


class DefinitionError(SocialBpmError):
    """A model or a setting is wrong. ``problems`` lists everything found, the text shows it line by line."""

    def __init__(self, *problems: Problem) -> None:
        super().__init__("\n".join(str(problem) for problem in problems))
        self.problems: Sequence[Problem] = problems


class UnsupportedFeature(DefinitionError):
    """What was asked for is known by name, but this version or this channel does not carry it out."""


class ChannelError(SocialBpmError):
    """A remote call failed. Carries no token and no body: this text is stored and shown.

    ``status`` is the HTTP status, ``code`` the platform's own error code, ``retry_after`` is in seconds.
    """

    def __init__(
        self, what: str, *, channel: str = "", status: int = 0, code: str = "", retry_after: float = 0.0
    ) -> None:
        super().__init__(f"{channel}: {what}" if channel else what)
        self.channel, self.status, self.code, self.retry_after = channel, status, code, retry_after


class TemporaryFailure(ChannelError):
    """Certainly not carried out (refused connection, 429): try again after ``retry_after`` seconds."""


class Rejected(ChannelError):
    """The platform refused this post for good (4xx): park it for a person."""


class AuthorizationFailed(ChannelError):
    """The account's token is missing, expired or lacks a scope: pause the account, tell its owner."""


class OutcomeUnknown(ChannelError):
    """The bytes left, the answer did not come: the post may stand. Reconcile before sending again."""


class EventRejected(SocialBpmError):
    """An inbound event is not genuine or not readable; nothing of it is used."""


class TaskFailed(SocialBpmError):
    """A social task could not be carried out. ``code`` is the BPMN error code, e.g. ``social.invalid``."""

    def __init__(self, code: str, what: str, *, element: str = "") -> None:
        super().__init__(f"element '{element}': {what}" if element else what)
        self.code, self.what, self.element = code, what, element


class StateError(SocialBpmError):
    """The thing asked for is not there, or not in a state that allows what was asked."""


class NotFound(StateError):
    """No run, request, process or media of that id."""


class RequestClosed(StateError):
    """The request has ended; its outcome stands."""


class Conflict(StateError):
    """Another worker was first. Nothing was written; read again and retry."""
