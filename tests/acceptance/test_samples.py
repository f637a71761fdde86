"""The samples: right, complete to open in a modeler, and with every way shown by a replay."""

from __future__ import annotations

import io
import re
import subprocess
import sys
from collections.abc import Iterator
from datetime import timedelta
from functools import cache
from itertools import combinations
from pathlib import Path
from typing import Any

import pytest
from lxml import etree
from PIL import Image
from sqlalchemy import select

import socialbpm
from socialbpm.designer import XSD
from socialbpm.social import Social
from socialbpm.store.tables import local_post, media
from socialbpm.testing import FakeClock
from socialbpm.testing.coverage import Coverage, coverage
from socialbpm.testing.replay import Played, play, read
from tests.pages import BASE, signed_in

ROOT = Path(__file__).parents[2]
SAMPLES = ROOT / "bpmn_samples"
MODELS = sorted(SAMPLES.glob("*.bpmn"))
REPLAYS = sorted(SAMPLES.glob("*.replay.toml"))
BPMN = "{http://www.omg.org/spec/BPMN/20100524/MODEL}"
DI = "{http://www.omg.org/spec/BPMN/20100524/DI}"
DC = "{http://www.omg.org/spec/DD/20100524/DC}"
GPS = 0x8825  # EXIF: where the picture was taken
WAYPOINT = "{http://www.omg.org/spec/DD/20100524/DI}waypoint"
NAMES = "newsroom readers partners cyclists reading_room archive_heads gardeners neighbours"
COMMUNITIES = {name: ["ada", "grace", "linus"] for name in NAMES.split()} | {
    "neighbourhood": [],
    "works_office": ["ada"],
}
each_model = pytest.mark.parametrize("model", MODELS, ids=lambda path: path.stem)


@each_model
def test_a_sample_is_right_and_deploys(model: Path, tmp_path: Path) -> None:
    """No problem is found, also when the communities are known."""
    with socialbpm.open(f"sqlite:///{tmp_path / 'x.db'}", communities=COMMUNITIES) as social:
        assert social.check(model) == []
        assert social.deploy(model).bpmn_id == model.stem


@cache
def played(path: Path) -> Played:
    return play(read(path))


@pytest.mark.parametrize("path", REPLAYS, ids=lambda path: path.name.removesuffix(".replay.toml"))
def test_a_replay_goes_as_it_says(path: Path) -> None:
    """Each tells one case, with people, clock and faults."""
    assert played(path).report == ""


@each_model
def test_every_element_and_every_possible_outcome_is_shown(model: Path) -> None:
    """A way that no replay goes is a way that nobody knows to work."""
    (seen,) = _covered(model)
    assert seen.unreached == ()
    assert seen.missing == ()


def _covered(model: Path) -> list[Coverage]:
    suite = [path for path in REPLAYS if path.name.startswith(f"{model.stem}.")]
    return coverage(played(path) for path in suite)


@each_model
def test_the_replays_of_a_sample_are_listed_on_its_page(model: Path) -> None:
    """Exactly those that exist, the plain one by the sample's name."""
    cases = {
        path.name.removesuffix(".replay.toml").removeprefix(model.stem)
        for path in REPLAYS
        if path.name.startswith(f"{model.stem}.")
    }
    table = model.with_suffix(".md").read_text("utf-8").split("## Replays")[1]
    listed = re.findall(r"^\| `([\w.]+)` \|", table, re.MULTILINE)
    assert sorted(name.removeprefix(model.stem) for name in listed) == sorted(cases)


def test_a_rejected_text_leaves_no_trace_outside_the_newsroom() -> None:
    """Neither sent nor waiting to be sent, in whatever state."""
    posts = played(SAMPLES / "press_release.rejected.replay.toml").evidence.posts
    assert {post.communities for post in posts} == {("newsroom",)}


