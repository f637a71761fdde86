"""Vote, change, delete, link, unlink, close, crash and restart in any order, against a tiny model.

The model knows nothing of counts: it is the list of what was received, and whose each account is. What
stands must be what comes out of going through that list once.
"""

from __future__ import annotations

import itertools
import tempfile
from collections import Counter
from contextlib import suppress
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any

import hypothesis.strategies as st
from hypothesis import HealthCheck, settings
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from socialbpm.errors import NotFound
from socialbpm.outcomes.recounting import recount
from socialbpm.responses import Response
from socialbpm.testing.clock import FakeClock
from tests.middle import Middle, Wall, WallChannel, poll

PEOPLE = ("ada", "grace")
CHANNELS = ("wall", "chat")
STRANGERS = (("chat", "U1"), ("chat", "U2"))
ACCOUNTS = (*itertools.product(CHANNELS, ("@ada", "@grace")), *STRANGERS)
CHOICES = st.sampled_from([("north",), ("south",), ("west",), ("north", "south"), ()])
DEADLINE = timedelta(days=900)
HOUR = timedelta(hours=1)
MANY = 6


class Crash(Exception):
    """The process is gone in the middle of a transaction."""


@dataclass(frozen=True)
class Given:
    """What was received: an answer, or the deletion of one."""

    event: str
    account: tuple[str, str]
    choices: tuple[str, ...]
    deletes: str = ""


