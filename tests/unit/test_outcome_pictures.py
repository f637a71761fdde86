"""The picture that goes with an outcome: drawn once, frozen before the first send, only where it fits."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

import socialbpm
from socialbpm.errors import NotFound, StateError
from socialbpm.posts import MediaLimits
from socialbpm.testing import FakeClock
from tests.middle import Middle, declared, poll


def closed(middle: Middle, **more: Any) -> str:
    """A poll that two have answered, after its deadline, with everything delivered."""
    middle.run()
    request = middle.open(poll(**{"chart": True, **more}))
    middle.drain()
    middle.answer(request, "ada", "north")
    middle.answer(request, "grace", "north")
    middle.clock.advance(timedelta(days=4))
    middle.drain()
    return request


def closing(middle: Middle, request: str) -> Any:
    (row,) = [each for each in middle.deliveries(request) if each.purpose == "close"]
    return row


def test_the_closing_edit_carries_the_chart(tmp_path: Path) -> None:
    """One edit with note, picture and a description that tells the explanation and the counts."""
    middle = Middle(tmp_path / "social.db")
    request = closed(middle)
    row = closing(middle, request)
    (picture,) = row.post["media"]
    assert row.state == "SENT"
    assert row.post["note"].startswith("decided: “North”")
    assert "decided: “North” with 2 of 2 votes" in picture["alt"]
    assert "North: 2 votes, 100 %, won." in picture["alt"]
    assert (middle.wall.creates, middle.wall.edits) == (1, 1)
    assert middle.wall.posts["p1"].media[0].alt == picture["alt"]


def test_a_channel_without_room_for_it_gets_the_note_alone(tmp_path: Path) -> None:
    """Nothing is attached where no picture, or none of this type, can stand."""
    for number, limits in enumerate((MediaLimits(count=0), MediaLimits(count=4, types=("image/jpeg",)))):
        middle = Middle(tmp_path / f"{number}.db", channels={"wall": declared(media=limits)})
        row = closing(middle, closed(middle))
        assert (row.state, row.post["media"]) == ("SENT", [])


def test_a_channel_that_cannot_edit_gets_it_with_the_answer(tmp_path: Path) -> None:
    """The note goes below the question, and the picture with it."""
    middle = Middle(tmp_path / "social.db", channels={"wall": declared(can_edit=False)})
    row = closing(middle, closed(middle))
    assert (row.action, row.state, len(row.post["media"])) == ("create", "SENT", 1)


def test_without_chart_nothing_is_prepared(tmp_path: Path) -> None:
    """A task that does not ask for it closes as before: no work, no row, no picture."""
    middle = Middle(tmp_path / "social.db")
    request = closed(middle, chart=False)
    assert closing(middle, request).post["media"] == []


def test_a_question_that_is_cancelled_has_no_chart(tmp_path: Path) -> None:
    """There is nothing to draw of what was not decided."""
    middle = Middle(tmp_path / "social.db")
    middle.run()
    request = middle.open(poll(chart=True))
    middle.drain()
    with middle.store.begin() as conn:
        middle.requests.cancel(conn, request, "no longer needed")
    middle.drain()
    assert closing(middle, request).post["media"] == []


def test_the_picture_stands_on_the_local_pages(tmp_path: Path) -> None:
    """Through the real media room: bytes that are a PNG, kept once, however often it is looked at."""
    people = {"room": {"local": ["ada", "grace"]}}
    with socialbpm.open("sqlite://", communities=people, clock=FakeClock()) as social:
        request = _asked(social, tmp_path)
        assert b"<svg" in social.chart(request)
        social.respond(request, "ada", "a")
        social.work()
        social.clock.advance(timedelta(days=4))
        social.work()
        (post,) = [each for each in social.request(request).posts if each.action == "edit"]
        assert post.state == "SENT"
        assert social.chart(request, "png").startswith(b"\x89PNG")
        with pytest.raises(NotFound):
            social.chart("nothing")


def test_what_is_hidden_until_the_close_is_not_drawn_before(tmp_path: Path) -> None:
    """Nobody sees figures of a hidden vote while it is open, whoever draws them."""
    people = {"room": {"local": ["ada", "grace"]}}
    with socialbpm.open("sqlite://", communities=people, clock=FakeClock()) as social:
        request = _asked(social, tmp_path, 'secrecy="hidden_until_close"')
        with pytest.raises(StateError, match="hidden until it has ended"):
            social.chart(request)


def _asked(social: socialbpm.Social, folder: Path, more: str = "") -> str:
    path = folder / "main.bpmn"
    path.write_text(MODEL.format(more=more))
    social.deploy(path)
    run = social.start("main")
    social.work()
    (request,) = social.requests(run.id)
    return request.id


MODEL = """<?xml version="1.0"?>
<bpmn:definitions xmlns:bpmn="http://www.omg.org/spec/BPMN/20100524/MODEL"
    xmlns:social="urn:socialbpm:1" targetNamespace="urn:test" id="defs">
  <bpmn:process id="main" isExecutable="true">
    <bpmn:startEvent id="begin"/>
    <bpmn:sequenceFlow id="a" sourceRef="begin" targetRef="ask"/>
    <bpmn:serviceTask id="ask" name="Which?">
      <bpmn:extensionElements>
        <social:pollCommunity to="room" deadline="P3D" chart="true" {more}>
          <social:text>Which?</social:text>
          <social:choice key="a">A</social:choice><social:choice key="b">B</social:choice>
        </social:pollCommunity>
      </bpmn:extensionElements>
    </bpmn:serviceTask>
    <bpmn:sequenceFlow id="b" sourceRef="ask" targetRef="end"/>
    <bpmn:endEvent id="end"/>
  </bpmn:process>
</bpmn:definitions>
"""
