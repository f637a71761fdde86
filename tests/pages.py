"""A small house for the tests of the pages: a process that asks twice, and its people.

``ada``, ``grace`` and ``linus`` are in the press room and may answer; ``vera`` belongs to another community.
"""

from __future__ import annotations

import io
import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from PIL import Image
from starlette.testclient import TestClient

import socialbpm
from socialbpm.clock import Clock
from socialbpm.social import Social
from socialbpm.social.views import Run

BASE = "http://testserver"
ALT = "A scanned map, north is up"
COMMUNITIES = {"press_room": {"local": ["ada", "grace", "linus"]}, "gardeners": {"local": ["vera"]}}
ELEMENTS = """
    <bpmn:startEvent id="start" name="Scan made"><bpmn:outgoing>f1</bpmn:outgoing></bpmn:startEvent>
    <bpmn:parallelGateway id="split"/>
    <bpmn:serviceTask id="check_scan" name="Check the scan"><bpmn:extensionElements>
      <social:requestReview to="press_room" policy="n_of_m" n="2" author="{{ author }}" deadline="P2D">
        <social:text>Is the scan of {{ place }} good? See https://maps.example/1912</social:text>
        <social:media src="{{ scan }}" alt="A scanned map, north is up"/>
      </social:requestReview></bpmn:extensionElements></bpmn:serviceTask>
    <bpmn:serviceTask id="which_colours" name="Which colours?"><bpmn:extensionElements>
      <social:pollCommunity to="press_room" ballot="multiple" deadline="P1D">
        <social:text>Which colours shall the poster have?</social:text>
        <social:choice key="red">Red</social:choice><social:choice key="blue">Blue</social:choice>
        <social:choice key="green">Green</social:choice>
      </social:pollCommunity></bpmn:extensionElements></bpmn:serviceTask>
    <bpmn:parallelGateway id="join"/>
    <bpmn:serviceTask id="tell" name="Tell everybody"><bpmn:extensionElements>
      <social:postStatus to="press_room">
        <social:text>The scan: {{ check_scan.outcome }}</social:text>
      </social:postStatus></bpmn:extensionElements></bpmn:serviceTask>
    <bpmn:endEvent id="end" name="Told"/>"""
FLOWS = (
    ("f1", "start", "split", ((86, 150), (130, 150))),
    ("f2", "split", "check_scan", ((155, 125), (155, 80), (230, 80))),
    ("f3", "split", "which_colours", ((155, 175), (155, 220), (230, 220))),
    ("f4", "check_scan", "join", ((330, 80), (405, 80), (405, 125))),
    ("f5", "which_colours", "join", ((330, 220), (405, 220), (405, 175))),
    ("f6", "join", "tell", ((430, 150), (480, 150))),
    ("f7", "tell", "end", ((580, 150), (630, 150))),
)
SHAPES = {
    "start": (50, 132, 36, 36),
    "split": (130, 125, 50, 50),
    "check_scan": (230, 40, 100, 80),
    "which_colours": (230, 180, 100, 80),
    "join": (380, 125, 50, 50),
    "tell": (480, 110, 100, 80),
    "end": (630, 132, 36, 36),
}


def model() -> str:
    """The process, with its diagram."""
    flows = "".join(f'<bpmn:sequenceFlow id="{i}" sourceRef="{a}" targetRef="{b}"/>' for i, a, b, _ in FLOWS)
    elements = re.sub(r"<bpmn:outgoing>\w+</bpmn:outgoing>", "", ELEMENTS)
    shapes = "".join(
        f'<di:BPMNShape id="{name}_di" bpmnElement="{name}">'
        f'<dc:Bounds x="{x}" y="{y}" width="{width}" height="{height}"/></di:BPMNShape>'
        for name, (x, y, width, height) in SHAPES.items()
    )
    edges = "".join(
        f'<di:BPMNEdge id="{name}_di" bpmnElement="{name}">'
        + "".join(f'<dd:waypoint x="{x}" y="{y}"/>' for x, y in points)
        + "</di:BPMNEdge>"
        for name, _, _, points in FLOWS
    )
    return (
        '<bpmn:definitions xmlns:bpmn="http://www.omg.org/spec/BPMN/20100524/MODEL" id="defs" '
        'targetNamespace="urn:test" xmlns:di="http://www.omg.org/spec/BPMN/20100524/DI" '
        'xmlns:dc="http://www.omg.org/spec/DD/20100524/DC" xmlns:dd="http://www.omg.org/spec/DD/20100524/DI" '
        'xmlns:social="urn:socialbpm:1"><bpmn:process id="poster" name="A poster" isExecutable="true">'
        f"{elements}{flows}</bpmn:process>"
        f'<di:BPMNDiagram id="d"><di:BPMNPlane id="p" bpmnElement="poster">{shapes}{edges}'
        "</di:BPMNPlane></di:BPMNDiagram></bpmn:definitions>"
    )


def picture() -> bytes:
    """A PNG with something to see."""
    image = Image.linear_gradient("L").resize((320, 200)).convert("RGB")
    body = io.BytesIO()
    image.save(body, "PNG")
    return body.getvalue()


@contextmanager
def house(folder: Path, clock: Clock | None = None, **settings: Any) -> Iterator[Social]:
    """An open socialbpm with the people of the house, on a database of its own in ``folder``."""
    known = {"communities": COMMUNITIES, "base_url": BASE} | settings
    with socialbpm.open(f"sqlite:///{folder / 'social.db'}", clock=clock, **known) as social:
        yield social


def started(social: Social, folder: Path, author: str = "") -> Run:
    """A run of the process that has posted its two questions."""
    file = folder / "poster.bpmn"
    file.write_text(model())
    data = {"scan": social.media.put(picture(), "image/png"), "place": "Bern", "author": author}
    run = social.start(social.deploy(file), data=data)
    social.work()
    return social.run(run.id)


def path_of(address: str) -> str:
    """The path of an address on our pages."""
    return address.removeprefix(BASE)


def signed_in(social: Social, person: str, path: str = "/") -> TestClient:
    """A browser in which ``person`` has opened and confirmed their personal link."""
    browser = TestClient(social.asgi(), base_url=BASE)
    browser.post(path_of(social.link(person, path)))
    return browser


def field(page: str, name: str) -> str:
    """The value of a hidden field of a page."""
    (value,) = set(re.findall(rf'name="{name}" value="([^"]*)"', page))
    return value


def form(browser: TestClient, request_id: str, **filled: Any) -> dict[str, Any]:
    """What the form of a request sends when it is filled in so."""
    page = browser.get(f"/requests/{request_id}").text
    return {name: field(page, name) for name in ("token", "once", "version")} | filled
