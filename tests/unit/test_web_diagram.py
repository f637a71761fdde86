"""The picture of a diagram."""

from __future__ import annotations

import io
import re
import zipfile

from lxml import etree

from socialbpm.web.diagram import Bounds, Diagram, Drawing, Element, Shape, read_package
from socialbpm.web.picture import draw

SVG = "{http://www.w3.org/2000/svg}"
BPMN = """<?xml version="1.0"?>
<bpmn:definitions xmlns:bpmn="http://www.omg.org/spec/BPMN/20100524/MODEL"
  xmlns:d="http://www.omg.org/spec/BPMN/20100524/DI" xmlns:dc="http://www.omg.org/spec/DD/20100524/DC"
  xmlns:di="http://www.omg.org/spec/DD/20100524/DI" xmlns:social="urn:socialbpm:1">
  <bpmn:process id="{id}" name="Ask &lt;everybody&gt; {id}">
    <bpmn:startEvent id="start"/>
    <bpmn:serviceTask id="ask_it" name="Ask &lt;script&gt;alert(1)&lt;/script&gt;">
      <bpmn:extensionElements><social:pollCommunity to="x"/></bpmn:extensionElements>
    </bpmn:serviceTask>
    <bpmn:boundaryEvent id="late" attachedToRef="ask_it"><bpmn:timerEventDefinition/></bpmn:boundaryEvent>
    <bpmn:exclusiveGateway id="which" name="Which?"/>
    <bpmn:endEvent id="end"/>
    <bpmn:sequenceFlow id="flow" name="yes" sourceRef="start" targetRef="ask_it"/>
  </bpmn:process>
  <d:BPMNDiagram><d:BPMNPlane bpmnElement="{id}">
    <d:BPMNShape bpmnElement="start"><dc:Bounds x="10" y="32" width="36" height="36"/></d:BPMNShape>
    <d:BPMNShape bpmnElement="ask_it"><dc:Bounds x="100" y="10" width="100" height="80"/></d:BPMNShape>
    <d:BPMNShape bpmnElement="late"><dc:Bounds x="130" y="72" width="36" height="36"/></d:BPMNShape>
    <d:BPMNShape bpmnElement="which"><dc:Bounds x="250" y="25" width="50" height="50"/></d:BPMNShape>
    <d:BPMNShape bpmnElement="end"><dc:Bounds x="350" y="32" width="36" height="36"/></d:BPMNShape>
    <d:BPMNShape bpmnElement="gone"><dc:Bounds x="900" y="900" width="36" height="36"/></d:BPMNShape>
    <d:BPMNEdge bpmnElement="flow"><di:waypoint x="46" y="50"/><di:waypoint x="100" y="50"/></d:BPMNEdge>
  </d:BPMNPlane></d:BPMNDiagram>
</bpmn:definitions>"""


def _drawing(*ids: str) -> Drawing:
    package = io.BytesIO()
    with zipfile.ZipFile(package, "w") as files:
        for name in ids:
            files.writestr(f"{name}.bpmn", BPMN.replace("{id}", name))
        files.writestr("rule.dmn", "<not read/>")
    return read_package(package.getvalue(), "main")


def _svg(states: dict[str, str], badges: dict[str, str]) -> etree._Element:
    picture = draw(_drawing("main").diagrams[0], states, badges)
    return etree.fromstring(str(picture).replace("<svg", f'<svg xmlns="{SVG[1:-1]}"', 1))


def test_the_main_process_comes_first() -> None:
    """A package may hold called processes; the one that was started is drawn first."""
    drawing = _drawing("a_called_one", "main")
    names = [diagram.name for diagram in drawing.diagrams]
    assert names == ["Ask <everybody> main", "Ask <everybody> a_called_one"]


def test_an_element_without_a_name_is_called_by_its_id() -> None:
    """People never see an underscore or nothing at all."""
    drawing = _drawing("main")
    assert drawing.title("ask_it") == "Ask <script>alert(1)</script>"
    assert drawing.title("start") == "start"
    assert drawing.title("not_in_the_file") == "not in the file"


def test_names_never_become_markup() -> None:
    """A name in a file is text in the picture."""
    assert "<script" not in draw(_drawing("main").diagrams[0], {}, {"ask_it": "<b>"})


def test_a_state_is_told_by_a_mark_and_a_word() -> None:
    """Not by colour alone: each state has a mark of its own, and its word in the title of the shape."""
    svg = _svg({"start": "done", "ask_it": "active", "end": "trouble"}, {"ask_it": "2/3"})
    shapes = {shape.get("data-element"): shape for shape in svg.iter(f"{SVG}g") if shape.get("data-element")}
    marks = {
        name: shapes[name].find(f"{SVG}g[@class='mark']/{SVG}path") for name in ("start", "ask_it", "end")
    }
    assert len({mark.get("d") for mark in marks.values() if mark is not None}) == 3
    assert shapes["which"].find(f"{SVG}g[@class='mark']") is None
    assert shapes["start"].findtext(f"{SVG}title") == "start: done"
    assert shapes["ask_it"].findtext(f"{SVG}title") == "Ask <script>alert(1)</script>: waiting here, 2/3"
    assert shapes["end"].findtext(f"{SVG}title") == "end: needs a person"


def test_a_picture_describes_itself() -> None:
    """A screen reader hears one picture with a title and how things stand."""
    svg = _svg({"start": "done", "which": "active"}, {})
    assert svg.get("role") == "img"
    assert svg.findtext(f"{SVG}title") == "Diagram of Ask <everybody> main"
    assert svg.findtext(f"{SVG}desc") == "done: start. waiting here: Which?"


def test_the_picture_holds_all_it_draws() -> None:
    """Nothing lies outside of the view box; what the file does not explain is left out."""
    svg = _svg({}, {})
    left, top, width, height = map(float, svg.get("viewBox", "").split())
    assert left < 10
    assert top < 10
    assert 386 < left + width < 500
    assert 108 < top + height < 200


def test_what_lies_around_the_flow_is_drawn_too() -> None:
    """Lanes, sub-processes, data and remarks: each in its own way, with its words."""
    kinds = {
        "participant": "Town hall",
        "subProcess": "Twice",
        "callActivity": "Elsewhere",
        "dataObjectReference": "Letter",
        "textAnnotation": "",
        "intermediateCatchEvent": "Later",
    }
    drawn = [
        Shape(
            element=Element(id=kind, type=kind, name=name, text="Remember", mark="timer"),
            bounds=Bounds(x=150 * number, y=0, width=120, height=80),
        )
        for number, (kind, name) in enumerate(kinds.items())
    ]
    picture = draw(Diagram(name="", shapes=tuple(drawn), edges=()), {}, {})
    for word in ("Town hall", "Twice", "Elsewhere", "Letter", "Remember", "Later"):
        assert f">{word}<" in picture
    assert picture.count("<title>Diagram</title>") == 1


def test_a_long_name_is_wrapped_and_cut() -> None:
    """A name never runs out of its box; what does not fit is told by an ellipsis and by the title."""
    name = "Ask everybody in the whole of the town whether they would like a longer summer " * 3
    shape = Shape(
        element=Element(id="a", type="task", name=name), bounds=Bounds(x=0, y=0, width=100, height=80)
    )
    svg = str(draw(Diagram(name="", shapes=(shape,), edges=()), {}, {}))
    lines = re.findall(r"<tspan[^>]*>([^<]*)<", svg)
    assert 1 < len(lines) <= 5
    assert max(map(len, lines)) <= 17
    assert lines[-1].endswith("…")
    assert f"<title>{name}</title>" in svg
