"""One person, one ballot: over channels, accounts, changes of mind, deletions and delegates."""

from __future__ import annotations

from datetime import timedelta
from fractions import Fraction
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select

from socialbpm.channels.base import Inbound, RawEvent
from socialbpm.errors import NotFound, StateError
from socialbpm.outcomes.recounting import recount
from socialbpm.people import Account, Member
from socialbpm.responses import ABSTAIN, Response, Standing, Tally
from socialbpm.social import views
from socialbpm.store import tables
from tests.middle import Middle, WallChannel, poll, review, statements

DAY = timedelta(days=1)
CHANNELS = ("wall", "chat", "mail")


def made(path: Path | str, *, people: tuple[str, ...] = ("ada", "grace", "linus"), **more: Any) -> Middle:
    """Three channels; everybody has an account on each, and their name on the local pages."""
    middle = Middle(path, people=people, channels=dict.fromkeys(CHANNELS, WallChannel), **more)
    middle.run()
    return middle


@pytest.fixture
def middle(tmp_path: Path) -> Middle:
    return made(tmp_path / "social.db")


def opened(middle: Middle, task: Any) -> str:
    request = middle.open(task)
    middle.drain()
    return request


def close(middle: Middle, request: str) -> dict[str, Any]:
    """At the deadline; the books balance, and the recount agrees."""
    middle.clock.advance(4 * DAY)
    middle.drain()
    check(middle, request)
    return middle.result(request)


def check(middle: Middle, request: str) -> Any:
    """The equation, from the rows, the audit and the events."""
    with middle.store.read() as conn:
        found = recount(conn, request)
    assert found.problems == ()
    assert sum(found.standings.values()) + found.pending == found.received
    return found


def standings(middle: Middle, request: str) -> list[str]:
    middle.drain()
    return [standing for standing, _ in middle.reasons(request)]


# one ballot over channels


def test_a_person_on_three_channels_has_one_ballot_the_last_valid_one(middle: Middle) -> None:
    """Whichever channel it came by; an invalid later one does not void it, and is told why."""
    request = opened(middle, poll())
    middle.answer(request, "ada", "north", channel="wall")
    middle.answer(request, "ada", "south", channel="chat")
    middle.answer(request, "ada", "north", channel="mail")
    reply = middle.answer(request, "ada", "west", channel="wall")
    assert standings(middle, request) == ["superseded", "superseded", "accepted", "spoiled"]
    assert "not one of the choices" in middle.inbox.standing(reply.seq).reason
    result = close(middle, request)
    assert (result["ballots"], result["counts"]) == (1, {"north": 1, "south": 0})


def test_an_emptied_selection_on_another_channel_takes_the_ballot_back(middle: Middle) -> None:
    """The ballot is the person's, not the account's."""
    request = opened(middle, poll())
    middle.answer(request, "ada", "north", channel="wall")
    middle.answer(request, "ada", channel="mail")
    assert standings(middle, request) == ["withdrawn", "withdrawn"]
    assert close(middle, request)["outcome"] == "no_votes"


# deletions


def delete(middle: Middle, person: str, event_id: str, **more: Any) -> Any:
    return middle.answer("", person, withdraws=event_id, **more)


def test_a_deleted_reply_withdraws_exactly_that_ballot(middle: Middle) -> None:
    """It need not name the request; what had been replaced already changes nothing, and is recorded."""
    request = opened(middle, poll())
    middle.answer(request, "ada", "north", event_id="first")
    middle.answer(request, "ada", "south", event_id="second")
    middle.drain()
    delete(middle, "ada", "first")
    assert standings(middle, request) == ["superseded", "accepted", "withdrawn"]
    delete(middle, "ada", "second")
    assert standings(middle, request) == ["superseded", "withdrawn", "withdrawn", "withdrawn"]
    delete(middle, "ada", "second")
    middle.drain()
    assert middle.reasons(request)[-1] == (
        "withdrawn",
        "what was deleted had not counted, or counted no more",
    )
    assert close(middle, request)["outcome"] == "no_votes"


def test_nobody_deletes_the_answer_of_another_account(middle: Middle) -> None:
    """A deletion is of the account that answered, not even of another of the same person."""
    link(middle, "ada", "wall", "U1")
    request = opened(middle, poll())
    middle.answer(request, "ada", "north", event_id="first")
    delete(middle, "grace", "first")
    delete(middle, "ada", "first", account="U1")
    assert standings(middle, request) == ["accepted", "withdrawn", "withdrawn"]
    assert close(middle, request)["counts"]["north"] == 1


