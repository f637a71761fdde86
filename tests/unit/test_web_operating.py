"""What operators do on the page of a run, and nobody else does."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import select
from starlette.testclient import TestClient

from socialbpm.social import Social
from socialbpm.social.views import PostView, Run
from socialbpm.store.tables import run as runs
from socialbpm.testing.clock import FakeClock
from socialbpm.testing.loopback import LoopbackServer
from tests.pages import field, house, signed_in, started


@pytest.fixture
def platform(tmp_path: Path) -> Iterator[LoopbackServer]:
    """A platform on which nobody can find out whether a post went out; it hangs up after the first one."""
    with LoopbackServer(str(tmp_path / "platform.db"), mode="none", faults=["accept-then-drop:1"]) as server:
        yield server


@pytest.fixture
def social(tmp_path: Path, platform: LoopbackServer) -> Iterator[Social]:
    loop = {"adapter": "loopback", "url": platform.url, "mode": "none"}
    people = {"press_room": {"loop": {"room": "r", "people": {"ada": "u1", "grace": "u2"}}}}
    with house(
        tmp_path, FakeClock(), channels={"loop": loop}, communities=people, operators=["olga"]
    ) as opened:
        yield opened


@pytest.fixture
def run(social: Social, tmp_path: Path) -> Run:
    return started(social, tmp_path)


def _unknown(social: Social, run: Run) -> PostView:
    (post,) = (post for each in social.requests(run.id) for post in each.posts if post.state == "UNKNOWN")
    return post


def _settle(browser: TestClient, run: Run, post: PostView, **said: str) -> int:
    token = field(browser.get(f"/runs/{run.id}").text, "token")
    return browser.post(f"/runs/{run.id}/deliveries/{post.id}", data={"token": token, **said}).status_code


def _states(social: Social, run: Run) -> list[str]:
    return sorted(post.state for each in social.requests(run.id) for post in each.posts)


def test_a_post_in_doubt_is_shown_to_all_and_settled_by_operators(social: Social, run: Run) -> None:
    """Everybody sees that nobody knows; only an operator is asked, and only an operator's word is taken."""
    post = _unknown(social, run)
    ada, olga = signed_in(social, "ada"), signed_in(social, "olga")
    assert "Unknown: it may stand or not" in ada.get(f"/runs/{run.id}").text
    assert "It is not there: send it" not in ada.get(f"/runs/{run.id}").text
    assert _settle(ada, run, post, found="missing") == 403
    assert "It is not there: send it" in olga.get(f"/runs/{run.id}").text
    assert _states(social, run) == ["SENT", "UNKNOWN"]


def test_a_post_that_stands_goes_on_under_its_number(social: Social, run: Run) -> None:
    """The operator has looked and gives its number and address; nothing is sent again."""
    post, olga = _unknown(social, run), signed_in(social, "olga")
    said = {"found": "stands", "remote_id": "42", "url": "https://platform.example/42"}
    assert _settle(olga, run, post, **said) == 200
    social.work()
    assert _states(social, run) == ["SENT", "SENT"]
    assert 'href="https://platform.example/42"' in olga.get(f"/runs/{run.id}").text


def test_a_post_that_is_missing_is_sent(social: Social, run: Run) -> None:
    """The operator has looked and found nothing: it is sent now."""
    post, olga = _unknown(social, run), signed_in(social, "olga")
    assert _settle(olga, run, post, found="missing") == 200
    social.work()
    assert _states(social, run) == ["SENT", "SENT"]


@pytest.mark.parametrize(
    "said",
    [
        {},
        {"found": "perhaps"},
        {"found": "stands"},
        {"found": "stands", "remote_id": "42", "url": "javascript:alert(1)"},
        {"found": "missing", "token": "of nobody"},
    ],
)
def test_a_word_that_does_not_settle_it_changes_nothing(
    social: Social, run: Run, said: dict[str, str]
) -> None:
    """No word, half a word, an address that is none, a form of somebody else."""
    post, olga = _unknown(social, run), signed_in(social, "olga")
    assert _settle(olga, run, post, **said) in (400, 403)
    assert _states(social, run) == ["SENT", "UNKNOWN"]


def test_what_is_settled_is_settled(social: Social, run: Run) -> None:
    """The second of two operators is told that nothing is left to settle; another run is no way in."""
    post, olga = _unknown(social, run), signed_in(social, "olga")
    assert _settle(olga, run, post, found="missing") == 200
    social.work()
    assert _settle(olga, run, post, found="missing") == 409
    token = field(olga.get("/").text, "token")
    elsewhere = olga.post(f"/runs/another/deliveries/{post.id}", data={"token": token, "found": "missing"})
    assert elsewhere.status_code == 404


def test_a_parked_run_is_tried_again_by_operators(social: Social, run: Run) -> None:
    """Operators are told why the run is parked and have it try again; a reason can quote the run's data."""
    with social.store.begin() as conn:
        conn.execute(runs.update().values(status="parked", reason="the disk was full"))
    ada, olga = signed_in(social, "ada"), signed_in(social, "olga")
    for browser, status in ((ada, 403), (olga, 200)):
        page = browser.get(f"/runs/{run.id}").text
        assert "This run needs a person." in page
        assert ("the disk was full" in page) == (status == 200)
        assert ("try again" in page) == (status == 200)
        answer = browser.post(f"/runs/{run.id}/again", data={"token": field(page, "token")})
        assert answer.status_code == status
    with social.store.read() as conn:
        assert conn.scalar(select(runs.c.status)) == "waiting"
