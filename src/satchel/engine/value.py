"""Values that enter expressions and loops: plain data within limits.

What is too large or of no usable type is refused here, so that time and memory of an evaluation are bounded by the size
of its text and of what enters.
"""

import json
from collections.abc import Mapping
from datetime import date, datetime, time
from decimal import Decimal
from typing import cast

MAX_TEXT = 10_000
"""The most characters of one text that enters an expression."""
MAX_ITEMS = 1000
"""The most items of one list that enters an expression."""
MAX_DEPTH = 6
"""How deep lists and rows may stand in one another."""
MAX_SIZE = 200_000
"""The most characters of everything that enters one evaluation, as JSON."""
MAX_DIGITS = 28
"""The most digits of a number, so that it stays exact."""


class EvaluationError(Exception):
    """An expression gave no usable result.

    Attributes:
        reason: a stable word: `unknown_name`, `value_too_large`, `value_type`, `not_true_or_false`, `evaluation`.
        message: a clause for a person.
    """

    def __init__(self, reason: str, message: str) -> None:
        super().__init__(message)
        self.reason = reason
        self.message = message


def plain(value: object, name: str, depth: int = 0) -> object:  # noqa: C901, PLR0911 - one case for each sort of value
    """Return a value as expressions and loop variables hold it: JSON data, decimals as Decimal, dates as ISO text.

    Raises:
        EvaluationError: the value is of no such type, or too large.
    """
    match value:
        case None | bool():
            return value
        case str():
            if len(value) > MAX_TEXT:
                raise EvaluationError(
                    "value_too_large", f"{name} has {len(value)} characters; {MAX_TEXT} may enter an expression"
                )
            return str(value)
        case int() | Decimal():
            return _number(value, name)
        case float():
            return _number(Decimal(repr(value)), name)
        case datetime() | date() | time():
            return value.isoformat()
        case list() | tuple() | dict() if depth >= MAX_DEPTH:
            raise EvaluationError("value_type", f"{name} is nested more than {MAX_DEPTH} deep")
        case list() | tuple():
            items = cast("list[object]", value)
            if len(items) > MAX_ITEMS:
                raise EvaluationError("value_too_large", f"{name} has {len(items)} items; {MAX_ITEMS} may be used")
            return [plain(item, name, depth + 1) for item in items]
        case dict():
            pairs = cast("dict[str, object]", value).items()
            return {str(key): plain(item, name, depth + 1) for key, item in pairs}
        case _:
            raise EvaluationError("value_type", f"{name} is of a type that expressions do not know")


def to_json(value: object) -> str:
    """Return plain data as JSON text in which every decimal is a number with all of its digits."""
    match value:
        case Decimal():
            return format(value, "f")
        case dict():
            pairs = cast("dict[str, object]", value).items()
            return "{" + ",".join(f"{json.dumps(key)}:{to_json(item)}" for key, item in pairs) + "}"
        case list():
            return "[" + ",".join(to_json(item) for item in cast("list[object]", value)) + "]"
        case _:
            return json.dumps(value)


def shown(values: Mapping[str, object], names: frozenset[str]) -> dict[str, object]:
    """Return the named values as JSON data for a message: decimals as text, long things cut."""
    return {name: _shown_value(values[name]) for name in sorted(names) if name in values}


def _shown_value(value: object) -> object:
    if value is None or isinstance(value, bool | int):
        return value
    if isinstance(value, datetime | date | time):
        return value.isoformat()
    if isinstance(value, list | tuple):
        return f"{len(cast('list[object]', value))} item(s)"
    return str(value)[:200]


def _number(value: int | Decimal, name: str) -> int | Decimal:
    exact = Decimal(value)
    if not exact.is_finite():
        raise EvaluationError("value_type", f"{name} is not a number")
    sign, digits, exponent = exact.as_tuple()
    places = int(exponent)
    while places < 0 and len(digits) > 1 and digits[-1] == 0:  # decimals have the places that their field declares
        digits, places = digits[:-1], places + 1
    if len(digits) + max(places, 0) > MAX_DIGITS or places < -MAX_DIGITS:
        raise EvaluationError("value_too_large", f"{name} has more than {MAX_DIGITS} digits")
    return value if isinstance(value, int) else Decimal((sign, digits, places))
