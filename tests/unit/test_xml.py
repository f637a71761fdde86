"""Files: read safely, or refused with the line; social elements found where they stand."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from socialbpm.errors import DefinitionError
from socialbpm.spiff.xml import LARGEST, declaration_of, parse, read, social_elements

GOOD = Path(__file__).parent / "good" / "ride.bpmn"
HEAD = (
    '<bpmn:definitions xmlns:bpmn="http://www.omg.org/spec/BPMN/20100524/MODEL"'
    ' xmlns:social="urn:socialbpm:1">'
    '<bpmn:serviceTask id="ask"><bpmn:extensionElements>\n'
)
FOOT = "\n</bpmn:extensionElements></bpmn:serviceTask></bpmn:definitions>"


def refused(body: bytes) -> str:
    with pytest.raises(DefinitionError) as caught:
        parse(body, "f.bpmn")
    return str(caught.value)


@pytest.mark.parametrize("encoding", ["utf-8", "utf-16", "latin-1"])
def test_no_document_type_passes_in_any_encoding(encoding: str) -> None:
    """An entity cannot reach out or grow, because its declaration is never read."""
    body = f'<?xml version="1.0" encoding="{encoding}"?>\n<!DOCTYPE d [<!ENTITY x SYSTEM "file:///etc/passwd">]><d>&x;</d>'
    assert refused(body.encode(encoding)) == (
        "f.bpmn:2: a document type (DOCTYPE, ENTITY) is not allowed in a model; remove it"
    )


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"\x00\x01\x02",
        b"<a>",
        b"<a></b>",
        b"text",
        b'<?xml version="1.0" encoding="nope"?><a/>',
        b"<x:a/>",
    ],
)
def test_what_is_not_xml_is_refused_with_its_line(body: bytes) -> None:
    """Also what merely looks like XML: unknown encodings and unbound prefixes."""
    assert refused(body).startswith("f.bpmn:1: not XML: ")


def test_a_file_has_a_limited_size_and_depth() -> None:
    """Neither megabytes nor thousands of levels reach the engine."""
    assert refused(b" " * (LARGEST + 1)) == "f.bpmn: is larger than 5 MB"
    assert "not XML" in refused(b"<a>" * 5000 + b"</a>" * 5000)


def test_a_file_that_is_not_there_is_no_traceback() -> None:
    """The commonest mistake on a command line."""
    with pytest.raises(DefinitionError, match=r"no-such-file.bpmn: cannot be read: No such file"):
        read("no-such-file.bpmn")


def test_all_social_elements_of_a_file_are_found_with_their_lines() -> None:
    """Elements and attributes of other tools are left alone, comments are not part of a text."""
    found, problems = social_elements(read(GOOD), "ride.bpmn")

    assert problems == []
    assert [(element.place.element, element.declaration["element"]) for element in found] == [
        ("card", "postStatus"),
        ("vote", "pollCommunity"),
        ("review", "requestReview"),
        ("update", "postStatus"),
    ]
    lines = GOOD.read_text(encoding="utf-8").splitlines()
    assert all(f"<social:{e.declaration['element']}" in lines[e.place.line - 1] for e in found)
    assert found[0].declaration["children"][1]["text"] == "Planning  the ride."
    assert "colour" not in str(found[0].declaration)
    assert "deadline" not in found[2].declaration["attributes"]


def test_the_same_word_of_another_tool_is_left_alone() -> None:
    """Only what was meant to be ours is told that it has the wrong namespace."""
    theirs = '<t:announce xmlns:t="urn:another-tool"/>'
    assert social_elements(parse((HEAD + theirs + FOOT).encode())) == ([], [])
    for wrong in ("<announce/>", '<x:announce xmlns:x="http://socialbpm.org/1"/>'):
        problems = social_elements(parse((HEAD + wrong + FOOT).encode()))[1]
        assert 'write xmlns:social="urn:socialbpm:1"' in str(problems[0])


def test_one_element_tells_its_own_task_only() -> None:
    """The parser asks each service task for its declaration."""
    root = read(GOOD)
    nodes = {node.get("id"): node for node in root.iter("{*}serviceTask", "{*}process", "{*}startEvent")}

    found = declaration_of(nodes["vote"])
    assert found is not None
    assert found["element"] == "pollCommunity"
    assert declaration_of(nodes["start"]) is None
    assert declaration_of(nodes["ride"]) is None


def test_a_wrong_element_is_refused_by_the_parser_too() -> None:
    """A host that never asks the check still cannot load a wrong task."""
    root = parse((HEAD + '<social:postStatus to="a"/>' + FOOT).encode(), "f.bpmn")
    with pytest.raises(DefinitionError, match=r"f.bpmn:2: element 'ask': has neither text nor media"):
        declaration_of(root[0], "f.bpmn")


PIECES = st.sampled_from(
    [
        *(
            "<social:postStatus to='a'>",
            "</social:postStatus>",
            "<social:text>",
            "</social:text>",
            "Hi",
            "{{ x }}",
        ),
        *(
            "<social:pollCommunity to='a' deadline='P1D'>",
            "</social:pollCommunity>",
            "<social:choice key='k'>",
        ),
        *(
            "</social:choice>",
            "<social:media src='a' alt='b'/>",
            "<postStatus/>",
            "<!-- c -->",
            "<?pi x?>",
            "&amp;",
        ),
        *(
            "&x;",
            "<social:announce/>",
            "<social:onMention/>",
            "<![CDATA[<x>]]>",
            "<bpmn:task id='t'/>",
            "\u202e",
        ),
        *("]]>", "<b/>"),
    ]
)


@settings(max_examples=300)
@given(st.lists(PIECES, max_size=12))
def test_no_arrangement_of_elements_is_more_than_a_definition_error(pieces: list[str]) -> None:
    """Wrong nesting, foreign elements, comments and instructions: problems with lines, never a traceback."""
    try:
        root = parse((HEAD + "".join(pieces) + FOOT).encode(), "f.bpmn")
    except DefinitionError:
        return
    found, problems = social_elements(root, "f.bpmn")
    assert all(problem.file == "f.bpmn" and problem.line > 0 for problem in problems)
    assert len(found) + len(problems) >= any("postStatus" in piece for piece in pieces)


@settings(max_examples=200)
@given(st.binary(max_size=200) | st.text(alphabet="<>/?!&;= 'abcxmlns:", max_size=60).map(str.encode))
def test_no_bytes_are_more_than_a_definition_error(body: bytes) -> None:
    """Any file can be handed to the check."""
    try:
        root = parse(body)
    except DefinitionError:
        return
    assert social_elements(root)[0] == []
