"""Social tasks inside every construct that holds activities; each run is closed and opened at every step."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.models import Model, many
from tests.runs import Run

AS_OFTEN = '<bpmn:standardLoopCharacteristics loopMaximum="3"><bpmn:loopCondition>True</bpmn:loopCondition>'
LOOPED = AS_OFTEN + "</bpmn:standardLoopCharacteristics>"


def line(*ids: str, model: Model) -> Model:
    """A model's elements between a start and an end."""
    return model.start().end("done").flow("begin", *ids, "done")


def asks(id: str = "ask", inner: str = "") -> Model:
    """A process, or the content of a sub-process, that asks one thing."""
    return Model().start(f"{id}_begin").ask(id, inner).end(f"{id}_end").flow(f"{id}_begin", id, f"{id}_end")


def over_items(*, sequential: bool) -> str:
    """The marker of one instance per item of ``items``; the ``answer`` of each is gathered in ``answers``."""
    return (
        f'<bpmn:multiInstanceLoopCharacteristics isSequential="{str(sequential).lower()}">'
        "<bpmn:loopDataInputRef>items</bpmn:loopDataInputRef>"
        "<bpmn:loopDataOutputRef>answers</bpmn:loopDataOutputRef>"
        '<bpmn:inputDataItem id="item" name="item"/><bpmn:outputDataItem id="answer" name="answer"/>'
        "</bpmn:multiInstanceLoopCharacteristics>"
    )


ONE_DEEP = line("sub", model=Model().add("subProcess", "sub", asks().xml())).text()
NESTED = line(
    "outer",
    model=Model().add(
        "subProcess",
        "outer",
        Model()
        .start("outer_begin")
        .add("subProcess", "inner", asks().xml())
        .end("outer_end")
        .flow("outer_begin", "inner", "outer_end")
        .xml(),
    ),
).text()
CALLED = line("call", model=Model().add("callActivity", "call", calledElement="called")).text(
    called={"called": asks()}
)
CALLED_DEEP = line("call", model=Model().add("callActivity", "call", calledElement="between")).text(
    called={
        "between": Model()
        .start("b_begin")
        .add("callActivity", "again", calledElement="called")
        .end("b_end")
        .flow("b_begin", "again", "b_end"),
        "called": asks(),
    }
)
TRANSACTION = line("booking", model=Model().add("transaction", "booking", asks().xml())).text()


@pytest.mark.parametrize(
    "document",
    [ONE_DEEP, NESTED, CALLED, CALLED_DEEP, TRANSACTION],
    ids=["sub-process", "nested", "called process", "called by a called one", "transaction"],
)
def test_inside_another_process_it_asks_once_and_its_result_comes_out(tmp_path: Path, document: str) -> None:
    """The process around waits, and finds the answer in its own data."""
    run = Run(tmp_path, document).start()
    assert run.waits == ["ask"]
    run.answer("ask", "reject")
    assert (run.status, run.data["ask"]["outcome"], len(run.posts("ask"))) == ("finished", "rejected", 1)


@pytest.mark.parametrize("order", [(0, 0, 0), (2, 1, 0), (1, 0, 0)])
def test_parallel_instances_are_requests_of_their_own_answered_in_any_order(
    tmp_path: Path, order: tuple[int, ...]
) -> None:
    """Three at once, each with its own item in its text; the process goes on after the last of them."""
    inner = over_items(sequential=False)
    model = (
        Model()
        .script("prepare", "items = [1, 2, 3]")
        .ask("ask", inner, text="Item {{ item }}?", resultVariable="answer")
    )
    run = Run(tmp_path, line("prepare", "ask", model=model).text()).start()
    assert sorted(post.text for post in run.posts("ask")) == ["Item 1?", "Item 2?", "Item 3?"]
    for nth in order:
        assert run.status == "waiting"
        run.answer("ask", nth=nth)
    assert run.status == "finished"
    assert [answer["outcome"] for answer in run.data["answers"]] == ["approved"] * 3
    assert len({answer["request"] for answer in run.data["answers"]}) == 3


def test_what_parallel_instances_leave_is_gathered_as_they_end(tmp_path: Path) -> None:
    """``loopDataOutputRef`` is filled in the order of the answers, not of the items: documented as such."""
    model = (
        Model()
        .script("prepare", "items = [1, 2]")
        .ask("ask", over_items(sequential=False), resultVariable="answer")
    )
    run = Run(tmp_path, line("prepare", "ask", model=model).text()).start()
    run.answer("ask", "reject", nth=1).answer("ask", "approve")
    assert [answer["outcome"] for answer in run.data["answers"]] == ["rejected", "approved"]


def test_sequential_instances_ask_one_after_the_other(tmp_path: Path) -> None:
    """Nobody is asked about the second item before the first is settled."""
    inner = over_items(sequential=True)
    model = (
        Model()
        .script("prepare", "items = ['a', 'b']")
        .ask("ask", inner, text="Item {{ item }}?", resultVariable="answer")
    )
    run = Run(tmp_path, line("prepare", "ask", model=model).text()).start()
    assert [post.text for post in run.posts("ask")] == ["Item a?"]
    run.answer("ask")
    assert [post.text for post in run.posts("ask")] == ["Item a?", "Item b?"]
    assert run.answer("ask", "reject").status == "finished"
    assert [answer["outcome"] for answer in run.data["answers"]] == ["approved", "rejected"]


