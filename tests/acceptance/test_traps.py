"""Traps of the engine that a model steps into at run time: parked with the place, never stuck in silence."""

from __future__ import annotations

from pathlib import Path

from SpiffWorkflow.bpmn.parser.util import full_tag
from SpiffWorkflow.spiff.parser.process import SpiffBpmnParser

from socialbpm.spiff.parser import SocialParser
from tests.models import Model
from tests.runs import Run


def test_a_boundary_condition_that_cannot_be_evaluated_parks_the_run(tmp_path: Path) -> None:
    """SpiffWorkflow lets the exception out of whatever call happened to look at the condition."""
    condition = "<bpmn:condition>missing > 1</bpmn:condition>"
    event = f"<bpmn:conditionalEventDefinition>{condition}</bpmn:conditionalEventDefinition>"
    model = Model().start().ask("ask").on("ask", "enough", event).end("done", "e")
    run = Run(tmp_path, model.flow("begin", "ask", "done").flow("enough", "e").text()).start()
    assert run.status == "parked"
    assert "element 'enough'" in run.seen.reason
    assert "missing" in run.seen.reason


def rounds_of_many(clear: str) -> str:
    """Two rounds of a multi-instance by number whose answers are gathered in one list."""
    marker = (
        '<bpmn:multiInstanceLoopCharacteristics isSequential="false"><bpmn:loopCardinality>1'
        "</bpmn:loopCardinality><bpmn:loopDataOutputRef>answers</bpmn:loopDataOutputRef>"
        '<bpmn:outputDataItem id="answer" name="answer"/></bpmn:multiInstanceLoopCharacteristics>'
    )
    model = Model().start().add("exclusiveGateway", "merge").script("clear", clear)
    model.ask("ask", marker, resultVariable="answer").end("done")
    model.add("exclusiveGateway", "good", default="good_to_done")
    model.flow("begin", "merge", "clear", "ask", "good", "done")
    return model.flow("good", "merge", when="answers[-1]['outcome'] != 'approved'").text()


def test_a_second_round_of_many_finds_the_list_of_the_first_and_parks(tmp_path: Path) -> None:
    """SpiffWorkflow wants a new list each time; a script that deletes the old one gives it that."""
    for number, (clear, status) in enumerate([("n = 1", "parked"), ("answers = 1\ndel answers", "waiting")]):
        (tmp_path / str(number)).mkdir()
        run = Run(tmp_path / str(number), rounds_of_many(clear)).start().answer("ask", "reject")
        assert run.status == status
    reason = Run(tmp_path / "0", rounds_of_many("n = 1")).seen.reason
    assert reason.startswith("element 'ask': the engine failed: NameError")
    assert run.answer("ask").status == "finished"


def test_a_list_of_instances_that_is_not_there_parks_the_run_with_the_place(tmp_path: Path) -> None:
    """SpiffWorkflow fails with a TypeError that names nothing; an empty list is no instance at all."""
    marker = (
        '<bpmn:multiInstanceLoopCharacteristics isSequential="false"><bpmn:loopDataInputRef>people'
        "</bpmn:loopDataInputRef></bpmn:multiInstanceLoopCharacteristics>"
    )
    document = Model().start().ask("ask", marker).end("done").flow("begin", "ask", "done").text()
    run = Run(tmp_path, document).start()
    assert (run.status, run.seen.reason.partition(":")[0]) == ("parked", "element 'ask'")
    (tmp_path / "empty").mkdir()
    assert Run(tmp_path / "empty", document).start(people=[]).status == "finished"


def test_keys_that_are_no_text_become_text(tmp_path: Path) -> None:
    """Process data are JSON: what a script leaves under a number is found under its text after a restart."""
    model = (
        Model()
        .start()
        .script("count", "votes = {1: 'a'}\nseen = {3}")
        .ask("ask")
        .script("look", "x = votes['1']")
    )
    run = (
        Run(tmp_path, model.end("done").flow("begin", "count", "ask", "look", "done").text())
        .start()
        .answer("ask")
    )
    assert (run.status, run.data["x"], run.data["seen"]) == ("finished", "a", [3])


def test_our_parser_leaves_the_engines_own_as_it_is() -> None:
    """SpiffWorkflow's examples write into a dict that all its parsers share; ours has one of its own."""
    tag = full_tag("serviceTask")
    assert SpiffBpmnParser.OVERRIDE_PARSER_CLASSES[tag] != SocialParser.OVERRIDE_PARSER_CLASSES[tag]
    assert SpiffBpmnParser.OVERRIDE_PARSER_CLASSES is not SocialParser.OVERRIDE_PARSER_CLASSES
