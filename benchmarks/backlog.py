"""What one response and one resume cost while many other instances wait."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from sqlalchemy import Engine, event

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
    with _listening() as said_small:
        _one(small, small.waiting(1)[0])
    with _listening() as said_large:
        _one(large, large.waiting(1)[0])
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


Said = list[tuple[str, Any]]


@contextmanager
def _listening() -> Iterator[Said]:
    """The statements that SQLAlchemy executes meanwhile, with their parameters."""
    said: Said = []

    def note(conn: Any, cursor: Any, statement: str, parameters: Any, context: Any, many: bool) -> None:
        said.append((statement, parameters[0] if many else parameters))

    event.listen(Engine, "before_cursor_execute", note)
    try:
        yield said
    finally:
        event.remove(Engine, "before_cursor_execute", note)


def _scans(site: Site, said: Said) -> Iterator[str]:
    """The steps of query plans that read a whole table or index."""
    with site.social.store.read() as conn:
        for statement, parameters in said:
            if statement.startswith(("BEGIN", "SAVEPOINT", "RELEASE")):
                continue
            plan = conn.exec_driver_sql(f"EXPLAIN QUERY PLAN {statement}", parameters).all()
            yield from (step.detail for step in plan if step.detail.startswith("SCAN social_"))
