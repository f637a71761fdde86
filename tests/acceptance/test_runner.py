"""Runs and deployed processes: one transaction each, versions that stay, faults that can be mended."""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import func, select

import socialbpm
from socialbpm.errors import DefinitionError, NotFound, StateError
from socialbpm.settings import Settings
from socialbpm.settings.wiring import wire
from socialbpm.social import Social
from socialbpm.store.tables import audit, delivery, request, run, work
from socialbpm.testing.clock import FakeClock
from tests.models import GLOBALS, Model, after, error, many

PEOPLE = {"room": {"local": ["ada", "grace"]}}


@pytest.fixture
def database(tmp_path: Path) -> str:
    return f"sqlite:///{tmp_path / 'social.db'}"


def opened(database: str, **more: Any) -> Social:
    return socialbpm.open(database, communities=more.pop("communities", PEOPLE), clock=FakeClock(), **more)


def deploy(social: Social, folder: Path, document: str, name: str = "main.bpmn") -> Any:
    (folder / name).write_text(document)
    return social.deploy(folder / name)


def one_ask(text: str = "Good?") -> str:
    return Model().start().ask("ask", text=text).end("done").flow("begin", "ask", "done").text()


def answer_all(social: Social) -> None:
    for each in social.requests():
        social.respond(each.id, "ada", "approve")
    social.work()


def count(social: Social, table: Any) -> int:
    with social.store.read() as conn:
        return conn.execute(select(func.count()).select_from(table)).scalar_one()


# starting


def test_a_start_that_is_repeated_is_one_run(tmp_path: Path, database: str) -> None:
    """Whoever was killed after the commit repeats the call, even with other data, and gets that run."""
    with opened(database) as social:
        deploy(social, tmp_path, one_ask())
        first = social.start("main", {"n": 1}, run_id="mine")
        assert social.start("main", {"n": 2}, run_id="mine").id == first.id
        assert (count(social, run), count(social, request), social.run("mine").data) == (1, 1, {"n": 1})


@pytest.mark.parametrize(
    "data", [{"a": {1}}, {"a": {"typename": "UUID"}}, {"a": [{"typename": 1}]}, {"a": float("nan")}]
)
def test_data_that_no_process_may_hold_is_refused_at_the_door(
    tmp_path: Path, database: str, data: Any
) -> None:
    """Not JSON, or a key that the engine keeps for itself: refused in words, and nothing is started."""
    with opened(database) as social:
        deploy(social, tmp_path, one_ask())
        with pytest.raises(StateError, match="data"):
            social.start("main", data)
        assert count(social, run) == 0


def test_a_process_that_is_not_deployed_is_not_found(database: str) -> None:
    """By its name, in words."""
    with opened(database) as social, pytest.raises(NotFound, match="no process 'nothing' is deployed"):
        social.start("nothing")


def test_a_start_in_the_callers_transaction_stands_or_falls_with_it(tmp_path: Path, database: str) -> None:
    """Rolled back, nothing is left of it: no run, no request, no post, no work."""
    with opened(database) as social:
        deploy(social, tmp_path, one_ask())
        with pytest.raises(ZeroDivisionError):
            start_and_fail(social)
        assert [count(social, table) for table in (run, request, delivery, work, audit)] == [0] * 5
        with social.store.begin() as conn:
            started = social.start("main", conn=conn)
        social.work()
        assert [each.element for each in social.run(started.id).requests] == ["ask"]


def start_and_fail(social: Social) -> None:
    with social.store.begin() as conn:
        assert social.start("main", conn=conn).requests
        raise ZeroDivisionError


# versions


def test_a_waiting_run_stays_with_its_version(tmp_path: Path, database: str) -> None:
    """A new version is for new runs; the same content again is the same process, and the newest."""
    longer = Model().start().ask("ask").ask("again").end("done").flow("begin", "ask", "again", "done").text()
    with opened(database) as social:
        first = deploy(social, tmp_path, one_ask())
        old = social.start("main")
        second = deploy(social, tmp_path, longer)
        new = social.start("main")
        assert first.id != second.id
        answer_all(social)
        assert [social.run(each.id).status for each in (old, new)] == ["finished", "waiting"]
        assert deploy(social, tmp_path, one_ask()).id == first.id
        answer_all(social)
        assert social.run(new.id).status == "finished"
        social.start("main")
        answer_all(social)
        assert {each.status for each in social.runs()} == {"finished"}


