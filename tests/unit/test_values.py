"""Templates: what people and processes say stays data, and nothing in it can act."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from socialbpm.errors import TaskFailed
from socialbpm.posts import Span, plain
from socialbpm.spiff.values import check_template, evaluate_native, evaluate_text, evaluator

MARKS = ["\ufdd0", "\ufdd1", "\ufdd2"]
NASTY = st.lists(
    st.sampled_from(
        [*MARKS, "{{", "}}", "{%", "<b>", "@everyone", "[a](b)", "\ufdd0x\ufdd1", "https://x.org"]
    )
    | st.text(max_size=5)
).map("".join)


def test_authored_and_data_spans_follow_the_writing() -> None:
    """Each expression is a span of its own."""
    text = evaluate_text("Hi {{ name }}, {% if late %}at last{% endif %}!", {"name": "Ada", "late": True})

    assert text == (Span("Hi "), Span("Ada", authored=False), Span(", at last!"))


@given(NASTY, NASTY)
def test_data_never_becomes_an_authored_span(first: str, second: str) -> None:
    """Whatever the data holds (our own marks too), the authored spans are the author's very words."""
    template = "A{{ a }}B{% for x in rows %}C{{ x|upper }}{% endfor %}D{{ b|trim|default('E') }}"

    text = evaluate_text(template, {"a": first, "b": second, "rows": [second, first]})

    assert "".join(span.text for span in text if span.authored) == "ABCCD"
    assert not any(mark in plain(text) for mark in MARKS)


@given(NASTY)
def test_data_is_never_evaluated(value: str) -> None:
    """A value that looks like a template comes out as it went in."""
    kept = "".join("\ufffd" if char in MARKS else char for char in value)
    shown = evaluate_text("{{ value }}", {"value": "{{ 7 * 6 }}{% if x %}" + value})
    assert plain(shown).startswith("{{ 7 * 6 }}{% if x %}")
    assert evaluate_native("{{ value }}", {"value": value}) == value
    assert len(plain(shown)) <= len(kept) + len("{{ 7 * 6 }}{% if x %}")


def test_marks_in_the_authors_words_mean_nothing() -> None:
    """A pasted noncharacter cannot turn the author's words into data or the other way round."""
    assert evaluate_text("a\ufdd0b\ufdd1{{ x }}", {"x": 1}) == (
        Span("a\ufffdb\ufffd"),
        Span("1", authored=False),
    )


@pytest.mark.parametrize(
    ("template", "expected"),
    [
        ("{{ rows }}", [1, {"a": None}]),
        ("  {{- rows -}}  ", [1, {"a": None}]),
        ("{{ order.items }}", ["x"]),
        ("{{ rows | length }}", 2),
        ("{{ {'a': {'b': 1}} }}", {"a": {"b": 1}}),
        ("{{ rows | map('string') }}", ["1", "{'a': None}"]),
        ("{{ when }}", datetime(2026, 12, 1, tzinfo=UTC)),
        ("{{ lookalike }}", "{'a': 1}"),
        ("{{ 1 }}{{ 2 }}", "12"),
        ("P{{ 1 + 2 }}D", "P3D"),
        ("{{ missing | default('none') }}", "none"),
    ],
)
def test_a_single_expression_gives_its_value_and_no_other_template_does(template: str, expected: Any) -> None:
    """A list stays a list; a string that looks like a dict stays a string; two expressions make a text."""
    values = {
        "rows": [1, {"a": None}],
        "order": {"items": ["x"]},
        "when": datetime(2026, 12, 1, tzinfo=UTC),
        "lookalike": "{'a': 1}",
    }
    assert evaluate_native(template, values) == expected


