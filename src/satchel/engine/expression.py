"""Expressions: what conditions and timers may say, and how they are evaluated.

`zen-engine` evaluates. Alone it is too lenient (`a = 1` assigns and is true, a misspelt name is null, `date("now")`
reads the clock, a small text can take all memory), so a text is tokenised here first and only a small language gets
through: names, literals, comparison, arithmetic, `and or not in`, and functions from `FUNCTIONS`. Evaluation gets only
the names that the expression uses, as JSON text, because that way the library keeps decimals exact.
"""

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Protocol, cast

import zen

from satchel.engine.value import MAX_SIZE, EvaluationError, plain, to_json

MAX_LENGTH = 1000
"""The most characters of one expression."""
MAX_NESTING = 20
"""How deep parentheses, brackets and calls may stand in one another."""
MAX_NOTS = 8
"""How many `not`, `!` and signs may follow each other."""
FUNCTIONS: Mapping[str, str] = {
    "abs": "the number without its sign",
    "all": "whether every item fulfils the condition: `all(lines, #.quantity > 0)`",
    "avg": "the mean of a list of numbers, which must not be empty",
    "ceil": "the number rounded up",
    "contains": "whether a text contains a text, or a list an item",
    "count": "how many items fulfil the condition: `count(lines, #.quantity > 10)`",
    "date": 'a field, or a text like `2026-01-31`, as a moment that can be compared: `date(due) < date("2026-01-31")`',
    "endsWith": "whether a text ends with a text",
    "filter": "the items that fulfil the condition",
    "floor": "the number rounded down",
    "isNumeric": "whether a text is a number",
    "len": "how many items a list has, or bytes of UTF-8 a text",
    "lower": "the text in small letters",
    "map": "one value of every item: `sum(map(lines, #.quantity * #.price))`",
    "max": "the greatest of a list of numbers, which must not be empty",
    "median": "the middle one of a list of numbers, which must not be empty",
    "min": "the least of a list of numbers, which must not be empty",
    "none": "whether no item fulfils the condition",
    "number": "a text as a number",
    "one": "whether exactly one item fulfils the condition",
    "round": "the number rounded to the nearest whole one, or to so many digits: `round(amount, 2)`",
    "some": "whether at least one item fulfils the condition",
    "startsWith": "whether a text begins with a text",
    "string": "a number as a text",
    "sum": "the sum of a list of numbers",
    "trim": "the text without spaces at its ends",
    "trunc": "the number without its digits after the point",
    "upper": "the text in capital letters",
}
"""What expressions may call. All are pure: what gives random numbers, reads the clock or compiles patterns
is left out."""

_OVER_ITEMS = frozenset({"all", "count", "filter", "map", "none", "one", "some"})
_WORDS = frozenset({"and", "or", "not", "in", "true", "false", "null"})
_TOKEN = re.compile(
    r"""(?P<space>[ \t\r\n]+)
    | (?P<number>[0-9]+(?:\.[0-9]+)?(?![0-9A-Za-z_]))
    | (?P<text>"[^"\\]*"|'[^'\\]*')
    | (?P<name>[A-Za-z_][A-Za-z0-9_]*)
    | (?P<mark>==|!=|<=|>=|\?\?|[<>+\-*/%()\[\],.?:\#!])""",
    re.VERBOSE,
)
_ISO_MOMENT = re.compile(
    r"\d{4}-\d{2}-\d{2}(?:[T ]\d{2}:\d{2}(?::\d{2}(?:\.\d{1,9})?)?(?:Z|[+-]\d{2}:\d{2})?)?", re.ASCII
)


class _Compiled(Protocol):
    """What the library's compiled expression offers; its stub names a class that it does not export."""

    def evaluate(self, context: str, /) -> object:
        """Return the result for values given as JSON text."""
        ...


class ExpressionError(Exception):
    """A text is not an expression that may run; the message says why and what to write instead."""


