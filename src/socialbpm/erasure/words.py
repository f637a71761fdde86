"""What is looked for when a person is forgotten, and what takes its place. Pure: text in, text out.

Three kinds of text are told apart. What we have written ourselves (closing notes, audit) names people in
known places. What came from process data into a post may name them anywhere. What the author of a model wrote
is never touched.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from socialbpm.outcomes.closings import REASON
from socialbpm.tasks.results import REASON_LENGTH

ERASED = "(erased)"
"""What stands where somebody's words stood. Not nothing: that a vote came with a reason still counts."""

TELLING = 12
"""From so many letters on, words are somebody's wherever they are found; "yes" is not."""
UNMISTAKABLE = 5
"""The same for the id of an account: a shorter one may be any number."""


@dataclass(frozen=True, kw_only=True)
class Words:
    """``names`` and what takes the place of each, and the ``comments`` that the person wrote.

    ``person`` is what the person is called in settings, one of the names; ``accounts`` are the ids of theirs.
    """

    person: str
    names: Mapping[str, str] = field(default_factory=dict)
    accounts: Mapping[str, str] = field(default_factory=dict)
    comments: tuple[str, ...] = ()

    def name(self, text: str) -> str:
        """A text that is a name as a whole."""
        return self.names.get(text, text)

    def said(self, text: str) -> str:
        """A text in which the person's words may stand; what is short is theirs only if it is all of it."""
        if text in self._forms:
            return ERASED
        return self._telling.sub(ERASED, text) if self._telling else text

    def data(self, text: str) -> str:
        """A text that process data gave: without the person's words, and without their names."""
        return self._named.sub(self._token, self._telling.sub(ERASED, text) if self._telling else text)

    def note(self, text: str) -> str:
        """A closing note of ours: ``approved: … (ada: “The figure is old”, grace)``."""
        for form in self._forms:
            text = text.replace(f"{self.person}: “{form}”", f"{self.person}: “{ERASED}”")
        return self._named.sub(self._token, text)

    def names_them(self, text: str) -> bool:
        """Whether one of the names stands in a text as a word of its own."""
        return self._named.search(text) is not None

    def everywhere(self, value: Any) -> Any:
        """JSON of which nothing is decided any more: every name and all words of theirs, keys too."""
        if isinstance(value, str):
            return self.data(value)
        if isinstance(value, list):
            return [self.everywhere(each) for each in value]
        if not isinstance(value, dict):
            return value
        if (shaped := self._shaped(value)) is not None:
            return shaped
        return {self.name(key): self.everywhere(each) for key, each in value.items()}

    def results(self, value: Any, left: set[str], place: str = "") -> Any:
        """JSON by which a process still decides: their words, and their name where a result told it.

        ``left`` gets the names of the variables that name them besides.
        """
        if isinstance(value, str):
            if self.names_them(value):
                left.add(place)
            return self._telling.sub(ERASED, value) if self._telling else value
        if isinstance(value, list):
            return [self.results(each, left, place) for each in value]
        if not isinstance(value, dict):
            return value
        if (shaped := self._shaped(value)) is not None:
            return shaped
        return {key: self.results(each, left, place or key) for key, each in value.items()}

    def _shaped(self, value: dict[str, Any]) -> dict[str, Any] | None:
        """A voter or a reason as results hold them; None for anything else."""
        if value.keys() == {"person", "choices"} and isinstance(value["person"], str):
            return value | {"person": self.name(value["person"])}
        if value.keys() == {"choice", "comment"} and isinstance(value["comment"], str):
            return value | {"comment": self.said(value["comment"])}
        return None

    def _token(self, found: re.Match[str]) -> str:
        return self.names.get(found[0]) or self.accounts[found[0]]

    @cached_property
    def _forms(self) -> tuple[str, ...]:
        """The comments in all forms in which we repeat them, the longest first."""
        return tuple(sorted(set(_forms(self.comments)), key=len, reverse=True))

    @cached_property
    def _telling(self) -> re.Pattern[str] | None:
        telling = [re.escape(form) for form in self._forms if len(form) >= TELLING]
        return re.compile("|".join(telling)) if telling else None

    @cached_property
    def _named(self) -> re.Pattern[str]:
        ids = [each for each in self.accounts if len(each) >= UNMISTAKABLE]
        longest = sorted({*self.names, *ids}, key=len, reverse=True)
        return re.compile(rf"(?<![\w-])(?:{'|'.join(map(re.escape, longest))})(?![\w-])")


def _forms(comments: Iterable[str]) -> Iterable[str]:
    for comment in comments:
        flat = " ".join(comment.split())
        yield comment
        yield comment[:REASON_LENGTH]
        yield flat
        if len(flat) > REASON:
            yield flat[: REASON - 1] + "…"
