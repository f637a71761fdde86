"""``python -m benchmarks [--quick] [--only NAME]``: measure, print, and write ``results.json``."""

from __future__ import annotations

import argparse
import json
import os
import platform
import sqlite3
import sys
from importlib.metadata import version
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from rich.console import Console
from rich.table import Table

from benchmarks import backlog, instances, loading, polls, responses
from benchmarks.measuring import Figure

RESULTS = Path(__file__).with_name("results.json")
PARTS = {
    "instances": instances,
    "responses": responses,
    "backlog": backlog,
    "polls": polls,
    "loading": loading,
}


def main() -> int:
    """Measure. Exit code 0 even if a target is missed: no figure of a shared machine is a verdict."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument(
        "--quick", action="store_true", help="small numbers: shows that it runs, not how fast"
    )
    parser.add_argument("--only", choices=PARTS, action="append", help="one part; may be repeated")
    parser.add_argument(
        "--out", type=Path, help=f"where to write (default: {RESULTS.name}, if all was measured)"
    )
    options = parser.parse_args()
    console = Console()
    figures = []
    for name in options.only or PARTS:
        with console.status(f"measuring {name} …"), TemporaryDirectory() as folder:
            for figure in PARTS[name].measure(Path(folder), options.quick):
                figures.append(figure)
                line = f"{figure.value:8.2f}  {figure.what}  ({figure.detail})"
                console.print(line, highlight=False, soft_wrap=True)
    if console.is_terminal:
        console.print(_table(figures))
    out = options.out or (RESULTS if not options.quick and not options.only else None)
    if out is not None:
        text = json.dumps({"machine": _machine(), "figures": [each.dump() for each in figures]}, indent=2)
        out.write_text(text + "\n", encoding="utf-8")
    return 0


def _table(figures: list[Figure]) -> Table:
    table = Table("what", "measured", "target", "met")
    for each in figures:
        sign = "≥" if each.at_least else "≤"
        target = "" if each.target is None else f"{sign} {each.target:g}"
        table.add_row(each.what, f"{each.value:.2f}", target, {True: "yes", False: "NO", None: ""}[each.met])
    return table


def _machine() -> dict[str, Any]:
    return {
        "cpus": os.cpu_count(),
        "load": round(os.getloadavg()[0], 1),
        "python": platform.python_version(),
        "sqlite": sqlite3.sqlite_version,
        "spiffworkflow": version("SpiffWorkflow"),
        "sqlalchemy": version("SQLAlchemy"),
        "pydantic": version("pydantic"),
    }


if __name__ == "__main__":
    sys.exit(main())
