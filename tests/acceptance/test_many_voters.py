"""Ten thousand people on three channels who change their minds and delete, under a fake clock."""

from __future__ import annotations

import random
from collections import Counter
from datetime import timedelta
from pathlib import Path

import pytest

from socialbpm.outcomes.recounting import recount
from socialbpm.responses import Response
from tests.middle import Middle, WallChannel, poll, statements

CHANNELS = ("wall", "chat", "mail")
BATCH = 500


def answers(people: int, request: str) -> list[Response]:
    """About two responses of each person, by any of the channels: votes, changes, deletions, nonsense."""
    dice, said = random.Random(people), []
    for number in range(people):
        channel, account = dice.choice(CHANNELS), f"@p{number}"
        first = Response(
            channel=channel,
            event_id=f"{number}",
            account=account,
            choices=(dice.choice(("north", "south")),),
            request=request,
        )
        said.append(first)
        if dice.random() < 0.5:
            other = dice.choice(("north", "south", "west"))
            changed = {"channel": dice.choice(CHANNELS), "event_id": f"{number}b", "account": account}
            said.append(Response(**changed, choices=(other,), request=request))
        if dice.random() < 0.3:
            gone = {"channel": channel, "event_id": f"{number}c", "account": account}
            said.append(Response(**gone, choices=(), withdraws=first.event_id))
        if dice.random() < 0.1:
            stranger = {"channel": channel, "event_id": f"{number}d", "account": f"stranger{number}"}
            said.append(Response(**stranger, choices=("north",), request=request))
    return said


def expected(said: list[Response]) -> dict[str, int]:
    """The last valid ballot of each person, unless it was deleted."""
    ballots: dict[str, Response] = {}
    for each in said:
        if each.withdraws:
            held = ballots.get(each.account)
            if held is not None and (held.channel, held.event_id) == (each.channel, each.withdraws):
                del ballots[each.account]
        elif each.choices[0] != "west" and each.account.startswith("@"):
            ballots[each.account] = each
    return dict(Counter(each.choices[0] for each in ballots.values()))


def voted(folder: Path, people: int) -> float:
    """Let so many people vote; checks all, and gives the statements that it took for each response."""
    crowd = tuple(f"p{number}" for number in range(people))
    channels = dict.fromkeys(CHANNELS, WallChannel)
    middle = Middle(folder / f"{people}.db", people=crowd, channels=channels)
    middle.run()
    request = middle.open(poll(deadline=timedelta(days=3)))
    middle.drain()
    said = answers(people, request)
    with statements(middle.store) as executed:
        for start in range(0, len(said), BATCH):
            for response in said[start : start + BATCH]:
                middle.inbox.accept(response.channel, [response])
            middle.clock.advance(timedelta(minutes=1))
            middle.drain()
    middle.clock.advance(timedelta(days=4))
    middle.drain()
    with middle.store.read() as conn:
        found = recount(conn, request)
    assert found.problems == ()
    assert found.received == sum(found.standings.values()) == len(said)
    assert {name for name, number in found.standings.items() if number} == {
        *("accepted", "superseded", "withdrawn", "ineligible", "spoiled")
    }
    assert middle.result(request)["counts"] == expected(said) == found.counts
    assert middle.result(request)["advisory"]["north"] == found.standings["ineligible"]
    return len(executed) / len(said)


@pytest.mark.slow
def test_ten_thousand_voters_on_three_channels(tmp_path: Path) -> None:
    """The equation holds, the ballots are those of a plain list, a response costs what it does with 1,000."""
    assert voted(tmp_path, 10_000) == pytest.approx(voted(tmp_path, 1_000), rel=0.05)
