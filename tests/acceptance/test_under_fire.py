"""What could go wrong between the rooms: races, ends that come while a post is under way, bad platforms.

Each test plays one bad moment through the front door, on a channel that keeps a store of its own.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, ClassVar

import pytest

import socialbpm
from socialbpm import SocialParser, SocialWorkflow
from socialbpm.channels.base import Batch, Channel, Inbound, RawEvent
from socialbpm.errors import RequestClosed, TaskFailed, TemporaryFailure
from socialbpm.outbox import Preparation
from socialbpm.posts import Intake, Media, MediaLimits, Post, Receipt, Span
from socialbpm.responses import Response
from socialbpm.settings import Settings
from socialbpm.settings.wiring import capabilities, wire
from socialbpm.store.tables import run as runs
from socialbpm.tasks import MediaSource, RequestReview, Wording
from socialbpm.testing import FakeClock
from socialbpm.testing.loopback import LoopbackServer
from tests.middle import Middle, WallChannel

HOUR = timedelta(hours=1)
DAY = timedelta(days=1)

HEAD = (
    '<bpmn:definitions xmlns:bpmn="http://www.omg.org/spec/BPMN/20100524/MODEL" '
    'xmlns:social="urn:socialbpm:1" xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance" '
    'targetNamespace="urn:test" id="defs"><bpmn:message id="word" name="word"/>'
    '<bpmn:process id="main" isExecutable="true">'
)
TAIL = "</bpmn:process></bpmn:definitions>"


def service(id: str, social: str) -> str:
    """A service task; ``social`` is its social element."""
    inner = f"<bpmn:extensionElements>{social}</bpmn:extensionElements>"
    return f'<bpmn:serviceTask id="{id}">{inner}</bpmn:serviceTask>'


def post(id: str, more: str = "") -> str:
    said = f'<social:postStatus to="room" {more}><social:text>{id}</social:text></social:postStatus>'
    return service(id, said)


def review(id: str, more: str = "") -> str:
    asked = f'<social:requestReview to="room" {more}><social:text>{id}?</social:text></social:requestReview>'
    return service(id, asked)


def poll(id: str, more: str = "") -> str:
    choices = "".join(f'<social:choice key="{key}">{key}</social:choice>' for key in ("north", "south"))
    asked = f'<social:pollCommunity to="room" {more}><social:text>{id}?</social:text>{choices}'
    return service(id, asked + "</social:pollCommunity>")


def timer(duration: str) -> str:
    time = f'<bpmn:timeDuration xsi:type="bpmn:tFormalExpression">"{duration}"</bpmn:timeDuration>'
    return f"<bpmn:timerEventDefinition>{time}</bpmn:timerEventDefinition>"


def model(*nodes: str, flows: str) -> str:
    """A document; ``flows`` like ``begin>ask ask>end``, whose unknown ends are made events."""
    pairs = [flow.split(">") for flow in flows.split()]
    lines = "".join(
        f'<bpmn:sequenceFlow id="f{number}" sourceRef="{one}" targetRef="{other}"/>'
        for number, (one, other) in enumerate(pairs)
    )
    ends = sorted({name for pair in pairs for name in pair if name.startswith("end")})
    events = '<bpmn:startEvent id="begin"/>' + "".join(f'<bpmn:endEvent id="{name}"/>' for name in ends)
    return HEAD + events + "".join(nodes) + lines + TAIL


@dataclass
class Between(Channel):
    """A real channel, before whose next write something else happens."""

    real: Channel
    before: list[Callable[[], None]] = field(default_factory=list)

    def __post_init__(self) -> None:
        super().__init__(self.real.connection)

    @property
    def capabilities(self) -> Any:  # type: ignore[override]
        return self.real.capabilities

    def publish(self, post: Post) -> Receipt:
        while self.before:
            self.before.pop(0)()
        return self.real.publish(post)

    def edit(self, receipt: Receipt, post: Post) -> Receipt:
        return self.real.edit(receipt, post)

    def find(self, post: Post) -> Receipt | None:
        return self.real.find(post)

    def receive(self, event: RawEvent) -> Inbound:
        return self.real.receive(event)

    def collect(self, cursor: str) -> Batch:
        return self.real.collect(cursor)


@dataclass
class Scene:
    """A platform, a clock, and a database that any number may open."""

    folder: Path
    server: LoopbackServer
    clock: FakeClock = field(default_factory=FakeClock)
    opened: list[socialbpm.Social] = field(default_factory=list)

    def settings(self) -> Settings:
        return Settings.alone(
            database=f"sqlite:///{self.folder / 'social.db'}",
            channels={"loop": {"adapter": "loopback", "url": self.server.url, "mode": self.server.mode}},
            communities={
                "room": {"loop": {"room": "press", "people": {"ada": "u1", "grace": "u2", "linus": "u3"}}},
                "hall": {"loop": {"room": "hall", "people": {"ada": "u1"}}},
            },
        )

    def open(self, *, clock: FakeClock | None = None, **more: Any) -> socialbpm.Social:
        social = wire(self.settings(), clock or self.clock, **more)
        self.opened.append(social)
        return social

    def started(self, document: str, data: Mapping[str, Any] | None = None, **more: Any) -> socialbpm.Social:
        """Opened, with a run called ``run`` under way; nothing has been worked yet."""
        place = self.folder / "main.bpmn"
        place.write_text(document, encoding="utf-8")
        social = self.open(**more)
        social.start(social.deploy(place), data, run_id="run")
        return social

    def break_at(self, *faults: str) -> None:
        self.server.break_at(*faults)

    def texts(self) -> list[str]:
        """What was ever posted."""
        return [post["text"] for post in self.server.posts()]

    def later(self, social: socialbpm.Social, by: timedelta = DAY) -> None:
        """Time passes with a worker at work: everything happens at its own moment."""
        until = self.clock.now() + by
        while (due := social.next_due()) is not None and due <= until:
            self.clock.set(max(due, self.clock.now()))
            social.work()
        self.clock.set(until)
        social.work()


class Looked(FakeClock):
    """At the nth look at it something else happens in the database, if nobody is writing there."""

    def __init__(self, scene: Scene, nth: int, act: Callable[[], None]) -> None:
        super().__init__(scene.clock.now())
        self._database, self._left, self._act = scene.folder / "social.db", nth, act

    def now(self) -> datetime:
        self._left -= 1
        if self._left <= 0 and self._act is not None and self._nobody_writes():
            act, self._act = self._act, None
            act()
        return super().now()

    def _nobody_writes(self) -> bool:
        conn = sqlite3.connect(self._database, timeout=0, isolation_level=None)
        try:
            conn.execute("BEGIN IMMEDIATE")
            conn.execute("ROLLBACK")
        except sqlite3.OperationalError:
            return False
        finally:
            conn.close()
        return True


@pytest.fixture
def scene(tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[Scene]:
    with LoopbackServer(str(tmp_path / "platform.db"), mode=getattr(request, "param", "key")) as server:
        made = Scene(tmp_path, server)
        yield made
        for social in made.opened:
            social.close()


def three_posts() -> str:
    flows = "begin>fork fork>one fork>two fork>three one>end1 two>end2 three>end3"
    return model(FORK, post("one"), post("two"), post("three"), flows=flows)


def two_questions(busy: str) -> str:
    """After the first, something that takes its time."""
    flows = "begin>fork fork>first fork>second first>busy busy>end1 second>end2"
    return model(FORK, review("first"), review("second"), busy, flows=flows)


# what has ended is not posted afterwards

HOSTS = '<bpmn:task id="busy"/>'
FORK = '<bpmn:parallelGateway id="fork"/>'
LATER = 'at="2026-01-06T09:00:00Z"'


def test_a_scheduled_post_of_a_cancelled_run_is_never_posted(scene: Scene) -> None:
    """Cancelled before its time has come: it does not go out when it comes."""
    social = scene.started(model(post("news", LATER), flows="begin>news news>end"))
    social.work()
    social.cancel("run")
    scene.later(social, 3 * DAY)
    assert scene.texts() == []
    assert social.next_due() is None


def test_a_post_that_waits_for_its_channel_is_given_up_with_its_run(scene: Scene) -> None:
    """The platform says "not now"; before it can be tried again, the run is cancelled."""
    social = scene.started(model(post("news"), flows="begin>news news>end"))
    scene.break_at("limit:1")
    social.work()
    social.cancel("run")
    scene.later(social)
    assert scene.texts() == []


def test_a_scheduled_post_that_a_timer_has_overtaken_is_never_posted(scene: Scene) -> None:
    """An interrupting boundary timer takes the task away: what it would have posted is not posted."""
    boundary = f'<bpmn:boundaryEvent id="late" attachedToRef="news">{timer("PT1H")}</bpmn:boundaryEvent>'
    flows = "begin>news news>end late>instead instead>end2"
    social = scene.started(model(post("news", LATER), boundary, post("instead"), flows=flows))
    scene.later(social, 3 * DAY)
    assert social.run("run").status == "finished"
    assert scene.texts() == ["instead"]


def test_an_edit_that_waits_is_given_up_with_its_run(scene: Scene) -> None:
    """A progress card is not edited for a run that has been cancelled meanwhile."""
    flows = "begin>card card>change change>end"
    social = scene.started(model(post("card"), post("change", 'edit="card"'), flows=flows))
    scene.break_at("limit:2")
    social.work()
    social.cancel("run")
    scene.later(social)
    assert scene.texts() == ["card"]


@pytest.mark.parametrize("task", [post("news"), review("news")])
def test_a_run_cancelled_while_its_post_is_on_the_way_is_not_tried_again(scene: Scene, task: str) -> None:
    """The write under way fails for certain: the next attempt would be after the end, and is not made."""
    between: list[Between] = []

    def around(real: Channel) -> Channel:
        between.append(Between(real))
        return between[-1]

    social = scene.started(model(task, flows="begin>news news>end"), around=around)
    (loop,) = (each for each in between if each.name == "loop")

    def fail() -> None:
        scene.open().cancel("run")
        raise TemporaryFailure("not now")

    loop.before.append(fail)
    social.work()
    assert social.run("run").status == "cancelled"
    scene.later(social)
    assert scene.texts() == []


@pytest.mark.parametrize("scene", ["lookup"], indirect=True)
def test_what_is_not_found_after_the_end_is_not_posted(scene: Scene) -> None:
    """Nobody knew whether the post stood; it did not, and by now its run is cancelled."""
    social = scene.started(model(review("ask"), flows="begin>ask ask>end"))
    scene.break_at("drop:1")
    social.work()
    social.cancel("run")
    scene.later(social)
    assert scene.texts() == []


def test_a_second_destination_that_was_not_needed_is_given_up_with_the_run(scene: Scene) -> None:
    """One of two was enough, and the process has gone on; the other is still tried, but not after the end."""
    both = model(post("news", 'require="any"'), review("ask"), flows="begin>news news>ask ask>end")
    social = scene.started(both.replace('to="room" require', 'to="room hall" require'))
    scene.break_at("limit:2")
    social.work()
    assert [request.element for request in social.requests()] == ["ask"]
    social.cancel("run")
    scene.later(social)
    assert scene.texts().count("news") == 1


# revisions


def test_a_question_whose_time_is_over_cannot_be_revised(scene: Scene) -> None:
    """Within the grace nobody can answer any more: a new version would void every ballot for good."""
    social = scene.started(model(poll("ask", 'deadline="P1D" grace="PT1H"'), flows="begin>ask ask>end"))
    social.work()
    (request,) = social.requests()
    social.respond(request.id, "ada", "north")
    scene.clock.advance(DAY)
    social.work()
    assert social.request(request.id).state == "CLOSING"
    with pytest.raises(RequestClosed):
        social.revise(request.id, text="Another question?")
    scene.later(social, 2 * HOUR)
    assert social.run("run").data["ask"]["winner"] == "north"


def test_a_question_that_a_timer_is_about_to_end_cannot_be_revised(scene: Scene) -> None:
    """After an interrupting timer's time answers are late; a revision may not void those that were not."""
    boundary = f'<bpmn:boundaryEvent id="late" attachedToRef="ask">{timer("PT1H")}</bpmn:boundaryEvent>'
    flows = "begin>ask ask>end late>end2"
    social = scene.started(model(review("ask", 'policy="unanimous"'), boundary, flows=flows))
    social.work()
    (request,) = social.requests()
    scene.clock.advance(HOUR)
    with pytest.raises(RequestClosed):
        social.revise(request.id, text="Another?")


