"""Events on, in and around social tasks. Each run is closed and opened at every step."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.models import GLOBALS, SIGNAL, TERMINATE, Model, after, every, many, message
from tests.runs import Run


def timed(event: str, *, interrupting: bool = True, **attributes: str) -> Model:
    """One question with a timer on it; what follows the timer ends at ``late``."""
    model = Model().start().ask("ask", **attributes).on("ask", "timer", event, interrupting=interrupting)
    return model.end("done", "late").flow("begin", "ask", "done")


def test_an_interrupting_timer_takes_the_question_away(tmp_path: Path) -> None:
    """The request says when it ends; then it is cancelled, its post closed, and the timer's way taken."""
    run = Run(tmp_path, timed(after("PT2H")).flow("timer", "late").text()).start()
    (request,) = run.waiting
    assert request.ends_at is not None
    assert (request.ends_at - run.clock.now()).total_seconds() == 7200
    run.later(hours=2)
    assert (run.status, run.path[-1], run.endings("ask")) == ("finished", "late", ("cancelled",))
    assert run.posts("ask")[0].note.startswith("cancelled")


def test_what_was_answered_in_time_counts_even_if_nobody_looked_until_later(tmp_path: Path) -> None:
    """The answer came before the timer was due, while everything was down: the timer does not fire."""
    run = Run(tmp_path, timed(after("PT2H")).flow("timer", "late").text()).start()
    run.down(hours=1).say("ask").down(hours=5).up()
    assert (run.status, run.path[-1], run.endings("ask")) == ("finished", "done", ("approved",))


def test_what_was_answered_too_late_does_not_count_even_if_nobody_looked_until_later(tmp_path: Path) -> None:
    """The timer was due before the answer came, while everything was down: the timer fires."""
    run = Run(tmp_path, timed(after("PT2H")).flow("timer", "late").text()).start()
    run.down(hours=3).say("ask").up()
    assert (run.status, run.path[-1], run.endings("ask")) == ("finished", "late", ("cancelled",))
    assert run.seen.standings == {"late": 1}


def test_reminders_go_out_one_by_one_while_the_question_waits(tmp_path: Path) -> None:
    """A cycle that does not interrupt: three reminders, and the question still waits for its answer."""
    model = (
        timed(every("R3/PT1H"), interrupting=False).post("remind", "Please").flow("timer", "remind", "late")
    )
    run = Run(tmp_path, model.text()).start()
    for count in (1, 2, 3, 3):
        run.later(hours=1)
        assert (len(run.posts("remind")), run.waits) == (count, ["ask"])
    assert run.answer("ask").status == "finished"


def test_reminders_that_were_missed_come_as_one(tmp_path: Path) -> None:
    """After a night without a worker nobody gets a burst; the cycle goes on as it was."""
    model = (
        timed(every("R9/PT1H"), interrupting=False).post("remind", "Please").flow("timer", "remind", "late")
    )
    run = Run(tmp_path, model.text()).start()
    run.down(hours=5).up()
    assert len(run.posts("remind")) == 1
    run.later(hours=1)
    assert (len(run.posts("remind")), run.waits) == (2, ["ask"])


def test_an_answer_ends_the_reminders_but_not_one_that_is_under_way(tmp_path: Path) -> None:
    """A reminder's own question outlives the one that it reminds of."""
    model = timed(every("R/PT1H"), interrupting=False).ask("why").flow("timer", "why", "late")
    run = Run(tmp_path, model.text()).start().later(hours=1)
    assert run.answer("ask").waits == ["why"]
    assert run.later(hours=5).waits == ["why"]
    assert (run.answer("why").status, run.endings("why")) == ("finished", ("approved",))


