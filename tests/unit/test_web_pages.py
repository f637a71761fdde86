"""The pages, called as a browser calls them, on a real store and a real process."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import func, select
from starlette.applications import Starlette
from starlette.routing import Mount
from starlette.testclient import TestClient

from socialbpm.channels import answers, signatures
from socialbpm.channels.answers import Answer
from socialbpm.social import Social
from socialbpm.social.views import Run
from socialbpm.store.tables import event, media
from socialbpm.testing.clock import FakeClock
from socialbpm.web.session import Signer
from tests import pages
from tests.pages import form, house, path_of, signed_in, started


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock()


@pytest.fixture
def social(tmp_path: Path, clock: FakeClock) -> Iterator[Social]:
    with house(tmp_path, clock, operators=["olga"]) as opened:
        yield opened


@pytest.fixture
def run(social: Social, tmp_path: Path) -> Run:
    return started(social, tmp_path, author="linus")


@pytest.fixture
def review(run: Run) -> str:
    return next(each.id for each in run.requests if each.element == "check_scan")


@pytest.fixture
def poll(run: Run) -> str:
    return next(each.id for each in run.requests if each.element == "which_colours")


def _events(social: Social) -> int:
    with social.store.read() as conn:
        return conn.scalar(select(func.count()).select_from(event)) or 0


# signing in


def test_nothing_is_shown_to_nobody(social: Social, run: Run, review: str) -> None:
    """Without a session every page says how to sign in, and tells nothing of what there is."""
    stranger = TestClient(social.asgi(), base_url=pages.BASE)
    for path in (
        "/",
        "/feed",
        "/feed.atom",
        "/feed/events",
        "/runs",
        f"/runs/{run.id}",
        f"/requests/{review}",
    ):
        answer = stranger.get(path)
        assert answer.status_code == 401, path
        assert "personal link" in answer.text
        assert "Bern" not in answer.text


def test_opening_a_link_neither_signs_in_nor_decides(social: Social, review: str) -> None:
    """A preview that fetches a link gets a page that asks who one is: no session, no answer, no content."""
    robot = TestClient(social.asgi(), base_url=pages.BASE)
    link = path_of(social.link("ada", f"/requests/{review}"))
    answer = robot.get(link)
    assert answer.status_code == 200
    assert "Sign in as ada" in answer.text
    assert not robot.cookies
    assert "Bern" not in answer.text
    assert robot.get("/").status_code == 401
    assert _events(social) == 0


def test_confirming_a_link_leads_to_its_page(social: Social, review: str) -> None:
    """One click signs the person in and shows what the link is about."""
    browser = TestClient(social.asgi(), base_url=pages.BASE)
    answer = browser.post(path_of(social.link("ada", f"/requests/{review}")))
    assert str(answer.url) == f"{pages.BASE}/requests/{review}"
    assert "Is the scan of Bern good?" in answer.text


def test_the_cookie_is_for_our_pages_only(social: Social) -> None:
    """No script reads it, no other site's form sends it, and over https it never leaves unencrypted."""
    link = path_of(social.link("ada"))
    plain = TestClient(social.asgi(), base_url=pages.BASE, follow_redirects=False).post(link)
    flags = plain.headers["set-cookie"].lower()
    assert "httponly" in flags
    assert "samesite=lax" in flags
    assert "secure" not in flags
    safe = TestClient(social.asgi(), base_url="https://testserver", follow_redirects=False).post(link)
    assert "secure" in safe.headers["set-cookie"].lower()


def test_a_forged_foreign_or_old_link_is_refused(social: Social, clock: FakeClock) -> None:
    """Each is refused on opening and on confirming, with the remedy, and signs nobody in."""
    good = path_of(social.link("ada"))
    later = clock.now() + timedelta(days=1)
    foreign = "/enter/" + Signer(b"another house").link("ada", "/", later)
    unknown = "/enter/" + Signer(social.secret).link("mallory", "/", later)
    old = "/enter/" + Signer(social.secret).link("ada", "/", clock.now())
    for link in (good[:-3] + "abc", foreign, unknown, old, "/enter/x"):
        browser = TestClient(social.asgi(), base_url=pages.BASE)
        for answer in (browser.get(link), browser.post(link)):
            assert answer.status_code == 403
            assert "does not open anything" in answer.text
            assert "Ask the people who run this for a new personal link" in answer.text
            assert not browser.cookies