# accounts that rest


def test_a_paused_account_writes_nothing_more_though_its_turn_was_reserved(scene: Scene) -> None:
    """A place in the rate limit is no right to write: the token was refused meanwhile."""
    social = scene.started(three_posts())
    social.rooms.outbox.limit("loop", timedelta(minutes=1))
    scene.break_at("limit:1", "unauthorized:2")
    scene.later(social, HOUR)
    assert scene.texts() == []
    assert [post.state for post in social.stuck()] == ["PARKED"] * 3


def test_who_is_asked_to_rest_rests_with_all_its_writes(scene: Scene) -> None:
    """Retry-After holds for the account, places reserved before included."""
    social = scene.started(three_posts())
    social.rooms.outbox.limit("loop", timedelta(milliseconds=100))
    scene.break_at("limit:2")  # Retry-After: 1
    for _ in range(8):
        social.work()
        scene.clock.advance(timedelta(milliseconds=100))
    assert len(scene.texts()) == 1
    scene.later(social, HOUR)
    assert sorted(scene.texts()) == ["one", "three", "two"]


def test_a_worker_that_was_away_for_days_does_not_give_up_at_the_first_refusal(scene: Scene) -> None:
    """A day's patience is counted in days of trying, not in days of absence."""
    social = scene.started(model(post("news"), flows="begin>news news>end"))
    scene.clock.advance(3 * DAY)
    scene.break_at("limit:1")
    scene.later(social, HOUR)
    assert (social.run("run").status, scene.texts()) == ("finished", ["news"])


