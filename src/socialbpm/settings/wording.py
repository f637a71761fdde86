"""What pydantic finds wrong with a file that somebody wrote, in that person's words and with a remedy."""

from __future__ import annotations

from pydantic_core import ErrorDetails

PEOPLE = 'write a list of people: ["ada", "grace"]'
TABLES = ("dict_type", "model_type", "model_attributes_type")
KINDS = (  # beginnings of pydantic's error types, the first that fits counts: what it is not, what to write
    ("string", "is not a text", 'put it in quotes: "…"'),
    ("int", "is not a whole number", "write a number without quotes"),
    ("float", "is not a number", "write a number without quotes"),
    ("bool", "is neither true nor false", "write true or false, without quotes"),
    ("dict", "is not a table", "write { name = value }"),
    ("model", "is not a table", "write { name = value }"),
    ("list", "is not a list", 'write it in brackets: ["…"]'),
    ("tuple", "is not a list", 'write it in brackets: ["…"]'),
    ("frozen_set", "is not a list", 'write it in brackets: ["…"]'),
    ("set", "is not a list", 'write it in brackets: ["…"]'),
    ("timezone", "has no time zone", "let it end in Z: 2026-05-04T09:00:00Z"),
    ("datetime", "is not a time", "write it without quotes: 2026-05-04T09:00:00Z"),
    ("time_delta", "is not a length of time", 'write it as "PT30M", "PT2H" or "P3D"'),
)


def of(key: str, detail: ErrorDetails) -> tuple[str, str]:
    """What is wrong with ``key`` ('' is the whole), and what to write instead (empty: it says so itself)."""
    kind, place = detail["type"], detail["loc"]
    if kind in TABLES and len(place) > 1 and place[0] == "communities":
        return f"'{key}' does not say who is in it", PEOPLE
    if kind in TABLES and len(place) == 2 and place[0] == "channels":
        return f"'{key}' is not a table", f'write [{key}] and under it adapter = "…"'
    for beginning, what, remedy in KINDS:
        if kind.startswith(beginning):
            return f"'{key}' {what}", remedy
    said = detail["msg"].removeprefix("Value error, ")
    if said.startswith("Input should be"):
        return f"'{key}' should be{said.removeprefix('Input should be')}", ""
    return (f"'{key}': {said}" if key else said), ""
