"""One answer of a replay, as a channel hands it in."""

from __future__ import annotations

from uuid import uuid4

from socialbpm import replies
from socialbpm.policies.ranked import rankings
from socialbpm.posts import AskKind
from socialbpm.replies import Unread
from socialbpm.responses import Response
from socialbpm.settings.tomlfile import Place
from socialbpm.social.views import RequestView
from socialbpm.testing.compare import Diverged
from socialbpm.testing.replay_file import Step


def response(step: Step, request: RequestView, account: str, place: Place) -> Response:
    """The answer that ``step`` gives to ``request``. Raises Diverged if its words cannot be read."""
    choices, comment = _said(step, request, place)
    return Response(
        channel=step.channel,
        event_id=step.event_id or str(uuid4()),
        account=account,
        choices=choices,
        request=request.id,
        comment=comment,
        version=step.version or request.version,
        delegate=step.delegate,
        withdraws=step.withdraws,
    )


def _said(step: Step, request: RequestView, place: Place) -> tuple[tuple[str, ...], str]:
    if step.says and request.ask:
        try:
            said = replies.read(step.says, request.ask)
        except Unread as unread:
            raise Diverged((*place, "says"), str(unread)) from None
        return said.choices, said.comment or step.comment
    if step.choice is not None:
        ranked = request.asks == AskKind.RANKED
        return rankings.parse(step.choice) if ranked else (step.choice,), step.comment
    return step.choices or (), step.comment
