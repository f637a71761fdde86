"""What the command line prints: JSON for programs, tables and progress for people, plain lines in a pipe."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, is_dataclass
from datetime import datetime
from typing import Any

Step = Callable[[str], None]
"""Called with each piece of some long work when it is done."""


def say(text: str = "") -> None:
    """A line for people or pipes."""
    print(harmless(text), flush=True)


def warn(text: str) -> None:
    """A line beside the output."""
    print(harmless(text), file=sys.stderr, flush=True)


def harmless(text: str) -> str:
    """The text with its control characters written out: a terminal shall show people's words, not obey
    them.
    """
    return "".join(c if c.isprintable() or c in "\n\t" else repr(c)[1:-1] for c in text)


def as_json(value: Any) -> None:
    """One JSON document."""
    print(as_text(value))


def as_text(value: Any) -> str:
    """JSON as people can read it."""
    return json.dumps(value, default=_plain, ensure_ascii=False, indent=2)


def table(columns: Sequence[str], rows: Iterable[Sequence[str]], *, empty: str) -> None:
    """A table on a terminal; tab-separated lines without a header in a pipe.

    Of nothing there is no table: ``empty`` says beside the output what to do about it.
    """
    rows = list(rows)
    if not rows:
        return warn(empty)
    if not sys.stdout.isatty():
        for row in rows:
            say("\t".join(" ".join(cell.split()) for cell in row))
        return
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    shown = Table(box=None, pad_edge=False)
    for number, column in enumerate(columns):
        shown.add_column(column, no_wrap=number == 0, overflow="fold")  # an id stays whole, to be copied
    for row in rows:
        shown.add_row(*(Text(harmless(cell)) for cell in row))  # Text: people's words are no markup
    Console().print(shown)


def sheet(title: str, lines: Sequence[tuple[str, str]]) -> None:
    """One thing with all there is to say of it: a panel on a terminal; ``label: text`` lines in a pipe."""
    if not sys.stdout.isatty():
        for label, text in lines:
            say(f"{label}: {' '.join(text.split())}")
        return
    from rich.console import Console
    from rich.panel import Panel
    from rich.table import Table
    from rich.text import Text

    grid, before = Table.grid(padding=(0, 2)), ""
    grid.add_column(style="bold", no_wrap=True)
    grid.add_column(overflow="fold")
    for label, text in lines:
        grid.add_row("" if label == before else label, Text(harmless(text)))
        before = label
    Console().print(Panel(grid, title=Text(harmless(title)), title_align="left"))


@contextmanager
def progress(title: str, total: int | None = None) -> Iterator[Step]:
    """A progress bar on a terminal; one line per piece otherwise."""
    if not sys.stderr.isatty():
        yield warn
        return
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, SpinnerColumn, TextColumn

    columns = (
        SpinnerColumn(),
        TextColumn("{task.description}", markup=False),
        BarColumn(),
        MofNCompleteColumn(),
    )
    with Progress(*columns, console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task(title, total=total)
        yield lambda what: bar.update(task, advance=1, description=what)


def moment(at: datetime | None) -> str:
    """A time for people, to the minute."""
    return "" if at is None else f"{at:%Y-%m-%d %H:%M} UTC"


def _plain(value: Any) -> Any:
    if is_dataclass(value) and not isinstance(value, type):
        return asdict(value)
    if isinstance(value, datetime):
        return value.isoformat()
    if isinstance(value, frozenset | set):
        return sorted(value)
    return str(value)
