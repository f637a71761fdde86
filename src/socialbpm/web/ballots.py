"""What a person has filled in on a form, and what of it cannot be taken. Pure: fields in, an answer out.

A ranking comes as a number beside each choice: equal numbers are equal places, an empty field is no place,
and gaps mean nothing. The same fields are filled by the script that lets people drag.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from socialbpm.policies.ranked.rankings import places
from socialbpm.posts import AskKind
from socialbpm.responses import ABSTAIN, Verdict
from socialbpm.web.guard import Form
from socialbpm.web.questions import Answer, Question

CHOICE, COMMENT, DELEGATE = "choice", "comment", "delegate"
HIGHEST = 999
OBJECT = "object"


@dataclass(frozen=True, slots=True, kw_only=True)
class Filled:
    """An answer as it was typed. ``problems`` says by field, in words for that person, what is wrong with it.

    ``numbers`` is what was typed beside each choice of a ranking, as it was typed.
    """

    choices: tuple[str, ...] = ()
    comment: str = ""
    delegate: str = ""
    numbers: Mapping[str, str] = field(default_factory=dict)
    problems: Mapping[str, str] = field(default_factory=dict)


def from_answer(answer: Answer | None, kind: AskKind | None) -> Filled:
    """The form as somebody finds it who has answered before, or not."""
    if answer is None or answer.delegate:
        return Filled()
    ranking = places(answer.choices) if kind == AskKind.RANKED else ()
    numbers = {key: str(number) for number, place in enumerate(ranking, 1) for key in place}
    return Filled(choices=answer.choices, comment=answer.comment, numbers=numbers)


def read(question: Question, form: Form) -> Filled:
    """An answer from the fields of a form, with all that is wrong with it."""
    if question.kind == AskKind.RANKED:
        return _ranking(question, form)
    chosen, comment = tuple(dict.fromkeys(form.all(CHOICE))), form.first(COMMENT)
    filled = Filled(choices=chosen, comment=comment)
    problems = dict(_problems(question, filled))
    return Filled(choices=chosen, comment=comment, problems=problems)


def delegation(person: str, *, possible: bool) -> Filled:
    """To whom somebody hands their ballot, and whether that is ``possible``."""
    if possible:
        return Filled(delegate=person)
    said = "Choose somebody of those who may answer." if person else "Choose who shall answer for you."
    return Filled(delegate=person, problems={DELEGATE: said})


def rank_field(key: str) -> str:
    """The name of the field with the number of a choice."""
    return f"rank:{key}"


def _ranking(question: Question, form: Form) -> Filled:
    keys = [choice.key for choice in question.choices]
    typed = {key: number for key in keys if (number := form.first(rank_field(key)))}
    problems = {
        rank_field(key): f"“{said[:20]}” is no place: write 1, 2, 3 … or leave it empty"
        for key, said in typed.items()
        if not _is_place(said)
    }
    abstains = ABSTAIN in form.all(CHOICE)
    choices = (ABSTAIN,) if abstains else () if problems else _in_order(typed)
    filled = Filled(choices=choices, comment=form.first(COMMENT), numbers=typed)
    if abstains and typed:
        problems[CHOICE] = "You abstain and rank at once. Empty the numbers, or do not abstain."
    if not problems:
        problems = dict(_problems(question, filled))
    return Filled(choices=choices, comment=filled.comment, numbers=typed, problems=problems)


def _is_place(said: str) -> bool:
    return said.isascii() and said.isdecimal() and len(said) <= len(str(HIGHEST)) and int(said) > 0


def _in_order(typed: Mapping[str, str]) -> tuple[str, ...]:
    """The ballot: one string for each place, equal choices joined."""
    numbers = sorted({int(said) for said in typed.values()})
    return tuple("=".join(key for key, said in typed.items() if int(said) == number) for number in numbers)


def _problems(question: Question, filled: Filled) -> Iterator[tuple[str, str]]:
    """What keeps an answer from being taken, each with the field it is about."""
    named = tuple(key for place in places(filled.choices) for key in place)
    if question.kind != AskKind.RANKED:
        named = filled.choices
    for asks in (_about_choices, _about_number):
        if said := asks(question, filled.choices, named):
            yield CHOICE, said
            break
    if not filled.comment and (said := _REASONS.get(filled.choices, "") if _binds(question) else ""):
        yield COMMENT, said


def _about_choices(question: Question, choices: tuple[str, ...], named: tuple[str, ...]) -> str:
    ranked = question.kind == AskKind.RANKED
    if not choices:
        return "Give at least one choice a number." if ranked else "Choose an answer first."
    if ABSTAIN in choices and question.abstain:
        return "" if choices == (ABSTAIN,) else "You abstain and choose at once. Do one of the two."
    if any(key not in {choice.key for choice in question.choices} for key in named):
        return "That is none of the choices. Choose one of those below."
    if len(choices) > 1 and question.kind not in (AskKind.MULTIPLE, AskKind.RANKED):
        return "Choose one answer only."
    return ""


def _about_number(question: Question, choices: tuple[str, ...], named: tuple[str, ...]) -> str:
    rule = question.rule
    if rule is None or choices == (ABSTAIN,):
        return ""
    does = "Rank" if question.kind == AskKind.RANKED else "Choose"
    if rule.minimum is not None and len(named) < rule.minimum:
        return f"{does} at least {rule.minimum}; you have {len(named)}."
    if rule.maximum is not None and len(named) > rule.maximum:
        return f"{does} at most {rule.maximum}; you have {len(named)}."
    return ""


def _binds(question: Question) -> bool:
    """Whether an answer against needs a reason: in a review and about a proposal."""
    return question.kind in (AskKind.VERDICT, AskKind.CONSENT)


_REASONS: Mapping[tuple[str, ...], str] = {
    (Verdict.CHANGES.value,): "Say why, so that the author knows what to do.",
    (Verdict.REJECT.value,): "Say why, so that the author knows what to do.",
    (OBJECT,): "Say why: an objection counts only with its reason.",
}
