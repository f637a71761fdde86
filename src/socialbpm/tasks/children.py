"""The child elements of a task, the same for all tasks that have them: texts, media, choices."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from dataclasses import dataclass

from socialbpm.posts import Span


@dataclass(frozen=True, slots=True, kw_only=True)
class Wording:
    """A text for one kind of channel; network "" is the wording for all the others."""

    text: tuple[Span, ...]
    network: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class MediaSource:
    """Where a picture or file comes from (``media:<sha256>``, https, a packaged file), and its alt text.

    The alt text, like the label of a choice, is to be treated as data: it never links, mentions or formats.
    """

    src: str
    alt: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class ChildElement:
    """A child element of a task: which field it fills, its attributes, and what its body is if it has one."""

    name: str
    field: str
    description: str
    attributes: Mapping[str, str] = dataclasses.field(default_factory=dict)
    required: frozenset[str] = frozenset()
    literal: frozenset[str] = frozenset()
    body: str = ""


TEXT = ChildElement(
    name="text",
    field="texts",
    description="A text; may hold {{ … }}. One without network, and any number for single kinds of channel.",
    attributes={"network": "The kind of channel that this wording is for, e.g. x; without it: all others."},
    literal=frozenset({"network"}),
    body="The text.",
)
MEDIA = ChildElement(
    name="media",
    field="media",
    description="A picture or file, shown with the text.",
    attributes={
        "src": "media:<sha256> from media.put(), an https address on a host declared in settings, "
        "or a file beside the process.",
        "alt": "What it shows, for people who cannot see it.",
    },
    required=frozenset({"src", "alt"}),
)
CHOICE = ChildElement(
    name="choice",
    field="choices",
    description="One thing that people can choose.",
    attributes={"key": "What the process reads when this choice wins."},
    required=frozenset({"key"}),
    literal=frozenset({"key"}),
    body="What people read; may hold {{ … }}.",
)
CHILDREN = (TEXT, MEDIA, CHOICE)
