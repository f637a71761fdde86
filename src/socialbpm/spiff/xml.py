"""Reading BPMN and DMN files safely, and finding the social elements in them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from xml.parsers import expat

from lxml import etree

from socialbpm.errors import DefinitionError, Problem
from socialbpm.tasks import (
    CATALOGUE,
    ELEMENTS,
    NAMESPACE,
    Child,
    Declaration,
    NotYet,
    Place,
    declare,
    nearest,
)

BPMN = "http://www.omg.org/spec/BPMN/20100524/MODEL"
LARGEST = 5_000_000
"""Bytes of one file."""
WHOLE = "a model is a file that a BPMN editor has saved"

_SOCIAL = f"{{{NAMESPACE}}}"
_BESIDE_A_TASK = ("announce", "onResponse")
"""Elements that may stand beside a social task."""


@dataclass(frozen=True, slots=True)
class SocialElement:
    """A social element of a file, checked by itself; ``node`` is the BPMN element that carries it."""

    declaration: Declaration
    place: Place
    node: etree._Element


def read(path: str | Path) -> etree._Element:
    """The root of an XML file, with line numbers. Raises DefinitionError."""
    file = str(path)
    try:
        with Path(path).open("rb") as opened:
            body = opened.read(LARGEST + 1)
    except OSError as error:
        what, remedy = f"cannot be read: {error.strerror}", "give the path of a BPMN or DMN file"
        raise DefinitionError(Problem(what=what, remedy=remedy, file=file)) from error
    return parse(body, file)


def parse(body: bytes, file: str = "") -> etree._Element:
    """The root of an XML document. Entities and document types are refused before anything is expanded."""
    if len(body) > LARGEST:
        raise DefinitionError(Problem(what=f"is larger than {LARGEST // 1_000_000} MB", file=file))
    lines = _element_lines(body, file)
    parser = etree.XMLParser(resolve_entities=False, no_network=True, load_dtd=False, remove_comments=True)
    try:
        root = etree.fromstring(body, parser)
    except etree.XMLSyntaxError as error:
        raise _not_xml(file, error.lineno or 0, error.msg or "") from error
    for node, line in zip(root.iter(etree.Element), lines, strict=True):
        node.sourceline = line  # type: ignore[misc]  # lxml can, its stubs do not know
    return root


def local(node: etree._Element) -> str:
    """The name of an element without its namespace."""
    return etree.QName(node).localname


def is_bpmn(node: etree._Element) -> bool:
    """Whether an element is one of BPMN's own."""
    return etree.QName(node).namespace == BPMN


def is_social(node: etree._Element) -> bool:
    """Whether an element is one of ours."""
    return str(node.tag).startswith(_SOCIAL)


def declaration_of(node: etree._Element, file: str = "") -> Declaration | None:
    """The social task that a BPMN element carries, or None. Raises DefinitionError."""
    found, problems = social_elements(node, file, only=node)
    if problems:
        raise DefinitionError(*problems)
    return found[0].declaration if found else None


def social_elements(
    root: etree._Element, file: str = "", *, only: etree._Element | None = None
) -> tuple[list[SocialElement], list[Problem]]:
    """All social elements below ``root`` (or of one BPMN element), and what is wrong with each by itself."""
    nodes = [node for node in _outermost(root) if only is None or _carrier(node) is only]
    problems = [*_crowded(nodes, file), *([] if only is not None else _strays(root, file))]
    found: list[SocialElement] = []
    for node in nodes:
        try:
            found.append(_element(node, file))
        except DefinitionError as error:
            problems += error.problems
    return found, sorted(problems, key=lambda problem: problem.line)


def _element_lines(body: bytes, file: str) -> list[int]:
    """The line on which each element begins, in order (lxml knows only where a start tag ends).

    Expat stops at a document type, long before an entity could grow or reach out.
    """
    reader = expat.ParserCreate(namespace_separator=" ")
    lines: list[int] = []

    def doctype(*_: object) -> None:
        what = "a document type (DOCTYPE, ENTITY) is not allowed in a model"
        raise DefinitionError(
            Problem(what=what, remedy="remove it", file=file, line=reader.CurrentLineNumber)
        )

    reader.StartDoctypeDeclHandler = doctype
    reader.StartElementHandler = lambda *_: lines.append(reader.CurrentLineNumber)
    try:
        reader.Parse(body, True)
    except expat.ExpatError as error:
        raise _not_xml(file, error.lineno, expat.ErrorString(error.code)) from error
    except (LookupError, ValueError) as error:
        raise _not_xml(file, 1, str(error)) from error
    return lines


def _not_xml(file: str, line: int, why: str) -> DefinitionError:
    remedy = f"mend what stands there; {WHOLE}" if line > 1 else WHOLE
    return DefinitionError(Problem(what=f"not XML: {why}", remedy=remedy, file=file, line=line))


def _outermost(root: etree._Element) -> Iterator[etree._Element]:
    """Social elements that do not lie inside another, and those that only got the namespace wrong."""
    for node in root.iter(etree.Element):
        parent = node.getparent()
        if is_social(node):
            if parent is None or not is_social(parent):
                yield node
        elif local(node) in ELEMENTS and _nearly_social(node):
            yield node


