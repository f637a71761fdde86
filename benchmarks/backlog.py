"""What one response and one resume cost while many other instances wait."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from sqlalchemy import Pool, event

from benchmarks import models
from benchmarks.measuring import Figure, Side, alternating, ratio, typical
from benchmarks.site import Site

EACH = 5
"""How many instances are answered and resumed in one round."""


def measure(folder: Path, quick: bool) -> Iterator[Figure]:
    """Two databases, one with few instances that wait and one with many, all made by real starts."""
    few, many, rounds = (10, 200, 3) if quick else (10, 10_000, 9)
    document = models.review(9, ' policy="n_of_m" n="2"')
    small, large = Site(folder / "few", document), Site(folder / "many", document)
    fresh = EACH * (rounds + 1) + 1
    small.wait(few + fresh)
    large.wait(many + fresh)
    pairs = alternating(rounds, _side(large), _side(small))
    costs = [typical(pairs, side, "cpu", EACH) for side in (0, 1)]
    yield Figure(
        id="backlog.cpu",
        what=f"CPU of two responses and a resume with {many:,} other instances waiting ÷ with {few}",
        value=1 / ratio(pairs, "cpu"),
        target=1.25,
        at_least=False,
        detail=f"{costs[0]:.2f} against {costs[1]:.2f} ms",
    )
    yield from _statements(small, large, few, many)


def _statements(small: Site, large: Site, few: int, many: int) -> Iterator[Figure]:
    said_small, said_large = _said(small), _said(large)
    scans = [*_scans(small, said_small), *_scans(large, said_large)]
    yield Figure(
        id="backlog.statements",
        what=f"SQL statements with {many:,} waiting − with {few}",
        value=len(said_large) - len(said_small),
        target=0.0,
        at_least=False,
        detail=f"{len(said_large)} against {len(said_small)}",
    )
    yield Figure(
        id="backlog.scans",
        what="query plans of these statements with a full scan",
        value=len(scans),
        target=0.0,
        at_least=False,
        detail="; ".join(sorted(set(scans))) or "none",
    )


def _side(site: Site) -> Side:
    def prepare() -> Callable[[], object]:
        requests = site.waiting(EACH)
        return lambda: [_one(site, request) for request in requests]

    return prepare


def _one(site: Site, request: str) -> None:
    """The first response does not decide, the second does, and the run goes on to its end."""
    for person in ("ada", "grace"):
        site.answer(request, person)
        site.social.work()


def _said(site: Site) -> list[str]:
    request = site.waiting(1)[0]
    site.social.close()  # each connection is opened anew, and tells
    with _listening() as said:
        _one(site, request)
    site.social.close()  # with the connection that would go on telling
    return said


@contextmanager
def _listening() -> Iterator[list[str]]:
    """What SQLite itself executes meanwhile, whoever gave it that, with the values written out."""
    said: list[str] = []

    def listen(driver: Any, record: Any, proxy: Any) -> None:
        driver.set_trace_callback(said.append)

    event.listen(Pool, "checkout", listen)
    try:
        yield said
    finally:
        event.remove(Pool, "checkout", listen)


def _scans(site: Site, said: list[str]) -> Iterator[str]:
    """The steps of query plans that read a whole table or index."""
    with site.social.store.read() as conn:
        for statement in said:
            if statement.startswith(("BEGIN", "COMMIT", "ROLLBACK")):
                continue
            plan = conn.exec_driver_sql("EXPLAIN QUERY PLAN " + statement).all()
            yield from (step.detail for step in plan if step.detail.startswith("SCAN social_"))