@pytest.mark.parametrize("when", ["before it came", "in the same batch"])
def test_an_answer_that_is_gone_before_it_is_counted_never_counts(middle: Middle, when: str) -> None:
    """Platforms may tell of a deletion first, or of both at once."""
    request = opened(middle, poll())
    answer = Response(channel="wall", event_id="e", account="@ada", choices=("north",), request=request)
    gone = Response(channel="wall", event_id="d", account="@ada", choices=(), withdraws="e")
    for batch in ([gone], [answer]) if when == "before it came" else ([answer, gone],):
        middle.inbox.accept("wall", batch)
    middle.drain()
    check(middle, request)
    assert close(middle, request)["outcome"] == "no_votes"


def test_a_deletion_after_the_end_changes_nothing(middle: Middle) -> None:
    """The result stands."""
    request = opened(middle, poll())
    middle.answer(request, "ada", "north", event_id="first")
    assert close(middle, request)["winner"] == "north"
    delete(middle, "ada", "first")
    assert standings(middle, request) == ["accepted", "late"]
    check(middle, request)


# abstaining


def test_abstaining_counts_for_the_quorum_and_for_no_choice(middle: Middle) -> None:
    """Offered only where the model says so, and never together with a choice."""
    request = opened(middle, poll(abstain=True, quorum=3))
    middle.answer(request, "ada", "north")
    middle.answer(request, "grace", ABSTAIN)
    middle.answer(request, "linus", ABSTAIN, "north")
    assert standings(middle, request) == ["accepted", "accepted", "spoiled"]
    middle.answer(request, "linus", ABSTAIN)
    result = close(middle, request)
    assert (result["outcome"], result["winner"], result["ballots"]) == ("decided", "north", 3)
    assert result["counts"] == {"north": 1, "south": 0, ABSTAIN: 2}
    other = middle.open(poll(), element="other")
    middle.drain()
    middle.answer(other, "ada", ABSTAIN)
    assert standings(middle, other) == ["spoiled"]


# delegation


def hand(middle: Middle, request: str, person: str, to: str) -> Any:
    return middle.answer(request, person, delegate=to)


def heads(middle: Middle, request: str) -> dict[str, int]:
    middle.drain()
    return dict(middle.request(request).counted["heads"])


def test_a_handed_on_ballot_follows_its_delegate(tmp_path: Path) -> None:
    """With its own weight, through chains, until its person votes or takes it back."""
    middle = made(tmp_path / "d.db", weights={"ada": Fraction(5)})
    request = opened(middle, poll(delegation=True))
    hand(middle, request, "ada", "grace")
    hand(middle, request, "grace", "linus")
    assert heads(middle, request) == {}
    middle.answer(request, "linus", "north")
    assert heads(middle, request) == {"north": 3}
    assert middle.request(request).counted["totals"] == {"north": "7"}
    middle.answer(request, "linus", "south")
    assert heads(middle, request) == {"south": 3}
    middle.answer(request, "grace", "north")  # ada handed hers to grace, not to linus
    assert heads(middle, request) == {"south": 1, "north": 2}
    middle.answer(request, "ada", "south")
    assert heads(middle, request) == {"south": 2, "north": 1}
    middle.answer(request, "grace")
    assert heads(middle, request) == {"south": 2}
    hand(middle, request, "ada", "linus")
    middle.answer(request, "linus")
    assert heads(middle, request) == {}
    middle.answer(request, "linus", "north")
    assert close(middle, request)["counts"] == {"north": 2, "south": 0}


def test_who_cannot_be_a_delegate(middle: Middle) -> None:
    """A circle, oneself, the author, a stranger; where it is not offered, nobody. What stood still stands."""
    request = opened(middle, poll(delegation=True, author="linus"))
    middle.answer(request, "ada", "north")
    for person, to in (("ada", "ada"), ("ada", "linus"), ("ada", "eve")):
        hand(middle, request, person, to)
    middle.answer(request, "ada", "north", delegate="grace")
    middle.drain()
    reasons = [reason for standing, reason in middle.reasons(request) if standing == "spoiled"]
    said = ("in a circle", "the author cannot", "'eve' may not answer", "names choices and")
    assert [reason.startswith(start) for reason, start in zip(reasons, said, strict=True)] == [True] * 4
    hand(middle, request, "ada", "grace")
    hand(middle, request, "grace", "ada")
    assert standings(middle, request)[-2:] == ["accepted", "spoiled"]
    assert close(middle, request)["outcome"] == "no_votes"
    other = middle.open(poll(), element="other")
    middle.drain()
    hand(middle, other, "ada", "grace")
    assert standings(middle, other) == ["spoiled"]


