"""People in replays: accounts that are linked, ballots handed on and deleted, crowds, reminders."""

from __future__ import annotations

from pathlib import Path
from textwrap import dedent

import pytest

from socialbpm.testing.replay import Played, play, read
from tests.models import HEAD

CLUB = """
    [channels.chat]
    adapter = "local"
    [communities.club]
    local = ["ada", "grace", "linus"]
    chat = { room = "club", people = { ada = "u-ada" } }
"""


def played(folder: Path, replay: str, **attributes: str) -> Played:
    """A poll of the community ``club`` about three routes, played so."""
    says = {"to": "club", "deadline": "P3D", **attributes}
    written = " ".join(f'{name}="{value}"' for name, value in says.items())
    choices = "".join(f'<social:choice key="{key}">{key.title()}</social:choice>' for key in "abc")
    (folder / "poll.bpmn").write_text(
        f'{HEAD}<bpmn:process id="main" isExecutable="true"><bpmn:startEvent id="begin"/>'
        f'<bpmn:serviceTask id="ask"><bpmn:extensionElements><social:pollCommunity {written}>'
        f"<social:text>Which?</social:text>{choices}</social:pollCommunity></bpmn:extensionElements>"
        '</bpmn:serviceTask><bpmn:endEvent id="end"/><bpmn:sequenceFlow id="f" sourceRef="begin" '
        'targetRef="ask"/><bpmn:sequenceFlow id="g" sourceRef="ask" targetRef="end"/></bpmn:process>'
        "</bpmn:definitions>",
        encoding="utf-8",
    )
    (folder / "poll.replay.toml").write_text(dedent(replay), encoding="utf-8")
    return play(read(folder / "poll.replay.toml"))


def test_an_account_that_is_linked_later_brings_its_vote_to_its_person(tmp_path: Path) -> None:
    """First it is nobody's and only advises; linked, its later answer takes the place of the earlier one."""
    went = played(
        tmp_path,
        CLUB
        + """
    [[step]]
    respond = "ask"
    person = "grace"
    choice = "a"
    [[step]]
    after = "PT1H"
    respond = "ask"
    account = "u-grace"
    channel = "chat"
    choice = "b"
    standing = "ineligible"
    [[step]]
    after = "PT1H"
    link = "grace"
    channel = "chat"
    account = "u-grace"
    [[step]]
    after = "P3D"
    [expect]
    standings = { accepted = 1, superseded = 1, ineligible = 0 }
    [expect.data.ask]
    winner = "b"
    advisory = {}
    """,
    )
    assert went.report == ""


def test_a_ballot_is_handed_on_and_an_answer_deleted(tmp_path: Path) -> None:
    """Linus votes with two ballots; what Ada wrote on the chat is deleted there, and counts no more."""
    went = played(
        tmp_path,
        CLUB
        + """
    [[step]]
    respond = "ask"
    person = "ada"
    channel = "chat"
    says = "c"
    event_id = "m1"
    [[step]]
    respond = "ask"
    person = "grace"
    delegate = "linus"
    [[step]]
    restart = true
    [[step]]
    respond = "ask"
    person = "linus"
    choice = "a"
    [[step]]
    after = "PT1H"
    respond = "ask"
    person = "ada"
    channel = "chat"
    withdraws = "m1"
    standing = "withdrawn"
    [[step]]
    after = "P3D"
    [expect]
    standings = { accepted = 2, withdrawn = 2 }
    [expect.data.ask]
    counts = { a = 2, b = 0, c = 0 }
    """,
        delegation="true",
    )
    assert went.report == ""


def test_words_that_cannot_be_read_end_a_replay_at_their_line(tmp_path: Path) -> None:
    """The person would be told the same."""
    went = played(tmp_path, CLUB + '[[step]]\nrespond = "ask"\nperson = "ada"\nsays = "d"\n')
    assert "poll.replay.toml:10: “d” names none of the choices; write for example: a" in went.report


@pytest.mark.parametrize(("policy", "winner"), [("schulze", "a"), ("instant_runoff", "b")])
def test_a_crowd_ranks_on_three_channels(tmp_path: Path, policy: str, winner: str) -> None:
    """Some change their minds by another channel, some delete: everybody counts once, the books hold."""
    went = played(
        tmp_path,
        """
    [channels]
    chat = { adapter = "local" }
    forum = { adapter = "local" }
    [crowds.club]
    people = 300
    channels = ["local", "chat", "forum"]
    [[step]]
    respond = "ask"
    crowd = { of = "club", seed = 3, silent = "1/10", changes = "1/5", deletions = "1/20", choices = [
      "b>a>c", "b>a", "b>a>c", "c>a>b", "c>a>b", "c>a", "a>b", "a>b>c",
    ] }
    [[step]]
    after = "P3D"
    [expect]
    standings = { accepted = 257, superseded = 54, withdrawn = 26 }
    """,
        policy=policy,
        ballot="ranked",
    )
    assert went.report == ""
    result = went.evidence.data["ask"]
    assert (result["ballots"], result["eligible"], result["winner"]) == (257, 300, winner)
