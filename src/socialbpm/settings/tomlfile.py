"""TOML files that people write: read with their places, so that an error can name file, line and remedy."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar, get_args, get_origin, get_type_hints

from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails

from socialbpm.errors import DefinitionError, Problem
from socialbpm.settings import wording
from socialbpm.tasks.notation import did_you_mean

Model = TypeVar("Model", bound=BaseModel)
Place = tuple[str | int, ...]  # keys and list indexes, from the top of the file

_HEADER = re.compile(r"^\s*(\[\[?)\s*([^\[\]]+?)\s*\]\]?\s*(#.*)?$")
_ENTRY = re.compile(r"""^\s*([A-Za-z0-9_.\-"' ]+?)\s*=""")
_KEY = re.compile(r""""([^"]*)"|'([^']*)'|([A-Za-z0-9_-]+)""")
_SYNTAX = re.compile(r"^(?P<what>.*?) \(at (?:line (?P<line>\d+), column \d+|end of document)\)$")


@dataclass(frozen=True, slots=True)
class TomlFile:
    """A TOML file: its name as people know it, its text and what it says."""

    name: str
    text: str
    data: dict[str, Any]

    def line(self, place: Place) -> int:
        """The line (from 1) where ``place`` is written, or the nearest thing around it; 0 if nowhere."""
        best, found = -1, 0
        for number, candidate in _places(self.text):
            common = min(len(candidate), len(place))
            if candidate[:common] == place[:common] and common > best:
                best, found = common, number
        return found

    def problem(self, place: Place, what: str, remedy: str = "") -> Problem:
        """A problem at ``place`` of this file."""
        return Problem(file=self.name, line=self.line(place), what=what, remedy=remedy)


def read(path: str | Path) -> TomlFile:
    """Read a TOML file. Raises DefinitionError if it is not there or is no TOML."""
    name = str(path)
    try:
        text = Path(path).read_text("utf-8")
    except (OSError, UnicodeDecodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else "it is not UTF-8"
        what, remedy = f"cannot be read: {reason}", "give the path of a TOML file"
        raise DefinitionError(Problem(file=name, what=what, remedy=remedy)) from error
    try:
        return TomlFile(name, text, tomllib.loads(text))
    except tomllib.TOMLDecodeError as error:
        raise DefinitionError(_syntax(name, text, str(error))) from error


def parse(model: type[Model], file: TomlFile) -> Model:
    """The file as a ``model``. Raises DefinitionError naming file, line, key and the nearest right name."""
    try:
        return model.model_validate(file.data)
    except ValidationError as error:
        raise DefinitionError(*problems(model, error, file)) from error


def problems(model: type[BaseModel], error: ValidationError, file: TomlFile | None = None) -> list[Problem]:
    """A pydantic error in the words of the person who wrote the file (or the arguments, without ``file``)."""
    found = []
    for detail in error.errors(include_url=False):
        what, remedy = _words(model, detail)
        place = detail["loc"]
        found.append(file.problem(place, what, remedy) if file else Problem(what=what, remedy=remedy))
    return found


def _syntax(name: str, text: str, error: str) -> Problem:
    match = _SYNTAX.match(error)
    remedy = "mend what stands there, or just before it"
    if match is None:
        return Problem(file=name, what=f"is not TOML: {error}", remedy=remedy)
    line = int(match["line"] or len(text.splitlines()))
    return Problem(file=name, line=line, what=f"is not TOML: {match['what']}", remedy=remedy)


def _words(model: type[BaseModel], detail: ErrorDetails) -> tuple[str, str]:
    place = _spelled(detail["loc"])
    if detail["type"] == "extra_forbidden":
        known = _fields(model, detail["loc"][:-1])
        return f"unknown key '{place}'", did_you_mean(str(detail["loc"][-1]), known)
    if detail["type"] == "missing":
        return f"'{place}' is missing", "add it"
    return wording.of(place, detail)


def _spelled(place: Sequence[str | int]) -> str:
    return ".".join(str(part) for part in place)


def _fields(model: type[BaseModel], place: Sequence[str | int]) -> list[str]:
    """The keys that the model at ``place`` knows."""
    free = False
    for part in place:
        if free or isinstance(part, int):
            free = False
            continue  # a list index or the free key of a mapping: the element's model is the one we hold
        named = part in _names(model)
        annotation = _names(model)[str(part)] if named else _further(model)
        inner = _model_in(annotation)
        if inner is not None:
            model, free = inner, get_origin(annotation) is dict
        elif named:
            return []
    return list(_names(model))


def _further(model: type[BaseModel]) -> Any:
    """What stands under a key that the model does not name."""
    return next(iter(get_args(get_type_hints(model).get("__pydantic_extra__"))[1:]), None)


def _names(model: type[BaseModel]) -> Mapping[str, Any]:
    return {field.alias or name: field.annotation for name, field in model.model_fields.items()}


def _model_in(annotation: Any) -> type[BaseModel] | None:
    """The model inside ``list[Model]``, ``dict[str, Model]``, ``Model | None`` …"""
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return annotation
    return next((found for part in get_args(annotation) if (found := _model_in(part))), None)


def _places(text: str) -> Iterator[tuple[int, Place]]:
    """Each header and each ``key =`` with its line; a multi-line string is passed over."""
    here: Place = ()
    arrays: dict[Place, int] = {}
    in_string = False
    for number, line in enumerate(text.splitlines(), start=1):
        if not in_string:
            if header := _HEADER.match(line):
                here = _header(header, arrays)
                yield number, here
            elif entry := _ENTRY.match(line):
                yield number, here + _keys(entry[1])
        in_string ^= (line.count('"""') + line.count("'''")) % 2 == 1


def _header(match: re.Match[str], arrays: dict[Place, int]) -> Place:
    """The place of a table header; ``arrays`` counts the elements of each array of tables so far."""
    place: Place = ()
    keys = _keys(match[2])
    for depth, key in enumerate(keys, start=1):
        place += (key,)
        if match[1] == "[[" and depth == len(keys):
            arrays[place] = arrays.get(place, -1) + 1
        if place in arrays:
            place += (arrays[place],)
    return place


def _keys(dotted: str) -> tuple[str, ...]:
    return tuple(next(part for part in match if part) for match in _KEY.findall(dotted))
