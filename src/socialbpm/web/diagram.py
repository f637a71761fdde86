"""Reads what a BPMN file draws: the names of its elements, and the shapes and edges of its diagrams."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass

from lxml import etree

BPMN = "{http://www.omg.org/spec/BPMN/20100524/MODEL}"
BPMNDI = "{http://www.omg.org/spec/BPMN/20100524/DI}"
DC = "{http://www.omg.org/spec/DD/20100524/DC}"
DI = "{http://www.omg.org/spec/DD/20100524/DI}"
SOCIAL = "{urn:socialbpm:1}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Bounds:
    """A rectangle, in the units of the diagram (pixels at its natural size)."""

    x: float
    y: float
    width: float
    height: float

    @property
    def right(self) -> float:
        """Its right edge."""
        return self.x + self.width

    @property
    def bottom(self) -> float:
        """Its lower edge."""
        return self.y + self.height

    @property
    def centre(self) -> tuple[float, float]:
        """Its middle."""
        return self.x + self.width / 2, self.y + self.height / 2


@dataclass(frozen=True, slots=True, kw_only=True)
class Element:
    """A BPMN element: its id, its XML name (``userTask``), what people call it, and what marks it."""

    id: str
    type: str
    name: str = ""
    mark: str = ""  # timer, message, error … for events; 'social' for an activity with a social task
    text: str = ""  # of a text annotation

    @property
    def title(self) -> str:
        """Its name, or its id in words."""
        return self.name or self.id.replace("_", " ")


@dataclass(frozen=True, slots=True, kw_only=True)
class Shape:
    """An element drawn as a shape. ``label`` is where its name stands, if the file says so."""

    element: Element
    bounds: Bounds
    label: Bounds | None = None
    expanded: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class Edge:
    """An element drawn as a line of at least two points."""

    element: Element
    points: tuple[tuple[float, float], ...]
    label: Bounds | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Diagram:
    """One drawn plane. ``name`` is that of the process or collaboration it shows."""

    name: str
    shapes: tuple[Shape, ...]
    edges: tuple[Edge, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Drawing:
    """What the files of a deployed process draw: its elements by id, its diagrams in order."""

    elements: dict[str, Element]
    diagrams: tuple[Diagram, ...]

    def title(self, element_id: str) -> str:
        """What people call the element of that id; the id in words when the files do not know it."""
        known = self.elements.get(element_id)
        return known.title if known else element_id.replace("_", " ")


def read_package(package: bytes, bpmn_id: str) -> Drawing:
    """The drawing of a deployed package (a zip); the file of the process ``bpmn_id`` comes first."""
    with zipfile.ZipFile(io.BytesIO(package)) as files:
        names = [name for name in sorted(files.namelist()) if name.endswith((".bpmn", ".xml"))]
        roots = [_root(files.read(name)) for name in names]
    roots.sort(key=lambda root: root.find(f"{BPMN}process[@id='{bpmn_id}']") is None)
    elements = {element.id: element for root in reversed(roots) for element in _elements(root)}
    return Drawing(elements=elements, diagrams=tuple(each for root in roots for each in _diagrams(root)))


def _root(source: bytes) -> etree._Element:
    # What was deployed was checked; a reader that follows nothing is right all the same.
    return etree.fromstring(source, etree.XMLParser(resolve_entities=False, no_network=True, load_dtd=False))


def _elements(root: etree._Element) -> Iterator[Element]:
    for node in root.iter(f"{BPMN}*"):
        if element_id := node.get("id"):
            yield Element(
                id=element_id,
                type=etree.QName(node).localname,
                name=" ".join((node.get("name") or "").split()),
                mark=_mark(node),
                text=(node.findtext(f"{BPMN}text") or "").strip(),
            )


def _mark(node: etree._Element) -> str:
    if node.find(f"{BPMN}extensionElements/{SOCIAL}*") is not None:
        return "social"
    kinds = (etree.QName(child).localname for child in node if isinstance(child.tag, str))
    events = (kind.removesuffix("EventDefinition") for kind in kinds if kind.endswith("EventDefinition"))
    return next(events, "")


def _diagrams(root: etree._Element) -> Iterator[Diagram]:
    elements = {element.id: element for element in _elements(root)}
    for plane in root.iter(f"{BPMNDI}BPMNPlane"):
        of = elements.get(plane.get("bpmnElement", ""))
        shapes = tuple(_shapes(plane, elements))
        if shapes:
            edges = tuple(_edges(plane, elements))
            yield Diagram(name=of.name if of else "", shapes=shapes, edges=edges)


def _shapes(plane: etree._Element, elements: dict[str, Element]) -> Iterator[Shape]:
    for node in plane.iter(f"{BPMNDI}BPMNShape"):
        element, bounds = elements.get(node.get("bpmnElement", "")), _bounds(node)
        if element and bounds:
            expanded = node.get("isExpanded", "true") == "true"
            yield Shape(element=element, bounds=bounds, label=_label(node), expanded=expanded)


def _edges(plane: etree._Element, elements: dict[str, Element]) -> Iterator[Edge]:
    for node in plane.iter(f"{BPMNDI}BPMNEdge"):
        element = elements.get(node.get("bpmnElement", ""))
        points = tuple((_number(each, "x"), _number(each, "y")) for each in node.iter(f"{DI}waypoint"))
        if element and len(points) > 1:
            yield Edge(element=element, points=points, label=_label(node))


def _label(node: etree._Element) -> Bounds | None:
    label = node.find(f"{BPMNDI}BPMNLabel")
    return None if label is None else _bounds(label)


def _bounds(node: etree._Element) -> Bounds | None:
    found = node.find(f"{DC}Bounds")
    if found is None:
        return None
    return Bounds(**{side: _number(found, side) for side in ("x", "y", "width", "height")})


def _number(node: etree._Element, name: str) -> float:
    try:
        return float(node.get(name, "0"))
    except ValueError:
        return 0.0
