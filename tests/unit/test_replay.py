"""Replay files: what they may say, and how a divergence reads."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from socialbpm.errors import DefinitionError
from socialbpm.testing.compare import final, midway
from socialbpm.testing.evidence import Evidence, Outgoing
from socialbpm.testing.replay_file import Expect, Midway, Script, read


def write(folder: Path, text: str) -> Path:
    (folder / "walk.bpmn").touch()
    file = folder / "walk.bad_path.replay.toml"
    file.write_text(text, "utf-8")
    return file


def refused(folder: Path, text: str) -> str:
    with pytest.raises(DefinitionError) as error:
        read(write(folder, text))
    return str(error.value).removeprefix(f"{folder}/walk.bad_path.replay.toml:")


def test_the_model_is_named_by_the_file(tmp_path: Path) -> None:
    """NAME.case.replay.toml plays NAME.bpmn beside it; the case keeps several replays of a model apart."""
    assert read(write(tmp_path, "title = 'x'")).models == (tmp_path / "walk.bpmn",)


def test_a_missing_model_is_named(tmp_path: Path) -> None:
    """A replay that plays nothing is refused at once, with the line to mend."""
    assert refused(tmp_path, "\nmodel = 'wlk.bpmn'").startswith("2: there is no file")


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("titel = 'x'", "1: unknown key 'titel'; did you mean 'title'?"),
        (
            "[[step]]\nafter='P1D'\n[[step]]\npersn='ada'",
            "4: unknown key 'step.1.persn'; did you mean 'person'?",
        ),
        ("[expect]\n[expect.outcome]\na='b'", "2: unknown key 'expect.outcome'; did you mean 'outcomes'?"),
        ("[[expect.post]]\nedit=1", "2: unknown key 'expect.post.0.edit'; did you mean 'edits'?"),
        ("[[step]]\nfail='a'\nas='refused'", "3: 'step.0.as' should be 'rejected', 'temporary'"),
        (
            "[[step]]\nrestart=true\ncancel=true",
            "1: 'step.0': a step does one thing, this one does restart and cancel",
        ),
        ("[[step]]\nperson='ada'", "1: 'step.0': 'person' does not belong to a step that does nothing"),
        (
            "[[step]]\nrespond='a'\nperson='ada'",
            "1: 'step.0': an answer needs a person (or an account), and one of choice",
        ),
        ("[[step]]\nrevise='a'", "1: 'step.0': a new version needs a new text or new media"),
        ("[[step]]\nafter='tomorrow'", "2: 'step.0.after' is not a length of time; write it as \"PT30M\""),
        ("starts_at=2026-01-01T00:00:00", "1: 'starts_at' has no time zone; let it end in Z: 2026"),
        ("a = [", "1: is not TOML"),
    ],
)
def test_a_mistake_is_named_with_its_line_and_the_nearest_right_name(
    tmp_path: Path, text: str, expected: str
) -> None:
    """Whoever writes a replay is told what is wrong with it, where, and what was probably meant."""
    assert refused(tmp_path, text).startswith(expected)


def post(**changes: object) -> Outgoing:
    whole = {"element": "ask", "communities": ("club",), "channel": "local", "room": "club", "state": "SENT"}
    return Outgoing(**(whole | {"text": "Which way?"} | changes))  # type: ignore[arg-type]


SEEN = Evidence(
    status="finished",
    reason="",
    path=("start", "ask", "end"),
    requests=(),
    waits=(),
    outcomes={"ask": ("tie", "decided")},
    explanations={},
    errors={},
    posts=(post(), post(text="Again: which way?", edits=2, note="north: 2 of 3", alts=("Map",))),
    standings={"accepted": 3},
    received=3,
    reminded={"grace": 2},
    escalated=("ask",),
    data={"poll": {"outcome": "decided", "counts": {"north": 2}, "winners": ["north"]}},
)


@pytest.mark.parametrize(
    "expected",
    [
        {"status": "finished", "path": ("start", "ask", "end"), "reached": "ask", "not_reached": ["other"]},
        {"outcomes": {"ask": ["tie", "decided"]}, "requests": [], "standings": {"accepted": 3, "late": 0}},
        {"data": {"poll": {"counts": {"north": 2}}}, "posts": {"club": 2, "elsewhere": 0}},
        {
            "post": [
                {"element": "ask", "text": "Which way?"},
                {"community": "club", "starts": "Again", "edits": 2},
            ]
        },
        {"post": [{"contains": ["Again", "way"], "note": "2 of 3", "alt": "Map"}]},
        {"reminded": {"grace": 2, "ada": 0}, "escalated": "ask"},
    ],
)
def test_what_came_out_as_expected_does_not_differ(expected: dict[str, object]) -> None:
    """Whatever is left out of an expectation is not looked at."""
    assert list(final(Expect.model_validate(expected), SEEN)) == []


def test_answers_without_a_standing_are_a_difference_whatever_is_expected() -> None:
    """The books are looked at in every replay: what was received is what was judged."""
    (found,) = final(Expect(), replace(SEEN, received=4))
    assert "4 answers were received, and 3 have a standing" in found.what


@pytest.mark.parametrize(
    ("expected", "place", "says"),
    [
        ({"status": "parked"}, ("expect", "status"), "the run is finished, it should be parked"),
        ({"path": ["start", "end"]}, ("expect", "path"), "+ ask"),
        ({"reached": ["other"]}, ("expect", "reached"), "'other' was not reached"),
        ({"not_reached": "ask"}, ("expect", "not_reached"), "'ask' was reached"),
        ({"outcomes": {"ask": "decided"}}, ("expect", "outcomes", "ask"), "+ tie"),
        ({"requests": ["ask"]}, ("expect", "requests"), "- ask"),
        ({"error": {"ask": "social.removed"}}, ("expect", "error", "ask"), "it should be 'social.removed'"),
        ({"posts": {"club": 1}}, ("expect", "posts", "club"), "2 posts stand in 'club', there should be 1"),
        (
            {"standings": {"late": 1}},
            ("expect", "standings", "late"),
            "0 answers are late, there should be 1",
        ),
        ({"reminded": {"grace": 1}}, ("expect", "reminded", "grace"), "reminded 2 times, it should be 1"),
        ({"escalated": []}, ("expect", "escalated"), "what was escalated differs"),
        ({"reason": "broken"}, ("expect", "reason"), "- broken"),
        ({"data": {"poll": {"winners": ["south"]}}}, ("expect", "data", "poll", "winners"), '"south"'),
        ({"data": {"pol": 1}}, ("expect", "data", "pol"), "there is no 'pol'"),
        ({"post": [{"text": "Which?"}]}, ("expect", "post", 0, "text"), "- Which?"),
        ({"post": [{"element": "other"}]}, ("expect", "post", 0), "there is no post of 'other'"),
        ({"post": [{"text": "Which way?"}] * 2}, ("expect", "post", 1, "text"), "+ Again: which way?"),
        ({"post": [{"state": "UNKNOWN"}]}, ("expect", "post", 0, "state"), "'SENT', it should be 'UNKNOWN'"),
    ],
)
def test_the_first_difference_is_named_with_its_place_and_a_diff(
    expected: dict[str, object], place: tuple[str | int, ...], says: str
) -> None:
    """A reader sees which expectation failed, what was expected (-) and what came (+)."""
    first = next(final(Expect.model_validate(expected), SEEN))
    assert first.place == place
    assert says in f"{first.what}\n{first.diff}"


def test_a_divergence_is_shown_at_the_line_that_states_the_expectation(tmp_path: Path) -> None:
    """The report begins like a compiler's, so that an editor can jump there."""
    script: Script = read(
        write(tmp_path, "[expect]\nstatus='finished'\n[expect.outcomes]\nask = 'decided'\n")
    )
    first = next(final(script.replay.expect, SEEN))
    assert first.text(script.file).splitlines()[0] == f"{script.file.name}:4: outcomes of 'ask' differ"


def test_midway_looks_only_at_what_it_states() -> None:
    """In the middle of a run, too, what is left out is not looked at."""
    assert list(midway(Midway(), SEEN, ("step", 0))) == []
    assert [d.place for d in midway(Midway(status="waiting"), SEEN, ("step", 0))] == [("step", 0, "status")]
