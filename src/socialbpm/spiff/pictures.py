"""The pictures that a model brings along: files beside it, or below, named by a relative path."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path

from socialbpm.errors import DefinitionError, Problem
from socialbpm.spiff.xml import SocialElement
from socialbpm.tasks import is_template

ELSEWHERE = ("media:", "https:", "http:")


def problems(elements: Iterable[SocialElement], file: Path) -> list[Problem]:
    """The pictures that a model names and that are not there. Paths that lead out are refused before."""
    return [
        element.place.problem(f"the file '{src}' is not there", "put it beside the model")
        for element, src in _named(elements)
        if not (file.parent / src).is_file()
    ]


def pack(models: Iterable[tuple[Path, Iterable[SocialElement]]]) -> dict[str, bytes]:
    """The pictures of models without problems, by name. Raises DefinitionError for a name used twice."""
    found: dict[str, bytes] = {}
    for file, elements in models:
        for element, src in _named(elements):
            body = (file.parent / src).read_bytes()
            if found.setdefault(src, body) != body:
                raise DefinitionError(
                    element.place.problem(f"two files are called '{src}'", "rename one of them")
                )
    return found


def _named(elements: Iterable[SocialElement]) -> Iterator[tuple[SocialElement, str]]:
    for element in elements:
        for child in element.declaration["children"]:
            src = child["attributes"].get("src", "")
            if src and not is_template(src) and not src.startswith(ELSEWHERE):
                yield element, src