def test_a_change_costs_by_those_who_stand_behind_the_person(tmp_path: Path) -> None:
    """The same number of statements with 3 and with 300 people who handed on their ballots elsewhere."""
    seen = []
    for others in (3, 300):
        crowd = tuple(f"p{number}" for number in range(others))
        middle = made(tmp_path / f"{others}.db", people=("ada", "grace", "boss", *crowd))
        request = opened(middle, poll(delegation=True))
        for person in crowd:
            hand(middle, request, person, "boss")
        hand(middle, request, "ada", "grace")
        middle.drain()
        with statements(middle.store) as said:
            middle.answer(request, "grace", "north")
            middle.drain()
        seen.append(len(said))
        assert heads(middle, request) == {"north": 2}
    assert seen[0] == seen[1]


def test_what_is_not_offered_costs_nothing(middle: Middle) -> None:
    """A plain request never asks for delegations, codes or tallies."""
    request = opened(middle, poll())
    with statements(middle.store) as said:
        middle.answer(request, "ada", "north")
        middle.drain()
    touched = ("behind", "social_link_code", "social_tally", "social_attempt")
    assert [sql for sql in said if any(word in sql for word in touched)] == []


# who may answer


def member(person: str, weight: str = "1", *groups: str) -> Member:
    own = frozenset(Account(channel=name, id=f"@{person}") for name in CHANNELS)
    local = Account(channel="local", id=person)
    return Member(
        person=person, accounts=own | {local}, weight=Fraction(weight), groups=frozenset({*groups, "room"})
    )


def with_roll(folder: Path, *members: Member, **more: tuple[Member, ...]) -> Middle:
    return made(folder / "roll.db", communities={"room": members, **more})


def test_who_weighs_nothing_is_known_and_has_no_vote(tmp_path: Path) -> None:
    """Their answer is advisory: kept, counted apart, and never mixed with the ballots."""
    middle = with_roll(tmp_path, member("ada"), member("grace", "0"))
    request = opened(middle, poll())
    middle.answer(request, "grace", "south")
    middle.answer(request, "ada", "north")
    middle.drain()
    assert middle.reasons(request)[0] == ("ineligible", "has no binding vote here")
    result = close(middle, request)
    assert (result["counts"], result["advisory"]) == ({"north": 1, "south": 0}, {"south": 1})
    assert result["eligible"] == 1


def test_thirds_are_thirds(tmp_path: Path) -> None:
    """Three who weigh a third are one: no float rounds that."""
    thirds = [member(person, "1/3") for person in "abc"]
    middle = with_roll(tmp_path, *thirds, member("d"))
    request = opened(middle, poll())
    for person in "abc":
        middle.answer(request, person, "north")
    middle.answer(request, "d", "south")
    assert close(middle, request)["outcome"] == "tie"


def test_a_person_in_three_communities_counts_once(tmp_path: Path) -> None:
    """The weight of the first community that names them, the groups of all."""
    more = {
        "board": (member("ada", "7", "board"), member("bo")),
        "staff": (member("ada", "9", "staff"), member("bo")),
    }
    middle = with_roll(tmp_path, member("ada", "2", "legal"), **more)
    request = opened(middle, poll(voters=("room", "board", "staff"), group_quorum={"legal": 1, "staff": 1}))
    middle.answer(request, "ada", "north")
    result = close(middle, request)
    assert (result["outcome"], result["eligible"], result["scores"]["north"]) == ("decided", 2, 2)


