"""The XML Schema of the social elements: what an editor or validator can know without running anything.

It is laxer than the model check: what may hold an expression may hold any. A misspelt element passes a
schema, because BPMN's wildcard for extensions is lax; the check names those.
"""

from __future__ import annotations

from lxml import etree
from lxml.builder import ElementMaker

from socialbpm import tasks
from socialbpm.tasks import CATALOGUE, CHILDREN, MODELS, ChildElement, Notation, NotYet, SocialTask
from socialbpm.tasks.children import CHOICE

_XS = "http://www.w3.org/2001/XMLSchema"
_X = ElementMaker(namespace=_XS, nsmap={"xs": _XS, "social": tasks.NAMESPACE})
_EXPRESSION = "tExpression"


def schema() -> str:
    """The whole document."""
    root = _X.schema(
        _documented(
            "The social elements of BPMN processes. Generated from the catalogue of tasks: change that."
        ),
        *(_element(name, entry) for name, entry in CATALOGUE.items()),
        *(_task(model) for model in MODELS),
        *map(_child, CHILDREN),
        _later(),
        *_notations(),
        targetNamespace=tasks.NAMESPACE,
        elementFormDefault="qualified",
    )
    return etree.tostring(root, pretty_print=True, xml_declaration=True, encoding="utf-8").decode()


def _element(name: str, entry: type[SocialTask] | NotYet) -> etree._Element:
    if isinstance(entry, NotYet):
        text = f"{entry.title}. Not yet in this version. {entry.description}"
        return _X.element(_documented(text), name=name, type="social:tLater")
    found = _X.element(
        _documented(f"{entry.title}. {entry.__doc__}"), name=name, type=f"social:{_type(name)}"
    )
    if CHOICE in entry.ELEMENTS:
        selector, field = _X.selector(xpath="social:choice"), _X.field(xpath="@key")
        found.append(_X.unique(selector, field, name=f"{name}Keys"))
    return found


def _task(model: type[SocialTask]) -> etree._Element:
    children = (_X.element(name=child.name, type=f"social:{_type(child.name)}") for child in model.ELEMENTS)
    return _X.complexType(
        _X.choice(*children, minOccurs="0", maxOccurs="unbounded"),
        *(
            _attribute(alias, notation, str(model.model_fields[name].description), required=alias == "to")
            for alias, (name, notation) in tasks.attributes(model).items()
        ),
        _X.anyAttribute(namespace="##other", processContents="lax"),
        name=_type(model.element),
    )


def _attribute(alias: str, notation: Notation, text: str, *, required: bool) -> etree._Element:
    found = _X.attribute(_documented(text), name=alias, type=f"social:{_type(notation.name)}")
    if required:
        found.set("use", "required")
    return found


def _child(child: ChildElement) -> etree._Element:
    attributes = [
        _X.attribute(
            _documented(text),
            name=name,
            type="xs:string",
            use="required" if name in child.required else "optional",
        )
        for name, text in child.attributes.items()
    ]
    other = _X.anyAttribute(namespace="##other", processContents="lax")
    described = _documented(child.description)
    if not child.body:
        return _X.complexType(described, *attributes, other, name=_type(child.name))
    content = _X.simpleContent(_X.extension(*attributes, other, base="xs:string"))
    return _X.complexType(described, content, name=_type(child.name))


def _later() -> etree._Element:
    """Anything goes in an element that a later version will describe."""
    wild = _X.any(namespace="##any", processContents="lax", minOccurs="0", maxOccurs="unbounded")
    return _X.complexType(
        _X.sequence(wild),
        _X.anyAttribute(namespace="##any", processContents="lax"),
        name="tLater",
        mixed="true",
    )


def _notations() -> list[etree._Element]:
    known = {notation.name: notation for model in MODELS for _, notation in tasks.attributes(model).values()}
    expression = _restricted(_EXPRESSION, [r"[\s\S]*\{\{[\s\S]*"], "Anything with {{ … }}.")
    return [expression, *(_notation(notation) for _, notation in sorted(known.items()))]


def _notation(notation: Notation) -> etree._Element:
    """A literal form and, unless it must be literal, any expression."""
    simple = _restricted(None, [f"({notation.pattern})?"] if notation.pattern else [], "")
    if notation.names and notation.name != "include":
        simple = _X.simpleType(
            _X.restriction(*(_X.enumeration(value=name) for name in notation.names), base="xs:string")
        )
    union = _X.union(simple)
    if not notation.literal:
        union.set("memberTypes", f"social:{_EXPRESSION}")
    return _X.simpleType(_documented(notation.words), union, name=_type(notation.name))


def _restricted(name: str | None, patterns: list[str], text: str) -> etree._Element:
    found = _X.simpleType(
        _X.restriction(*(_X.pattern(value=pattern) for pattern in patterns), base="xs:string")
    )
    if name:
        found.set("name", name)
        found.insert(0, _documented(text))
    return found


def _documented(text: str) -> etree._Element:
    return _X.annotation(_X.documentation(" ".join(text.split())))


def _type(name: str) -> str:
    return "t" + name[0].upper() + name[1:]