def test_signing_out_ends_the_session(social: Social) -> None:
    """After it, the browser is nobody's again."""
    browser = signed_in(social, "ada")
    token = pages.field(browser.get("/").text, "token")
    assert browser.post("/leave", data={"token": token}).status_code == 401
    assert browser.get("/").status_code == 401


def test_a_session_ends_by_itself(social: Social, clock: FakeClock) -> None:
    """A cookie that was kept is no good after thirty days."""
    browser = signed_in(social, "ada")
    clock.advance(timedelta(days=29))
    assert browser.get("/").status_code == 200
    clock.advance(timedelta(days=1))
    assert browser.get("/").status_code == 401


# who sees what


def test_a_request_is_shown_to_its_community_only(social: Social, run: Run, review: str) -> None:
    """A person of another community finds neither request, picture, run, stream nor feed entry."""
    vera = signed_in(social, "vera")
    ada = signed_in(social, "ada")
    picture = _picture(ada, review)
    for path in (f"/requests/{review}", picture, f"/runs/{run.id}", "/communities/press_room"):
        assert ada.get(path).status_code == 200
        assert vera.get(path).status_code == 404
    for path in ("/", "/feed", "/runs", "/feed.atom"):
        assert "poster" in ada.get(path).text
        assert "poster" not in vera.get(path).text


def test_an_unknown_request_and_a_hidden_one_look_the_same(social: Social, review: str) -> None:
    """A refusal does not tell whether there is something to hide."""
    vera = signed_in(social, "vera")
    hidden, missing = vera.get(f"/requests/{review}"), vera.get("/requests/no-such-thing")
    assert hidden.text == missing.text


def test_the_data_of_a_run_is_for_operators(social: Social, run: Run) -> None:
    """People see the path; only an operator sees the data."""
    assert "Data of the run" not in signed_in(social, "ada").get(f"/runs/{run.id}").text
    shown = signed_in(social, "olga").get(f"/runs/{run.id}").text
    assert "Data of the run" in shown
    assert "&#34;Bern&#34;" in shown


# pictures


def _picture(browser: TestClient, request_id: str) -> str:
    page = browser.get(f"/requests/{request_id}").text
    return page.partition('<img src="/requests/')[2].partition('"')[0].join(("/requests/", ""))


def test_a_picture_comes_with_its_alt_text_and_as_what_it_is(social: Social, review: str) -> None:
    """The page has the alt text; the bytes come typed, unsniffed and unable to run anything."""
    ada = signed_in(social, "ada")
    assert f'alt="{pages.ALT}"' in ada.get(f"/requests/{review}").text
    answer = ada.get(_picture(ada, review))
    assert answer.headers["content-type"] in ("image/png", "image/jpeg", "image/webp")
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert answer.headers["content-security-policy"].startswith("default-src 'none';")
    assert answer.headers["content-security-policy"].endswith("; sandbox")
    assert answer.headers["cache-control"].startswith("private")


def test_an_svg_is_never_served(social: Social, review: str) -> None:
    """Even if one came into the store and a post named it: an SVG can carry a script."""
    ada = signed_in(social, "ada")
    path = _picture(ada, review)
    with social.store.begin() as conn:
        conn.execute(media.update().values(type="image/svg+xml"))
    assert ada.get(path).status_code == 404


def test_a_picture_of_another_request_is_not_served(social: Social, review: str, poll: str) -> None:
    """To know a picture's hash is not enough: it is served as part of a post that shows it."""
    ada = signed_in(social, "ada")
    assert ada.get(_picture(ada, review).replace(review, poll)).status_code == 404


# answering


def test_an_answer_counts_and_is_told(social: Social, review: str) -> None:
    """A verdict with its reason is taken, shown as received, and as counted once it is."""
    ada = signed_in(social, "ada")
    answer = ada.post(f"/requests/{review}", data=form(ada, review, choice="approve", comment="Sharp <b>"))
    assert answer.status_code == 200
    assert "Your answer is in" in answer.text
    social.work()
    page = ada.get(str(answer.url)).text
    assert "Your answer counts" in page
    assert "Sharp &lt;b&gt;" in page
    assert "Answered by 1 of 2 people" in page


