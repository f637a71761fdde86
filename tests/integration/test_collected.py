"""A poll on a channel that is read, through the front door: nobody tells us, and yet every answer counts."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import socialbpm
from socialbpm.settings import Settings
from socialbpm.testing import FakeClock, LoopbackServer

MODEL = """<?xml version="1.0" encoding="UTF-8"?>
<bpmn:definitions xmlns:bpmn="http://www.omg.org/spec/BPMN/20100524/MODEL" xmlns:social="urn:socialbpm:1"
    id="d" targetNamespace="http://example.org/collected">
  <bpmn:process id="collected" isExecutable="true">
    <bpmn:startEvent id="start"><bpmn:outgoing>a</bpmn:outgoing></bpmn:startEvent>
    <bpmn:sequenceFlow id="a" sourceRef="start" targetRef="ask"/>
    <bpmn:serviceTask id="ask" name="Which route?">
      <bpmn:extensionElements>
        <social:pollCommunity to="riders" deadline="PT1H">
          <social:text>Which route?</social:text>
          <social:choice key="north">North</social:choice>
          <social:choice key="south">South</social:choice>
        </social:pollCommunity>
      </bpmn:extensionElements>
      <bpmn:incoming>a</bpmn:incoming><bpmn:outgoing>b</bpmn:outgoing>
    </bpmn:serviceTask>
    <bpmn:sequenceFlow id="b" sourceRef="ask" targetRef="end"/>
    <bpmn:endEvent id="end"><bpmn:incoming>b</bpmn:incoming></bpmn:endEvent>
  </bpmn:process>
</bpmn:definitions>
"""


def test_a_poll_on_a_collected_channel(tmp_path: Path) -> None:
    """Answers wait at the platform; one given a second before the deadline is read after it, and counts."""
    (tmp_path / "collected.bpmn").write_text(MODEL)
    clock = FakeClock()
    with LoopbackServer(str(tmp_path / "platform.db"), clock=clock) as server:
        settings = Settings.model_validate(
            {
                "database": f"sqlite:///{tmp_path / 'social.db'}",
                "channels": {"loop": {"adapter": "loopback", "url": server.url, "intake": "collect"}},
                "communities": {"riders": {"loop": {"room": "r", "people": {"ada": "u1", "grace": "u2"}}}},
            }
        )
        with socialbpm.open(settings, clock=clock) as social:
            social.deploy(tmp_path / "collected.bpmn")
            run = social.start("collected")
            social.work()
            (request,) = social.run(run.id).requests
            server.answer(event="e1", account="u1", choices=["south"], request=request.id, at=clock.now())
            clock.advance(timedelta(minutes=1))
            social.work()
            server.answer(event="e2", account="u1", choices=["north"], request=request.id, at=clock.now())
            clock.advance(timedelta(minutes=59, seconds=-1))
            server.answer(event="e3", account="u2", choices=["north"], request=request.id, at=clock.now())
            clock.advance(1)
            social.work()
            found = social.run(run.id)
    assert found.status == "finished"
    assert (found.data["ask"]["outcome"], found.data["ask"]["winner"]) == ("decided", "north")
    assert found.data["ask"]["counts"] == {"north": 2, "south": 0}
