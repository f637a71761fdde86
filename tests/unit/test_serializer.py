"""Specifications and states as bytes: exact and compact, and data cannot pass for anything else."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from socialbpm.errors import StateError
from socialbpm.spiff import state
from socialbpm.spiff.parser import SocialParser
from socialbpm.spiff.serializer import Codec, serializer, without_typename
from socialbpm.spiff.workflow import SocialWorkflow
from socialbpm.testing.clock import FakeClock
from tests import processes as p
from tests.models import GLOBALS, Model, after, message
from tests.player import Player, answer, complete, document, live, send, the, waiting

ASK = p.document(p.Ask())
TEN = p.document(p.Sequence_([*[p.Script()] * 10, p.Ask()]))
TYPENAMES: list[dict[str, Any]] = [
    {"typename": "UUID", "value": "not one"},
    {"typename": "unheard of"},
    {"typename": "BpmnWorkflow", "spec": None},
    {"deep": [{"typename": "datetime", "value": "x"}]},
]


def test_a_state_is_restored_to_the_same_tasks_and_data() -> None:
    """Ids, states, times, parents, order of children, data and internal data: all of every task."""
    block = p.Sequence_([p.Parallel([p.Ask(), p.Sub(p.Repeated(p.sequential_times(2)))]), p.Loop(p.Ask(), 2)])
    player = Player.of(p.document(block))
    workflow = player.start(order={"lines": [1, 2]}, note="ä\ud800")
    while keys := sorted(live(workflow)):
        restored = player.restore(player.save(workflow))
        assert everything(restored) == everything(workflow)
        workflow = restored
        answer(workflow, keys[0])


def everything(workflow: SocialWorkflow) -> Any:
    """All that an instance consists of."""
    tasks = [
        {name: getattr(task, name) for name in ("id", "state", "last_state_change", "triggered", "data")}
        | {"spec": task.task_spec.name, "inside": task.internal_data, "tree": (task._parent, task._children)}
        for each in (workflow, *workflow.subprocesses.values())
        for task in each.tasks.values()
    ]
    top = [getattr(workflow, name) for name in ("run_id", "resets", "counter", "latest", "data", "completed")]
    return tasks, top, list(workflow.subprocesses)


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=8,
)
TIMES = st.datetimes(timezones=st.just(UTC)) | st.timedeltas() | st.uuids()


@settings(max_examples=60, deadline=None)
@given(st.dictionaries(st.text(min_size=1), JSON | TIMES, max_size=4))
def test_any_process_data_comes_back_as_it_was(data: dict[str, Any]) -> None:
    """JSON, times to the microsecond, and keys that look like ours or the engine's."""
    data.pop(state.MARK, None)
    body = state.pack({"data": data}, lambda value: value)
    assert state.unpack(body, lambda value: value) == {"data": data}


@pytest.mark.parametrize("size", [0, 10, 1_000, 30_000, 300_000])
def test_a_state_of_any_size_comes_back(size: int) -> None:
    """The window of the compression follows the size; what it writes is plain zlib, for any reader."""
    data = {"data": "".join(chr(97 + number * number % 26) for number in range(size))}
    body = state.pack(data, lambda value: value)
    assert (state.unpack(body, lambda value: value), document(body)) == (data, data)


def test_data_that_go_round_in_circles_are_refused() -> None:
    """They cannot be stored; the run parks and says so."""
    data: dict[str, Any] = {}
    data["itself"] = [data]
    with pytest.raises(StateError, match="cannot be stored"):
        state.pack({"data": data}, lambda value: value)


@pytest.mark.parametrize("trap", TYPENAMES)
def test_a_typename_in_process_data_is_only_data(trap: dict[str, Any]) -> None:
    """SpiffWorkflow takes it for one of its objects, and the instance cannot be restored any more."""
    player = Player.of(ASK)
    workflow = player.start()
    the_ask = workflow.social_tasks()[0]
    the_ask.data["said"] = trap
    assert player.restore(player.save(workflow)).social_tasks()[0].data["said"] == trap


@pytest.mark.parametrize("trap", TYPENAMES)
def test_a_hosts_json_never_holds_a_typename_from_data(trap: dict[str, Any]) -> None:
    """In SpiffWorkflow's own format the key is stripped at every depth, and the instance restored."""
    workflow = Player.of(ASK).start(given=trap)
    workflow.social_tasks()[0].data["said"] = [trap]
    text = serializer().serialize_json(workflow)
    restored = serializer().deserialize_json(text)
    task = restored.social_tasks()[0]
    assert (task.data["said"], task.data["given"]) == ([without_typename(trap)], without_typename(trap))


