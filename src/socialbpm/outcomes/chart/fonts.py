"""The letters of a picture: Pillow's own font, and for what that lacks the fonts of this machine, by name."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterator

from PIL import ImageFont

from socialbpm.outcomes.chart.lettering import clusters

OWN = ""
NAMES = (
    OWN,
    "DejaVuSans.ttf",
    "NotoSans-Regular.ttf",
    "NotoSansArabic-Regular.ttf",
    "NotoSansHebrew-Regular.ttf",
    "NotoSansDevanagari-Regular.ttf",
    "NotoSansThai-Regular.ttf",
    "NotoSansCJK-Regular.ttc",
    "Arial Unicode.ttf",
    "arial.ttf",
    "msyh.ttc",
)
_NO_LETTER = "\U0010fffe"  # what a font shows for a character that it lacks
_SAMPLE = 16

Font = ImageFont.FreeTypeFont | ImageFont.ImageFont


class Fonts:
    """Fonts by name and size, loaded when they are needed, and which characters each has."""

    def __init__(self) -> None:
        self._names: tuple[str, ...] = NAMES
        self._loaded: dict[tuple[str, int], Font | None] = {}
        self._has: dict[tuple[str, str], bool] = {}

    def sized(self, name: str, size: int) -> Font | None:
        """A font in pixels; None if this machine has none of that name."""
        if (name, size) not in self._loaded:
            self._loaded[name, size] = _load(name, size)
        return self._loaded[name, size]

    def prefer(self, name: str) -> None:
        """Take this font wherever it has all letters, so that the lines of a picture look alike."""
        self._names = (name, *NAMES)

    def best(self, text: str) -> str:
        """The name of the first font that has all of ``text``, or else most of it."""
        lacking = {}
        for name in self._names:
            if self.sized(name, _SAMPLE) is not None:
                lacking[name] = len(self._lacking(name, text))
                if not lacking[name]:
                    return name
        return min(lacking, key=lambda name: lacking[name])

    def writable(self, text: str, instead: str) -> str:
        """``text`` with signs that no font has by their names; ``instead`` if it lacks letters."""
        lacking = self._lacking(self.best(text), text)
        told = [*_told(text, lacking)]
        return instead if None in told else "".join(part or "" for part in told)

    def _lacking(self, name: str, text: str) -> set[str]:
        return {letter for letter in text if not self._shows(name, letter)}

    def _shows(self, name: str, letter: str) -> bool:
        if (name, letter) not in self._has:
            font = self.sized(name, _SAMPLE)
            self._has[name, letter] = font is not None and _drawn(font, letter) != _drawn(font, _NO_LETTER)
        return self._has[name, letter]


def turns(font: Font | None) -> bool:
    """Whether letters of that font can run from right to left."""
    return isinstance(font, ImageFont.FreeTypeFont) and font.layout_engine == ImageFont.Layout.RAQM


def _load(name: str, size: int) -> Font | None:
    if name == OWN:
        return ImageFont.load_default(size)
    try:
        return ImageFont.truetype(name, size)
    except OSError:
        return None


def _drawn(font: Font, letter: str) -> tuple[object, ...]:
    mask = font.getmask(letter)
    return (mask.size, bytes(mask))


def _told(text: str, lacking: set[str]) -> Iterator[str | None]:
    """The parts of ``text``; a sign that is lacking by its name, None for a letter that is."""
    for cluster in clusters(text):
        if not lacking.intersection(cluster):
            yield cluster
        elif any(map(_is_sign, cluster)):
            yield f"({_name(cluster)})"
        else:
            yield None


def _is_sign(letter: str) -> bool:
    """Whether it is a picture or a symbol, also one that is younger than this Python."""
    category = unicodedata.category(letter)
    return category.startswith("S") or (category == "Cn" and 0x1F000 <= ord(letter) < 0x20000)


def _name(cluster: str) -> str:
    names = (unicodedata.name(sign, "sign") for sign in cluster if _is_sign(sign))
    return " ".join(name.removeprefix("REGIONAL INDICATOR SYMBOL LETTER ").lower() for name in names)