def _nearly_social(node: etree._Element) -> bool:
    """Whether an element was meant to be ours; another tool may use the same word for something else."""
    namespace = etree.QName(node).namespace or ""
    return not namespace or "socialbpm" in namespace or node.prefix == "social"


def _carrier(node: etree._Element) -> etree._Element | None:
    """The BPMN element in whose extension elements a social element stands."""
    parent = node.getparent()
    return parent.getparent() if parent is not None and parent.tag == f"{{{BPMN}}}extensionElements" else None


def _element(node: etree._Element, file: str) -> SocialElement:
    """Check one social element where it stands. Raises DefinitionError."""
    name, carrier = local(node), _carrier(node)
    place = Place(element=_id(carrier if carrier is not None else node), file=file, line=_line(node))
    if not is_social(node):
        wrong = etree.QName(node).namespace or "none"
        raise DefinitionError(
            place.problem(f"'{name}' is in namespace '{wrong}'", f'write xmlns:social="{NAMESPACE}"')
        )
    if carrier is None:
        remedy = "put it into the bpmn:extensionElements of an activity"
        raise DefinitionError(place.problem(f"social:{name} stands outside of extension elements", remedy))
    entry = CATALOGUE.get(name)
    if entry is not None and not isinstance(entry, NotYet) and local(carrier) not in entry.on:
        remedy = f"put it on a {' or '.join(entry.on)}"
        raise DefinitionError(place.problem(f"social:{name} cannot stand on a {local(carrier)}", remedy))
    if not carrier.get("id"):
        raise DefinitionError(place.problem(f"the {local(carrier)} of social:{name} has no id", 'add id="…"'))
    _refuse_markup(node, place)
    declaration = declare(
        name, _attributes(node, place), [_child(child, place) for child in _children(node)], place
    )
    return SocialElement(declaration, place, carrier)


def _attributes(node: etree._Element, place: Place) -> dict[str, str]:
    """The attributes without namespace; those of other tools are left alone."""
    own = [str(name) for name in node.attrib if str(name).startswith(_SOCIAL)]
    if own:
        bare = own[0].removeprefix(_SOCIAL)
        what = f"the attribute social:{bare} has a prefix"
        raise DefinitionError(place.problem(what, f"write {bare}", attribute=bare, line=_line(node)))
    return {str(name): str(value) for name, value in node.attrib.items() if not str(name).startswith("{")}


def _children(node: etree._Element) -> Iterator[etree._Element]:
    return (child for child in node.iterchildren(etree.Element) if is_social(child))


def _child(node: etree._Element, place: Place) -> Child:
    return Child(
        name=local(node), attributes=_attributes(node, place), text="".join(node.itertext()), line=_line(node)
    )


def _refuse_markup(node: etree._Element, place: Place) -> None:
    """Words belong into the child elements, and those hold nothing but words."""
    loose = (node.text or "") + "".join(child.tail or "" for child in node)
    if loose.strip():
        remedy = "put the words into <social:text>"
        raise DefinitionError(place.problem(f"text stands directly in social:{local(node)}", remedy))
    for child in node.iterchildren(etree.Element):
        if not is_social(child):
            what = f"social:{local(node)} holds '{local(child)}' of another namespace"
            raise DefinitionError(
                place.problem(what, f"did you mean social:{local(child)}?", line=_line(child))
            )
        if len(child):
            what = f"social:{local(child)} holds '{local(child[0])}'"
            raise DefinitionError(
                place.problem(what, "write plain text; channels format by themselves", line=_line(child))
            )


def _crowded(nodes: list[etree._Element], file: str) -> Iterator[Problem]:
    """One social task per activity."""
    seen: dict[etree._Element, str] = {}
    for node in nodes:
        name, carrier = local(node), _carrier(node)
        if carrier is None or name in _BESIDE_A_TASK:
            continue
        if carrier in seen:
            what = f"has two social tasks: social:{seen[carrier]} and social:{name}"
            place = Place(element=_id(carrier), file=file, line=_line(node))
            yield place.problem(what, "give each its own service task")
        seen.setdefault(carrier, name)


def _strays(root: etree._Element, file: str) -> Iterator[Problem]:
    """Attributes of our namespace on elements that are not ours: they would be read by nobody."""
    for node in root.iter(etree.Element):
        for name in node.attrib:
            if str(name).startswith(_SOCIAL) and not is_social(node):
                bare = str(name).removeprefix(_SOCIAL)
                near = nearest(bare, ELEMENTS)
                remedy = f"write an element <social:{near}>" if near else "social tasks are elements"
                what = f"nobody reads the attribute social:{bare}"
                yield Problem(what=what, remedy=remedy, file=file, line=_line(node), element=_id(node))


def _id(node: etree._Element) -> str:
    return node.get("id") or ""


def _line(node: etree._Element) -> int:
    return int(node.sourceline or 0)
