"""The live feed: nothing missed, nothing seen that is not for one's eyes, valid Atom."""

from __future__ import annotations

import contextlib
import json
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path

import anyio
import pytest
from lxml import etree
from sqlalchemy import Connection

from socialbpm.people import Community, Member
from socialbpm.posts import Destination, Post, Span, dump
from socialbpm.store import Store, audit
from socialbpm.store.tables import audit as audit_table
from socialbpm.store.tables import delivery, request, run
from socialbpm.web import feed, runs
from socialbpm.web.runs import Drawings, Entry
from socialbpm.web.viewers import Viewer, viewer_of

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
OPERATOR = Viewer(person="olga", operator=True)


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    opened = Store(f"sqlite:///{tmp_path / 'social.db'}")
    yield opened
    opened.close()


def _run(conn: Connection, run_id: str, room: str = "") -> None:
    """A run, and a request that was posted to ``room``."""
    conn.execute(
        run.insert().values(id=run_id, status="waiting", version=1, reason="", started_at=NOW, changed_at=NOW)
    )
    if not room:
        return
    ask = {"run": run_id, "element": "ask", "name": "Ask", "kind": "postStatus", "address": "a", "task": {}}
    state = {"state": "OPEN", "version": 1, "opened_at": NOW, "counted": {}, "standings": {}, "round": 1}
    conn.execute(request.insert().values(id=f"r-{run_id}", **ask, **state))
    to = Destination(channel="local", room=room)
    frozen = {
        "post": dump(Post(key="k", destination=to, text=(Span("x"),))),
        "state": "SENT",
        "due": NOW,
        "seq": 0,
    }
    what = {"action": "create", "purpose": "open", "channel": "local", "room": room}
    conn.execute(delivery.insert().values(id=f"d-{run_id}", request=f"r-{run_id}", **what, **frozen))


def _happens(store: Store, run_id: str, kind: str = "run.resumed") -> None:
    with store.begin() as conn:
        audit.record(conn, NOW, kind, run_id)


async def _collect(store: Store, viewer: Viewer, after: int, rounds: Sequence[Sequence[str]]) -> list[str]:
    """What a listener is sent while, between its looks, the runs of each round do something."""
    to_come, sent = list(rounds), []

    async def look(number: int) -> tuple[int, Sequence[Entry]]:
        with store.read() as conn:
            upto = runs.settled(conn, number, NOW)
            return upto, runs.since(conn, viewer, Drawings(), number, upto)

    async def pause(_seconds: float) -> None:
        if not to_come:
            raise EOFError
        for run_id in to_come.pop(0):
            _happens(store, run_id)

    with contextlib.suppress(EOFError):
        async for piece in feed.stream(look, after, pause):
            sent.append(piece)
    return sent


def _numbers(sent: Sequence[str]) -> list[int]:
    return [int(piece.split("\n")[0].removeprefix("id: ")) for piece in sent if piece.startswith("id: ")]


def test_everything_is_sent_once_and_in_order(store: Store) -> None:
    """Whatever happens before, between and during the looks of a listener arrives exactly once."""
    with store.begin() as conn:
        _run(conn, "a")
    _happens(store, "a")
    sent = anyio.run(_collect, store, OPERATOR, 0, [["a", "a"], [], ["a"]])
    assert sent[0].startswith("retry: ")
    assert _numbers(sent) == [1, 2, 3, 4]


def test_a_listener_goes_on_where_it_stopped(store: Store) -> None:
    """With the number of the last event it got, a listener misses nothing and gets nothing twice."""
    with store.begin() as conn:
        _run(conn, "a")
    first = _numbers(anyio.run(_collect, store, OPERATOR, 0, [["a"], ["a", "a"]]))
    for _ in range(5):
        _happens(store, "a")
    again = _numbers(anyio.run(_collect, store, OPERATOR, first[-1], [["a"]]))
    assert first + again == list(range(1, 10))


