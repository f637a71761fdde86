"""People's words in a drawing: without signs that turn or break it, wrapped and cut to a width.

Widths are an estimate that suits the sans-serif letters of all systems; a drawing does not know its font.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator

_JOINER = "\u200d"
_HARMFUL = frozenset("\u2028\u2029\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069\ufffe\uffff")
_MODIFIERS = range(0x1F3FB, 0x1F400)
_FLAGS = range(0x1F1E6, 0x1F200)
_NARROW = frozenset("iljtfrI.,:;'|!()[] ")
_BROAD = frozenset("mwMW@%&")


def cleaned(text: str) -> str:
    """One line, without control characters and signs that turn the direction of what follows."""
    kept = (" " if letter.isspace() else letter for letter in text if not _is_harmful(letter))
    return re.sub(r" +", " ", "".join(kept)).strip()


def _is_harmful(letter: str) -> bool:
    return letter in _HARMFUL or (unicodedata.category(letter) in ("Cc", "Cs") and not letter.isspace())


def is_rtl(text: str) -> bool:
    """Whether the first letter with a direction runs from right to left (Unicode Annex 9, P2)."""
    for letter in text:
        direction = unicodedata.bidirectional(letter)
        if direction in ("L", "R", "AL"):
            return direction != "L"
    return False


def clusters(text: str) -> Iterator[str]:
    """What readers see as one sign: a letter with its marks, a joined emoji, a flag."""
    held = ""
    for letter in text:
        if held and not _continues(held, letter):
            yield held
            held = ""
        held += letter
    if held:
        yield held


def _continues(held: str, letter: str) -> bool:
    if letter == _JOINER or held[-1] == _JOINER or ord(letter) in _MODIFIERS:
        return True
    if ord(letter) in _FLAGS:
        return len(held) == 1 and ord(held) in _FLAGS
    return unicodedata.category(letter) in ("Mn", "Me", "Mc") or 0xE0020 <= ord(letter) <= 0xE007F


def width(text: str) -> float:
    """About how wide ``text`` is, in units of its size."""
    return sum(map(_wide, clusters(text)))


def _wide(cluster: str) -> float:
    letter = cluster[0]
    if ord(letter) >= 0x1F000 or unicodedata.east_asian_width(letter) in "WF":
        return 1.25 if ord(letter) >= 0x1F000 else 1.02
    if letter in _NARROW:
        return 0.37
    return 0.95 if letter in _BROAD else 0.72 if letter.isupper() else 0.61


def wrapped(text: str, room: float, most: int) -> list[str]:
    """``text`` in at most so many lines of ``room`` (in units of its size); the last may be cut."""
    lines, held = list[str](), ""
    for word in _pieces(cleaned(text), room):
        if held and width(f"{held} {word}") > room:
            lines.append(held)
            held = word
        else:
            held = f"{held} {word}" if held else word
    lines.append(held)
    return lines if len(lines) <= most else [*lines[: most - 1], _cut(" ".join(lines[most - 1 :]), room)]


def _pieces(text: str, room: float) -> Iterator[str]:
    """The words, those that are wider than a line in pieces."""
    for word in text.split(" "):
        piece = ""
        for cluster in clusters(word):
            if piece and width(piece + cluster) > room:
                yield piece
                piece = ""
            piece += cluster
        yield piece


def _cut(text: str, room: float) -> str:
    kept = ""
    for cluster in clusters(text):
        if width(kept + cluster) > room - 1:
            break
        kept += cluster
    return kept.rstrip() + "…"
