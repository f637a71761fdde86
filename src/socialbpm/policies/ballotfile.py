"""A file of ballots, so that anyone can try a rule before drawing it: CSV, decided as a request would be.

Columns: ``person``, or ``count`` (so many equal ballots); ``choice`` (a ranking is ``A>B=C>D``, several
choices ``A|B``, ``abstain`` abstains, nothing at all is a person on the roll who keeps silent); if wanted
``weight``, ``group`` (several: ``legal|design``) and ``reason``. The last ballot of a person counts.
"""

from __future__ import annotations

import csv
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from itertools import chain, repeat
from pathlib import Path

from socialbpm.errors import DefinitionError, Problem
from socialbpm.policies.ballots import flaw, folded
from socialbpm.policies.counts import ONE, Count
from socialbpm.policies.declared import POLICIES
from socialbpm.policies.opening import opening
from socialbpm.policies.ranked.rankings import parse, places
from socialbpm.policies.rule import CONSENT, VERDICTS, Rule
from socialbpm.posts import Choice
from socialbpm.responses import ABSTAIN

COLUMNS = ("person", "count", "choice", "weight", "group", "reason")
MOST = 1_000_000
"""How many people a file may stand for."""

_WEIGHT = re.compile(r"[0-9]{1,9}(\.[0-9]{1,9})?|[0-9]{1,9}/[0-9]{1,9}")
_ALIKE = {
    "support": ("support", "approve", "yes", "for", "+1"),
    "object": ("object", "reject", "veto", "no", "against", "-1"),
    ABSTAIN: (ABSTAIN, "0", "+0", "-0", "±0"),
}
_MEANT = {word: key for key, words in _ALIKE.items() for word in words}
_KINDS = ("ranked", "multiple", "consent")
_SIGNS = {
    "ranked": ("|", "a ranking such as A>B=C"),
    "multiple": (">", "several choices such as A|B"),
    "single": ("|>", "one choice, or name a policy for such ballots"),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One line: ``people`` of these ``groups``, each of this ``weight``, chose alike."""

    line: int
    person: str
    people: int
    choice: str
    weight: Fraction
    groups: frozenset[str]
    reasoned: bool


def read(path: Path) -> Sequence[Row]:
    """The rows of a file. Raises DefinitionError with everything that is wrong in it."""
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            return _rows(path, csv.DictReader(file, strict=True))
    except OSError as error:
        raise DefinitionError(Problem(what=f"cannot be read: {error.strerror}", file=str(path))) from None
    except (UnicodeDecodeError, csv.Error) as error:
        remedy = "save it as CSV, in UTF-8"
        raise DefinitionError(Problem(what=f"is no CSV: {error}", remedy=remedy, file=str(path))) from None


def ruled(path: Path, rows: Sequence[Row], rule: Rule, *, kind: str = "") -> Rule:
    """``rule`` with the kind of ballot that the rows show, unless it is given, and the choices they name.

    Raises DefinitionError, naming the lines that are not written as that kind of ballot is.
    """
    said = [row.choice for row in rows if row.choice]
    rule = replace(rule, ballot=kind or _kind(rule.policy, said), abstain=rule.policy != "first_response")
    if problems := list(_miswritten(path, rows, rule)):
        raise DefinitionError(*problems)
    fixed = {"verdict": VERDICTS, "consent": CONSENT}.get(rule.ballot, rule.choices)
    keys = chain.from_iterable(_keys(rule, _ballot(rule, choice)) for choice in said)
    found = tuple(Choice(key=key, label=key) for key in dict.fromkeys(keys) if key != ABSTAIN)
    return replace(rule, choices=fixed or found)


def count(path: Path, rows: Sequence[Row], rule: Rule, *, roll: int = 0) -> Count:
    """The count of all rows; on the roll are the people of the file, and silent ones up to ``roll``.

    Raises DefinitionError, naming the lines whose ballots are not valid.
    """
    problems = [*_invalid(path, rows, rule), *_two_people(path, rows), *_too_many(path, rows)]
    if problems:
        raise DefinitionError(*problems)
    people = {row.person or row.line: row for row in rows}.values()
    voters = chain.from_iterable(repeat(row, row.people) for row in people)
    silent = repeat(_SILENT, roll - sum(row.people for row in people))
    return _cast(opening(rule, chain(voters, silent)), rows, rule)


def _cast(standing: Count, rows: Iterable[Row], rule: Rule) -> Count:
    before: dict[str, tuple[tuple[str, ...], bool]] = {}
    for row in rows:
        ballot = _ballot(rule, row.choice) if row.choice else ()
        old, was_reasoned = before.get(row.person, ((), False))
        if row.person:
            before[row.person] = ballot, row.reasoned
        if not rule.binds(row.groups):
            standing = standing.advise(old, ballot, people=row.people)
            continue
        standing = standing.cast(
            old,
            ballot,
            row.weight * row.people,
            row.line,
            casting=bool(row.person) and row.person == rule.casting_vote,
            groups=row.groups,
            reasoned=row.reasoned,
            was_reasoned=was_reasoned,
            people=row.people,
        )
    return standing


def _kind(policy: str, said: Sequence[str]) -> str:
    """What kind of ballots these are: as the policy wants them, else as they look."""
    decides = POLICIES[policy].ballots
    words = {choice.casefold() for choice in said} - {ABSTAIN}
    if "verdict" in decides and words and words <= {choice.key for choice in VERDICTS}:
        return "verdict"
    if "single" not in decides:
        return next(kind for kind in _KINDS if kind in decides)
    if any(">" in choice for choice in said):
        return "ranked"
    return "multiple" if any("|" in choice for choice in said) else "single"


def _ballot(rule: Rule, choice: str) -> tuple[str, ...]:
    """The ballot that a row's ``choice`` stands for."""
    if choice.casefold() == ABSTAIN:
        return (ABSTAIN,)
    if rule.ballot == "consent":
        return (_MEANT.get(choice.casefold(), choice),)
    if rule.ballot == "verdict":
        return (choice.casefold(),)
    if rule.ballot == "ranked":
        return parse(choice)
    if rule.ballot == "text":
        return (folded(choice),)
    return tuple(part.strip() for part in choice.split("|")) if rule.ballot == "multiple" else (choice,)


def _keys(rule: Rule, ballot: tuple[str, ...]) -> Iterator[str]:
    return (key for place in places(ballot) for key in place) if rule.ballot == "ranked" else iter(ballot)


def _rows(path: Path, reader: csv.DictReader[str]) -> Sequence[Row]:
    header = reader.fieldnames or ()
    problems = list(_columns(path, [name.strip().casefold() for name in header]))
    reader.fieldnames = [name.strip().casefold() for name in header]
    rows = list[Row]()
    for cells in [] if problems else reader:
        try:
            rows.append(_row(reader.line_num, cells))
        except ValueError as error:
            what, _, remedy = str(error).partition("; ")
            problems.append(Problem(what=what, remedy=remedy, file=str(path), line=reader.line_num))
    if problems:
        raise DefinitionError(*problems)
    return rows


def _columns(path: Path, header: Sequence[str]) -> Iterator[Problem]:
    def wrong(what: str, remedy: str) -> Problem:
        return Problem(what=what, remedy=remedy, file=str(path), line=1)

    for name in header:
        if name not in COLUMNS:
            yield wrong(f"column '{name}' is not known", f"the columns are {', '.join(COLUMNS)}")
    if len(set(header)) < len(header):
        yield wrong("a column comes twice", "keep one of each")
    if "choice" not in header:
        yield wrong("there is no column 'choice'", "say in it what each ballot chooses")
    if ("person" in header) == ("count" in header):
        both = "both columns 'person' and 'count'" if "person" in header else "no column 'person' or 'count'"
        yield wrong(f"there is {both}", "keep person for one ballot a line, count for so many equal ones")


def _row(line: int, cells: Mapping[str | None, str | None]) -> Row:
    """A row of the file. Raises ValueError, with the remedy after a semicolon."""
    if None in cells or None in cells.values():
        raise ValueError('the line has not one cell for each column; put text that holds commas in "…"')
    given = {str(name): str(cell).strip() for name, cell in cells.items()}
    if "person" in given and not given["person"]:
        raise ValueError("the line names no person; name one, or use a column 'count'")
    return Row(
        line=line,
        person=given.get("person", ""),
        people=_people(given.get("count", "1")),
        choice=given["choice"],
        weight=_weight(given.get("weight", "")),
        groups=frozenset(name.strip() for name in given.get("group", "").split("|") if name.strip()),
        reasoned=bool(given.get("reason")),
    )


def _people(text: str) -> int:
    if not re.fullmatch("[0-9]{1,7}", text) or not 1 <= int(text) <= MOST:
        raise ValueError(
            f"count '{text[:20]}' is no number of ballots; write a whole number from 1 to {MOST}"
        )
    return int(text)


def _weight(text: str) -> Fraction:
    if not text:
        return ONE
    try:
        weight = Fraction(text) if _WEIGHT.fullmatch(text) else Fraction(0)
    except ZeroDivisionError:
        weight = Fraction(0)
    if not weight:
        raise ValueError(f"weight '{text[:20]}' is no weight; write a number above 0, such as 2, 0.5 or 1/3")
    return weight


def _miswritten(path: Path, rows: Iterable[Row], rule: Rule) -> Iterator[Problem]:
    """Rows whose signs are those of another kind of ballot; and rankings with nothing between two signs."""
    signs, form = _SIGNS.get(rule.ballot, ("", ""))
    for row in rows:
        empty = row.choice and not all(_keys(rule, _ballot(rule, row.choice)))
        foreign = next((sign for sign in signs if sign in row.choice and not rule.choices), "")
        if empty or foreign:
            why = f"'{foreign}' does not belong in it" if foreign else "a choice in it is empty"
            what = f"choice '{row.choice[:60]}' is no {rule.ballot} ballot: {why}"
            yield Problem(what=what, remedy=f"write {form}", file=str(path), line=row.line)


def _invalid(path: Path, rows: Iterable[Row], rule: Rule) -> Iterator[Problem]:
    for row in rows:
        why = flaw(rule, _ballot(rule, row.choice)) if row.choice else ""
        if why:
            known = f"the choices are {', '.join(rule.keys)}" if "not one of" in why else f"see {rule.policy}"
            what = f"choice '{row.choice[:60]}' does not count: {why}"
            yield Problem(what=what, remedy=known, file=str(path), line=row.line)


def _two_people(path: Path, rows: Iterable[Row]) -> Iterator[Problem]:
    """One person, one weight, and the same groups."""
    first: dict[str, Row] = {}
    for row in rows:
        known = first.setdefault(row.person, row) if row.person else row
        if (known.weight, known.groups) != (row.weight, row.groups):
            what = f"'{row.person}' has another weight or group than in line {known.line}"
            remedy = "a person has one weight and the same groups in each line"
            yield Problem(what=what, remedy=remedy, file=str(path), line=row.line)


def _too_many(path: Path, rows: Iterable[Row]) -> Iterator[Problem]:
    people = sum(row.people for row in rows)
    if people > MOST:
        what = f"the file stands for {people} people"
        yield Problem(what=what, remedy=f"{MOST} are the most", file=str(path))


_SILENT = Row(line=0, person="", people=1, choice="", weight=ONE, groups=frozenset(), reasoned=False)