@pytest.mark.parametrize("scene", ["none"], indirect=True)
def test_an_endless_retry_after_is_no_trap(scene: Scene) -> None:
    """A platform's absurd wish is a platform's absurd wish: the post is certainly not sent, and waits."""
    between: list[Between] = []

    def around(real: Channel) -> Channel:
        between.append(Between(real))
        return between[-1]

    social = scene.started(model(post("news"), flows="begin>news news>end"), around=around)
    (loop,) = (each for each in between if each.name == "loop")

    def fail() -> None:
        raise TemporaryFailure("not now", retry_after=float("inf"))

    loop.before.append(fail)
    social.work()
    scene.later(social, 2 * DAY)
    assert (social.run("run").status, scene.texts()) == ("finished", ["news"])


# runs that go on


def test_an_outcome_that_falls_during_a_burst_is_not_forgotten(scene: Scene) -> None:
    """Two branches wait. While one goes on, the other is decided: both are taken up."""
    other = scene.open()

    def busy(data: Mapping[str, Any]) -> dict[str, Any]:
        (asked,) = (request for request in other.requests() if request.element == "second")
        other.respond(asked.id, "ada", "approve")
        other.rooms.work.perform(f"tally:{asked.id}")
        return {}

    social = scene.started(two_questions(HOSTS), stubs={"busy": busy})
    social.work()
    (first,) = (request for request in social.requests() if request.element == "first")
    social.respond(first.id, "ada", "approve")
    social.work()
    assert (social.run("run").status, social.requests()) == ("finished", [])


