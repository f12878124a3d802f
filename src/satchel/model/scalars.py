"""One value of a simple type: checked and converted to its canonical form (see `satchel.model.values`)."""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, tzinfo
from decimal import Decimal
from typing import TypeAlias, cast
from urllib.parse import urlsplit

from satchel.model.fields import FieldType, ValueLimits
from satchel.model.patterns import matches

Scalar: TypeAlias = str | int | bool | list[str] | None
"""The canonical form of a simple value."""

MAX_TEXT_CHARS = 100_000
MAX_PATTERN_TEXT_CHARS = 10_000
"""The maximum length of a text that is matched with a pattern."""

MAX_LINK_CHARS = 2_048
MAX_DECIMAL_DIGITS = 38
MAX_INTEGER = 2**63 - 1

_DECIMAL = re.compile(r"[+-]?(?:[0-9]{1,60}(?:\.[0-9]{0,60})?|\.[0-9]{1,60})")
_INTEGER = re.compile(r"[+-]?[0-9]{1,40}")
_DATE = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
_DATETIME = re.compile(
    r"[0-9]{4}-[0-9]{2}-[0-9]{2}[T ][0-9]{2}:[0-9]{2}(?::[0-9]{2}(?:\.[0-9]{1,6})?)?(?:Z|[+-][0-9]{2}:?[0-9]{2})?"
)
_TIME = re.compile(r"[0-9]{2}:[0-9]{2}(?::[0-9]{2}(?:\.[0-9]{1,6})?)?")
_FORBIDDEN = re.compile(r"[\x00-\x08\x0b-\x1f\x7f\ud800-\udfff]")
_FORBIDDEN_IN_LINE = re.compile(r"[\x00-\x1f\x7f\u2028\u2029\ud800-\udfff]")
_SPACE = re.compile(r"[\s\x00-\x20\x7f\"<>\\^`{|}]")


class RefusedError(Exception):
    """A value breaks its type or limits; the text is a sentence for a person.

    Attributes:
        code: stable; the fault's code.
    """

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code


@dataclass(frozen=True, slots=True, kw_only=True)
class Moment:
    """The current time, and the time zone of the user who sends the value."""

    now: datetime
    time_zone: tzinfo

    @property
    def local(self) -> datetime:
        """The current time in the user's time zone."""
        return self.now.astimezone(self.time_zone)


def is_empty(value: object) -> bool:
    """Return whether a given value empties the field: null, `""`, spaces, an empty list."""
    return value is None or value in ([], ()) or (isinstance(value, str) and not value.strip())


def decimal_text(number: Decimal, digits: int | None) -> str:
    """Return a number with as many decimal places as its field declares (`digits`), or as many as it has.

    The one form of decimals: stored so, and shown so everywhere.
    """
    text = format(number, "f")
    whole, _, places = text.partition(".")
    return text if not digits or len(places) >= digits else f"{whole}.{places:0<{digits}}"


def check_scalar(type_: FieldType, limits: ValueLimits, value: object, moment: Moment) -> Scalar:
    """Return the canonical form of a value of a simple type, None for an empty one.

    Raises:
        RefusedError: the value breaks the type or a limit.
    """
    if is_empty(value):
        return None
    return _CHECKS[type_](limits, value, moment)


def _text(limits: ValueLimits, value: object, _: Moment) -> str:
    text = _string(value)
    if _FORBIDDEN_IN_LINE.search(text):
        raise RefusedError("type", "The text contains a line break or control character; it must be one line.")
    return _within_limits(limits, text)


def _multiline(limits: ValueLimits, value: object, _: Moment) -> str:
    text = _string(value).replace("\r\n", "\n").replace("\r", "\n")
    if _FORBIDDEN.search(text):
        raise RefusedError("type", "The text contains a control character.")
    return _within_limits(limits, text)


def _string(value: object) -> str:
    if not isinstance(value, str):
        raise RefusedError("type", "A text is required here.")
    return value


def _within_limits(limits: ValueLimits, text: str) -> str:
    longest = limits.max_length if limits.max_length is not None else MAX_TEXT_CHARS
    if len(text) > longest:
        raise RefusedError("too_long", f"The text has {len(text)} characters; at most {longest} are allowed.")
    if limits.min_length is not None and len(text) < limits.min_length:
        raise RefusedError(
            "too_short", f"The text has {len(text)} characters; at least {limits.min_length} are required."
        )
    if limits.pattern is not None:
        if len(text) > MAX_PATTERN_TEXT_CHARS:
            raise RefusedError("too_long", f"The text has more than {MAX_PATTERN_TEXT_CHARS} characters.")
        if not matches(limits.pattern, text):
            raise RefusedError("pattern", f"The text does not have the form {limits.pattern}.")
    return text


