"""Expectation against evidence: the first thing that differs, as a diff that a person can read."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from difflib import ndiff
from typing import Any

from socialbpm.settings.tomlfile import Place, TomlFile
from socialbpm.testing.evidence import Evidence, Outgoing
from socialbpm.testing.replay_file import Expect, ExpectedPost, Midway

SENT = "SENT"


@dataclass(frozen=True, slots=True, kw_only=True)
class Divergence:
    """The first point where a replay did not go as its file says. ``place`` is where the file says so."""

    place: Place
    what: str
    diff: str = ""

    def text(self, file: TomlFile) -> str:
        """``file:line: what`` and the diff, indented."""
        line = file.line(self.place)
        where = f"{file.name}:{line}" if line else file.name
        return "\n".join([f"{where}: {self.what}", *(f"    {each}" for each in self.diff.splitlines())])


class Diverged(Exception):
    """A replay cannot go on as its file says."""

    def __init__(self, place: Place, what: str, diff: str = "") -> None:
        super().__init__(what)
        self.divergence = Divergence(place=place, what=what, diff=diff)


def midway(expected: Midway, got: Evidence, place: Place) -> Iterator[Divergence]:
    """What differs in the middle of a run."""
    if expected.status is not None and expected.status != got.status:
        reason = f": {got.reason}" if got.reason else ""
        what = f"the run is {got.status}{reason}, it should be {expected.status}"
        yield Divergence(place=(*place, "status"), what=what, diff="\n".join(got.waits))
    for element, outcomes in (expected.outcomes or {}).items():
        came = got.outcomes.get(element, ())
        if outcomes != came:
            yield _lists((*place, "outcomes", element), f"outcomes of '{element}' differ", outcomes, came)
    if expected.requests is not None and expected.requests != got.requests:
        yield _lists((*place, "requests"), "what is open differs", expected.requests, got.requests)
    yield from _counts(expected, got, place)
    yield from _cared(expected, got, place)


def final(expected: Expect, got: Evidence, place: Place = ("expect",)) -> Iterator[Divergence]:
    """What differs at the end."""
    yield from midway(expected, got, place)
    if expected.reason not in got.reason:
        yield _texts((*place, "reason"), "the reason differs", expected.reason, got.reason)
    yield from _elements(expected, got, place)
    yield from _errors(expected, got, place)
    yield from _posts(expected.post, got.posts, place)
    yield from _values(expected.data, got.data, (*place, "data"))
    yield from _books(got, place)


def _elements(expected: Expect, got: Evidence, place: Place) -> Iterator[Divergence]:
    if expected.path is not None and expected.path != got.path:
        yield _lists((*place, "path"), "the path differs", expected.path, got.path)
    path = " → ".join(got.path)
    for element in expected.reached:
        if element not in got.path:
            yield Divergence(place=(*place, "reached"), what=f"'{element}' was not reached", diff=path)
    for element in expected.not_reached:
        if element in got.path:
            yield Divergence(place=(*place, "not_reached"), what=f"'{element}' was reached", diff=path)


def _errors(expected: Expect, got: Evidence, place: Place) -> Iterator[Divergence]:
    for element, code in expected.error.items():
        if got.errors.get(element, "") != code:
            what = f"the error of '{element}' is '{got.errors.get(element, '')}', it should be '{code}'"
            yield Divergence(place=(*place, "error", element), what=what)


def _books(got: Evidence, place: Place) -> Iterator[Divergence]:
    """Every answer that was received has exactly one standing, whatever a replay expects."""
    judged = sum(got.standings.values())
    if judged != got.received:
        what = f"{got.received} answers were received, and {judged} have a standing"
        yield Divergence(place=(*place, "standings"), what=what)


def _cared(expected: Midway, got: Evidence, place: Place) -> Iterator[Divergence]:
    for person, times in expected.reminded.items():
        if got.reminded.get(person, 0) != times:
            what = f"'{person}' was reminded {got.reminded.get(person, 0)} times, it should be {times}"
            yield Divergence(place=(*place, "reminded", person), what=what)
    if expected.escalated is not None and expected.escalated != got.escalated:
        place = (*place, "escalated")
        yield _lists(place, "what was escalated differs", expected.escalated, got.escalated)


def _counts(expected: Midway, got: Evidence, place: Place) -> Iterator[Divergence]:
    for community, count in expected.posts.items():
        stand = [post for post in got.posts if community in post.communities and post.state == SENT]
        if len(stand) != count:
            what = f"{len(stand)} posts stand in '{community}', there should be {count}"
            yield Divergence(place=(*place, "posts", community), what=what, diff=_shown(stand))
    for standing, count in expected.standings.items():
        if got.standings.get(standing, 0) != count:
            what = f"{got.standings.get(standing, 0)} answers are {standing}, there should be {count}"
            yield Divergence(place=(*place, "standings", standing), what=what)


def _posts(expected: Sequence[ExpectedPost], got: Sequence[Outgoing], place: Place) -> Iterator[Divergence]:
    """Each expected post takes the first fitting one of its element and community that is not taken yet."""
    taken: set[int] = set()
    for number, wanted in enumerate(expected):
        here: Place = (*place, "post", number)
        near = [i for i, post in enumerate(got) if i not in taken and _is_meant(wanted, post)]
        flaws = {i: _flaw(wanted, got[i], here) for i in near}
        fitting = [i for i in near if flaws[i] is None]
        if fitting:
            taken.add(fitting[0])
        elif near:
            yield from (flaw for flaw in [flaws[near[0]]] if flaw)
        else:
            whose = " ".join(filter(None, [wanted.element and f"of '{wanted.element}'", _where(wanted)]))
            yield Divergence(place=here, what=f"there is no post {whose}".rstrip(), diff=_shown(got))


def _where(wanted: ExpectedPost) -> str:
    return f"in '{wanted.community}'" if wanted.community else ""


def _is_meant(wanted: ExpectedPost, post: Outgoing) -> bool:
    element = not wanted.element or wanted.element == post.element
    return element and (not wanted.community or wanted.community in post.communities)


def _flaw(wanted: ExpectedPost, post: Outgoing, here: Place) -> Divergence | None:
    """What is wrong with a post that was meant."""
    whose = f"the post of '{post.element}'"
    if wanted.text is not None and wanted.text != post.text:
        return _texts((*here, "text"), f"{whose} reads otherwise", wanted.text, post.text)
    for part in wanted.contains:
        if part not in post.text:
            return _texts((*here, "contains"), f"{whose} lacks a part of the text", part, post.text)
    if not post.text.startswith(wanted.starts):
        return _texts((*here, "starts"), f"{whose} begins otherwise", wanted.starts, post.text)
    if wanted.note not in post.note:
        return _texts((*here, "note"), f"the note under {whose} differs", wanted.note, post.note)
    if wanted.alt is not None and wanted.alt != post.alts:
        return _lists((*here, "alt"), f"the alt texts of {whose} differ", wanted.alt, post.alts)
    return _state_flaw(wanted, post, here, whose)


def _state_flaw(wanted: ExpectedPost, post: Outgoing, here: Place, whose: str) -> Divergence | None:
    checks: Mapping[str, tuple[Any, Any]] = {
        "state": (wanted.state, post.state),
        "edits": (post.edits if wanted.edits is None else wanted.edits, post.edits),
        "replies_to": (wanted.replies_to or post.replies_to, post.replies_to),
    }
    for name, (should, is_) in checks.items():
        if should != is_:
            return Divergence(
                place=(*here, name), what=f"{name} of {whose} is {is_!r}, it should be {should!r}"
            )
    return None


def _values(expected: Any, got: Any, place: Place) -> Iterator[Divergence]:
    """Tables are compared in the keys that are expected; everything else exactly."""
    if isinstance(expected, Mapping) and isinstance(got, Mapping):
        for key, value in expected.items():
            if key not in got:
                known = ", ".join(sorted(map(str, got)))
                yield Divergence(
                    place=(*place, key), what=f"data: there is no '{key}'", diff=f"there is: {known}"
                )
            else:
                yield from _values(value, got[key], (*place, key))
    elif expected != got:
        spelled = ".".join(str(part) for part in place[1:])
        yield _texts(place, f"{spelled} differs", _json(expected), _json(got))


def _lists(place: Place, what: str, expected: Iterable[str], got: Iterable[str]) -> Divergence:
    return Divergence(place=place, what=what, diff=_diff([*expected], [*got]))


def _texts(place: Place, what: str, expected: str, got: str) -> Divergence:
    return Divergence(place=place, what=what, diff=_diff(expected.splitlines(), got.splitlines()))


def _diff(expected: list[str], got: list[str]) -> str:
    return "\n".join(["- expected", "+ got", *(line.rstrip("\n") for line in ndiff(expected, got))])


def _shown(posts: Iterable[Outgoing]) -> str:
    lines = [f"{post.element} → {post.channel}/{post.room} {post.state}: {post.text!r}" for post in posts]
    return "\n".join(lines) or "nothing was posted"


def _json(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False, indent=2, sort_keys=True, default=str)
