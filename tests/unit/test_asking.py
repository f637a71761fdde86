"""What a question may say about how it is decided and who takes care of it; nonsense is refused."""

from __future__ import annotations

import json
from datetime import timedelta
from fractions import Fraction
from typing import Any

import pytest

from socialbpm import tasks
from socialbpm.errors import DefinitionError
from socialbpm.policies import POLICIES, Rule
from socialbpm.posts import AskKind
from socialbpm.tasks import Child, Place

PLACE = Place(element="ask", file="f.bpmn", line=7)
TEXT = Child(name="text", attributes={}, text="Which route?")
ROUTES = [Child(name="choice", attributes={"key": key}, text=key.title()) for key in ("north", "south")]


def resolved(element: str, **attributes: str) -> Any:
    """The task as it is when its request opens; nothing comes from data."""
    children = [TEXT, *(ROUTES if element == "pollCommunity" else [])]
    declared = tasks.declare(element, {"to": "cyclists", **attributes}, children, PLACE)
    return tasks.resolve(declared, lambda template, native: pytest.fail(template))


def flaws(element: str, **attributes: str) -> str:
    """What is wrong, as people are told."""
    with pytest.raises(DefinitionError) as caught:
        resolved(element, **attributes)
    return "\n".join(str(problem).split("element 'ask': ", 1)[1] for problem in caught.value.problems)


def test_a_rule_is_what_the_task_says() -> None:
    """Every parameter of a policy reaches the rule that decides."""
    task = resolved(
        "requestReview",
        policy="supermajority",
        threshold="3/4",
        strict="true",
        of="roll",
        minPlus="2",
        vetoes="2",
        quorum="50%",
        groupQuorum="legal:1, design:2",
        binding="legal design",
        abstain="true",
        ballots="final",
        close="deadline",
        tie="casting_vote",
        castingVote="ada",
    )
    rule = Rule.of(task)
    assert (rule.ballot, rule.threshold, rule.strict, rule.share_of) == (
        "verdict",
        Fraction(3, 4),
        True,
        "roll",
    )
    assert (rule.min_plus, rule.vetoes, rule.quorum) == (2, 2, Fraction(1, 2))
    assert (rule.group_quorum, rule.binding) == ({"legal": 1, "design": 2}, {"legal", "design"})
    assert (rule.abstain, rule.final, rule.close, rule.casting_vote) == (True, True, "deadline", "ada")


def test_a_proposal_needs_no_more_than_its_text() -> None:
    """Three days of silence pass it; people support or object."""
    task = resolved("seekConsent")
    assert (task.deadline, task.policy, task.close) == (timedelta(days=3), "lazy_consensus", "deadline")
    assert (task.kind, [choice.key for choice in task.offered]) == (AskKind.CONSENT, ["support", "object"])


def test_a_ranked_poll_says_how_many_places_a_ballot_has() -> None:
    """Its rule compares rankings; the limits reach the question as channels put it."""
    task = resolved("pollCommunity", ballot="ranked", policy="schulze", minimum="1", maximum="2")
    rule = Rule.of(task)
    assert (task.kind, rule.ballot, rule.minimum, rule.maximum) == (AskKind.RANKED, "ranked", 1, 2)


