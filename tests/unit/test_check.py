"""The model check: each mistake has one line that says where it is and what to do."""

from __future__ import annotations

from collections import defaultdict
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from lxml import etree

from socialbpm.people import Community, Member
from socialbpm.posts import AskKind, Capabilities, Destination, MediaLimits
from socialbpm.spiff.check import check_files, communities_of
from socialbpm.spiff.flow import Flow, bpmn
from socialbpm.spiff.xml import parse

HERE = Path(__file__).parent
BAD = HERE / "bad"
GOOD = HERE / "good" / "ride.bpmn"

ROOM = (Destination(channel="local", room="r"),)
PAGER = (Destination(channel="pager", room="r"),)


def community(name: str, destinations: tuple[Destination, ...], *people: str) -> Community:
    roll = tuple(Member(person=person) for person in people)
    return Community(name=name, destinations=destinations, roll=roll)


COMMUNITIES = {
    found.name: found
    for found in (
        community("cyclists", ROOM, "ada", "grace", "linus"),
        community("solo", ROOM, "ada"),
        community("nobody", ROOM),
        community("unbound", (), "ada"),
        community("brief", PAGER, "ada", "grace"),
    )
}
CHANNELS = {
    "local": Capabilities(
        network="local",
        max_text=20_000,
        media=MediaLimits(count=10),
        asks=frozenset(AskKind),
        identifies_voters=True,
        can_edit=True,
        can_thread=True,
    ),
    "pager": Capabilities(network="pager", max_text=40, media=MediaLimits(count=1)),
}


def told(*paths: Path) -> list[str]:
    """What the check says of files, without their folder."""
    return [str(problem).replace(f"{BAD}/", "") for problem in check_files(paths, COMMUNITIES, CHANNELS)]


def expected() -> dict[str, list[str]]:
    """The lines of ``expected.txt`` by the file that they are about."""
    lines: dict[str, list[str]] = defaultdict(list)
    for line in (BAD / "expected.txt").read_text(encoding="utf-8").splitlines():
        lines[line.split(":", 1)[0]].append(line)
    return lines


@pytest.mark.parametrize("name", sorted(path.name for path in BAD.iterdir() if path.suffix != ".txt"))
def test_each_mistake_is_told_in_exactly_these_words(name: str) -> None:
    """``file:line: element 'id': what; remedy``: one line for one mistake."""
    assert told(BAD / name) == expected()[name]


def test_a_right_model_has_no_problems() -> None:
    """Every attribute of this version, in a model with boundary events, a gateway and a loop."""
    for model in GOOD.parent.glob("*.bpmn"):
        assert told(model) == []


def test_without_settings_only_the_model_is_checked() -> None:
    """Whoever draws a process need not have the settings of those who run it."""
    assert check_files([BAD / "unknown_community.bpmn"]) == []


def test_problems_of_several_files_come_in_the_order_of_files_and_lines() -> None:
    """As somebody reads them."""
    lines = told(BAD / "missing_alt.bpmn", BAD / "cannot_edit.bpmn")
    assert [line.split(": ")[0] for line in lines] == [
        "missing_alt.bpmn:9",
        "cannot_edit.bpmn:12",
        "cannot_edit.bpmn:17",
    ]


def test_a_called_process_may_stand_in_another_file(tmp_path: Path) -> None:
    """Files that are checked together are deployed together."""
    called = tmp_path / "called.bpmn"
    text = (BAD / "doubled_choice.bpmn").read_text(encoding="utf-8")
    right = text.replace('<social:choice key="south">Southern</social:choice>', "")
    called.write_text(right.replace('id="p"', 'id="elsewhere"'), encoding="utf-8")

    assert told(BAD / "called_unknown.bpmn", called) == []


def test_the_names_that_a_model_addresses_can_be_listed() -> None:
    """For those who want to bind them before they run it."""
    assert communities_of([GOOD]) == {"cyclists", "ada", "grace"}


def test_a_script_that_rewrites_a_result_ends_what_is_known_of_it(tmp_path: Path) -> None:
    """A false alarm would be worse than none."""
    text = (BAD / "condition_key.bpmn").read_text(encoding="utf-8")
    script = '<bpmn:scriptTask id="own"><bpmn:script>poll = {"outcom": 1}</bpmn:script></bpmn:scriptTask>'
    path = tmp_path / "rewritten.bpmn"
    flow = '<bpmn:sequenceFlow id="f9" sourceRef="poll" targetRef="own"/>'
    text = text.replace('sourceRef="poll"', 'sourceRef="own"')
    path.write_text(
        text.replace('<bpmn:manualTask id="ride"/>', f'<bpmn:manualTask id="ride"/>{script}{flow}')
    )

    assert check_files([path]) == []


