"""The catalogue: what a model may say, and what becomes of it."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from fractions import Fraction
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from socialbpm import tasks
from socialbpm.errors import DefinitionError, TaskFailed, UnsupportedFeature
from socialbpm.posts import Choice, Span
from socialbpm.tasks import Child, Declaration, Later, Place, notation, times

PLACE = Place(element="ask", file="f.bpmn", line=7)
TEXT = Child(name="text", attributes={}, text="Which route?", line=8)
CHOICES = [
    Child(name="choice", attributes={"key": "north"}, text="North", line=9),
    Child(name="choice", attributes={"key": "south"}, text="South", line=10),
]


def poll(*children: Child, **attributes: str) -> Declaration:
    """A declared poll with two choices, unless children are given."""
    given = {"to": "cyclists", "deadline": "P3D", **attributes}
    return tasks.declare("pollCommunity", given, children or [TEXT, *CHOICES], PLACE)


def flaws(element: str, attributes: dict[str, str], *children: Child) -> list[str]:
    """What is wrong with a task, as a person sees it, without file and line."""
    with pytest.raises(DefinitionError) as caught:
        tasks.declare(element, attributes, children or [TEXT], PLACE)
    return [str(problem).split("element 'ask': ", 1)[1] for problem in caught.value.problems]


def nothing_evaluates(template: str, native: bool) -> Any:
    raise AssertionError(f"{template} must not be evaluated")


def data(**values: Any) -> tasks.Evaluate:
    """An evaluation in which ``{{ name }}`` is the value of that name."""

    def evaluate(template: str, native: bool) -> Any:
        value = values[template.strip("{ }")]
        return value if native else (Span(str(value), authored=False),)

    return evaluate


def test_a_literal_task_resolves_without_evaluating_anything() -> None:
    """Every attribute becomes the value that its notation says; the id is the result variable by default."""
    declared = poll(quorum="50%", policy="threshold", threshold="2/3", ballots="final", close="decided")

    task = tasks.resolve(declared, nothing_evaluates)

    assert isinstance(task, tasks.PollCommunity)
    assert task.to == ("cyclists",)
    assert task.deadline == timedelta(days=3)
    assert (task.quorum, task.threshold) == (Fraction(1, 2), Fraction(2, 3))
    assert task.choices == (Choice(key="north", label="North"), Choice(key="south", label="South"))
    assert task.texts == (tasks.Wording(text=(Span("Which route?"),)),)
    assert tasks.result_variable(declared) == "ask"


def test_a_declaration_is_plain_json_without_lines() -> None:
    """It is kept in the stored spec, so it survives JSON and does not change when lines move."""
    declared = poll()

    assert json.loads(json.dumps(declared)) == declared
    assert all("line" not in child for child in declared["children"])


@pytest.mark.parametrize(
    "choices",
    [
        ["north", "south"],
        {"north": "north", "south": "south"},
        [{"key": "north", "label": "north"}, {"key": "south", "label": "south"}],
    ],
)
def test_choices_may_come_from_process_data(choices: Any) -> None:
    """A list of words, a list of key and label, or a mapping."""
    declared = poll(TEXT, choices="{{ routes }}")

    task = tasks.resolve(declared, data(routes=choices))

    assert isinstance(task, tasks.PollCommunity)
    assert [choice.key for choice in task.choices] == ["north", "south"]


def test_a_resolved_task_survives_the_store() -> None:
    """``dump`` is JSON with the element's name, and ``load`` takes it back unchanged."""
    declared = poll(
        TEXT,
        Child(name="media", attributes={"src": "map.png", "alt": "A map"}, text=""),
        *CHOICES,
        quorum="{{ share }}",
        at="2026-12-01T09:00:00+01:00",
        grace="PT0.5S",
        include="voters reasons",
    )
    task = tasks.resolve(declared, data(share="100%"))

    stored = json.loads(json.dumps(tasks.dump(task)))

    assert stored["element"] == "pollCommunity"
    assert tasks.load(stored) == task


