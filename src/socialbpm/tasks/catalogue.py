"""The catalogue: the thirteen social elements, those of this version and those known by name.

From here come the XSD, the moddle descriptor, the reference page, the model check and the error texts.
"""

from __future__ import annotations

from socialbpm.tasks import later
from socialbpm.tasks.common import SocialTask
from socialbpm.tasks.later import NotYet
from socialbpm.tasks.posting import PostStatus
from socialbpm.tasks.questions import PollCommunity, RequestReview, SeekConsent

_ALL: tuple[type[SocialTask] | NotYet, ...] = (
    PostStatus,
    RequestReview,
    PollCommunity,
    SeekConsent,
    later.GATHER_CONTRIBUTIONS,
    later.INVITE_MEMBERS,
    later.OFFER_WORK,
    later.SEARCH_PEOPLE,
    later.MEASURE_ENGAGEMENT,
    later.ARCHIVE_DISCUSSION,
    later.ON_MENTION,
    later.ON_RESPONSE,
    later.ANNOUNCE,
)
CATALOGUE: dict[str, type[SocialTask] | NotYet] = {entry.element: entry for entry in _ALL}
ELEMENTS = tuple(CATALOGUE)
MODELS = tuple(model for model in _ALL if not isinstance(model, NotYet))
