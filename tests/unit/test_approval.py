"""Approval before publishing: nothing is public before enough people have approved exactly that."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from socialbpm.content_rules import ContentRules
from socialbpm.errors import RequestClosed, TaskFailed
from socialbpm.outbox import deliveries
from socialbpm.posts import AskKind, Dedupe, Span, plain
from socialbpm.store import tables
from socialbpm.tasks import MediaSource
from tests.middle import Middle, Wall, declared, status, words

HOUR = timedelta(hours=1)
PICTURE = MediaSource(src="map", alt="Where it rained")


def middle_at(folder: Path, **more: Any) -> Middle:
    made = Middle(folder / "social.db", **{"channels": {"wall": declared(private=True)}, **more})
    made.run()
    return made


@pytest.fixture
def middle(tmp_path: Path) -> Middle:
    return middle_at(tmp_path)


def held(middle: Middle, text: str = "Rain at last", **more: Any) -> str:
    """A status by ada that two others must approve; they have been asked."""
    request = middle.open(status(text, **{"approval": 2, "author": "ada", **more}))
    middle.drain()
    return request


def public(wall: Wall) -> list[str]:
    """What everybody sees."""
    return [plain(post.text) for post in wall.posts.values() if post.destination.room == "main"]


def asked(wall: Wall) -> dict[str, Any]:
    """The post with which each approver was asked."""
    rooms = {post.destination.room: post for post in wall.posts.values()}
    return {room.removeprefix("to @"): post for room, post in rooms.items() if room.startswith("to @")}


def answer(middle: Middle, request: str, person: str, choice: str, **more: Any) -> None:
    middle.answer(request, person, choice, **more)
    middle.drain()


def test_nothing_is_public_before_enough_people_have_approved(middle: Middle) -> None:
    """Then it goes out once, the request ends as any other post does, and nobody is asked any more."""
    request = held(middle)
    assert (public(middle.wall), set(asked(middle.wall))) == ([], {"grace", "linus"})
    answer(middle, request, "grace", "approve")
    assert public(middle.wall) == []
    answer(middle, request, "linus", "approve")
    assert public(middle.wall) == ["Rain at last"]
    row = middle.request(request)
    assert (row.state, row.outcome["outcome"], row.error) == ("CLOSED", "posted", "")
    assert {(post.ask, post.note) for post in asked(middle.wall).values()} == {
        (None, "posted: 1 of 1 destination, approved (grace, linus) · 2026-01-05 09:00 UTC")
    }
    (entry,) = middle.audit("request.approved")
    assert entry.facts["people"] == ["grace", "linus"]


def test_a_person_approves_once_and_may_think_again(middle: Middle) -> None:
    """Two approvals of one person are one; one that is taken back is none."""
    request = held(middle)
    answer(middle, request, "grace", "approve")
    answer(middle, request, "grace", "approve")
    assert public(middle.wall) == []
    middle.answer(request, "grace")
    answer(middle, request, "linus", "approve")
    assert public(middle.wall) == []


def test_the_author_never_approves(middle: Middle) -> None:
    """By whatever account; and their word withholds nothing either."""
    request = held(middle, approval=1, approvers=("room",))
    answer(middle, request, "ada", "approve")
    answer(middle, request, "ada", "reject")
    assert middle.reasons(request) == [("ineligible", "the author cannot answer about their own work")] * 2
    assert middle.request(request).state == "OPEN"


def test_who_is_not_asked_cannot_approve(middle: Middle) -> None:
    """Approvers are named, or else the people of the communities addressed."""
    request = held(middle, approval=1, approvers=("grace",))
    assert set(asked(middle.wall)) == {"grace"}
    answer(middle, request, "linus", "approve")
    assert middle.standings(request) == {"ineligible": 1}


def test_a_refusal_withholds_it_with_who_and_why(middle: Middle) -> None:
    """The first is enough, whatever was approved before; it ends as the error social.withheld."""
    request = held(middle)
    answer(middle, request, "grace", "approve")
    answer(middle, request, "linus", "reject", comment="It did not rain")
    row = middle.request(request)
    assert (row.state, row.error) == ("CLOSED", "social.withheld")
    assert row.outcome["explanation"] == "refused (linus: “It did not rain”)"
    assert public(middle.wall) == []
    assert [each.state for each in middle.deliveries(request) if each.purpose == "open"] == ["SKIPPED"]
    notes = {post.note for post in asked(middle.wall).values()}
    assert notes == {"ended: refused (linus: “It did not rain”) · 2026-01-05 09:00 UTC"}
    assert middle.resumed == ["run"]


def test_the_order_of_receipt_decides(middle: Middle) -> None:
    """A refusal that comes after the last approval is late, also when nobody had looked in between."""
    request = held(middle, approval=1)
    middle.answer(request, "grace", "approve")
    middle.answer(request, "linus", "reject")
    middle.drain()
    assert public(middle.wall) == ["Rain at last"]
    assert middle.standings(request) == {"accepted": 1, "late": 1}


def test_a_refusal_while_it_goes_out_is_late(tmp_path: Path) -> None:
    """What has been let go cannot be called back."""
    middle = middle_at(tmp_path)
    request = held(middle, approval=1)
    middle.outbox.limit("wall", HOUR)
    middle.clock.advance(timedelta(minutes=1))
    answer(middle, request, "grace", "approve")
    answer(middle, request, "linus", "reject")
    assert middle.reasons(request)[-1] == ("late", "people have decided about it already")
    for _ in range(9):
        middle.clock.advance(HOUR)
        middle.drain()
    assert public(middle.wall) == ["Rain at last"]


def test_its_deadline_withholds_it(middle: Middle) -> None:
    """Who has approved by then is counted; the clock starts when enough approvers have been asked."""
    request = held(middle, approval_deadline=24 * HOUR)
    assert middle.request(request).ends_at == datetime(2026, 1, 6, 9, tzinfo=UTC)
    answer(middle, request, "grace", "approve")
    middle.clock.advance(24 * HOUR)
    middle.answer(request, "linus", "approve")
    middle.drain()
    row = middle.request(request)
    assert (row.error, row.outcome["explanation"]) == (
        "social.withheld",
        "not approved in time: 1 of 2 approved",
    )
    assert public(middle.wall) == []
    assert middle.standings(request) == {"accepted": 1, "late": 1}


def test_what_was_approved_in_time_goes_out_after_the_deadline(middle: Middle) -> None:
    """The deadline is that of the approval, not of the posts."""
    request = held(middle, approval=1, approval_deadline=HOUR, at=datetime(2026, 1, 9, tzinfo=UTC))
    answer(middle, request, "grace", "approve")
    assert middle.request(request).ends_at is None
    middle.clock.advance(5 * HOUR)
    middle.drain()
    assert (middle.request(request).state, public(middle.wall)) == ("OPEN", [])
    middle.clock.set(datetime(2026, 1, 9, tzinfo=UTC))
    middle.drain()
    assert public(middle.wall) == ["Rain at last"]


def test_approvers_see_exactly_what_would_be_posted(tmp_path: Path) -> None:
    """Each wording with its places, the disclosure first, the pictures with their alt texts."""
    kinds = {"wall": declared(private=True), "sill": declared(network="sill")}
    middle = middle_at(tmp_path, channels=kinds)
    texts = (words("Rain"), words("Rain on the sill", network="sill"))
    held(middle, texts=texts, disclosure=(Span("Advertisement"),), media=(PICTURE,))
    post = asked(middle.wall)["grace"]
    assert plain(post.text) == (
        "2 people must approve this before it is published.\n\n"
        "To main (wall):\nAdvertisement\nRain\n\n"
        "To main (sill):\nAdvertisement\nRain on the sill\n\n"
        "Picture 1 shows: Where it rained"
    )
    assert [(media.ref, media.alt) for media in post.media] == [("media:frozen/map", "Where it rained")]
    assert (post.ask.kind, [choice.key for choice in post.ask.choices]) == (
        AskKind.VERDICT,
        ["approve", "reject"],
    )
    assert public(middle.walls["sill"]) == []


def test_the_picture_that_was_approved_is_the_one_that_goes_out(tmp_path: Path) -> None:
    """It is fetched once, for those who approve and for those who read."""
    middle = middle_at(tmp_path)
    request = held(middle, approval=1, media=(PICTURE,))
    assert [each.state for each in middle.deliveries(request) if each.purpose == "open"] == ["HELD"]
    answer(middle, request, "grace", "approve")
    (post,) = [post for post in middle.wall.posts.values() if post.destination.room == "main"]
    assert post.media == asked(middle.wall)["grace"].media


def test_a_revision_voids_approvals_and_shows_the_new_text(middle: Middle) -> None:
    """What was approved before is another text; nothing of it goes out."""
    request = held(middle)
    answer(middle, request, "grace", "approve")
    assert middle.requests.revise(request, text="Rain at last, and hail") == 2
    middle.drain()
    assert "Rain at last, and hail" in plain(asked(middle.wall)["grace"].text)
    answer(middle, request, "linus", "approve", version=2)
    assert public(middle.wall) == []
    answer(middle, request, "grace", "approve", version=1)
    assert middle.reasons(request)[-1] == ("spoiled", "about version 1, but version 2 is open")
    answer(middle, request, "grace", "approve", version=2)
    assert public(middle.wall) == ["Rain at last, and hail"]


def test_a_revision_may_bring_another_picture(tmp_path: Path) -> None:
    """It is shown to the approvers, and it is what goes out."""
    middle = middle_at(tmp_path)
    request = held(middle, approval=1, media=(PICTURE,))
    middle.requests.revise(request, media=[{"src": "chart", "alt": "How much"}])
    middle.drain()
    assert [media.alt for media in asked(middle.wall)["linus"].media] == ["How much"]
    answer(middle, request, "linus", "approve", version=2)
    (post,) = [post for post in middle.wall.posts.values() if post.destination.room == "main"]
    assert [(media.ref, media.alt) for media in post.media] == [("media:frozen/chart", "How much")]


def test_what_has_been_approved_can_no_longer_be_revised(middle: Middle) -> None:
    """Nor can a post that nobody had to approve."""
    request = held(middle, approval=1, at=datetime(2026, 1, 9, tzinfo=UTC))
    answer(middle, request, "grace", "approve")
    plain_one = middle.open(status(at=datetime(2026, 1, 9, tzinfo=UTC)), element="plain")
    for each in (request, plain_one):
        with pytest.raises(RequestClosed):
            middle.requests.revise(each, text="Never mind")


def test_what_broke_a_rule_meanwhile_is_withheld(tmp_path: Path) -> None:
    """The rules are those of the moment at which it would become public."""
    middle = middle_at(tmp_path)
    request = held(middle, approval=1)
    rules = ContentRules.model_validate({"rules": {"weather": {"banned": ["rain"]}}})
    again = middle_at_again(tmp_path, middle, rules)
    answer(again, request, "grace", "approve")
    row = again.request(request)
    assert (row.error, public(again.wall)) == ("social.withheld", [])
    assert "content rule 'weather'" in row.outcome["explanation"]


def middle_at_again(folder: Path, before: Middle, rules: ContentRules) -> Middle:
    """The same store and platform, opened with other rules."""
    kinds = {"wall": declared(private=True)}
    return Middle(folder / "social.db", channels=kinds, walls=before.walls, clock=before.clock, rules=rules)


def test_quiet_hours_are_those_of_its_publication(tmp_path: Path) -> None:
    """Approvers are asked at any time; what they let go waits until the night is over."""
    night = {"night": {"quiet": {"zone": "UTC", "hours": "22:00-07:00"}}}
    middle = middle_at(tmp_path, rules=ContentRules.model_validate({"rules": night}))
    middle.clock.set(datetime(2026, 1, 5, 23, tzinfo=UTC))
    request = held(middle, approval=1)
    answer(middle, request, "grace", "approve")
    assert public(middle.wall) == []
    middle.clock.set(datetime(2026, 1, 6, 7, tzinfo=UTC))
    middle.drain()
    assert public(middle.wall) == ["Rain at last"]


@pytest.mark.parametrize("edits", [True, False])
def test_a_cancelled_one_is_never_posted(tmp_path: Path, edits: bool) -> None:
    """Nobody can approve it any more, and those who were asked are told."""
    middle = middle_at(tmp_path, channels={"wall": declared(private=True, can_edit=edits)})
    request = held(middle, approval=1)
    with middle.store.begin() as conn:
        middle.requests.cancel(conn, request, "the ride is off")
    middle.drain()
    answer(middle, request, "grace", "approve")
    assert public(middle.wall) == []
    told = [post.note or plain(post.text) for post in asked(middle.wall).values()]
    assert told == ["cancelled: the ride is off · 2026-01-05 09:00 UTC"] * 2


def test_too_few_approvers_open_nothing(middle: Middle) -> None:
    """The author is none of them."""
    with pytest.raises(TaskFailed, match="3 must approve, and there are 2 who may"):
        held(middle, approval=3)


def test_too_many_approvers_open_nothing(tmp_path: Path) -> None:
    """Each is asked alone: a whole audience cannot be."""
    middle = middle_at(tmp_path, people=tuple(f"p{number}" for number in range(101)))
    with pytest.raises(TaskFailed, match="100 at most can be asked"):
        middle.open(status(approval=1))


def test_who_cannot_be_asked_alone_can_still_approve(tmp_path: Path) -> None:
    """They find it on the pages; its deadline runs from the opening. No embargoed text is shown to a room."""
    middle = middle_at(tmp_path, channels={"wall": declared(private=False)})
    request = held(middle, approval=1, approval_deadline=HOUR)
    assert middle.wall.posts == {}
    assert middle.request(request).ends_at == datetime(2026, 1, 5, 10, tzinfo=UTC)
    answer(middle, request, "grace", "approve")
    assert public(middle.wall) == ["Rain at last"]


def test_a_text_that_would_be_cut_is_not_sent_to_an_approver(tmp_path: Path) -> None:
    """They see all of it on the pages, or nothing; half of it is nothing to approve."""
    middle = middle_at(tmp_path)
    held(middle, text="x" * 499)
    assert asked(middle.wall) == {}


@pytest.mark.parametrize("dedupe", [Dedupe.KEY, Dedupe.LOOKUP])
def test_it_goes_out_once_whatever_happens_on_the_way(tmp_path: Path, dedupe: Dedupe) -> None:
    """As every post does."""
    middle = middle_at(tmp_path, channels={"wall": declared(private=True, dedupe=dedupe)})
    request = held(middle, approval=1)
    middle.wall.faults = [("after", ConnectionError()), ("after", ConnectionError())]
    answer(middle, request, "grace", "approve")
    for _ in range(5):
        middle.clock.advance(HOUR)
        middle.drain()
    assert public(middle.wall) == ["Rain at last"]
    assert middle.request(request).outcome["outcome"] == "posted"


def test_two_last_approvals_at_once_publish_once(middle: Middle) -> None:
    """Both are counted in one step or in two; it is published in the first that suffices."""
    request = held(middle, approval=1)
    middle.answer(request, "grace", "approve")
    middle.answer(request, "linus", "approve")
    middle.drain()
    assert public(middle.wall) == ["Rain at last"]
    assert len(middle.audit("request.approved")) == 1


def test_a_picture_that_cannot_be_posted_fails_before_anybody_approves(middle: Middle) -> None:
    """Nobody shall approve what cannot go out."""
    request = held(middle, media=(MediaSource(src="bad", alt="A picture"),))
    assert middle.request(request).error == "social.invalid"
    assert middle.wall.posts == {}
    with middle.store.read() as conn:
        assert conn.execute(tables.work.select()).all() == [] or middle.work.next_due() is None


def test_what_was_refused_is_not_sent_by_who_mends_the_run(middle: Middle) -> None:
    """An operator who resumes a parked run begins nothing anew that people did not want."""
    request = held(middle, approval=1)
    answer(middle, request, "grace", "reject")
    with middle.store.begin() as conn:
        assert not middle.requests.reopen(conn, request)
    middle.drain()
    assert public(middle.wall) == []


def test_what_failed_before_its_approval_must_be_approved_once_it_is_mended(middle: Middle) -> None:
    """Its posts are written anew, and held as before; approvers are asked anew."""
    request = held(middle, approval=1, media=(MediaSource(src="bad", alt="A picture"),))
    with middle.store.begin() as conn:
        conn.execute(tables.delivery.update().values(error="mended"))
        assert middle.requests.reopen(conn, request)
    assert all(deliveries.is_held(each) for each in waiting(middle, request) if each.purpose == "open")
    assert {each.person for each in waiting(middle, request) if each.purpose == "approve"} == {
        "grace",
        "linus",
    }
    middle.drain()
    assert public(middle.wall) == []


def waiting(middle: Middle, request: str) -> list[Any]:
    return [each for each in middle.deliveries(request) if each.state == "PREPARING"]