def test_the_reserved_key_is_refused() -> None:
    """Nobody can smuggle in what would be read as a time or an event."""
    player = Player.of(ASK)
    workflow = player.start()
    workflow.social_tasks()[0].data["said"] = {state.MARK: "event", "v": []}
    with pytest.raises(StateError, match="reserved key"):
        player.save(workflow)
    workflow.social_tasks()[0].data["said"] = f'"{state.MARK}": only a text'
    player.again(workflow)


def test_children_that_stand_in_another_order_keep_it() -> None:
    """Order of children is order of execution; whoever has changed it finds it as it was."""
    player = Player.of(p.document(p.Repeated(p.parallel_times(3))))
    workflow = player.start()
    whole = workflow.social_tasks()[0].parent
    whole._children.reverse()
    restored = player.again(workflow)
    assert restored.tasks[whole.id]._children == whole._children


def test_sets_become_lists_and_uuids_stay() -> None:
    """What a script computes is kept as far as it can be."""
    data = {"who": UUID(int=7), "set": {1}}
    assert state.unpack(state.pack(data, lambda value: value), lambda value: value) == data | {"set": [1]}


def test_times_keep_their_fractions() -> None:
    """SpiffWorkflow's own format cuts a timedelta to whole seconds."""
    values = {
        "span": timedelta(days=-1, microseconds=1),
        "at": datetime(2026, 1, 2, 3, 4, 5, 678901, tzinfo=UTC),
        "id": UUID(int=5),
    }
    assert state.unpack(state.pack(values, lambda value: value), lambda value: value) == values


def test_what_a_script_leaves_behind_is_left_out() -> None:
    """Modules and functions are no process data."""
    model = (
        Model()
        .start()
        .script("work", "import math\ndef f(): pass\nx = math.floor(2.5)")
        .ask("ask")
        .end("done")
    )
    player = Player.of(model.flow("begin", "work", "ask", "done").text())
    workflow = player.again(player.start())
    assert set(the(workflow, "ask").data) == {"x"}


def test_what_cannot_be_stored_is_named() -> None:
    """Bytes in process data: an error in words, not a traceback out of a converter."""
    player = Player.of(ASK)
    workflow = player.start()
    workflow.social_tasks()[0].data["picture"] = b"\x89PNG"
    with pytest.raises(StateError, match="a value of type bytes"):
        player.save(workflow)


def test_a_message_that_was_caught_is_kept_over_a_restart() -> None:
    """The payload of an event, whatever it holds, comes back as it was."""
    model = (
        Model().start().add("intermediateCatchEvent", "wait", message("news", "news")).ask("ask").end("done")
    )
    player = Player.of(model.flow("begin", "wait", "ask", "done").text(GLOBALS))
    workflow = player.again(player.start())
    payload = {"typename": "UUID", "text": "hi"}
    definition = next(iter(workflow.event_manager.tasks.values())).task_spec.event_definition
    from SpiffWorkflow.bpmn import BpmnEvent

    workflow.catch(BpmnEvent(definition, payload=payload))  # caught, and not yet gone on
    workflow = player.again(workflow)
    workflow.do_engine_steps()
    assert the(workflow, "ask").data["news"] == payload


def test_a_gateway_remembers_the_message_it_saw() -> None:
    """An event gateway keeps whole events in its internal data; they survive a restart."""
    model = Model().start().add("eventBasedGateway", "which").ask("told").ask("slept").end("done", "end")
    model.add("intermediateCatchEvent", "news", message("news", "said"))
    model.add("intermediateCatchEvent", "late", after("PT1H"))
    model.flow("begin", "which", "news", "told", "done").flow("which", "late", "slept", "end")
    player = Player.of(model.text(GLOBALS))
    workflow = player.again(player.start())
    send(workflow, "news", "rain")
    workflow = player.again(workflow)
    assert waiting(workflow) == ["told"]


def test_a_state_belongs_to_its_specification() -> None:
    """Under another version of the process it is refused in words, not by a failure deep inside."""
    one, other = Player.of(ASK), Player.of(p.document(p.Sequence_([p.Ask(), p.Script()])))
    with pytest.raises(StateError, match="another version of the process"):
        other.restore(one.save(one.start()))


