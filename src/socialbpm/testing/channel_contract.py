"""What every channel must keep to, as a pytest class: subclass it and give it a ``stage``.

::

    class TestMine(ChannelContract):
        @pytest.fixture
        def stage(self, tmp_path):
            with MyServer(tmp_path) as server:
                yield MyStage(server)

Each test's docstring states its rule. What the channel does not declare it must refuse as undeclared; a
test is skipped only where the stage says that it cannot make something happen.
"""

from __future__ import annotations

import traceback
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from socialbpm.channels.base import Channel, RawEvent
from socialbpm.errors import (
    ChannelError,
    EventRejected,
    OutcomeUnknown,
    Rejected,
    TemporaryFailure,
    UnsupportedFeature,
)
from socialbpm.posts import (
    AskKind,
    Capabilities,
    Dedupe,
    Destination,
    Intake,
    Media,
    Receipt,
    Span,
)
from socialbpm.responses import Response
from socialbpm.testing import stages
from socialbpm.testing.stages import Said, Stage


class ChannelContract:
    """The rules. Give a fixture ``stage``."""

    @pytest.fixture
    def stage(self) -> Iterator[Stage]:
        """The channel and its platform, fresh for each test."""
        raise NotImplementedError("give the contract a fixture 'stage'")

    # what it declares

    def test_its_declaration_makes_sense(self, stage: Stage) -> None:
        """Who asks must have a way to hear; who collects, finds or edits must have the method for it."""
        declared = stage.channel.capabilities
        assert isinstance(declared, Capabilities)
        assert declared.network
        assert declared.max_text > 0
        assert not declared.asks or declared.intake is not Intake.NONE
        for method, needed in _abilities(declared).items():
            if needed:
                assert getattr(type(stage.channel), method) is not getattr(Channel, method), method

    def test_what_it_does_not_declare_it_refuses(self, stage: Stage) -> None:
        """UnsupportedFeature, never a silent nothing."""
        declared, channel = stage.channel.capabilities, stage.channel
        gone, post = Receipt(remote_id="1"), stages.post(stage)
        calls: dict[str, Callable[[], Any]] = {
            "edit": lambda: channel.edit(gone, post),
            "delete": lambda: channel.delete(gone),
            "find": lambda: channel.find(post),
            "collect": lambda: channel.collect(""),
            "private_room": lambda: channel.private_room("u-ada"),
        }
        for method in (name for name, needed in _abilities(declared).items() if not needed):
            with pytest.raises(UnsupportedFeature):
                calls[method]()

    # posts

    def test_a_post_stands_with_its_text(self, stage: Stage) -> None:
        """Exactly once, and with a receipt that names it."""
        receipt = stage.channel.publish(stages.post(stage, "k-1", "Hello"))
        assert receipt.remote_id
        assert [seen.text for seen in stage.seen()] == ["Hello"]

    def test_the_longest_text_is_taken(self, stage: Stage) -> None:
        """All of it; emoji and umlauts included."""
        longest = stages.longest_text(stage.channel.capabilities)
        stage.channel.publish(stages.post(stage, "k-1", longest))
        assert [seen.text for seen in stage.seen()] == [longest]

    def test_one_character_more_is_rejected(self, stage: Stage) -> None:
        """Never cut short in silence; nothing is posted."""
        with pytest.raises(Rejected):
            stage.channel.publish(
                stages.post(stage, "k-1", stages.longest_text(stage.channel.capabilities) + "x")
            )
        assert stage.seen() == []

    @pytest.mark.parametrize(
        "text",
        [
            "<b>bold</b> & <script>x</script>",
            "*a* _b_ `c` [d](https://example.org)",
            "@here <!channel> #tag",
            "a\nb",
        ],
    )
    def test_what_people_wrote_is_no_markup(self, stage: Stage, text: str) -> None:
        """Text from data arrives as the characters it is: it neither formats nor links nor mentions."""
        stage.channel.publish(
            replace(stages.post(stage), text=(Span("They said: "), Span(text, authored=False)))
        )
        assert [seen.text for seen in stage.seen()] == [f"They said: {text}"]

    def test_two_posts_with_the_same_text_are_two(self, stage: Stage) -> None:
        """The key says what is a repeat, not the words."""
        first, second = (stage.channel.publish(stages.post(stage, key, "Same")) for key in ("k-1", "k-2"))
        assert first.remote_id != second.remote_id
        assert len(stage.seen()) == 2

    def test_the_same_key_is_the_same_post(self, stage: Stage) -> None:
        """With Dedupe.KEY a repeat changes nothing and gives the first receipt."""
        if stage.channel.capabilities.dedupe is not Dedupe.KEY:
            pytest.skip("declares no idempotency key")
        receipts = [stage.channel.publish(stages.post(stage)) for _ in range(3)]
        assert len({receipt.remote_id for receipt in receipts}) == 1
        assert len(stage.seen()) == 1

    def test_a_post_is_found_by_its_key(self, stage: Stage) -> None:
        """With Dedupe.LOOKUP: nothing before it stands, its receipt afterwards, and only its own."""
        if stage.channel.capabilities.dedupe is not Dedupe.LOOKUP:
            pytest.skip("declares no lookup")
        assert stage.channel.find(stages.post(stage, "k-1")) is None
        receipt = stage.channel.publish(stages.post(stage, "k-1"))
        found = stage.channel.find(stages.post(stage, "k-1"))
        assert found is not None
        assert found.remote_id == receipt.remote_id
        assert stage.channel.find(stages.post(stage, "k-2")) is None

    def test_media_arrive_with_their_alt_texts(self, stage: Stage) -> None:
        """In order; somebody who cannot see the picture still knows what it shows."""
        if not stage.channel.capabilities.media.count:
            pytest.skip("declares no media")
        media = tuple(Media(ref=stage.media, alt=alt, type="image/png") for alt in ("A map", "Ada's cat"))
        media = media[: stage.channel.capabilities.media.count]
        stage.channel.publish(replace(stages.post(stage), media=media))
        assert stage.seen()[0].alts == tuple(each.alt for each in media)

    def test_a_question_can_be_put(self, stage: Stage) -> None:
        """Every kind that is declared can be posted."""
        for kind in AskKind:
            if kind in stage.channel.capabilities.asks:
                stage.channel.publish(replace(stages.post(stage, f"k-{kind}"), ask=stages.ask(kind)))
        assert len(stage.seen()) == len(stage.channel.capabilities.asks)

    def test_an_edit_replaces_what_stands(self, stage: Stage) -> None:
        """In place: the same post, the new text; and it may simply be repeated."""
        if not stage.channel.capabilities.can_edit:
            pytest.skip("declares no edit")
        receipt = stage.channel.publish(replace(stages.post(stage, "k-1", "Old"), ask=stages.any_ask(stage)))
        for _ in range(2):
            edited = stage.channel.edit(receipt, stages.post(stage, "k-2", "New"))
            assert edited.remote_id == receipt.remote_id
        assert [seen.text for seen in stage.seen()] == ["New"]

    def test_an_edit_of_what_is_gone_is_rejected(self, stage: Stage) -> None:
        """It does not come back to life."""
        if not (stage.channel.capabilities.can_edit and stage.channel.capabilities.can_delete):
            pytest.skip("declares no edit and delete")
        receipt = stage.channel.publish(stages.post(stage))
        stage.channel.delete(receipt)
        with pytest.raises(Rejected):
            stage.channel.edit(receipt, stages.post(stage, "k-2", "New"))
        assert stage.seen() == []

    def test_a_deleted_post_is_gone(self, stage: Stage) -> None:
        """That one and no other; to delete what is gone already is no error."""
        if not stage.channel.capabilities.can_delete:
            pytest.skip("declares no delete")
        receipt = stage.channel.publish(stages.post(stage, "k-1", "Gone"))
        stage.channel.publish(stages.post(stage, "k-2", "Stays"))
        stage.channel.delete(receipt)
        stage.channel.delete(receipt)
        assert [seen.text for seen in stage.seen()] == ["Stays"]

    def test_a_private_room_is_seen_by_its_account_alone(self, stage: Stage) -> None:
        """What is for one person reaches them, and nobody else; the room is the same each time."""
        channel = stage.channel
        if not channel.capabilities.private:
            pytest.skip("has no private rooms")
        for account in ("u-ada", "u-grace"):
            assert channel.private_room(account) == channel.private_room(account)
            place = Destination(channel=channel.name, room=channel.private_room(account))
            channel.publish(replace(stages.post(stage, f"k-{account}", f"For {account}"), destination=place))
        for account in ("u-ada", "u-grace"):
            assert [seen.text for seen in stage.seen_by(account)] == [f"For {account}"]

    # when things break

    def test_a_lost_answer_is_unknown_and_never_sent_twice(self, stage: Stage) -> None:
        """The post stands, we were not told: OutcomeUnknown, one post; and the declared way settles it."""
        stage.lose_next_answer()
        with pytest.raises(OutcomeUnknown):
            stage.channel.publish(stages.post(stage))
        assert len(stage.seen()) == 1
        if stage.channel.capabilities.dedupe is Dedupe.KEY:
            assert stage.channel.publish(stages.post(stage)).remote_id
        if stage.channel.capabilities.dedupe is Dedupe.LOOKUP:
            assert stage.channel.find(stages.post(stage)) is not None
        assert len(stage.seen()) == 1

    def test_a_platform_that_is_down_took_nothing(self, stage: Stage) -> None:
        """Nobody listened, so it is a TemporaryFailure: it may be sent again without a second thought."""
        stage.go_down()
        with pytest.raises(TemporaryFailure):
            stage.channel.publish(stages.post(stage))

    def test_no_secret_shows_in_any_error(self, stage: Stage) -> None:
        """Neither in its text nor in what led to it."""
        told = [_told(act) for act in _failing(stage)]
        for secret in stage.secrets:
            assert not [text for text in told if secret in text]

    # what comes in

    def test_a_genuine_answer_is_read(self, stage: Stage) -> None:
        """Who, what, to which request; the account by its stable id; a time only with its zone."""
        said = Said()
        (response,) = self._heard(stage, said)
        assert response.channel == stage.channel.name
        assert (response.account, response.choices, response.comment) == (
            said.account,
            said.choices,
            said.comment,
        )
        assert response.request == said.request
        assert response.event_id
        assert response.at is None or response.at.tzinfo is not None

    def test_a_repeated_event_keeps_its_id(self, stage: Stage) -> None:
        """Platforms deliver twice; another answer has another id."""
        (first,), (again,) = self._heard(stage, Said()), self._heard(stage, Said(), anew=False)
        (other,) = self._heard(stage, Said(event="e-2", choices=("reject",)))
        assert first.event_id == again.event_id != other.event_id

    def test_a_spoiled_event_is_refused(self, stage: Stage) -> None:
        """Whichever byte of the body is another: the signature covers all of them."""
        event = self._webhook(stage).event(Said())
        for place in range(len(event.body)):
            spoiled = bytearray(event.body)
            spoiled[place] ^= 1
            with pytest.raises(EventRejected):
                stage.channel.receive(replace(event, body=bytes(spoiled)))

    def test_an_unsigned_event_is_refused(self, stage: Stage) -> None:
        """Without each of its headers, with each of them empty or made up, and without any."""
        event = self._webhook(stage).event(Said())
        for name in event.headers:
            others = {other: value for other, value in event.headers.items() if other != name}
            for headers in (
                others,
                {},
                others | {name: ""},
                others | {name: "junk"},
                others | {name: "é\udc80"},
            ):
                with pytest.raises(EventRejected):
                    stage.channel.receive(replace(event, headers=headers))

    @pytest.mark.parametrize("body", [b"", b"junk", b"\xff\xfe", b"null", b"[]", b"{" * 10_000, b'{"a": 1}'])
    def test_junk_is_refused(self, stage: Stage, body: bytes) -> None:
        """Unsigned it is refused; genuinely signed it is refused too, or says nothing."""
        with pytest.raises(EventRejected):
            self._webhook(stage).channel.receive(RawEvent(body=body))
        try:
            inbound = stage.channel.receive(stage.signed(body))
        except EventRejected:
            return
        assert inbound.responses == ()

    def test_an_old_event_is_refused(self, stage: Stage) -> None:
        """Whoever recorded one cannot play it back tomorrow, nor one dated tomorrow today."""
        event = self._webhook(stage).event(Said())
        assert stage.channel.receive(event).responses
        now = stage.clock.now()
        for shift in (timedelta(days=1), timedelta(days=-1)):
            stage.clock.set(now + shift)
            with pytest.raises(EventRejected):
                stage.channel.receive(event)

    def test_collecting_misses_nothing_and_repeats_nothing(self, stage: Stage) -> None:
        """Page after page, from cursor to cursor; the same cursor gives the same again."""
        if stage.channel.capabilities.intake is not Intake.COLLECT:
            pytest.skip("does not collect")
        many = 2 * stage.channel.capabilities.batch + 1
        for number in range(many):
            stage.answer(Said(event=f"e-{number}"))
        cursor, pages = "", list[Response]()
        while batch := stage.channel.collect(cursor).responses:
            assert stage.channel.collect(cursor).responses == batch
            pages.extend(batch)
            cursor = stage.channel.collect(cursor).cursor
        assert [response.event_id for response in pages] == list(
            dict.fromkeys(response.event_id for response in pages)
        )
        assert len(pages) == many
        stage.answer(Said(event="late"))
        assert len(stage.channel.collect(cursor).responses) == 1

    # how the tests hear

    def _heard(self, stage: Stage, said: Said, *, anew: bool = True) -> tuple[Response, ...]:
        intake = stage.channel.capabilities.intake
        if intake is Intake.NONE:
            pytest.skip("hears nothing")
        if intake is not Intake.COLLECT:
            return stage.channel.receive(stage.event(said)).responses
        if anew:
            stage.answer(said)
        return stage.channel.collect("").responses[-1:]

    def _webhook(self, stage: Stage) -> Stage:
        if stage.channel.capabilities.intake in (Intake.COLLECT, Intake.NONE):
            pytest.skip("takes no events")
        return stage


