"""The format of ``NAME.replay.toml``: who answers what and when, what goes wrong, and what must come out.

One file is one run of one process under a clock that stands still between the steps. Everything not listed
here is refused with the nearest right name.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from fractions import Fraction
from pathlib import Path
from typing import Annotated, Any, Self

from pydantic import AwareDatetime, BaseModel, BeforeValidator, ConfigDict, Field, model_validator

from socialbpm.errors import DefinitionError
from socialbpm.settings import tomlfile
from socialbpm.settings.tomlfile import TomlFile

SUFFIX = ".replay.toml"


def _listed(value: Any) -> Any:
    return value if isinstance(value, list | tuple) else [value]


def _share(value: Any) -> Any:
    """``"1/5"`` or 0.2; a float is taken as it is written."""
    return Fraction(str(value))


Share = Annotated[Fraction, BeforeValidator(_share), Field(ge=0, le=1)]
Names = Annotated[tuple[str, ...], BeforeValidator(_listed)]  # one text, or a list of them


class _Part(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, populate_by_name=True)


class Fault(StrEnum):
    """How a channel fails: what happened on the platform, and what we were told."""

    REJECTED = "rejected"
    TEMPORARY = "temporary"
    DROPPED = "dropped"
    LOST = "lost"


class Picture(_Part):
    """A picture: a file beside the replay, and its alt text."""

    src: str = Field(description="Path, relative to this file.")
    alt: str = Field(description="What the picture shows, for those who cannot see it.")


class Turnout(_Part):
    """How a crowd answers: everybody once, some twice, some take it back. The same seed, the same answers."""

    of: str = Field(description="The crowd, one of `crowds`.")
    choices: tuple[str, ...] = Field(description="Ballots to draw from: a key, keys as `A|B`, or `A>B=C`.")
    seed: int = Field(1, description="Where the drawing begins.")
    silent: Share = Field(Fraction(0), description="The share that does not answer.")
    changes: Share = Field(Fraction(0), description="The share that answers again, maybe by another channel.")
    deletions: Share = Field(Fraction(0), description="The share that deletes its last answer in the end.")


class Crowd(_Part):
    """A community of many people, named after it: `town-00001` and on, each with an account everywhere."""

    people: int = Field(ge=1, le=1_000_000, description="How many.")
    channels: tuple[str, ...] = Field(
        ("local",), description="The channel accounts on which everybody is.", min_length=1
    )


class Midway(_Part):
    """What must hold at once after a step."""

    status: str | None = Field(None, description="running, waiting, finished, parked or cancelled.")
    requests: Names | None = Field(None, description="Elements whose requests are open, in order of opening.")
    outcomes: dict[str, Names] | None = Field(
        None, description="Element → the outcome of each of its requests so far (a list), or of its only one."
    )
    posts: dict[str, int] = Field(default_factory=dict, description="Community → how many posts stand there.")
    standings: dict[str, int] = Field(
        default_factory=dict, description="Standing → how many answers have it."
    )
    reminded: dict[str, int] = Field(
        default_factory=dict, description="Person → how many times they were reminded."
    )
    escalated: Names | None = Field(None, description="Elements whose question was put to others, too.")


class Step(_Part):
    """One thing that happens. Without an action, time passes and nothing else."""

    after: timedelta = Field(
        timedelta(0), description="Time since the step before, as ISO 8601: `PT1H`, `P3D`."
    )
    at: AwareDatetime | None = Field(None, description="The moment itself, instead of `after`.")
    respond: str = Field("", description="Element id of the open request that is answered.")
    nth: int = Field(
        0, ge=0, description="Which of several open requests of that element, from 1; else the newest."
    )
    person: str = Field("", description="Who answers.")
    choice: str | None = Field(
        None, description="Key of the one choice, `abstain`, or in a ranked poll a ranking: `A>B=C`."
    )
    choices: tuple[str, ...] | None = Field(
        None,
        description="Keys of several choices, or the places of a ranking, best first; `[]` withdraws the "
        "ballot.",
    )
    says: str = Field("", description="The answer in words, as people reply: `1. North 2. South = East`.")
    delegate: str = Field("", description="The person to whom the ballot is handed, instead of a choice.")
    withdraws: str = Field(
        "", description="The `event_id` of an earlier answer that is deleted, instead of a choice."
    )
    comment: str = Field("", description="The reason given.")
    version: int = Field(
        0, ge=0, description="Version of the request that the person saw; 0: the present one."
    )
    event_id: str = Field("", description="The channel's id of this answer; the same id again counts once.")
    channel: str = Field("local", description="Channel account by which the answer comes.")
    account: str = Field(
        "", description="The account there; without it the person's. One that is nobody's may be meant."
    )
    standing: str = Field("", description="What must become of this answer: accepted, late, ineligible …")
    crowd: Turnout | None = Field(None, description="Many answers at once, instead of one person's.")
    link: str = Field("", description="Person who shows by two codes that `account` on `channel` is theirs.")
    revise: str = Field("", description="Element id of the open request that gets a new version.")
    text: str | None = Field(None, description="The new text.")
    media: Annotated[tuple[Picture, ...], BeforeValidator(_listed)] = Field(
        (), description="The new pictures."
    )
    fail: str = Field("", description="Community whose next posts fail.")
    as_: Fault = Field(
        Fault.REJECTED,
        alias="as",
        description="`rejected` for good; `temporary`: not carried out; `dropped`: carried out, the "
        "answer got lost; "
        "`lost`: not carried out, and nobody told us.",
    )
    times: int = Field(1, ge=1, description="How many writes fail.")
    restart: bool = Field(False, description="Close everything and open it again on the same database.")
    cancel: bool = Field(False, description="The run is cancelled.")
    expect: Midway | None = Field(None, description="What must hold at once after this step.")

    @model_validator(mode="after")
    def _one_action(self) -> Self:
        actions = [name for name in ACTIONS if getattr(self, name)]
        if len(actions) > 1:
            raise ValueError(
                f"a step does one thing, this one does {' and '.join(actions)}: make it two steps"
            )
        action = actions[0] if actions else "nothing"
        owned = {"expect", "after", "at", *ACTIONS.get(action, ()), *actions}
        if strays := sorted(_spelled(name) for name in self.model_fields_set - owned):
            raise ValueError(f"'{strays[0]}' does not belong to a step that does {action}")
        return self

    @model_validator(mode="after")
    def _whole_answer(self) -> Self:
        given = [self.choice is not None, self.choices is not None]
        given += map(bool, (self.says, self.delegate, self.withdraws))
        if self.respond and not self.crowd and (not (self.person or self.account) or sum(given) != 1):
            raise ValueError(
                "an answer needs a person (or an account), and one of choice, choices, says, delegate, "
                "withdraws"
            )
        if self.link and not self.account:
            raise ValueError("a link needs the account that is the person's, and its channel")
        if self.revise and self.text is None and not self.media:
            raise ValueError("a new version needs a new text or new media")
        return self


ACTIONS: Mapping[str, tuple[str, ...]] = {
    "respond": (
        *("nth", "person", "choice", "choices", "says", "delegate", "withdraws", "comment", "version"),
        *("event_id", "channel", "account", "standing", "crowd"),
    ),
    "link": ("channel", "account"),
    "revise": ("nth", "text", "media"),
    "fail": ("as_", "times"),
    "restart": (),
    "cancel": (),
}


def _spelled(field: str) -> str:
    return field.rstrip("_")


class ExpectedPost(_Part):
    """A post that must stand at the end. Those of one community are looked for in the order in which they
    went out.
    """

    element: str = Field("", description="Element id of the task that posted it.")
    community: str = Field("", description="The community it went to.")
    text: str | None = Field(None, description="Its whole text, after the last edit.")
    contains: Names = Field((), description="Parts of its text.")
    starts: str = Field("", description="How its text begins.")
    note: str = Field("", description="A part of the note under it (how the question ended).")
    alt: Names | None = Field(None, description="The alt texts of its pictures.")
    edits: int | None = Field(None, ge=0, description="How many times it was edited.")
    state: str = Field("SENT", description="State of its delivery: SENT, REJECTED, UNKNOWN …")
    replies_to: str = Field("", description="Element id of the task whose post it answers.")


class Expect(Midway):
    """What must have come out after the last step."""

    reason: str = Field("", description="A part of the reason why the run is parked.")
    path: tuple[str, ...] | None = Field(None, description="All elements completed, in order.")
    reached: Names = Field((), description="Elements that were completed.")
    not_reached: Names = Field((), description="Elements that were not completed.")
    error: dict[str, str] = Field(
        default_factory=dict, description="Element → BPMN error code of its last request."
    )
    data: dict[str, Any] = Field(
        default_factory=dict,
        description="Process data: tables are compared in the keys given here, the rest exactly.",
    )
    post: tuple[ExpectedPost, ...] = Field((), description="Posts that must stand.")


class Replay(_Part):
    """A replay file."""

    title: str = Field("", description="What this replay shows, in one sentence.")
    model: Names = Field(
        (), description="The files of the process; if left out, `NAME.bpmn` beside this file."
    )
    process: str = Field("", description="The BPMN id of the process; if left out, that of the first file.")
    starts_at: AwareDatetime = Field(
        datetime(2026, 1, 1, tzinfo=UTC), description="The clock when the run starts."
    )
    communities: dict[str, Any] = Field(default_factory=dict, description="As in the settings.")
    crowds: dict[str, Crowd] = Field(default_factory=dict, description="Communities of many people.")
    channels: dict[str, Any] = Field(default_factory=dict, description="As in the settings.")
    calendars: dict[str, Any] = Field(default_factory=dict, description="As in the settings.")
    content_rules: str | dict[str, Any] | None = Field(
        None, description="As in the settings; a path is relative to this file."
    )
    data: dict[str, Any] = Field(default_factory=dict, description="The data the run starts with.")
    media: dict[str, str] = Field(
        default_factory=dict,
        description="Name of a datum → file beside this one; the datum becomes `media:…`.",
    )
    stubs: dict[str, dict[str, Any] | list[dict[str, Any]]] = Field(
        default_factory=dict,
        description="Element id of a task of the host's own → what it adds to the data; a list: one per "
        "call.",
    )
    steps: tuple[Step, ...] = Field((), alias="step", description="What happens, in order.")
    expect: Expect = Field(default_factory=Expect, description="What must have come out at the end.")


@dataclass(frozen=True, slots=True)
class Script:
    """A replay as read: where it stands, what it says, and the files of its process."""

    path: Path
    file: TomlFile
    replay: Replay

    @property
    def title(self) -> str:
        """Its title, or the file's name."""
        return self.replay.title or self.path.name.removesuffix(SUFFIX)

    @property
    def models(self) -> tuple[Path, ...]:
        """The files to deploy."""
        names = self.replay.model or (self.path.name.split(".")[0] + ".bpmn",)
        return tuple(self.path.parent / name for name in names)


def read(path: str | Path) -> Script:
    """Read a replay. Raises DefinitionError with file, line, key and remedy."""
    file = tomlfile.read(path)
    script = Script(Path(path), file, tomlfile.parse(Replay, file))
    if missing := [model for model in script.models if not model.exists()]:
        raise DefinitionError(
            file.problem(("model",), f"there is no file '{missing[0]}'", 'name it: model = "FILE.bpmn"')
        )
    return script
