"""Where secrets are kept: in the environment or in files, never in settings, in a model or in the store."""

from __future__ import annotations

import os
import re
import secrets
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from socialbpm.errors import DefinitionError, Problem
from socialbpm.settings.tomlfile import TomlFile

NAMES = re.compile(r"(^|_)(token|secret|password|key)$")
OTHERS_MAY = 0o077  # mode bits of a file that others than its owner can use


class Secret(BaseModel):
    """Where a secret is kept: the name of an environment variable, or a file."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    env: str = Field("", description="The environment variable that holds it.")
    file: str = Field("", description="The file that holds it.")

    def read(self) -> str:
        """The secret. Raises ValueError, which names the place and never what is in it."""
        if bool(self.env) == bool(self.file):
            raise ValueError('a secret is kept in one place: { env = "NAME" } or { file = "path" }')
        return _from_environment(self.env) if self.env else _from_file(Path(self.file))


def option(name: str, value: Any) -> str:
    """An adapter's option as text; a table names where the secret is kept. Raises ValueError."""
    if isinstance(value, dict):
        return _kept(name, value)
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, str | int | float):
        return str(value)
    raise ValueError(f"'{name}' is one text, number, true or false")


def literal(file: TomlFile) -> Iterator[Problem]:
    """A secret in a settings file ends in a repository: it is refused, whatever its value."""
    if "secret" in file.data:
        remedy = 'set SOCIALBPM_SECRET, or secret_file = "…"'
        yield file.problem(("secret",), "a secret does not stand in a settings file", remedy)
    channels = file.data.get("channels", {})
    for account, options in channels.items() if isinstance(channels, dict) else ():
        for name, value in options.items() if isinstance(options, dict) else ():
            if isinstance(value, str) and NAMES.search(name):
                yield _refused(file, account, name)


def own(database: Path) -> bytes:
    """The key that signs our links, from the 0600 file beside an SQLite database; made when it is first
    asked for.
    """
    path = database.with_name(database.name + ".secret")
    if not path.exists():
        _create(path)
    return private(path)


def private(path: Path) -> bytes:
    """What a secret file holds. Raises DefinitionError if others can read it, or if it holds nothing."""
    try:
        body = path.read_bytes().strip()
        mode = path.stat().st_mode
    except OSError as error:
        raise DefinitionError(Problem(file=str(path), what=f"cannot be read: {error.strerror}")) from None
    if os.name == "posix" and mode & OTHERS_MAY:
        raise DefinitionError(
            Problem(file=str(path), what="others can read this secret", remedy=f"chmod 600 {path}")
        )
    if not body:
        raise DefinitionError(
            Problem(file=str(path), what="holds no secret", remedy="remove it: it is made anew")
        )
    return body


def _create(path: Path) -> None:
    """Write the file whole before it has its name: of two processes that start at once, one key wins."""
    draft = path.with_name(f"{path.name}.{secrets.token_hex(8)}")
    try:
        with os.fdopen(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
            file.write(secrets.token_hex(32))
        os.link(draft, path)
    except FileExistsError:
        pass  # somebody else was first: theirs stands
    finally:
        draft.unlink(missing_ok=True)


def _kept(name: str, place: dict[str, Any]) -> str:
    try:
        return Secret.model_validate(place).read()
    except ValidationError:
        raise ValueError(f'\'{name}\' is {{ env = "NAME" }} or {{ file = "path" }}') from None
    except ValueError as error:
        raise ValueError(f"'{name}': {error}") from None


def _from_environment(name: str) -> str:
    if value := os.environ.get(name, ""):
        return value
    raise ValueError(f"the environment variable {name} is not set")


def _from_file(path: Path) -> str:
    try:
        return path.read_text("utf-8").strip()
    except OSError as error:
        raise ValueError(f"the file '{path}' cannot be read: {error.strerror}") from None


def _refused(file: TomlFile, account: str, name: str) -> Problem:
    variable = f"{account}_{name}".upper()
    return file.problem(
        ("channels", account, name),
        f"'channels.{account}.{name}' is a secret and does not stand in a settings file",
        f'write {name} = {{ env = "{variable}" }} or {{ file = "…" }}, '
        f"or set SOCIALBPM_CHANNELS__{account.upper()}__{name.upper()}",
    )
