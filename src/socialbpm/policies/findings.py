"""What a policy finds in the ballots that stand, before quorum, tie rule and outcome words have their say."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from fractions import Fraction


class Found(StrEnum):
    """What a policy says of the ballots that stand."""

    CARRIED = "carried"
    TIED = "tied"
    FAILED = "failed"
    TOO_FEW = "too few"
    VETOED = "vetoed"


@dataclass(frozen=True, slots=True)
class Finding:
    """A policy's word, and the choices it is about."""

    found: Found
    choices: tuple[str, ...] = ()


def leading(scores: Mapping[str, Fraction]) -> Finding:
    """The highest score carries if it is above nothing; several with it are tied."""
    best = max(scores.values())
    if not best:
        return Finding(Found.TOO_FEW)
    leaders = tuple(key for key, score in scores.items() if score == best)
    return Finding(Found.CARRIED if len(leaders) == 1 else Found.TIED, leaders)


def ordered(scores: Mapping[str, Fraction]) -> tuple[str, ...]:
    """The choices by score, best first, equal ones joined by ``=``."""
    tiers = sorted(set(scores.values()), reverse=True)
    return tuple("=".join(key for key, score in scores.items() if score == tier) for tier in tiers)