@pytest.mark.parametrize("look", range(1, 9))
def test_an_outcome_may_fall_at_any_moment_of_a_burst(scene: Scene, look: int) -> None:
    """The same for a run that calls nobody, whenever somebody else decides: before, between or after."""
    script = '<bpmn:scriptTask id="busy"><bpmn:script>x = 1</bpmn:script></bpmn:scriptTask>'
    social = scene.started(two_questions(script))
    social.work()
    asked = {request.element: request.id for request in social.requests()}
    social.respond(asked["first"], "ada", "approve")
    social.rooms.work.perform(f"tally:{asked['first']}")

    def decide() -> None:
        social.respond(asked["second"], "ada", "approve")
        social.rooms.work.perform(f"tally:{asked['second']}")

    worker = scene.open(clock=Looked(scene, look, decide))
    worker.work()
    assert (social.run("run").status, social.requests()) == ("finished", [])


def test_two_workers_call_a_service_once(scene: Scene) -> None:
    """While one worker is at a run, another that sees it due leaves it alone."""
    calls: list[str] = []
    workers: list[socialbpm.Social] = []

    def busy(data: Mapping[str, Any]) -> dict[str, Any]:
        calls.append("call")
        if len(calls) == 1:
            workers[1].work()
        return {}

    flows = "begin>ask ask>busy busy>end"
    workers.append(scene.started(model(review("ask"), HOSTS, flows=flows), stubs={"busy": busy}))
    workers.append(scene.open(stubs={"busy": busy}))
    workers[0].work()
    (request,) = workers[0].requests()
    workers[0].respond(request.id, "ada", "approve")
    workers[0].work()
    assert workers[0].run("run").status == "finished"
    assert calls == ["call"]


