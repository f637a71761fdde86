"""A contract that no broken channel fails is worth nothing: each sabotage must fail the rule it breaks."""

from __future__ import annotations

import inspect
import random
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest

from socialbpm.channels import answers
from socialbpm.channels.base import Batch, Channel, Inbound, RawEvent
from socialbpm.channels.local import LocalChannel
from socialbpm.errors import EventRejected, OutcomeUnknown, Rejected, TemporaryFailure
from socialbpm.posts import Dedupe, Post, Receipt, Span, plain
from socialbpm.testing import LoopbackChannel
from socialbpm.testing.channel_contract import ChannelContract
from socialbpm.testing.stages import Stage
from tests.stages import LocalStage, LoopbackStage

# Local channels, sabotaged


class TakesAnyLength(LocalChannel):
    """Forgets to count."""

    def _fits(self, post: Post) -> None:
        """Everything does."""


class CutsShort(LocalChannel):
    """Rather a short post than an error."""

    def publish(self, post: Post) -> Receipt:
        """Eighty characters are enough for anybody."""
        return super().publish(replace(post, text=(Span(plain(post.text)[:80]),)))


class VerifiesNothing(LocalChannel):
    """Reads whatever comes."""

    def receive(self, event: RawEvent) -> Inbound:
        """Without looking at the signature."""
        return Inbound(responses=(answers.read(event).response(self.name),))


class ReadsBeforeItVerifies(LocalChannel):
    """A parser meets what nobody vouched for."""

    def receive(self, event: RawEvent) -> Inbound:
        """And lets the parser's own error out."""
        answers.Answer.model_validate_json(event.body)
        return super().receive(event)


class AcceptsOldEvents(LocalChannel):
    """Looks at the signature but not at the time."""

    def receive(self, event: RawEvent) -> Inbound:
        """As if signed this very moment."""
        stamp = datetime.fromtimestamp(
            int(event.headers.get("x-socialbpm-timestamp", "0")), tz=self._now().tzinfo
        )
        frozen = type("Frozen", (), {"now": lambda self: stamp})()
        return LocalChannel(replace(self.connection, clock=frozen)).receive(event)

    def _now(self) -> datetime:
        return self.connection.clock.now()


class NamesEventsAnew(LocalChannel):
    """A repeat looks like another answer."""

    def receive(self, event: RawEvent) -> Inbound:
        """With an event id of its own making."""
        (response,) = super().receive(event).responses
        return Inbound(responses=(replace(response, event_id=str(random.random())),))


class TellsNaiveTimes(LocalChannel):
    """A time without a zone."""

    def receive(self, event: RawEvent) -> Inbound:
        """Whose noon?"""
        (response,) = super().receive(event).responses
        return Inbound(responses=(replace(response, at=datetime(2026, 1, 5)),))  # noqa: DTZ001


class LosesTheRequest(LocalChannel):
    """Reads who and what, but not what about."""

    def receive(self, event: RawEvent) -> Inbound:
        """An answer to nothing."""
        (response,) = super().receive(event).responses
        return Inbound(responses=(replace(response, request=""),))


class TellsItsSecret(LocalChannel):
    """Helpful to everybody."""

    def receive(self, event: RawEvent) -> Inbound:
        """With the expected secret in the error."""
        try:
            return super().receive(event)
        except EventRejected as error:
            raise EventRejected(f"{error}, expected {self.connection.options['secret']}") from None


class DeletesEverything(LocalChannel):
    """Aims badly."""

    def delete(self, receipt: Receipt) -> None:
        """All that stands."""
        with self.connection.store.begin() as conn:
            conn.exec_driver_sql("UPDATE social_local_post SET deleted = 1")


class RevivesByEdit(LocalChannel):
    """An edit of what is gone posts it again."""

    def edit(self, receipt: Receipt, post: Post) -> Receipt:
        """In place if it can, else as a new post."""
        try:
            return super().edit(receipt, post)
        except Rejected:
            return self.publish(post)


class PostsNothing(LocalChannel):
    """Gives a receipt for nothing."""

    def publish(self, post: Post) -> Receipt:
        """Done, it says."""
        return Receipt(remote_id=post.key)


class KnowsRepeatsByTheirWords(LocalChannel):
    """As some platforms do."""

    def publish(self, post: Post) -> Receipt:
        """The same words are the same post."""
        return super().publish(replace(post, key=plain(post.text)[:36]))


class PutsNoQuestions(LocalChannel):
    """Though it declares them."""

    def publish(self, post: Post) -> Receipt:
        """Statements only."""
        if post.ask:
            raise Rejected("no questions")
        return super().publish(post)


