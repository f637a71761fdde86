"""What ``{{ … }}`` means in a social task: sandboxed Jinja2 over the task's data, evaluated once.

Text keeps its provenance: what the author wrote and what came from data are different spans, whatever the
data holds. Authors are trusted, data is not: nothing in the data can call anything, grow without bound or
pass for the author's words. Templates offer ``if`` and ``for``; what captures output to change it is refused.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from datetime import date, time, timedelta
from decimal import Decimal
from fractions import Fraction
from functools import lru_cache
from typing import Any, NoReturn

from jinja2 import StrictUndefined, Template, TemplateError, TemplateSyntaxError, Undefined, nodes
from jinja2.environment import TemplateExpression
from jinja2.filters import FILTERS
from jinja2.runtime import Context
from jinja2.sandbox import ImmutableSandboxedEnvironment

from socialbpm.errors import TaskFailed
from socialbpm.posts import Span, Text, plain
from socialbpm.tasks import Evaluate

LONGEST_TEXT = 20_000
"""Characters; longer than any channel carries."""
MOST_ROUNDS = 10_000
"""Rounds of all loops of one template together."""
LONGEST_RANGE = 1_000
LARGEST_NUMBER_BITS = 1_024

# Unicode noncharacters: never assigned, "not for interchange". Data that holds them all the same loses them.
_OPEN, _CLOSE, _ROUND = "\ufdd0", "\ufdd1", "\ufdd2"
_MARKS = dict.fromkeys(map(ord, (_OPEN, _CLOSE, _ROUND)), "\ufffd")
_NOT_TEXT = {**_MARKS, **{code: None for code in (*range(32), *range(127, 160)) if chr(code) not in "\n\t"}}
_PIECES = re.compile(f"{_OPEN}(.*?){_CLOSE}", re.DOTALL)

_STATEMENTS = (nodes.Output, nodes.If, nodes.For)
# Left out: what takes a width or a count from data (center, indent, batch), what escapes for HTML (each
# channel does that by itself), and what is different each time (random).
_FILTERS = frozenset(
    (
        *("abs", "capitalize", "count", "d", "default", "dictsort", "first", "float", "groupby", "int"),
        *("items", "join", "last", "length", "list", "lower", "map", "max", "min", "reject", "rejectattr"),
        *("replace", "reverse", "round", "select", "selectattr", "sort", "string", "sum", "title", "trim"),
        *("truncate", "unique", "upper", "wordcount"),
    )
)
_METHODS = frozenset(
    (
        *("upper", "lower", "title", "capitalize", "strip", "lstrip", "rstrip", "split", "splitlines"),
        *("startswith", "endswith", "replace", "join", "keys", "values", "items", "get", "index", "count"),
        *("isoformat", "date", "time", "total_seconds", "cycle", "changed"),
    )
)
_SHOWN = (str, int, float, Decimal, Fraction, date, time, timedelta, list, tuple, dict)


def evaluate_text(template: str, data: Mapping[str, Any]) -> Text:
    """The text of ``template`` over ``data``, by provenance. Raises TaskFailed ``social.invalid``."""
    try:
        return tuple(_spans(_written(_template(template).generate(dict(data)))))
    except Exception as error:
        _fail(template, error)


def evaluate_native(template: str, data: Mapping[str, Any]) -> Any:
    """The value of a single ``{{ … }}`` as it is in ``data`` (JSON types and times); else the text.

    Raises TaskFailed ``social.invalid``.
    """
    try:
        expression = _expression(template.strip())
        if expression is not None:
            return _value(expression(dict(data)))
    except Exception as error:
        _fail(template, error)
    return plain(evaluate_text(template, data))


def evaluator(data: Mapping[str, Any]) -> Evaluate:
    """What ``tasks.resolve`` asks for: evaluation over ``data``."""

    def evaluate(template: str, native: bool) -> Any:
        return evaluate_native(template, data) if native else evaluate_text(template, data)

    return evaluate


def check_template(template: str) -> str | None:
    """What is wrong with the writing of ``template``, or None."""
    try:
        _template(template)
        _expression(template.strip())
    except TemplateSyntaxError as error:
        return f"template error: {(error.message or '').rstrip('.')}"
    except (TemplateError, RecursionError) as error:
        return f"template error: {error}"
    return None


def parsed(template: str) -> nodes.Template:
    """``template`` as a tree. Raises jinja2's TemplateSyntaxError."""
    return _SANDBOX.parse(template)


