"""The catalogue: every social task, its attributes, rules, outcomes and result, once.

``declare`` checks what a model says, ``resolve`` makes the task of it when its request opens, ``dump`` and
``load`` keep it in the store. The XSD, the moddle descriptor and the reference page are generated from here.
"""

from socialbpm.tasks.asking import Asking
from socialbpm.tasks.catalogue import CATALOGUE, ELEMENTS, MODELS
from socialbpm.tasks.children import CHILDREN, ChildElement, MediaSource, Wording
from socialbpm.tasks.common import SocialTask
from socialbpm.tasks.declaration import (
    Child,
    Declaration,
    Evaluate,
    Place,
    attributes,
    declare,
    dump,
    failed,
    known,
    load,
    model,
    outcomes,
    resolve,
    result_keys,
    result_variable,
)
from socialbpm.tasks.later import NotYet
from socialbpm.tasks.notation import Later, Notation, is_template, nearest
from socialbpm.tasks.posting import PostStatus
from socialbpm.tasks.questions import PollCommunity, RequestReview, SeekConsent
from socialbpm.tasks.results import ERRORS, AskResult, PostResult
from socialbpm.tasks.rules import Flaw

NAMESPACE = "urn:socialbpm:1"
"""The XML namespace of all social elements; its usual prefix is ``social``."""

__all__ = [
    "CATALOGUE",
    "CHILDREN",
    "ELEMENTS",
    "ERRORS",
    "MODELS",
    "NAMESPACE",
    "AskResult",
    "Asking",
    "Child",
    "ChildElement",
    "Declaration",
    "Evaluate",
    "Flaw",
    "Later",
    "MediaSource",
    "NotYet",
    "Notation",
    "Place",
    "PollCommunity",
    "PostResult",
    "PostStatus",
    "RequestReview",
    "SeekConsent",
    "SocialTask",
    "Wording",
    "attributes",
    "declare",
    "dump",
    "failed",
    "is_template",
    "known",
    "load",
    "model",
    "nearest",
    "outcomes",
    "resolve",
    "result_keys",
    "result_variable",
]
