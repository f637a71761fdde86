"""The moddle descriptor: with it bpmn-js and the modelers built on it keep and copy social elements.

Every attribute is a String: moddle writes an expression in a number back as "NaN". All names of the namespace
are in it, because a modeler drops elements of a described namespace that the descriptor does not know.
"""

from __future__ import annotations

import json
from typing import Any

from socialbpm import tasks
from socialbpm.tasks import CATALOGUE, CHILDREN, ChildElement, NotYet, SocialTask


def descriptor() -> str:
    """The whole document."""
    found = {
        "name": "socialbpm",
        "uri": tasks.NAMESPACE,
        "prefix": "social",
        "xml": {"tagAlias": "lowerCase"},
        "associations": [],
        "types": [
            _abstract(),
            *(_task(name, entry) for name, entry in CATALOGUE.items()),
            *(_child(child) for child in CHILDREN),
        ],
    }
    return json.dumps(found, indent=2, ensure_ascii=False) + "\n"


def _abstract() -> dict[str, Any]:
    """Every element may have every child element: what one tool does not use, it still has to keep."""
    return {
        "name": "SocialElement",
        "isAbstract": True,
        "superClass": ["Element"],
        "properties": [{"name": child.name, "type": _type(child.name), "isMany": True} for child in CHILDREN],
    }


def _task(name: str, entry: type[SocialTask] | NotYet) -> dict[str, Any]:
    names = [] if isinstance(entry, NotYet) else [*tasks.attributes(entry)]
    return {
        "name": _type(name),
        "superClass": ["SocialElement"],
        "meta": {"allowedIn": [f"bpmn:{_type(host)}" for host in entry.on]},
        "properties": [_attribute(name) for name in names],
    }


def _child(child: ChildElement) -> dict[str, Any]:
    body = [{"name": "body", "isBody": True, "type": "String"}] if child.body else []
    properties = [*(_attribute(name) for name in child.attributes), *body]
    return {"name": _type(child.name), "superClass": ["Element"], "properties": properties}


def _attribute(name: str) -> dict[str, Any]:
    return {"name": name, "isAttr": True, "type": "String"}


def _type(name: str) -> str:
    return name[0].upper() + name[1:]