class _Sandbox(ImmutableSandboxedEnvironment):
    """Jinja2's sandbox, further narrowed to what a text needs."""

    intercepted_binops = frozenset(("*", "**", "%"))

    def __init__(self) -> None:
        super().__init__(undefined=StrictUndefined, finalize=_data, trim_blocks=True, lstrip_blocks=True)
        self.filters = {name: FILTERS[name] for name in _FILTERS}
        self.globals = {"range": _range}

    def getattr(self, obj: Any, attribute: str) -> Any:
        """``order.items`` is the entry of the data, not python's method."""
        if isinstance(obj, Mapping) and attribute in obj:
            return obj[attribute]
        return super().getattr(obj, attribute)

    def is_safe_attribute(self, obj: Any, attr: str, value: Any) -> bool:
        """Plain attributes, and the methods that cannot grow or change anything."""
        return super().is_safe_attribute(obj, attr, value) and (not callable(value) or attr in _METHODS)

    def is_safe_callable(self, obj: Any) -> bool:
        """The methods above and ``range``; no function that lies in the data. What is undefined says so."""
        return obj is _range or isinstance(obj, Undefined) or getattr(obj, "__name__", "") in _METHODS

    def call_binop(self, context: Context, operator: str, left: Any, right: Any) -> Any:
        """Products and powers of numbers, within bounds; no repetition and no %-formatting of text."""
        if not isinstance(left, int | float | Decimal) or not isinstance(right, int | float | Decimal):
            raise TypeError(f"'{operator}' is for numbers")
        if (
            isinstance(left, int)
            and isinstance(right, int)
            and _bits(operator, left, right) > LARGEST_NUMBER_BITS
        ):
            raise OverflowError("the number is too large")
        return super().call_binop(context, operator, left, right)


def _bits(operator: str, left: int, right: int) -> int:
    if operator == "**":
        return left.bit_length() * max(right, 1)
    return left.bit_length() + right.bit_length()


def _range(*bounds: int) -> range:
    found = range(*bounds)
    if len(found) > LONGEST_RANGE:
        raise OverflowError(f"a range has at most {LONGEST_RANGE} numbers")
    return found


def _data(value: object) -> str:
    """How a value from an expression enters a text: marked as data, and unable to forge the marks."""
    if value is None:
        return ""
    if isinstance(value, Undefined):
        return str(value)  # raises: StrictUndefined says by itself what is missing
    if not isinstance(value, _SHOWN):
        raise TypeError(f"a {type(value).__name__} cannot be shown as text")
    shown = _value(value) if isinstance(value, list | tuple | dict) else value
    return f"{_OPEN}{str(shown).translate(_NOT_TEXT)}{_CLOSE}"


_SANDBOX = _Sandbox()


@lru_cache(maxsize=512)
def _template(source: str) -> Template:
    tree = _SANDBOX.parse(source.translate(_MARKS))
    for statement in tree.find_all(nodes.Stmt):
        if not isinstance(statement, _STATEMENTS):
            name = type(statement).__name__.lower().removesuffix("block").replace("assign", "set")
            raise TemplateSyntaxError(f"'{name}' is not offered here; use if and for", statement.lineno)
    for loop in tree.find_all(nodes.For):
        if loop.recursive:
            raise TemplateSyntaxError("recursive loops are not offered here", loop.lineno)
        loop.body.insert(0, nodes.Output([nodes.TemplateData(_ROUND)], lineno=loop.lineno))
    return _SANDBOX.from_string(tree)


@lru_cache(maxsize=512)
def _expression(source: str) -> TemplateExpression | None:
    """The expression that ``source`` consists of, if it is one single ``{{ … }}``."""
    tokens = list(_SANDBOX.lex(source))
    kinds = [kind for _, kind, _ in tokens]
    if kinds[:1] != ["variable_begin"] or kinds[-1] != "variable_end" or kinds.count("variable_begin") > 1:
        return None
    inner = "".join(text for _, _, text in tokens[1:-1])
    return _SANDBOX.compile_expression(inner, undefined_to_none=False)


def _written(pieces: Iterable[str]) -> str:
    """All pieces as one string, giving up as soon as there are too many or too long ones."""
    kept: list[str] = []
    length = rounds = 0
    for piece in pieces:
        rounds += piece.count(_ROUND)
        length += len(piece)
        if rounds > MOST_ROUNDS:
            raise OverflowError(f"loops go round more than {MOST_ROUNDS} times")
        if length > LONGEST_TEXT + rounds:
            raise OverflowError(f"the text is longer than {LONGEST_TEXT} characters")
        kept.append(piece)
    return "".join(kept).replace(_ROUND, "")


def _spans(text: str) -> Iterator[Span]:
    for index, piece in enumerate(_PIECES.split(text)):
        if piece:
            yield Span(piece, authored=index % 2 == 0)


def _value(value: Any) -> Any:
    """A value from data as plain JSON types and times, so that nothing odd travels further."""
    if isinstance(value, Undefined):
        return str(value)  # raises, as above
    if value is None or isinstance(value, bool | int | float | Decimal | Fraction | date | time | timedelta):
        return value
    if isinstance(value, str):
        return str(value)
    if isinstance(value, Mapping):
        return {str(key): _value(entry) for key, entry in value.items()}
    if isinstance(value, Iterable) and not isinstance(value, bytes | bytearray):
        return [_value(entry) for entry in value]
    raise TypeError(f"a {type(value).__name__} is no plain value")


def _fail(template: str, error: Exception) -> NoReturn:
    if isinstance(error, TaskFailed):
        raise error
    why = error.message if isinstance(error, TemplateSyntaxError) else error
    shown = template if len(template) <= 60 else template[:60] + "…"
    raise TaskFailed("social.invalid", f"{shown!r} cannot be evaluated: {why}") from error
