"""How a request stands and how it ended: who has answered, what did not count, the rounds of a run-off."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import Connection, exists, func, select

from socialbpm.people import is_forgotten
from socialbpm.policies import POLICIES
from socialbpm.policies.ranked import runoff
from socialbpm.policies.ranked.runoff import Round
from socialbpm.responses import Standing
from socialbpm.store.tables import event, response, voter
from socialbpm.web import reading
from socialbpm.web.questions import Answer, Question

LISTED = 100


@dataclass(frozen=True, slots=True, kw_only=True)
class Equation:
    """What became of everything that was received; ``uncounted`` of it waits to be counted."""

    received: int
    classes: tuple[tuple[str, int], ...]
    uncounted: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Stand:
    """What a page tells of the answers, as far as it may: all of it is empty where nothing may be seen.

    ``reasons`` are answers with their comments where names are never told, in an order that tells nothing.
    ``given`` are the first answers that stand, ``more_given`` how many others there are.
    ``silent`` are the first of those who have not answered, ``more_silent`` how many others there are.
    ``advisory`` are people per choice whose answers do not decide, ``tallies`` votes that name nobody.
    ``order`` is that of the choices, the best first, where the method has one.
    """

    given: tuple[Answer, ...] = ()
    more_given: int = 0
    reasons: tuple[tuple[str, str], ...] = ()
    silent: tuple[str, ...] = ()
    more_silent: int = 0
    advisory: tuple[tuple[str, int], ...] = ()
    tallies: tuple[tuple[str, int], ...] = ()
    rounds: tuple[Round, ...] = ()
    order: tuple[str, ...] = ()
    equation: Equation | None = None


def of(conn: Connection, question: Question) -> Stand:
    """How the question stands, as far as the people who see it may know."""
    if question.count is None or question.rule is None:
        return Stand()
    given = tuple(reading.answers(conn, question.id, LISTED)) if question.names_shown else ()
    silent, number = _silent(conn, question) if question.names_shown else ((), 0)
    return Stand(
        given=given,
        more_given=max(0, question.count.ballots - len(given)) if given else 0,
        reasons=_reasons(conn, question) if question.pseudonymous else (),
        silent=tuple(person for person in silent if not is_forgotten(person)),
        more_silent=number - len(silent),
        advisory=tuple((question.label(key), heads) for key, heads in question.count.advisory.items()),
        tallies=tuple((question.label(key), votes) for key, votes in question.tallies.items()),
        rounds=_rounds(question),
        order=_order(question),
        equation=_equation(conn, question),
    )


def _reasons(conn: Connection, question: Question) -> tuple[tuple[str, str], ...]:
    given = reading.answers(conn, question.id, LISTED)
    return tuple(sorted((question.said(each), each.comment) for each in given if each.comment))


def _equation(conn: Connection, question: Question) -> Equation:
    received = conn.scalar(select(func.count()).where(event.c.request == question.id)) or 0
    classes = tuple((each.value, question.standings.get(each, 0)) for each in Standing)
    return Equation(received=received, classes=classes, uncounted=received - sum(n for _, n in classes))


def _silent(conn: Connection, question: Question) -> tuple[tuple[str, ...], int]:
    """Those on the roll who have no ballot that stands: the first of them, and how many they are."""
    answered = exists().where(
        response.c.request == voter.c.request,
        response.c.person == voter.c.person,
        response.c.standing == Standing.ACCEPTED,
    )
    people = select(voter.c.person).where(voter.c.request == question.id, ~answered)
    first = tuple(conn.scalars(people.order_by(voter.c.person).limit(LISTED)))
    number = (
        len(first)
        if len(first) < LISTED
        else conn.scalar(select(func.count()).select_from(people.subquery()))
    )
    return first, number or 0


def _rounds(question: Question) -> tuple[Round, ...]:
    """The rounds of an instant run-off."""
    rule, count = question.rule, question.count
    if rule is None or count is None or rule.policy != "instant_runoff" or not count.ballots:
        return ()
    return runoff.held(rule, count)


def _order(question: Question) -> tuple[str, ...]:
    """The order of the choices in words: the best first, equal ones side by side."""
    rule, count = question.rule, question.count
    if rule is None or count is None or rule.ballot != "ranked" or not count.ballots:
        return ()
    order = POLICIES[rule.policy].order
    ranking = order(rule, count) if order else ()
    return tuple(" and ".join(question.label(key) for key in place.split("=")) for place in ranking)