def test_a_form_sent_twice_counts_once(social: Social, review: str) -> None:
    """A doubled click or a reloaded page is the same answer."""
    ada = signed_in(social, "ada")
    filled = form(ada, review, choice="approve")
    first, second = (ada.post(f"/requests/{review}", data=filled) for _ in range(2))
    assert first.url == second.url
    assert _events(social) == 1


@pytest.mark.parametrize("verdict", ["changes", "reject"])
def test_a_verdict_against_needs_a_reason(social: Social, review: str, verdict: str) -> None:
    """Without a reason nothing is sent, the page says so, and keeps what was chosen."""
    ada = signed_in(social, "ada")
    answer = ada.post(f"/requests/{review}", data=form(ada, review, choice=verdict, comment="  "))
    assert answer.status_code == 422
    assert "Say why" in answer.text
    assert f'value="{verdict}" checked' in answer.text
    assert _events(social) == 0


@pytest.mark.parametrize("chosen", [[], ["burn_it"], ["approve", "reject"]])
def test_an_answer_that_is_none_is_not_sent(social: Social, review: str, chosen: list[str]) -> None:
    """Nothing chosen, something that is no choice, or two where one is asked for."""
    ada = signed_in(social, "ada")
    answer = ada.post(f"/requests/{review}", data=form(ada, review, choice=chosen, comment="x"))
    assert answer.status_code == 422
    assert _events(social) == 0


def test_several_choices_are_taken_where_several_are_asked_for(social: Social, poll: str) -> None:
    """A poll with several choices counts each that was ticked."""
    ada = signed_in(social, "ada")
    ada.post(f"/requests/{poll}", data=form(ada, poll, choice=["red", "green"]))
    social.work()
    page = ada.get(f"/requests/{poll}").text
    assert page.count(">1 · 100 %<") == 2
    assert 'value="red" checked' in page
    assert 'value="blue" checked' not in page


def test_an_answer_can_be_changed_and_withdrawn(social: Social, poll: str) -> None:
    """Until the question ends a person may think again; one ballot stands, or none."""
    ada = signed_in(social, "ada")
    ada.post(f"/requests/{poll}", data=form(ada, poll, choice="red"))
    ada.post(f"/requests/{poll}", data=form(ada, poll, choice="blue"))
    social.work()
    assert "You answered <strong>Blue</strong>" in ada.get(f"/requests/{poll}").text
    answer = ada.post(f"/requests/{poll}", data=form(ada, poll, withdraw="yes", choice="blue"))
    social.work()
    assert "Your answer is withdrawn" in ada.get(str(answer.url)).text
    assert "Answered by 0 of 3 people" in ada.get(f"/requests/{poll}").text


def test_a_late_answer_is_told_so(social: Social, review: str) -> None:
    """Who had the page open while others decided learns that it is over, and why."""
    ada, grace = signed_in(social, "ada"), signed_in(social, "grace")
    opened_before = form(ada, review, choice="reject", comment="No")
    for browser in (ada, grace):
        browser.post(f"/requests/{review}", data=form(browser, review, choice="approve"))
    social.work()
    answer = ada.post(f"/requests/{review}", data=opened_before)
    social.work()
    page = ada.get(str(answer.url)).text
    assert "came too late" in page
    assert "Approved" in page
    assert "Send my" not in page


def test_an_answer_to_an_old_version_is_told_so(social: Social, review: str) -> None:
    """A page from before the new version was opened cannot decide about the new one."""
    ada = signed_in(social, "ada")
    opened_before = form(ada, review, choice="approve")
    social.revise(review, text="A better scan")
    answer = ada.post(f"/requests/{review}", data=opened_before)
    social.work()
    page = ada.get(str(answer.url)).text
    assert "Your answer does not count" in page
    assert "About version 1, but version 2 is open" in page
    assert "A better scan" in page
    assert "Is the scan of Bern good?" not in page


def test_the_author_looks_on(social: Social, review: str) -> None:
    """Who made it sees the question and no form; an answer sent all the same does not count."""
    linus = signed_in(social, "linus")
    page = linus.get(f"/requests/{review}").text
    assert "You can look on" in page
    assert "Send my" not in page
    token = pages.field(page, "token")
    filled = {"token": token, "once": "1", "version": "1", "choice": "approve"}
    answer = linus.post(f"/requests/{review}", data=filled)
    social.work()
    assert "does not count" in linus.get(str(answer.url)).text


