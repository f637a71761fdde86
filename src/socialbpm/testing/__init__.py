"""What a test suite needs: a clock that is set, contract suites for channels and stores, replay.

The names are imported when they are first used, so that a test of one room does not load the others.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from socialbpm.testing.channel_contract import ChannelContract as ChannelContract
    from socialbpm.testing.clock import FakeClock as FakeClock
    from socialbpm.testing.loopback import LoopbackChannel as LoopbackChannel
    from socialbpm.testing.loopback import LoopbackServer as LoopbackServer
    from socialbpm.testing.stages import Said as Said
    from socialbpm.testing.stages import Seen as Seen
    from socialbpm.testing.stages import Stage as Stage

_PLACES = {
    "ChannelContract": "channel_contract",
    "FakeClock": "clock",
    "LoopbackChannel": "loopback",
    "LoopbackServer": "loopback",
    "Said": "stages",
    "Seen": "stages",
    "Stage": "stages",
}

__all__ = ["ChannelContract", "FakeClock", "LoopbackChannel", "LoopbackServer", "Said", "Seen", "Stage"]


def __getattr__(name: str) -> Any:
    """Import a public name from its module when it is first asked for."""
    if name not in _PLACES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{_PLACES[name]}"), name)


def __dir__() -> list[str]:
    """The public names, whether imported yet or not."""
    return sorted({*globals(), *__all__})