def test_words_of_the_author_and_of_data_stay_apart() -> None:
    """A template keeps the provenance that the evaluation gives."""
    declared = poll(Child(name="text", attributes={}, text="{{ name }}"), *CHOICES)

    task = tasks.resolve(declared, data(name="@everyone"))

    assert task.texts[0].text == (Span("@everyone", authored=False),)


@pytest.mark.parametrize(
    ("element", "attributes", "expected"),
    [
        (
            "postStatus",
            {"to": "a", "polcy": "x"},
            "social:postStatus has no attribute 'polcy'; known: approval, approvalDeadline, approvers",
        ),
        ("postStatus", {"to": "a", "replyto": "x"}, "no attribute 'replyto'; did you mean 'replyTo'?"),
        ("postStatus", {"to": "a", "raiseOn": "posted"}, "social:postStatus has no attribute 'raiseOn'"),
        ("postStatus", {}, 'names no community; add to="…" with the name of a community from settings'),
        ("postStatus", {"to": "a", "onNoEdit": "skip"}, "onNoEdit needs edit"),
        ("postStatus", {"to": "a", "edit": "x", "replyTo": "y"}, "edit and replyTo exclude each other"),
        ("postStatus", {"to": "a", "at": "2026-12-01T09:00:00"}, "has no time zone"),
        ("postStatus", {"to": "a", "at": "tomorrow"}, "at: 'tomorrow' is no time"),
        ("postStatus", {"to": "a", "require": "most"}, "require: 'most' says not how many destinations"),
        ("postStatus", {"to": "a", "edit": "{{ x }}"}, "edit takes no {{ … }}"),
        ("requestReview", {"to": "a", "deadline": "3 days"}, "deadline: '3 days' is no duration"),
        ("requestReview", {"to": "a", "deadline": "P1M"}, "deadline: 'P1M' is no duration"),
        ("requestReview", {"to": "a", "deadline": "PT"}, "deadline: 'PT' is no duration"),
        ("requestReview", {"to": "a", "deadline": "P0D"}, "deadline: 'P0D' is no time at all"),
        ("requestReview", {"to": "a", "deadline": "P9999D"}, "deadline: 'P9999D' is too long"),
        ("requestReview", {"to": "a", "policy": "treshold"}, "did you mean 'threshold'?"),
        ("requestReview", {"to": "a", "policy": "borda"}, "policy 'borda' decides no verdict ballots"),
        ("requestReview", {"to": "a", "policy": "score"}, "policy 'score' is not yet in this version"),
        ("requestReview", {"to": "a", "policy": "n_of_m"}, "policy 'n_of_m' needs n"),
        ("requestReview", {"to": "a", "n": "2"}, "takes no n"),
        (
            "requestReview",
            {"to": "a", "n": "0", "policy": "n_of_m"},
            "n: '0' is no whole number of 1 or more",
        ),
        (
            "requestReview",
            {"to": "a", "threshold": "66"},
            "threshold: '66' is no share; write 66%, 2/3 or 0.66",
        ),
        ("requestReview", {"to": "a", "threshold": "0%"}, "a share is more than 0 and at most 100%"),
        ("requestReview", {"to": "a", "threshold": "3/2"}, "a share is more than 0 and at most 100%"),
        ("requestReview", {"to": "a", "threshold": "1/0"}, "a share is more than 0 and at most 100%"),
        ("requestReview", {"to": "a", "quorum": "many"}, "quorum: 'many' is no quorum"),
        (
            "requestReview",
            {"to": "a", "raiseOn": "expird"},
            "raiseOn names no outcome: 'expird'; did you mean",
        ),
        ("requestReview", {"to": "a", "include": "names"}, "include: nothing called 'names' can be included"),
        ("requestReview", {"to": "a", "tie": "casting_vote"}, 'add castingVote="…"'),
        (
            "requestReview",
            {"to": "a", "excludeAuthor": "no"},
            "excludeAuthor: 'no' is neither true nor false",
        ),
        (
            "requestReview",
            {"to": "a", "policy": "n_of_m", "n": "2", "close": "decided"},
            'close="decided" is sound only if answers cannot be changed; add ballots="final"',
        ),
        ("requestReview", {"to": "a", "resultVariable": "a-b"}, "'a-b' cannot be the name of a variable"),
        ("requestReview", {"to": "a", "resultVariable": "class"}, "'class' cannot be the name of a variable"),
    ],
)
def test_each_wrong_value_is_named_with_its_remedy(
    element: str, attributes: dict[str, str], expected: str
) -> None:
    """One sentence: which attribute, what is wrong, what to write instead."""
    assert expected in "\n".join(flaws(element, attributes))


