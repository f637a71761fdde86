"""From the words of a model to a task: ``declare`` when it is checked, ``resolve`` when a request opens."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any, NotRequired, TypedDict

from pydantic import ValidationError

from socialbpm.errors import DefinitionError, Problem, TaskFailed, UnsupportedFeature
from socialbpm.posts import Span, plain
from socialbpm.tasks.catalogue import CATALOGUE, ELEMENTS
from socialbpm.tasks.children import CHILDREN, ChildElement, MediaSource, Wording
from socialbpm.tasks.common import READING, SocialTask
from socialbpm.tasks.later import NotYet
from socialbpm.tasks.notation import VARIABLE, Later, Misread, Notation, did_you_mean, is_template, shown
from socialbpm.tasks.rules import Flaw, broken

Evaluate = Callable[[str, bool], Any]
"""``evaluate(template, native)``: a row of spans, or (native) the value of a single ``{{ … }}``.

Raises TaskFailed."""


class Child(TypedDict):
    """A child element as written. ``line`` is where, in the file being checked; it is not kept."""

    name: str
    attributes: dict[str, str]
    text: str
    line: NotRequired[int]


class Declaration(TypedDict):
    """A checked task as it stands in the model, nothing evaluated: plain JSON, kept in the stored spec."""

    element: str
    id: str
    attributes: dict[str, str]
    children: list[Child]


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """Where a task stands in a file; ``element`` is the BPMN element's id."""

    element: str
    file: str = ""
    line: int = 0

    def problem(self, what: str, remedy: str = "", *, attribute: str = "", line: int = 0) -> Problem:
        """A problem at this place, or at a line near it."""
        return Problem(
            what=what,
            remedy=remedy,
            file=self.file,
            line=line or self.line,
            element=self.element,
            attribute=attribute,
        )


def model(element: str) -> type[SocialTask]:
    """The model of an element. Raises DefinitionError for an unknown, UnsupportedFeature for a future one."""
    return _model(element, Place(element=""))


def _model(element: str, place: Place) -> type[SocialTask]:
    entry = CATALOGUE.get(element)
    if entry is None:
        raise DefinitionError(
            place.problem(f"unknown social element '{element}'", did_you_mean(element, ELEMENTS))
        )
    if isinstance(entry, NotYet):
        raise UnsupportedFeature(
            place.problem(f"social:{element} is not yet in this version", "leave it out")
        )
    return entry


@cache  # of a few classes: it goes through all their fields, at every request that opens
def attributes(task: type[SocialTask]) -> Mapping[str, tuple[str, Notation]]:
    """The attributes of an element as XML spells them: the python name and the notation of each."""
    return {
        str(field.alias): (name, notation)
        for name, field in task.model_fields.items()
        for notation in field.metadata
        if isinstance(notation, Notation) and name not in task.NOT_OFFERED
    }


def declare(element: str, given: Mapping[str, str], children: Sequence[Child], place: Place) -> Declaration:
    """Check what a model says, as far as it is literal. Raises DefinitionError with everything found."""
    task = _model(element, place)
    declaration = Declaration(
        element=element,
        id=place.element,
        attributes={name: value for name, value in given.items() if value.strip()},
        children=[_tidy(child) for child in children],
    )
    flaws = [*_misplaced(task, declaration), *_variable(declaration)]
    flaws += known(declaration)[2] if not any(flaw.child for flaw in flaws) else []
    if flaws:
        raise DefinitionError(*(_problem(flaw, children, place) for flaw in flaws))
    return declaration


def known(declaration: Declaration) -> tuple[SocialTask, frozenset[str], list[Flaw]]:
    """What a model says for certain: the task, the fields only a running process knows, and the flaws."""
    return _read(declaration, _later)


