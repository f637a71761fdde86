"""A chart of how a request ended: what it says, what people's words can do to it, and that it fits."""

from __future__ import annotations

import io
import unicodedata
from dataclasses import replace
from fractions import Fraction

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from lxml import etree
from PIL import Image

from socialbpm.outcomes.chart import (
    Bar,
    Chart,
    Place,
    Round,
    Turnout,
    describe,
    png,
    shortened,
    svg,
    svg_file,
)
from socialbpm.outcomes.chart.layout import laid_out
from socialbpm.outcomes.chart.lettering import cleaned, clusters, is_rtl, width, wrapped
from socialbpm.outcomes.chart.sheet import WIDTH, Box, Line, Words

SVG = "{http://www.w3.org/2000/svg}"
RUNOFF = Chart(
    title="Capital of Tennessee",
    ended="decided: Knoxville",
    bars=(
        Bar(label="Memphis", value=Fraction(42)),
        Bar(label="Nashville", value=Fraction(26), place=Place.OUT),
        Bar(label="Chattanooga", value=Fraction(15), place=Place.OUT),
        Bar(label="Knoxville", value=Fraction(58), place=Place.WON, parts=(Fraction(17), Fraction(32))),
    ),
    of=Fraction(100),
    threshold=Fraction(51),
    turnout=Turnout(answered=100, roll=120, quorum=60),
    rounds=(Round(out="Chattanooga", value=Fraction(15)), Round(out="Nashville", value=Fraction(26))),
)


def labelled(*labels: str) -> Chart:
    return Chart(title="Which?", bars=tuple(Bar(label=label, value=Fraction(1)) for label in labels))


def drawn(chart: Chart) -> etree._Element:
    return etree.fromstring(str(svg(chart)).encode())


def texts(chart: Chart) -> list[str]:
    return [element.text or "" for element in drawn(chart).iter(f"{SVG}text")]


def test_a_chart_says_all_of_it_in_words() -> None:
    """Those who do not see the drawing hear the same, in the same order."""
    assert describe(RUNOFF) == (
        "Capital of Tennessee. decided: Knoxville. Memphis: 42 votes, 42 %. Nashville: 26 votes, 26 %, "
        "dropped out. Chattanooga: 15 votes, 15 %, dropped out. Knoxville: 58 votes, 58 %, won. "
        "Needed: 51 votes. 100 of 120 answered, 60 needed. Round 1: Chattanooga dropped out with 15 votes. "
        "Round 2: Nashville dropped out with 26 votes."
    )
    assert len(describe(RUNOFF, 50)) <= 50
    assert describe(RUNOFF, 50).endswith("…")


def test_the_drawing_is_a_picture_with_a_name_and_a_description() -> None:
    """Screen readers take role, title and description; nothing in it runs or is fetched."""
    for root in (drawn(RUNOFF), etree.fromstring(svg_file(RUNOFF))):
        assert root.get("role") == "img"
        assert root.findtext(f"{SVG}title") == "Capital of Tennessee"
        assert root.findtext(f"{SVG}desc") == describe(RUNOFF)
        assert not {"script", "image", "foreignObject"} & {
            etree.QName(each).localname for each in root.iter()
        }
    assert "style" not in {etree.QName(each).localname for each in drawn(RUNOFF).iter()}
    assert "prefers-color-scheme: dark" in svg_file(RUNOFF).decode()


def test_what_colour_says_is_said_by_shapes_and_words_too() -> None:
    """Each place has strokes of its own, and its word in the title of its row."""
    rows = {
        place: Chart(title="?", bars=(Bar(label="A", value=Fraction(1), place=place),)) for place in Place
    }
    shapes = {
        place: [
            item.points for group in laid_out(chart).groups for item in group.items if isinstance(item, Line)
        ]
        for place, chart in rows.items()
    }
    assert len({tuple(lines) for lines in shapes.values()}) == len(Place)
    assert all(shapes.values())
    for place, chart in rows.items():
        assert f"A: 1 vote, {place}" in [title.text for title in drawn(chart).iter(f"{SVG}title")]


