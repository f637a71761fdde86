"""From BPMN and DMN files to specifications.

SpiffWorkflow's parser, with social tasks, our timers and safe XML.
"""

from __future__ import annotations

from os import PathLike, fspath
from typing import Any, BinaryIO, TextIO

from lxml import etree
from SpiffWorkflow.bpmn.parser.event_parsers import EventBasedGatewayParser
from SpiffWorkflow.bpmn.parser.task_parsers import ConditionalGatewayParser, GatewayParser
from SpiffWorkflow.bpmn.parser.util import full_tag
from SpiffWorkflow.bpmn.parser.ValidationException import ValidationException
from SpiffWorkflow.bpmn.specs.defaults import (
    BoundaryEvent,
    EndEvent,
    EventBasedGateway,
    InclusiveGateway,
    IntermediateCatchEvent,
    IntermediateThrowEvent,
    ParallelGateway,
    StartEvent,
)
from SpiffWorkflow.spiff.parser.event_parsers import (
    SpiffBoundaryEventParser,
    SpiffEndEventParser,
    SpiffIntermediateCatchEventParser,
    SpiffIntermediateThrowEventParser,
    SpiffStartEventParser,
)
from SpiffWorkflow.spiff.parser.process import SpiffBpmnParser, SpiffProcessParser
from SpiffWorkflow.spiff.parser.task_spec import ServiceTaskParser
from SpiffWorkflow.spiff.specs.defaults import ServiceTask

from socialbpm import tasks
from socialbpm.spiff import timers
from socialbpm.spiff.joins import EndJoin, InclusiveJoin, LastJoin, ParallelJoin
from socialbpm.spiff.specs import RepeatingBoundary, SocialTask
from socialbpm.spiff.xml import declaration_of, is_social, parse

REPEATABLE = ("messageEventDefinition", "signalEventDefinition", "escalationEventDefinition")
TOO_LONG = (
    "a chain of several hundred steps is longer than the engine can read; move a part to a called process"
)


class SocialServiceTaskParser(ServiceTaskParser):  # type: ignore[misc]
    """A service task that carries a social element is a social task; any other is the engine's own."""

    def create_task(self) -> Any:
        """Raises DefinitionError for a social element that is wrong."""
        declaration = declaration_of(self.node, self.filename or "")
        if declaration is None:
            return super().create_task()
        extensions = self.parse_extensions()
        return SocialTask(
            self.spec,
            self.bpmn_id,
            declaration=declaration,
            result_variable=tasks.result_variable(declaration),
            prescript=extensions.get("preScript"),
            postscript=extensions.get("postScript"),
            **self.bpmn_attributes,
        )


class _OnOurClock:
    """Mixed into the parsers of events: their timers are ours."""

    def get_event_definition(self, xpaths: list[str]) -> Any:
        """As the engine's."""
        return timers.of_stock(super().get_event_definition(xpaths))  # type: ignore[misc]


class StartParser(_OnOurClock, SpiffStartEventParser):  # type: ignore[misc]
    """Start events."""


class EndParser(_OnOurClock, SpiffEndEventParser):  # type: ignore[misc]
    """End events."""


class CatchParser(_OnOurClock, SpiffIntermediateCatchEventParser):  # type: ignore[misc]
    """Intermediate catch events."""


class ThrowParser(_OnOurClock, SpiffIntermediateThrowEventParser):  # type: ignore[misc]
    """Intermediate throw events."""


class BoundaryParser(_OnOurClock, SpiffBoundaryEventParser):  # type: ignore[misc]
    """Boundary events. In a file with social tasks those that do not interrupt may happen more than once.

    A file without any keeps the engine's own class, and so its behaviour.
    """

    def create_task(self) -> Any:
        """As the engine's, of our class where it repeats."""
        if self._repeats():
            self.spec_class = RepeatingBoundary
        return super().create_task()

    def _repeats(self) -> bool:
        if self.node.get("cancelActivity", "true").lower() == "true":
            return False
        found = [node for node in self.node if etree.QName(node).localname.endswith("EventDefinition")]
        return len(found) == 1 and _repeatable(found[0]) and _is_social(self.node)


class EventGatewayParser(EventBasedGatewayParser):  # type: ignore[misc]
    """Event-based gateways."""

    def create_task(self) -> Any:
        """As the engine's, with a definition that takes one way only."""
        return self._create_task(timers.MultipleEventDefinition())


class ParallelParser(GatewayParser):  # type: ignore[misc]
    """Parallel gateways. In a file with social tasks they know their round (see joins)."""

    def create_task(self) -> Any:
        """As the engine's, of our class."""
        if _is_social(self.node):
            self.spec_class = ParallelJoin
        return super().create_task()