def test_people_are_shown_a_scan_without_what_the_scanner_wrote_into_it(tmp_path: Path) -> None:
    """The sample's picture tells place and device; what is frozen for the channel does not."""
    scan = (SAMPLES / "media" / "scan_dark.png").read_bytes()
    assert Image.open(io.BytesIO(scan)).getexif().get_ifd(GPS)
    people = {"reading_room": ["ada", "grace", "otto"], "archive_heads": ["helen"]}
    with socialbpm.open(f"sqlite:///{tmp_path / 'x.db'}", communities=people) as social:
        social.start(social.deploy(SAMPLES / "image_review.bpmn"), _page(social.media.put(scan)))
        social.work()
        (shown,) = _shown(social)
    assert not Image.open(io.BytesIO(shown)).getexif()
    assert b"Reading Room Scanner" in scan
    assert b"Reading Room Scanner" not in shown


def _shown(social: Social) -> list[bytes]:
    """The bodies of the pictures in all posts of the local channel."""
    with social.rooms.store.read() as conn:
        posts = conn.execute(select(local_post.c.post)).scalars()
        refs = [picture["ref"].removeprefix("media:") for post in posts for picture in post["media"]]
        return list(conn.execute(select(media.c.body).where(media.c.id.in_(refs))).scalars())


def _page(ref: str) -> dict[str, object]:
    page = {"title": "a page", "alt": "a page of a register"}
    return {"operator": "otto", "page": page, "first_scan": ref, "second_scan": ref}


def test_the_feed_tells_every_stage_while_the_card_stays_one_post(tmp_path: Path) -> None:
    """A neighbour sees one post, brought up to date twice; the feed lists what happened, in order."""
    clock = FakeClock()
    people = {"neighbourhood": ["vera"], "works_office": ["ada"]}
    case = {"id": "7", "title": "Dark lamp", "description": "Mill Lane."}
    with socialbpm.open(
        f"sqlite:///{tmp_path / 'x.db'}", clock=clock, base_url=BASE, communities=people
    ) as social:
        run = social.start(social.deploy(SAMPLES / "progress_broadcast.bpmn"), {"case": case})
        social.work()
        social.respond(social.run(run.id).requests[0].id, "ada", "approve")
        social.work()
        clock.advance(timedelta(hours=4))
        social.work()
        vera = signed_in(social, "vera")
        titles = re.findall("<title>Progress broadcast (.*?)</title>", vera.get("/feed.atom").text)
        room = vera.get("/communities/neighbourhood").text
    assert [title for title in reversed(titles) if "neighbourhood" in title] == [
        "“Post the status card”: posted to neighbourhood",
        "“Card: examined”: the post in neighbourhood was brought up to date",
        "“Card: repaired”: the post in neighbourhood was brought up to date",
    ]
    assert (titles[-1], titles[0]) == ("started", "finished")
    assert room.count("Case 7, Dark lamp") == 1
    assert "● received ● examined ● repaired" in room


@cache
def drawn(model: Path) -> etree._Element:
    return etree.parse(model).getroot()


def nodes(model: Path) -> Iterator[etree._Element]:
    """The flow nodes of the process."""
    process = drawn(model).find(f"{BPMN}process")
    assert process is not None
    yield from (node for node in process if node.tag.endswith(("Task", "Gateway", "Event")))


def shapes(model: Path) -> dict[str, tuple[float, ...]]:
    """The bounds of each shape: left, top, right, bottom."""
    found = {}
    for shape in drawn(model).iter(f"{DI}BPMNShape"):
        bounds = shape.find(f"{DC}Bounds")
        assert bounds is not None
        x, y, width, height = (float(bounds.get(name, "nan")) for name in ("x", "y", "width", "height"))
        found[shape.get("bpmnElement", "")] = (x, y, x + width, y + height)
    return found


@each_model
def test_every_element_is_drawn(model: Path) -> None:
    """Each flow node has one shape with bounds, each flow one edge, and nothing else is drawn."""
    assert sorted(shapes(model)) == sorted(str(node.get("id")) for node in nodes(model))
    flows = [flow.get("id") for flow in drawn(model).iter(f"{BPMN}sequenceFlow")]
    assert sorted(edge.get("bpmnElement", "") for edge in drawn(model).iter(f"{DI}BPMNEdge")) == sorted(flows)