@pytest.mark.parametrize(
    ("children", "expected"),
    [
        ([TEXT], "has 0 choices; a poll needs two at least"),
        ([TEXT, CHOICES[0]], "has 1 choices; a poll needs two at least"),
        ([TEXT, CHOICES[0], CHOICES[0]], "has two choices with key 'north'; give each its own key"),
        (
            [TEXT, CHOICES[0], Child(name="choice", attributes={"key": "n"}, text="North")],
            "has two choices called 'North'; say how they differ",
        ),
        ([TEXT, *CHOICES, Child(name="choice", attributes={"key": "typename"}, text="T")], "cannot be a key"),
        ([TEXT, *CHOICES, Child(name="choice", attributes={}, text="T")], "social:choice lacks 'key'"),
        ([TEXT, *CHOICES, Child(name="choice", attributes={"key": "x"}, text="")], "'' cannot be chosen"),
        ([*CHOICES], "has neither text nor media"),
        ([Child(name="text", attributes={}, text="  "), *CHOICES], "has an empty text"),
        ([TEXT, TEXT, *CHOICES], "has two texts without a network"),
        (
            [Child(name="text", attributes={"network": "x"}, text="Hi"), *CHOICES],
            "no text for other networks",
        ),
        (
            [TEXT, Child(name="media", attributes={"src": "a.png"}, text=""), *CHOICES],
            "media has no alt text",
        ),
        (
            [TEXT, Child(name="media", attributes={"src": "a.png", "alt": " "}, text=""), *CHOICES],
            "media has no alt text",
        ),
        ([TEXT, Child(name="media", attributes={"alt": "a"}, text=""), *CHOICES], "social:media lacks 'src'"),
        ([TEXT, Child(name="optoin", attributes={}, text="a"), *CHOICES], "no child element 'optoin'"),
        ([TEXT, Child(name="chioce", attributes={}, text="a"), *CHOICES], "did you mean 'choice'?"),
        ([Child(name="text", attributes={"netwrk": "x"}, text="a"), *CHOICES], "did you mean 'network'?"),
    ],
)
def test_wrong_children_are_named_with_their_line(children: list[Child], expected: str) -> None:
    """What stands inside a task is checked like the task itself."""
    assert expected in "\n".join(flaws("pollCommunity", {"to": "a", "deadline": "P1D"}, *children))


@pytest.mark.parametrize(
    "src",
    [
        *("/etc/passwd", "../secret.png", "a/../../b.png", "file:///etc/passwd", "http://example.org/a.png"),
        *("media:1", "https://user@example.org/a.png", "C:\\a.png", "https://", "a b.png\n"),
    ],
)
def test_media_is_never_a_path_of_this_machine(src: str) -> None:
    """Only our store, the package and https; the same when the address comes from data."""
    media = Child(name="media", attributes={"src": src, "alt": "a"}, text="", line=12)
    assert any("cannot be used" in flaw for flaw in flaws("postStatus", {"to": "a"}, TEXT, media))

    later = Child(name="media", attributes={"src": "{{ src }}", "alt": "a"}, text="")
    declared = tasks.declare("postStatus", {"to": "a"}, [TEXT, later], PLACE)
    with pytest.raises(TaskFailed, match="cannot be used"):
        tasks.resolve(declared, data(src=src))


