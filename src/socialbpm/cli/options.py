"""Options that several commands share, and what opens socialbpm from them."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

if TYPE_CHECKING:
    from socialbpm.settings import Settings
    from socialbpm.social import Social

SettingsFile = Annotated[
    Path | None,
    typer.Option("--settings", envvar="SOCIALBPM_SETTINGS", metavar="FILE", help="The settings file (TOML)."),
]
Database = Annotated[
    str, typer.Option("--database", metavar="URL", help="The database, instead of the one in the settings.")
]
Json = Annotated[bool, typer.Option("--json", help="Print JSON, for a program to read.")]
Files = Annotated[list[Path], typer.Argument(metavar="FILE...", help="BPMN and DMN files.")]
Data = Annotated[
    list[str] | None,
    typer.Option(
        "--data", metavar="K=V", help="A datum the run starts with; V is JSON, or else text. Repeatable."
    ),
]


def settings(file: Path | None, database: str = "") -> Settings:
    """The settings that the options ask for. Raises DefinitionError."""
    from socialbpm.settings import Settings

    chosen = Settings.load(file) if file else Settings.of()
    return chosen.model_copy(update={"database": database}) if database else chosen


def opened(file: Path | None, database: str = "") -> Social:
    """socialbpm as the options ask for. Raises DefinitionError."""
    from socialbpm.settings.wiring import open_

    return open_(settings(file, database))


def parsed(data: list[str] | None) -> dict[str, Any]:
    """``--data`` options as process data. Raises typer.BadParameter, which is wrong usage."""
    return dict(_datum(text) for text in data or [])


def _datum(text: str) -> tuple[str, Any]:
    import json

    name, equals, value = text.partition("=")
    if not equals or not name.isidentifier():
        raise typer.BadParameter(f"'{text}' is not NAME=VALUE", param_hint="--data")
    try:
        return name, json.loads(value)
    except ValueError:
        return name, value
