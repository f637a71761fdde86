"""An instance: as deep as it likes, cut nowhere, and what happens at one task happens to that task alone."""

from __future__ import annotations

from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest
from SpiffWorkflow.bpmn.exceptions import WorkflowTaskException
from SpiffWorkflow.bpmn.parser.ValidationException import ValidationException
from SpiffWorkflow.bpmn.workflow import BpmnWorkflow
from SpiffWorkflow.exceptions import TaskNotFoundException
from SpiffWorkflow.util.task import TaskState

from socialbpm.spiff.parser import SocialParser
from socialbpm.spiff.specs import throw_at
from socialbpm.testing.clock import START
from tests import processes as p
from tests.models import GLOBALS, SIGNAL, TERMINATE, Model, after, error, every, many, message
from tests.player import Player, answer, complete, live, send, the, waiting

FAILED = "social.delivery_failed"


def test_a_loop_may_be_deeper_than_a_thousand_steps() -> None:
    """400 rounds of a gateway loop make a tree 2000 deep: all run, and the wait at the bottom is found."""
    player = Player.of(p.document(p.Sequence_([p.Loop(p.Script(), 400), p.Ask()])))
    workflow = player.start()
    (task,) = workflow.social_tasks()
    assert (task.depth > 1000, workflow.is_completed()) == (True, False)
    assert task in workflow.get_tasks(state=TaskState.STARTED)
    workflow = player.again(workflow)
    answer(workflow, *live(workflow))
    assert workflow.is_completed()


@pytest.mark.parametrize(
    "shape", [p.Loop(p.Ask(), 3), p.Sub(p.Ask()), p.Repeated(p.parallel_times(2)), p.Ask()]
)
def test_a_search_by_name_finds_what_the_walk_finds(shape: Any) -> None:
    """From any task, of any name, in any order: the short way is taken only where there is nothing else."""
    workflow = Player.of(p.document(p.Sequence_([p.Script(), shape, p.Script()]))).start()
    answer(workflow, *live(workflow))
    names = {task.task_spec.name for task in workflow.tasks.values()} | {"nothing"}
    for first in (None, *workflow.tasks.values()):
        for name in names:
            walked = list(workflow.get_tasks_iterator(first, spec_name=name))
            assert workflow.get_tasks(first, spec_name=name) == walked


@pytest.mark.parametrize("state", [TaskState.FUTURE, TaskState.READY, TaskState.WAITING, TaskState.STARTED])
def test_the_index_knows_every_task_in_its_state(state: int) -> None:
    """As a look at all tasks says: started, answered, restored and cancelled, sub-processes included."""
    shape = p.Sequence_([p.Repeated(p.parallel_times(2)), p.Sub(p.Ask()), p.Script()])
    player = Player.of(p.document(shape))
    workflow = player.start()

    def check() -> None:
        for each in (workflow, *workflow.subprocesses.values()):
            looked = [task for task in each.tasks.values() if task.has_state(state)]
            assert each.in_state(state) == looked

    check()
    answer(workflow, next(iter(live(workflow))))
    check()
    workflow = player.again(workflow)
    check()
    answer(workflow, *live(workflow))
    check()
    workflow.cancel()
    check()


def test_a_deep_branch_can_be_cancelled() -> None:
    """Cancelling reaches the task at the bottom of the tree, without recursion."""
    player = Player.of(p.document(p.Sequence_([p.Loop(p.Script(), 400), p.Ask()])))
    workflow = player.again(player.start())
    workflow.cancel()
    assert (workflow.social_tasks(), workflow.is_completed()) == ([], True)


def test_a_deep_branch_can_be_taken_back() -> None:
    """Resetting to the first step drops everything below it, and the run goes its way again."""
    player = Player.of(p.document(p.Sequence_([p.Loop(p.Script(), 400), p.Ask()])))
    workflow = player.again(player.start())
    before = set(live(workflow))
    first = workflow.get_next_task(spec_name="prepare1")
    workflow.reset_from_task_id(first.id)
    workflow.do_engine_steps()
    assert (len(live(workflow)), before & set(live(workflow))) == (1, set()), "a deliberate reset asks anew"


