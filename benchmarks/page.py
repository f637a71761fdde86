"""``python -m benchmarks.page [--check]``: the table of the page on performance, from ``results.json``.

With ``--check`` it writes nothing and fails if the page does not say what the results say.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from benchmarks.__main__ import RESULTS

PAGE = Path(__file__).parents[1] / "docs" / "explanation" / "performance.md"
BEGIN, END = "<!-- figures: python -m benchmarks.page -->\n", "<!-- end of figures -->"


def table(results: dict[str, Any]) -> Iterator[str]:
    """The lines of the table, and on what it was measured."""
    yield "| what | measured | target | met |"
    yield "|---|--:|--:|---|"
    for each in results["figures"]:
        sign = "≥" if each["at_least"] else "≤"
        target = "" if each["target"] is None else f"{sign} {each['target']:g}"
        met = {True: "yes", False: "**no**", None: ""}[each["met"]]
        yield f"| {each['what']} ({each['detail']}) | {each['value']:.2f} | {target} | {met} |"
    machine = results["machine"]
    libraries = ", ".join(f"{name} {machine[name]}" for name in ("spiffworkflow", "sqlalchemy", "pydantic"))
    yield ""
    yield (
        f"Measured on {machine['cpus']} virtual cores with Python {machine['python']}, "
        f"SQLite {machine['sqlite']}, {libraries}; the load of the machine was {machine['load']}."
    )


def page(text: str, results: dict[str, Any]) -> str:
    """The page with this table in its place."""
    before, _, rest = text.partition(BEGIN)
    after = rest.partition(END)[2]
    return f"{before}{BEGIN}\n" + "\n".join(table(results)) + f"\n\n{END}{after}"


def main() -> int:
    """Write the page, or say whether it is fresh."""
    text = PAGE.read_text(encoding="utf-8")
    fresh = page(text, json.loads(RESULTS.read_text(encoding="utf-8")))
    if "--check" not in sys.argv:
        PAGE.write_text(fresh, encoding="utf-8")
    elif fresh != text:
        print(f"{PAGE.name} is stale: run `python -m benchmarks.page`", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
