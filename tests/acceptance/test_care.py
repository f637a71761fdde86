"""Care for requests in whole runs: reminders, working time, content rules, approval before publishing."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select

from socialbpm.errors import DefinitionError
from socialbpm.posts import plain
from socialbpm.settings import Settings
from socialbpm.settings.wiring import wire
from socialbpm.social import Social, views
from socialbpm.store import audit
from socialbpm.store.tables import local_post
from socialbpm.testing import FakeClock
from socialbpm.web import streams
from socialbpm.web.viewers import viewer_of
from tests.commands import Command
from tests.models import Model, after

PEOPLE = {
    "room": {"local": ["ada", "grace"]},
    "editors": {"local": ["grace", "linus"]},
    "readers": {"local": ["eve"]},
}
WITHHELD = '<bpmn:error id="held_error" name="held" errorCode="social.withheld"/>'
RULES = {"rules": {"promises": {"banned": ["risk-free"], "because": "the law"}}}
OFFICE = {"office": {"zone": "Europe/Berlin", "hours": "09:00-17:00"}}


class World:
    """One database, one clock; everything is closed between two steps."""

    def __init__(self, folder: Path, **settings: Any) -> None:
        self.folder, self.clock = folder, FakeClock()
        self._settings = {"database": f"sqlite:///{folder}/social.db", "communities": PEOPLE, **settings}

    def open(self) -> Social:
        return wire(Settings.of(**self._settings), self.clock)

    def start(self, model: Model, **data: Any) -> None:
        path = self.folder / "main.bpmn"
        path.write_text(model.text(WITHHELD))
        with self.open() as social:
            social.start(social.deploy(path), data, run_id="run")
            social.work()

    def later(self, **passed: float) -> None:
        self.clock.advance(timedelta(**passed))
        with self.open() as social:
            social.work()

    def answer(self, person: str, choice: str, comment: str = "") -> Any:
        with self.open() as social:
            (request,) = social.requests()
            social.respond(request.id, person, choice, comment=comment)
            social.work()
            return social.responses(request.id)[-1]

    @property
    def run(self) -> Any:
        with self.open() as social:
            return social.run("run")

    def seen_by(self, person: str) -> list[str]:
        """What the pages show this person, of all that stands there."""
        with self.open() as social, social.store.read() as conn:
            viewer = viewer_of(person, social.communities, (), social.channels)
            assert viewer is not None
            keys = conn.scalars(select(local_post.c.key).order_by(local_post.c.posted_at)).all()
            found = [streams.thread(conn, viewer, key) for key in keys]
        return [plain(posted.text) for posted in found if posted is not None]

    def audited(self, kind: str) -> list[Any]:
        with self.open() as social, social.store.read() as conn:
            return [row for row in audit.since(conn, 0, 1000, run="run") if row.kind == kind]


@pytest.fixture
def world(tmp_path: Path) -> World:
    return World(tmp_path)


def publishing(**attributes: str) -> Model:
    """A status to the readers, and another way for what is withheld."""
    catch = '<bpmn:errorEventDefinition errorRef="held_error"/>'
    model = Model().start().post("out", "{{ text }}", **{"to": "readers", **attributes})
    model.on("out", "held", catch).end("done", "kept")
    return model.flow("begin", "out", "done").flow("held", "kept")


def approved_by_editors(**more: str) -> Model:
    return publishing(approval="1", approvers="editors", author="grace", **more)


def test_a_reminder_is_seen_by_its_person_alone(world: World) -> None:
    """On the local pages, like any other post; who has answered sees none."""
    model = Model().start().ask("ask", remind="P1D", deadline="P3D", policy="unanimous").end("done")
    world.start(model.flow("begin", "ask", "done"))
    world.answer("ada", "approve")
    world.later(days=1)
    with world.open() as social:
        (request,) = social.requests()
    assert len(request.posts) == 1  # reminders are no posts of the question
    assert [text for text in world.seen_by("grace") if "awaited" in text] == [
        "Your answer is still awaited:\nGood?\nUntil 2026-01-08 09:00 UTC.\n" + world_link(world)
    ]
    assert not [text for text in world.seen_by("ada") if "awaited" in text]
    assert world.seen_by("linus") == []


def world_link(world: World) -> str:
    with world.open() as social:
        (request,) = social.requests()
    return next(post.url for post in request.posts if post.url)


def test_a_deadline_in_working_time_is_told_as_a_moment(tmp_path: Path) -> None:
    """Ten hours of an office that works eight a day, from 10:00 in Berlin: 12:00 on the next day."""
    world = World(tmp_path, calendars=OFFICE)
    model = Model().start().ask("ask", deadline="PT10H", calendar="office").end("done")
    world.start(model.flow("begin", "ask", "done"))
    with world.open() as social:
        (request,) = social.requests()
    assert request.ends_at == datetime(2026, 1, 6, 11, tzinfo=UTC)
    world.later(days=2)
    result = world.run.data["ask"]
    assert (result["outcome"], result["deadline"]) == ("expired", "2026-01-06T11:00:00+00:00")


def test_an_unknown_calendar_is_not_deployed(tmp_path: Path) -> None:
    """With the name that was meant."""
    world = World(tmp_path, calendars=OFFICE)
    model = Model().start().ask("ask", deadline="PT10H", calendar="offce").end("done")
    with pytest.raises(
        DefinitionError, match=r"element 'ask': unknown calendar 'offce'; did you mean 'office'"
    ):
        world.start(model.flow("begin", "ask", "done"))


def test_what_breaks_a_rule_takes_the_way_of_its_error(tmp_path: Path) -> None:
    """It reaches no channel; the process and the audit have the reason, which does not quote the text."""
    world = World(tmp_path, content_rules=RULES)
    world.start(publishing(), text="Secret: risk-free gains")
    run = world.run
    assert (run.status, run.path[-1]) == ("finished", "kept")
    assert run.data["out"]["error"] == "social.withheld"
    assert "content rule 'promises'); leave it out: the law" in run.data["out"]["explanation"]
    assert world.seen_by("eve") == []
    (entry,) = world.audited("request.withheld")
    assert (entry.facts["element"], "Secret" in entry.facts["reason"]) == ("out", False)


def test_uncaught_it_parks_the_run(tmp_path: Path) -> None:
    """A person must look."""
    world = World(tmp_path, content_rules=RULES)
    model = Model().start().post("out", "{{ text }}", to="readers").end("done")
    world.start(model.flow("begin", "out", "done"), text="risk-free")
    assert world.run.status == "parked"
    assert "social.withheld" in world.run.reason or "risk-free" in world.run.reason
    assert world.seen_by("eve") == []


def test_check_finds_what_stands_in_the_model(socialbpm: Command, folder: Path) -> None:
    """File, line, element, what and remedy; what may still come with the data is not judged."""
    (folder / "rules.toml").write_text('[rules.promises]\nbanned = ["risk-free"]\nrequired = ["#acme"]\n')
    settings = 'content_rules = "rules.toml"\n[communities]\nreaders = ["eve"]\n'
    (folder / "social.toml").write_text(settings)
    model = Model().start().post("out", "Risk-free, {{ name }}", to="readers")
    model.post("bare", "Hi", to="readers").end("done").flow("begin", "out", "bare", "done")
    (folder / "main.bpmn").write_text(model.text().replace("<bpmn:serviceTask", "\n<bpmn:serviceTask"))
    done = socialbpm("check", "main.bpmn")
    assert done.code == 1
    first, second = done.err.splitlines()
    assert first == (
        "main.bpmn:2: element 'out': the text says 'risk-free' (content rule 'promises'); leave it out"
    )
    assert second.startswith("main.bpmn:3: element 'bare': the text ")
    assert "#acme" in second


def test_four_eyes_see_it_before_anybody_else(world: World) -> None:
    """The author, who is an editor too, cannot approve it; another editor can, and then it is public."""
    world.start(approved_by_editors(), text="Rain at last")
    assert world.seen_by("eve") == []
    assert [text for text in world.seen_by("linus") if "Rain at last" in text]
    own = world.answer("grace", "approve")
    assert (own.standing, own.reason) == ("ineligible", "the author cannot answer about their own work")
    assert world.seen_by("eve") == []
    world.answer("linus", "approve")
    assert world.seen_by("eve") == ["Rain at last"]
    assert (world.run.status, world.run.data["out"]["outcome"]) == ("finished", "posted")


def test_a_refusal_goes_the_way_of_the_error(world: World) -> None:
    """With who refused, and why."""
    world.start(approved_by_editors(), text="Rain at last")
    world.answer("linus", "reject", "It did not rain")
    run = world.run
    assert (run.path[-1], world.seen_by("eve")) == ("kept", [])
    assert run.data["out"]["explanation"] == "refused (linus: “It did not rain”)"


def test_nobody_approves_in_time(world: World) -> None:
    """The same way, with that reason."""
    world.start(approved_by_editors(approvalDeadline="P1D"), text="Rain at last")
    world.later(days=1)
    run = world.run
    assert (run.path[-1], world.seen_by("eve")) == ("kept", [])
    assert run.data["out"]["explanation"] == "not approved in time: 0 of 1 approved"


def test_the_process_goes_on_without_it(world: World) -> None:
    """An interrupting boundary event while approval is waited for: it is never public."""
    model = approved_by_editors().on("out", "late", after("PT2H")).end("gone").flow("late", "gone")
    world.start(model, text="Rain at last")
    world.later(hours=3)
    assert world.run.path[-1] == "gone"
    with world.open() as social, social.store.read() as conn:
        (request,) = views.requests(conn, run="run")
    assert request.state == "CANCELLED"
    assert world.seen_by("eve") == []


def test_a_new_text_must_be_approved_anew(world: World) -> None:
    """What was approved before counts no more."""
    world.start(publishing(approval="2", approvers="editors room"), text="Rain at last")
    world.answer("linus", "approve")
    with world.open() as social:
        (request,) = social.requests()
        social.revise(request.id, text="Rain, and hail")
        social.work()
    world.answer("ada", "approve")
    assert world.seen_by("eve") == []
    world.answer("linus", "approve")
    assert world.seen_by("eve") == ["Rain, and hail"]
