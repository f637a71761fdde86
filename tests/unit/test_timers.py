"""Timers run on the clock they are given, one by one in order of time, and lose nothing over restarts."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from socialbpm.spiff import timers
from socialbpm.spiff.workflow import NEVER, SocialWorkflow
from socialbpm.testing.clock import START
from tests.models import GLOBALS, Model, after, every, message, timer
from tests.player import Player, complete, moment, send, the, waiting

HOUR = timedelta(hours=1)


def asked_with(event: str, *, interrupting: bool) -> Player:
    """A social task with a timer on its boundary, behind which a script notes that it fired."""
    model = Model().start().ask("ask").on("ask", "timer", event, interrupting=interrupting)
    model.script("note", "noted = True").end("done", "noted_end")
    return Player.of(model.flow("begin", "ask", "done").flow("timer", "note", "noted_end").text())


@pytest.mark.parametrize(
    ("kind", "expression"),
    [("timeDuration", "PT1H"), ("timeDate", (START + HOUR).isoformat()), ("timeDuration", "PT3600S")],
)
def test_a_timer_fires_at_its_time_and_not_before(kind: str, expression: str) -> None:
    """A second before the hour nothing happens; at the hour exactly, it does."""
    player = asked_with(timer(kind, expression), interrupting=True)
    workflow = player.start()
    assert workflow.next_due() == START + HOUR
    workflow = player.later(workflow, HOUR - timedelta(seconds=1))
    assert waiting(workflow) == ["ask"]
    workflow = player.later(workflow, timedelta(seconds=1))
    assert (waiting(workflow), workflow.data["noted"], workflow.is_completed()) == ([], True, True)


def test_a_reminder_fires_each_round_while_the_task_waits() -> None:
    """R3/PT1H: three times, an hour apart, and then no more."""
    player = asked_with(every("R3/PT1H"), interrupting=False)
    workflow, fired = player.start(), 0
    for _ in range(5):
        workflow = player.later(workflow, HOUR)
        fired += workflow.trail.count("timer")
    assert (fired, waiting(workflow), workflow.next_due()) == (3, ["ask"], None)


@pytest.mark.parametrize(("rounds", "left"), [("R5", 2), ("R", None), ("R3", 0), ("R2", 0)])
def test_rounds_that_were_missed_collapse_into_one(rounds: str, left: int | None) -> None:
    """After three and a half hours of downtime an hourly reminder comes once, then by its own hours."""
    player = asked_with(every(f"{rounds}/PT1H"), interrupting=False)
    workflow = player.later(player.start(), HOUR * 3.5)
    assert workflow.trail.count("timer") == 1
    assert workflow.next_due() == (None if left == 0 else START + HOUR * 4)
    for _ in range(left or 0):
        workflow = player.later(workflow, HOUR)
        assert workflow.trail.count("timer") == 1
    if left is not None:
        assert workflow.next_due() is None


def test_a_cycle_may_name_its_start_or_its_end() -> None:
    """R2/start/PT1H begins at the start, R2/PT1H/end one duration before the end."""
    begin = START + timedelta(days=1)
    assert timers.cycle(f"R2/{begin.isoformat()}/PT1H", START)["next"] == begin.isoformat()
    state = timers.cycle(f"R2/PT1H/{begin.isoformat()}", START)
    assert (state["next"], state["cycles"], state["duration"]) == ((begin - HOUR).isoformat(), 2, 3600)


def gateway(*events: str) -> Player:
    """An event gateway; each way is a script that notes its number."""
    model = Model().start().add("eventBasedGateway", "which").end("done").add("exclusiveGateway", "meet")
    for number, event in enumerate(events):
        model.add("intermediateCatchEvent", f"event{number}", event).script(f"way{number}", f"way = {number}")
        model.flow("which", f"event{number}", f"way{number}", "meet")
    return Player.of(model.flow("begin", "which").flow("meet", "done").text(GLOBALS))


@pytest.mark.parametrize(("first", "second"), [("PT1H", "PT1M"), ("PT1M", "PT1H")])
def test_of_two_timers_at_one_gateway_the_earlier_fires(first: str, second: str) -> None:
    """Each keeps its own due time, whichever the model names first."""
    player = gateway(after(first), after(second))
    workflow = player.start()
    assert workflow.next_due() == START + timedelta(minutes=1)
    workflow = player.later(workflow, timedelta(minutes=1))
    assert workflow.data["way"] == (0 if first == "PT1M" else 1)


@pytest.mark.parametrize("late", [HOUR, timedelta(days=30)])
def test_overdue_timers_at_one_gateway_take_one_way_only(late: timedelta) -> None:
    """After a downtime longer than both, the one that was due first is taken, and it alone."""
    player = gateway(after("PT1H"), after("PT30M"))
    workflow = player.later(player.start(), late)
    assert (workflow.data["way"], workflow.trail.count("way0"), workflow.trail.count("way1")) == (1, 0, 1)


def test_a_message_at_a_gateway_ends_its_timer() -> None:
    """The message came; the timer beside it, overdue by now, does not open a second way."""
    player = gateway(message("news"), after("PT1H"))
    workflow = player.start()
    player.clock.advance(HOUR * 2)
    workflow = player.again(workflow)
    workflow.horizon = NEVER  # as when the runner applies what has happened before it looks at timers
    send(workflow, "news")
    workflow.horizon = timers.FOREVER
    workflow.do_engine_steps()
    assert [way for way in workflow.trail if way.startswith("way")] == ["way0"]


def test_no_timer_fires_beyond_the_horizon() -> None:
    """Both tasks were answered in time: giving the first its outcome must not set off the other's timer."""
    model = Model().start().add("parallelGateway", "fork").add("parallelGateway", "join").end("done", "cut")
    for name in ("left", "right"):
        model.ask(name).on(name, f"{name}_late", after("PT1H"))
        model.flow("fork", name, "join").flow(f"{name}_late", "cut")
    player = Player.of(model.flow("begin", "fork").flow("join", "done").text())
    workflow = player.start()
    player.clock.advance(HOUR)
    workflow = player.again(workflow)
    workflow.horizon = NEVER
    for name in ("left", "right"):
        complete(the(workflow, name))
        workflow.do_engine_steps()
    assert (workflow.is_completed(), "cut" in workflow.trail) == (True, False)