@pytest.mark.parametrize(
    "src", ["media:" + "0a" * 32, "https://example.org/a.png?x=1", "img/map.png", "a..b.png"]
)
def test_media_from_store_package_or_https_is_taken(src: str) -> None:
    """The three kinds of source that exist."""
    media = Child(name="media", attributes={"src": src, "alt": "a"}, text="")
    assert tasks.declare("postStatus", {"to": "a"}, [media], PLACE)["children"][0]["attributes"]["src"] == src


def test_the_problem_of_a_child_stands_at_the_line_of_that_child() -> None:
    """The second of two choices is at fault, not the task."""
    with pytest.raises(DefinitionError) as caught:
        poll(TEXT, CHOICES[0], Child(name="choice", attributes={"key": "north"}, text="Up", line=42))
    assert [problem.line for problem in caught.value.problems] == [42]


def test_everything_wrong_is_told_at_once() -> None:
    """Nobody mends a model one error at a time."""
    found = flaws(
        "pollCommunity", {"to": "a", "deadline": "P3", "quorum": "0", "policy": "x"}, TEXT, CHOICES[0]
    )
    assert len(found) == 4


def test_a_disclosure_keeps_apart_what_the_author_and_what_data_says() -> None:
    """It stands in the post like the text itself, so its words from data may not act either."""

    def evaluate(template: str, native: bool) -> Any:
        assert not native
        return (Span("Paid by "), Span("@all", authored=False))

    declared = poll(disclosure="Paid by {{ sponsor }}")
    task = tasks.resolve(declared, evaluate)
    assert task.disclosure == (Span("Paid by "), Span("@all", authored=False))
    assert tasks.load(json.loads(json.dumps(tasks.dump(task)))) == task
    assert flaws("postStatus", {"to": "a", "disclosure": "x" * 301}) == [
        f"disclosure: '{'x' * 60}…' is not one line of at most 300 characters"
    ]


def test_what_only_data_can_tell_is_checked_when_the_request_opens() -> None:
    """The same rules apply to values from data; nothing of the failure is a traceback."""
    declared = poll(TEXT, choices="{{ routes }}")

    with pytest.raises(TaskFailed, match="a poll needs two at least") as caught:
        tasks.resolve(declared, data(routes=["only"]))

    assert caught.value.code == "social.invalid"
    assert str(caught.value).startswith("element 'ask'")


@pytest.mark.parametrize(
    "name", [name for name, entry in tasks.CATALOGUE.items() if isinstance(entry, tasks.NotYet)]
)
def test_elements_of_later_versions_are_known_and_refused(name: str) -> None:
    """Thirteen names from the first version on; those that are not carried out say so."""
    with pytest.raises(UnsupportedFeature, match=f"social:{name} is not yet in this version"):
        tasks.declare(name, {}, [], PLACE)


def test_there_are_thirteen_elements_and_four_are_carried_out() -> None:
    """The vocabulary of the namespace; an older schema must not drop what a newer one has."""
    assert len(tasks.ELEMENTS) == 13
    carried_out = ["postStatus", "requestReview", "pollCommunity", "seekConsent"]
    assert [model.element for model in tasks.MODELS] == carried_out


def test_an_unknown_element_is_refused_with_the_nearest_name() -> None:
    """Somebody meant something."""
    with pytest.raises(DefinitionError, match="did you mean 'pollCommunity'"):
        tasks.declare("pollComunity", {}, [], PLACE)


def test_an_id_that_is_no_variable_needs_a_result_variable() -> None:
    """Scripts and conditions could not name the result."""
    place = Place(element="ask-route")
    with pytest.raises(DefinitionError, match='add resultVariable="…"'):
        tasks.declare("postStatus", {"to": "a"}, [TEXT], place)
    declared = tasks.declare("postStatus", {"to": "a", "resultVariable": "asked"}, [TEXT], place)
    assert tasks.result_variable(declared) == "asked"


def test_tasks_made_in_python_obey_the_same_rules() -> None:
    """The models refuse what the model check refuses."""
    with pytest.raises(ValidationError, match="a poll needs two at least"):
        tasks.PollCommunity(to=("a",), texts=(tasks.Wording(text=(Span("?"),)),))


