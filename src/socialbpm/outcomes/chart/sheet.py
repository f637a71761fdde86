"""What a chart is drawn with: boxes, lines and words at their places, for two pens (SVG and PNG).

Lengths are CSS pixels.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum

WIDTH = 400.0
"""As narrow as a phone, so that letters stay large there."""


class Ink(Enum):
    """A colour by what it is for: its name in the style sheet of the pages, and its light value."""

    GROUND = ("surface", "#ffffff")
    TEXT = ("ink", "#1c1e22")
    QUIET = ("muted", "#565b64")
    TRACK = ("line", "#dfdcd4")
    BAR = ("accent", "#0f5e5a")
    GOOD = ("good", "#1b6128")
    TIE = ("warn", "#7d4300")
    OUT = ("edge", "#85817a")


@dataclass(frozen=True, slots=True)
class Box:
    """A filled box with round corners."""

    x: float
    y: float
    width: float
    height: float
    ink: Ink
    radius: float = 0.0


@dataclass(frozen=True, slots=True)
class Line:
    """A line through points."""

    points: tuple[tuple[float, float], ...]
    ink: Ink
    width: float = 2.0


@dataclass(frozen=True, slots=True)
class Words:
    """A line of text on its base line at ``y``. ``x`` is its left edge, or its right if it ``ends`` there.

    ``rtl``: it belongs to a paragraph that runs from right to left, and so ends at ``x``.
    """

    x: float
    y: float
    text: str
    size: float
    ink: Ink = Ink.TEXT
    bold: bool = False
    ends: bool = False
    rtl: bool = False


@dataclass(frozen=True, slots=True)
class Group:
    """Things that belong together; ``title`` says in full what they show."""

    title: str
    items: tuple[Box | Line | Words, ...]


@dataclass(frozen=True, slots=True)
class Sheet:
    """A laid-out chart."""

    height: float
    groups: tuple[Group, ...]