def _link(limits: ValueLimits, value: object, moment: Moment) -> str:
    text = _text(limits, value, moment).strip()
    if len(text) > MAX_LINK_CHARS:
        raise RefusedError("too_long", f"The address has {len(text)} characters; at most {MAX_LINK_CHARS} are allowed.")
    try:
        parts = urlsplit(text)
        good = parts.scheme in ("http", "https") and bool(parts.hostname) and (parts.port is None or parts.port > 0)
    except ValueError:
        good = False
        parts = urlsplit("")
    if not good or _SPACE.search(text):
        raise RefusedError("type", "An address that begins with http:// or https:// is required here.")
    if parts.username is not None or parts.password is not None:
        raise RefusedError("type", "The address contains a user name or password; leave it out.")
    return text


def _number(value: object) -> Decimal:
    """Return an exact number in range; binary floats are refused, because they are inexact."""
    if isinstance(value, bool) or not isinstance(value, int | Decimal | str):
        raise RefusedError("type", "A number is required here, as a number or as text with a dot.")
    if isinstance(value, str):
        text = value.strip()
        if not _DECIMAL.fullmatch(text):
            raise RefusedError("type", "A number is required here, in digits with a dot: 1234.5.")
        number = Decimal(text)
    elif isinstance(value, int):
        if value.bit_length() > 128:  # noqa: PLR2004  # 38 digits have 127 bits
            raise RefusedError("too_precise", f"The number has more than {MAX_DECIMAL_DIGITS} digits.")
        number = Decimal(value)
    else:
        number = value
    if not number.is_finite():
        raise RefusedError("type", "The number must be finite.")
    return _trimmed(number)


def _trimmed(number: Decimal) -> Decimal:
    """Return the number without trailing zeros, if it has no more digits than a value may have."""
    sign, digits, exponent = number.as_tuple()
    places = cast("int", exponent)  # a finite number's exponent is not a letter
    kept = list(digits)
    while len(kept) > 1 and kept[-1] == 0:
        kept.pop()
        places += 1
    while len(kept) > 1 and kept[0] == 0:
        kept.pop(0)
    if kept == [0]:
        return Decimal(0)
    if max(len(kept) + places, len(kept), -places) > MAX_DECIMAL_DIGITS:
        raise RefusedError("too_precise", f"The number has more than {MAX_DECIMAL_DIGITS} digits.")
    return Decimal((sign, tuple(kept), places))


def _in_range(limits: ValueLimits, number: Decimal) -> None:
    if limits.min is not None and number < limits.min:
        raise RefusedError("too_small", f"The number must be at least {limits.min:f}.")
    if limits.max is not None and number > limits.max:
        raise RefusedError("too_large", f"The number must be at most {limits.max:f}.")


def _decimal(limits: ValueLimits, value: object, _: Moment) -> str:
    number = _number(value)
    places = max(0, -cast("int", number.as_tuple().exponent))
    if limits.digits is not None and places > limits.digits:
        raise RefusedError(
            "too_precise", f"The number has {places} decimal places; at most {limits.digits} are allowed."
        )
    _in_range(limits, number)
    return decimal_text(number, limits.digits)


def _integer(limits: ValueLimits, value: object, _: Moment) -> int:
    if isinstance(value, str) and not _INTEGER.fullmatch(value.strip()):
        raise RefusedError("type", "A whole number is required here.")
    number = _number(value)
    if number != number.to_integral_value():
        raise RefusedError("type", "A whole number is required here.")
    _in_range(limits, number)
    if abs(number) > MAX_INTEGER:
        raise RefusedError("too_large" if number > 0 else "too_small", f"A whole number may be at most {MAX_INTEGER}.")
    return int(number)


def _boolean(_limits: ValueLimits, value: object, _: Moment) -> bool:
    if isinstance(value, bool):
        return value
    if value in ("true", "false"):
        return value == "true"
    raise RefusedError("type", "true or false is required here.")


