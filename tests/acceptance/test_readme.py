"""The README's example is run as it stands."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[2]


def test_the_python_example_of_the_readme_runs(tmp_path: Path) -> None:
    """A newcomer who copies it beside the samples sees no error, and a run that goes on after the answer."""
    (tmp_path / "bpmn_samples").symlink_to(ROOT / "bpmn_samples")
    readme = (ROOT / "README.md").read_text("utf-8")
    found = re.search(r"^```python\n(.*?)^```$", readme, re.DOTALL | re.MULTILINE)
    assert found
    code = found[1] + "    social.work()\n    print(*social.run(run.id).path)\n"
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", code],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.stderr == ""
    assert "review_text" in done.stdout
