"""Forgetting a person: their words and names go, what was counted stays, and posts are edited once."""

from __future__ import annotations

import json
import re
import zlib
from datetime import timedelta
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select

import socialbpm
from socialbpm.erasure import ERASED
from socialbpm.erasure.words import Words
from socialbpm.errors import NotFound
from socialbpm.outcomes.recounting import recount
from socialbpm.people import FORGOTTEN
from socialbpm.store import tables
from socialbpm.testing import FakeClock

WORDS = "The figure in line three is from last year"
PEOPLE = {"press_room": {"local": ["ada", "grace", "linus"]}, "readers": {"local": ["rita"]}}
REVIEW = """<?xml version="1.0"?>
<bpmn:definitions xmlns:bpmn="http://www.omg.org/spec/BPMN/20100524/MODEL"
    xmlns:social="urn:socialbpm:1" targetNamespace="urn:test" id="defs">
  <bpmn:process id="main" isExecutable="true">
    <bpmn:startEvent id="begin"><bpmn:outgoing>a</bpmn:outgoing></bpmn:startEvent>
    <bpmn:sequenceFlow id="a" sourceRef="begin" targetRef="ask"/>
    <bpmn:serviceTask id="ask" name="Good?">
      <bpmn:extensionElements>
        <social:requestReview to="press_room" policy="n_of_m" n="2" deadline="P3D" include="reasons voters"
            resultVariable="review" {more}>
          <social:text>Is it good?</social:text>
        </social:requestReview>
      </bpmn:extensionElements>
      <bpmn:incoming>a</bpmn:incoming><bpmn:outgoing>b</bpmn:outgoing>
    </bpmn:serviceTask>
    <bpmn:sequenceFlow id="b" sourceRef="ask" targetRef="tell"/>
    <bpmn:serviceTask id="tell" name="Tell">
      <bpmn:extensionElements>
        <social:postStatus to="readers" resultVariable="told">
          <social:text>{{{{ review.voters[0].person }}}} said:
            {{{{ review.reasons[0].comment }}}}</social:text>
        </social:postStatus>
      </bpmn:extensionElements>
      <bpmn:incoming>b</bpmn:incoming><bpmn:outgoing>c</bpmn:outgoing>
    </bpmn:serviceTask>
    <bpmn:sequenceFlow id="c" sourceRef="tell" targetRef="last"/>
    {last}
  </bpmn:process>
</bpmn:definitions>
"""
END = '<bpmn:endEvent id="last"><bpmn:incoming>c</bpmn:incoming></bpmn:endEvent>'
WAITS = """<bpmn:serviceTask id="last" name="Last">
      <bpmn:extensionElements><social:requestReview to="press_room">
        <social:text>And now?</social:text></social:requestReview></bpmn:extensionElements>
      <bpmn:incoming>c</bpmn:incoming></bpmn:serviceTask>"""


def model(folder: Path, last: str = END, more: str = "") -> Path:
    path = folder / "main.bpmn"
    path.write_text(REVIEW.format(last=last, more=more))
    return path


def opened(folder: Path, **more: Any) -> socialbpm.Social:
    settings: dict[str, Any] = {"communities": PEOPLE, "clock": FakeClock(), **more}
    return socialbpm.open(f"sqlite:///{folder / 'social.db'}", **settings)


def started(social: socialbpm.Social, path: Path) -> tuple[str, str]:
    """A run whose question has been asked; the run's id and the request's."""
    social.deploy(path)
    run = social.start("main", data={"author": "somebody"})
    social.work()
    (request,) = social.requests(run.id)
    return run.id, request.id


def rejected(social: socialbpm.Social, request: str) -> None:
    """Ada and Grace reject, Ada with a reason; nobody is waited for any more."""
    social.respond(request, "ada", "reject", WORDS)
    social.respond(request, "grace", "reject", "As Ada says")
    social.respond(request, "linus", "approve")
    social.work()
    social.clock.advance(timedelta(days=4))
    social.work()


def everything(social: socialbpm.Social) -> str:
    """All that the database says, states of runs unpacked."""
    told: list[Any] = []
    with social.store.read() as conn:
        for table in tables.metadata.sorted_tables:
            for row in conn.execute(select(table)):
                values = dict(row._mapping)
                if isinstance(values.get("state"), bytes):
                    values["state"] = zlib.decompress(values["state"]).decode()
                told.append(values)
    return json.dumps(told, default=str, ensure_ascii=False)


