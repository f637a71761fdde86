"""The processes that are measured."""

from __future__ import annotations

from itertools import pairwise

HEAD = (
    '<bpmn:definitions xmlns:bpmn="http://www.omg.org/spec/BPMN/20100524/MODEL" '
    'xmlns:social="urn:socialbpm:1" targetNamespace="urn:benchmark" id="definitions">'
)
REVIEW = (
    '<social:requestReview to="room"{more}><social:text>Shall we publish “{{{{ title }}}}”?</social:text>'
    "</social:requestReview>"
)
POLL = (
    '<social:pollCommunity to="crowd" policy="plurality" deadline="P3D">'
    "<social:text>Which route shall we ride?</social:text>"
    '<social:choice key="north">North</social:choice><social:choice key="south">South</social:choice>'
    "</social:pollCommunity>"
)
DATA = {"title": "The spring ride"}


def review(scripts: int, more: str = "") -> str:
    """So many script tasks, half of them before a review; ``more`` are attributes of it."""
    return _linear(scripts, _social(REVIEW.format(more=more)))


def poll() -> str:
    """A poll of the crowd."""
    return _linear(0, _social(POLL))


def plain(scripts: int) -> str:
    """The same as ``review``, with a user task of the engine's own instead of the social one."""
    return _linear(scripts, '<bpmn:userTask id="ask" name="Ask"/>')


def _social(element: str) -> str:
    return (
        '<bpmn:serviceTask id="ask" name="Ask"><bpmn:extensionElements>'
        f"{element}</bpmn:extensionElements></bpmn:serviceTask>"
    )


def _linear(scripts: int, ask: str) -> str:
    names = [f"step_{number}" for number in range(scripts)]
    bodies = [
        f'<bpmn:scriptTask id="{name}"><bpmn:script>{name} = 1</bpmn:script></bpmn:scriptTask>'
        for name in names
    ]
    order = ["begin", *names[: scripts // 2], "ask", *names[scripts // 2 :], "end"]
    flows = [f'<bpmn:sequenceFlow id="to_{b}" sourceRef="{a}" targetRef="{b}"/>' for a, b in pairwise(order)]
    parts = ['<bpmn:startEvent id="begin"/>', *bodies, ask, '<bpmn:endEvent id="end"/>', *flows]
    process = f'<bpmn:process id="main" isExecutable="true">{"".join(parts)}</bpmn:process>'
    return f"{HEAD}{process}</bpmn:definitions>"
