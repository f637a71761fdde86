"""Which social results an expression can find, also where one process calls another."""

from __future__ import annotations

from itertools import pairwise
from pathlib import Path

import pytest

from socialbpm.spiff.check import check_files

HEAD = (
    '<bpmn:definitions xmlns:bpmn="http://www.omg.org/spec/BPMN/20100524/MODEL"'
    ' xmlns:social="urn:socialbpm:1" targetNamespace="urn:test">'
)
POLL = (
    '<bpmn:extensionElements><social:pollCommunity to="cyclists" deadline="P3D" resultVariable="poll">'
    "<social:text>?</social:text>"
    '<social:choice key="north">N</social:choice><social:choice key="south">S</social:choice>'
    "</social:pollCommunity></bpmn:extensionElements>"
)
SAY = (
    '<bpmn:extensionElements><social:postStatus to="cyclists"><social:text>{}</social:text>'
    "</social:postStatus></bpmn:extensionElements>"
)


def asking() -> str:
    return f'<bpmn:serviceTask id="ask">{POLL}</bpmn:serviceTask>'


def saying(text: str) -> str:
    return f'<bpmn:serviceTask id="say">{SAY.format(text)}</bpmn:serviceTask>'


def calling(process: str) -> str:
    return f'<bpmn:callActivity id="call_{process}" calledElement="{process}"/>'


def scripted(script: str) -> str:
    return f'<bpmn:scriptTask id="own"><bpmn:script>{script}</bpmn:script></bpmn:scriptTask>'


def process(name: str, *steps: str, crossing: str = "") -> str:
    """A process of these steps, one after the other."""
    ids = ["start", *(step.split('id="')[1].split('"')[0] for step in steps), "end"]
    flows = (
        f'<bpmn:sequenceFlow id="{name}_{here}" sourceRef="{here}" targetRef="{there}"/>'
        for here, there in pairwise(ids)
    )
    inner = (
        f'{crossing}<bpmn:startEvent id="start"/>{"".join(steps)}<bpmn:endEvent id="end"/>{"".join(flows)}'
    )
    return f'{HEAD}<bpmn:process id="{name}" isExecutable="true">{inner}</bpmn:process></bpmn:definitions>'


def told(folder: Path, *processes: str) -> list[str]:
    """What the check says of these processes, each in a file of its own."""
    files = [folder / f"{number}.bpmn" for number, _ in enumerate(processes)]
    for file, body in zip(files, processes, strict=True):
        file.write_text(body, "utf-8")
    return [problem.what for problem in check_files(files)]


WRONG = saying("{{ poll.outcom }}")
NONE = ["the result 'poll' has no 'outcom'"]


@pytest.mark.parametrize("wrong", [WRONG, scripted('done = poll["outcom"]')])
def test_a_called_process_is_held_to_the_results_of_its_caller(tmp_path: Path, wrong: str) -> None:
    """In a template as in Python, also through a process in between."""
    assert told(tmp_path, process("a", asking(), calling("b")), process("b", wrong)) == NONE
    between = process("b", calling("c"))
    assert told(tmp_path, process("a", asking(), calling("b")), between, process("c", wrong)) == NONE


@pytest.mark.parametrize("wrong", [WRONG, scripted('done = poll["outcom"]')])
def test_a_caller_is_held_to_the_results_of_what_it_calls(tmp_path: Path, wrong: str) -> None:
    """And to those of what that calls in turn."""
    assert told(tmp_path, process("a", calling("b"), wrong), process("b", asking())) == NONE
    between = process("b", calling("c"))
    assert told(tmp_path, process("a", calling("b"), wrong), between, process("c", asking())) == NONE


def test_what_one_of_two_callers_has_is_not_certain(tmp_path: Path) -> None:
    """The other may have something else under that name, from outside."""
    callers = process("a", asking(), calling("c")), process("b", calling("c"))
    assert told(tmp_path, *callers, process("c", WRONG)) == []
    assert told(tmp_path, callers[0], process("b", asking(), calling("c")), process("c", WRONG)) == NONE


def test_processes_that_do_not_call_each_other_know_nothing_of_each_other(tmp_path: Path) -> None:
    """Even in one check."""
    assert told(tmp_path, process("a", asking()), process("b", WRONG)) == []