@pytest.mark.parametrize(
    ("value", "of", "shown"),
    [
        (Fraction(0), Fraction(0), "0"),  # nobody answered: no share of nothing
        (Fraction(0), Fraction(3), "0 · 0 %"),
        (Fraction(2), Fraction(3), "2 · 67 %"),
        (Fraction(1, 3), None, "0.33"),
        (Fraction(5, 2), None, "2.5"),
        (Fraction(1), Fraction(1000), "1 · <1 %"),
        (Fraction(1, 2), Fraction(100), "0.5 · <1 %"),
    ],
)
def test_figures_as_people_write_them(value: Fraction, of: Fraction | None, shown: str) -> None:
    """Whole or with two digits; a share where there is one."""
    assert shown in texts(Chart(title="?", bars=(Bar(label="A", value=value),), of=of))


def test_words_are_data() -> None:
    """Markup is text, and signs that turn the direction or break a file are gone."""
    evil = "</text><script>alert(1)</script>\u202egnp.exe\x00\ud800&"
    chart = replace(labelled(evil), title=evil, ended=evil, rounds=(Round(out=evil, value=Fraction(1)),))
    assert "<script" not in str(svg(chart))
    assert {etree.QName(each).localname for each in drawn(chart).iter()} <= {
        "svg",
        "title",
        "desc",
        "g",
        "text",
        "rect",
        "polyline",
    }
    assert "\u202e" not in str(svg(chart))
    assert Image.open(io.BytesIO(png(chart))).width == 1200


def test_words_that_run_from_right_to_left_stand_at_the_right() -> None:
    """With their figures at the left; a letter decides, not a digit before it."""
    rows = {element.text: element for element in drawn(labelled("3. القلم", "Pen")).iter(f"{SVG}text")}
    assert rows["3. القلم"].get("direction") == "rtl"
    assert float(rows["3. القلم"].get("x", "0")) > WIDTH / 2
    assert rows["Pen"].get("direction") is None
    assert [is_rtl(text) for text in ("העיפרון", "Pen העיפרון", "12", "")] == [True, False, False, False]


def test_a_sign_of_several_characters_is_never_parted() -> None:
    """Joined emoji, flags, skin tones and letters with marks are cut off whole."""
    signs = ["👩‍🚀", "🇩🇪", "🇫🇷", "👍🏽", "e\u0301", "❤️", "க்", "x"]
    assert [*clusters("".join(signs))] == signs
    assert (
        wrapped("👩‍🚀" * 40, 10, 1)[0].rstrip("…").count("👩‍🚀") * 3
        == len(wrapped("👩‍🚀" * 40, 10, 1)[0]) - 1
    )


def test_fifty_choices_and_the_strongest_of_them() -> None:
    """A page shows all; a picture the strongest in their order, and what is beyond."""
    bars = tuple(Bar(label=f"Room {at}", value=Fraction(at)) for at in range(50))
    chart = Chart(title="?", bars=(replace(bars[0], place=Place.WON), *bars[1:]))
    assert sum(text.startswith("Room") for text in texts(chart)) == 50
    short = shortened(chart, 3)
    assert [bar.label for bar in short.bars] == ["Room 0", "Room 48", "Room 49"]
    assert short.beyond == "and 47 more, together 1128 votes"
    assert "and 47 more, together 1128 votes" in texts(short)
    assert shortened(short, 3) is short


def test_nothing_to_show_is_shown() -> None:
    """No choice at all, no votes at all, more answers than people on the roll."""
    for chart in (
        Chart(title="", bars=()),
        replace(labelled("A"), bars=(Bar(label="", value=Fraction(0)),), threshold=Fraction(0)),
        replace(labelled("A"), turnout=Turnout(answered=5, roll=3, quorum=9)),
        replace(labelled("A"), turnout=Turnout(answered=0)),
    ):
        assert drawn(chart).get("role") == "img"
        assert Image.open(io.BytesIO(png(chart))).format == "PNG"


