"""What the data of branches come to where they meet."""

from __future__ import annotations

from datetime import timedelta

from socialbpm.spiff.merging import drop_old_results, is_result
from socialbpm.spiff.workflow import SocialWorkflow
from tests.models import Model
from tests.player import Player, answer, complete, the

FORKED = (
    Model()
    .start()
    .script("prepare", "x = [1, 2]\ny = {'old': 1}\nz = 'first'\ngone = 1")
    .add("parallelGateway", "fork")
    .ask("left")
    .ask("right")
    .script("change", "x = [9]\ny = {'new': 2}\nz = 'changed'\nmine = 1\ndel gone")
    .add("parallelGateway", "join")
    .ask("behind")
    .end("done")
    .flow("begin", "prepare", "fork", "left", "change", "join", "behind", "done")
    .flow("fork", "right", "join")
)


def joined(document: str, *order: str) -> SocialWorkflow:
    """An instance in which these have been answered, a minute apart."""
    player = Player.of(document)
    workflow = player.start()
    for element in order:
        workflow = player.later(workflow, timedelta(minutes=1))
        complete(the(workflow, element))
        workflow.do_engine_steps()
    return workflow


def test_what_only_one_branch_has_changed_is_taken_as_that_branch_has_it() -> None:
    """The other branch's copy from before the fork counts for nothing, whichever comes last."""
    for order in (("left", "right"), ("right", "left")):
        data = the(joined(FORKED.text(), *order), "behind").data
        assert (data["x"], data["y"], data["z"], data["mine"]) == ([9], {"new": 2}, "changed", 1)


def test_what_no_branch_has_touched_stays_and_all_results_are_there() -> None:
    """Both answers, and what was there before."""
    data = the(joined(FORKED.text(), "right", "left"), "behind").data
    assert {"left", "right", "mine", "x"} <= data.keys()


def test_what_two_branches_have_both_changed_is_merged_by_the_later_one() -> None:
    """As the engine does: plain values by the last, dicts key by key."""
    model = Model().start().add("parallelGateway", "fork").ask("left").ask("right")
    model.script("one", "n = 1\nd = {'a': 1}").script("two", "n = 2\nd = {'b': 2}")
    model.add("parallelGateway", "join").ask("behind").end("done")
    model.flow("begin", "fork", "left", "one", "join", "behind", "done").flow("fork", "right", "two", "join")
    data = the(joined(model.text(), "left", "right"), "behind").data
    assert (data["n"], data["d"]) == (2, {"a": 1, "b": 2})


def test_branches_of_branches_are_brought_together_first() -> None:
    """A fork within a branch: its change wins over the copies of all branches that had parted before."""
    model = Model().start().script("prepare", "x = 'old'").add("parallelGateway", "fork").ask("slow")
    model.script("change", "x = 'new'").add("parallelGateway", "inner").ask("one").ask("two")
    model.add("parallelGateway", "join").ask("behind").end("done")
    model.flow("begin", "prepare", "fork", "change", "inner", "one", "join", "behind", "done")
    model.flow("fork", "slow", "join").flow("inner", "two", "join")
    for order in (("one", "two", "slow"), ("slow", "one", "two"), ("one", "slow", "two")):
        assert the(joined(model.text(), *order), "behind").data["x"] == "new"


def test_branches_that_meet_only_at_the_end_leave_what_is_newest() -> None:
    """The last to end need not be the one that knows best."""
    model = Model().start().script("prepare", "x = 'old'").add("parallelGateway", "fork")
    model.ask("slow").script("change", "x = 'new'").end("one_end", "other_end")
    model.flow("begin", "prepare", "fork", "change", "one_end").flow("fork", "slow", "other_end")
    workflow = joined(model.text(), "slow")
    assert workflow.is_completed()
    assert workflow.data["x"] == "new"


def test_a_newer_result_replaces_an_older_one_as_a_whole() -> None:
    """Merged item by item, the winners and links of the first round would stay."""
    old = {"outcome": "decided", "explanation": "…", "winners": ["north"]}
    data = {"poll": old, "other": [1]}
    drop_old_results(data, {"poll": {**old, "winners": ["south"]}, "other": [2]})
    assert data == {"other": [1]}
    assert not is_result({"outcome": "decided"})


def test_hundreds_of_branches_are_brought_together_without_recursion() -> None:
    """Every round of a long loop leaves a token at the end of its boundary events."""
    model = Model().start().script("zero", "n = 0").add("exclusiveGateway", "merge").ask("ask")
    model.on("ask", "late", "<bpmn:signalEventDefinition signalRef='alarm_signal'/>")
    model.script("more", "n += 1").add("exclusiveGateway", "enough", default="enough_to_done").end(
        "done", "l"
    )
    model.flow("begin", "zero", "merge", "ask", "more", "enough", "done").flow("late", "l")
    model.flow("enough", "merge", when="n &lt; 400")
    workflow = Player.of(model.text('<bpmn:signal id="alarm_signal" name="alarm"/>')).start()
    while not workflow.is_completed():
        answer(workflow, the(workflow, "ask").internal_data["social"]["key"])
    assert workflow.data["n"] == 400