@pytest.mark.parametrize(("kind", "named"), [("dataInput", "ride"), ("dataInput", "poll")])
def test_data_inputs_say_what_crosses_into_a_called_process(tmp_path: Path, kind: str, named: str) -> None:
    """With any, only those; the result crosses if it is one of them."""
    crossing = f'<bpmn:ioSpecification><bpmn:{kind} id="{named}" name="{named}"/></bpmn:ioSpecification>'
    called = process("b", WRONG, crossing=crossing)
    assert told(tmp_path, process("a", asking(), calling("b")), called) == (NONE if named == "poll" else [])


@pytest.mark.parametrize("named", ["ride", "poll"])
def test_data_outputs_say_what_comes_back(tmp_path: Path, named: str) -> None:
    """Likewise."""
    crossing = f'<bpmn:ioSpecification><bpmn:dataOutput id="{named}" name="{named}"/></bpmn:ioSpecification>'
    called = process("b", asking(), crossing=crossing)
    assert told(tmp_path, process("a", calling("b"), WRONG), called) == (NONE if named == "poll" else [])


def test_what_a_script_of_another_process_rewrites_is_not_certain(tmp_path: Path) -> None:
    """Wherever the script stands among those that call each other."""
    rewriting = process("b", scripted("poll = {}"))
    assert told(tmp_path, process("a", asking(), calling("b"), WRONG), rewriting) == []


@pytest.mark.parametrize(
    "text",
    [
        "{% for poll in polls %}{{ poll.outcom }}{% endfor %}",
        "{% for key, entry in poll.items() %}{{ key }}{% endfor %}",
        "{{ poll.counts.items() | list }}",
        "{% if poll.outcome == '' %}{{ poll.error }}{% endif %}",
    ],
)
def test_what_a_template_may_ask(tmp_path: Path, text: str) -> None:
    """A name of its own is not the result; a failed task has no outcome."""
    assert told(tmp_path, process("a", asking(), saying(text))) == []


def test_a_name_that_an_expression_gives_itself_is_not_the_result(tmp_path: Path) -> None:
    """As in a comprehension."""
    script = 'from_all = [poll["outcom"] for poll in polls] or (lambda poll: poll["outcom"])'
    assert told(tmp_path, process("a", asking(), scripted(script))) == []


def test_processes_that_call_each_other_in_a_circle_are_checked_all_the_same(tmp_path: Path) -> None:
    """And the check ends."""
    circle = process("a", asking(), calling("b")), process("b", calling("a"), WRONG)
    assert NONE[0] in told(tmp_path, *circle)


def test_two_calls_side_by_side_that_write_one_result_are_refused(tmp_path: Path) -> None:
    """At the join one answer would be lost; one after the other, the later stands as anywhere."""
    steps = '<bpmn:startEvent id="start"/><bpmn:{0} id="fork"/><bpmn:{0} id="join"/><bpmn:endEvent id="end"/>'
    calls = calling("b") + calling("b").replace("call_b", "again")
    ways = ("start fork", "fork call_b", "fork again", "call_b join", "again join", "join end")
    flows = "".join(
        f'<bpmn:sequenceFlow id="f{number}" sourceRef="{way.split()[0]}" targetRef="{way.split()[1]}"/>'
        for number, way in enumerate(ways)
    )
    body = process("a").split("<bpmn:startEvent")[0] + steps.format("parallelGateway") + calls + flows
    caller = f"{body}</bpmn:process></bpmn:definitions>"
    assert told(tmp_path, caller, process("b", asking())) == ["writes 'poll' at the same time as 'call_b'"]
    assert told(tmp_path, caller, process("b", saying("Hello."))) == [
        "writes 'say' at the same time as 'call_b'"
    ]
    crossing = '<bpmn:ioSpecification><bpmn:dataOutput id="ride" name="ride"/></bpmn:ioSpecification>'
    assert told(tmp_path, caller, process("b", asking(), crossing=crossing)) == []
    again = calling("b").replace("call_b", "again")
    assert told(tmp_path, process("a", calling("b"), again), process("b", asking())) == []
