"""Every policy in a real run: deployed, asked, answered by people, decided, and read by the process."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from socialbpm.policies import POLICIES
from socialbpm.testing.replay import Played, play, read
from tests.models import HEAD

PEOPLE = ("ada", "grace", "linus", "margaret")
CITIES = ("memphis", "nashville", "chattanooga", "knoxville")
TENNESSEE = {"ada": "42", "grace": "26", "linus": "15", "margaret": "17"}
RANKINGS = (
    ("ada", "memphis > nashville > chattanooga > knoxville"),
    ("grace", "nashville > chattanooga > knoxville > memphis"),
    ("linus", "chattanooga > knoxville > nashville > memphis"),
    ("margaret", "knoxville > chattanooga > nashville > memphis"),
)
GROUPS = {"ada": ["legal"], "grace": ["design"], "linus": ["design"]}


@dataclass(frozen=True, kw_only=True)
class Case:
    """A task, what people answer (person, words), and what the process reads in the end."""

    policy: str
    task: str = "pollCommunity"
    says: dict[str, str] = field(default_factory=dict)
    answers: tuple[tuple[str, str], ...] = ()
    choices: tuple[str, ...] = ("north", "south")
    weights: dict[str, str] = field(default_factory=dict)
    groups: dict[str, list[str]] = field(default_factory=dict)
    result: dict[str, Any] = field(default_factory=dict)
    told: str = ""


CASES = (
    Case(
        policy="first_response",
        says={"close": "first_crossing"},
        answers=(("ada", "south"),),
        result={"outcome": "decided", "winner": "south"},
        told="the first answer decides",
    ),
    Case(
        policy="unanimous",
        task="requestReview",
        says={"close": "first_crossing"},
        answers=(("ada", "approve"), ("grace", "reject: it is wrong")),
        result={"outcome": "rejected"},
        told="all must approve",
    ),
    Case(
        policy="n_of_m",
        task="requestReview",
        says={"n": "3", "close": "decided", "ballots": "final"},
        answers=(("ada", "approve"), ("grace", "approve"), ("linus", "approve")),
        result={"outcome": "approved", "ballots": 3},
        told="could not change it",
    ),
    Case(
        policy="threshold",
        says={"threshold": "50%", "strict": "true"},
        answers=(("ada", "north"), ("grace", "south")),
        result={"outcome": "undecided", "winner": None},
    ),
    Case(
        policy="majority",
        says={"of": "roll"},
        answers=(("ada", "north"), ("grace", "north"), ("linus", "south")),
        result={"outcome": "undecided", "counts": {"north": 2, "south": 1}},
    ),
    Case(
        policy="supermajority",
        says={"abstain": "true"},
        answers=(("ada", "north"), ("grace", "north"), ("linus", "south"), ("margaret", "abstain")),
        result={"outcome": "decided", "winner": "north", "counts": {"north": 2, "south": 1, "abstain": 1}},
    ),
    Case(
        policy="plurality",
        weights={"ada": "1/2", "grace": "3"},
        answers=(("ada", "north"), ("linus", "north"), ("grace", "south")),
        result={"winner": "south", "scores": {"north": "3/2", "south": 3}, "order": ["south", "north"]},
    ),
    Case(
        policy="approval",
        says={"ballot": "multiple"},
        choices=("a", "b", "c"),
        answers=(("ada", "a, b"), ("grace", "b"), ("linus", "c and b")),
        result={"outcome": "decided", "winner": "b", "order": ["b", "a=c"]},
    ),
    Case(
        policy="borda",
        says={"ballot": "ranked"},
        choices=CITIES,
        weights=TENNESSEE,
        answers=RANKINGS,
        result={
            "winner": "nashville",
            "scores": {"memphis": 126, "nashville": 194, "chattanooga": 173, "knoxville": 107},
            "order": ["nashville", "chattanooga", "memphis", "knoxville"],
        },
    ),
    Case(
        policy="instant_runoff",
        says={"ballot": "ranked"},
        choices=CITIES,
        weights=TENNESSEE,
        answers=RANKINGS,
        result={"winner": "knoxville", "counts": dict.fromkeys(CITIES, 1)},
    ),
    Case(
        policy="schulze",
        says={"ballot": "ranked", "close": "decided", "ballots": "final"},
        choices=CITIES,
        weights=TENNESSEE,
        answers=RANKINGS,
        result={"winner": "nashville"},
    ),
    Case(
        policy="schulze",
        says={"ballot": "ranked", "maximum": "2"},
        choices=("a", "b", "c"),
        answers=(("ada", "1. a 2. b"), ("grace", "b = a"), ("linus", "1) c"), ("margaret", "a")),
        result={"winner": "a", "order": ["a", "b", "c"]},
    ),
    Case(
        policy="veto",
        task="requestReview",
        says={"close": "deadline", "minPlus": "2", "groupQuorum": "legal:1 design:2"},
        groups=GROUPS,
        answers=(("ada", "approve"), ("grace", "approve"), ("linus", "reject: it leaks")),
        result={"outcome": "rejected", "ballots": 3},
    ),
    Case(
        policy="veto",
        task="requestReview",
        says={"close": "deadline", "minPlus": "2", "groupQuorum": "legal:1 design:2"},
        groups=GROUPS,
        answers=(("ada", "approve"), ("grace", "approve"), ("margaret", "approve")),
        result={"outcome": "no_quorum"},
        told="design 1 of 2",
    ),
    Case(policy="lazy_consensus", task="seekConsent", result={"outcome": "passed", "ballots": 0}),
    Case(
        policy="lazy_consensus",
        task="seekConsent",
        says={"binding": "design", "include": "reasons"},
        groups=GROUPS,
        answers=(("ada", "object: not my taste"),),
        result={"outcome": "passed", "advisory": {"object": 1}},
    ),
    Case(
        policy="lazy_consensus",
        task="seekConsent",
        says={"include": "reasons"},
        answers=(("ada", "object: it breaks the build"),),
        result={"outcome": "vetoed", "reasons": [{"choice": "object", "comment": "it breaks the build"}]},
    ),
    Case(
        policy="consensus_approval",
        task="seekConsent",
        answers=(("ada", "support"), ("grace", "support"), ("linus", "support")),
        result={"outcome": "passed", "counts": {"support": 3, "object": 0}},
    ),
)


def played(folder: Path, case: Case) -> Played:
    """The process of one task, run as the case says."""
    (folder / "main.bpmn").write_text(_model(case), encoding="utf-8")
    (folder / "main.replay.toml").write_text(_replay(case), encoding="utf-8")
    return play(read(folder / "main.replay.toml"))


def _model(case: Case) -> str:
    attributes = {"to": "club", "deadline": "P3D", "policy": case.policy, **case.says}
    written = " ".join(f'{name}="{value}"' for name, value in attributes.items())
    polled = case.choices if case.task == "pollCommunity" else ()
    choices = "".join(f'<social:choice key="{key}">{key.title()}</social:choice>' for key in polled)
    return (
        f'{HEAD}<bpmn:process id="main" isExecutable="true"><bpmn:startEvent id="begin"/>'
        f'<bpmn:serviceTask id="ask"><bpmn:extensionElements><social:{case.task} {written}>'
        f"<social:text>Shall we?</social:text>{choices}</social:{case.task}></bpmn:extensionElements>"
        '</bpmn:serviceTask><bpmn:endEvent id="end"/><bpmn:sequenceFlow id="f" sourceRef="begin" '
        'targetRef="ask"/><bpmn:sequenceFlow id="g" sourceRef="ask" targetRef="end"/></bpmn:process>'
        "</bpmn:definitions>"
    )


def _replay(case: Case) -> str:
    apart = [
        f'{person} = {{ weight = "{case.weights.get(person, "1")}", groups = {case.groups.get(person, [])} }}'
        for person in PEOPLE
    ]
    steps = [
        f'[[step]]\nafter = "PT1M"\nrespond = "ask"\nperson = "{person}"\nsays = "{words}"'
        + ('\nstanding = "ineligible"' if "advisory" in case.result else "")
        for person, words in case.answers
    ]
    return "\n".join(
        [
            f"[communities.club]\nlocal = {list(PEOPLE)}\n[communities.club.members]",
            *apart,
            *steps,
            '[[step]]\nafter = "P4D"\n[expect]\nstatus = "finished"',
        ]
    )


@pytest.mark.parametrize("case", CASES, ids=lambda case: f"{case.policy}-{case.result.get('outcome', '')}")
def test_people_answer_and_the_process_reads_what_the_policy_says(tmp_path: Path, case: Case) -> None:
    """Answers in words, as people give them; the result in the data, as a gateway reads it."""
    went = played(tmp_path, case)
    assert went.report == ""
    result = went.evidence.data["ask"]
    assert {name: result[name] for name in case.result} == case.result
    assert case.told in result["explanation"]


def test_no_policy_is_without_its_run() -> None:
    """Whoever adds a policy adds a case."""
    assert {case.policy for case in CASES} == set(POLICIES)