def test_only_the_groups_that_bind_decide(tmp_path: Path) -> None:
    """What the others answer is advisory, changes with their mind, and leaves the roll alone."""
    middle = with_roll(tmp_path, member("ada", "1", "legal"), member("grace"))
    request = opened(middle, poll(binding=("legal",)))
    middle.answer(request, "grace", "south")
    middle.answer(request, "grace", "north")
    middle.answer(request, "grace", "west")
    middle.answer(request, "ada", "north")
    assert standings(middle, request) == ["ineligible"] * 3 + ["accepted"]
    result = close(middle, request)
    assert (result["advisory"], result["eligible"]) == ({"north": 1}, 1)


def test_a_stranger_is_advisory_on_a_roll_and_a_person_where_it_is_open(middle: Middle) -> None:
    """electorate="open": an account that belongs to nobody counts for itself; the roll is not known then."""
    closed, anybody = opened(middle, poll()), middle.open(poll(electorate="open"), element="open")
    middle.drain()
    for request in (closed, anybody):
        for channel in ("wall", "chat"):
            middle.answer(request, "eve", "south", channel=channel)
        middle.answer(request, "eve", "north")
        middle.answer(request, "ada", "north", channel="wall")
        middle.answer(request, "ada", "north", channel="chat")
    result = close(middle, closed)
    assert (result["ballots"], result["advisory"]) == (1, {"south": 1, "north": 1})
    result, found = close(middle, anybody), check(middle, anybody)
    assert (result["ballots"], result["eligible"], result["advisory"]) == (3, None, {})
    assert found.counts == {"north": 2, "south": 1}


def test_the_author_and_who_weighs_nothing_stay_out_where_it_is_open(tmp_path: Path) -> None:
    """An open electorate lets strangers in; it does not give a vote to whom the roll denies it."""
    middle = with_roll(tmp_path, member("ada"), member("grace", "0"), member("linus"))
    link(middle, "grace", "wall", "@grace2")
    request = opened(middle, poll(electorate="open", author="linus"))
    for who in ("ada", "grace", "linus", "grace2"):
        middle.answer(request, who, "north")
    assert standings(middle, request) == ["accepted", "ineligible", "ineligible", "ineligible"]
    assert close(middle, request)["ballots"] == 1


def test_an_open_poll_needs_no_roll_and_a_closed_one_does(tmp_path: Path) -> None:
    """An empty roll refuses; it never means "anyone"."""
    middle = with_roll(tmp_path)
    with pytest.raises(Exception, match="the roll is empty"):
        middle.open(poll())
    request = opened(middle, poll(electorate="open"))
    middle.answer(request, "eve", "north")
    assert close(middle, request)["winner"] == "north"


# linking


def link(middle: Middle, person: str, channel: str, account: str) -> None:
    """By two codes."""
    first = middle.accounts.code(person).code
    second = middle.accounts.say(channel, account, first).code
    assert middle.accounts.say("local", person, second).linked


def test_two_codes_link_an_account_and_only_both(middle: Middle) -> None:
    """Asked for where one is known, said with the other account, confirmed where it began."""
    accounts = middle.accounts
    first = accounts.code("ada")
    claimed = accounts.say("chat", "U1", first.code.lower().replace("-", " "))
    assert (claimed.linked, bool(claimed.code)) == (False, True)
    assert Account(channel="chat", id="U1") not in accounts.of("ada")
    assert accounts.say("local", "ada", claimed.code).linked
    assert Account(channel="chat", id="U1") in accounts.of("ada")
    kinds = [row.kind for row in middle.audit("account.")]
    assert kinds == ["account.code_made", "account.claimed", "account.linked"]


def test_a_channel_alone_is_enough(middle: Middle) -> None:
    """The whole exchange by responses: ask, say, confirm; the codes are told in the reply, kept nowhere."""

    def said(code: str, channel: str, account: str) -> Any:
        return middle.answer("", account, channel=channel, account=account, code=code)

    asked = said("new", "wall", "@ada")
    assert asked.standing == "linking"
    second = said(asked.reason.split()[1], "chat", "U1")
    done = said(second.reason.split()[2], "wall", "@ada")
    assert done.reason.startswith("linked")
    with middle.store.read() as conn:
        rows = [conn.execute(select(table)).all() for table in (tables.event, tables.link_code, tables.audit)]
    assert asked.reason.split()[1] not in str(rows)
    assert second.reason.split()[2] not in str(rows)