def test_words_and_name_are_gone_from_the_whole_store(tmp_path: Path) -> None:
    """After the run has ended nothing in any table, saved data and posts included, holds words or name."""
    with opened(tmp_path) as social:
        _, request = started(social, model(tmp_path))
        rejected(social, request)
        assert WORDS in everything(social)
        done = social.forget("ada")
        social.work()
        found = everything(social)
    assert WORDS not in found
    assert not re.search(r"\bada\b", found)
    assert done.token in found
    assert (done.requests, done.answers, done.comments) == (1, 1, 1)


def test_freed_pages_of_the_file_do_not_hold_the_words(tmp_path: Path) -> None:
    """What is overwritten does not stay readable in the database file."""
    with opened(tmp_path) as social:
        _, request = started(social, model(tmp_path))
        for number in range(60):  # many, for SQLite by itself overwrites some by chance
            social.respond(request, "ada", "reject", f"{WORDS}, for the {number}th time")
        social.work()
        with social.store.read() as conn:
            conn.exec_driver_sql("PRAGMA secure_delete=OFF")  # as SQLite is by itself; some builds differ
        social.forget("ada")
    assert all(WORDS.encode() not in each.read_bytes() for each in tmp_path.glob("social.db*"))


def test_what_was_counted_stays(tmp_path: Path) -> None:
    """Outcome, counts and standings are as before, and a recount agrees with them."""
    with opened(tmp_path) as social:
        _, request = started(social, model(tmp_path))
        rejected(social, request)
        before = social.request(request)
        done = social.forget("ada")
        after = social.request(request)
        assert (after.outcome, after.counts, after.winners) == (before.outcome, before.counts, before.winners)
        assert sorted(after.people) == sorted([done.token, "grace", "linus"])
        (answer,) = [each for each in social.responses(request) if each.person == done.token]
        assert (answer.choices, answer.comment, answer.account) == (("reject",), ERASED, done.token)
        with social.store.read() as conn:
            assert recount(conn, request).problems == ()


def test_posts_that_named_them_are_edited_once(tmp_path: Path) -> None:
    """The closing note and the post that quoted them are edited on the channel, however often one repeats."""
    with opened(tmp_path) as social:
        _, request = started(social, model(tmp_path))
        rejected(social, request)
        assert f"ada: “{WORDS}”" in "".join(_shown(social))
        done = social.forget("ada")
        social.work()
        notes = _shown(social)
        again = social.forget("ada")
        social.work()
        assert not any(WORDS in each or re.search(r"\bada\b", each) for each in notes)
        assert any(f"{done.token}: “{ERASED}”" in each for each in notes)
        assert any(f"{done.token} said:" in each and ERASED in each for each in notes)
        assert (done.edits, again.edits, again.token) == (2, 0, done.token)
        assert _writes(social, "forget") == 2


def test_the_data_of_a_run_that_goes_on_keep_what_it_decides_by(tmp_path: Path) -> None:
    """In a waiting run only results lose words and names; where else the name stands is said."""
    with opened(tmp_path) as social:
        social.deploy(model(tmp_path, WAITS))
        run = social.start("main", data={"author": "ada", "note": {"by": ["ada"]}})
        social.work()
        (request,) = social.requests(run.id)
        rejected(social, request.id)
        done = social.forget("ada")
        social.work()
        data = social.run(run.id).data
        assert data["author"] == "ada"
        assert data["review"]["reasons"][0] == {"choice": "reject", "comment": ERASED}
        assert done.token in [each["person"] for each in data["review"]["voters"]]
        assert any("'author'" in each for each in done.unreached)
        assert any("'note'" in each for each in done.unreached)
        (waiting,) = social.requests(run.id)
        for person in ("grace", "linus"):
            social.respond(waiting.id, person, "approve")
        social.work()
        social.clock.advance(timedelta(days=9))
        social.work()
        assert social.run(run.id).status == "finished"


def test_who_plays_a_run_meanwhile_reads_it_again(tmp_path: Path) -> None:
    """A burst that read a result before the erasure must not write it back: the version moves on."""
    with opened(tmp_path) as social:
        run, _ = started(social, model(tmp_path))
        before = _version(social, run)
        social.forget("ada")
        assert _version(social, run) > before


def test_a_ballot_stays_counted_while_its_question_is_open(tmp_path: Path) -> None:
    """Nobody can turn a vote by having somebody forgotten; the old account is on that roll no more."""
    with opened(tmp_path) as social:
        _, request = started(social, model(tmp_path))
        social.respond(request, "ada", "approve", WORDS)
        social.respond(request, "linus", "reject", "No, and here is why")
        social.work()
        done = social.forget("ada")
        late = social.respond(request, "ada", "reject")
        social.respond(request, "grace", "approve")
        social.work()
        ended = social.request(request)
        assert (ended.outcome, ended.counts["approve"]) == ("approved", 2)
        assert social.inbox.standing(late.seq).standing in ("ineligible", "late")
        assert done.token in ended.people
        assert WORDS not in everything(social)


