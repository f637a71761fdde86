"""How single values are written in a model, and what they mean: one notation per kind of value.

A notation reads both what an author wrote (``"P3D"``) and what an expression gave (a list from process data),
so a value obeys the same limits wherever it comes from. The XSD and the reference page are made of it too.
"""

from __future__ import annotations

import difflib
import keyword
import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

from pydantic import GetCoreSchemaHandler
from pydantic_core import CoreSchema, core_schema

from socialbpm.policies import groups
from socialbpm.posts import Choice, Span, Text, plain

NAME_LENGTH = 100
LABEL_LENGTH = 300
LINE_LENGTH = 300
CHOICES = 100
_CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f]")


class Misread(ValueError):
    """A value that is not written as its notation wants it: what is wrong, and what to write instead."""

    def __init__(self, what: str, remedy: str = "") -> None:
        super().__init__(f"{what}; {remedy}" if remedy else what)
        self.what, self.remedy = what, remedy


class Later(str):
    """A part that is known only when the request opens: it comes from an expression."""

    __slots__ = ()


@dataclass(frozen=True)
class Notation:
    """One way to write a value. ``read`` raises Misread; ``write`` gives JSON that ``read`` takes back.

    ``pattern`` is the XSD pattern of literal values, ``names`` the values of an enumeration. ``literal`` says
    that the value may not come from an expression, because the model check depends on it. ``text`` says that
    people read it, so that it is a row of spans.
    """

    name: str
    words: str
    read: Callable[[object], Any]
    write: Callable[[Any], Any] | None = None
    pattern: str = ""
    names: tuple[str, ...] = ()
    literal: bool = False
    text: bool = False

    def __get_pydantic_core_schema__(self, source: object, handler: GetCoreSchemaHandler) -> CoreSchema:
        """Let pydantic read a field by its notation alone."""
        write = (
            core_schema.plain_serializer_function_ser_schema(self.write, when_used="json")
            if self.write
            else None
        )
        return core_schema.no_info_plain_validator_function(self.read, serialization=write)


def is_template(text: str) -> bool:
    """Whether ``text`` holds anything for the template engine."""
    return "{{" in text or "{%" in text or "{#" in text


def nearest(name: str, names: Iterable[str]) -> str:
    """The one of ``names`` that was probably meant, or an empty string."""
    lowered = {known.lower(): known for known in names}
    found = difflib.get_close_matches(name.lower(), lowered, n=1, cutoff=0.6)
    return lowered[found[0]] if found else ""


def did_you_mean(name: str, names: Iterable[str]) -> str:
    """A remedy for a name that is not known: the nearest one, else all of them."""
    known = sorted(names)
    near = nearest(name, known)
    return f"did you mean '{near}'?" if near else f"known: {', '.join(known)}" if known else ""


def one_of(name: str, *names: str, later: tuple[str, ...] = ()) -> Notation:
    """One of a few names; those in ``later`` are known, but not carried out by this version."""

    def read(value: object) -> str:
        if value in names:
            return str(value)
        if value in later:
            raise Misread(f"{name} '{value}' is not yet in this version", f"use one of {', '.join(names)}")
        raise Misread(f"{name} {shown(value)} is not known", did_you_mean(str(value), names))

    return Notation(name, "one of " + ", ".join(names), read, names=names, literal=True)


def shown(value: object) -> str:
    """A value as an error shows it: quoted and short."""
    text = value if isinstance(value, str) else repr(value)
    return f"'{text[:60]}…'" if len(text) > 60 else f"'{text}'"


def _name(value: object) -> str:
    if not isinstance(value, str) or not value.strip():
        raise Misread(f"{shown(value)} is no name", "give a name")
    if len(value) > NAME_LENGTH or _CONTROL.search(value):
        raise Misread(
            f"{shown(value)} is no name",
            f"a name has at most {NAME_LENGTH} characters and no control characters",
        )
    return value.strip()


def _optional_name(value: object) -> str:
    return "" if value in ("", None) else _name(value)


