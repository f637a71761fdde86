"""Content rules in force: what breaks one reaches no channel, and quiet hours hold back what goes out."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from socialbpm.content_rules import ContentRules
from socialbpm.errors import TaskFailed
from socialbpm.people import Community, Member
from socialbpm.posts import Choice, Destination, Span, plain
from socialbpm.tasks import MediaSource
from tests.middle import Middle, declared, poll, review, status, words

DAY = timedelta(days=1)
NIGHT = {"quiet": {"zone": "UTC", "hours": "22:00-07:00"}}


def middle_with(folder: Path, **rules: Any) -> Middle:
    """Rules by name; "disclosures" and "internal" as in a policy file."""
    given = {name: rules.pop(name) for name in ("disclosures", "internal") if name in rules}
    held = ContentRules.model_validate({**given, "rules": rules})
    kinds = {"wall": declared(network="wall", private=True), "sill": declared(network="sill")}
    made = Middle(folder / "social.db", channels=kinds, rules=held)
    made.run()
    return made


def refused(middle: Middle, task: Any) -> str:
    """Why it is withheld; nothing of it is anywhere."""
    with pytest.raises(TaskFailed) as failure:
        middle.open(task)
    assert failure.value.code == "social.withheld"
    middle.drain()
    assert middle.audit("request.opened") == []
    assert all(wall.creates == 0 for wall in middle.walls.values())
    return str(failure.value)


def test_a_banned_word_withholds_the_whole_task(tmp_path: Path) -> None:
    """From every destination, though the rule is for one; the reason quotes the rule, not the text."""
    middle = middle_with(tmp_path, wall={"networks": ["wall"], "banned": ["risk-free"], "because": "the law"})
    why = refused(middle, status("Secret: risk-free gains"))
    assert "element 'ask': the text says 'risk-free' (content rule 'wall')" in why
    assert "the law" in why
    assert "Secret" not in why


def test_a_wording_of_its_own_is_what_is_judged_there(tmp_path: Path) -> None:
    """Each kind of channel by the text that it gets."""
    middle = middle_with(tmp_path, wall={"networks": ["wall"], "banned": ["risk-free"]})
    task = status(texts=(words("risk-free"), words("No promises.", network="wall")))
    middle.open(task)
    middle.drain()
    assert {name: plain(wall.posts["p1"].text) for name, wall in middle.walls.items()} == {
        "wall": "No promises.",
        "sill": "risk-free",
    }


def test_alt_texts_and_choices_are_read_too(tmp_path: Path) -> None:
    """People read them."""
    middle = middle_with(tmp_path, house={"banned": ["nightfall"]})
    picture = MediaSource(src="map", alt="Operation Nightfall")
    assert "alt text 1 says 'nightfall'" in refused(middle, status(media=(picture,)))
    choices = (Choice(key="a", label="Nightfall"), Choice(key="b", label="Dawn"))
    assert "says 'nightfall'" in refused(middle, poll(choices=choices))


def test_required_tags_may_come_with_the_disclosure(tmp_path: Path) -> None:
    """The text is judged as it goes out, its standard disclosure first."""
    middle = middle_with(
        tmp_path,
        disclosures={"sponsored": "Advertisement #ad"},
        ads={"required": ["#ad"], "disclosure": "sponsored"},
    )
    assert "#ad" in refused(middle, status("Buy!"))
    request = middle.open(status("Buy!", disclosure=(Span("sponsored"),)))
    middle.drain()
    assert plain(middle.wall.posts["p1"].text) == "Advertisement #ad\nBuy!"
    assert middle.request(request).task["disclosure"]


def test_the_near_miss_of_a_disclosure_is_refused(tmp_path: Path) -> None:
    """It would go out as it is."""
    middle = middle_with(tmp_path, disclosures={"sponsored": "Advertisement"}, ads={"max_links": 9})
    with pytest.raises(TaskFailed, match="did you mean 'sponsored'"):
        middle.open(status(disclosure=(Span("sponsered"),)))


def test_what_is_internal_reaches_no_public_community(tmp_path: Path) -> None:
    """Also not by way of an escalation that may come."""
    middle = middle_with(tmp_path, internal={"communities": ["room"], "marks": ["#internal"]})
    middle.open(review("Fine? #internal"))
    place = Destination(channel="wall", room="street")
    people = (Member(person="eve"),)
    middle.communities["public"] = Community(name="public", destinations=(place,), roll=people)
    with pytest.raises(TaskFailed, match="'public' is public"):
        middle.open(review("Fine? #internal", escalate="public", escalate_after=DAY), element="other")


def test_a_revision_is_judged(tmp_path: Path) -> None:
    """A new text that breaks a rule leaves the old one in force, and is recorded."""
    middle = middle_with(tmp_path, house={"banned": ["risk-free"]})
    request = middle.open(review())
    middle.drain()
    with pytest.raises(TaskFailed) as failure:
        middle.requests.revise(request, text="It is risk-free!")
    assert failure.value.code == "social.withheld"
    assert middle.request(request).version == 1
    (entry,) = middle.audit("request.withheld")
    assert (entry.request, "content rule 'house'" in entry.facts["reason"]) == (request, True)


def test_quiet_hours_hold_a_post_back(tmp_path: Path) -> None:
    """Where they are quiet, until they end; a deadline counts from when the posts stand."""
    middle = middle_with(tmp_path, night={"networks": ["wall"], **NIGHT})
    middle.clock.set(datetime(2026, 1, 5, 23, tzinfo=UTC))
    request = middle.open(poll(deadline=DAY))
    middle.drain()
    assert [wall.creates for wall in (middle.walls["sill"], middle.wall)] == [1, 0]
    assert middle.request(request).ends_at is None
    middle.clock.set(datetime(2026, 1, 6, 6, 59, tzinfo=UTC))
    middle.drain()
    assert middle.wall.creates == 0
    middle.clock.set(datetime(2026, 1, 6, 7, tzinfo=UTC))
    middle.drain()
    assert middle.wall.creates == 1
    assert middle.request(request).ends_at == datetime(2026, 1, 7, 7, tzinfo=UTC)


def test_a_scheduled_time_in_quiet_hours_waits_for_their_end(tmp_path: Path) -> None:
    """The later of both."""
    middle = middle_with(tmp_path, night=NIGHT)
    middle.open(status(at=datetime(2026, 1, 6, 3, tzinfo=UTC)))
    middle.clock.set(datetime(2026, 1, 6, 3, tzinfo=UTC))
    middle.drain()
    assert middle.wall.creates == 0
    middle.clock.set(datetime(2026, 1, 6, 7, tzinfo=UTC))
    middle.drain()
    assert middle.wall.creates == 1


def test_reminders_keep_quiet_hours(tmp_path: Path) -> None:
    """Those of the communities that are asked; who answers before they end is not reminded."""
    middle = middle_with(tmp_path, night=NIGHT)
    request = middle.open(poll(remind=14 * timedelta(hours=1), deadline=9 * DAY))  # 09:00 → 23:00
    middle.drain()
    middle.clock.set(datetime(2026, 1, 5, 23, tzinfo=UTC))
    middle.drain()
    assert middle.wall.creates == 1
    middle.answer(request, "ada", "north")
    middle.clock.set(datetime(2026, 1, 6, 7, tzinfo=UTC))
    middle.drain()
    assert middle.wall.creates == 1 + 2


def test_without_rules_everything_goes(tmp_path: Path) -> None:
    """And at any time."""
    middle = Middle(tmp_path / "social.db")
    middle.run()
    middle.clock.set(datetime(2026, 1, 5, 23, tzinfo=UTC))
    middle.open(status("risk-free", disclosure=(Span("sponsored"),)))
    middle.drain()
    assert plain(middle.wall.posts["p1"].text) == "sponsored\nrisk-free"
