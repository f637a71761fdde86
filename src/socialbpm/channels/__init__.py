"""Which adapters there are: name → place, imported when an account of that kind is connected, not before.

Adding one of ours is one line here; third parties register under the entry point group
``socialbpm.channels``.
"""

from __future__ import annotations

from difflib import get_close_matches
from importlib import import_module
from importlib.metadata import EntryPoint, entry_points
from typing import NamedTuple

from socialbpm.channels.base import Channel
from socialbpm.errors import DefinitionError, Problem

GROUP = "socialbpm.channels"


class Place(NamedTuple):
    """``module:Class`` of an adapter, and the extra that installs what it needs."""

    path: str
    extra: str = ""


PLACES = {
    "local": Place("socialbpm.channels.local:LocalChannel"),
    "loopback": Place("socialbpm.testing.loopback:LoopbackChannel"),
}


def names() -> list[str]:
    """The adapters that can be named in settings, ours and those that others registered."""
    return sorted({*PLACES, *(point.name for point in entry_points(group=GROUP))})


def adapter(name: str) -> type[Channel]:
    """The adapter called ``name``. Raises DefinitionError: unknown, not installed, or no channel."""
    found = _ours(PLACES[name]) if name in PLACES else _theirs(name)
    if isinstance(found, type) and issubclass(found, Channel):
        return found
    raise _problem(f"adapter '{name}' is no Channel", "it must be a subclass of channels.base.Channel")


def _ours(place: Place) -> object:
    module, _, name = place.path.partition(":")
    try:
        return getattr(import_module(module), name)
    except ModuleNotFoundError as error:
        raise _missing(error, name, f"pip install 'socialbpm[{place.extra}]'") from error


def _theirs(name: str) -> object:
    for point in entry_points(group=GROUP, name=name):
        return _loaded(point)
    near = get_close_matches(name, names(), 1)
    remedy = f"did you mean '{near[0]}'?" if near else f"there are {', '.join(names())}"
    raise _problem(f"there is no channel adapter '{name}'", remedy)


def _loaded(point: EntryPoint) -> object:
    try:
        return point.load()
    except ModuleNotFoundError as error:
        raise _missing(error, point.name, f"install what {point.value.partition(':')[0]} needs") from error
    except AttributeError as error:
        raise _problem(f"adapter '{point.name}' is not at {point.value}", "ask its authors") from error


def _missing(error: ModuleNotFoundError, name: str, remedy: str) -> DefinitionError:
    return _problem(f"adapter '{name}' needs the package '{error.name}', which is not installed", remedy)


def _problem(what: str, remedy: str) -> DefinitionError:
    return DefinitionError(Problem(what=what, remedy=remedy))