def test_what_another_process_deploys_is_the_newest_here_too(tmp_path: Path, database: str) -> None:
    """Who remembers which version was the newest still starts the one that is, and starts it once."""
    longer = Model().start().ask("ask").ask("again").end("done").flow("begin", "ask", "again", "done").text()
    with opened(database) as social, opened(database) as other:
        first = deploy(social, tmp_path, one_ask()).id
        assert [version(social, social.start("main").id) for _ in range(2)] == [first] * 2
        second = deploy(other, tmp_path, longer).id
        assert [version(social, social.start("main").id) for _ in range(2)] == [second] * 2
        assert version(social, social.start(first).id) == first
        assert count(social, run) == 5
        deploy(other, tmp_path, one_ask())
        assert version(social, social.start("main").id) == first


def version(social: Social, run_id: str) -> str:
    with social.store.read() as conn:
        return conn.execute(select(run.c.process).where(run.c.id == run_id)).scalar_one()


def test_a_process_is_the_hash_of_all_that_it_needs(tmp_path: Path, database: str) -> None:
    """Another called process or picture makes another process; a file that it does not need makes none."""
    picture = b"\x89PNG\r\n\x1a\n" + b"\0" * 20
    task = (
        '<social:postStatus to="room"><social:text>x</social:text><social:media src="map.png" alt="A map"/>'
    )
    model = Model().start().add("callActivity", "call", calledElement="called").end("done")
    model.add(
        "serviceTask", "show", f"<bpmn:extensionElements>{task}</social:postStatus></bpmn:extensionElements>"
    )
    files = {name: tmp_path / name for name in ("main.bpmn", "called.bpmn", "other.bpmn", "map.png")}
    files["main.bpmn"].write_text(model.flow("begin", "call", "show", "done").text())
    files["called.bpmn"].write_text(called("x = 1"))
    files["other.bpmn"].write_text(called("y = 1", id="other"))
    files["map.png"].write_bytes(picture)
    with opened(database) as social:

        def deployed(*names: str) -> str:
            return social.deploy(*[files[name] for name in names]).id

        first = deployed("main.bpmn", "called.bpmn")
        assert deployed("main.bpmn", "called.bpmn", "other.bpmn") == first
        files["called.bpmn"].write_text(called("x = 2"))
        second = deployed("main.bpmn", "called.bpmn")
        files["map.png"].write_bytes(picture + b"\0")
        third = deployed("main.bpmn", "called.bpmn")
        assert len({first, second, third}) == 3
        files["map.png"].unlink()
        with pytest.raises(
            DefinitionError, match=r"main\.bpmn:1: element 'show': the file 'map\.png' is not there"
        ):
            deployed("main.bpmn", "called.bpmn")


def called(code: str, id: str = "called") -> str:
    return Model().start("in").script("work", code).end("out").flow("in", "work", "out").text(id=id)


def test_many_runs_of_one_process_store_its_specification_once(tmp_path: Path, database: str) -> None:
    """Each keeps its state alone; the next opener reads the specification once for all."""
    with opened(database) as social:
        deploy(social, tmp_path, one_ask())
        for _ in range(5):
            social.start("main")
    with opened(database) as social:
        answer_all(social)
        assert Counter(each.status for each in social.runs()) == {"finished": 5}


# faults