def test_an_answer_that_is_not_counted_yet_counts(tmp_path: Path) -> None:
    """Erasure between receipt and count loses no ballot."""
    with opened(tmp_path) as social:
        _, request = started(social, model(tmp_path))
        social.respond(request, "ada", "approve", WORDS)
        social.forget("ada")
        social.respond(request, "grace", "approve")
        social.work()
        assert social.request(request).outcome == "approved"


def test_who_has_been_forgotten_is_not_reminded(tmp_path: Path) -> None:
    """They stay on the roll of an open question as a token; nobody writes to a token, nor to them."""
    with opened(tmp_path) as social:
        started(social, model(tmp_path, more='remind="P1D"'))
        social.clock.advance(timedelta(days=1, minutes=1))
        social.work()
        assert _reminded(social) == ["ada", "grace", "linus"]
        done = social.forget("ada")
        social.work()
        social.clock.advance(timedelta(days=1))
        social.work()
        assert _reminded(social) == sorted([done.token, *("grace", "linus") * 2])
        assert not re.search(r"\bada\b", everything(social))


def test_what_was_typed_instead_of_a_choice_goes_too(tmp_path: Path) -> None:
    """A spoiled answer may hold words in the place of a choice, and its reason repeats them."""
    with opened(tmp_path) as social:
        _, request = started(social, model(tmp_path))
        social.respond(request, "ada", "my private opinion")
        social.work()
        social.forget("ada")
        (answer,) = social.responses(request)
        assert (answer.choices, answer.standing) == ((ERASED,), "spoiled")
        assert "my private opinion" not in everything(social)


def test_settings_are_not_ours_to_edit_and_it_says_so(tmp_path: Path) -> None:
    """Somebody who still stands in the settings would be asked again: the report names the community."""
    with opened(tmp_path) as social:
        started(social, model(tmp_path))
        assert any("community press_room" in each for each in social.forget("ada").unreached)
    without = {"press_room": {"local": ["grace", "linus"]}, "readers": {"local": ["rita"]}}
    with opened(tmp_path, communities=without) as social:
        assert not any("press_room" in each for each in social.forget("ada").unreached)


def test_nothing_known_is_an_error(tmp_path: Path) -> None:
    """A typing mistake must not look like success."""
    with opened(tmp_path) as social, pytest.raises(NotFound, match="nothing is known of 'adda'"):
        social.forget("adda")


def test_nothing_is_left_of_what_was_looked_for(tmp_path: Path) -> None:
    """The list of accounts and words that the steps need is deleted with the last of them."""
    with opened(tmp_path) as social:
        _, request = started(social, model(tmp_path))
        rejected(social, request)
        done = social.forget("ada")
        with social.store.read() as conn:
            row = conn.execute(select(tables.erasure)).one()
        assert (row.known, row.token) == (None, done.token)
        assert done.token.startswith(FORGOTTEN)
        assert row.digest != sha256(b"ada").hexdigest()  # nobody can try names without the secret


@pytest.mark.parametrize(
    ("given", "told"),
    [
        ("ada and grace", "T and grace"),
        ("adair and nada", "adair and nada"),
        (f"He said {WORDS}!", f"He said {ERASED}!"),
        ("no", "no"),
    ],
)
def test_words_in_what_data_gave(given: str, told: str) -> None:
    """Names go as words of their own, comments wherever they stand, unless they are too short to tell."""
    words = Words(person="ada", names={"ada": "T"}, comments=(WORDS, "no"))
    assert words.data(given) == told


def _version(social: socialbpm.Social, run: str) -> int:
    with social.store.read() as conn:
        return int(conn.execute(select(tables.run.c.version).where(tables.run.c.id == run)).scalar_one())


def _reminded(social: socialbpm.Social) -> list[str]:
    with social.store.read() as conn:
        mine = tables.delivery.c.purpose == "remind"
        return sorted(conn.scalars(select(tables.delivery.c.person).where(mine)))


def _shown(social: socialbpm.Social) -> list[str]:
    """What readers see on the local pages now."""
    with social.store.read() as conn:
        rows = conn.execute(select(tables.local_post)).all()
    return ["".join(span["text"] for span in row.post["text"]) + " | " + row.post["note"] for row in rows]


def _writes(social: socialbpm.Social, purpose: str) -> int:
    with social.store.read() as conn:
        rows = conn.execute(select(tables.delivery).where(tables.delivery.c.purpose == purpose)).all()
    assert all(row.state == "SENT" for row in rows)
    return len(rows)
