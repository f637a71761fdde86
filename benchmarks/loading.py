"""How long it takes until the library, or the command line, is there."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from statistics import median

from benchmarks.measuring import Figure


def measure(folder: Path, quick: bool) -> Iterator[Figure]:
    """Each in a process of its own. An empty interpreter's own time is in both sides of the ratio."""
    rounds = 3 if quick else 9
    ours, theirs, help_ = [], [], []
    for _ in range(rounds):
        ours.append(_cpu("-c", "import socialbpm"))
        theirs.append(_cpu("-c", "import pydantic"))
        help_.append(_cpu("-m", "socialbpm", "--help"))
    yield Figure(
        id="loading.import",
        what="CPU of `import socialbpm` ÷ `import pydantic`",
        value=median(one / other for one, other in zip(ours, theirs, strict=True)),
        target=2.0,
        at_least=False,
        detail=f"{median(ours) * 1000:.0f} against {median(theirs) * 1000:.0f} ms",
    )
    yield Figure(
        id="loading.help",
        what="seconds of CPU of `socialbpm --help`",
        value=median(help_),
        target=0.5,
        at_least=False,
        detail="with the interpreter",
    )


def _cpu(*arguments: str) -> float:
    before = os.times()
    subprocess.run([sys.executable, *arguments], check=True, stdout=subprocess.DEVNULL)
    after = os.times()
    return after.children_user + after.children_system - before.children_user - before.children_system
