"""What came of forgetting somebody: figures, and what could not be reached. It never names the person."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

BEYOND = (
    "copies that platforms keep of posts, edits and deleted posts, and what others have copied from there",
    "backups and other copies of the database, and logs",
    "what processes have handed to other systems, and files that were exported",
    "deployed models and files beside them, if they name the person",
    "pictures: nothing says who put them",
)
"""Where nobody has looked, because nobody can from here."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Forgotten:
    """What ``token`` now stands for, and what became of it.

    ``requests`` and ``answers`` are those in which it stands, ``comments`` so many texts were erased.
    ``runs``, ``posts`` and entries of the ``audit`` are those that were rewritten, ``edits`` the writes to
    channels that follow from it, each carried out by the outbox. ``unreached`` says one by one what was found
    and could not be erased, ``beyond`` where nobody has looked.
    """

    token: str
    finished_at: datetime
    requests: int = 0
    answers: int = 0
    comments: int = 0
    runs: int = 0
    posts: int = 0
    edits: int = 0
    audit: int = 0
    unreached: tuple[str, ...] = ()
    beyond: tuple[str, ...] = BEYOND


def summed(report: Mapping[str, Any], unreached: Sequence[str], more: Mapping[str, int]) -> dict[str, Any]:
    """The stored report with so much more in it; what is found twice is told once."""
    figures = {name: report.get(name, 0) + number for name, number in more.items()}
    known = report.get("unreached", [])
    return {**report, **figures, "unreached": [*known, *(each for each in unreached if each not in known)]}


def written(report: Mapping[str, Any], token: str, finished_at: datetime) -> Forgotten:
    """The report as it stands."""
    figures = {name: number for name, number in report.items() if name != "unreached"}
    unreached = tuple(report.get("unreached", ()))
    return Forgotten(token=token, finished_at=finished_at, unreached=unreached, **figures)
