"""Crash points: a named place kills the process, so that tests can prove what survives."""

from __future__ import annotations

import os
import signal
import subprocess
import sys

import pytest

PROGRAM = """
from socialbpm.faults import crash_point
for number in range(3):
    crash_point("here")
    crash_point("there")
    print(number, flush=True)
"""


@pytest.mark.parametrize(
    ("where", "printed", "killed"),
    [("", "0 1 2", False), ("here", "", True), ("there:2", "0", True), ("nowhere", "0 1 2", False)],
)
def test_the_named_pass_of_a_place_kills(where: str, printed: str, killed: bool) -> None:
    """SIGKILL at the n-th pass of the place that the environment names, and nowhere else."""
    environment = os.environ | {"SOCIALBPM_CRASH_AT": where}
    ended = subprocess.run(
        [sys.executable, "-c", PROGRAM],
        env=environment,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert ended.stdout.split() == printed.split()
    assert ended.returncode == (-signal.SIGKILL if killed else 0)
