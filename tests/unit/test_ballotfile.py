"""A file of ballots: how its columns are read, what is refused with which remedy, and what it comes to."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction
from pathlib import Path

import pytest

from socialbpm.errors import DefinitionError
from socialbpm.policies import Rule, ballotfile, decide
from socialbpm.posts import Choice
from socialbpm.responses import Outcome


@pytest.fixture
def file(tmp_path: Path) -> Path:
    """Where the ballots are."""
    return tmp_path / "votes.csv"


def decided(
    file: Path, text: str, policy: str, *, kind: str = "", roll: int = 0, **parameters: object
) -> Outcome:
    """What a file with this text comes to."""
    file.write_text(text, encoding="utf-8")
    rows = ballotfile.read(file)
    asked = Rule(policy=policy, choices=(), **parameters)  # type: ignore[arg-type]
    rule = ballotfile.ruled(file, rows, asked, kind=kind)
    outcome = decide(rule, ballotfile.count(file, rows, rule, roll=roll), closing=True)
    assert outcome is not None
    return outcome


@pytest.mark.parametrize(
    ("text", "policy", "parameters", "outcome", "winners"),
    [
        ("person,choice\nada,x\nbob,y\ncyd,x\n", "plurality", {}, "decided", "x"),
        ("count,choice\n3,x\n2,y\n", "plurality", {}, "decided", "x"),
        ("count,choice\n3,x\n2,y\n", "majority", {}, "decided", "x"),
        ("person,choice\nada,x\nada,y\nbob,y\n", "plurality", {"quorum": 2}, "decided", "y"),  # ada turned
        ("person,choice\nada,x\nada,y\nbob,y\n", "unanimous", {}, "decided", "y"),
        ("person,choice\nada,x\nada,\nbob,y\n", "plurality", {}, "decided", "y"),  # and takes it back
        ("person,choice\nada,x\nbob,\n", "unanimous", {}, "no_quorum", ""),  # bob keeps silent
        ("person,choice\nada,x\nbob,abstain\n", "unanimous", {"quorum": 2}, "decided", "x"),
        ("person,choice,weight\nada,x,3\nbob,y,1/2\ncyd,y,0.5\n", "plurality", {}, "decided", "x"),
        ("person,choice,weight\na,x,1/3\nb,x,1/3\nc,x,1/3\nd,y,1\n", "plurality", {}, "tie", "xy"),
        ("count,choice\n2,x|y\n1,y\n", "approval", {}, "decided", "y"),
        ("count,choice\n2,x>y\n1,y\n", "plurality", {}, "decided", "x"),  # first places count
        ("count,choice\n2,x > y = z\n3,y = z\n", "schulze", {}, "tie", "yz"),
        ("count,choice\n1,x\n", "borda", {}, "no_quorum", ""),  # one choice, no points
        ("person,choice\n", "plurality", {}, "no_votes", ""),
        ("person,choice\nada,approve\nbob,REJECT\n", "n_of_m", {"n": 1}, "approved", ["approve"]),
        ("person,choice\nada,+1\nbob,-1\n", "veto", {}, "passed", ""),
        ("person,choice,reason\nada,+1,\nbob,-1,it leaks\n", "veto", {}, "vetoed", ""),
        ("person,choice,reason\nada,approve,\nbob,reject,it leaks\n", "veto", {}, "rejected", ["reject"]),
        ("person,choice\n", "lazy_consensus", {}, "passed", ""),
        ("person,choice\nada,yes\nbob,0\ncyd,support\ndan,for\n", "consensus_approval", {}, "passed", ""),
        (
            "person,choice,group\nada,x,legal\nbob,x,design|legal\n",
            "plurality",
            {"group_quorum": {"legal": 2, "design": 1}},
            "decided",
            "x",
        ),
        (
            "person,choice,group\nada,x,legal\nbob,y,guests\ncyd,y,guests\n",
            "plurality",
            {"binding": frozenset({"legal"})},
            "decided",
            "x",
        ),
        (
            "person,choice\nada,x\nbob,y\n",
            "plurality",
            {"tie": "casting_vote", "casting_vote": "bob"},
            "decided",
            "y",
        ),
        ("\ufeffPerson, Choice \nada,x\n", "plurality", {}, "decided", "x"),  # as a spreadsheet saves it
    ],
)
def test_what_a_file_comes_to(
    file: Path, text: str, policy: str, parameters: dict[str, object], outcome: str, winners: list[str]
) -> None:
    """The last ballot of each person counts, and what a word means depends on what is decided."""
    result = decided(file, text, policy, **parameters)
    assert (result.outcome, list(result.winners)) == (outcome, list(winners))


def test_the_roll_may_be_larger_than_the_file(file: Path) -> None:
    """The others keep silent."""
    text = "person,choice\nada,x\nbob,x\ncyd,y\n"
    assert decided(file, text, "majority", share_of="roll").outcome == "decided"
    assert decided(file, text, "majority", share_of="roll", roll=4).outcome == "undecided"
    assert decided(file, text, "plurality", quorum=Fraction(1, 2), roll=7).outcome == "no_quorum"


def test_a_million_equal_ballots_are_one_step(file: Path) -> None:
    """A count is a count, and not so many rows."""
    result = decided(file, "count,choice\n600000,x>y\n400000,y>x\n", "instant_runoff")
    assert result.scores == {"x": 600_000, "y": 400_000}


def test_free_texts_are_compared_as_people_would(file: Path) -> None:
    """Their case and their gaps mean nothing."""
    text = "person,choice\nada,Main Street\nbob,main  street\ncyd,Elm Street\n"
    assert decided(file, text, "plurality", kind="text").winners == ("main street",)


@pytest.mark.parametrize(
    ("text", "policy", "line", "what", "remedy"),
    [
        ("person,choice,wight\nada,x,2\n", "plurality", 1, "column 'wight'", "the columns are person"),
        ("person\nada\n", "plurality", 1, "there is no column 'choice'", "say in it"),
        ("choice\nx\n", "plurality", 1, "no column 'person' or 'count'", "keep person for one ballot"),
        ("person,count,choice\na,1,x\n", "plurality", 1, "both columns", "keep person"),
        ("person,choice,choice\na,x,y\n", "plurality", 1, "a column comes twice", "keep one"),
        ("person,choice\nada,x\nbob\n", "plurality", 3, "not one cell for each column", "put text"),
        ("person,choice\nada,x,y\n", "plurality", 2, "not one cell for each column", "put text"),
        ("person,choice\n,x\n", "plurality", 2, "names no person", "name one"),
        ("count,choice\n0,x\n", "plurality", 2, "count '0' is no number of ballots", "from 1 to"),
        ("count,choice\n1.5,x\n", "plurality", 2, "count '1.5'", "whole number"),
        ("person,choice,weight\nada,x,0\n", "plurality", 2, "weight '0' is no weight", "above 0"),
        ("person,choice,weight\nada,x,1/0\n", "plurality", 2, "weight '1/0'", "above 0"),
        ("person,choice,weight\nada,x,-1\n", "plurality", 2, "weight '-1'", "above 0"),
        ("person,choice,weight\nada,x,1\nada,y,2\n", "plurality", 3, "another weight", "one weight"),
        ("count,choice\n900000,x\n900000,x\n", "plurality", 0, "stands for 1800000 people", "the most"),
        ("person,choice\nada,x>y\nbob,y>y\n", "schulze", 3, "two places", "see schulze"),
        ("person,choice\nada,x>>y\n", "schulze", 2, "a choice in it is empty", "a ranking such as A>B=C"),
        ("person,choice\nada,x|y\n", "schulze", 2, "'|' does not belong in it", "a ranking"),
        ("person,choice\nada,x>y\n", "approval", 2, "'>' does not belong in it", "A|B"),
        ("person,choice\nada,maybe\n", "veto", 2, "'maybe' is not one of the choices", "support, object"),
    ],
)
def test_what_is_wrong_is_told_with_its_line_and_remedy(
    file: Path, text: str, policy: str, line: int, what: str, remedy: str
) -> None:
    """Nothing is guessed, and nothing left out silently."""
    with pytest.raises(DefinitionError) as error:
        decided(file, text, policy)
    (problem,) = error.value.problems
    assert (problem.file, problem.line) == (str(file), line)
    assert what in problem.what
    assert remedy in problem.remedy


def test_everything_that_is_wrong_is_told_at_once(file: Path) -> None:
    """And not one thing a run."""
    with pytest.raises(DefinitionError) as error:
        decided(file, "count,choice\nx,x\n2,y\ny,x\n", "plurality")
    assert [problem.line for problem in error.value.problems] == [2, 4]


def test_choices_that_are_given_are_the_only_ones(file: Path) -> None:
    """And stand in their order, also those that nobody chose."""
    choices = tuple(Choice(key=key, label=key) for key in "zxy")
    file.write_text("person,choice\nada,x\nbob,w\n")
    rows = ballotfile.read(file)
    rule = ballotfile.ruled(file, rows, Rule(policy="plurality", choices=choices))
    assert rule.keys == ("z", "x", "y")
    with pytest.raises(DefinitionError, match="'w' is not one of the choices; the choices are z, x, y"):
        ballotfile.count(file, rows, rule)
    ada = [row for row in rows if row.person == "ada"]
    assert ballotfile.count(file, ada, replace(rule)).heads == {"x": 1}


@pytest.mark.parametrize("data", [b"person,choice\nada,\xff\n", b'person,choice\nada,"x\n', b"\x00\x01"])
def test_what_is_no_csv_is_refused(file: Path, data: bytes) -> None:
    """With the remedy, and without a traceback."""
    file.write_bytes(data)
    with pytest.raises(DefinitionError):
        ballotfile.read(file)


def test_a_file_that_is_not_there_is_said(file: Path) -> None:
    """By its name."""
    with pytest.raises(DefinitionError, match=r"votes\.csv: cannot be read"):
        ballotfile.read(file)
