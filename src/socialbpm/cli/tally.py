"""The command that decides a file of ballots."""

from __future__ import annotations

from collections.abc import Callable
from fractions import Fraction
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from socialbpm.cli.options import Json
from socialbpm.cli.output import as_json, say, table

if TYPE_CHECKING:
    from socialbpm.policies import Policy, Rule
    from socialbpm.responses import Outcome


def tally(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="The ballots, as CSV.")],
    policy: Annotated[str, typer.Option("--policy", metavar="NAME", help="The rule that decides them.")],
    param: Annotated[
        list[str] | None,
        typer.Option("--param", metavar="K=V", help="A parameter, as in a model: n=2. Repeatable."),
    ] = None,
    json: Json = False,
) -> None:
    """Decide a file of ballots, to try a rule before drawing it.

    Columns: person, or count (so many equal ballots); choice (a ranking is A>B=C, several choices A|B); if
    wanted weight, group and reason. Parameters are those of the model (n, threshold, of, strict, minPlus,
    vetoes, quorum, groupQuorum, binding, tie, castingVote, minimum, maximum), and ballot, choices (A|B|C)
    and roll (how many may answer).
    """
    from socialbpm.policies import POLICIES, ballotfile, decide

    given = _parameters(param or [])
    roll, kind = given.pop("roll", 0), given.pop("ballot", "")
    asked = _asked(policy, given)
    rows = ballotfile.read(file)
    rule = ballotfile.ruled(file, rows, asked, kind=kind)
    _sound(rule)
    outcome = decide(rule, ballotfile.count(file, rows, rule, roll=roll), closing=True)
    if outcome is None:
        raise AssertionError("what is closing is decided")
    if json:
        as_json(_document(POLICIES[policy], outcome))
    else:
        _told(outcome)


def _asked(policy: str, given: dict[str, Any]) -> Rule:
    """The rule that the options name; of the file nothing is known yet. Raises typer.BadParameter."""
    from socialbpm.policies import POLICIES, Rule
    from socialbpm.tasks import notation

    if policy not in POLICIES:
        raise typer.BadParameter(
            f"'{policy}' is not known; {notation.did_you_mean(policy, POLICIES)}", param_hint="--policy"
        )
    close = "first_crossing" if policy == "first_response" else "deadline"
    return Rule(policy=policy, close=close, choices=given.pop("choices", ()), **given)


def _sound(rule: Rule) -> None:
    """Raises typer.BadParameter if the rule makes no sense."""
    problems = rule.problems()
    if problems:
        raise typer.BadParameter("\n".join(problems), param_hint="--param")


def _parameters(texts: list[str]) -> dict[str, Any]:
    """``--param`` options as fields of a rule, and ``roll`` and ``ballot``. Raises typer.BadParameter."""
    readers = _readers()
    given: dict[str, Any] = {}
    for text in texts:
        name, equals, value = text.partition("=")
        if not equals or name not in readers:
            raise typer.BadParameter(
                f"'{text}' is not K=V with one of {', '.join(readers)}", param_hint="--param"
            )
        field, read = readers[name]
        try:
            given[field] = read(value)
        except ValueError as error:
            raise typer.BadParameter(f"{name}: {error}", param_hint="--param") from None
    return given


def _readers() -> dict[str, tuple[str, Callable[[str], Any]]]:
    """Each parameter as the model names it: the rule's field, and how its text is read."""
    from socialbpm.policies import BALLOTS, groups
    from socialbpm.policies.ties import TIES
    from socialbpm.tasks import notation

    def names(text: str) -> frozenset[str]:
        return frozenset(text.replace(",", " ").split())

    return {
        "n": ("n", notation.COUNT.read),
        "threshold": ("threshold", notation.SHARE.read),
        "of": ("share_of", notation.one_of("of", "votes", "roll").read),
        "strict": ("strict", notation.BOOLEAN.read),
        "minPlus": ("min_plus", notation.COUNT.read),
        "vetoes": ("vetoes", notation.COUNT.read),
        "quorum": ("quorum", notation.QUORUM.read),
        "groupQuorum": ("group_quorum", groups.read),
        "binding": ("binding", names),
        "tie": ("tie", notation.one_of("tie", *TIES).read),
        "castingVote": ("casting_vote", str.strip),
        "minimum": ("minimum", notation.COUNT.read),
        "maximum": ("maximum", notation.COUNT.read),
        "ballot": ("ballot", notation.one_of("ballot", *BALLOTS).read),
        "choices": ("choices", _choices),
        "roll": ("roll", notation.COUNT.read),
    }


def _choices(text: str) -> tuple[Any, ...]:
    from socialbpm.posts import Choice

    keys = dict.fromkeys(key.strip() for key in text.split("|"))
    return tuple(Choice(key=key, label=key) for key in keys if key)


def _document(policy: Policy, outcome: Outcome) -> dict[str, Any]:
    return {
        "outcome": outcome.outcome,
        "winners": outcome.winners,
        "counts": {key: _amount(score) for key, score in outcome.scores.items()},
        **({"order": outcome.order} if policy.order else {}),
        "explanation": outcome.explanation,
    }


def _amount(score: Fraction) -> int | str:
    """Whole if it is; else as a fraction, which is exact."""
    return score.numerator if score.denominator == 1 else str(score)


def _told(outcome: Outcome) -> None:
    say(outcome.explanation)
    rows = [(key, str(_amount(score))) for key, score in outcome.scores.items()]
    table(("choice", "counts"), rows, empty="no ballot names a choice")
