"""A council for the tests of the pages: one question, asked as a test needs it, and its people.

``ada``, ``grace``, ``linus`` and ``mary`` are the council and may answer; ``vera`` reads along in a room of
her own community, ``olga`` runs the house.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import socialbpm
from socialbpm.clock import Clock
from socialbpm.social import Social
from socialbpm.social.views import Run
from tests.pages import BASE

COMMUNITIES = {
    "council": {"local": ["ada", "grace", "linus", "mary"]},
    "readers": {"local": ["vera"]},
}
CHOICES = "".join(
    f'<social:choice key="{key}">{key.capitalize()}</social:choice>' for key in ("north", "south", "east")
)
RANKED = 'pollCommunity ballot="ranked" policy="instant_runoff"'
PROCESS = """<bpmn:definitions xmlns:bpmn="http://www.omg.org/spec/BPMN/20100524/MODEL" id="defs"
  targetNamespace="urn:test" xmlns:social="urn:socialbpm:1">
  <bpmn:process id="council" name="The council" isExecutable="true"><bpmn:startEvent id="start"/>
    <bpmn:sequenceFlow id="f1" sourceRef="start" targetRef="ask"/>
    <bpmn:serviceTask id="ask" name="{name}"><bpmn:extensionElements>
      <social:{opening}><social:text>{text}</social:text>{children}</social:{element}>
    </bpmn:extensionElements></bpmn:serviceTask>
    <bpmn:sequenceFlow id="f2" sourceRef="ask" targetRef="end"/><bpmn:endEvent id="end"/>
  </bpmn:process></bpmn:definitions>"""


def model(task: str, *, text: str = "Which way?", name: str = "The way", children: str | None = None) -> str:
    """A process that asks once; ``task`` is the element's name with its attributes but for ``to``."""
    element, _, attributes = task.partition(" ")
    offered = CHOICES if element == "pollCommunity" else ""
    deadline = "" if "deadline=" in attributes else 'deadline="P2D"'
    asks = deadline if element != "postStatus" else ""
    return PROCESS.format(
        name=name,
        opening=f'{element} to="council" {asks} {attributes}',
        text=text,
        children=offered if children is None else children,
        element=element,
    )


@contextmanager
def council(folder: Path, clock: Clock | None = None, **settings: Any) -> Iterator[Social]:
    """An open socialbpm with the council, on a database of its own in ``folder``."""
    known = {"communities": COMMUNITIES, "operators": ["olga"], "base_url": BASE} | settings
    with socialbpm.open(f"sqlite:///{folder / 'social.db'}", clock=clock, **known) as social:
        yield social


def asked(social: Social, folder: Path, task: str, **words: str) -> Run:
    """A run that has put the question of ``task`` to the council."""
    file = folder / "council.bpmn"
    file.write_text(model(task, **words), encoding="utf-8")
    run = social.start(social.deploy(file))
    social.work()
    return social.run(run.id)


def question(run: Run) -> str:
    """The id of the one request of a run."""
    (request,) = run.requests
    return request.id