def test_what_links_nothing_says_why(middle: Middle) -> None:
    """Guessed, expired, used, said by a second account, or confirmed by somebody else."""
    accounts = middle.accounts
    assert "no such code" in accounts.say("chat", "U1", "AAAA-AAAA").reason
    late = accounts.code("ada").code
    middle.clock.advance(timedelta(minutes=15))
    assert "time is over" in accounts.say("chat", "U1", late).reason
    first = accounts.code("ada").code
    assert "answers for one person" in accounts.say("wall", "@grace", first).reason
    assert "yours already" in accounts.say("wall", "@ada", first).reason
    second = accounts.say("chat", "thief", first)  # who saw the code was faster
    assert "said already" in accounts.say("chat", "U1", first).reason
    for channel, account in (("chat", "thief"), ("local", "grace"), ("local", "nobody")):
        assert not accounts.say(channel, account, second.code).linked
    middle.clock.advance(timedelta(minutes=15))
    assert not accounts.say("local", "ada", second.code).linked
    assert {own.id for own in accounts.of("ada")} == {"@ada", "ada"}
    assert len(middle.audit("account.refused")) == 9


def test_guessing_and_asking_have_their_limits(middle: Middle) -> None:
    """Five within an hour; then even the right code has to wait."""
    accounts = middle.accounts
    right = accounts.code("ada").code
    for _ in range(5):
        accounts.say("chat", "U1", "AAAA-AAAA")
    assert "five times" in accounts.say("chat", "U1", right).reason
    for _ in range(4):
        accounts.code("ada")
    with pytest.raises(StateError, match="five times"):
        accounts.code("ada")
    middle.clock.advance(timedelta(hours=1))
    assert accounts.say("chat", "U1", accounts.code("ada").code).code
    with pytest.raises(NotFound):
        accounts.code("eve")


def test_a_used_code_is_no_code_and_an_account_has_one_person(middle: Middle) -> None:
    """Single use; nobody takes a linked account over."""
    first = middle.accounts.code("ada").code
    second = middle.accounts.say("chat", "U1", first).code
    assert middle.accounts.say("local", "ada", second).linked
    assert "no such code" in middle.accounts.say("local", "ada", second).reason
    other = middle.accounts.code("grace").code
    assert "answers for one person" in middle.accounts.say("chat", "U1", other).reason
    with pytest.raises(StateError, match="on a roll"):
        middle.accounts.unlink("chat", "@ada")
    with pytest.raises(NotFound):
        middle.accounts.unlink("chat", "U2")


def test_linking_later_makes_two_ballots_one(middle: Middle) -> None:
    """In open requests: an account that had voted as its own person collapses into the person's ballot."""
    request = opened(middle, poll(electorate="open"))
    middle.answer(request, "ada", "north")
    middle.answer(request, "U1", "south", channel="chat", account="U1")
    assert heads(middle, request) == {"north": 1, "south": 1}
    link(middle, "ada", "chat", "U1")
    assert heads(middle, request) == {"south": 1}
    assert standings(middle, request) == ["superseded", "accepted"]
    check(middle, request)
    middle.accounts.unlink("chat", "U1")
    assert heads(middle, request) == {"north": 1, "south": 1}
    assert close(middle, request)["ballots"] == 2


def test_linking_later_lets_in_who_is_on_the_roll(middle: Middle) -> None:
    """What had been advisory counts now, with all that happened in between, in the order of receipt."""
    request = opened(middle, poll())
    middle.answer(request, "U1", "south", channel="chat", account="U1")
    middle.answer(request, "ada", "north")
    middle.answer(request, "U1", "west", channel="chat", account="U1")
    middle.answer(request, "U1", "south", channel="chat", account="U1", event_id="last")
    middle.drain()
    assert middle.request(request).counted["advisory"] == {"south": 1}
    link(middle, "ada", "chat", "U1")
    assert standings(middle, request) == ["superseded", "superseded", "spoiled", "accepted"]
    assert middle.request(request).counted.get("advisory", {}) == {}
    delete(middle, "ada", "last", channel="chat", account="U1")
    assert heads(middle, request) == {}
    check(middle, request)


def test_with_final_ballots_the_first_of_both_accounts_stands(middle: Middle) -> None:
    """Final is final, also for who answered by two accounts."""
    request = opened(middle, poll(electorate="open", ballots="final"))
    middle.answer(request, "U1", "south", channel="chat", account="U1")
    middle.answer(request, "ada", "north")
    middle.drain()
    link(middle, "ada", "chat", "U1")
    assert standings(middle, request) == ["accepted", "spoiled"]
    assert close(middle, request)["winner"] == "south"