def test_people_hear_only_of_runs_they_have_a_part_in(store: Store) -> None:
    """What happens in another community's run, or in one that has asked nobody, is not sent."""
    home = Community(
        name="home", destinations=(Destination(channel="local", room="home"),), roll=(Member(person="ada"),)
    )
    ada = viewer_of("ada", {"home": home}, (), {})
    assert ada is not None
    with store.begin() as conn:
        for run_id, room in (("ours", "home"), ("theirs", "elsewhere"), ("nobodys", "")):
            _run(conn, run_id, room)
    sent = anyio.run(_collect, store, ada, 0, [["ours", "theirs", "nobodys", "ours"]])
    assert _numbers(sent) == [1, 4]


def test_a_quiet_line_is_kept_open(store: Store) -> None:
    """After fifteen seconds without news a comment is sent, so that no proxy takes the line for dead."""
    looks = int(feed.BEAT_EVERY / feed.LOOK_EVERY)
    assert anyio.run(_collect, store, OPERATOR, 0, [[]] * (looks - 2))[1:] == []
    assert anyio.run(_collect, store, OPERATOR, 0, [[]] * (looks - 1))[1:] == [": still here\n\n"]


def test_a_late_number_is_waited_for(store: Store) -> None:
    """Where numbers are given out before the commit, no reader passes a gap that may still be filled."""
    entry = {"kind": "run.resumed", "run": None, "request": None, "facts": {}}
    with store.begin() as conn:
        for seq in (1, 2, 5):
            conn.execute(audit_table.insert().values(seq=seq, at=NOW, **entry))
    with store.read() as conn:
        assert runs.settled(conn, 0, NOW) == 2
        assert runs.settled(conn, 2, NOW) == 2
        assert runs.settled(conn, 0, NOW + timedelta(seconds=6)) == 5
        assert runs.last(conn, NOW) == 2


def test_the_page_looks_back_a_bounded_way(store: Store) -> None:
    """What lies further back than the reach is not looked at, but a run's own page shows all of it."""
    with store.begin() as conn:
        _run(conn, "a")
        for seq in (1, 2, runs.REACH + 1, runs.REACH + 2):
            entry = {"kind": "run.resumed", "run": "a", "request": None, "facts": {}}
            conn.execute(audit_table.insert().values(seq=seq, at=NOW, **entry))
    with store.read() as conn:
        feed_page = runs.newest(conn, OPERATOR, Drawings(), 100)
        run_page = runs.newest(conn, OPERATOR, Drawings(), 100, "a")
    assert [entry.seq for entry in feed_page] == [runs.REACH + 2, runs.REACH + 1]
    assert [entry.seq for entry in run_page] == [runs.REACH + 2, runs.REACH + 1, 2, 1]


def test_no_text_can_end_an_event_early() -> None:
    """A line break in a name stays inside of the JSON."""
    entry = Entry(seq=7, at=NOW, kind="x", run="r", request="", process="a\n\nid: 9\ndata: b", said="c\r\n")
    lines = feed.event(entry).split("\n")
    assert [line.partition(":")[0] for line in lines] == ["id", "event", "data", "", ""]
    assert json.loads(lines[2].removeprefix("data: "))["process"] == entry.process


def test_the_atom_feed_has_what_the_standard_asks_for() -> None:
    """RFC 4287: id, title, updated and author of the feed; id, title, updated and a link of each entry."""
    entry = Entry(seq=7, at=NOW, kind="x", run="r1", request="", process="Fish & <chips>", said="started")
    root = etree.fromstring(feed.atom([entry], "https://social.example", NOW))
    atom = "{http://www.w3.org/2005/Atom}"
    assert root.tag == f"{atom}feed"
    for element in (root, root.find(f"{atom}entry")):
        assert element is not None
        for name in ("id", "title", "updated"):
            assert len(element.findall(f"{atom}{name}")) == 1
    assert root.findtext(f"{atom}author/{atom}name")
    assert root.findtext(f"{atom}updated") == "2026-03-01T12:00:00Z"
    assert root.findtext(f"{atom}entry/{atom}title") == "Fish & <chips> started"
    link = root.find(f"{atom}entry/{atom}link")
    assert link is not None
    assert link.get("href") == "https://social.example/runs/r1"