def _abilities(declared: Capabilities) -> dict[str, bool]:
    return {
        "edit": declared.can_edit,
        "delete": declared.can_delete,
        "find": declared.dedupe is Dedupe.LOOKUP,
        "collect": declared.intake is Intake.COLLECT,
        "private_room": declared.private,
    }


def _failing(stage: Stage) -> Iterator[Callable[[], Any]]:
    """Calls that go wrong, one way or the other."""
    channel = stage.channel
    yield lambda: channel.publish(stages.post(stage, "k-1", "x" * 10 * channel.capabilities.max_text))
    yield lambda: channel.edit(Receipt(remote_id="0"), stages.post(stage))
    yield lambda: channel.receive(RawEvent(body=b"junk"))
    yield lambda: channel.collect("junk")
    yield lambda: _after(stage.lose_next_answer, lambda: channel.publish(stages.post(stage)))
    yield lambda: _after(stage.go_down, lambda: channel.publish(stages.post(stage)))


def _after(first: Callable[[], None], then: Callable[[], Any]) -> None:
    first()
    then()


def _told(act: Callable[[], Any]) -> str:
    """Everything that an error says, with its causes; only the errors of this library get out."""
    try:
        act()
    except (ChannelError, EventRejected, UnsupportedFeature) as error:
        return "".join(traceback.format_exception(error)) + repr(error)
    except pytest.skip.Exception:
        return ""
    return ""