def test_timers_under_sub_processes_are_due_too() -> None:
    """The next due time is the earliest anywhere in the instance."""
    inner = Model().start("in").ask("ask").on("ask", "soon", after("PT10M")).end("out", "late")
    inner.flow("in", "ask", "out").flow("soon", "late")
    model = (
        Model()
        .start()
        .add("subProcess", "sub", inner.xml())
        .on("sub", "later", after("PT1H"))
        .end("done", "cut")
    )
    player = Player.of(model.flow("begin", "sub", "done").flow("later", "cut").text())
    workflow = player.start()
    assert moment(workflow) == START + timedelta(minutes=10)
    assert workflow.interrupted_at(the(workflow, "ask")) == START + timedelta(minutes=10)


@pytest.mark.parametrize(("own", "around", "expected"), [("PT1H", "PT30M", 30), ("PT5M", "PT30M", 5)])
def test_a_task_ends_with_whatever_interrupts_it_first(own: str, around: str, expected: int) -> None:
    """Of the timers on the task, on its multi-instance and on the sub-process around, the earliest counts."""
    inner = Model().start("in").ask("ask").on("ask", "soon", after(own)).end("out", "late")
    inner.flow("in", "ask", "out").flow("soon", "late")
    model = (
        Model()
        .start()
        .add("subProcess", "sub", inner.xml())
        .on("sub", "cut", after(around))
        .end("done", "end")
    )
    workflow = Player.of(model.flow("begin", "sub", "done").flow("cut", "end").text()).start()
    assert workflow.interrupted_at(the(workflow, "ask")) == START + timedelta(minutes=expected)


def test_a_reminder_does_not_end_a_task() -> None:
    """Only interrupting timers count for the end that people are shown."""
    workflow = asked_with(every("R3/PT1H"), interrupting=False).start()
    assert workflow.interrupted_at(the(workflow, "ask")) is None


def test_a_time_without_zone_goes_by_the_rules_of_its_own_day(monkeypatch: pytest.MonkeyPatch) -> None:
    """In Berlin noon in July is 10:00 UTC, also for who reads it in November."""
    import time

    monkeypatch.setenv("TZ", "Europe/Berlin")
    time.tzset()
    try:
        assert timers.moment("2026-07-01T12:00:00") == datetime(2026, 7, 1, 10, tzinfo=UTC)
        assert timers.moment("2026-12-01T12:00:00") == datetime(2026, 12, 1, 11, tzinfo=UTC)
    finally:
        monkeypatch.undo()
        time.tzset()


def test_months_are_counted_from_where_they_begin() -> None:
    """A month from the 31st of January is 31 days, from the first of February 28."""
    assert timers.duration("P1M", datetime(2026, 1, 31, tzinfo=UTC)) == timedelta(days=31)
    assert timers.duration("P1M", datetime(2026, 2, 1, tzinfo=UTC)) == timedelta(days=28)


def test_a_workflow_of_the_engines_own_class_goes_by_the_system_clock() -> None:
    """A host may run our specifications under SpiffWorkflow's own class."""
    from SpiffWorkflow.bpmn.workflow import BpmnWorkflow

    player = asked_with(after("PT1H"), interrupting=True)
    assert not isinstance(player.specs.spec, SocialWorkflow)
    model = Model().start().add("intermediateCatchEvent", "wait", after("PT0S")).end("done")
    spec = Player.of(model.flow("begin", "wait", "done").text()).specs.spec
    workflow = BpmnWorkflow(spec)
    workflow.do_engine_steps()
    workflow.do_engine_steps()
    assert workflow.is_completed()