@pytest.mark.parametrize("inner", ["ask", "sub-process", "called process"])
def test_a_timer_on_many_takes_them_all_away(tmp_path: Path, inner: str) -> None:
    """Multi-instances, over sub-processes and calls too: no instance is left behind, and the run goes on."""
    asking = Model().start("b").ask("ask").end("e").flow("b", "ask", "e")
    called = {"called": asking} if inner == "called process" else {}
    model = Model().start().end("done").ask("after").on("each", "timer", after("PT2H"))
    if inner == "ask":
        model.ask("each", many(3))
    elif inner == "sub-process":
        model.add("subProcess", "each", asking.xml() + many(3))
    else:
        model.add("callActivity", "each", many(3), calledElement="called")
    model.end("late").flow("begin", "each", "done").flow("timer", "after", "late")
    run = Run(tmp_path, model.text(called=called)).start()
    asked = "each" if inner == "ask" else "ask"
    assert run.answer(asked, nth=1).waits == [asked] * 2
    assert run.later(hours=2).waits == ["after"]
    assert sorted(run.endings(asked)) == ["approved", "cancelled", "cancelled"]
    assert all(post.note for post in run.posts(asked))
    assert (run.answer("after").status, run.path[-1]) == ("finished", "late")


def test_a_timer_around_a_sub_process_takes_away_what_is_asked_inside(tmp_path: Path) -> None:
    """The request knows of the timer that is drawn two levels further out."""
    inner = Model().start("b2").ask("ask").end("e2").flow("b2", "ask", "e2")
    outer = Model().start("b1").add("subProcess", "inner", inner.xml()).end("e1").flow("b1", "inner", "e1")
    model = Model().start().add("subProcess", "outer", outer.xml()).on("outer", "timer", after("PT2H"))
    run = Run(tmp_path, model.end("done", "late").flow("begin", "outer", "done").flow("timer", "late").text())
    (request,) = run.start().waiting
    assert request.ends_at is not None
    assert run.later(hours=2).endings("ask") == ("cancelled",)
    assert (run.status, run.path[-1]) == ("finished", "late")


def beside(last: str) -> Model:
    """A question that waits, and one beside it that is followed by the end event ``last``."""
    model = Model().start().add("parallelGateway", "fork").ask("watched").ask("first").end("watched_end")
    model.end("last", inner=last).flow("begin", "fork", "watched", "watched_end")
    return model.flow("fork", "first", "last")


def test_a_signal_takes_the_question_away_that_listens_for_it(tmp_path: Path) -> None:
    """One answer makes another question pointless: it is cancelled, and its post says so."""
    model = Model().start().add("parallelGateway", "fork").ask("watched").ask("first")
    model.on("watched", "alarmed", SIGNAL).add("intermediateThrowEvent", "alarm", SIGNAL)
    model.end("watched_end", "last", "fled").flow("begin", "fork", "watched", "watched_end")
    model.flow("fork", "first", "alarm", "last").flow("alarmed", "fled")
    run = Run(tmp_path, model.text(GLOBALS)).start()
    assert run.waits == ["first", "watched"]
    run.answer("first")
    assert (run.status, run.endings("watched"), run.path[-1]) == ("finished", ("cancelled",), "fled")
    assert run.posts("watched")[0].note.startswith("cancelled")


def test_a_terminate_end_takes_everything_away(tmp_path: Path) -> None:
    """The run is finished, and no question stays open."""
    run = Run(tmp_path, beside(TERMINATE).text()).start().answer("first")
    assert (run.status, run.endings("watched"), run.waits) == ("finished", ("cancelled",), [])
    assert run.posts("watched")[0].note.startswith("cancelled")


def test_a_cancelled_transaction_withdraws_what_it_asks(tmp_path: Path) -> None:
    """The cancel end event leaves the transaction; what waits inside is cancelled."""
    inner = beside('<bpmn:cancelEventDefinition id="c1"/>')
    model = Model().start("s").add("transaction", "booking", inner.xml())
    model.on("booking", "was_cancelled", '<bpmn:cancelEventDefinition id="c2"/>').end("done", "undone")
    run = Run(tmp_path, model.flow("s", "booking", "done").flow("was_cancelled", "undone").text()).start()
    run.answer("first")
    assert (run.status, run.endings("watched"), run.path[-1]) == ("finished", ("cancelled",), "undone")