def test_an_end_by_boundary_event_is_an_end(tmp_path: Path) -> None:
    """A question without deadline may be ended by an interrupting event on it or around it."""
    text = (BAD / "no_deadline.bpmn").read_text(encoding="utf-8")
    timer = (
        '<bpmn:boundaryEvent id="late" attachedToRef="ask"><bpmn:timerEventDefinition>'
        '<bpmn:timeDuration>"P1D"</bpmn:timeDuration></bpmn:timerEventDefinition></bpmn:boundaryEvent>'
        '<bpmn:sequenceFlow id="f9" sourceRef="late" targetRef="end"/>'
    )
    path = tmp_path / "timed.bpmn"
    path.write_text(text.replace('<bpmn:endEvent id="end"/>', '<bpmn:endEvent id="end"/>' + timer))
    assert check_files([path]) == []

    path.write_text(path.read_text().replace('"late" attached', '"late" cancelActivity="false" attached'))
    assert "never ends" in str(check_files([path])[0])


def flow(*edges: str, extra: str = "", **other: str) -> Flow:
    """Tasks (lower case), parallel gateways (upper case), ``other`` elements and sequence flows."""
    names = {name for edge in edges for name in edge.split(">")} - set(other)
    extra += "".join(other.values())
    nodes = "".join(
        f'<{"parallelGateway" if name.isupper() else "task"} id="{name}"/>' for name in sorted(names)
    )
    flows = "".join(
        f'<sequenceFlow id="f{index}" sourceRef="{edge.split(">")[0]}" targetRef="{edge.split(">")[1]}"/>'
        for index, edge in enumerate(edges)
    )
    body = (
        f'<d xmlns="{etree.QName(bpmn("x")).namespace}"><process id="p">{nodes}{extra}{flows}</process></d>'
    )
    return Flow(parse(body.encode())[0])


def test_what_comes_before_follows_the_drawing() -> None:
    """Along flows, back through loops, out of boundary events, through sub-processes."""
    drawn = flow("a>b", "b>c", "c>b", "c>d", extra='<boundaryEvent id="e" attachedToRef="b"/>')
    assert drawn.before("a", "d")
    assert drawn.before("c", "b")
    assert drawn.before("b", "e")
    assert drawn.before("b", "b")
    assert not drawn.before("d", "a")
    assert not drawn.before("a", "a")


def test_a_sub_process_has_its_content_between_its_beginning_and_its_end() -> None:
    """What stands before it comes before its steps, and they before what follows it."""
    inner = '<task id="x"/><task id="y"/><sequenceFlow id="g" sourceRef="x" targetRef="y"/>'
    drawn = flow("a>s", "s>b", s=f'<subProcess id="s">{inner}</subProcess>')
    assert drawn.before("a", "x")
    assert drawn.before("y", "b")
    assert not drawn.before("b", "x")


def test_branches_of_a_fork_are_side_by_side_and_what_follows_the_join_is_not() -> None:
    """Only there can two results meet."""
    drawn = flow("s>F", "F>a", "F>b", "b>c", "a>J", "c>J", "J>z")
    assert drawn.side_by_side("a", "b")
    assert drawn.side_by_side("c", "a")
    assert not drawn.side_by_side("b", "c")
    assert not drawn.side_by_side("a", "z")
    assert not drawn.side_by_side("s", "a")


CUTS = GOOD.read_text(encoding="utf-8")


@settings(max_examples=150, deadline=None)
@given(
    st.integers(0, len(CUTS)),
    st.integers(0, 60),
    st.sampled_from(["", "<", '"', "{{", "x", "<social:text/>", "\x00"]),
)
def test_a_model_damaged_anywhere_is_never_a_traceback(start: int, length: int, instead: str) -> None:
    """A piece cut out or replaced: the check says something, or the model is still right."""
    damaged = CUTS[:start] + instead + CUTS[start + length :]
    with TemporaryDirectory() as folder:
        path = Path(folder) / "damaged.bpmn"
        path.write_text(damaged, encoding="utf-8")
        found = check_files([path], COMMUNITIES, CHANNELS)
    assert all(str(problem).startswith(str(path)) for problem in found)


def test_a_picture_that_is_not_there_is_found_before_anything_is_deployed(tmp_path: Path) -> None:
    """The check says all that a deployment would refuse."""
    sample = Path(__file__).parents[2] / "bpmn_samples" / "image_review.bpmn"
    model = tmp_path / "alone.bpmn"
    text = sample.read_text(encoding="utf-8")
    source = text.split('src="')[1].split('"')[0]
    model.write_text(text.replace(f'src="{source}"', 'src="gone.png"'), encoding="utf-8")
    (problem, *_) = check_files([model])
    assert (problem.what, problem.line > 1) == ("the file 'gone.png' is not there", True)
