"""Scripts and conditions as the engine runs them, compiled once instead of at every task that runs them."""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache
from types import CodeType
from typing import Any

from SpiffWorkflow.bpmn.script_engine import TaskDataEnvironment


class Environment(TaskDataEnvironment):  # type: ignore[misc]
    """The engine's own environment. It hands texts to ``exec`` and ``eval``, which compile them each time.

    Compiling is two thirds of what a short script costs.
    """

    def execute(
        self, script: str, context: dict[str, Any], external_context: Mapping[str, Any] | None = None
    ) -> bool:
        """Run a script over the data of a task, which it changes."""
        return bool(super().execute(_compiled(script, "exec"), context, external_context))

    def evaluate(
        self, expression: Any, context: dict[str, Any], external_context: Mapping[str, Any] | None = None
    ) -> Any:
        """The value of an expression over the data of a task."""
        # like ``eval``, which alone forgives blanks before an expression
        code = _compiled(expression.lstrip(" \t"), "eval") if isinstance(expression, str) else expression
        return super().evaluate(code, context, external_context)


@lru_cache(maxsize=1024)
def _compiled(text: str, mode: str) -> CodeType:
    """What ``exec`` or ``eval`` makes of this text: under the same name, with no ``__future__`` of ours."""
    return compile(text, "<string>", mode, dont_inherit=True)