@dataclass(frozen=True, slots=True, eq=False)
class Expression:
    """One expression that was found good.

    Attributes:
        text: as written, without the spaces at its ends.
        names: the names that it reads: fields, loop variables, built-ins.
        properties: the names after a point: columns of tables.
        moments: the names that it hands to `date`.
    """

    text: str
    names: frozenset[str]
    properties: frozenset[str]
    moments: frozenset[str]
    _compiled: _Compiled
    _as_text: _Compiled

    def evaluate(self, values: Mapping[str, object]) -> object:
        """Return the result: None, bool, str, int, Decimal, or a list or dict of such.

        Raises:
            EvaluationError: a name has no value, a value is too large or of no usable type, or the library refuses.
        """
        given = {name: plain(values[name], name) for name in sorted(self.names) if name in values}
        missing = sorted(self.names - given.keys())
        if missing:
            raise EvaluationError("unknown_name", f"there is no value named {', '.join(missing)}")
        for name in sorted(self.moments):
            value = given[name]
            if not (isinstance(value, str) and _ISO_MOMENT.fullmatch(value)):
                raise EvaluationError("value_type", f"{name} is no date")
        context = to_json(given)
        if len(context) > MAX_SIZE:
            raise EvaluationError("value_too_large", f"the values together are larger than {MAX_SIZE} characters")
        try:
            result: object = self._compiled.evaluate(context)
        except Exception as error:  # noqa: BLE001 - the library raises bare Exception and RuntimeError
            raise EvaluationError("evaluation", _reason(error)) from None
        if isinstance(result, float | int) and not isinstance(result, bool):
            return self._exact(result, context)
        return _whole(result)

    def _exact(self, number: float, context: str) -> object:
        """Return a number with all of its digits: the library computes with decimals, but gives a float."""
        try:
            text = self._as_text.evaluate(context)
            return _as_number(Decimal(str(text)))
        except Exception:  # noqa: BLE001 - the library raises bare Exception and RuntimeError
            return _whole(number)

    def decide(self, values: Mapping[str, object]) -> bool:
        """Return the result, which has to be exactly true or false.

        Raises:
            EvaluationError: as `evaluate`, or the result is neither true nor false.
        """
        result = self.evaluate(values)
        if result is True or result is False:
            return result
        raise EvaluationError("not_true_or_false", f"the result is {_shown(result)}, neither true nor false")


def compile_expression(text: str) -> Expression:
    """Return the expression that a text says.

    Raises:
        ExpressionError: the text says more than an expression may.
    """
    text = text.strip()
    if not text:
        raise ExpressionError("The expression is empty.")
    if len(text) > MAX_LENGTH:
        raise ExpressionError(f"The expression has {len(text)} characters; {MAX_LENGTH} are allowed.")
    words = tuple(tokens(text))
    _check_nesting(words)
    names, properties, moments = _check_names(words)
    try:
        compiled = cast("_Compiled", zen.compile_expression(text))
        as_text = cast("_Compiled", zen.compile_expression(f"string({text})"))
    except Exception as error:  # noqa: BLE001 - the library raises bare Exception and RuntimeError
        raise ExpressionError(f"The expression cannot be read: {_reason(error)}.") from None
    return Expression(text, names, properties, moments, compiled, as_text)


def _whole(result: object) -> object:
    """Return a result with the library's floats as ints where they are whole and Decimals where not."""
    if isinstance(result, float):
        return _as_number(Decimal(repr(result)))
    if isinstance(result, list):
        return [_whole(item) for item in cast("list[object]", result)]
    if isinstance(result, dict):
        return {key: _whole(item) for key, item in cast("dict[str, object]", result).items()}
    return result


def _as_number(exact: Decimal) -> int | Decimal:
    return int(exact) if exact == exact.to_integral_value() else exact


def _shown(result: object) -> str:
    if result is None:
        return "null"
    if isinstance(result, list | dict):
        return "a list" if isinstance(result, list) else "a set of values"
    return f"a text ({result[:40]!r})" if isinstance(result, str) else str(result)


def _reason(error: Exception) -> str:
    """Return the library's own words, without the stack that it appends."""
    first = str(error).split("\n", 1)[0]
    try:
        told = json.loads(first)
    except ValueError:
        return first[:200]
    source = cast("dict[str, object]", told).get("source") if isinstance(told, dict) else None
    return str(source or first)[:200]


def tokens(text: str) -> Iterator[tuple[str, str]]:
    """Yield the tokens of an expression, each with its kind: `number`, `text`, `name` or `mark`.

    Raises:
        ExpressionError: the text has what no expression may have.
    """
    at = 0
    while at < len(text):
        if text.startswith("..", at):
            raise ExpressionError("Ranges (..) are not allowed; compare with >= and <= instead.")
        found = _TOKEN.match(text, at)
        if found is None:
            raise ExpressionError(_advice(text, at))
        at = found.end()
        if found.lastgroup != "space":
            yield str(found.lastgroup), found.group()


