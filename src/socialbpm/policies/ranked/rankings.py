"""A ranking: the places from the best down, equal choices joined, what is not named comes after all.

As text ``A>B=C``; as a ballot ``("A", "B=C")``, one string for each place. So the key of a choice that is
ranked holds none of ``> = |``.
"""

from __future__ import annotations

from collections.abc import Iterable

from socialbpm.responses import ABSTAIN

Ranking = tuple[tuple[str, ...], ...]

RESERVED = frozenset(">=|")
"""What the key of a ranked choice may not hold."""


def places(ballot: Iterable[str]) -> Ranking:
    """The places of a ballot, each with its choices; none for an abstention."""
    given = tuple(ballot)
    return () if given == (ABSTAIN,) else tuple(tuple(place.split("=")) for place in given)


def parse(text: str) -> tuple[str, ...]:
    """The ballot that a ranking written as text stands for; spaces around keys mean nothing."""
    return tuple("=".join(key.strip() for key in place.split("=")) for place in text.split(">"))


def written(ballot: Iterable[str]) -> str:
    """A ranking as text: the same text for the same ranking, in whatever order equal choices were named."""
    return ">".join("=".join(sorted(place)) for place in places(ballot))


def first_place(ballot: Iterable[str]) -> tuple[str, ...]:
    """The choices that a ballot puts first; an abstention stays what it is."""
    return next((tuple(place.split("=")) for place in ballot), ())