def test_replayed_tasks_have_the_ids_they_had() -> None:
    """Ids are counted, not drawn: a burst played twice from one state makes the same tasks."""
    player = Player.of(p.document(p.Sequence_([p.Ask(), p.Sub(p.Repeated(p.parallel_times(3)))])))
    body = player.save(player.start())
    replays = []
    for _ in range(2):
        workflow = player.restore(body)
        answer(workflow, *live(workflow))
        replays.append({key: task.id for key, task in live(workflow).items()})
    assert (len(replays[0]), replays[0]) == (3, replays[1])


def test_the_trail_lists_the_elements_in_order() -> None:
    """What people see as the path: BPMN ids as they were completed, those in sub-processes too."""
    inner = Model().start("in").script("work", "x = 1").end("out").flow("in", "work", "out")
    model = Model().start().add("subProcess", "sub", inner.xml()).ask("ask", many(2)).end("done")
    workflow = Player.of(model.flow("begin", "sub", "ask", "done").text()).start()
    assert workflow.trail == ["begin", "in", "work", "out", "sub"]
    workflow.trail.clear()
    answer(workflow, *live(workflow))
    assert workflow.trail == ["ask", "ask", "done"]


def test_a_chain_too_long_for_the_engine_is_refused_in_clear_words() -> None:
    """SpiffWorkflow parses by recursion; several hundred steps in a row end in a message, not a traceback."""
    parser = SocialParser()
    parser.add_bpmn_str(p.document(p.Sequence_([p.Script()] * 1500)))
    with pytest.raises(ValidationException, match="longer than the engine can read"):
        parser.get_spec("main")


# errors of one task


def two_with_errors() -> Player:
    """Two tasks side by side, each with a boundary for the same error."""
    model = Model().start().add("parallelGateway", "fork").end("done")
    for name in ("left", "right"):
        model.ask(name).on(name, f"{name}_failed", error("failed")).end(f"{name}_end", f"{name}_mended")
        model.flow("fork", name, f"{name}_end").flow(f"{name}_failed", f"{name}_mended")
    return Player.of(model.flow("begin", "fork").text(GLOBALS))


def test_an_error_of_one_task_leaves_its_sibling_alone() -> None:
    """Both have a boundary for this error; only that of the task that failed takes it."""
    player = two_with_errors()
    workflow = player.again(player.start())
    assert throw_at(the(workflow, "left"), FAILED, {"why": "gone"})
    workflow.do_engine_steps()
    assert waiting(workflow) == ["right"]
    assert "left_mended" in workflow.trail
    ended = workflow.get_next_task(spec_name="left_mended")
    assert ended.data["why"] == "gone"


@pytest.mark.parametrize(("code", "caught"), [("failed", True), ("other", False), ("", True)])
def test_a_boundary_takes_the_error_it_names_or_any_without_name(code: str, caught: bool) -> None:
    """Nothing catches a foreign code: the caller hears of it, the task still waits."""
    model = Model().start().ask("ask").on("ask", "failed", error(code)).end("done", "mended")
    workflow = Player.of(model.flow("begin", "ask", "done").flow("failed", "mended").text(GLOBALS)).start()
    assert throw_at(the(workflow, "ask"), FAILED, {}) is caught
    workflow.do_engine_steps()
    assert waiting(workflow) == ([] if caught else ["ask"])


@pytest.mark.parametrize("kind", ["subProcess", "callActivity"])
def test_an_error_goes_up_to_the_nearest_boundary_around(kind: str) -> None:
    """From an instance in a sub-process or called process to the boundary of the whole."""
    inner = Model().start("in").ask("ask", many(2)).end("out").flow("in", "ask", "out")
    model = Model().start().end("done", "mended")
    if kind == "subProcess":
        model.add(kind, "around", inner.xml())
    else:
        model.add(kind, "around", calledElement="called")
    model.on("around", "failed", error("failed")).flow("begin", "around", "done").flow("failed", "mended")
    called = {"called": inner} if kind == "callActivity" else {}
    player = Player.of(model.text(GLOBALS, called=called))
    workflow = player.again(player.start())
    assert throw_at(workflow.social_tasks()[1], FAILED, {})
    workflow.do_engine_steps()
    assert (waiting(workflow), workflow.trail[-1], workflow.is_completed()) == ([], "mended", True)


