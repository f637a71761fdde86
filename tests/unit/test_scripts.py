"""Scripts and expressions that are compiled once mean what the engine's own environment makes of them."""

from __future__ import annotations

from typing import Any

import pytest
from SpiffWorkflow.bpmn.script_engine import TaskDataEnvironment

from socialbpm.spiff.scripts import Environment

SCRIPTS = [
    "x = 1",
    "x = x + 1\ny = [x for x in range(3)]",
    "import math\nroot = math.sqrt(16)",
    "def twice(n):\n    return 2 * n\nx = twice(x)",
    "x: missing = 2",  # an annotation is evaluated: our own module's __future__ must not reach it
    "x = (",
    "  x = 1",
    "raise ValueError(x)",
]
EXPRESSIONS = ["x + 1", " \tx + 1", "\nx", "x +", "missing", "[n for n in range(x)]", "", 7, None]


def outcome(environment: Any, what: str, text: Any) -> tuple[Any, str, dict[str, Any]]:
    """What comes of it: the value, the error, and the data afterwards."""
    data = {"x": 1}
    try:
        return getattr(environment, what)(text, data), "", data
    except Exception as error:
        line = getattr(error, "lineno", None)
        return None, f"{type(error).__name__} {line}", data


@pytest.mark.parametrize("round_", ["compiled", "kept"])
@pytest.mark.parametrize("script", SCRIPTS)
def test_a_script_does_what_the_engines_own_does(script: str, round_: str) -> None:
    """The same data and the same error, also when the compiled one is used again."""
    assert outcome(Environment(), "execute", script) == outcome(TaskDataEnvironment(), "execute", script)


@pytest.mark.parametrize("expression", EXPRESSIONS)
def test_an_expression_is_worth_what_the_engines_own_is(expression: Any) -> None:
    """The same value and the same error; blanks before it are forgiven, as by ``eval``."""
    ours, theirs = (outcome(each, "evaluate", expression) for each in (Environment(), TaskDataEnvironment()))
    assert ours == theirs