def _advice(text: str, at: int) -> str:
    place = f"at character {at + 1}"
    match text[at]:
        case "=":
            return f"A single = {place} would assign; write == to compare."
        case "&":
            return f"Write `and` instead of {text[at]} {place}."
        case "|":
            return f"Write `or` instead of {text[at]} {place}."
        case "$" | "{" | "}":
            return f"Unexpected {text[at]} {place}; write the expression bare, without ${{ }} around it."
        case "'" | '"':
            return f"The text that begins {place} has no end, or a backslash in it."
        case other:
            return f"Unexpected {other!r} {place}."


def _check_nesting(tokens: tuple[tuple[str, str], ...]) -> None:
    closing = {"(": ")", "[": "]"}
    waiting: list[str] = []
    row = 0
    for kind, word in tokens:
        row = row + 1 if word in {"not", "!", "-", "+"} else 0
        if row > MAX_NOTS:
            raise ExpressionError(f"More than {MAX_NOTS} signs or `not` in a row.")
        if kind == "mark" and word in closing:
            waiting.append(closing[word])
            if len(waiting) > MAX_NESTING:
                raise ExpressionError(f"Parentheses stand more than {MAX_NESTING} deep in one another.")
        elif kind == "mark" and word in {")", "]"} and (not waiting or waiting.pop() != word):
            raise ExpressionError(f"There is a {word} too many.")
    if waiting:
        raise ExpressionError(f"There is a {waiting[-1]} missing.")
    if sum(word == "?" for _, word in tokens) > MAX_NOTS:
        raise ExpressionError(f"More than {MAX_NOTS} choices (? :) in one expression.")


@dataclass(slots=True)
class _Open:
    """A parenthesis or bracket that is open while tokens are read: its function, and how many commas came in it."""

    function: str
    commas: int = 0

    @property
    def is_body(self) -> bool:
        """Whether what stands here happens once per item."""
        return self.function in _OVER_ITEMS and self.commas > 0


def _check_names(tokens: tuple[tuple[str, str], ...]) -> tuple[frozenset[str], frozenset[str], frozenset[str]]:
    names: set[str] = set()
    properties: set[str] = set()
    moments: set[str] = set()
    words = [word for _, word in tokens] + [""]
    opened: list[_Open] = []
    for at, (kind, word) in enumerate(tokens):
        before = words[at - 1] if at else ""
        is_called = words[at + 1] == "("
        if kind == "mark":
            _check_mark(word, before, opened)
        elif kind != "name" or (word in _WORDS and before != "."):
            continue
        elif before == ".":
            if is_called:
                raise ExpressionError(f"Methods are not allowed: .{word}( … ).")
            properties.add(word)
        elif is_called:
            moments |= _check_call(word, tokens[at + 2 : at + 4], opened)
        else:
            names.add(word)
    return frozenset(names), frozenset(properties), frozenset(moments)


def _check_mark(word: str, before: str, opened: list[_Open]) -> None:
    """Follow parentheses, and keep what happens once per item small: no `+`, which could double a text each time."""
    is_inside = any(one.is_body for one in opened)
    match word:
        case "(" | "[":
            opened.append(_Open(before if word == "(" else ""))
        case ")" | "]":
            opened.pop()
        case "," if opened:
            opened[-1].commas += 1
        case "#" if not is_inside:
            raise ExpressionError(
                "# is the item inside all, count, filter, map, none, one or some; it means nothing outside."
            )
        case "+" if is_inside:
            raise ExpressionError(
                "+ is not allowed inside the condition of all, count, filter, map, none, one and some."
            )
        case _:
            pass


def _check_call(word: str, inside: tuple[tuple[str, str], ...], opened: list[_Open]) -> set[str]:
    """Check one call and return the names that it hands to `date`; `inside` are two tokens after the parenthesis."""
    if word not in FUNCTIONS:
        raise ExpressionError(f"There is no function {word}. There are: {', '.join(FUNCTIONS)}.")
    if word in _OVER_ITEMS and any(one.is_body for one in opened):
        raise ExpressionError(f"{word} stands inside the condition of another function over items.")
    if word != "date":
        return set()
    kinds = [kind for kind, _ in inside]
    words = [text for _, text in inside]
    if words[1:] != [")"] or kinds[0] not in {"name", "text"} or words[0] in _WORDS:
        raise ExpressionError('date takes one name or one text: date(due), date("2026-01-31").')
    if kinds[0] == "name":
        return {words[0]}
    if not _ISO_MOMENT.fullmatch(words[0][1:-1]):
        raise ExpressionError(f"{words[0]} is no date; write it as 2026-01-31 or 2026-01-31T12:00:00Z.")
    return set()