def test_slow_services_of_many_runs_are_called_once_each(scene: Scene) -> None:
    """Runs that are due together do not share one lease: what comes late in a row is still reserved."""
    calls: list[int] = []
    workers: list[socialbpm.Social] = []

    def busy(data: Mapping[str, Any]) -> dict[str, Any]:
        calls.append(data["number"])
        scene.clock.advance(timedelta(seconds=25))  # of the 60 of a lease
        if len(calls) == 3:
            workers[1].work()
        return {}

    document = model(review("ask"), HOSTS, flows="begin>ask ask>busy busy>end")
    workers.append(scene.started(document, {"number": 0}, stubs={"busy": busy}))
    workers.append(scene.open(stubs={"busy": busy}))
    for number in (1, 2):
        workers[0].start("main", {"number": number})
    workers[0].work()
    for request in workers[0].requests():
        workers[0].respond(request.id, "ada", "approve")
    workers[0].work()
    assert sorted(calls) == [0, 1, 2]


def test_a_state_that_cannot_be_read_parks_the_run(scene: Scene) -> None:
    """A person is told; nothing is tried for ever, and nothing stands there as if it waited for somebody."""
    social = scene.started(model(review("ask"), flows="begin>ask ask>end"))
    social.work()
    (request,) = social.requests()
    with social.store.begin() as conn:
        conn.execute(runs.update().values(state=b"nonsense"))
    social.respond(request.id, "ada", "approve")
    scene.later(social)
    (brief,) = social.runs()
    assert brief.status == "parked"
    assert "state" in brief.reason


def test_waiting_for_a_timer_and_a_message_does_not_spin(scene: Scene) -> None:
    """The timer has fired, the message has not come: nothing is due, and the worker rests."""
    both = f'{timer("PT1H")}<bpmn:messageEventDefinition messageRef="word"/>'
    event = "intermediateCatchEvent"
    catch = f'<bpmn:{event} id="both" parallelMultiple="true">{both}</bpmn:{event}>'
    social = scene.started(model(catch, flows="begin>both both>end"))
    social.work()
    scene.clock.advance(2 * HOUR)
    social.rooms.work.perform("resume:run")
    due = social.next_due()
    assert due is None or due > scene.clock.now()


def test_a_repetition_without_a_pause_parks_the_run(scene: Scene) -> None:
    """It would be due for ever; the worker has others to serve."""
    cycle = '<bpmn:timeCycle xsi:type="bpmn:tFormalExpression">every</bpmn:timeCycle>'
    definition = f"<bpmn:timerEventDefinition>{cycle}</bpmn:timerEventDefinition>"
    boundary = f'<bpmn:boundaryEvent id="again" attachedToRef="ask" cancelActivity="false">{definition}'
    flows = "begin>ask ask>end again>end2"
    document = model(review("ask"), boundary + "</bpmn:boundaryEvent>", flows=flows)
    social = scene.started(document, {"every": "R/PT0S"})
    run = social.run("run")
    assert (run.status, "repeats without a pause" in run.reason) == ("parked", True)
    place = scene.folder / "literal.bpmn"
    place.write_text(document.replace(">every<", '>"R3/PT0S"<'), encoding="utf-8")
    assert [problem.element for problem in social.check(place)] == ["again"]