def test_nobody_learns_what_became_of_anothers_answer(social: Social, poll: str) -> None:
    """The number of an answer in an address opens it for its person only."""
    ada, grace = signed_in(social, "ada"), signed_in(social, "grace")
    answer = ada.post(f"/requests/{poll}", data=form(ada, poll, choice="red"))
    assert "Your answer is in" in answer.text
    assert "Your answer is in" not in grace.get(str(answer.url)).text


def test_who_answered_a_poll_is_not_shown(social: Social, poll: str) -> None:
    """A poll names its voters only where the model says so."""
    ada, grace = signed_in(social, "ada"), signed_in(social, "grace")
    ada.post(f"/requests/{poll}", data=form(ada, poll, choice="red", comment="my reason"))
    social.work()
    page = grace.get(f"/requests/{poll}").text
    assert "Who answered what" not in page
    assert "my reason" not in page


# forms of other people and sites


def test_a_form_needs_the_token_of_its_session(social: Social, poll: str) -> None:
    """Without it, or with that of somebody else's session, nothing is done."""
    ada, grace = signed_in(social, "ada"), signed_in(social, "grace")
    for token in ("", "x", pages.field(grace.get("/").text, "token")):
        answer = ada.post(f"/requests/{poll}", data=form(ada, poll, choice="red") | {"token": token})
        assert answer.status_code == 403
    assert _events(social) == 0


@pytest.mark.parametrize(
    "told", [{"origin": "https://evil.example"}, {"sec-fetch-site": "cross-site"}, {"origin": "null"}]
)
def test_a_form_of_another_site_is_refused(social: Social, poll: str, told: dict[str, str]) -> None:
    """Even with a right token: the browser says where the form came from. Signing in is held to the same."""
    ada = signed_in(social, "ada")
    answer = ada.post(f"/requests/{poll}", data=form(ada, poll, choice="red"), headers=told)
    assert answer.status_code == 403
    browser = TestClient(social.asgi(), base_url=pages.BASE)
    assert browser.post(path_of(social.link("grace")), headers=told).status_code == 403
    assert not browser.cookies
    assert _events(social) == 0


def test_no_get_changes_anything(social: Social, run: Run, review: str) -> None:
    """A GET of an answer's address, with everything a form would send, is a page and nothing else."""
    ada = signed_in(social, "ada")
    filled = form(ada, review, choice="approve", comment="x")
    assert ada.get(f"/requests/{review}", params=filled).status_code == 200
    assert ada.get("/leave").status_code == 405
    assert ada.get("/").status_code == 200
    assert _events(social) == 0


def test_too_long_a_form_is_refused_before_it_is_read(social: Social, poll: str) -> None:
    """Megabytes of text are answered with 413 and a page that says what to do."""
    ada = signed_in(social, "ada")
    answer = ada.post(f"/requests/{poll}", data=form(ada, poll, choice="red", comment="x" * 200_000))
    assert answer.status_code == 413
    assert "Shorten your text" in answer.text


# streams, runs, headers


def test_a_stream_shows_threads(social: Social, run: Run, review: str, poll: str) -> None:
    """A post, what it asks, and its picture; when the run has ended, the status that it posted."""
    ada, grace = signed_in(social, "ada"), signed_in(social, "grace")
    stream = ada.get("/communities/press_room").text
    assert "Is the scan of Bern good?" in stream
    assert f'alt="{pages.ALT}"' in stream
    for browser in (ada, grace):
        browser.post(f"/requests/{review}", data=form(browser, review, choice="approve"))
    social.work()
    assert social.run(run.id).status == "waiting"
    ended = ada.get("/communities/press_room").text
    assert "approved: 2 of 2" in ended


def test_a_post_has_an_address_of_its_own(social: Social, run: Run, review: str) -> None:
    """The link of a receipt leads to the question that the post asks."""
    (request,) = (each for each in run.requests if each.id == review)
    ada = signed_in(social, "ada")
    answer = ada.get(path_of(request.posts[0].url))
    assert str(answer.url) == f"{pages.BASE}/requests/{review}"
    assert signed_in(social, "vera").get(path_of(request.posts[0].url)).status_code == 404