def test_a_run_that_is_cancelled_withdraws_everything_it_asks(tmp_path: Path) -> None:
    """At every depth, with the reason on every post."""
    inner = Model().start("b").ask("deep").end("e").flow("b", "deep", "e")
    model = Model().start().add("parallelGateway", "fork").ask("top").add("subProcess", "sub", inner.xml())
    model.end("e1", "e2").flow("begin", "fork", "top", "e1").flow("fork", "sub", "e2")
    run = Run(tmp_path, model.text()).start().cancel("no longer needed")
    assert (run.status, run.endings("top"), run.endings("deep")) == (
        "cancelled",
        ("cancelled",),
        ("cancelled",),
    )
    notes = [run.posts(name)[0].note.partition(" · ")[0] for name in ("top", "deep")]
    assert notes == ["cancelled: no longer needed"] * 2


def test_a_signal_that_does_not_interrupt_is_heard_every_time(tmp_path: Path) -> None:
    """Two alarms while one question waits: two posts, and the question still waits."""
    model = (
        Model()
        .start()
        .add("parallelGateway", "fork")
        .ask("ask")
        .on("ask", "told", SIGNAL, interrupting=False)
    )
    model.post("tell").end("told_end", "ask_end", "end").flow("told", "tell", "told_end")
    model.ask("first").add("intermediateThrowEvent", "t1", SIGNAL).ask("second")
    model.add("intermediateThrowEvent", "t2", SIGNAL)
    model.flow("begin", "fork", "ask", "ask_end").flow("fork", "first", "t1", "second", "t2", "end")
    run = Run(tmp_path, model.text(GLOBALS)).start()
    assert len(run.answer("first").posts("tell")) == 1
    assert (len(run.answer("second").posts("tell")), run.waits) == (2, ["ask"])
    assert run.answer("ask").status == "finished"


def test_an_escalation_out_of_a_sub_process_leaves_its_question_waiting(tmp_path: Path) -> None:
    """Somebody else is asked beside it, and each goes its own way."""
    escalation = '<bpmn:escalationEventDefinition escalationRef="boss"/>'
    inner = Model().start("b").ask("first").add("intermediateThrowEvent", "up", escalation).ask("second")
    inner.end("e").flow("b", "first", "up", "second", "e")
    model = Model().start().add("subProcess", "sub", inner.xml()).ask("boss_asked").end("done", "told")
    model.on("sub", "told_boss", escalation, interrupting=False).flow("told_boss", "boss_asked", "told")
    document = model.flow("begin", "sub", "done").text(
        '<bpmn:escalation id="boss" name="boss" escalationCode="boss"/>'
    )
    run = Run(tmp_path, document).start().answer("first")
    assert run.waits == ["boss_asked", "second"]
    assert run.answer("second").waits == ["boss_asked"]
    assert run.answer("boss_asked").status == "finished"


@pytest.mark.parametrize("answered", [True, False], ids=["the message comes", "it does not"])
def test_an_event_gateway_between_questions_takes_one_way_only(tmp_path: Path, answered: bool) -> None:
    """After one answer the run waits for a message that another answer throws, or for the time to pass."""
    model = Model().start().add("parallelGateway", "fork").ask("ask").ask("other")
    model.add("intermediateThrowEvent", "say", message("news")).end("said").add("eventBasedGateway", "which")
    model.add("intermediateCatchEvent", "heard", message("news"))
    model.add("intermediateCatchEvent", "waited", after("PT3H"))
    model.add("intermediateCatchEvent", "soon", after("PT2H"))
    model.ask("next").end("e1", "e2", "e3").flow("begin", "fork", "ask", "which", "heard", "next", "e1")
    model.flow("which", "waited", "e2").flow("which", "soon", "e3").flow("fork", "other", "say", "said")
    run = Run(tmp_path, model.text(GLOBALS)).start().answer("ask")
    if answered:
        assert run.answer("other").waits == ["next"]
        assert run.later(hours=9).waits == ["next"]
        assert run.answer("next").path[-1] == "e1"
    else:
        run.down(hours=9).up()
        assert ("soon" in run.path, "waited" in run.path, run.waits) == (True, False, ["other"])
        run.answer("other")
    assert run.status == "finished"
