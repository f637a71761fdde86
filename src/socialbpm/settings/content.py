"""The content rules of the settings: written there, or in a policy file that the settings name."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Set
from pathlib import Path
from typing import Any

from socialbpm.content_rules import ContentRules
from socialbpm.settings import tomlfile
from socialbpm.tasks.notation import did_you_mean

KEY = "content_rules"


def beside(data: Mapping[str, Any], folder: Path) -> Mapping[str, Any]:
    """The ``data`` of a settings file in ``folder``: a policy file that it names lies beside it."""
    named = data.get(KEY)
    return {**data, KEY: str(folder / named)} if isinstance(named, str) else data


def rules(value: Any) -> Any:
    """A path is read. Raises DefinitionError naming the policy file, line, key and remedy."""
    return load(value) if isinstance(value, str | Path) else value


def load(path: str | Path) -> ContentRules:
    """The rules of a policy file. Raises DefinitionError."""
    return tomlfile.parse(ContentRules, tomlfile.read(path))


def unbound(held: ContentRules | None, communities: Set[str]) -> Iterator[tuple[str, str]]:
    """What and remedy for each community that the rules name and the settings do not: void rules."""
    named = held.named_communities() if held else frozenset()
    for name in sorted(named - communities):
        yield f"the content rules name community '{name}', which is none", did_you_mean(name, communities)