def _names(value: object) -> tuple[str, ...]:
    listed = value.split() if isinstance(value, str) else value
    if not isinstance(listed, list | tuple):
        raise Misread(f"{shown(value)} is no list of names", "separate names by spaces, or give a list")
    return tuple(dict.fromkeys(_name(name) for name in listed))


_INCLUDABLE = ("reasons", "voters")


def _include(value: object) -> frozenset[str]:
    names = frozenset(value) if isinstance(value, frozenset | set) else frozenset(_names(value))
    for name in sorted(names - set(_INCLUDABLE)):
        raise Misread(f"nothing called '{name}' can be included", did_you_mean(name, _INCLUDABLE))
    return names


def _identifier(value: object) -> str:
    if value == "":
        return ""
    if (
        not isinstance(value, str)
        or not value.isidentifier()
        or keyword.iskeyword(value)
        or value == "typename"
    ):
        raise Misread(
            f"{shown(value)} cannot be the name of a variable", "use letters, digits and underscores"
        )
    return value


def _line(value: object) -> Text:
    """Spans of one line, from a string, from spans, or from their JSON form."""
    given = [{"text": value}] if isinstance(value, str) else value
    if not isinstance(given, list | tuple):
        raise Misread(f"{shown(value)} is no text")
    spans = tuple(span if isinstance(span, Span) else Span(**span) for span in given)
    line = plain(spans)
    if len(line) > LINE_LENGTH or "\n" in line or _CONTROL.search(line):
        raise Misread(f"{shown(line)} is not one line of at most {LINE_LENGTH} characters")
    return spans if line.strip() else ()


def _written_line(spans: Text) -> list[dict[str, str | bool]]:
    return [{"text": span.text, "authored": span.authored} for span in spans]


def _boolean(value: object) -> bool:
    if isinstance(value, bool):
        return value
    if value in ("true", "false"):
        return value == "true"
    raise Misread(f"{shown(value)} is neither true nor false", "write true or false")


def _count(value: object) -> int:
    number = int(value) if isinstance(value, str) and re.fullmatch(r"[0-9]{1,6}", value) else value
    if isinstance(number, int) and not isinstance(number, bool) and 1 <= number <= 1_000_000:
        return number
    raise Misread(f"{shown(value)} is no whole number of 1 or more")


def _optional_count(value: object) -> int | None:
    return None if value is None else _count(value)


def _require(value: object) -> str | int:
    if value in ("all", "any"):
        return str(value)
    try:
        return _count(value)
    except Misread:
        raise Misread(
            f"{shown(value)} says not how many destinations", "write all, any or a number"
        ) from None


def _share(value: object) -> Fraction:
    """``66%``, ``2/3``, ``0.66`` or such a number from data; a bare whole number could mean either, so no."""
    if isinstance(value, Fraction):
        share = value
    else:
        text = str(value) if isinstance(value, float) else value
        if not isinstance(text, str) or not re.fullmatch(
            r"[0-9]{1,9}(\.[0-9]{1,9})?%|[0-9]{1,9}/[0-9]{1,9}|[0-9]{0,9}\.[0-9]{1,9}", text
        ):
            raise Misread(f"{shown(value)} is no share", "write 66%, 2/3 or 0.66")
        try:
            share = Fraction(text[:-1]) / 100 if text.endswith("%") else Fraction(text)
        except ZeroDivisionError:
            share = Fraction(0)
    if not 0 < share <= 1:
        raise Misread(f"{shown(value)} is no share", "a share is more than 0 and at most 100%")
    return share


def _optional_share(value: object) -> Fraction | None:
    return None if value is None else _share(value)


def _quorum(value: object) -> int | Fraction | None:
    if value is None:
        return None
    if isinstance(value, int) or (isinstance(value, str) and value.isascii() and value.isdigit()):
        return _count(value)
    try:
        return _share(value)
    except Misread:
        raise Misread(
            f"{shown(value)} is no quorum", "write a number of ballots, or a share of the roll (50%)"
        ) from None