# events around a task


@pytest.mark.parametrize("inside", ["ask", "subProcess", "callActivity"])
def test_an_interrupted_multi_instance_does_not_poison_the_run(inside: str) -> None:
    """Under SpiffWorkflow the sub-processes it leaves behind make every further step fail."""
    inner = Model().start("in").ask("ask").end("out").flow("in", "ask", "out")
    model = Model().start().end("done", "cut")
    if inside == "ask":
        model.ask("around", many(3))
    elif inside == "subProcess":
        model.add("subProcess", "around", inner.xml() + many(3))
    else:
        model.add("callActivity", "around", many(3), calledElement="called")
    model.on("around", "late", after("PT1H")).flow("begin", "around", "done").flow("late", "cut")
    player = Player.of(model.text(called={"called": inner} if inside == "callActivity" else {}))
    workflow = player.start()
    assert len(waiting(workflow)) == 3
    workflow = player.later(workflow, timedelta(hours=1))
    assert (waiting(workflow), workflow.is_completed()) == ([], True)


@pytest.mark.parametrize("restart", [False, True])
def test_a_message_boundary_that_does_not_interrupt_happens_any_number_of_times(restart: bool) -> None:
    """Each message begins a branch of its own, with its payload, while the task waits on."""
    model = Model().start().ask("ask").on("ask", "news", message("news", "news"), interrupting=False)
    model.post("told").end("done", "told_end")
    player = Player.of(model.flow("begin", "ask", "done").flow("news", "told", "told_end").text(GLOBALS))
    workflow = player.start()
    for number in range(3):
        workflow = player.again(workflow) if restart else workflow
        send(workflow, "news", number)
    assert waiting(workflow) == ["ask", "told", "told", "told"]
    assert [task.data.get("news") for task in workflow.social_tasks()] == [None, 0, 1, 2]
    assert len(live(workflow)) == 4


def test_what_a_reminder_began_outlives_the_task() -> None:
    """The task is answered while the reminder is being posted: the posting is not dropped."""
    model = Model().start().ask("ask").on("ask", "daily", every("R/P1D"), interrupting=False)
    model.post("remind").end("done", "reminded")
    player = Player.of(model.flow("begin", "ask", "done").flow("daily", "remind", "reminded").text())
    workflow = player.later(player.start(), timedelta(days=1))
    assert waiting(workflow) == ["ask", "remind"]
    complete(the(workflow, "ask"))
    workflow.do_engine_steps()
    workflow = player.again(workflow)
    assert (waiting(workflow), workflow.is_completed(), workflow.next_due()) == (["remind"], False, None)
    complete(the(workflow, "remind"), "posted")
    workflow.do_engine_steps()
    assert workflow.is_completed()


def test_a_message_inside_a_loop_of_reminders_keeps_the_rounds_apart() -> None:
    """Reminders of three days are three requests, each with its own key."""
    model = Model().start().ask("ask").on("ask", "daily", every("R3/P1D"), interrupting=False)
    model.post("remind").end("done", "reminded")
    player = Player.of(model.flow("begin", "ask", "done").flow("daily", "remind", "reminded").text())
    workflow, keys = player.start(), set()
    for _ in range(3):
        workflow = player.later(workflow, timedelta(days=1))
        keys |= set(live(workflow))
    assert len(keys) == 4


@pytest.mark.parametrize("how", ["signal", "terminate", "cancel", "timer around"])
def test_whatever_ends_a_task_takes_it_from_those_that_wait(how: str) -> None:
    """No hook is needed: what is no longer among the waiting tasks is to be withdrawn."""
    model = Model().start().add("parallelGateway", "fork").ask("ask").end("done").ask("other")
    model.on("ask", "alarm", SIGNAL).end("alarmed").end("stop", inner=TERMINATE)
    model.flow("begin", "fork", "ask", "done").flow("fork", "other", "stop").flow("alarm", "alarmed")
    outer = (
        Model().start("b").add("subProcess", "sub", model.xml()).on("sub", "late", after("P1D")).end("d", "l")
    )
    player = Player.of(outer.flow("b", "sub", "d").flow("late", "l").text(GLOBALS))
    workflow = player.again(player.start())
    if how == "signal":
        send(workflow, "alarm")
    elif how == "terminate":
        complete(the(workflow, "other"))
        workflow.do_engine_steps()
    elif how == "cancel":
        workflow.cancel()
    else:
        workflow = player.later(workflow, timedelta(days=1))
    assert waiting(workflow) == (["other"] if how == "signal" else [])
    assert player.again(workflow).is_completed() is (how != "signal")