def test_a_script_that_fails_parks_the_run_where_it_was(tmp_path: Path, database: str) -> None:
    """The element is named, state and outcome are kept; mended and resumed, it would go on."""
    model = Model().start().ask("ask").script("work", "x = 1 / (0 if broken else 1)").end("done")
    with opened(database) as social:
        deploy(social, tmp_path, model.flow("begin", "ask", "work", "done").text())
        started = social.start("main", {"broken": True})
        answer_all(social)
        parked = social.run(started.id)
        assert (parked.status, "element 'work'" in parked.reason) == ("parked", True)
        assert "ZeroDivisionError" in parked.reason
        social.resume(started.id)
        social.work()
        assert social.run(started.id).status == "parked"
        assert parked.path == ("begin",), "nothing of the burst that failed is kept"


def test_a_template_that_fails_at_the_start_parks_the_run_with_its_place(
    tmp_path: Path, database: str
) -> None:
    """The run is there, parked before its first step; nothing was posted."""
    with opened(database) as social:
        deploy(social, tmp_path, one_ask("About {{ case.title }}"))
        parked = social.start("main", {"case": {}})
        assert (parked.status, parked.requests) == ("parked", ())
        assert "'ask'" in parked.reason
        assert "title" in parked.reason
        assert (count(social, request), parked.data) == (0, {"case": {}})


def test_a_run_is_mended_in_the_settings_and_resumed(tmp_path: Path, database: str) -> None:
    """Nobody was on the roll: parked. When somebody is, the run is resumed and asks."""
    model = Model().start().ask("ask", reviewers="{{ who }}").end("done").flow("begin", "ask", "done").text()
    with opened(database, communities={**PEOPLE, "crew": {"local": []}}) as social:
        deploy(social, tmp_path, model)
        started = social.start("main", {"who": "crew"})
        assert started.status == "parked"
    with opened(database, communities={**PEOPLE, "crew": {"local": ["linus"]}}) as social:
        social.resume(started.id)
        social.work()
        (asked,) = social.run(started.id).requests
        social.respond(asked.id, "linus", "approve")
        social.work()
        assert social.run(started.id).status == "finished"
        with pytest.raises(StateError, match="not parked"):
            social.resume(started.id)


def test_what_cannot_be_asked_takes_the_way_of_its_boundary(tmp_path: Path, database: str) -> None:
    """A template that fails is an error of that task: the way behind the boundary reads why."""
    model = (
        Model().start().ask("ask", text="{{ nothing }}").on("ask", "failed", error()).end("done", "mended")
    )
    with opened(database) as social:
        deploy(social, tmp_path, model.flow("begin", "ask", "done").flow("failed", "mended").text(GLOBALS))
        ended = social.start("main")
        assert (ended.status, ended.path) == ("finished", ("begin", "failed", "mended"))
        assert ended.data["ask"]["error"] == "social.invalid"


def test_data_that_cannot_be_stored_park_the_run(tmp_path: Path, database: str) -> None:
    """A script leaves bytes behind: the run is parked with the reason, the worker goes on."""
    model = Model().start().ask("ask").script("work", "x = b'1'").ask("more").end("done")
    with opened(database) as social:
        deploy(social, tmp_path, model.flow("begin", "ask", "work", "more", "done").text())
        started = social.start("main")
        answer_all(social)
        parked = social.run(started.id)
        assert (parked.status, "type bytes" in parked.reason) == ("parked", True)


# going on


def test_a_run_is_cancelled_once_and_for_good(tmp_path: Path, database: str) -> None:
    """Cancelling again changes nothing; an answer that comes later is told so; the run does not go on."""
    with opened(database) as social:
        deploy(social, tmp_path, one_ask())
        started = social.start("main")
        social.work()
        (asked,) = social.requests()
        social.cancel(started.id, "changed our minds")
        social.cancel(started.id)
        social.respond(asked.id, "ada", "approve")
        social.work()
        cancelled = social.run(started.id)
        assert (cancelled.status, cancelled.reason) == ("cancelled", "changed our minds")
        with pytest.raises(NotFound):
            social.cancel("no-such-run")