def _group_quorum(value: object) -> dict[str, int] | None:
    if value is None:
        return None
    if isinstance(value, Mapping):
        return {_name(name): _count(needed) for name, needed in value.items()}
    if not isinstance(value, str):
        raise Misread(f"{shown(value)} is no quorum of groups", "write GROUP:NUMBER, e.g. legal:1 design:2")
    try:
        return groups.read(value)
    except ValueError as error:
        what, _, remedy = str(error).partition("; ")
        raise Misread(what, remedy) from None


def _written_share(value: int | Fraction | None) -> int | str | None:
    return f"{value.numerator}/{value.denominator}" if isinstance(value, Fraction) else value


def _choice(item: object) -> Choice:
    if isinstance(item, Choice):
        return _choice({"key": item.key, "label": item.label})
    if isinstance(item, Mapping):
        if set(item) != {"key", "label"}:
            raise Misread(f"{shown(item)} is no choice", "a choice has a key and a label")
        return Choice(
            key=_choice_part(item["key"], NAME_LENGTH), label=_choice_part(item["label"], LABEL_LENGTH)
        )
    return _choice({"key": item, "label": item})


def _choice_part(value: object, longest: int) -> str:
    text = str(value).strip() if isinstance(value, str | int) and not isinstance(value, bool) else None
    if not text or len(text) > longest or _CONTROL.search(text):
        raise Misread(
            f"{shown(value)} cannot be chosen",
            f"keys have 1 to {NAME_LENGTH}, labels 1 to {LABEL_LENGTH} characters",
        )
    return text


def _choices(value: object) -> tuple[Choice, ...]:
    if isinstance(value, Mapping):
        value = [{"key": key, "label": label} for key, label in value.items()]
    if not isinstance(value, list | tuple):
        raise Misread(
            f"choices {shown(value)} is no list",
            "give a list of words, of {key, label}, or a mapping of key to label",
        )
    if len(value) > CHOICES:
        raise Misread(f"{len(value)} choices are too many", f"give at most {CHOICES}")
    return tuple(_choice(item) for item in value)


def _written_choices(choices: tuple[Choice, ...]) -> list[dict[str, str]]:
    return [{"key": choice.key, "label": choice.label} for choice in choices]


_SHARE_PATTERN = r"\d+(\.\d+)?%|\d+/\d+|\d*\.\d+"

NAME = Notation("name", "a name", _optional_name)
NAMES = Notation("names", "names separated by spaces, or a list from process data", _names, list)
LITERAL_NAMES = Notation("literalNames", "names separated by spaces", _names, list, literal=True)
INCLUDE = Notation("include", "any of reasons, voters", _include, sorted, names=_INCLUDABLE, literal=True)
LITERAL_NAME = Notation("literalName", "a name", _optional_name, literal=True)
REFERENCE = Notation("reference", "the id of another element of this process", _optional_name, literal=True)
VARIABLE = Notation(
    "variable", "the name of a variable", _identifier, pattern=r"[\i-[:]][\c-[:.\-]]*", literal=True
)
LINE = Notation("line", f"one line of at most {LINE_LENGTH} characters", _line, _written_line, text=True)
BOOLEAN = Notation("boolean", "true or false", _boolean, pattern="true|false")
COUNT = Notation("count", "a whole number of 1 or more", _optional_count, pattern=r"0*[1-9]\d*")
REQUIRE = Notation("require", "all, any or a number", _require, pattern=r"all|any|0*[1-9]\d*")
SHARE = Notation(
    "share", "a share: 66%, 2/3 or 0.66", _optional_share, _written_share, pattern=_SHARE_PATTERN
)
QUORUM = Notation(
    "quorum",
    "a number of ballots, or a share of the roll (50%)",
    _quorum,
    _written_share,
    pattern=rf"0*[1-9]\d*|{_SHARE_PATTERN}",
)
GROUP_QUORUM = Notation(
    "groupQuorum",
    "groups, each with a number of people: legal:1 design:2",
    _group_quorum,
    pattern=r"\s*[^\s,]+:\d+([\s,]+[^\s,]+:\d+)*\s*",
)
CHOICE_LIST = Notation(
    "choices",
    "an expression that gives a list of words, a list of {key, label}, or a mapping of key to label",
    _choices,
    _written_choices,
)
