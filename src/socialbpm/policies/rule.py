"""What a task says about how it is decided."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from fractions import Fraction
from typing import TYPE_CHECKING

from socialbpm.posts import Choice
from socialbpm.responses import Verdict

if TYPE_CHECKING:
    from socialbpm.tasks import PollCommunity, RequestReview

VERDICTS = (
    Choice(key=Verdict.APPROVE.value, label="approve"),
    Choice(key=Verdict.CHANGES.value, label="changes"),
    Choice(key=Verdict.REJECT.value, label="reject"),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """How one request is decided: a policy, its parameters, and when it closes.

    ``choices`` in the order people see them; a ``review`` has the three verdicts. ``threshold`` is the share
    of the ``votes`` cast or of the ``roll`` (by weight) that is needed. ``quorum`` is a number of people, or,
    as a Fraction, a share of the roll. ``final`` ballots cannot be changed. ``casting_vote`` is a person.
    """

    policy: str
    choices: tuple[Choice, ...]
    review: bool = False
    close: str = "deadline"
    final: bool = False
    n: int | None = None
    threshold: Fraction | None = None
    share_of: str = "votes"
    quorum: int | Fraction | None = None
    tie: str = "tie"
    casting_vote: str = ""

    @classmethod
    def of(cls, task: RequestReview | PollCommunity) -> Rule:
        """The rule that an evaluated task states."""
        choices: tuple[Choice, ...] | None = getattr(task, "choices", None)
        return cls(
            policy=task.policy,
            choices=VERDICTS if choices is None else choices,
            review=choices is None,
            close=task.close,
            final=task.ballots == "final",
            n=task.n,
            threshold=task.threshold,
            share_of=task.of,
            quorum=task.quorum,
            tie=task.tie,
            casting_vote=task.casting_vote,
        )

    @property
    def keys(self) -> tuple[str, ...]:
        """The choices' keys, in order."""
        return tuple(choice.key for choice in self.choices)

    @property
    def sought(self) -> tuple[str, ...]:
        """The choices that can meet a threshold: any in a poll, only approval in a review."""
        return (Verdict.APPROVE.value,) if self.review else self.keys

    def problems(self, roll_size: int | None = None, roll: Mapping[str, Fraction] | None = None) -> list[str]:
        """Why this rule makes no sense or this roll cannot meet it, each with its remedy; [] if all is well.

        ``roll`` is each person's weight, if it is known; ``roll_size`` their number, if only that is.
        """
        from socialbpm.policies.soundness import problems  # stands on this module

        return problems(self, roll_size, roll)