class KnowsNoSecrets(LocalChannel):
    """Private words in the room of all."""

    def private_room(self, account: str) -> str:
        """Where everybody is."""
        return "room"


# Loopback channels, sabotaged


class NewKeyEachTime(LoopbackChannel):
    """Has a key, and never the same."""

    def publish(self, post: Post) -> Receipt:
        """The platform cannot know it for a repeat."""
        return super().publish(replace(post, key=str(random.random())))


class TriesAgainByItself(LoopbackChannel):
    """What the default client of some platforms does."""

    def publish(self, post: Post) -> Receipt:
        """Once more, to be sure."""
        try:
            return super().publish(post)
        except OutcomeUnknown:
            return super().publish(post)


class CallsItTemporary(LoopbackChannel):
    """Takes a lost answer for a lost post."""

    def publish(self, post: Post) -> Receipt:
        """So somebody will send it again."""
        try:
            return super().publish(post)
        except OutcomeUnknown as error:
            raise TemporaryFailure("try again") from error


class CallsItUnknown(LoopbackChannel):
    """Takes a refused connection for a lost answer."""

    def publish(self, post: Post) -> Receipt:
        """So a person must look, though nothing happened."""
        try:
            return super().publish(post)
        except TemporaryFailure as error:
            raise OutcomeUnknown("who knows") from error


class EditsByPosting(LoopbackChannel):
    """The old one stays."""

    def edit(self, receipt: Receipt, post: Post) -> Receipt:
        """Beside it."""
        return self.publish(post)


class MindsWhatIsGone(LoopbackChannel):
    """A repeated delete is an error."""

    def delete(self, receipt: Receipt) -> None:
        """As the platform says it."""
        self._write("DELETE", f"/posts/{receipt.remote_id}", None)


class ForgetsAltTexts(LoopbackChannel):
    """All pictures are a picture."""

    def publish(self, post: Post) -> Receipt:
        """To somebody who cannot see it."""
        return super().publish(
            replace(post, media=tuple(replace(media, alt="picture") for media in post.media))
        )


class FormatsData(LoopbackChannel):
    """Takes people's words for markup."""

    def publish(self, post: Post) -> Receipt:
        """And carries it out."""
        return super().publish(
            replace(post, text=(Span(plain(post.text).replace("*", "").replace("<b>", "")),))
        )


class TakesOneForAnother(LoopbackChannel):
    """Private words in somebody else's room."""

    def private_room(self, account: str) -> str:
        """Of people whose accounts begin alike."""
        return super().private_room(account[:2])


class FindsNothing(LoopbackChannel):
    """So it will be posted again."""

    def find(self, post: Post) -> Receipt | None:
        """Never there."""
        return None


class FindsAnything(LoopbackChannel):
    """So it will never be posted."""

    def find(self, post: Post) -> Receipt | None:
        """Always there."""
        return super().find(post) or Receipt(remote_id="1")


class DeclaresWhatItHasNot(LoopbackChannel):
    """Says lookup, and has none."""

    capabilities = replace(LoopbackChannel.capabilities, dedupe=Dedupe.LOOKUP)
    find = Channel.find


class FindsWithoutSaying(LoopbackChannel):
    """An ability that is not declared."""

    def find(self, post: Post) -> Receipt | None:
        """Answers all the same."""
        return None


class SkipsAPage(LoopbackChannel):
    """Its cursor runs ahead."""

    def collect(self, cursor: str) -> Batch:
        """By one."""
        batch = super().collect(cursor)
        return replace(batch, cursor=str(int(batch.cursor) + 1))


class CollectsFromTheStart(LoopbackChannel):
    """Its cursor stands still now and then."""

    def collect(self, cursor: str) -> Batch:
        """One behind."""
        batch = super().collect(cursor)
        return replace(
            batch, cursor=str(max(0, int(batch.cursor) - 1)) if len(batch.responses) > 1 else batch.cursor
        )


