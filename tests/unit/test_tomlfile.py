"""Where something stands in a TOML file."""

from __future__ import annotations

import tomllib

import pytest

from socialbpm.settings.tomlfile import Place, TomlFile

TEXT = '''\
title = "x"
text = """
title = "not a key"
"""
"quoted key" = 1
a.b = 2
[table]
inner = { deep = 1 }
[table.sub]
key = 1
[[step]]
after = "P1D"
[[step]]
after = "P2D"
[[step.part]]
name = "x"
[[step.part]]
name = "y"
'''


@pytest.mark.parametrize(
    ("place", "line"),
    [
        (("title",), 1),
        (("text",), 2),
        (("quoted key",), 5),
        (("a", "b"), 6),
        (("table",), 7),
        (("table", "inner", "deep"), 8),
        (("table", "sub", "key"), 10),
        (("step", 0, "after"), 12),
        (("step", 1, "after"), 14),
        (("step", 1, "part", 1, "name"), 18),
        (("step", 1, "nothing"), 13),
        (("nothing",), 0),
    ],
)
def test_a_place_is_found_at_its_line_or_at_the_nearest_thing_around_it(place: Place, line: int) -> None:
    """Headers, arrays of tables, dotted and quoted keys count; text that only looks like a key does not."""
    assert TomlFile("x.toml", TEXT, tomllib.loads(TEXT)).line(place) == line
