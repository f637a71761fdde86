"""The benchmarks run, and what does not depend on the machine holds: statements, plans, sizes."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from benchmarks import page

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def figures(tmp_path_factory: pytest.TempPathFactory) -> dict[str, dict[str, Any]]:
    """The figures of a quick run, by id."""
    out = tmp_path_factory.mktemp("benchmarks") / "results.json"
    command = [sys.executable, "-m", "benchmarks", "--quick", "--out", str(out)]
    subprocess.run(command, cwd=ROOT, check=True, timeout=300, stdout=subprocess.DEVNULL)
    return {figure["id"]: figure for figure in json.loads(out.read_text(encoding="utf-8"))["figures"]}


def test_the_backlog_changes_no_statement(figures: dict[str, dict[str, Any]]) -> None:
    """However many instances wait, a response and a resume take the same statements."""
    assert figures["backlog.statements"]["value"] == 0


def test_no_statement_reads_a_whole_table(figures: dict[str, dict[str, Any]]) -> None:
    """Every query plan of a response and a resume goes by an index."""
    assert figures["backlog.scans"]["value"] == 0, figures["backlog.scans"]["detail"]


def test_the_state_is_small(figures: dict[str, dict[str, Any]]) -> None:
    """The specification is not in it: at most a quarter of what the engine itself would save."""
    assert figures["instances.bytes"]["value"] >= 4


def test_the_page_says_what_was_measured(figures: dict[str, dict[str, Any]]) -> None:
    """The table is that of the results in the repository, and those are of the benchmarks as they are."""
    results = json.loads(page.RESULTS.read_text(encoding="utf-8"))
    text = page.PAGE.read_text(encoding="utf-8")
    assert page.page(text, results) == text
    assert [figure["id"] for figure in results["figures"]] == list(figures)