LOCAL = [
    (PostsNothing, "test_a_post_stands_with_its_text"),
    (KnowsRepeatsByTheirWords, "test_two_posts_with_the_same_text_are_two"),
    (PutsNoQuestions, "test_a_question_can_be_put"),
    (TakesAnyLength, "test_one_character_more_is_rejected"),
    (CutsShort, "test_the_longest_text_is_taken"),
    (VerifiesNothing, "test_a_spoiled_event_is_refused"),
    (VerifiesNothing, "test_an_unsigned_event_is_refused"),
    (ReadsBeforeItVerifies, "test_junk_is_refused"),
    (AcceptsOldEvents, "test_an_old_event_is_refused"),
    (NamesEventsAnew, "test_a_repeated_event_keeps_its_id"),
    (TellsNaiveTimes, "test_a_genuine_answer_is_read"),
    (LosesTheRequest, "test_a_genuine_answer_is_read"),
    (TellsItsSecret, "test_no_secret_shows_in_any_error"),
    (DeletesEverything, "test_a_deleted_post_is_gone"),
    (KnowsNoSecrets, "test_a_private_room_is_seen_by_its_account_alone"),
    (RevivesByEdit, "test_an_edit_of_what_is_gone_is_rejected"),
]
LOOPBACK = [
    (TakesOneForAnother, {}, "test_a_private_room_is_seen_by_its_account_alone"),
    (NewKeyEachTime, {}, "test_the_same_key_is_the_same_post"),
    (NewKeyEachTime, {"mode": "lookup"}, "test_a_post_is_found_by_its_key"),
    (TriesAgainByItself, {"mode": "none"}, "test_a_lost_answer_is_unknown_and_never_sent_twice"),
    (CallsItTemporary, {}, "test_a_lost_answer_is_unknown_and_never_sent_twice"),
    (CallsItUnknown, {}, "test_a_platform_that_is_down_took_nothing"),
    (EditsByPosting, {}, "test_an_edit_replaces_what_stands"),
    (MindsWhatIsGone, {}, "test_a_deleted_post_is_gone"),
    (ForgetsAltTexts, {}, "test_media_arrive_with_their_alt_texts"),
    (FormatsData, {}, "test_what_people_wrote_is_no_markup"),
    (FindsNothing, {"mode": "lookup"}, "test_a_post_is_found_by_its_key"),
    (FindsAnything, {"mode": "lookup"}, "test_a_post_is_found_by_its_key"),
    (DeclaresWhatItHasNot, {"mode": "lookup"}, "test_its_declaration_makes_sense"),
    (FindsWithoutSaying, {"mode": "none"}, "test_what_it_does_not_declare_it_refuses"),
    (SkipsAPage, {"intake": "collect"}, "test_collecting_misses_nothing_and_repeats_nothing"),
    (CollectsFromTheStart, {"intake": "collect"}, "test_collecting_misses_nothing_and_repeats_nothing"),
]


@pytest.mark.parametrize(("adapter", "rule"), LOCAL)
def test_a_sabotaged_local_channel_breaks_its_rule(adapter: type[Channel], rule: str, tmp_path: Path) -> None:
    """And the honest one keeps it, on the same stage."""
    assert _broken(rule, lambda folder: LocalStage(folder, adapter), tmp_path)
    assert not _broken(rule, LocalStage, tmp_path)


@pytest.mark.parametrize(("adapter", "ways", "rule"), LOOPBACK)
def test_a_sabotaged_loopback_channel_breaks_its_rule(
    adapter: type[Channel], ways: dict[str, str], rule: str, tmp_path: Path
) -> None:
    """And the honest one keeps it, in the same mode."""
    assert _broken(rule, lambda folder: LoopbackStage(folder, adapter, **ways), tmp_path)
    assert not _broken(rule, lambda folder: LoopbackStage(folder, **ways), tmp_path)


def test_every_rule_that_can_be_broken_is_broken_here() -> None:
    """A rule without a sabotage that fails it has not been shown to bite."""
    rules = {name for name in vars(ChannelContract) if name.startswith("test_")}
    shown = {case[-1] for case in (*LOCAL, *LOOPBACK)}
    assert rules == shown


def _broken(rule: str, stage: Callable[[Path], Any], folder: Path) -> bool:
    """Whether the rule fails, in any of its cases, each on a fresh stage."""
    results = []
    for number, case in enumerate(_cases(rule)):
        place = folder / f"{len(list(folder.iterdir()))}-{number}"
        place.mkdir()
        results.append(_fails(rule, stage(place), case))
    return any(results)


def _fails(rule: str, stage: Stage, case: tuple[Any, ...]) -> bool:
    try:
        getattr(ChannelContract(), rule)(stage, *case)
    except pytest.skip.Exception:
        raise
    except (Exception, pytest.fail.Exception):
        return True
    finally:
        stage.close()  # type: ignore[attr-defined]
    return False


def _cases(rule: str) -> list[tuple[Any, ...]]:
    """The parameters that pytest would give it."""
    marks = getattr(getattr(ChannelContract, rule), "pytestmark", [])
    if not marks:
        return [()]
    (mark,) = marks
    assert len(inspect.signature(getattr(ChannelContract, rule)).parameters) == 3
    return [(value,) for value in mark.args[1]]
