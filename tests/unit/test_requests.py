"""Requests: opened once, with a frozen roll; refused before anything is written; revised in versions."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import timedelta
from fractions import Fraction
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import func, select, text

from socialbpm.errors import NotFound, OutcomeUnknown, RequestClosed, TaskFailed, TemporaryFailure
from socialbpm.people import Account, Community, Member
from socialbpm.posts import AskKind, Destination, MediaLimits, plain
from socialbpm.requests import Opening
from socialbpm.store import tables
from socialbpm.tasks import MediaSource
from tests.middle import Middle, declared, poll, review, statements, status

DAY = timedelta(days=1)


@pytest.fixture
def middle(tmp_path: Path) -> Middle:
    made = Middle(tmp_path / "social.db")
    made.run()
    return made


def rows(middle: Middle) -> dict[str, int]:
    """How many rows each table has."""
    with middle.store.read() as conn:
        return {
            table.name: conn.scalar(select(func.count()).select_from(table)) or 0
            for table in tables.metadata.sorted_tables
        }


def roll(middle: Middle, request: str) -> dict[str, str]:
    with middle.store.read() as conn:
        query = select(tables.voter.c.person, tables.voter.c.weight).where(tables.voter.c.request == request)
        return {row.person: row.weight for row in conn.execute(query)}


# opening


def test_the_same_key_opens_once(middle: Middle) -> None:
    """A crash and replay opens nothing anew: no row more, no post more."""
    request = middle.open(poll())
    before = rows(middle)
    assert middle.open(poll()) == request
    assert rows(middle) == before
    middle.drain()
    assert middle.wall.creates == 1


def test_opening_is_all_or_nothing_with_the_callers_transaction(middle: Middle) -> None:
    """The engine room commits state, requests and work together; rolled back, nothing of it was."""
    before = rows(middle)
    opening = Opening(key="k", run="run", address="a", element="e", name="n", task=poll())

    def fail() -> None:
        with middle.store.begin() as conn:
            assert middle.requests.open(conn, opening)
            raise KeyError

    with pytest.raises(KeyError):
        fail()
    assert rows(middle) == before


def test_what_was_examined_is_opened(middle: Middle) -> None:
    """Who has just examined an opening hands that on: nobody asks a second time."""
    opening = Opening(key="k", run="run", address="a", element="e", name="n", task=poll())
    examined = middle.requests.examine(opening)
    only = replace(examined, voters=examined.voters[:1])
    with middle.store.begin() as conn:
        assert middle.requests.open(conn, opening, only)
    assert list(roll(middle, "k")) == [only.voters[0].person]


def test_the_roll_is_a_snapshot(middle: Middle) -> None:
    """Who joins later may not answer; who leaves still may; weights are kept exactly."""
    middle.communities["room"] = _room(_person("ada", Fraction(1, 3)), _person("grace"))
    request = middle.open(poll())
    middle.communities["room"] = _room(_person("linus"))
    middle.answer(request, "ada", "north")
    middle.answer(request, "linus", "north")
    middle.drain()
    assert roll(middle, request) == {"ada": "1/3", "grace": "1"}
    assert middle.standings(request) == {"accepted": 1, "ineligible": 1}


def test_the_author_is_off_the_roll(middle: Middle) -> None:
    """By person, whatever account they use."""
    assert roll(middle, middle.open(poll(author="ada"))) == {"grace": "1", "linus": "1"}


def test_people_and_communities_may_be_named(middle: Middle) -> None:
    """Reviewers are communities or single persons, each person once.

    Without names, the communities addressed.
    """
    middle.communities["board"] = Community(name="board", roll=(_person("eve"), _person("ada", Fraction(5))))
    assert roll(middle, middle.open(review(reviewers=("board", "grace")))) == {
        "eve": "1",
        "ada": "5",
        "grace": "1",
    }
    everyone = middle.open(poll(to=("room", "board"), voters=("room", "board")), element="all")
    assert roll(middle, everyone) == {"ada": "1", "grace": "1", "linus": "1", "eve": "1"}


def test_a_room_of_two_communities_gets_one_post(middle: Middle) -> None:
    """Destinations are places: each is written to once."""
    middle.communities["friends"] = Community(
        name="friends", destinations=middle.communities["room"].destinations, roll=(_person("eve"),)
    )
    assert len(middle.deliveries(middle.open(poll(to=("room", "friends"))))) == 1


def _person(name: str, weight: Fraction = Fraction(1), account: str = "") -> Member:
    own = Account(channel="wall", id=account or f"@{name}")
    return Member(person=name, accounts=frozenset({own}), weight=weight)


def _room(*members: Member) -> Community:
    return Community(name="room", destinations=(Destination(channel="wall", room="main"),), roll=members)


@pytest.mark.parametrize(
    ("task", "says"),
    [
        (poll(to=("nobody",)), "community 'nobody' is not in the settings"),
        (poll(voters=("eve",)), "'eve' is no community and no person in one"),
        (poll(quorum=9), "quorum 9 can never be met"),
        (review(policy="n_of_m", n=4), "n=4 can never be met"),
        (review(tie="casting_vote", casting_vote="eve"), "'eve' has the casting vote but may not answer"),
        (status(require=2), "1 destinations are bound to room, require is 2"),
        (status("x" * 501), "the text has 501 characters, channel 'wall' carries 500"),
        (status("x" * 495, disclosure="Advert"), "the text has 502 characters"),
        (status(media=(MediaSource(src="a.png", alt="a"),) * 5), "5 media are too many for channel 'wall'"),
    ],
)
def test_what_cannot_be_carried_out_is_refused_before_anything_is_written(
    middle: Middle, task: Any, says: str
) -> None:
    """social.invalid, naming the element and the remedy; the transaction goes on unharmed."""
    before = rows(middle)
    with middle.store.begin() as conn:
        opening = Opening(key="k", run="run", address="a", element="ask", name="n", task=task)
        with pytest.raises(TaskFailed, match=re.escape(says)) as caught:
            middle.requests.open(conn, opening)
        with pytest.raises(TaskFailed, match=re.escape(says)):
            middle.requests.examine(opening)
    assert (caught.value.code, caught.value.element) == ("social.invalid", "ask")
    assert rows(middle) == before


@pytest.mark.parametrize("people", [(), ("ada",)])
def test_an_empty_roll_refuses(tmp_path: Path, people: tuple[str, ...]) -> None:
    """It never means "anyone"; also when only the author is on it."""
    middle = Middle(tmp_path / "social.db", people=people)
    middle.run()
    with pytest.raises(TaskFailed, match="the roll is empty"):
        middle.open(poll(author="ada"))


def test_an_account_answers_for_one_person(middle: Middle) -> None:
    """Two persons with one account: whose ballot it would be cannot be known."""
    middle.communities["room"] = _room(_person("ada", account="@x"), _person("grace", account="@x"))
    with pytest.raises(TaskFailed, match="belongs to 'ada' and to 'grace'"):
        middle.open(poll())


def test_a_channel_that_cannot_ask_is_refused(tmp_path: Path) -> None:
    """A question is never posted where it cannot be answered."""
    middle = Middle(tmp_path / "social.db", channels={"wall": declared(asks=frozenset({AskKind.SINGLE}))})
    middle.run()
    middle.open(poll())
    with pytest.raises(TaskFailed, match="cannot put a verdict question"):
        middle.open(review(), element="review")


def test_a_channel_without_pictures_is_refused_pictures(tmp_path: Path) -> None:
    """A picture is never silently left out."""
    middle = Middle(tmp_path / "social.db", channels={"wall": declared(media=MediaLimits(count=0))})
    middle.run()
    with pytest.raises(TaskFailed, match="1 media are too many"):
        middle.open(status(media=(MediaSource(src="a.png", alt="a"),)))


def test_the_ask_travels_in_the_post(middle: Middle) -> None:
    """Request, version, kind, choices and a fixed end are in the frozen post."""
    end = middle.clock.now() + DAY
    request = middle.open(poll(ballot="multiple", deadline=end))
    middle.drain()
    ask = middle.wall.posts["p1"].ask
    assert ask is not None
    assert (ask.request, ask.version, ask.kind, ask.ends_at) == (request, 1, AskKind.MULTIPLE, end)
    assert [choice.key for choice in ask.choices] == ["north", "south"]


# revising


def test_a_revision_voids_the_old_answers(middle: Middle) -> None:
    """New version: ballots are spoiled with the reason, the count begins anew, posts show and carry it."""
    request = middle.open(review(policy="n_of_m", n=2))
    middle.drain()
    middle.answer(request, "ada", "approve", version=1)
    middle.drain()
    middle.answer(request, "grace", "changes", version=1)
    assert (
        middle.requests.revise(request, text="Is it better?", media=[{"src": "v2.png", "alt": "Scan 2"}]) == 2
    )
    middle.answer(request, "linus", "approve", version=1)
    middle.drain()
    post = middle.wall.posts["p1"]
    assert plain(post.text) == "Is it better?"
    assert not post.text[0].authored
    assert post.media[0].alt == "Scan 2"
    assert post.ask is not None
    assert post.ask.version == 2
    assert middle.reasons(request) == [
        ("spoiled", "a new version is shown"),
        ("spoiled", "a new version is shown"),
        ("spoiled", "about version 1, but version 2 is open"),
    ]
    assert middle.request(request).standings == {"spoiled": 3}
    for person in ("ada", "grace"):
        middle.answer(request, person, "approve", version=2)
    middle.drain()
    assert middle.result(request)["outcome"] == "approved"
    assert middle.wall.posts["p1"].ask is None


def test_a_revision_of_what_was_not_sent_yet(middle: Middle) -> None:
    """Revised before the post went out: only the new text is ever posted."""
    middle.wall.faults.append(("before", TemporaryFailure("busy")))
    request = middle.open(review("old"))
    middle.drain()
    middle.requests.revise(request, text="new")
    middle.clock.advance(DAY / 24)
    middle.drain()
    assert [plain(post.text) for post in middle.wall.posts.values()] == ["new"]
    assert (middle.wall.creates, middle.wall.edits) == (2, 0)


def test_a_revision_of_what_may_stand_waits_for_it(middle: Middle) -> None:
    """Revised while the create is unknown: first reconciled, then edited."""
    middle.wall.faults.append(("after", OutcomeUnknown("timeout")))
    request = middle.open(review("old"))
    middle.drain()
    middle.requests.revise(request, text="new")
    middle.clock.advance(DAY / 24)
    middle.drain()
    assert [plain(post.text) for post in middle.wall.posts.values()] == ["new"]


def test_two_revisions_in_a_row(middle: Middle) -> None:
    """Only the newest is shown, whatever the order of the workers."""
    request = middle.open(review("one"))
    middle.drain()
    middle.requests.revise(request, text="two")
    middle.requests.revise(request, text="three")
    middle.drain()
    assert plain(middle.wall.posts["p1"].text) == "three"
    assert middle.wall.edits == 1
    assert middle.request(request).version == 3


def test_a_revision_where_the_channel_cannot_edit(tmp_path: Path) -> None:
    """The new version is asked below the old one; answers to the old post are spoiled by their version."""
    middle = Middle(tmp_path / "social.db", channels={"wall": declared(can_edit=False)})
    middle.run()
    request = middle.open(review("old"))
    middle.drain()
    middle.requests.revise(request, text="new")
    middle.drain()
    reply = middle.wall.posts["p2"]
    assert (plain(reply.text), reply.reply_to) == ("new", "p1")
    assert reply.ask is not None
    assert reply.ask.version == 2


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({"text": "x" * 501}, "501 characters"),
        ({"media": [{"src": "a.png", "alt": " "}]}, "media need src and alt"),
    ],
)
def test_a_revision_that_cannot_be_posted_changes_nothing(middle: Middle, change: Any, says: str) -> None:
    """Too long, or a picture without its description: refused, the old version stays."""
    request = middle.open(review())
    middle.drain()
    before = rows(middle)
    with pytest.raises(TaskFailed, match=says):
        middle.requests.revise(request, **change)
    assert rows(middle) == before
    assert middle.request(request).version == 1


def test_a_picture_of_a_revision_that_cannot_be_fetched(middle: Middle) -> None:
    """No version is counted that nobody is shown: answers to what still stands go on counting."""
    request = middle.open(review(policy="n_of_m", n=2))
    middle.drain()
    middle.answer(request, "ada", "approve", version=1)
    middle.drain()
    with pytest.raises(TaskFailed, match="is no picture"):
        middle.requests.revise(request, text="better", media=[{"src": "bad.exe", "alt": "Scan 2"}])
    assert [row.state for row in middle.deliveries(request)] == ["SENT"]
    middle.answer(request, "grace", "approve", version=1)
    middle.drain()
    assert middle.result(request)["outcome"] == "approved"


def test_a_revision_shows_the_bytes_that_were_checked(middle: Middle) -> None:
    """What was fetched for the check is what is posted: the source is not asked a second time."""
    request = middle.open(review())
    middle.drain()
    middle.requests.revise(request, media=[{"src": "v2.png", "alt": "Scan 2"}])
    assert [source["src"] for source in middle.deliveries(request)[1].post["sources"]] == ["frozen/v2.png"]
    middle.drain()
    assert middle.wall.posts["p1"].media[0].ref == "media:frozen/v2.png"


def test_only_what_is_open_can_be_revised(middle: Middle) -> None:
    """Unknown: NotFound. Closed, even by an answer that was not tallied yet: RequestClosed.

    A status asks nothing.
    """
    with pytest.raises(NotFound):
        middle.requests.revise("nothing", text="x")
    request = middle.open(review())
    middle.drain()
    middle.answer(request, "ada", "approve")
    with pytest.raises(RequestClosed):
        middle.requests.revise(request, text="x")
    middle.drain()
    assert middle.result(request)["outcome"] == "approved"
    with pytest.raises(RequestClosed):
        middle.requests.revise(middle.open(status(), element="s"), text="x")


# cost


def _hot(middle: Middle, request: str) -> list[str]:
    """The statements of one response, its tally, one decision with its edit, and one opening."""
    with statements(middle.store) as seen:
        middle.answer(request, "ada", "approve")
        middle.drain()
        middle.answer(request, "grace", "approve")
        middle.drain()
        middle.open(review(), element="one-more")
        middle.drain()
    return seen


def test_cost_does_not_grow_with_other_requests(tmp_path: Path) -> None:
    """The same statements, the same number of them, with 10 and with 2,000 other requests waiting."""
    seen = []
    for others in (10, 2000):
        middle = Middle(tmp_path / f"{others}.db")
        middle.run()
        request = middle.open(review(policy="n_of_m", n=2))
        middle.drain()
        _multiply(middle, request, others)
        seen.append(_hot(middle, request))
    assert seen[0] == seen[1]


def _multiply(middle: Middle, request: str, others: int) -> None:
    """Copy a request with its roll, its posts and a future piece of work, as plain rows."""
    with middle.store.begin() as conn:
        run = conn.execute(select(tables.run)).one()._asdict()
        first = conn.execute(select(tables.request).where(tables.request.c.id == request)).one()._asdict()
        post = conn.execute(select(tables.delivery)).first()
        assert post is not None
        numbers = range(others)
        conn.execute(tables.run.insert(), [run | {"id": f"run{n}"} for n in numbers])
        conn.execute(tables.request.insert(), [first | {"id": f"r{n}", "run": f"run{n}"} for n in numbers])
        posts = [post._asdict() | {"id": f"d{n}", "request": f"r{n}", "remote_id": f"x{n}"} for n in numbers]
        conn.execute(tables.delivery.insert(), posts)
        for roll in (tables.voter, tables.voter_account):
            people = [row._asdict() for row in conn.execute(select(roll)).all()]
            conn.execute(roll.insert(), [row | {"request": f"r{n}"} for row in people for n in numbers])
        work = {"kind": "tally", "next": middle.clock.now() + DAY}
        conn.execute(tables.work.insert(), [work | {"id": f"tally:r{n}", "ref": f"r{n}"} for n in numbers])


def test_no_hot_statement_scans_a_table(middle: Middle) -> None:
    """EXPLAIN QUERY PLAN of everything that a response, a tally, a decision and a delivery execute."""
    request = middle.open(review(policy="n_of_m", n=2))
    middle.drain()
    _multiply(middle, request, 50)
    with middle.store.begin() as conn:
        conn.execute(text("ANALYZE"))
    plans = [plan for statement in set(_hot(middle, request)) for plan in _plan(middle, statement)]
    assert len(plans) > 10
    scans = [plan for plan in plans if plan.startswith("SCAN") and plan != "SCAN CONSTANT ROW"]
    assert [plan for plan in scans if "USING INDEX" not in plan] == []


def _plan(middle: Middle, statement: str) -> list[str]:
    if not statement.startswith(("SELECT", "UPDATE", "DELETE")):
        return []
    with middle.store.read() as conn:
        raw = conn.connection.driver_connection
        assert raw is not None
        found = raw.execute(f"EXPLAIN QUERY PLAN {statement}", [None] * statement.count("?"))
        return [row[3] for row in found]
