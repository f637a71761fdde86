"""Forgetting a person where it is hard: channels that cannot edit, delegations, secrecy, names in models."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, select

from socialbpm.erasure import ERASED, Erasure, Forgotten, Rewritten
from socialbpm.erasure.words import Words
from socialbpm.outcomes.recounting import recount
from socialbpm.posts import Span
from socialbpm.store import tables
from socialbpm.tasks import Wording
from tests.middle import Middle, declared, poll, review, status

WORDS = "The logo is two years old"


class NoRuns:
    """The middle alone has no saved runs."""

    def runs(self, conn: Connection, after: str) -> Sequence[str]:
        return []

    def rewrite(self, conn: Connection, run_id: str, words: Words, *, touch: bool) -> Rewritten:
        raise AssertionError("there is none")


def forget(middle: Middle, person: str = "ada") -> Forgotten:
    erasure = Erasure(middle.store, middle.clock, middle.outbox, NoRuns(), middle.communities, b"secret")
    done = erasure.forget(person)
    middle.drain()
    return done


def rejected(middle: Middle, **more: Any) -> str:
    """A review that Ada has rejected with her words, ended and told on the wall."""
    middle.run()
    request = middle.open(review(policy="first_response", **more))
    middle.drain()
    middle.answer(request, "ada", "reject", comment=WORDS)
    middle.drain()
    return request


def test_a_channel_that_cannot_edit_is_reported(tmp_path: Path) -> None:
    """The answer below the question names her for good: the report says where; the store is clean."""
    middle = Middle(tmp_path / "social.db", channels={"wall": declared(can_edit=False)})
    request = rejected(middle)
    assert any(WORDS in post.text[0].text for post in middle.wall.posts.values())
    done = forget(middle)
    assert done.edits == 0
    assert done.unreached[0] == "a post that cannot be edited by us: wall/main: https://wall.example/p2"
    assert all(WORDS not in str(row.post) for row in middle.deliveries(request))


def test_a_note_that_is_not_out_yet_goes_out_without_the_words(tmp_path: Path) -> None:
    """What waits for its channel is changed before it is sent; no second write is needed."""
    middle = Middle(tmp_path / "social.db")
    middle.run()
    request = middle.open(review(policy="first_response"))
    middle.drain()
    middle.answer(request, "ada", "reject", comment=WORDS)
    middle.work.perform(f"tally:{request}")
    done = forget(middle)
    assert (done.posts, done.edits, middle.wall.edits) == (1, 0, 1)
    assert f"{done.token}: “{ERASED}”" in middle.wall.posts["p1"].note


def test_delegations_stay_under_the_token(tmp_path: Path) -> None:
    """Grace has handed her ballot to Ada, who is forgotten: both ballots count as they did."""
    middle = Middle(tmp_path / "social.db")
    middle.run()
    request = middle.open(poll(delegation=True))
    middle.drain()
    middle.answer(request, "grace", delegate="ada")
    middle.answer(request, "ada", "north")
    middle.drain()
    done = forget(middle)
    middle.answer(request, "linus", "south")
    middle.clock.advance(timedelta(days=4))
    middle.drain()
    assert middle.request(request).outcome["counts"] == {"north": 2, "south": 1}
    with middle.store.read() as conn:
        assert recount(conn, request).problems == ()
        delegates = conn.scalars(select(tables.event.c.delegate).where(tables.event.c.delegate.is_not(None)))
        assert list(delegates) == [done.token]


def test_the_casting_vote_stays_hers_under_the_token(tmp_path: Path) -> None:
    """Who decides a tie is named in the rule and in the explanation: both say the token."""
    middle = Middle(tmp_path / "social.db")
    middle.run()
    request = middle.open(poll(tie="casting_vote", casting_vote="ada"))
    middle.drain()
    middle.answer(request, "ada", "north")
    middle.answer(request, "grace", "south")
    middle.drain()
    done = forget(middle)
    middle.clock.advance(timedelta(days=4))
    middle.drain()
    row = middle.request(request)
    assert row.outcome["winners"] == ["north"]
    assert f"{done.token} has the casting vote" in row.outcome["explanation"]
    assert forget(middle, "ada").token == done.token
    with middle.store.read() as conn:
        assert recount(conn, request).problems == ()


def test_what_was_pseudonymous_cannot_be_told_apart(tmp_path: Path) -> None:
    """After its end nobody knows whose words are whose: the report says how many such questions there are."""
    middle = Middle(tmp_path / "social.db")
    middle.run()
    request = middle.open(poll(secrecy="pseudonymous"))
    middle.drain()
    middle.answer(request, "ada", "north", comment=WORDS)
    middle.clock.advance(timedelta(days=4))
    middle.drain()
    done = forget(middle)
    assert any(each.startswith("1 pseudonymous questions that had ended") for each in done.unreached)


def test_what_others_wrote_is_theirs(tmp_path: Path) -> None:
    """Words of others that name her are not changed; the report gives the number of the answer."""
    middle = Middle(tmp_path / "social.db")
    middle.run()
    request = middle.open(review())
    middle.drain()
    middle.answer(request, "grace", "reject", comment="ada has said it all")
    middle.answer(request, "linus", "reject", comment="nada")
    middle.drain()
    assert "words of others that name them, in the answers 1" in forget(middle).unreached


def test_what_the_author_of_a_model_wrote_is_told(tmp_path: Path) -> None:
    """Text of the model stays; what came from data in the same post goes."""
    middle = Middle(tmp_path / "social.db")
    middle.run()
    text = Wording(text=(Span("Thanks to ada: "), Span("ada's work", authored=False)))
    request = middle.open(status(texts=(text,)))
    middle.drain()
    done = forget(middle)
    assert f"request {request}: its text or a choice names them" in done.unreached
    assert (
        "".join(span.text for span in middle.wall.posts["p1"].text) == f"Thanks to ada: {done.token}'s work"
    )


def test_an_answer_to_nothing_known_is_erased_too(tmp_path: Path) -> None:
    """What came before the post that it answers was known waits without words and name, and still counts."""
    middle = Middle(tmp_path / "social.db")
    middle.run()
    request = middle.open(review(policy="first_response"))
    middle.answer("", "ada", "approve", comment=WORDS, in_reply_to="p1")
    done = forget(middle)
    middle.drain()
    row = middle.request(request)
    assert row.outcome["outcome"] == "approved"
    with middle.store.read() as conn:
        (event,) = conn.execute(select(tables.event)).all()
    assert (event.comment, event.account) == (ERASED, done.token)