@pytest.mark.parametrize(
    ("element", "attributes", "expected"),
    [
        # early decisions
        ("pollCommunity", {"close": "decided"}, 'add ballots="final"'),
        (
            "pollCommunity",
            {"close": "decided", "ballots": "final", "electorate": "open"},
            'asks who has not answered yet, and anybody may answer here; write electorate="roll"',
        ),
        (
            "requestReview",
            {"close": "decided", "ballots": "final", "policy": "n_of_m", "n": "2", "escalate": "board"},
            'escalate adds people; write close="deadline" or leave escalate out',
        ),
        ("seekConsent", {"close": "first_crossing"}, "passed by silence until its end; write close"),
        # an open electorate
        ("pollCommunity", {"electorate": "open", "remind": "P1D"}, "remind asks who has not answered yet"),
        ("pollCommunity", {"electorate": "open", "quorum": "50%"}, "is a share of the roll, and anybody may"),
        (
            "pollCommunity",
            {"electorate": "open", "policy": "majority", "of": "roll"},
            'of="roll" is a share of the roll',
        ),
        ("pollCommunity", {"electorate": "open", "policy": "unanimous"}, "unanimous without a quorum asks"),
        ("pollCommunity", {"electorate": "open", "delegation": "true"}, "to a person on the roll"),
        # parameters that a policy does not take
        ("pollCommunity", {"policy": "plurality", "n": "2"}, "takes no n; remove it, or use n_of_m"),
        ("pollCommunity", {"policy": "majority", "threshold": "2/3"}, "policy 'majority' takes no threshold"),
        (
            "pollCommunity",
            {"of": "roll"},
            "takes no of; remove it, or use threshold or majority or supermajority",
        ),
        ("pollCommunity", {"policy": "majority", "strict": "true"}, "policy 'majority' takes no strict"),
        ("pollCommunity", {"minPlus": "2"}, "policy 'plurality' takes no minPlus"),
        ("pollCommunity", {"vetoes": "1"}, "vetoes stop a proposal, and a poll makes none"),
        ("pollCommunity", {"minimum": "1"}, "ballots that name several choices, and these name one"),
        ("pollCommunity", {"minPls": "2"}, "no attribute 'minPls'; did you mean 'minPlus'?"),
        ("seekConsent", {"threshold": "2/3"}, "social:seekConsent has no attribute 'threshold'"),
        ("seekConsent", {"quorum": "3"}, "lazy_consensus passes by silence and takes no quorum"),
        # ballots and policies
        ("pollCommunity", {"policy": "borda"}, "policy 'borda' decides no single ballots; it is for ranked"),
        (
            "pollCommunity",
            {"ballot": "ranked"},
            "policy 'plurality' counts only the first place of a ranking; write policy=\"borda\"",
        ),
        ("pollCommunity", {"ballot": "ranked", "policy": "approval"}, "it is for multiple ballots"),
        ("requestReview", {"policy": "schulze"}, "policy 'schulze' decides no verdict ballots"),
        ("pollCommunity", {"policy": "lazy_consensus"}, "policy 'lazy_consensus' decides no single ballots"),
        ("seekConsent", {"policy": "majority"}, "policy 'majority' decides no consent ballots"),
        ("pollCommunity", {"ballot": "rankd"}, "ballot 'rankd' is not known; did you mean 'ranked'?"),
        # groups
        ("requestReview", {"groupQuorum": "legal"}, "'legal' is no quorum of a group; write GROUP:NUMBER"),
        ("requestReview", {"groupQuorum": "legal:0"}, "'legal:0' is no quorum of a group"),
        ("requestReview", {"groupQuorum": "legal:1"}, "decided by one answer and takes no groupQuorum"),
        # reminding, escalating
        (
            "pollCommunity",
            {"deadline": "P3D", "remind": "P3D"},
            "the first reminder would come after the end",
        ),
        ("pollCommunity", {"remind": "P0D"}, "remind: 'P0D' is no time at all"),
        ("pollCommunity", {"escalate": "board"}, 'escalate does not say when; add escalateAfter="P1D"'),
        ("pollCommunity", {"escalateAfter": "P1D"}, "escalateAfter does not say to whom"),
        (
            "pollCommunity",
            {"escalate": "board", "escalateAfter": "P3D", "deadline": "P3D"},
            "it would escalate only after the end",
        ),
        # secrets and strangers
        ("pollCommunity", {"secrecy": "pseudonymous", "include": "voters"}, 'and include="voters" would'),
        ("pollCommunity", {"secrecy": "secret"}, "secrecy 'secret' is not known"),
        ("pollCommunity", {"tallies": "binding"}, 'write electorate="open"'),
        (
            "pollCommunity",
            {"tallies": "binding", "electorate": "open", "ballot": "ranked", "policy": "borda"},
            "tallies of a platform's poll are of whole votes",
        ),
        # approval
        ("postStatus", {"approvers": "board"}, 'approvers needs approval; add approval="1"'),
        ("postStatus", {"approvalDeadline": "P1D"}, "approvalDeadline needs approval"),
        ("postStatus", {"author": "ada"}, "author needs approval"),
        ("postStatus", {"approval": "0"}, "approval: '0' is no whole number of 1 or more"),
    ],
)
def test_what_makes_no_sense_is_refused_with_a_remedy(
    element: str, attributes: dict[str, str], expected: str
) -> None:
    """Before anything is deployed, in one sentence."""
    assert expected in flaws(element, **attributes)


@pytest.mark.parametrize("policy", POLICIES)
def test_every_policy_can_be_drawn(policy: str) -> None:
    """With what it needs, on a task whose ballots it decides."""
    needs = {"n": {"n": "1"}, "threshold": {"threshold": "2/3"}}
    given = {name: value for need in POLICIES[policy].needs for name, value in needs[need].items()}
    kinds = POLICIES[policy].ballots
    if "single" in kinds:
        close = "first_crossing" if policy == "first_response" else "deadline"
        task = resolved("pollCommunity", policy=policy, close=close, **given)
    elif "consent" in kinds:
        task = resolved("seekConsent", policy=policy, **given)
    else:
        ballot = "ranked" if "ranked" in kinds else "multiple"
        task = resolved("pollCommunity", policy=policy, ballot=ballot, **given)
    assert Rule.of(task).policy == policy
    assert tasks.load(json.loads(json.dumps(tasks.dump(task)))) == task


USUAL = {
    "postStatus": {"require": "all", "onNoEdit": "reply", "approval": None},
    "requestReview": {
        **{"policy": "first_response", "close": "first_crossing", "ballots": "changeable", "of": "votes"},
        **{"tie": "tie", "excludeAuthor": True, "electorate": "roll", "secrecy": "public", "grace": "P0DT0S"},
        **{"abstain": False, "delegation": False, "tallies": "advisory", "strict": False, "deadline": None},
    },
    "pollCommunity": {"policy": "plurality", "close": "deadline", "ballot": "single", "require": "all"},
    "seekConsent": {"policy": "lazy_consensus", "close": "deadline", "deadline": "P3DT0S", "remind": None},
}


@pytest.mark.parametrize("element", USUAL)
def test_a_default_never_changes(element: str) -> None:
    """A stored request says only what is not the default; another default would change what was asked."""
    usual = tasks.model(element).model_validate({}, context="reading").model_dump(mode="json", by_alias=True)
    assert {name: usual[name] for name in USUAL[element]} == USUAL[element]
    assert tasks.dump(tasks.load({"element": element})) == {"element": element}