def resolve(declaration: Declaration, evaluate: Evaluate) -> SocialTask:
    """The task with all expressions evaluated. Raises TaskFailed ``social.invalid`` if it is not valid."""
    try:
        task, _, flaws = _read(declaration, evaluate)
    except TaskFailed as failure:
        raise TaskFailed(failure.code, failure.what, element=declaration["id"]) from failure
    if flaws:
        raise TaskFailed("social.invalid", "; ".join(map(str, flaws)), element=declaration["id"])
    return task


def result_variable(declaration: Declaration) -> str:
    """The variable of the result: as written, else the element's id."""
    return declaration["attributes"].get("resultVariable", declaration["id"])


def dump(task: SocialTask) -> dict[str, Any]:
    """A resolved task as JSON, with its ``element``; ``load`` takes it back.

    What is as usual is not written: so a default may never change, or what was asked would change with it.
    """
    return {"element": task.element, **task.model_dump(mode="json", by_alias=True, exclude_defaults=True)}


def load(stored: Mapping[str, Any]) -> SocialTask:
    """A task from what ``dump`` gave. The rules are not asked again: it was valid when it was stored."""
    said = {name: value for name, value in stored.items() if name != "element"}
    return model(stored["element"]).model_validate(said, context=READING)


def outcomes(element: str) -> tuple[str, ...]:
    """The outcomes that a task of this kind can end with."""
    return model(element).OUTCOMES


def result_keys(element: str) -> tuple[str, ...]:
    """The keys that a gateway may find in a result."""
    return tuple(model(element).RESULT.model_fields)


def failed(element: str, error: str, explanation: str) -> dict[str, Any]:
    """The result of a task that failed with this code before a request was opened for it."""
    result = model(element).RESULT(outcome="", error=error, explanation=explanation)
    return result.model_dump(mode="json", exclude={"reasons", "voters"})


def _tidy(child: Child) -> Child:
    return Child(
        name=child["name"], attributes=dict(child["attributes"]), text=inspect.cleandoc(child["text"]).strip()
    )


def _problem(flaw: Flaw, children: Sequence[Child], place: Place) -> Problem:
    line = 0
    if flaw.child:
        name, index = flaw.child
        lines = [child.get("line", 0) for child in children if child["name"] == name]
        line = lines[index] if index < len(lines) else 0
    return place.problem(flaw.what, flaw.remedy, attribute=flaw.attribute, line=line)


def _misplaced(task: type[SocialTask], declaration: Declaration) -> Iterator[Flaw]:
    """Attributes and child elements that do not belong here."""
    offered = attributes(task)
    for name, value in declaration["attributes"].items():
        if name not in offered:
            yield Flaw(name, f"social:{task.element} has no attribute '{name}'", did_you_mean(name, offered))
        elif offered[name][1].literal and is_template(value):
            yield Flaw(name, f"{name} takes no {{{{ … }}}}", "write it out: the model check depends on it")
    elements = {child.name: child for child in task.ELEMENTS}
    counted: dict[str, int] = {}
    for child in declaration["children"]:
        index = counted[child["name"]] = counted.get(child["name"], -1) + 1
        if child["name"] in elements:
            yield from _misplaced_in(elements[child["name"]], child, index)
        else:
            what = f"social:{task.element} has no child element '{child['name']}'"
            yield Flaw("", what, did_you_mean(child["name"], elements), (child["name"], index))
    if "choices" in declaration["attributes"] and "choice" in counted:
        yield Flaw("choices", "has choices both as attribute and as elements", "keep one of them")


def _misplaced_in(element: ChildElement, child: Child, index: int) -> Iterator[Flaw]:
    at = (element.name, index)
    for name, value in child["attributes"].items():
        if name not in element.attributes:
            what = f"social:{element.name} has no attribute '{name}'"
            yield Flaw(name, what, did_you_mean(name, element.attributes), at)
        elif name in element.literal and is_template(value):
            yield Flaw(name, f"{name} takes no {{{{ … }}}}", "write it out", at)
    for name in sorted(element.required - {"alt"} - set(child["attributes"])):
        yield Flaw(name, f"social:{element.name} lacks '{name}'", f'add {name}="…"', at)
    if child["text"] and not element.body:
        yield Flaw("", f"social:{element.name} holds no text", "use its attributes", at)