def test_a_time_that_no_calendar_reaches_is_refused(scene: Scene) -> None:
    """With its grace it would be past the end of all time, and the question could never be counted."""
    document = model(poll("ask", 'deadline="{{ until }}" grace="P1D"'), flows="begin>ask ask>end")
    social = scene.started(document, {"until": "9999-12-31T12:00:00Z"})
    run = social.run("run")
    assert (run.status, "no time to plan with" in run.reason) == ("parked", True)


def test_an_outcome_that_a_host_has_saved_but_not_acknowledged_stands(scene: Scene) -> None:
    """The host dies between its save and the ack. What was decided and done is not called cancelled."""
    place = scene.folder / "main.bpmn"
    place.write_text(model(review("ask"), flows="begin>ask ask>end"), encoding="utf-8")
    parser = SocialParser()
    parser.add_bpmn_file(str(place))
    workflow = SocialWorkflow(parser.get_spec("main"), clock=scene.clock, run_id="order-7")
    workflow.do_engine_steps()
    social = scene.open()
    social.sync("order-7", workflow)
    social.work()
    (request,) = social.requests()
    social.respond(request.id, "ada", "approve")
    social.work()
    social.apply(workflow, social.closed("order-7"))  # saved, and killed here
    assert social.apply(workflow, social.closed("order-7")) == []
    social.sync("order-7", workflow)
    ended = social.request(request.id)
    assert (ended.state, ended.outcome) == ("RESUMED", "approved")
    assert social.runs()[0].status == "finished"


# answers


def test_an_answer_to_a_post_without_a_name_finds_no_request(scene: Scene) -> None:
    """A reply to nothing readable is a reply to nothing: it is not attached to a post that has no id yet."""
    social = scene.started(model(post("news", LATER), review("ask"), flows="begin>ask ask>news news>end"))
    given = Response(channel="loop", event_id="e1", account="u1", choices=("approve",), in_reply_to="\x00")
    (reply,) = social.inbox.accept("loop", [given])
    assert reply.standing == "refused"


class Pages(WallChannel):
    """Answers are read from it, page by page, if it lets us."""

    capabilities = replace(WallChannel.capabilities, intake=Intake.COLLECT)
    read: ClassVar[Callable[[str], Batch]]

    def collect(self, cursor: str) -> Batch:
        return type(self).read(cursor)


def collecting(folder: Path) -> tuple[Middle, str, Response]:
    """A question on a channel that is collected, and ada's answer there."""
    middle = Middle(folder / "social.db", channels={"wall": Pages})
    middle.run()
    task = RequestReview(to=("room",), texts=(Wording(text=(Span("May it?"),)),))
    request = middle.open(task)
    said = Response(channel="wall", event_id="e1", account="@ada", choices=("approve",), request=request)
    return middle, request, said


def test_a_page_that_cannot_be_read_does_not_end_the_reading(tmp_path: Path) -> None:
    """An adapter stumbles for an hour over what stands there; then it reads on."""
    middle, request, said = collecting(tmp_path)
    until = middle.clock.now() + HOUR

    def read(cursor: str) -> Batch:
        if middle.clock.now() < until:
            raise KeyError("whatever")
        return Batch(cursor="1") if cursor else Batch(responses=(said,), cursor="1")

    Pages.read = read
    in_time(middle, 2 * HOUR)
    assert middle.request(request).outcome["outcome"] == "approved"


