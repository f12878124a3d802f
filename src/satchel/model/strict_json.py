"""JSON from outside, checked before it is used: depth, duplicate keys, numbers, and text that is not storable."""

import json
import re
from collections import Counter
from collections.abc import Iterable
from decimal import Decimal
from typing import NoReturn, TypeVar, cast

import msgspec

from satchel.model.errors import InvalidRequest, TooLarge

T = TypeVar("T")

MAX_JSON_BYTES = 1024 * 1024
"""The default maximum of JSON that a route accepts."""

MAX_DEPTH = 64
"""How deeply objects and arrays may be nested."""

MAX_NUMBER_CHARACTERS = 64
"""The longest number, sign and exponent included."""

MAX_EXPONENT = 999
"""How many digits a number may have before or after its point once written out: `1e999999999` would fill the memory."""

_SUSPECT_ESCAPE = re.compile(r"\\u(?:0000|[dD][89a-fA-F])")
_PATH_STEP = re.compile(r"\.([^.\[\]]+)|\[(\d+|\.\.\.)\]")


def parse_json(body: bytes, *, max_bytes: int = MAX_JSON_BYTES) -> object:
    """Return the JSON's value in plain Python data; numbers with a point or an exponent are Decimals.

    Raises:
        TooLarge: it is longer than `max_bytes`.
        InvalidRequest: it is malformed, not UTF-8, nested too deeply, has a duplicate key, NaN or Infinity, a number
            that is too long, or text with a NUL or half a surrogate pair.
    """
    if len(body) > max_bytes:
        raise TooLarge("A JSON body", max_bytes, len(body))
    try:
        text = body.decode()
    except UnicodeDecodeError:
        raise InvalidRequest("The body is not UTF-8.") from None
    try:
        value: object = _DECODER.decode(text)
    except RecursionError:
        raise _too_deep() from None
    except json.JSONDecodeError as error:
        raise InvalidRequest(f"The body is not JSON: {error.msg}, line {error.lineno} column {error.colno}.") from None
    if text.count("[") + text.count("{") > MAX_DEPTH:
        _check_depth(value)
    if _SUSPECT_ESCAPE.search(text):
        _check_text(value)
    return value


def read_json(body: bytes, kind: type[T], *, max_bytes: int = MAX_JSON_BYTES) -> T:
    """Return the JSON as a `kind`, a type of msgspec.

    Raises:
        TooLarge: as `parse_json`.
        InvalidRequest: as `parse_json`, or a value does not fit `kind`; the member `pointer` names it (RFC 6901).
    """
    parse_json(body, max_bytes=max_bytes)
    try:
        return msgspec.json.decode(body, type=kind)
    except msgspec.ValidationError as error:
        reason, _, path = str(error).partition(" - at `")
        pointer = _pointer(path.rstrip("`"))
        raise InvalidRequest(f"{reason}, at {pointer or 'the top'}.", pointer=pointer) from None
    except msgspec.DecodeError as error:
        raise InvalidRequest(f"The body is not JSON: {error}.") from None


def _unique_keys(pairs: list[tuple[str, object]]) -> dict[str, object]:
    found = dict(pairs)
    if len(found) != len(pairs):
        doubled = next(key for key, times in Counter(key for key, _ in pairs).items() if times > 1)
        raise InvalidRequest(f"The body has the key {doubled[:64]!r} twice in one object.")
    return found


def _integer(text: str) -> int:
    if len(text) > MAX_NUMBER_CHARACTERS:
        raise InvalidRequest("The body has a number that is too long.")
    return int(text)


def _decimal(text: str) -> Decimal:
    if len(text) <= MAX_NUMBER_CHARACTERS:
        number = Decimal(text)
        if abs(number.adjusted()) <= MAX_EXPONENT:
            return number
    raise InvalidRequest("The body has a number that is too long.")


def _no_constant(name: str) -> NoReturn:
    raise InvalidRequest(f"The body has {name}, which is not a JSON number.")


_DECODER = json.JSONDecoder(
    object_pairs_hook=_unique_keys, parse_constant=_no_constant, parse_float=_decimal, parse_int=_integer
)


def _check_depth(value: object) -> None:
    """Refuse deeply nested values, level by level: faster than counting the brackets outside of strings."""
    level = [value]
    for _ in range(MAX_DEPTH):
        level = [member for container in level for member in _members(container) if isinstance(member, dict | list)]
        if not level:
            return
    raise _too_deep()


def _members(container: object) -> Iterable[object]:
    if isinstance(container, dict):
        return cast("dict[str, object]", container).values()
    return cast("list[object]", container) if isinstance(container, list) else ()


def _too_deep() -> InvalidRequest:
    return InvalidRequest(f"The body is nested more than {MAX_DEPTH} deep.")


def _check_text(value: object) -> None:
    """Refuse text that is not Unicode, or that PostgreSQL cannot store."""
    if isinstance(value, str):
        if "\x00" in value:
            raise InvalidRequest("The body has a NUL character in a text.")
        try:
            value.encode()
        except UnicodeEncodeError:
            raise InvalidRequest("The body has half a surrogate pair in a text.") from None
    elif isinstance(value, dict):
        for key, member in cast("dict[str, object]", value).items():
            _check_text(key)
            _check_text(member)
    elif isinstance(value, list):
        for member in cast("list[object]", value):
            _check_text(member)


def _pointer(path: str) -> str:
    """Return msgspec's path (`$.fields[0].id`) as a JSON pointer (`/fields/0/id`)."""
    steps = (name or index for name, index in _PATH_STEP.findall(path))
    return "".join(f"/{step.replace('~', '~0').replace('/', '~1')}" for step in steps)