def test_linking_moves_the_ballots_that_were_handed_on_too(middle: Middle) -> None:
    """Who stands behind the person goes where the person goes."""
    request = opened(middle, poll(delegation=True))
    hand(middle, request, "grace", "ada")
    middle.answer(request, "ada", "north")
    middle.answer(request, "U1", "south", channel="chat", account="U1")
    assert heads(middle, request) == {"north": 2}
    link(middle, "ada", "chat", "U1")
    assert heads(middle, request) == {"south": 2}
    check(middle, request)


def test_a_link_in_time_counts_though_nobody_was_there_to_tell(middle: Middle) -> None:
    """Linked before the close, told after the deadline: it holds. Linked after it: the result stands."""
    request = opened(middle, poll(electorate="open"))
    middle.answer(request, "ada", "north")
    middle.answer(request, "U1", "south", channel="chat", account="U1")
    middle.answer(request, "U2", "north", channel="chat", account="U2")
    middle.drain()
    link(middle, "ada", "chat", "U1")
    middle.clock.advance(4 * DAY)
    middle.work.perform(f"tally:{request}")  # before the work of the link itself
    assert middle.result(request)["ballots"] == 2
    link(middle, "ada", "chat", "U2")
    middle.drain()
    assert close(middle, request)["counts"] == {"north": 1, "south": 1}


def test_what_a_revision_voided_no_link_brings_back(middle: Middle) -> None:
    """Only answers to the version that is shown are told again."""
    request = opened(middle, poll(electorate="open"))
    middle.answer(request, "U1", "south", channel="chat", account="U1")
    middle.drain()
    middle.requests.revise(request, text="Once more")
    middle.drain()
    middle.answer(request, "ada", "north")
    middle.drain()
    link(middle, "ada", "chat", "U1")
    assert standings(middle, request) == ["spoiled", "accepted"]
    middle.accounts.unlink("chat", "U1")
    middle.answer(request, "U1", "west", channel="chat", account="U1")
    middle.drain()
    link(middle, "ada", "chat", "U1")  # the version is told again, and nothing before it
    assert standings(middle, request) == ["spoiled", "accepted", "spoiled"]
    assert middle.reasons(request)[0] == ("spoiled", "a new version is shown")
    check(middle, request)


def test_four_eyes_are_two_people_not_two_accounts(middle: Middle) -> None:
    """The author's other account is the author."""
    request = opened(middle, review(author="ada"))
    link(middle, "ada", "chat", "U1")
    middle.answer(request, "U1", "approve", channel="chat", account="U1")
    middle.drain()
    assert middle.reasons(request) == [("ineligible", "the author cannot answer about their own work")]
    assert middle.request(request).state == "OPEN"


# secrecy


def test_a_pseudonymous_poll_forgets_who_answered_what(middle: Middle) -> None:
    """At the close tokens take the place of people and accounts, the key is gone; late ones are nobody's."""
    request = opened(middle, poll(secrecy="pseudonymous", delegation=True))
    middle.answer(request, "ada", "north")
    middle.answer(request, "ada", "south", channel="chat")
    hand(middle, request, "grace", "ada")
    middle.drain()
    assert middle.request(request).poll_key is not None
    result = close(middle, request)
    middle.answer(request, "linus", "north")
    assert standings(middle, request)[-1] == "late"
    check(middle, request)
    assert middle.request(request).poll_key is None
    with middle.store.read() as conn:
        people = conn.scalars(select(tables.response.c.person).order_by(tables.response.c.seq)).all()
        accounts = conn.execute(select(tables.event.c.account, tables.event.c.delegate)).all()
        posts = conn.scalars(select(tables.delivery.c.post)).all()
    kept = str((people, accounts, posts, result, [row.facts for row in middle.audit()]))
    assert not any(name in kept for name in ("ada", "grace", "linus"))
    assert people[0] == people[1] != people[2]
    assert people[3] == ""


