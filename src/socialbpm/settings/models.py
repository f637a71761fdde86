"""What can be set, from a TOML file, the environment and arguments.

Secrets never stand in the file: they come from the environment or from files.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Annotated, Any

from pydantic import (
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    SecretStr,
    ValidationError,
    field_validator,
)
from pydantic.fields import FieldInfo
from pydantic_settings import BaseSettings, EnvSettingsSource, SettingsConfigDict, SettingsError
from pydantic_settings import PydanticBaseSettingsSource as Source

from socialbpm.calendars import Calendar
from socialbpm.content_rules import ContentRules
from socialbpm.errors import DefinitionError, Problem
from socialbpm.people import Community
from socialbpm.settings import bindings, content, secret, tomlfile
from socialbpm.settings.bindings import Bindings
from socialbpm.settings.tomlfile import TomlFile


class Channel(BaseModel):
    """A connected platform account: its adapter, and that adapter's own options as further keys."""

    model_config = ConfigDict(extra="allow", frozen=True)

    adapter: str = Field("", description="Name of the adapter; the account's own name if left out.")

    def __repr_args__(self) -> Iterator[tuple[str | None, Any]]:
        """Names without values: any of them may be a secret."""
        yield "adapter", self.adapter
        yield "options", sorted(self.model_extra or {})

    def options(self) -> dict[str, str]:
        """The adapter's options as text, secrets read from where they are kept. Raises ValueError."""
        return {name: secret.option(name, value) for name, value in (self.model_extra or {}).items()}

    def plain_options(self) -> dict[str, str]:
        """Those options that stand here as they are. Raises ValueError."""
        given = (self.model_extra or {}).items()
        return {name: secret.option(name, value) for name, value in given if not isinstance(value, Mapping)}


class Environment(EnvSettingsSource):
    """``SOCIALBPM_…`` variables; an option of a channel is taken as it stands, for a token may look like a
    number.
    """

    def explode_env_vars(
        self, field_name: str, field: FieldInfo, env_vars: Mapping[str, str | None]
    ) -> dict[str, Any]:
        """A nested setting from its variables."""
        nested: dict[str, Any] = super().explode_env_vars(field_name, field, env_vars)
        if field_name == "channels":
            for name, text in env_vars.items():
                _, account, option, *deeper = [*name.split("__"), "", ""]
                if account in nested and option in nested[account] and not any(deeper):
                    nested[account][option] = text
        return nested