def test_whoever_is_second_reads_again(tmp_path: Path, database: str) -> None:
    """Four openers at once, eight requests answered: each outcome is taken once and the run finishes once."""
    model = Model().start().ask("ask", many(8)).post("tell").end("done").flow("begin", "ask", "tell", "done")
    with opened(database) as social:
        deploy(social, tmp_path, model.text())
        started = social.start("main")
        social.work()
        for each in social.requests():
            social.respond(each.id, "ada", "approve")
    openers = [opened(database) for _ in range(4)]
    workers = [threading.Thread(target=each.work) for each in openers]
    for each in workers:
        each.start()
    for each in workers:
        each.join()
    openers[0].work()
    ended = openers[0].run(started.id)
    with openers[0].store.read() as conn:
        states = conn.execute(select(request.c.state, request.c.element)).all()
        posts = conn.execute(select(func.count()).where(delivery.c.action == "create")).scalar_one()
    for each in openers:
        each.close()
    assert (ended.status, ended.path.count("ask"), ended.path.count("done")) == ("finished", 8, 1)
    assert (Counter(state for state, _ in states), posts) == ({"RESUMED": 9}, 9)


def test_an_outcome_that_falls_in_between_is_not_withdrawn(tmp_path: Path, database: str) -> None:
    """While one worker lets the timer fire, another takes an answer that came in time: the answer counts."""
    model = (
        Model().start().ask("ask").on("ask", "late", after("PT1H")).add("userTask", "note").end("done", "cut")
    )
    document = model.flow("begin", "ask", "done").flow("late", "note", "cut").text()
    other, clock, asked = opened(database), FakeClock(), []

    def meanwhile(data: Mapping[str, Any]) -> dict[str, Any]:
        other.respond(asked[0], "ada", "approve")  # its clock still stands before the hour
        with other.store.begin() as conn:
            other.rooms.outcomes.tally(conn, asked[0])
        return {}

    with wire(Settings.of(database=database, communities=PEOPLE), clock, stubs={"note": meanwhile}) as social:
        deploy(social, tmp_path, document)
        started = social.start("main")
        social.work()
        asked += [each.id for each in social.requests()]
        clock.advance(3600)
        social.work()
        ended = social.run(started.id)
    other.close()
    assert (ended.status, ended.path) == ("finished", ("begin", "ask", "done"))
    assert ended.data["ask"]["outcome"] == "approved"


def test_a_run_that_is_cancelled_meanwhile_stays_cancelled(tmp_path: Path, database: str) -> None:
    """Another opener cancels the run while its next step is being worked out: that step is thrown away."""
    model = Model().start().ask("ask").add("userTask", "note").post("tell").end("done")
    other, started = opened(database), []

    def meanwhile(data: Mapping[str, Any]) -> dict[str, Any]:
        other.cancel(started[0])
        return {}

    with wire(
        Settings.of(database=database, communities=PEOPLE), FakeClock(), stubs={"note": meanwhile}
    ) as social:
        deploy(social, tmp_path, model.flow("begin", "ask", "note", "tell", "done").text())
        started.append(social.start("main").id)
        social.work()
        answer_all(social)
        assert (social.run(started[0]).status, count(social, request)) == ("cancelled", 1)
    other.close()


def test_a_hosts_own_tasks_are_done_by_stubs(tmp_path: Path, database: str) -> None:
    """Service, user and manual tasks of the host: each gets the data and adds to them."""
    operator = "<spiffworkflow:serviceTaskOperator id='crm/find' resultVariable='found'/>"
    model = (
        Model()
        .start()
        .add("serviceTask", "find", f"<bpmn:extensionElements>{operator}</bpmn:extensionElements>")
    )
    model.add("userTask", "fill").ask("ask").end("done").flow("begin", "find", "fill", "ask", "done")
    stubs = {"find": lambda data: {"found": data["n"] + 1}, "fill": lambda data: {"filled": data["found"]}}
    settings = Settings.of(database=database, communities=PEOPLE)
    with wire(settings, FakeClock(), stubs=stubs) as social:
        deploy(social, tmp_path, model.text())
        started = social.start("main", {"n": 1})
        assert (started.data["found"], started.data["filled"]) == (2, 2)
    with opened(database) as social:
        parked = social.start("main", {"n": 1})
        assert "no service 'crm/find' is connected" in parked.reason