def test_a_run_shows_its_path_and_its_diagram(social: Social, run: Run) -> None:
    """What was done, what is waited for, in words and in the picture."""
    page = signed_in(social, "ada").get(f"/runs/{run.id}").text
    assert "<title>Scan made: done</title>" in page
    assert "<title>Check the scan: waiting here, 0/2</title>" in page
    assert "<title>Told</title>" in page
    assert "Sent" in page


def test_every_answer_is_shielded(social: Social, review: str) -> None:
    """Pages, refusals and files alike: no inline script or style, no framing, no sniffing."""
    ada = signed_in(social, "ada")
    for path in ("/", f"/requests/{review}", "/nothing/here", "/healthz", "/feed.atom"):
        headers = ada.get(path).headers
        policy = headers["content-security-policy"]
        assert "default-src 'none'" in policy
        assert "unsafe" not in policy
        assert "frame-ancestors 'none'" in policy
        assert headers["x-content-type-options"] == "nosniff"
        assert headers["referrer-policy"] == "same-origin"
        assert headers["cache-control"] == "no-store"


def test_no_page_has_inline_script_or_style(social: Social, run: Run, review: str, poll: str) -> None:
    """What the policy forbids is not there to begin with, and nothing comes from elsewhere."""
    ada = signed_in(social, "ada")
    for path in ("/", "/feed", "/runs", f"/runs/{run.id}", f"/requests/{review}", "/communities/press_room"):
        page = ada.get(path).text
        assert "style=" not in page
        assert "<style" not in page
        assert "<script>" not in page
        assert 'src="http' not in page
        assert " on" + 'click="' not in page


def test_the_app_can_be_mounted_below_a_path(social: Social, review: str) -> None:
    """Every link, form and cookie keeps to the prefix."""
    host = Starlette(routes=[Mount("/social", social.asgi())])
    browser = TestClient(host, base_url=pages.BASE)
    answer = browser.post("/social" + path_of(social.link("ada", f"/requests/{review}")))
    assert str(answer.url) == f"{pages.BASE}/social/requests/{review}"
    addresses = pages.re.findall(r'(?:href|src|action|data-events)="(/[^"]*)"', answer.text)
    assert addresses
    assert all(address.startswith("/social/") for address in addresses)
    assert browser.get(next(each for each in addresses if each.endswith(".css"))).status_code == 200


# machines


def test_health(social: Social) -> None:
    """Alive, and ready while the database answers."""
    machine = TestClient(social.asgi(), base_url=pages.BASE)
    assert machine.get("/healthz").text == "ok"
    assert machine.get("/readyz").text == "ok"


def test_an_event_of_no_channel_or_nobody_is_refused(social: Social) -> None:
    """Unknown channel, unsigned event, too many bytes: each refused in plain text, and nothing is stored."""
    machine = TestClient(social.asgi(), base_url=pages.BASE)
    assert machine.post("/in/nowhere", content=b"{}").status_code == 404
    refused = machine.post("/in/local", content=b'{"person": "ada"}')
    assert refused.status_code == 401
    assert refused.headers["content-type"].startswith("text/plain")
    assert machine.post("/in/local", content=b"x" * (256 * 1024 + 1)).status_code == 413
    assert machine.get("/in/local").status_code == 405
    assert _events(social) == 0


def test_a_signed_event_is_taken_once(social: Social, poll: str, clock: FakeClock) -> None:
    """A program that has the channel's secret answers for a person; the same event again changes nothing."""
    machine = TestClient(social.asgi(), base_url=pages.BASE)
    body = answers.write(Answer(event="e1", account="ada", choices=("red",), request=poll))
    headers = signatures.sign(social.secret.hex().encode(), body, clock.now())
    for _ in range(2):
        assert machine.post("/in/local", content=body, headers=headers).text == "received"
    social.work()
    assert _events(social) == 1
    assert "Answered by 1 of 3 people" in signed_in(social, "ada").get(f"/requests/{poll}").text
    changed = body.replace(b"red", b"blue")
    assert machine.post("/in/local", content=changed, headers=headers).status_code == 401
