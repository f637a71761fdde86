"""Social interaction as an ordinary step of a BPMN process.

::

    import socialbpm

    people = {"press_room": {"local": ["ada", "grace"]}}
    with socialbpm.open("sqlite:///social.db", communities=people) as social:
        social.deploy("press_release.bpmn")
        run = social.start("press_release", data={"headline": "…"})
        social.work()

The names below are imported when they are first used, so that ``import socialbpm`` costs nothing.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from socialbpm.clock import Clock as Clock
    from socialbpm.clock import SystemClock as SystemClock
    from socialbpm.erasure import Forgotten as Forgotten
    from socialbpm.errors import ChannelError as ChannelError
    from socialbpm.errors import Conflict as Conflict
    from socialbpm.errors import DefinitionError as DefinitionError
    from socialbpm.errors import NotFound as NotFound
    from socialbpm.errors import Problem as Problem
    from socialbpm.errors import RequestClosed as RequestClosed
    from socialbpm.errors import SocialBpmError as SocialBpmError
    from socialbpm.errors import StateError as StateError
    from socialbpm.errors import TaskFailed as TaskFailed
    from socialbpm.errors import UnsupportedFeature as UnsupportedFeature
    from socialbpm.inbox import Reply as Reply
    from socialbpm.outcomes.explained import Explained as Explained
    from socialbpm.people import Community as Community
    from socialbpm.settings import Settings as Settings
    from socialbpm.settings.wiring import open_ as open  # noqa: F401
    from socialbpm.social import PersonView as PersonView
    from socialbpm.social import Process as Process
    from socialbpm.social import Social as Social
    from socialbpm.social.views import PostView as PostView
    from socialbpm.social.views import RequestView as RequestView
    from socialbpm.social.views import ResponseView as ResponseView
    from socialbpm.social.views import Run as Run
    from socialbpm.spiff.hosts import SocialParser as SocialParser
    from socialbpm.spiff.hosts import SocialWorkflow as SocialWorkflow
    from socialbpm.spiff.hosts import serializer as serializer

__version__ = "0.1.0"

_HOMES = {
    "Clock": "clock",
    "SystemClock": "clock",
    "Forgotten": "erasure.report",
    "ChannelError": "errors",
    "Conflict": "errors",
    "DefinitionError": "errors",
    "NotFound": "errors",
    "Problem": "errors",
    "RequestClosed": "errors",
    "SocialBpmError": "errors",
    "StateError": "errors",
    "TaskFailed": "errors",
    "UnsupportedFeature": "errors",
    "Reply": "inbox",
    "Explained": "outcomes.explained",
    "Community": "people",
    "Settings": "settings",
    "open": "settings.wiring:open_",
    "Process": "social",
    "Social": "social",
    "SocialParser": "spiff.hosts",
    "SocialWorkflow": "spiff.hosts",
    "serializer": "spiff.hosts",
    "PersonView": "social.roster",
    "PostView": "social.views",
    "RequestView": "social.views",
    "ResponseView": "social.views",
    "Run": "social.views",
}

__all__ = ["__version__", *_HOMES]  # pyright: ignore[reportUnsupportedDunderAll]


def __getattr__(name: str) -> Any:
    """The public name, from the room it lives in."""
    if name not in _HOMES:
        raise AttributeError(f"module 'socialbpm' has no attribute {name!r}")
    room, _, attribute = _HOMES[name].partition(":")
    value = getattr(import_module(f"socialbpm.{room}"), attribute or name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted(__all__)