def test_a_picture_is_the_same_layout() -> None:
    """Three times as fine, light, and small enough for every platform."""
    picture = png(RUNOFF)
    image = Image.open(io.BytesIO(picture)).convert("RGB")
    assert image.size == (1200, round(laid_out(RUNOFF).height * 6) // 2)
    assert image.getpixel((2, 2)) == (255, 255, 255)
    assert (27, 97, 40) in {colour for _, colour in image.getcolors(100_000) or []}  # what won is green
    assert len(picture) < 500_000


def test_a_picture_writes_what_no_font_has_by_its_name() -> None:
    """Signs get their names, letters of no font a number; the alt text has the words as they are."""
    ancient = labelled("\U00012000\U00012001", "🍕 👩‍🚀 🇩🇪", "\U0001ffff")
    spelled = labelled("Choice 1", "(slice of pizza) (woman rocket) (d e)", "(sign)")
    assert png(ancient) == png(spelled)


LABELS = st.text(max_size=80)
CHARTS = st.builds(
    Chart,
    title=LABELS,
    ended=LABELS,
    bars=st.lists(
        st.builds(
            Bar,
            label=LABELS,
            value=st.fractions(0, 1000, max_denominator=6),
            place=st.none() | st.sampled_from(Place),
        ),
        max_size=6,
    ).map(tuple),
    of=st.none() | st.fractions(0, 1000, max_denominator=3),
    threshold=st.none() | st.fractions(0, 1000, max_denominator=3),
)


@given(CHARTS)
def test_every_drawing_can_be_read(chart: Chart) -> None:
    """Whatever people wrote: it is XML, everything lies on the sheet, and rows do not overlap."""
    root, sheet = drawn(chart), laid_out(chart)
    assert root.get("viewBox") == f"0 0 {WIDTH:g} {sheet.height:g}"
    reached = 0.0
    for group in sheet.groups:
        for item in group.items:
            ys = _heights(item)
            assert 0 <= min(ys) <= max(ys) <= sheet.height
        lines = [item.y for item in group.items if isinstance(item, Words)]
        assert all(y > reached for y in lines)
        reached = max([reached, *lines])


def _heights(item: Box | Line | Words) -> list[float]:
    if isinstance(item, Box):
        assert item.x >= 0
        assert item.x + item.width <= WIDTH
        return [item.y, item.y + item.height]
    return [item.y] if isinstance(item, Words) else [y for _, y in item.points]


@given(LABELS, st.floats(6, 30), st.integers(1, 4))
def test_wrapped_words_fit_and_lose_nothing_but_the_end(text: str, room: float, most: int) -> None:
    """No line is wider than its room; what is not cut is all there."""
    lines = wrapped(text, room, most)
    assert len(lines) <= most
    assert all(width(line) <= room + 1e-9 for line in lines if len([*clusters(line)]) > 1)
    said = "".join(lines).replace(" ", "")
    whole = cleaned(text).replace(" ", "")
    assert said == whole or (said.endswith("…") and whole.startswith(said[:-1]))


@given(LABELS)
def test_cleaned_words_are_one_line_without_harm(text: str) -> None:
    """Nothing that an XML file cannot hold, and no sign that turns what follows."""
    said = cleaned(text)
    assert cleaned(said) == said
    assert not {unicodedata.category(letter) for letter in said} & {"Cc", "Cs", "Zl", "Zp"}
    etree.fromstring(f"<x>{said.replace('&', '').replace('<', '')}</x>".encode())


@settings(max_examples=10, deadline=None)
@given(CHARTS)
def test_every_picture_can_be_drawn(chart: Chart) -> None:
    """Whatever people wrote."""
    assert Image.open(io.BytesIO(png(chart))).width == 1200
