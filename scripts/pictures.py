"""Draws the samples' diagrams as pictures for their pages, from the diagram interchange in the models.

``python scripts/pictures.py`` writes them; with ``--check`` it fails if one is stale.
"""

from __future__ import annotations

import io
import sys
import zipfile
from pathlib import Path

from socialbpm.web.diagram import read_package
from socialbpm.web.picture import draw

SAMPLES = Path(__file__).parents[1] / "bpmn_samples"
INK = "#222"
STYLE = f"""<style>
text {{ font: 12px "Liberation Sans", Arial, Helvetica, sans-serif; fill: {INK} }}
.body, .end, .inner, .lane, .data {{ fill: #fff; stroke: {INK}; stroke-width: 1.6 }}
.end, .call {{ stroke-width: 4 }}
.inner, .sign, .bracket, polyline {{ fill: none; stroke: {INK}; stroke-width: 1.6; stroke-linejoin: round }}
.flow-name text {{ paint-order: stroke; stroke: #fff; stroke-width: 3px }}
.head {{ fill: {INK} }}
</style>"""


def picture(model: Path) -> str:
    """The first diagram of ``model`` as a standing SVG document on white."""
    package = io.BytesIO()
    with zipfile.ZipFile(package, "w") as files:
        files.write(model, model.name)
    drawing = read_package(package.getvalue(), model.stem)
    svg = str(draw(drawing.diagrams[0], {}, {}))
    head, rest = svg.split(">", 1)
    head = head.replace("<svg", '<svg xmlns="http://www.w3.org/2000/svg" style="background:#fff"', 1)
    return f"{head}>{STYLE}{rest}\n"


def main() -> int:
    """Write or check; the exit code."""
    stale = []
    for model in sorted(SAMPLES.glob("*.bpmn")):
        path = SAMPLES / "pictures" / f"{model.stem}.svg"
        text = picture(model)
        if not path.exists() or path.read_text("utf-8") != text:
            stale.append(path.name)
            if "--check" not in sys.argv:
                path.write_text(text, "utf-8")
    if stale and "--check" in sys.argv:
        sys.stderr.write(f"stale: {', '.join(stale)}; run python scripts/pictures.py\n")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
