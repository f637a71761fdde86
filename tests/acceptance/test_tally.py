"""`socialbpm tally`: a file of ballots decided on the command line, for people and for programs."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.commands import Command

TENNESSEE = """\
count,choice
42,Memphis>Nashville>Chattanooga>Knoxville
26,Nashville>Chattanooga>Knoxville>Memphis
15,Chattanooga>Knoxville>Nashville>Memphis
17,Knoxville>Chattanooga>Nashville>Memphis
"""


@pytest.fixture
def votes(folder: Path) -> Path:
    """The ballots on the capital of Tennessee."""
    (folder / "votes.csv").write_text(TENNESSEE)
    return folder / "votes.csv"


@pytest.mark.parametrize(
    ("policy", "winner", "counts", "order"),
    [
        ("plurality", "Memphis", [42, 26, 15, 17], "Memphis Nashville Knoxville Chattanooga"),
        ("borda", "Nashville", [126, 194, 173, 107], "Nashville Chattanooga Memphis Knoxville"),
        ("instant_runoff", "Knoxville", [42, 26, 15, 17], "Knoxville Memphis Nashville Chattanooga"),
        ("schulze", "Nashville", [42, 26, 15, 17], "Nashville Chattanooga Knoxville Memphis"),
    ],
)
def test_one_file_and_four_rules(
    socialbpm: Command, votes: Path, policy: str, winner: str, counts: list[int], order: str
) -> None:
    """A program reads the outcome, the winners, what the method counts, its order, and why."""
    done = socialbpm("tally", "votes.csv", "--policy", policy, "--json")
    assert (done.code, done.err) == (0, "")
    told = json.loads(done.out)
    assert list(told) == ["outcome", "winners", "counts", "order", "explanation"]
    assert (told["outcome"], told["winners"]) == ("decided", [winner])
    assert list(told["counts"].values()) == counts
    assert told["order"] == order.split()
    assert told["explanation"].startswith("decided: “")


def test_two_approved_by_everybody(socialbpm: Command, folder: Path) -> None:
    """The same people, asked of which two they approve: 68 name Nashville."""
    rows = [line.rsplit(">", 2)[0].replace(">", "|") for line in TENNESSEE.splitlines()]
    (folder / "votes.csv").write_text("\n".join(rows))
    told = json.loads(socialbpm("tally", "votes.csv", "--policy", "approval", "--json").out)
    assert (told["winners"], told["counts"]["Nashville"]) == (["Nashville"], 68)


def test_people_read_a_sentence_and_the_counts(socialbpm: Command, votes: Path) -> None:
    """The explanation first, then a line for each choice."""
    done = socialbpm("tally", "votes.csv", "--policy", "majority")
    lines = done.out.splitlines()
    assert lines[0].startswith(
        "undecided: “Memphis” with 42 of 100 votes, more than half of the votes needed"
    )
    assert lines[1:] == ["Memphis\t42", "Nashville\t26", "Chattanooga\t15", "Knoxville\t17"]


def test_parameters_are_those_of_the_model(socialbpm: Command, folder: Path) -> None:
    """Numbers, shares, names and quorums are written as in a diagram; a fraction stays exact."""
    (folder / "votes.csv").write_text(
        "person,choice,weight,group\nada,x,1/3,legal\nbob,x,1/3,design\ncyd,y,1/2,design\n"
    )
    arguments = ["groupQuorum=legal:1,design:2", "threshold=57%", "quorum=50%", "roll=6", "strict=true"]
    options = [part for argument in arguments for part in ("--param", argument)]
    done = socialbpm("tally", "votes.csv", "--policy", "supermajority", *options, "--json")
    told = json.loads(done.out)
    assert told["outcome"] == "decided"  # 4/7 is a little more than 57 %
    assert told["counts"] == {"x": "2/3", "y": "1/2"}
    assert "order" not in told
    assert "quorum of groups met (legal 1 of 1; design 2 of 2)" in told["explanation"]


def test_a_mistake_in_the_file_is_exit_code_1(socialbpm: Command, folder: Path) -> None:
    """With file, line, what and remedy on stderr, and nothing on stdout."""
    (folder / "votes.csv").write_text("person,choice\nada,x\n,y\n")
    done = socialbpm("tally", "votes.csv", "--policy", "plurality", "--json")
    assert (done.code, done.out) == (1, "")
    assert done.err == "votes.csv:3: the line names no person; name one, or use a column 'count'\n"
    assert socialbpm("tally", "nowhere.csv", "--policy", "plurality").code == 1


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["--policy", "pluralty"], "plurality"),
        (["--policy", "n_of_m"], "needs n"),
        (["--policy", "plurality", "--param", "n"], "K=V"),
        (["--policy", "plurality", "--param", "m=2"], "K=V"),
        (["--policy", "n_of_m", "--param", "n=two"], "no whole number"),
        (["--policy", "plurality", "--param", "groupQuorum=legal"], "GROUP:NUMBER"),
        (["--policy", "plurality", "--param", "tie=lot"], "tie"),
        ([], "--policy"),
    ],
)
def test_a_mistake_on_the_command_line_is_exit_code_2(
    socialbpm: Command, votes: Path, arguments: list[str], says: str
) -> None:
    """The file is not at fault."""
    done = socialbpm("tally", "votes.csv", *arguments)
    assert (done.code, done.out) == (2, "")
    assert says in " ".join(done.err.split())