def _variable(declaration: Declaration) -> Iterator[Flaw]:
    """The result needs a variable; an element's id may serve, if scripts and conditions can name it."""
    if "resultVariable" not in declaration["attributes"]:
        try:
            VARIABLE.read(declaration["id"])
        except Misread:
            what = f"the id {shown(declaration['id'])} cannot be the name of a variable"
            yield Flaw("resultVariable", what, 'add resultVariable="…"')


def _read(declaration: Declaration, evaluate: Evaluate) -> tuple[SocialTask, frozenset[str], list[Flaw]]:
    """Evaluate, read each value by its notation, then apply the rules to whatever could be read."""
    task = model(declaration["element"])
    offered = attributes(task)
    values = {
        alias: evaluate(text, not offered[alias][1].text) if is_template(text) else text
        for alias, text in declaration["attributes"].items()
        if alias in offered
    }
    later = {alias for alias, value in values.items() if isinstance(value, Later)}
    values |= _bodies(declaration["children"], evaluate)
    found, flaws, bad = _validated(
        task, {alias: value for alias, value in values.items() if alias not in later}
    )
    unknown = frozenset(offered[alias][0] if alias in offered else alias for alias in later | bad)
    return found, unknown, [*flaws, *broken(found, unknown)]


def _validated(task: type[SocialTask], values: dict[str, Any]) -> tuple[SocialTask, list[Flaw], set[str]]:
    """The task made of the values that can be read; the flaws and the names of the others."""
    try:
        return task.model_validate(values, context=READING), [], set()
    except ValidationError as error:
        flaws = [_flaw(str(fault["loc"][0]), fault) for fault in error.errors(include_url=False)]
    bad = {flaw.attribute for flaw in flaws}
    good = {alias: value for alias, value in values.items() if alias not in bad}
    return task.model_validate(good, context=READING), flaws, bad


def _flaw(attribute: str, fault: Mapping[str, Any]) -> Flaw:
    misread = fault.get("ctx", {}).get("error")
    if isinstance(misread, Misread):
        return Flaw(attribute, f"{attribute}: {misread.what}", misread.remedy)
    return Flaw(attribute, f"{attribute}: {fault['msg']}")


def _bodies(children: Sequence[Child], evaluate: Evaluate) -> dict[str, Any]:
    """The values of the child elements, by the field that each kind fills."""
    bodies: dict[str, Any] = {}
    for child in children:
        element = next((known for known in CHILDREN if known.name == child["name"]), None)
        if element:
            bodies.setdefault(element.field, []).append(_BODY[child["name"]](child, evaluate))
    return bodies


def _wording(child: Child, evaluate: Evaluate) -> Wording:
    return Wording(network=child["attributes"].get("network", ""), text=_text(child["text"], evaluate))


def _media(child: Child, evaluate: Evaluate) -> MediaSource:
    given = child["attributes"]
    return MediaSource(
        src=_string(given.get("src", ""), evaluate), alt=_string(given.get("alt", ""), evaluate)
    )


def _choice(child: Child, evaluate: Evaluate) -> dict[str, str]:
    return {"key": child["attributes"].get("key", ""), "label": plain(_text(child["text"], evaluate))}


_BODY: dict[str, Callable[[Child, Evaluate], Any]] = {"text": _wording, "media": _media, "choice": _choice}


def _text(text: str, evaluate: Evaluate) -> tuple[Span, ...]:
    if is_template(text):
        return tuple(evaluate(text, False))
    return (Span(text),) if text else ()


def _string(text: str, evaluate: Evaluate) -> str:
    if not is_template(text):
        return text
    value = evaluate(text, True)
    return value if isinstance(value, str) else str(value)


def _later(template: str, native: bool) -> Any:
    return Later(template) if native else (Span(Later(template)),)
