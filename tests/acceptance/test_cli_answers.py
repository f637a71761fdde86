"""Answers on the command line: what becomes of each is said at once, and can be looked at later."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.commands import MODEL, Command, on_a_terminal


@pytest.fixture
def asked(socialbpm: Command) -> str:
    """The id of an open review: ada and grace are asked."""
    socialbpm("start", MODEL, "--data", "headline=Rain", "--run-id", "r1")
    socialbpm("worker", "--until-idle")
    (request,) = json.loads(socialbpm("requests", "--json").out)
    return str(request["id"])


@pytest.mark.parametrize(
    ("answer", "says"),
    [
        (
            ("-p", "eve", "-c", "approve"),
            "ineligible: not on the roll of those who may answer; on it are ada, grace",
        ),
        (
            ("-p", "adda", "-c", "approve"),
            "ineligible: not on the roll of those who may answer; did you mean 'ada'?",
        ),
        (
            ("-p", "ada", "-c", "aprove"),
            "spoiled: 'aprove' is not one of the choices; did you mean 'approve'? "
            "The choices are approve, changes, reject",
        ),
        (
            ("-p", "ada", "-c", "approve", "-c", "reject"),
            "spoiled: more than one choice where one is asked for",
        ),
    ],
)
def test_what_does_not_count_is_said_at_once_with_its_remedy(
    socialbpm: Command, asked: str, answer: tuple[str, ...], says: str
) -> None:
    """Exit code 1, on stderr, without waiting for a worker; and it is kept, with its reason."""
    assert socialbpm("respond", asked, *answer) == (1, "", says + "\n")
    (kept,) = json.loads(socialbpm("requests", asked, "--json").out)["responses"]
    assert says.startswith(f"{kept['standing']}: {kept['reason']}")
    again = socialbpm("respond", asked, *answer, "--json")
    told = json.loads(again.out)
    assert (again.code, f"{told['standing']}: {told['reason']}" in says) == (1, True)
    assert told["remedy"] in says


def test_an_answer_in_words_is_read_as_on_any_channel(socialbpm: Command, asked: str) -> None:
    """What cannot be read is told with an example; what can, counts with its reason."""
    unread = socialbpm("respond", asked, "-p", "ada", "--say", "looks good")
    assert unread.code == 1
    assert "write for example: approve" in unread.err
    assert socialbpm("respond", asked, "-p", "ada", "--say", "approve: looks good").out == "accepted\n"
    assert socialbpm("respond", asked, "-p", "ada").code == 2
    _, kept = json.loads(socialbpm("requests", asked, "--json").out)["responses"]
    assert (kept["choices"], kept["comment"]) == (["approve"], "looks good")


def test_an_answer_that_comes_after_the_end_is_late(socialbpm: Command, asked: str) -> None:
    """The first answer ended the review; the second is told how it ended."""
    assert socialbpm("respond", asked, "-p", "ada", "-c", "approve").out == "accepted\n"
    late = socialbpm("respond", asked, "-p", "grace", "-c", "reject")
    assert (late.code, late.out) == (1, "")
    assert late.err.startswith("late: the request had closed; approved: 1 of 2 reviewers")


def test_an_answer_to_nothing_is_refused_with_a_way_on(socialbpm: Command, asked: str) -> None:
    """A mistyped id; and a post, which asks nothing."""
    refused = socialbpm("respond", "nope", "-p", "ada", "-c", "approve")
    assert (refused.code, refused.out) == (1, "")
    assert refused.err == (
        "refused: there is no such request; `socialbpm requests` shows those that are open\n"
    )


def test_a_request_is_shown_in_full(socialbpm: Command, asked: str) -> None:
    """Text, choices with their counts, who has answered and who has not, each answer, and the posts."""
    socialbpm("respond", asked, "-p", "eve", "-c", "approve")
    socialbpm("respond", asked, "-p", "ada", "-c", "approve", "--comment", "Good\n\x1b[31mnews")
    shown = socialbpm("requests", asked).out
    for line in (
        f"request: {asked}",
        "element: ask (requestReview) of run r1",
        "text: May this go out? Rain",
        "choice: approve (Approve): 1",
        "choice: reject (Reject): 0",
        "answered: ada",
        "silent: grace",
        "eve: approve (ineligible, not on the roll of those who may answer)",
        "ada: approve “Good [31mnews” (accepted)",
        "post: local/press_room: SENT http://127.0.0.1:8000/posts/",
    ):
        assert line in shown
    code, seen = on_a_terminal("requests", asked, COLUMNS="100")
    assert (code, asked in seen, "╭─ May this go out?" in seen) == (0, True, True)
    document = json.loads(socialbpm("requests", asked, "--json").out)
    assert (document["counts"], len(document["responses"])) == ({"approve": 1, "changes": 0, "reject": 0}, 2)


def test_an_open_request_shows_who_is_still_to_answer(socialbpm: Command, asked: str) -> None:
    """And until when."""
    shown = socialbpm("requests", asked).out
    assert "answered: nobody yet\nnot yet: ada, grace\n" in shown
    assert "\nuntil: 20" in shown


def test_nothing_to_show_is_said_with_what_to_do(socialbpm: Command) -> None:
    """Beside the output, which stays empty for programs; a terminal gets no bare header."""
    assert socialbpm("runs") == (0, "", "no runs yet; start one with `socialbpm start FILE.bpmn`\n")
    assert socialbpm("runs", "--status", "parked") == (0, "", "no run is parked\n")
    assert socialbpm("requests")[:2] == (0, "")
    assert socialbpm("stuck") == (0, "", "nothing waits for a person\n")
    assert "process" not in on_a_terminal("runs")[1]


def test_a_replay_that_ends_waiting_says_for_what_from_whom_and_until_when(
    socialbpm: Command, folder: Path
) -> None:
    """Whoever wrote it sees which answer is missing."""
    (folder / "second_eyes.bpmn").write_text(MODEL.read_text())
    (folder / "waits.replay.toml").write_text(
        'model = "second_eyes.bpmn"\ncommunities = { press_room = ["ada", "grace"], readers = [] }\n'
        'data = { headline = "Rain" }\n[expect]\nstatus = "finished"\n'
    )
    done = socialbpm("replay", "waits.replay.toml")
    assert done.code == 1
    assert "waits.replay.toml:5: the run is waiting, it should be finished\n" in done.err
    assert (
        "it waits for 'ask' until 2026-01-03 00:00 UTC; answered: nobody; not yet: ada, grace\n" in done.err
    )
