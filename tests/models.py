"""Writes small BPMN models by hand, element by element, for tests about one construct."""

from __future__ import annotations

from itertools import pairwise
from typing import Self

HEAD = (
    '<bpmn:definitions xmlns:bpmn="http://www.omg.org/spec/BPMN/20100524/MODEL" '
    'xmlns:social="urn:socialbpm:1" xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance" '
    'xmlns:spiffworkflow="http://spiffworkflow.org/bpmn/schema/1.0/core" targetNamespace="urn:t" id="defs">'
)


class Model:
    """The elements of one process, or of a sub-process. Every method that adds something returns it."""

    def __init__(self) -> None:
        self.parts: list[str] = []

    def add(self, tag: str, id: str, inner: str = "", **attributes: str) -> Self:
        """Any element."""
        written = "".join(f' {name}="{value}"' for name, value in attributes.items())
        self.parts.append(f'<bpmn:{tag} id="{id}"{written}>{inner}</bpmn:{tag}>')
        return self

    def start(self, id: str = "begin", inner: str = "") -> Self:
        """A start event."""
        return self.add("startEvent", id, inner)

    def end(self, *ids: str, inner: str = "") -> Self:
        """End events."""
        for id in ids:
            self.add("endEvent", id, inner)
        return self

    def script(self, id: str, code: str) -> Self:
        """A script task."""
        return self.add("scriptTask", id, f"<bpmn:script>{code}</bpmn:script>")

    def ask(self, id: str, inner: str = "", text: str = "Good?", **attributes: str) -> Self:
        """A requestReview by the community ``room``; ``inner`` is further XML of the service task."""
        return self.social("requestReview", id, inner, text=text, **{"to": "room", **attributes})

    def post(self, id: str, text: str = "Hello", **attributes: str) -> Self:
        """A postStatus to the community ``room``."""
        return self.social("postStatus", id, "", text=text, **{"to": "room", **attributes})

    def social(self, element: str, id: str, inner: str, text: str, **attributes: str) -> Self:
        """A service task with a social element."""
        written = "".join(f' {name}="{value}"' for name, value in attributes.items())
        task = f"<social:{element}{written}><social:text>{text}</social:text></social:{element}>"
        return self.add("serviceTask", id, f"<bpmn:extensionElements>{task}</bpmn:extensionElements>{inner}")

    def on(self, activity: str, id: str, event: str, *, interrupting: bool = True) -> Self:
        """A boundary event of an activity."""
        cancel = str(interrupting).lower()
        return self.add("boundaryEvent", id, event, attachedToRef=activity, cancelActivity=cancel)

    def flow(self, *ids: str, when: str = "") -> Self:
        """A sequence flow from each element to the next."""
        inner = f"<bpmn:conditionExpression>{when}</bpmn:conditionExpression>" if when else ""
        for source, target in pairwise(ids):
            self.add("sequenceFlow", f"{source}_to_{target}", inner, sourceRef=source, targetRef=target)
        return self

    def xml(self) -> str:
        """The elements."""
        return "".join(self.parts)

    def text(self, *globals_: str, id: str = "main", called: dict[str, Model] | None = None) -> str:
        """The document. ``globals_`` are messages, signals, errors; ``called`` further processes."""
        all_ = {id: self, **(called or {})}
        bodies = "".join(
            f'<bpmn:process id="{name}" isExecutable="true">{each.xml()}</bpmn:process>'
            for name, each in all_.items()
        )
        return f"{HEAD}{''.join(globals_)}{bodies}</bpmn:definitions>"


def timer(kind: str, expression: str) -> str:
    """A timer event definition; ``kind`` is ``timeDuration``, ``timeDate`` or ``timeCycle``."""
    return f"<bpmn:timerEventDefinition><bpmn:{kind}>'{expression}'</bpmn:{kind}></bpmn:timerEventDefinition>"


def after(duration: str) -> str:
    """A timer that fires once, after a duration."""
    return timer("timeDuration", duration)


def every(cycle: str) -> str:
    """A timer that repeats."""
    return timer("timeCycle", cycle)


def error(code: str = "") -> str:
    """An error event definition: of a code (see ``ERRORS``), or of any."""
    return f'<bpmn:errorEventDefinition errorRef="{code}_error"/>' if code else "<bpmn:errorEventDefinition/>"


def message(name: str, variable: str = "") -> str:
    """A message event definition; its payload goes into ``variable``."""
    inner = f"<spiffworkflow:messageVariable>{variable}</spiffworkflow:messageVariable>" if variable else ""
    extension = f"<bpmn:extensionElements>{inner}</bpmn:extensionElements>" if inner else ""
    return (
        f'<bpmn:messageEventDefinition messageRef="{name}_message">{extension}</bpmn:messageEventDefinition>'
    )


SIGNAL = '<bpmn:signalEventDefinition signalRef="alarm_signal"/>'
TERMINATE = "<bpmn:terminateEventDefinition/>"
GLOBALS = (
    '<bpmn:message id="news_message" name="news"/><bpmn:signal id="alarm_signal" name="alarm"/>'
    '<bpmn:error id="failed_error" name="failed" errorCode="social.delivery_failed"/>'
    '<bpmn:error id="other_error" name="other" errorCode="other"/>'
)


def many(n: int, *, sequential: bool = False) -> str:
    """The marker of a multi-instance with n instances."""
    return (
        f'<bpmn:multiInstanceLoopCharacteristics isSequential="{str(sequential).lower()}">'
        f"<bpmn:loopCardinality>{n}</bpmn:loopCardinality></bpmn:multiInstanceLoopCharacteristics>"
    )