def test_every_field_has_title_and_description() -> None:
    """The reference page and the designer's forms are made of them."""
    for model in tasks.MODELS:
        for name, field in model.model_fields.items():
            assert field.title, name
            assert field.description, name


def test_the_result_of_a_task_has_documented_keys() -> None:
    """A gateway may read these and no others."""
    assert {"outcome", "explanation", "winner", "counts"} <= set(tasks.result_keys("pollCommunity"))
    assert "winner" not in tasks.result_keys("postStatus")
    assert tasks.outcomes("requestReview")[0] == "approved"


@given(st.timedeltas(min_value=timedelta(microseconds=1), max_value=times.LONGEST))
def test_a_written_duration_reads_back_exactly(duration: timedelta) -> None:
    """The store keeps durations as ISO 8601."""
    assert times.DURATION.read(times.written(duration)) == duration


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("P2W", timedelta(weeks=2)),
        ("P1DT12H", timedelta(days=1, hours=12)),
        ("PT90M", timedelta(minutes=90)),
        ("PT0.25S", timedelta(milliseconds=250)),
    ],
)
def test_durations_are_iso_8601(text: str, expected: timedelta) -> None:
    """Weeks alone, days, hours, minutes and seconds."""
    assert times.DURATION.read(text) == expected


def test_a_deadline_is_a_duration_or_a_moment_with_its_time_zone() -> None:
    """Naive times are refused: whose nine o'clock?"""
    assert times.DEADLINE.read("2026-12-01T09:00:00Z") == datetime(2026, 12, 1, 9, tzinfo=UTC)
    assert times.DEADLINE.read(timedelta(hours=1)) == timedelta(hours=1)
    with pytest.raises(notation.Misread, match="no time zone"):
        times.DEADLINE.read("2026-12-01T09:00:00")
    with pytest.raises(notation.Misread, match="no time zone"):
        times.DEADLINE.read(datetime(2026, 12, 1, 9))  # noqa: DTZ001 - the naive time is the point


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=8,
)


@given(JSON, st.sampled_from(sorted(tasks.attributes(tasks.PollCommunity))))
def test_no_value_from_data_is_more_than_a_failed_task(value: Any, attribute: str) -> None:
    """Whatever process data holds, opening a request gives a task or says why not."""
    if tasks.attributes(tasks.PollCommunity)[attribute][1].literal:
        return
    children = [TEXT] if attribute == "choices" else [TEXT, *CHOICES]
    declared = poll(*children, **{attribute: "{{ value }}"})
    try:
        task = tasks.resolve(declared, data(value=value))
    except TaskFailed:
        return
    assert tasks.load(json.loads(json.dumps(tasks.dump(task)))) == task


@given(
    st.sampled_from([*tasks.ELEMENTS, "polls", ""]),
    st.dictionaries(
        st.sampled_from(["to", "policy", "deadline", "at", "n", "choices", "zz"]), st.text(max_size=8)
    ),
    st.lists(
        st.fixed_dictionaries(
            {
                "name": st.sampled_from(["text", "media", "choice", "other"]),
                "attributes": st.dictionaries(
                    st.sampled_from(["key", "src", "alt", "network", "b"]), st.text()
                ),
                "text": st.text(),
            }
        ),
        max_size=4,
    ),
)
def test_no_model_is_more_than_a_definition_error(
    element: str, attributes: dict[str, str], children: list[Child]
) -> None:
    """Whatever a file says, the check gives a declaration or says what is wrong."""
    try:
        declared = tasks.declare(element, attributes, children, PLACE)
    except DefinitionError:
        return
    assert json.loads(json.dumps(declared)) == declared


def test_what_is_known_later_is_not_judged_now() -> None:
    """A threshold from data is no missing threshold."""
    declared = poll(policy="threshold", threshold="{{ share }}")
    task, unknown, found = tasks.known(declared)
    assert isinstance(task, tasks.PollCommunity)
    assert (unknown, found) == ({"threshold"}, [])
    assert isinstance(Later("x"), str)
