"""The pages in less usual moments: feed keys, threads, faults of our own, what is half filled in."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from starlette.testclient import TestClient

from socialbpm.social import Social
from socialbpm.social.views import Run
from socialbpm.store.tables import local_post, process
from socialbpm.testing.clock import FakeClock
from tests import pages
from tests.pages import field, form, house, path_of, signed_in, started


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock()


@pytest.fixture
def social(tmp_path: Path, clock: FakeClock) -> Iterator[Social]:
    with house(tmp_path, clock) as opened:
        yield opened


@pytest.fixture
def run(social: Social, tmp_path: Path) -> Run:
    return started(social, tmp_path)


def _request(run: Run, element: str) -> str:
    return next(each.id for each in run.requests if each.element == element)


def _feed_address(social: Social, person: str) -> str:
    page = signed_in(social, person).get("/feed").text
    return "/feed.atom?key=" + page.partition("/feed.atom?key=")[2].partition('"')[0]


def test_a_feed_key_opens_the_feed_and_nothing_else(social: Social, run: Run, clock: FakeClock) -> None:
    """A feed reader has no session: its key shows what its person may see, for a year."""
    reader = TestClient(social.asgi(), base_url=pages.BASE)
    address = _feed_address(social, "ada")
    answer = reader.get(address)
    assert answer.headers["content-type"].startswith("application/atom+xml")
    assert "A poster started" in answer.text
    assert "A poster" not in reader.get(_feed_address(social, "vera")).text
    key = address.partition("=")[2]
    thief = TestClient(social.asgi(), base_url=pages.BASE, cookies={"socialbpm_session": key})
    assert thief.get("/").status_code == 401
    assert reader.get(f"/enter/{key}").status_code == 403
    assert reader.get(address[:-3] + "abc").status_code == 401
    clock.advance(timedelta(days=366))
    assert reader.get(address).status_code == 401


def test_a_link_that_was_confirmed_leads_on_at_once(social: Social) -> None:
    """Who is signed in as its person already is not asked again; somebody else is told what will change."""
    ada, grace = signed_in(social, "ada"), signed_in(social, "grace")
    link = path_of(social.link("ada", "/runs"))
    assert str(ada.get(link).url) == f"{pages.BASE}/runs"
    page = grace.get(link).text
    assert "You are signed in as <strong>grace</strong>" in page
    assert "grace" in grace.get("/").text


def test_a_form_that_lacks_its_hidden_fields_is_refused(social: Social, run: Run) -> None:
    """Without the id of the answer a repeat could count twice."""
    ada, poll = signed_in(social, "ada"), _request(run, "which_colours")
    answer = ada.post(f"/requests/{poll}", data=form(ada, poll, choice="red") | {"once": ""})
    assert answer.status_code == 400
    assert "Open the page again" in answer.text


def test_a_form_that_is_no_text_is_refused(social: Social, run: Run) -> None:
    """Bytes that are no UTF-8, and thousands of fields."""
    ada = signed_in(social, "ada")
    kind = {"content-type": "application/x-www-form-urlencoded"}
    for body in (b"token=\xff\xfe", b"a=1&" * 1001):
        assert ada.post("/leave", content=body, headers=kind).status_code == 400


def _told(social: Social, run: Run, clock: FakeClock) -> None:
    """Let the run come to its end, where it posts a status."""
    for person in ("ada", "grace"):
        social.respond(_request(run, "check_scan"), person, "approve")
    social.work()
    clock.advance(timedelta(days=1, minutes=1))
    social.work()
    assert social.run(run.id).status == "finished"


def test_a_status_has_a_page_of_its_own(social: Social, run: Run, clock: FakeClock) -> None:
    """It asks nothing, so its link leads to the post itself; others of no part in it find nothing."""
    _told(social, run, clock)
    (url,) = {
        post.url for each in social.requests(open_only=False) if each.element == "tell" for post in each.posts
    }
    assert "The scan: approved" in signed_in(social, "ada").get(path_of(url)).text
    assert signed_in(social, "vera").get(path_of(url)).status_code == 404


def test_a_run_that_has_ended_shows_its_whole_path(social: Social, run: Run, clock: FakeClock) -> None:
    """Each step that people know is done, in order, and marked so in the picture."""
    _told(social, run, clock)
    page = signed_in(social, "ada").get(f"/runs/{run.id}").text
    path = page.partition('<ol class="path">')[2].partition("</ol>")[0]
    names = [piece.partition("<")[0] for piece in path.split('class="state good">')[1:]]
    assert names == ["Scan made", "Check the scan", "Which colours?", "Tell everybody", "Told"]
    assert "<title>Told: done</title>" in page


def test_replies_stand_below_the_post_they_answer(social: Social, run: Run) -> None:
    """A thread is shown as one; the reply is not repeated as a post of its own."""
    poll = _request(run, "which_colours")
    with social.store.begin() as conn:
        posts = conn.execute(local_post.select()).all()
        head = next(row for row in posts if row.request == poll)
        reply = dict(head._mapping) | {"key": "reply", "request": None}
        reply["post"] = head.post | {"key": "reply", "reply_to": head.key, "ask": None}
        reply["post"]["text"] = [{"text": "A reminder", "authored": True}]
        conn.execute(local_post.insert().values(**reply))
    page = signed_in(social, "ada").get("/communities/press_room").text
    assert page.count("A reminder") == 1
    thread = page.partition("Which colours shall the poster have?")[2]
    assert "A reminder" in thread.partition('aria-label="Replies"')[2]


def test_a_long_stream_has_pages(social: Social, run: Run, clock: FakeClock) -> None:
    """Twenty threads at a time, the newest first; none is left out, none shown twice."""
    with social.store.begin() as conn:
        head = conn.execute(local_post.select()).first()
        assert head is not None
        for number in range(25):
            post = dict(head._mapping) | {"key": f"k{number}", "request": None}
            post |= {"posted_at": clock.now() + timedelta(minutes=number + 1)}
            text = [{"text": f"Post number {number}.", "authored": True}]
            post["post"] = head.post | {"key": f"k{number}", "ask": None, "text": text, "media": []}
            conn.execute(local_post.insert().values(**post))
    ada = signed_in(social, "ada")
    first = ada.get("/communities/press_room").text
    older = first.partition('href="?before=')[2].partition('"')[0]
    second = ada.get(f"/communities/press_room?before={older}").text
    for number in range(25):
        text = f"Post number {number}."
        assert (first.count(text), second.count(text)) == ((1, 0) if number >= 5 else (0, 1))
    assert ada.get("/communities/press_room?before=nonsense").status_code == 200


def test_a_fault_of_ours_is_owned_and_tells_nothing(social: Social, run: Run) -> None:
    """The page says that it is our fault; what went wrong is for the log. It is shielded like all others."""
    with social.store.begin() as conn:
        conn.execute(process.update().values(sources=b"no zip at all"))
    browser = TestClient(social.asgi(), base_url=pages.BASE, raise_server_exceptions=False)
    browser.post(path_of(social.link("ada")))
    answer = browser.get(f"/runs/{run.id}")
    assert answer.status_code == 500
    assert "Something went wrong here" in answer.text
    assert "zip" not in answer.text
    assert "default-src 'none'" in answer.headers["content-security-policy"]


def test_not_ready_without_its_schema(social: Social) -> None:
    """A load balancer is told not to send people here."""
    with social.store.begin() as conn:
        conn.exec_driver_sql("DROP TABLE social_alembic_version")
    machine = TestClient(social.asgi(), base_url=pages.BASE)
    assert machine.get("/readyz").status_code == 503
    assert machine.get("/healthz").status_code == 200


def test_who_is_taken_off_every_roll_is_nobody(tmp_path: Path) -> None:
    """The cookie of somebody who has left opens nothing, whatever it says."""
    with house(tmp_path) as social:
        cookie = signed_in(social, "ada").cookies
    without = {"press_room": {"local": ["grace"]}}
    with house(tmp_path, communities=without) as social:
        browser = TestClient(social.asgi(), base_url=pages.BASE, cookies=cookie)
        assert browser.get("/").status_code == 401
        assert browser.get("/feed/events").status_code == 401
        token = "x"
        assert browser.post("/leave", data={"token": token}).status_code == 401


def test_a_removed_choice_in_an_open_page_is_told(social: Social, run: Run) -> None:
    """The form keeps what was written when it has to be filled in again."""
    ada, poll = signed_in(social, "ada"), _request(run, "which_colours")
    answer = ada.post(f"/requests/{poll}", data=form(ada, poll, choice="mauve", comment="My reasons"))
    assert answer.status_code == 422
    assert "none of the choices" in answer.text
    assert "My reasons</textarea>" in answer.text
    assert field(answer.text, "token")