def test_a_second_round_waits_for_all_its_branches() -> None:
    """Under SpiffWorkflow a join in a loop takes what came in the first round for the second."""
    player = Player.of(p.document(p.Loop(p.Parallel([p.Ask(), p.Ask(), p.Ask()]), 2)))
    workflow = player.start()
    for _ in range(2):
        for left in (3, 2, 1):
            assert len(live(workflow)) == left
            answer(workflow, max(live(workflow)))
    assert workflow.is_completed()


def test_an_inclusive_join_waits_for_a_branch_that_waits_for_people() -> None:
    """The branch is STARTED and reaches the join by way of another gateway: it is waited for."""
    slow = p.Sequence_([p.Ask(), p.Exclusive([p.Script(), p.Script()], 0), p.Script()])
    player = Player.of(p.document(p.Sequence_([p.Inclusive([slow, p.Script()], [True, True]), p.Ask()])))
    workflow = player.again(player.start())
    (first,) = workflow.social_tasks()
    complete(first)
    workflow.do_engine_steps()
    (second,) = workflow.social_tasks()
    assert second.task_spec.name != first.task_spec.name


def test_a_workflow_tells_times_that_only_grow() -> None:
    """Joins merge in order of time; a clock that stands still or goes back must not shuffle them."""
    player = Player.of(p.document(p.Ask()))
    workflow = player.start()
    times = [task.last_state_change for task in workflow.tasks.values() if task.state == TaskState.COMPLETED]
    assert len(set(times)) == len(times)
    player.clock.set(START - timedelta(days=1))
    restored = player.again(workflow)
    (task,) = restored.social_tasks()
    complete(task)
    assert task.last_state_change > max(times)


def test_a_social_task_says_which_workflow_it_needs() -> None:
    """A host that runs it under SpiffWorkflow's own class is told what to use instead."""
    player = Player.of(p.document(p.Ask()))
    workflow = BpmnWorkflow(player.specs.spec)
    with pytest.raises(WorkflowTaskException, match="needs a SocialWorkflow"):
        workflow.do_engine_steps()


def test_the_engines_log_is_written_for_whoever_listens(caplog: pytest.LogCaptureFixture) -> None:
    """Silent by default, because its records cost more than the steps; complete when asked for."""
    player = Player.of(p.document(p.Ask()))
    with caplog.at_level("INFO", logger="spiff.task"):
        workflow = player.start()
    assert any("STARTED" in record.message for record in caplog.records)
    assert len(live(player.again(workflow))) == 1


@pytest.mark.parametrize("inside", [False, True])
def test_a_reset_asks_anew_in_sub_processes_too(inside: bool) -> None:
    """The task that is run again has the same address and another key; what else waits keeps its own."""
    player = Player.of(p.document(p.Parallel([p.Sub(p.Ask()) if inside else p.Ask(), p.Ask()])))
    workflow = player.again(player.start())
    first, other = (task.internal_data["social"] for task in workflow.social_tasks())
    workflow.reset_from_task_id(workflow.social_tasks()[0].id)
    workflow.do_engine_steps()
    marks = {
        mark["address"]: mark["key"] for mark in (t.internal_data["social"] for t in workflow.social_tasks())
    }
    assert marks.keys() == {first["address"], other["address"]}
    assert marks[other["address"]] == other["key"]
    assert marks[first["address"]] != first["key"]


def test_a_task_that_is_not_there_is_not_found() -> None:
    """In no sub-process either."""
    with pytest.raises(TaskNotFoundException):
        Player.of(p.document(p.Ask())).start().get_task_from_id(UUID(int=1))