def _date(limits: ValueLimits, value: object, moment: Moment) -> str:
    try:
        day = date.fromisoformat(_shaped(_DATE, value))
    except ValueError as error:
        raise RefusedError("type", "A date is required here: 2026-01-31.") from error
    _on_allowed_side(limits, day < moment.local.date(), day > moment.local.date(), "date")
    return day.isoformat()


def _datetime(limits: ValueLimits, value: object, moment: Moment) -> str:
    try:
        given = datetime.fromisoformat(_shaped(_DATETIME, value))
        aware = given if given.tzinfo else given.replace(tzinfo=moment.time_zone)
        utc = aware.astimezone(UTC)
    except (ValueError, OverflowError) as error:
        raise RefusedError("type", "A date and time are required here: 2026-01-31T09:30:00Z.") from error
    _on_allowed_side(limits, utc < moment.now, utc > moment.now, "moment")
    return utc.replace(tzinfo=None).isoformat() + "Z"


def _time(limits: ValueLimits, value: object, moment: Moment) -> str:
    try:
        clock = time.fromisoformat(_shaped(_TIME, value))
    except ValueError as error:
        raise RefusedError("type", "A time of day is required here: 09:30.") from error
    present = moment.local.time()
    _on_allowed_side(limits, clock < present, clock > present, "time")
    return clock.isoformat()


def _shaped(shape: re.Pattern[str], value: object) -> str:
    """Return the text if it has this form; the standard library alone also accepts `20260131` and `2026-W05`."""
    if not isinstance(value, str) or not shape.fullmatch(value.strip()):
        raise ValueError
    return value.strip()


def _on_allowed_side(limits: ValueLimits, is_past: bool, is_future: bool, what: str) -> None:  # noqa: FBT001  # one truth each
    if limits.disable_future and is_future:
        raise RefusedError("in_future", f"The {what} is in the future, which is not allowed here.")
    if limits.disable_past and is_past:
        raise RefusedError("in_past", f"The {what} is in the past, which is not allowed here.")


def _choice(limits: ValueLimits, value: object, _: Moment) -> str:
    if not isinstance(value, str):
        raise RefusedError("type", "The id of one option is required here.")
    return _known(limits, value)


def _choices(limits: ValueLimits, value: object, _: Moment) -> list[str]:
    if not isinstance(value, list | tuple):
        raise RefusedError("type", "A list of option ids is required here.")
    chosen: set[str] = set()
    for item in cast("list[object]", value):
        if not isinstance(item, str):
            raise RefusedError("type", "A list of option ids is required here.")
        if _known(limits, item) in chosen:
            raise RefusedError("duplicate", f"The option {item} is listed twice.")
        chosen.add(item)
    if limits.min_checked is not None and len(chosen) < limits.min_checked:
        raise RefusedError("too_few", f"{len(chosen)} options are chosen; at least {limits.min_checked} are required.")
    if limits.max_checked is not None and len(chosen) > limits.max_checked:
        raise RefusedError("too_many", f"{len(chosen)} options are chosen; at most {limits.max_checked} are allowed.")
    return [option.id for option in limits.options if option.id in chosen]


def _known(limits: ValueLimits, option_id: str) -> str:
    if all(option.id != option_id for option in limits.options):
        raise RefusedError("unknown_option", f"{option_id[:80]!r} is not one of the options.")
    return option_id


def _rating(limits: ValueLimits, value: object, moment: Moment) -> int:
    stars = _integer(ValueLimits(), value, moment)
    if not 1 <= stars <= limits.max_stars:
        code = "too_small" if stars < 1 else "too_large"
        raise RefusedError(code, f"1 to {limits.max_stars} stars are allowed.")
    return stars


def _reference(_limits: ValueLimits, value: object, moment: Moment) -> int:
    number = _integer(ValueLimits(), value, moment)
    if number < 1:
        raise RefusedError("type", "The id of a user or group is required here.")
    return number


_CHECKS: Mapping[FieldType, Callable[[ValueLimits, object, Moment], Scalar]] = {
    FieldType.TEXT: _text,
    FieldType.MULTILINE: _multiline,
    FieldType.DECIMAL: _decimal,
    FieldType.INTEGER: _integer,
    FieldType.BOOLEAN: _boolean,
    FieldType.DATE: _date,
    FieldType.DATETIME: _datetime,
    FieldType.TIME: _time,
    FieldType.CHOICE: _choice,
    FieldType.CHOICES: _choices,
    FieldType.RATING: _rating,
    FieldType.USER: _reference,
    FieldType.GROUP: _reference,
    FieldType.LINK: _link,
}
