"""What a task says about how it is decided."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from fractions import Fraction
from typing import TYPE_CHECKING

from socialbpm.posts import AskKind, Choice
from socialbpm.responses import Verdict

if TYPE_CHECKING:
    from socialbpm.tasks import Asking

VERDICTS = (
    Choice(key=Verdict.APPROVE.value, label="Approve"),
    Choice(key=Verdict.CHANGES.value, label="Ask for changes"),
    Choice(key=Verdict.REJECT.value, label="Reject"),
)
CONSENT = (Choice(key="support", label="Support"), Choice(key="object", label="Object"))
BALLOTS = ("verdict", "consent", "single", "multiple", "ranked", "text")
BALLOT_OF = {
    AskKind.VERDICT: "verdict",
    AskKind.CONSENT: "consent",
    AskKind.SINGLE: "single",
    AskKind.MULTIPLE: "multiple",
    AskKind.RANKED: "ranked",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """How one request is decided: a policy, its parameters, and when it closes.

    ``choices`` in the order people see them; those of a review (``ballot`` "verdict") and of a proposal
    ("consent") are fixed. ``final`` ballots cannot be changed, ``abstain`` lets people abstain, a ballot
    names ``minimum`` to ``maximum`` choices. ``threshold`` is the share of the ``votes`` cast or of the
    ``roll`` (by weight) that must be reached, or exceeded if it is ``strict``; ``min_plus`` so much weight
    in favour besides. ``vetoes`` people with a reason stop it. ``quorum`` is a number of people, or, as a
    Fraction, a share of the roll; ``group_quorum`` a number for each group. Only people of the groups in
    ``binding`` decide, if it names any. ``casting_vote`` is a person.
    """

    policy: str
    choices: tuple[Choice, ...]
    ballot: str = "single"
    close: str = "deadline"
    final: bool = False
    abstain: bool = False
    minimum: int | None = None
    maximum: int | None = None
    n: int | None = None
    threshold: Fraction | None = None
    strict: bool = False
    share_of: str = "votes"
    min_plus: int | None = None
    vetoes: int | None = None
    quorum: int | Fraction | None = None
    group_quorum: Mapping[str, int] = field(default_factory=dict, hash=False)
    binding: frozenset[str] = frozenset()
    tie: str = "tie"
    casting_vote: str = ""

    @classmethod
    def of(cls, task: Asking) -> Rule:
        """The rule that an evaluated task states."""
        minimum, maximum = task.limits
        return cls(
            policy=task.policy,
            choices=task.offered,
            ballot=BALLOT_OF[task.kind],
            close=task.close,
            final=task.ballots == "final",
            abstain=task.abstain,
            minimum=minimum,
            maximum=maximum,
            n=task.n,
            threshold=task.threshold,
            strict=task.strict,
            share_of=task.of,
            min_plus=task.min_plus,
            vetoes=task.vetoes,
            quorum=task.quorum,
            group_quorum=task.group_quorum or {},
            binding=frozenset(task.binding),
            tie=task.tie,
            casting_vote=task.casting_vote,
        )

    @property
    def review(self) -> bool:
        """Whether people give verdicts."""
        return self.ballot == "verdict"

    @property
    def keys(self) -> tuple[str, ...]:
        """The choices' keys, in order."""
        return tuple(choice.key for choice in self.choices)

    @property
    def sought(self) -> tuple[str, ...]:
        """The choices that can meet a threshold: any in a poll, else only the one in favour."""
        return self.keys[:1] if self.ballot in ("verdict", "consent") else self.keys

    def label(self, key: str) -> str:
        """What people read for a choice, in quotes."""
        return next(f"“{choice.label}”" for choice in self.choices if choice.key == key)

    def binds(self, groups: frozenset[str]) -> bool:
        """Whether the vote of a person in these groups is binding."""
        return not self.binding or not self.binding.isdisjoint(groups)

    def problems(
        self,
        roll_size: int | None = None,
        roll: Mapping[str, Fraction] | None = None,
        groups: Mapping[str, frozenset[str]] | None = None,
    ) -> list[str]:
        """Why this rule makes no sense or this roll cannot meet it, each with its remedy; [] if all is well.

        ``roll`` is each person's weight and ``groups`` those they are in, if they are known; ``roll_size``
        is their number, if only that is.
        """
        from socialbpm.policies.soundness import problems  # stands on this module

        return problems(self, roll_size, roll, groups)