@pytest.mark.parametrize(
    "template",
    [
        "{{ missing }}",
        "{{ row.missing }}",
        "{{ [row.missing] }}",
        "{{ ().__class__.__base__.__subclasses__() }}",
        "{{ row.__class__ }}",
        "{{ row.keys.__self__ }}",
        "{{ function() }}",
        "{{ thing }}",
        "{{ thing.attribute() }}",
        "{{ row.clear() }}",
        "{{ rows.append(1) }}",
        "{{ 'x' * 1000000000 }}",
        "{{ [1] * 1000000000 }}",
        "{{ 2 ** 2000 }}",
        "{{ '%1000000000d' % 1 }}",
        "{{ 'x'.center(1000000000) }}",
        "{{ 'x'.ljust(1000000000) }}",
        "{{ (5).to_bytes(1000000000) }}",
        "{{ '{:1000000000}'.format(1) }}",
        "{{ '{0.__class__}'.format(row) }}",
        "{{ range(1000000000) | list }}",
        "{{ namespace(a=1) }}",
        "{{ lipsum(1000) }}",
        "{{ row.name.upper }}",
        "{{ big }}",
        "{{ 1 // 0 }}",
        "{% for a in range(999) %}{% for b in range(999) %}{% endfor %}{% endfor %}",
        "{% for a in range(999) %}{{ row }}{{ row }}{{ row }}{% endfor %}",
    ],
)
def test_what_a_template_may_not_do_fails_the_task_and_nothing_else(template: str) -> None:
    """Undefined names, python's inner life, calls into data, and growth: each fails the task."""
    values = {
        "row": {"name": "Ada"},
        "rows": [1],
        "function": lambda: "called",
        "thing": object(),
        "big": "x" * 20_001,
    }
    with pytest.raises(TaskFailed, match="cannot be evaluated") as caught:
        evaluate_text(template, values)
    assert caught.value.code == "social.invalid"
    assert values["row"] == {"name": "Ada"}
    assert values["rows"] == [1]


def test_a_native_value_is_plain_at_every_depth() -> None:
    """Nothing undefined or callable travels on inside a list."""
    for template in ("{{ rows | map(attribute='missing') }}", "{{ [thing] }}", "{{ {'a': thing} }}"):
        with pytest.raises(TaskFailed):
            evaluate_native(template, {"rows": [{}], "thing": object()})


def test_control_characters_of_data_do_not_reach_a_post() -> None:
    """Line breaks and tabs stay, terminal escapes and NUL go."""
    text = evaluate_text("{{ x }}", {"x": "a\x00b\x1b[31mc\nd\te\x85"})
    assert plain(text) == "ab[31mc\nd\te"


def test_nothing_is_shown_for_none() -> None:
    """A JSON null is no word that people should read."""
    assert evaluate_text("a{{ x }}b", {"x": None}) == (Span("ab"),)


@pytest.mark.parametrize(
    ("template", "expected"),
    [
        ("{{ a", "template error: unexpected end of template"),
        ("{{ a | nope }}", "template error: No filter named 'nope'"),
        ("{{ a | center(9) }}", "template error: No filter named 'center'"),
        ("{% set a = 1 %}", "template error: 'set' is not offered here; use if and for"),
        ("{% set a %}{{ b }}{% endset %}", "'set' is not offered here"),
        ("{% filter reverse %}{{ a }}{% endfilter %}", "'filter' is not offered here"),
        ("{% macro m() %}{% endmacro %}", "'macro' is not offered here"),
        ("{% include 'x' %}", "'include' is not offered here"),
        ("{% for x in y recursive %}{% endfor %}", "recursive loops are not offered here"),
        ("{% fro x in y %}", "unknown tag 'fro'"),
        ("{{ a.b[0].c }} and {% if a %}b{% else %}c{% endif %}", None),
    ],
)
def test_a_template_that_cannot_be_read_is_known_before_it_runs(template: str, expected: str | None) -> None:
    """The model check and the evaluation agree."""
    found = check_template(template)
    if expected is None:
        assert found is None
    else:
        assert found is not None
        assert expected.lower() in found.lower()
        with pytest.raises(TaskFailed):
            evaluate_text(template, {})


@given(st.text(alphabet="{}%# abif|.'\"()[]1*-\n", max_size=40))
def test_any_writing_is_read_or_refused(template: str) -> None:
    """No template, however broken, is more than a failed task; what the check passes may lack its data."""
    wrong = check_template(template)
    for native in (True, False):
        try:
            evaluator({"a": 1, "b": [1]})(template, native)
        except TaskFailed:
            continue
        assert wrong is None or native is False
