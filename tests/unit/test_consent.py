"""``seekConsent``: silence passes a proposal once people can see it, an objection with a reason stops it."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from socialbpm.errors import Rejected, TemporaryFailure
from socialbpm.tasks import SeekConsent
from tests.middle import Middle, words

HOUR, PERIOD = timedelta(hours=1), timedelta(hours=72)


@pytest.fixture
def middle(tmp_path: Path) -> Middle:
    made = Middle(tmp_path / "social.db")
    made.run()
    return made


def proposed(middle: Middle, **more: Any) -> str:
    """A proposal by lazy consensus, three days, unless something else is said."""
    request = middle.open(SeekConsent(to=("room",), texts=(words("We move to Rust."),), **more))
    middle.drain()
    return request


def after(middle: Middle, passed: timedelta) -> None:
    """So much time passes, and what is due is done."""
    middle.clock.advance(passed)
    middle.drain()


def outcome(middle: Middle, request: str) -> str:
    """How it ended; empty while it is open."""
    row = middle.request(request)
    return row.outcome["outcome"] if row.outcome else ""


def test_silence_passes_it_at_exactly_its_period(middle: Middle) -> None:
    """Not a second before 72 hours; it has passed as of that instant, also if nobody looked until later."""
    request = proposed(middle)
    opened = middle.clock.now()

    after(middle, PERIOD - timedelta(seconds=1))
    assert outcome(middle, request) == ""
    after(middle, timedelta(hours=9))

    result = middle.result(request)
    assert (result["outcome"], result["closed_at"]) == ("passed", (opened + PERIOD).isoformat())
    assert "silence is consent" in result["explanation"]


def test_what_was_not_delivered_never_passes(middle: Middle) -> None:
    """Its clock starts when the required posts stand, however long the channel is out of reach."""
    middle.wall.faults = [("before", TemporaryFailure("down"))] * 3
    request = proposed(middle)
    middle.clock.advance(PERIOD * 2)
    assert outcome(middle, request) == ""

    while not middle.wall.posts:
        middle.clock.advance(HOUR)
        middle.drain()
    stood = middle.request(request).stands_at
    after(middle, stood + PERIOD - timedelta(seconds=1) - middle.clock.now())
    assert outcome(middle, request) == ""
    after(middle, timedelta(seconds=1))
    assert middle.result(request)["closed_at"] == (stood + PERIOD).isoformat()


def test_what_is_refused_for_good_is_an_error_and_has_not_passed(middle: Middle) -> None:
    """Nobody could object to what nobody saw."""
    middle.wall.faults = [("before", Rejected("no such room"))]
    request = proposed(middle)
    assert middle.request(request).error == "social.delivery_failed"


def test_a_proposal_that_stood_only_after_its_deadline_has_not_passed(middle: Middle) -> None:
    """A deadline that is a time may be over before the post stands; support changes nothing then."""
    middle.wall.faults = [("before", TemporaryFailure("down"))]
    request = proposed(middle, deadline=middle.clock.now() + timedelta(seconds=1))
    middle.answer(request, "ada", "support")
    after(middle, HOUR)

    row = middle.request(request)
    assert (row.error, outcome(middle, request)) == ("social.delivery_failed", "")
    assert "nobody could object" in row.outcome["explanation"]


def test_an_objection_with_a_reason_stops_it_at_the_end(middle: Middle) -> None:
    """Not at once: it may be withdrawn until then."""
    request = proposed(middle)
    middle.answer(request, "grace", "object", comment="Our team knows C.")
    after(middle, HOUR)
    assert outcome(middle, request) == ""
    after(middle, PERIOD)
    assert outcome(middle, request) == "vetoed"


def test_an_objection_without_a_reason_is_told_so_and_stops_nothing(middle: Middle) -> None:
    """It is spoiled; sent again with its reason, it counts."""
    request = proposed(middle)
    middle.answer(request, "grace", "object", comment="  ")
    middle.drain()
    ((standing, reason),) = middle.reasons(request)
    assert standing == "spoiled"
    assert "needs a reason" in reason

    other = proposed_again(middle)
    middle.answer(other, "grace", "object")
    middle.answer(other, "grace", "object", comment="Our team knows C.")
    after(middle, PERIOD)
    assert (outcome(middle, request), outcome(middle, other)) == ("passed", "vetoed")


def proposed_again(middle: Middle) -> str:
    """A second proposal beside the first."""
    request = middle.open(SeekConsent(to=("room",), texts=(words("And to tabs."),)), element="second")
    middle.drain()
    return request


def test_a_withdrawn_objection_lets_it_pass_again(middle: Middle) -> None:
    """Taken back, or turned into support."""
    request, other = proposed(middle), proposed_again(middle)
    for each in (request, other):
        middle.answer(each, "grace", "object", comment="Our team knows C.")
        middle.answer(each, "ada", "object", comment="Too late in the year.")
    middle.answer(request, "grace")
    middle.answer(request, "ada", "support", comment="Convinced.")
    middle.answer(other, "grace")
    after(middle, PERIOD)
    assert (outcome(middle, request), outcome(middle, other)) == ("passed", "vetoed")


def test_a_policy_may_stop_at_once_by_name(middle: Middle) -> None:
    """``close="first_crossing"`` with a policy that counts votes in favour; the explanation says so."""
    request = proposed(middle, policy="consensus_approval", close="first_crossing")
    middle.answer(request, "grace", "object", comment="Our team knows C.")
    middle.drain()
    assert outcome(middle, request) == "vetoed"
    assert "order of answers mattered" in middle.result(request)["explanation"]


@pytest.mark.parametrize(("in_favour", "expected"), [(3, "passed"), (2, "no_quorum")])
def test_consensus_approval_takes_three_in_favour_and_no_veto(
    middle: Middle, in_favour: int, expected: str
) -> None:
    """Here silence passes nothing."""
    request = proposed(middle, policy="consensus_approval")
    for person in ("ada", "grace", "linus")[:in_favour]:
        middle.answer(request, person, "support")
    after(middle, PERIOD)
    assert outcome(middle, request) == expected