class Settings(BaseSettings):
    """All settings. Each can stand in the TOML file, in the environment (``SOCIALBPM_…``) or be an argument.

    Nested names are joined by two underscores: ``SOCIALBPM_CHANNELS__SLACK__BOT_TOKEN``.
    """

    model_config = SettingsConfigDict(
        env_prefix="SOCIALBPM_",
        env_nested_delimiter="__",
        extra="forbid",
        frozen=True,
        hide_input_in_errors=True,
    )

    database: str = Field(
        "sqlite:///social.db",
        description="URL of the database. A relative SQLite path starts where the program was started.",
    )
    base_url: str = Field(
        "http://127.0.0.1:8000", description="Where people reach the pages; links to them begin with it."
    )
    communities: dict[str, Bindings] = Field(
        default_factory=dict, description="The named groups that processes speak to, by channel account."
    )
    channels: dict[str, Channel] = Field(
        default_factory=dict, description="The connected platform accounts. `local` is always there."
    )
    operators: frozenset[str] = Field(
        default=frozenset(), description="People who see every run with its data on the pages."
    )
    media_hosts: tuple[str, ...] = Field(
        (), description="Hosts from which `src` may fetch pictures, by https. None unless listed."
    )
    calendars: dict[str, Calendar] = Field(
        default_factory=dict, description='Working time by name, for `calendar="office"` of a task.'
    )
    content_rules: Annotated[ContentRules | None, BeforeValidator(content.rules)] = Field(
        None,
        description="What is asked of every text before it goes out: the path of a policy file (from the "
        "folder of the settings file), or the rules themselves.",
    )
    lease: float = Field(
        60,
        gt=0,
        description="Seconds for which a piece of work is reserved for the worker that took it: longer than "
        "the slowest remote call. What a killed worker had taken is taken again after it.",
    )
    threads: int = Field(4, ge=1, le=64, description="Threads of a worker.")
    secret: SecretStr | None = Field(
        None,
        description="Signs personal links. Environment only. Beside an SQLite database a file keeps it "
        "otherwise.",
    )
    secret_file: Path | None = Field(None, description="A file (mode 0600) that holds the secret instead.")

    @classmethod
    def settings_customise_sources(
        cls, settings_cls: type[BaseSettings], init_settings: Source, *others: Source, **named: Source
    ) -> tuple[Source, ...]:
        """Arguments, and the environment below them; no .env file is looked for."""
        return init_settings, Environment(settings_cls)

    @field_validator("base_url")
    @classmethod
    def _is_url(cls, value: str) -> str:
        if not re.match(r"https?://[^/\s]+", value):
            raise ValueError("starts with http:// or https:// and names a host")
        return value.rstrip("/")

    @classmethod
    def load(cls, path: str | os.PathLike[str]) -> Settings:
        """A TOML file, with the environment over it. Raises DefinitionError: file, line, key, remedy."""
        file = tomlfile.read(Path(path))
        if found := [*secret.literal(file)]:
            raise DefinitionError(*found)
        data = content.beside(file.data, Path(path).parent)
        return bound_or_refused(_validated(_FileSettings, data, file), file)

    @classmethod
    def of(cls, **values: Any) -> Settings:
        """Arguments, over the environment. Raises DefinitionError."""
        return bound_or_refused(_validated(cls, values, None), None)

    @classmethod
    def alone(cls, **values: Any) -> Settings:
        """Arguments and nothing else, for what must go the same way on every machine. Raises
        DefinitionError.
        """
        return bound_or_refused(_validated(_ArgumentSettings, values, None), None)


class _FileSettings(Settings):
    """What stands in a file gives way to the environment; what is an argument does not."""

    @classmethod
    def settings_customise_sources(
        cls, settings_cls: type[BaseSettings], init_settings: Source, *others: Source, **named: Source
    ) -> tuple[Source, ...]:
        return Environment(settings_cls), init_settings


class _ArgumentSettings(Settings):
    """What stands in the environment is not looked at."""

    @classmethod
    def settings_customise_sources(
        cls, settings_cls: type[BaseSettings], init_settings: Source, *others: Source, **named: Source
    ) -> tuple[Source, ...]:
        return (init_settings,)


def communities(settings: Settings) -> dict[str, Community]:
    """The communities as the middle knows them."""
    return bindings.communities(settings.communities)


def _validated(model: type[Settings], values: Mapping[str, Any], file: TomlFile | None) -> Settings:
    try:
        return model(**values)
    except SettingsError as error:
        name = re.sub(r'.*field "(\w+)".*', lambda match: f"SOCIALBPM_{match[1].upper()}", str(error))
        raise DefinitionError(Problem(what=f"{name} cannot be read", remedy="write it as JSON")) from None
    except ValidationError as error:
        raise DefinitionError(*tomlfile.problems(model, error, file)) from None


def bound_or_refused(settings: Settings, file: TomlFile | None) -> Settings:
    """The settings, if everything they name is there. Raises DefinitionError."""
    if found := [*_unbound(settings, file)]:
        raise DefinitionError(*found)
    return settings


def _unbound(settings: Settings, file: TomlFile | None) -> Iterator[Problem]:
    """What cannot be seen key by key: unknown names, and two people behind one account."""
    for what, remedy in content.unbound(settings.content_rules, settings.communities.keys()):
        yield file.problem((content.KEY,), what, remedy) if file else Problem(what=what, remedy=remedy)
    for place, what, remedy in bindings.unbound(settings.communities, frozenset(settings.channels)):
        yield file.problem(place, what, remedy) if file else Problem(what=what, remedy=remedy)
