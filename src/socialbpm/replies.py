"""An answer written as words: what people reply where there are no buttons, and what a program can send too.

The words name choices by key or by what people read, and then may give a reason::

    north                          reject: the logo is an old one
    north, south                   north > south = east
    1. North 2. South = East       1. North
                                   2. South

A ranking goes from the best down, by ``>``, by numbers, or line by line; equal choices are joined by ``=`` or
bear the same number. What comes after the choices, on a line of its own or after a colon, is the reason.
Capitals and the width of gaps mean nothing. ``abstain`` abstains where that is offered, ``withdraw`` takes an
answer back.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from socialbpm.posts import Ask, AskKind
from socialbpm.responses import ABSTAIN

WITHDRAW = "withdraw"
LONGEST = 5_000
"""Letters; what is longer is no answer to a question."""

_SHOWN = 40
_NUMBER = re.compile(r"(\d{1,3}) ?[.)]\s*")
_REASON = re.compile(r" ?(?:[:;–—]|-(?=\s)|\n|\Z)")
_JOINTS = {
    AskKind.MULTIPLE: re.compile(r" ?(?:[,+&|]|\band\b) ?"),
    AskKind.RANKED: re.compile(r"\s*>\s*|\s*(?P<equal>=)\s*| ?, ?|\s+(?=\d{1,3} ?[.)])"),
}


class Unread(ValueError):
    """The words are no answer to this question. It says what to write instead, for the person to read."""


@dataclass(frozen=True, slots=True)
class Said:
    """What the words say: the choices as a ballot has them, empty if it is taken back; and the reason."""

    choices: tuple[str, ...]
    comment: str = ""


def read(text: str, ask: Ask) -> Said:
    """What ``text`` says in answer to ``ask``. Raises Unread."""
    if len(text) > LONGEST:
        raise Unread(f"the answer has {len(text)} letters, more than {LONGEST}; {_remedy(ask)}")
    reading = _Reading(_even(text), _Names(ask), ask)
    named = list(reading.named())
    if not named:
        raise Unread(f"{_quoted(text.strip())} names none of the choices; {_remedy(ask)}")
    comment = reading.reason()
    aside = [each.key for each in named if each.key not in {choice.key for choice in ask.choices}]
    if aside and len(named) > 1:
        raise Unread(f"{_quoted(aside[0])} cannot stand beside choices; {_remedy(ask)}")
    return Said(() if aside == [WITHDRAW] else _ballot(named, ask), comment)


def written(choices: Sequence[str], ask: Ask) -> str:
    """A ballot in the words that ``read`` takes back."""
    if not choices:
        return WITHDRAW
    if ask.kind == AskKind.RANKED:
        return " > ".join(place.replace("=", " = ") for place in choices)
    return ", ".join(choices)


@dataclass(frozen=True, slots=True)
class _Named:
    """A choice as it was named: with a number before it, or joined to the one before as its equal."""

    key: str
    number: int | None
    equal: bool


def _ballot(named: Sequence[_Named], ask: Ask) -> tuple[str, ...]:
    if ask.kind != AskKind.RANKED:
        return tuple(each.key for each in named)
    places: dict[int, list[str]] = {}
    numbered, place = any(each.number is not None for each in named), 0
    for each in named:
        if each.number is not None:
            place = each.number
        elif not numbered and not each.equal:
            place += 1
        places.setdefault(place, []).append(each.key)
    return tuple("=".join(places[place]) for place in sorted(places))


class _Names:
    """What people may write for a choice: its key as it is, or key or label in whatever capitals."""

    def __init__(self, ask: Ask) -> None:
        aside = [WITHDRAW, *([ABSTAIN] if ask.abstain else [])]
        self._exact = {choice.key for choice in ask.choices}
        labels = {_folded(choice.label): choice.key for choice in reversed(ask.choices)}
        keys = {_folded(choice.key): choice.key for choice in reversed(ask.choices)}
        self._folded = {**{word: word for word in aside}, **labels, **keys}
        self.longest = max(map(len, self._folded))

    def key(self, words: str) -> str | None:
        """The key that these words stand for."""
        return words if words in self._exact else self._folded.get(_folded(words))


@dataclass(slots=True)
class _Reading:
    """One answer while it is read, from the left, the longest name first."""

    text: str
    names: _Names
    ask: Ask
    at: int = 0

    def named(self) -> Iterator[_Named]:
        """The choices that are named one after the other. Raises Unread for a joint that joins nothing."""
        joints, equal = _JOINTS.get(self.ask.kind), False
        while (found := self._next(equal=equal)) is not None:
            yield found
            joint = joints.match(self.text, self.at) if joints else None
            if joint is None:
                return
            self.at, equal = joint.end(), joint.groupdict().get("equal") is not None
        if self.at:
            raise Unread(f"{_quoted(self.text[self.at :])} is none of the choices; {_remedy(self.ask)}")

    def reason(self) -> str:
        """What is left. Raises Unread if it does not look like a reason."""
        rest = self.text[self.at :]
        start = _REASON.match(rest)
        if start is None:
            raise Unread(f"{_quoted(rest.strip())} cannot be read; {_remedy(self.ask)}")
        return rest[start.end() :].strip()

    def _next(self, *, equal: bool) -> _Named | None:
        number = _NUMBER.match(self.text, self.at) if self.ask.kind == AskKind.RANKED else None
        for bears, start in ((None, self.at), (number, number.end() if number else self.at)):
            for end in self._ends(start):
                key = self.names.key(self.text[start:end])
                if key is not None:
                    self.at = end
                    return _Named(key, int(bears[1]) if bears else None, equal)
        return None

    def _ends(self, start: int) -> Iterator[int]:
        """Where a name that begins at ``start`` may end, the farthest first: never within a word."""
        line = self.text.find("\n", start)
        last = min(len(self.text) if line < 0 else line, start + self.names.longest)
        for end in range(last, start, -1):
            within = self.text[end - 1].isalnum() and self.text[end : end + 1].isalnum()
            if not within and not self.text[end - 1].isspace():
                yield end


def _even(text: str) -> str:
    """One space for each gap, no space at the ends of lines, composed letters."""
    lines = unicodedata.normalize("NFC", text).strip().splitlines()
    return "\n".join(" ".join(line.split()) for line in lines)


def _folded(name: str) -> str:
    return _even(name).casefold()


def _quoted(text: str) -> str:
    return f"“{text[:_SHOWN]}…”" if len(text) > _SHOWN else f"“{text}”"


def _remedy(ask: Ask) -> str:
    some = [choice.key for choice in ask.choices[:3]]
    sample = {AskKind.RANKED: " > ".join(some), AskKind.MULTIPLE: ", ".join(some[:2])}
    return f"write for example: {sample.get(ask.kind, ''.join(some[:1]))}"