def test_a_state_of_an_unknown_format_is_refused() -> None:
    """SpiffWorkflow accepts any version number in silence."""
    player = Player.of(ASK)
    said = document(player.save(player.start())) | {"format": 99}
    with pytest.raises(StateError, match="format not known here"):
        player.restore(state.pack(said, lambda value: value))


def test_the_same_model_is_the_same_specification() -> None:
    """Stored once per content, whatever the file was called and whenever it was read."""
    assert Player.of(TEN).spec_id == Player.of(TEN).spec_id
    assert Player.of(TEN).spec_id != Player.of(ASK).spec_id


def test_instances_share_a_specification_without_touching_each_other() -> None:
    """Multi-instances and loops connect themselves to their specification: two instances keep apart."""
    block = p.Sequence_(
        [p.Repeated(p.parallel_times(2)), p.Repeated(p.looped(2)), p.Sub(p.Ask(), p.looped(2))]
    )
    player = Player.of(p.document(block))
    assert player.specs.shared
    first, second = player.start(), player.start()
    for _ in range(10):
        for workflow in (first, second):
            answer(workflow, *sorted(live(workflow))[:1])
    assert (first.is_completed(), second.is_completed()) == (True, True)
    assert len(first.tasks) == len(second.tasks)


def test_a_specification_that_running_changes_is_not_shared() -> None:
    """An event sub-process connects itself to the start when it is triggered: each instance gets its own."""
    inner = Model().start("in", message("news", "news")).script("note", "noted = True").end("out")
    inner.flow("in", "note", "out")
    model = Model().start().ask("ask").end("done").flow("begin", "ask", "done")
    model.add("subProcess", "events", inner.xml(), triggeredByEvent="true")
    assert not Player.of(model.text(GLOBALS)).specs.shared


def test_a_waiting_instance_takes_a_quarter_of_what_it_took() -> None:
    """The state of a ten-task instance, against SpiffWorkflow's JSON of the same instance."""
    player = Player.of(TEN)
    workflow = player.start()
    assert len(player.save(workflow)) * 4 <= len(serializer().serialize_json(workflow))


def test_a_hosts_json_keeps_the_keys_of_its_requests() -> None:
    """Run, resets and counters are in it: whatever is replayed from it asks the same, not again."""
    player = Player.of(p.document(p.Sequence_([p.Ask(), p.Sub(p.Ask())])))
    workflow = player.start()
    text = serializer(FakeClock()).serialize_json(workflow)
    keys = []
    for _ in range(2):
        restored = serializer(FakeClock()).deserialize_json(text)
        assert list(live(restored)) == list(live(workflow))
        complete(restored.social_tasks()[0])
        restored.do_engine_steps()
        keys.append(list(live(restored)))
    assert keys[0] == keys[1] != list(live(workflow))


def test_what_the_engine_saved_itself_can_be_taken_over() -> None:
    """A host that begins to use ours reads the plain JSON it already has."""
    from SpiffWorkflow.bpmn.serializer import BpmnWorkflowSerializer
    from SpiffWorkflow.bpmn.workflow import BpmnWorkflow
    from SpiffWorkflow.spiff.parser.process import SpiffBpmnParser
    from SpiffWorkflow.spiff.serializer.config import SPIFF_CONFIG

    model = (
        Model().start().add("userTask", "do").add("intermediateCatchEvent", "wait", after("PT1H")).end("done")
    )
    parser = SpiffBpmnParser()
    parser.add_bpmn_str(model.flow("begin", "do", "wait", "done").text().encode())
    theirs = BpmnWorkflow(parser.get_spec("main"))
    theirs.do_engine_steps()
    stock = BpmnWorkflowSerializer(BpmnWorkflowSerializer.configure(SPIFF_CONFIG))
    workflow = serializer(FakeClock()).deserialize_json(stock.serialize_json(theirs))
    workflow.get_next_task(spec_name="do").run()
    workflow.do_engine_steps()
    assert workflow.next_due() is not None


def test_specifications_survive_the_way_through_bytes() -> None:
    """What is read is what was parsed."""
    parser = SocialParser()
    parser.add_bpmn_str(TEN)
    codec = Codec(FakeClock())
    _, body = codec.pack_specs(parser, "main")
    convert = serializer().registry.convert
    parsed = json.loads(json.dumps(convert(parser.get_spec("main"))))
    assert json.loads(json.dumps(convert(codec.unpack_specs(body).spec))) == parsed