def test_a_platform_that_shows_the_same_page_for_ever_does_not_keep_the_worker(tmp_path: Path) -> None:
    """The page is taken once, and looked at again after a while."""
    middle, request, said = collecting(tmp_path)
    looks: list[str] = []

    def read(cursor: str) -> Batch:
        looks.append(cursor)
        assert len(looks) < 10
        return Batch(responses=(replace(said, choices=("nonsense",)),), cursor="same")

    Pages.read = read
    middle.drain()
    assert 0 < len(looks) < 4
    assert middle.standings(request) == {"spoiled": 1}


# the model check


@pytest.mark.parametrize("scene", ["none"], indirect=True)
def test_the_check_sees_the_account_as_it_is_configured(scene: Scene) -> None:
    """What an adapter declares by its options is what a model check without a database goes by."""
    declared = capabilities(scene.settings())["loop"]
    assert declared == scene.open().channels["loop"].capabilities


# pictures on their way


@dataclass
class Easel:
    """A media room that takes its time, and is out of reach when it is told so."""

    during: list[Callable[[], None]] = field(default_factory=list)

    def take(self, src: str, files: Any) -> str:
        while self.during:
            self.during.pop(0)()
        return src

    def fit(self, ref: str, alt: str, limits: MediaLimits) -> Media:
        return Media(ref=f"media:{ref}", alt=alt, type="image/png")


def asked_with_picture(folder: Path) -> tuple[Middle, Easel, str]:
    middle, easel = Middle(folder / "social.db"), Easel()
    Preparation(middle.store, middle.clock, middle.work, middle.channels, easel, middle.outcomes)
    middle.run()
    task = RequestReview(
        to=("room",),
        texts=(Wording(text=(Span("This one?"),)),),
        media=(MediaSource(src="old.png", alt="the old one"),),
    )
    return middle, easel, middle.open(task)


def test_a_picture_that_was_revised_while_it_was_fetched_is_not_posted(tmp_path: Path) -> None:
    """What was prepared for the version before must not stand in the place of the new one."""
    middle, easel, request = asked_with_picture(tmp_path)
    new = [{"src": "new.png", "alt": "the new one"}]
    easel.during.append(lambda: ignore(middle.requests.revise(request, media=new)))
    middle.drain()
    (post,) = middle.wall.posts.values()
    assert (post.media[0].alt, post.ask and post.ask.version) == ("the new one", 2)


def test_a_picture_that_cannot_be_had_does_not_fail_the_version_that_replaced_it(tmp_path: Path) -> None:
    """The old picture is refused; the question has a new one by then, and is asked with it."""
    middle, easel, request = asked_with_picture(tmp_path)

    def refuse() -> None:
        middle.requests.revise(request, media=[{"src": "new.png", "alt": "the new one"}])
        raise TaskFailed("social.invalid", "no picture")

    easel.during.append(refuse)
    middle.drain()
    assert [post.media[0].alt for post in middle.wall.posts.values()] == ["the new one"]
    assert middle.request(request).state == "OPEN"


def test_a_picture_out_of_reach_for_an_hour_is_waited_for(tmp_path: Path) -> None:
    """A host that is down is no reason to leave a question unasked for ever."""
    middle, easel, _ = asked_with_picture(tmp_path)
    until = middle.clock.now() + HOUR

    def away() -> None:
        if middle.clock.now() < until:
            easel.during.append(away)
            raise TemporaryFailure("out of reach")

    easel.during.append(away)
    in_time(middle, 2 * HOUR)
    assert len(middle.wall.posts) == 1


def test_a_picture_out_of_reach_for_days_fails_the_task(tmp_path: Path) -> None:
    """After a day the process is told, as it is for a post that cannot be delivered."""
    middle, easel, request = asked_with_picture(tmp_path)

    def away() -> None:
        easel.during.append(away)
        raise TemporaryFailure("out of reach")

    easel.during.append(away)
    in_time(middle, 2 * DAY)
    assert middle.request(request).error == "social.delivery_failed"
    assert middle.wall.posts == {}


def in_time(middle: Middle, by: timedelta) -> None:
    until = middle.clock.now() + by
    while (due := middle.work.next_due()) is not None and due <= until:
        middle.clock.set(max(due, middle.clock.now()))
        middle.drain()


def ignore(_: object) -> None:
    """For what is called for its effect."""
