"""An answer as JSON, as our own pages, programs and the loopback server send it: parsed once, then trusted.

::

    {"event": "9f…", "account": "ada", "request": "5b…", "version": 1,
     "choices": ["approve"], "comment": "Good"}
"""

from __future__ import annotations

from typing import Annotated

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, ValidationError

from socialbpm.channels.base import RawEvent
from socialbpm.errors import EventRejected
from socialbpm.responses import Response

LARGEST = 256 * 1024  # bytes: the longest comment in four-byte characters, escaped, with room to spare

Name = Annotated[str, Field(min_length=1, max_length=200)]


class Answer(BaseModel):
    """One person's answer. ``event`` names it: the same event again is the same answer."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    event: Name
    account: Name
    choices: tuple[Name, ...] = Field((), max_length=1000)
    request: str = Field("", max_length=200)
    in_reply_to: str = Field("", max_length=200)
    version: int = Field(0, ge=0, le=1_000_000, strict=True)
    comment: str = ""
    at: AwareDatetime | None = None
    delegate: str = Field("", max_length=200)
    withdraws: str = Field("", max_length=200)
    code: str = Field("", max_length=200)
    words: str = ""

    def response(self, channel: str) -> Response:
        """As the inbox takes it."""
        return Response(
            channel=channel,
            event_id=self.event,
            account=self.account,
            choices=self.choices,
            request=self.request,
            in_reply_to=self.in_reply_to,
            comment=self.comment,
            version=self.version,
            at=self.at,
            delegate=self.delegate,
            withdraws=self.withdraws,
            code=self.code,
            words=self.words,
        )


def read(event: RawEvent) -> Answer:
    """The answer in a verified event. Raises EventRejected; the body is never repeated in the error."""
    if len(event.body) > LARGEST:
        raise EventRejected(f"the event has {len(event.body)} bytes, more than {LARGEST}")
    try:
        return Answer.model_validate_json(event.body)
    except ValidationError as error:
        place = ".".join(str(part) for part in error.errors(include_input=False)[0]["loc"])
        raise EventRejected(f"the event is not readable{f' at {place}' if place else ''}") from None


def write(answer: Answer) -> bytes:
    """The body to sign and send."""
    return answer.model_dump_json(exclude_defaults=True).encode()