@each_model
def test_no_shape_lies_on_another(model: Path) -> None:
    """But for an event that sits on the border of its activity."""
    attached = {(str(node.get("attachedToRef")), str(node.get("id"))) for node in nodes(model)}
    for (one, a), (other, b) in combinations(shapes(model).items(), 2):
        if (one, other) in attached or (other, one) in attached:
            continue
        apart = a[2] <= b[0] or b[2] <= a[0] or a[3] <= b[1] or b[3] <= a[1]
        assert apart, f"{one} and {other}"


@each_model
def test_every_flow_touches_what_it_connects(model: Path) -> None:
    """An edge begins on the border of its source and ends on that of its target."""
    borders, flows = (
        shapes(model),
        {flow.get("id"): flow for flow in drawn(model).iter(f"{BPMN}sequenceFlow")},
    )
    for edge in drawn(model).iter(f"{DI}BPMNEdge"):
        flow = flows[edge.get("bpmnElement")]
        points = [(float(p.get("x", "nan")), float(p.get("y", "nan"))) for p in edge.iter(WAYPOINT)]
        assert _on_border(points[0], borders[str(flow.get("sourceRef"))]), flow.get("id")
        assert _on_border(points[-1], borders[str(flow.get("targetRef"))]), flow.get("id")


def _on_border(point: tuple[float, float], box: tuple[float, ...]) -> bool:
    (x, y), (left, top, right, bottom) = point, box
    inside = left <= x <= right and top <= y <= bottom
    return inside and (x in (left, right) or y in (top, bottom))


@each_model
def test_the_social_elements_keep_to_the_schema(model: Path) -> None:
    """As a modeler that validates against the shipped XSD would see them."""
    schema = etree.XMLSchema(etree.parse(XSD))
    found = [
        node for node in drawn(model).iter("{urn:socialbpm:1}*") if "}extension" in str(node.getparent().tag)
    ]
    assert found
    for node in found:
        schema.assertValid(etree.ElementTree(etree.fromstring(etree.tostring(node))))


def test_the_pictures_on_the_pages_are_fresh() -> None:
    """They show the diagrams as they are; else run scripts/pictures.py."""
    done = subprocess.run(
        [sys.executable, ROOT / "scripts" / "pictures.py", "--check"],
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert (done.returncode, done.stderr) == (0, "")


def blocks(language: str) -> list[Any]:
    """The code blocks of all pages of the samples, named by page and number."""
    pattern = re.compile(rf"^```{language}\n(.*?)^```$", re.DOTALL | re.MULTILINE)
    return [
        pytest.param(code, id=f"{page.stem}-{number}")
        for page in sorted(SAMPLES.glob("*.md"))
        for number, code in enumerate(pattern.findall(page.read_text("utf-8")), 1)
    ]


@pytest.mark.parametrize("code", blocks("sh"))
def test_the_commands_of_the_pages_run(code: str, tmp_path: Path) -> None:
    """Word by word, in a folder that holds the samples."""
    _run(["sh", "-euc", code], tmp_path)


@pytest.mark.parametrize("code", blocks("python"))
def test_the_programs_of_the_pages_run(code: str, tmp_path: Path) -> None:
    """Word by word, with warnings as errors."""
    assert "http://" in _run([sys.executable, "-W", "error", "-c", code], tmp_path)


def _run(command: list[str], folder: Path) -> str:
    (folder / "bpmn_samples").symlink_to(SAMPLES)
    done = subprocess.run(
        command,
        cwd=folder,
        capture_output=True,
        text=True,
        stdin=subprocess.DEVNULL,
        env={"PATH": f"{Path(sys.executable).parent}:/usr/bin:/bin"},
        timeout=120,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout
