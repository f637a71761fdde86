"""For those who draw processes: XSD, moddle descriptor and reference page, made from the catalogue.

``python -m socialbpm.designer`` writes them; with ``--check`` it fails if one is stale.
"""

from __future__ import annotations

from pathlib import Path

from socialbpm.designer.moddle import descriptor
from socialbpm.designer.reference import page
from socialbpm.designer.xsd import schema

HERE = Path(__file__).parent
XSD = HERE / "social.xsd"
MODDLE = HERE / "social-moddle.json"
REFERENCE = HERE.parents[2] / "docs" / "reference" / "tasks.md"
"""In the source tree only: an installed package has no docs."""


def generated() -> dict[Path, str]:
    """What each generated file must hold."""
    files = {XSD: schema(), MODDLE: descriptor()}
    return {**files, REFERENCE: page()} if REFERENCE.parent.is_dir() else files


def stale() -> list[Path]:
    """The generated files that are missing or differ from the catalogue."""
    return [
        path
        for path, text in generated().items()
        if not path.is_file() or path.read_text(encoding="utf-8") != text
    ]