class OnePersonOneBallot(RuleBasedStateMachine):
    """The library on the one side, a list and a dictionary on the other."""

    @initialize(final=st.booleans())
    def open(self, final: bool) -> None:
        """A poll that anybody may answer; two people are on its roll."""
        self.folder = tempfile.TemporaryDirectory()
        self.clock, self.walls = FakeClock(), {name: Wall() for name in CHANNELS}
        self.numbers = itertools.count()
        self.middle = self.started()
        self.middle.run()
        self.final = final
        task = poll(electorate="open", deadline=DEADLINE, ballots="final" if final else "changeable")
        self.request = self.middle.open(task)
        self.middle.drain()
        self.received: list[Given] = []
        self.late = 0
        self.whose: dict[tuple[str, str], str] = {}
        self.closed: dict[str, int] | None = None

    def started(self) -> Middle:
        """A process over the same database and the same platforms."""
        return Middle(
            Path(self.folder.name) / "social.db",
            clock=self.clock,
            walls=self.walls,
            channels=dict.fromkeys(CHANNELS, WallChannel),
            people=PEOPLE,
        )

    def teardown(self) -> None:
        """At the end all is counted once more; nothing is left behind."""
        try:
            self.middle.drain()
            self.what_stands_is_what_the_model_says()
        finally:
            self.middle.store.close()
            self.folder.cleanup()

    @rule(account=st.sampled_from(ACCOUNTS), choices=CHOICES, crash=st.booleans())
    def answer(self, account: tuple[str, str], choices: tuple[str, ...], crash: bool) -> None:
        """Vote, change one's mind, take back, or answer nonsense; the platform repeats what got no reply."""
        self.hand_in(Given(f"e{next(self.numbers)}", account, choices), crash=crash)

    @precondition(lambda self: self.received)
    @rule(data=st.data(), crash=st.booleans())
    def delete(self, data: st.DataObject, crash: bool) -> None:
        """Any earlier answer, also one that counts no more."""
        gone = data.draw(st.sampled_from(self.received))
        self.hand_in(Given(f"e{next(self.numbers)}", gone.account, (), deletes=gone.event), crash=crash)

    @rule(account=st.sampled_from(STRANGERS), person=st.sampled_from(PEOPLE))
    def link(self, account: tuple[str, str], person: str) -> None:
        """By two codes; an account that is somebody's already stays theirs."""
        self.clock.advance(HOUR)
        accounts = self.middle.accounts
        claimed = accounts.say(*account, accounts.code(person).code)
        linked = bool(claimed.code) and accounts.say("local", person, claimed.code).linked
        assert linked == (account not in self.whose)
        self.whose.setdefault(account, person)

    @rule(account=st.sampled_from(STRANGERS))
    def unlink(self, account: tuple[str, str]) -> None:
        """It answers for itself again."""
        with suppress(NotFound):
            self.middle.accounts.unlink(*account)
        self.whose.pop(account, None)

    @rule(account=st.sampled_from(STRANGERS), choice=st.sampled_from(["north", "south"]))
    def stranger_votes(self, account: tuple[str, str], choice: str) -> None:
        """Whose vote this is may turn out later."""
        self.hand_in(Given(f"e{next(self.numbers)}", account, (choice,)), crash=False)

    @rule(crash=st.booleans())
    def work(self, crash: bool) -> None:
        """All that is due; what was counted and not committed is counted again, by another process."""
        if crash:
            with suppress(Crash), self.middle.store.begin() as conn:
                self.middle.outcomes.tally(conn, self.request)
                raise Crash
            self.middle.store.close()
            self.middle = self.started()
        self.middle.drain()
        self.what_stands_is_what_the_model_says()

    @rule()
    def restart(self) -> None:
        """The process ends without having worked; another takes over."""
        self.middle.store.close()
        self.middle = self.started()

    @precondition(lambda self: len(self.received) > MANY and self.closed is None)
    @rule()
    def close(self) -> None:
        """The deadline has come, whatever was counted by then. What is answered or linked later is late."""
        self.closed = self.standing()
        self.clock.advance(DEADLINE)
        self.middle.drain()
        self.what_stands_is_what_the_model_says()

    @invariant()
    def the_books_balance(self) -> None:
        """accepted + superseded + withdrawn + late + ineligible + spoiled = received, whenever one looks."""
        with self.middle.store.read() as conn:
            found = recount(conn, self.request)
        assert found.problems == ()
        assert found.received == len(self.received) + self.late
        assert sum(found.standings.values()) + found.pending == found.received

    def what_stands_is_what_the_model_says(self) -> None:
        """Once all is counted."""
        row = self.middle.request(self.request)
        assert row.counted["heads"] == (self.standing() if self.closed is None else self.closed)
        assert (row.state == "CLOSED") == (self.closed is not None)

    def hand_in(self, given: Given, *, crash: bool) -> None:
        """To the inbox; after a crash the platform hands it in once more."""
        channel, account = given.account
        about: dict[str, Any] = {"withdraws": given.deletes} if given.deletes else {"request": self.request}
        response = Response(
            channel=channel, event_id=given.event, account=account, choices=given.choices, **about
        )
        if crash:
            with suppress(Crash), self.middle.store.begin() as conn:
                self.middle.inbox.store(conn, channel, [response])
                raise Crash
        self.middle.inbox.accept(channel, [response, response])
        if self.closed is None:
            self.received.append(given)
        else:
            self.late += 1

    def standing(self) -> dict[str, int]:
        """The model: once through the list."""
        ballots: dict[str, Given] = {}
        for given in self.received:
            person = self.person(given.account)
            before = ballots.get(person)
            if before is not None and self.final:
                continue
            if given.deletes:
                if before is not None and before.event == given.deletes:
                    del ballots[person]
            elif not given.choices:
                ballots.pop(person, None)
            elif given.choices in (("north",), ("south",)):
                ballots[person] = given
        return dict(Counter(given.choices[0] for given in ballots.values()))

    def person(self, account: tuple[str, str]) -> str:
        """Whose an account is: by the roll, by a link, else its own."""
        return account[1][1:] if account[1].startswith("@") else self.whose.get(account, ":".join(account))


OnePersonOneBallot.TestCase.settings = settings(
    max_examples=60, stateful_step_count=30, deadline=None, suppress_health_check=list(HealthCheck)
)
TestOnePersonOneBallot = OnePersonOneBallot.TestCase