@pytest.mark.parametrize("secrecy", ["hidden_until_close", "pseudonymous"])
def test_nobody_is_told_what_others_answered_before_the_close(middle: Middle, secrecy: str) -> None:
    """No counts, no choices, no words; of a pseudonymous one no people either, also not afterwards."""
    request = opened(middle, poll(secrecy=secrecy))
    middle.answer(request, "ada", "north", comment="because")
    middle.answer(request, "eve", "north")
    middle.drain()
    with middle.store.read() as conn:
        view, told = views.request(conn, request), views.responses(conn, request, limit=9)
    assert (view.counts, view.advisory) == ({}, {})
    assert {(each.choices, each.comment, each.reason) for each in told} == {((), "", "")}
    close(middle, request)
    with middle.store.read() as conn:
        view, after = views.request(conn, request), views.responses(conn, request, limit=9)
    assert (view.counts["north"], view.advisory, after[0].comment) == (1, {"north": 1}, "because")
    named = [(each.person, each.account) for each in (*told, *after)]
    assert (("ada", "@ada") in named) == (secrecy == "hidden_until_close")
    assert "ada" not in str(named) or secrecy == "hidden_until_close"


# polls of platforms


def test_votes_without_names_are_shown_apart(middle: Middle) -> None:
    """The newest tally of a post replaces the one before; the outcome is that of the ballots."""
    request = opened(middle, poll())
    middle.answer(request, "ada", "north")
    for counts in ({"south": 3}, {"south": 40, "north": 2}):
        assert middle.inbox.tallies.accept(Tally(channel="wall", post="p1", counts=counts))
        middle.drain()
    assert not middle.inbox.tallies.accept(Tally(channel="wall", post="p9", counts={"south": 1}))
    result = close(middle, request)
    assert (result["winner"], result["ballots"]) == ("north", 1)
    assert result["tallies"] == {"south": 40, "north": 2}


def test_votes_without_names_count_where_the_model_says_so(middle: Middle) -> None:
    """tallies="binding": added at the close, and the explanation owns up to it."""
    request = opened(middle, poll(electorate="open", tallies="binding"))
    middle.answer(request, "ada", "north")
    middle.inbox.tallies.accept(
        Tally(channel="wall", post="p1", counts={"south": 40, "north": 2, "west": 99})
    )
    result = close(middle, request)
    assert (result["winner"], result["counts"]) == ("south", {"north": 3, "south": 40})
    assert result["explanation"].endswith("42 of the votes are from polls that name nobody")


def test_a_channel_hands_in_what_its_own_poll_has_counted(tmp_path: Path) -> None:
    """Told by a webhook or read in a batch: the same path as for answers."""

    class Polling(WallChannel):
        def receive(self, event: RawEvent) -> Inbound:
            return Inbound(tallies=(Tally(channel=self.name, post="p1", counts={"south": len(event.body)}),))

    middle = Middle(tmp_path / "social.db", channels={"wall": Polling})
    middle.run()
    request = opened(middle, poll())
    middle.inbox.received("wall", RawEvent(body=b"12345"))
    middle.answer(request, "ada", "north")
    assert close(middle, request)["tallies"] == {"south": 5}


# the recount


@pytest.mark.parametrize(
    ("what", "said"),
    [
        ("standing", "the audit says 0 late, there are 1"),
        ("audit", "the audit says 0 accepted, there are 3"),
        ("count", "the running count says {'south': 3}, the ballots say {'north': 2, 'south': 1}"),
        ("twice", "'grace' has 2 ballots"),
        ("outcome", "the outcome is tie, the ballots decide decided"),
    ],
)
def test_a_recount_says_what_was_tampered_with(middle: Middle, what: str, said: str) -> None:
    """It uses none of the figures that it checks."""
    request = opened(middle, poll())
    for person, choice in (("ada", "north"), ("grace", "south"), ("linus", "north")):
        middle.answer(request, person, choice)
    close(middle, request)
    row, answers = middle.request(request), tables.response
    with middle.store.begin() as conn:
        if what == "standing":
            conn.execute(answers.update().where(answers.c.person == "ada").values(standing=Standing.LATE))
        elif what == "audit":
            conn.execute(tables.audit.delete().where(tables.audit.c.kind == "response.accepted"))
        elif what == "count":
            conn.execute(tables.request.update().values(counted={**row.counted, "heads": {"south": 3}}))
        elif what == "twice":
            conn.execute(answers.update().where(answers.c.person == "ada").values(person="grace"))
        else:
            conn.execute(tables.request.update().values(outcome={**row.outcome, "outcome": "tie"}))
    with middle.store.read() as conn:
        assert said in recount(conn, request).problems