class InclusiveParser(ConditionalGatewayParser):  # type: ignore[misc]
    """Inclusive gateways. In a file with social tasks they know their round (see joins)."""

    def create_task(self) -> Any:
        """As the engine's, of our class."""
        if _is_social(self.node):
            self.spec_class = InclusiveJoin
        return super().create_task()


class ProcessParser(SpiffProcessParser):  # type: ignore[misc]
    """A process whose end does not walk the tree."""

    def create_spec(self) -> Any:
        """As the engine's, with our join before the end."""
        spec = super().create_spec()
        del spec.task_specs[spec.end.name]
        join = LastJoin if _is_social(self.node) else EndJoin
        spec.end = join(spec, spec.end.name)
        spec.end._outputs = [spec.task_specs["End"].name]
        return spec


class SocialParser(SpiffBpmnParser):  # type: ignore[misc]
    """Reads what SpiffBpmnParser reads, to the same specifications, and social tasks besides.

    Files are parsed safely: no entities, no document type, nothing fetched. Raises DefinitionError for what
    is not XML and for wrong social elements, SpiffWorkflow's ValidationException for other faults of a model.
    """

    PROCESS_PARSER_CLASS = ProcessParser
    OVERRIDE_PARSER_CLASSES = {  # noqa: RUF012  (a new dict: SpiffWorkflow's is shared by all its parsers)
        **SpiffBpmnParser.OVERRIDE_PARSER_CLASSES,
        full_tag("serviceTask"): (SocialServiceTaskParser, ServiceTask),
        full_tag("startEvent"): (StartParser, StartEvent),
        full_tag("endEvent"): (EndParser, EndEvent),
        full_tag("intermediateCatchEvent"): (CatchParser, IntermediateCatchEvent),
        full_tag("intermediateThrowEvent"): (ThrowParser, IntermediateThrowEvent),
        full_tag("boundaryEvent"): (BoundaryParser, BoundaryEvent),
        full_tag("eventBasedGateway"): (EventGatewayParser, EventBasedGateway),
        full_tag("parallelGateway"): (ParallelParser, ParallelGateway),
        full_tag("inclusiveGateway"): (InclusiveParser, InclusiveGateway),
    }

    def add_bpmn_file(self, filename: str | PathLike[str]) -> None:
        """Add one BPMN file."""
        self.add_bpmn_files([filename])

    def add_bpmn_files(self, filenames: Any) -> None:
        """Add BPMN files."""
        for name in filenames:
            with open(name, "rb") as opened:
                self.add_bpmn_io(opened, fspath(name))

    def add_bpmn_io(self, file_like_object: BinaryIO | TextIO, filename: str | None = None) -> None:
        """Add what an open BPMN file holds."""
        self.add_bpmn_str(file_like_object.read(), filename)

    def add_bpmn_str(self, bpmn_str: bytes | str, filename: str | None = None) -> None:
        """Add a BPMN document."""
        self.add_bpmn_xml(parse(_bytes(bpmn_str), filename or ""), filename)

    def add_dmn_files(self, filenames: Any) -> None:
        """Add DMN files."""
        for name in filenames:
            with open(name, "rb") as opened:
                self.add_dmn_io(opened, fspath(name))

    def add_dmn_io(self, file_like_object: BinaryIO | TextIO, filename: str | None = None) -> None:
        """Add what an open DMN file holds."""
        self.add_dmn_str(file_like_object.read(), filename)

    def add_dmn_str(self, dmn_str: bytes | str, filename: str | None = None) -> None:
        """Add a DMN document."""
        self.add_dmn_xml(parse(_bytes(dmn_str), filename or ""), filename)

    def get_spec(self, process_id: str, required: bool = True) -> Any:
        """The specification of a process.

        A model too long for the engine's recursion is refused in clear words.
        """
        try:
            return super().get_spec(process_id, required)
        except (RecursionError, ValidationException) as error:
            if isinstance(error, RecursionError) or "RecursionError" in str(error):
                raise ValidationException(TOO_LONG, file_name=getattr(error, "file_name", None)) from None
            raise


def _repeatable(definition: etree._Element) -> bool:
    name = etree.QName(definition).localname
    return name in REPEATABLE or definition.find("{*}timeCycle") is not None


def _is_social(node: etree._Element) -> bool:
    """Whether the file holds a social element. One that does not behaves as under the engine's own parser."""
    return any(map(is_social, node.getroottree().getroot().iter(etree.Element)))


def _bytes(document: bytes | str) -> bytes:
    return document.encode() if isinstance(document, str) else document