def test_a_standard_loop_asks_again_each_round(tmp_path: Path) -> None:
    """A new request per round, until the loop's own condition or maximum ends it."""
    run = Run(tmp_path, line("ask", model=Model().ask("ask", LOOPED)).text()).start()
    for _ in range(3):
        assert (run.status, run.waits) == ("waiting", ["ask"])
        run.answer("ask")
    assert (run.status, run.endings("ask")) == ("finished", ("approved",) * 3)


def test_a_loop_drawn_with_a_gateway_asks_in_threaded_rounds(tmp_path: Path) -> None:
    """Each round is a new request whose post hangs under that of the round before."""
    model = Model().start().add("exclusiveGateway", "merge").ask("ask")
    model.add("exclusiveGateway", "good", default="good_to_done").end("done")
    model.flow("begin", "merge", "ask", "good", "done")
    model.flow("good", "merge", when="ask['outcome'] != 'approved'")
    run = Run(tmp_path, model.text()).start()
    run.answer("ask", "changes").answer("ask", "reject").answer("ask", "approve")
    assert (run.status, run.endings("ask")) == ("finished", ("changes_requested", "rejected", "approved"))
    assert [post.replies_to for post in run.posts("ask")] == ["", "ask", "ask"]
    assert run.path.count("ask") == 3


@pytest.mark.parametrize("order", [("left", "right"), ("right", "left")])
def test_parallel_branches_wait_for_each_other_and_both_results_stand(
    tmp_path: Path, order: tuple[str, str]
) -> None:
    """The join goes on with what both branches have found, whoever answers first."""
    model = Model().start().add("parallelGateway", "fork").ask("left").ask("right")
    model.add("parallelGateway", "join").end("done").flow("begin", "fork").flow("join", "done")
    model.flow("fork", "left", "join").flow("fork", "right", "join")
    run = Run(tmp_path, model.text()).start()
    assert run.waits == ["left", "right"]
    for element in order:
        assert run.status == "waiting"
        run.answer(element, "approve" if element == "left" else "reject")
    assert run.status == "finished"
    assert (run.data["left"]["outcome"], run.data["right"]["outcome"]) == ("approved", "rejected")


def test_parallel_branches_inside_a_loop_are_joined_anew_in_each_round(tmp_path: Path) -> None:
    """The second round waits for both of its own branches, whatever came in the first."""
    model = Model().start().add("exclusiveGateway", "merge").add("parallelGateway", "fork")
    model.ask("left").ask("right").add("parallelGateway", "join")
    model.add("exclusiveGateway", "good", default="good_to_done").end("done")
    model.flow("begin", "merge", "fork").flow("fork", "left", "join").flow("fork", "right", "join")
    model.flow("join", "good", "done").flow("good", "merge", when="left['outcome'] != 'approved'")
    run = Run(tmp_path, model.text()).start()
    run.answer("right").answer("left", "reject")
    assert run.waits == ["left", "right"]
    assert run.answer("left").waits == ["right"]
    assert run.answer("right").status == "finished"


@pytest.mark.parametrize("sequential", [False, True], ids=["parallel", "sequential"])
@pytest.mark.parametrize("around", ["subProcess", "callActivity"])
def test_many_sub_processes_or_calls_ask_once_each(tmp_path: Path, around: str, sequential: bool) -> None:
    """A multi-instance over what contains a social task has one request per instance."""
    marker = many(2, sequential=sequential)
    if around == "subProcess":
        document = line("each", model=Model().add(around, "each", asks().xml() + marker)).text()
    else:
        model = Model().add(around, "each", marker, calledElement="called")
        document = line("each", model=model).text(called={"called": asks()})
    run = Run(tmp_path, document).start()
    assert run.waits == ["ask"] * (1 if sequential else 2)
    assert run.answer("ask", "reject", nth=len(run.waits) - 1).waits == ["ask"]
    assert (run.answer("ask").status, len(run.posts("ask"))) == ("finished", 2)


def test_an_inclusive_gateway_waits_for_the_branches_it_has_taken(tmp_path: Path) -> None:
    """Two of three ways are taken: two people are asked, and the join waits for these two."""
    model = Model().start().script("prepare", "a, b, c = True, True, False")
    model.add("inclusiveGateway", "some").add("inclusiveGateway", "all").end("done")
    model.flow("begin", "prepare", "some").flow("all", "done")
    for name in "abc":
        model.ask(f"ask_{name}").flow("some", f"ask_{name}", when=name).flow(f"ask_{name}", "all")
    run = Run(tmp_path, model.text()).start()
    assert run.waits == ["ask_a", "ask_b"]
    assert run.answer("ask_b").status == "waiting"
    assert run.answer("ask_a").status == "finished"


def test_the_result_of_a_round_is_that_rounds_alone(tmp_path: Path) -> None:
    """Nothing of the first round's answer shows in the second's, down to the links of its posts."""
    first = Run(tmp_path, line("ask", model=Model().ask("ask", LOOPED, include="reasons")).text()).start()
    before = first.answer("ask", "reject").posts("ask")[0].url
    first.answer("ask").answer("ask")
    result = first.data["ask"]
    assert (result["outcome"], result["counts"]["approve"], result["counts"]["reject"]) == ("approved", 1, 0)
    assert before not in result["links"]
    assert result["links"] == [first.posts("ask")[-1].url]
