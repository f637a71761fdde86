"""Answers written as words: people write them, programs write them, and nothing is guessed."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from socialbpm.posts import Ask, AskKind, Choice
from socialbpm.replies import LONGEST, Said, Unread, read, written

ROUTES = (
    Choice(key="north", label="North"),
    Choice(key="south", label="South over the hills"),
    Choice(key="east", label="East > by the river"),
    Choice(key="w2", label="1. FC Westend"),
)
VERDICTS = tuple(Choice(key=key, label=key) for key in ("approve", "changes", "reject"))


def ask(kind: AskKind = AskKind.RANKED, *choices: Choice, abstain: bool = False) -> Ask:
    """A question of this kind about four routes, or about these choices."""
    return Ask(request="r", version=1, kind=kind, choices=choices or ROUTES, abstain=abstain)


@pytest.mark.parametrize(
    ("text", "ballot"),
    [
        ("north", ("north",)),
        ("north > south = east", ("north", "south=east")),
        ("north>south>east", ("north", "south", "east")),
        ("NORTH  >  South over  the hills", ("north", "south")),
        ("north, south, east", ("north", "south", "east")),
        ("1. North 2. South over the hills = east", ("north", "south=east")),
        ("1) north\n2) south\n3) east", ("north", "south", "east")),
        ("2. south 1. north", ("north", "south")),
        ("1. north 1. south 2. east", ("north=south", "east")),
        ("1. north, south 2. east", ("north=south", "east")),
        ("10. north 9. south", ("south", "north")),
        ("East > by the river > north", ("east", "north")),
        ("1. FC Westend > north", ("w2", "north")),
        ("1. 1. FC Westend 2. north", ("w2", "north")),
        ("north >\nsouth", ("north", "south")),
    ],
)
def test_a_ranking_is_read_as_people_write_it(text: str, ballot: tuple[str, ...]) -> None:
    """By signs, by numbers, line by line; keys or labels, whatever capitals; equal ones side by side."""
    assert read(text, ask()) == Said(ballot)


@pytest.mark.parametrize(
    ("kind", "text", "said"),
    [
        (AskKind.VERDICT, "reject: the logo is old", Said(("reject",), "the logo is old")),
        (AskKind.VERDICT, "Approve\nGood work!", Said(("approve",), "Good work!")),
        (AskKind.VERDICT, "changes - a bit long", Said(("changes",), "a bit long")),
        (AskKind.MULTIPLE, "north, South & east", Said(("north", "south", "east"))),
        (AskKind.MULTIPLE, "north and w2\nnear home", Said(("north", "w2"), "near home")),
        (AskKind.SINGLE, "north", Said(("north",))),
        (AskKind.RANKED, "north > east\nsouth is too steep", Said(("north", "east"), "south is too steep")),
        (AskKind.RANKED, "withdraw", Said(())),
        (AskKind.SINGLE, "Withdraw: changed my mind", Said((), "changed my mind")),
        (AskKind.RANKED, "abstain", Said(("abstain",))),
    ],
)
def test_choices_and_reasons_are_told_apart(kind: AskKind, text: str, said: Said) -> None:
    """Of all kinds of questions; what follows the choices is the reason."""
    asked = ask(kind, *(VERDICTS if kind == AskKind.VERDICT else ()), abstain=True)
    known = {"south": "South"} if kind == AskKind.MULTIPLE else {}
    if known:
        asked = ask(kind, ROUTES[0], Choice(key="south", label="South"), *ROUTES[2:])
    assert read(text, asked) == said


@pytest.mark.parametrize(
    ("kind", "text", "expected"),
    [
        (AskKind.RANKED, "northeast > south", "names none of the choices; write for example: north > south"),
        (AskKind.RANKED, "north > west", "“west” is none of the choices"),
        (AskKind.RANKED, "north south", "“south” cannot be read"),
        (AskKind.RANKED, "north >", "“” is none of the choices"),
        (AskKind.RANKED, "north > withdraw", "“withdraw” cannot stand beside choices"),
        (AskKind.SINGLE, "north, south", "cannot be read; write for example: north"),
        (AskKind.SINGLE, "abstain", "names none of the choices"),
        (AskKind.MULTIPLE, "", "names none of the choices; write for example: north, south"),
        (AskKind.SINGLE, "x" * (LONGEST + 1), "letters, more than"),
    ],
)
def test_what_cannot_be_read_is_told_with_an_example(kind: AskKind, text: str, expected: str) -> None:
    """Nothing is guessed, nothing is dropped; the person can mend it."""
    with pytest.raises(Unread) as caught:
        read(text, ask(kind))
    assert expected in str(caught.value)


KEYS = st.lists(st.from_regex(r"[a-zäß][a-z0-9ß]{0,8}", fullmatch=True), min_size=2, max_size=6, unique=True)


@given(st.data(), KEYS, st.sampled_from([AskKind.RANKED, AskKind.MULTIPLE, AskKind.SINGLE]))
def test_what_is_written_reads_back(data: st.DataObject, keys: list[str], kind: AskKind) -> None:
    """For every ballot of every question: keys are names, and names are never ambiguous."""
    keys = [key for key in keys if key != "and"]
    asked = ask(kind, *(Choice(key=key, label=key.upper()) for key in keys))
    named = data.draw(st.lists(st.sampled_from(keys), unique=True, min_size=1)) if keys else []
    if kind == AskKind.SINGLE:
        named = named[:1]
    ballot = tuple(named)
    if kind == AskKind.RANKED and named:
        cuts = [True, *data.draw(st.lists(st.booleans(), min_size=len(named) - 1, max_size=len(named) - 1))]
        places: list[list[str]] = []
        for key, cut in zip(named, cuts, strict=True):
            if cut:
                places.append([])
            places[-1].append(key)
        ballot = tuple("=".join(place) for place in places)
    if keys:
        assert read(written(ballot, asked), asked) == Said(ballot)


@given(
    st.text(alphabet=st.sampled_from("north suEa1.2)>=,\n&-:ß"), max_size=40) | st.text(max_size=40),
    st.sampled_from(list(AskKind)),
)
def test_no_words_are_more_than_unread(text: str, kind: AskKind) -> None:
    """Whatever somebody writes, it is an answer about these choices, or they are told that it is none."""
    asked = ask(kind, abstain=True)
    try:
        said = read(text, asked)
    except Unread:
        return
    named = {key for place in said.choices for key in place.split("=")}
    assert named <= {choice.key for choice in ROUTES} | {"abstain"}
