"""The page about SpiffWorkflow's traps names tests and refusals that exist."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "explanation" / "spiffworkflow-traps.md").read_text(encoding="utf-8")
ROWS = [line for line in PAGE.splitlines() if line.startswith("| ") and "tested in" not in line]
TESTS = sorted(set(re.findall(r"`((?:unit|acceptance)/\w+\.py::\w+)`", PAGE)))
ELSEWHERE = ("timer_nonsense.bpmn", "error_unknown.bpmn")  # the second model of a row, refused in other words
REFUSED = re.compile(r"`unit/bad/(\w+\.bpmn)`")


def test_every_test_that_the_page_names_is_there() -> None:
    """As pytest finds them: a test that was renamed or lost must be looked for."""
    files = sorted({name.partition("::")[0] for name in TESTS})
    command = [
        sys.executable,
        "-m",
        "pytest",
        "--collect-only",
        "-q",
        "-p",
        "no:cacheprovider",
        "-n0",
        *files,
    ]
    listed = subprocess.run(
        command, cwd=ROOT / "tests", capture_output=True, text=True, timeout=120, check=False
    ).stdout
    found = {line.removeprefix("tests/").partition("[")[0] for line in listed.splitlines()}
    assert [name for name in TESTS if name not in found] == []


def test_every_trap_names_a_test_or_a_model_that_is_refused() -> None:
    """A row without either is only a claim."""
    rows = [row for row in ROWS if not row.startswith(("| SpiffWorkflow |", "| drawn |"))]
    assert len(rows) > 40
    assert [row for row in rows if "py::" not in row and not REFUSED.search(row)] == []


@pytest.mark.parametrize("row", [row for row in ROWS if REFUSED.search(row)])
def test_refused_models_are_refused_in_the_words_of_the_page(row: str) -> None:
    """What is quoted stands in the line that the check is tested to give for that model."""
    expected = (ROOT / "tests" / "unit" / "bad" / "expected.txt").read_text(encoding="utf-8")
    for name in REFUSED.findall(row):
        lines = [line for line in expected.splitlines() if line.startswith(f"{name}:")]
        assert lines, f"{name} is refused nowhere"
        quoted = re.findall(r'"([^"]+)"', row)
        assert name in ELSEWHERE or any(quote in line for quote in quoted for line in lines)
