"""What a date or a time in a search stands for: all of its day, its minute or its second, from the first moment on."""

import re
from datetime import UTC, date, datetime, time, timedelta

from satchel.model.errors import InvalidRequest
from satchel.model.fields import FieldType, ValueLimits
from satchel.model.scalars import Moment, RefusedError, check_scalar, is_empty

NEEDS_MOMENT = "A date (2026-01-31) or datetime (2026-01-31T09:30:00Z) is required here."
_LEAST = timedelta(microseconds=1)
_END_OF_DAY = timedelta(days=1) - _LEAST
_CLOCK = re.compile(r"[0-9]{2}:[0-9]{2}(?P<second>:[0-9]{2}(?P<fraction>\.[0-9]+)?)?")


def bound(name: str, value: str, now: Moment, *, ends: bool) -> datetime:
    """Return a bound of a range: the first or (if it `ends` the range) the last moment of what a text names.

    Raises:
        InvalidRequest: it is no date and no datetime; `name` is its parameter.
    """
    try:
        return span(value, now)[ends]
    except (RefusedError, OverflowError):
        raise InvalidRequest(f"{name}: {NEEDS_MOMENT}", pointer=f"/{name}") from None


def span(value: object, now: Moment) -> tuple[datetime, datetime]:
    """Return the first and the last moment, in UTC, of a day in the user's time zone, of a minute or of a second.

    Raises:
        RefusedError: it is no date and no datetime.
    """
    if is_empty(value):
        raise RefusedError("required", "A date or datetime is required here.")
    try:
        day = date.fromisoformat(str(check_scalar(FieldType.DATE, ValueLimits(), value, now)))
    except (RefusedError, ValueError):
        text = str(check_scalar(FieldType.DATETIME, ValueLimits(), value, now))
        first = datetime.fromisoformat(text)
        return first, first + _length(str(value))
    start = datetime.combine(day, time(), tzinfo=now.time_zone)
    try:
        return start.astimezone(UTC), (start + _END_OF_DAY).astimezone(UTC)
    except OverflowError as error:
        raise RefusedError("type", "The day is out of range.") from error


def clock_span(value: object, now: Moment) -> tuple[str, str]:
    """Return the first and the last moment, in canonical form, of a minute or second of any day.

    Raises:
        RefusedError: it is no time of day.
    """
    text = check_scalar(FieldType.TIME, ValueLimits(), value, now)
    if text is None:
        raise RefusedError("required", "A value is required here.")
    first = time.fromisoformat(str(text))
    last = (datetime.combine(date(2000, 1, 1), first) + _length(str(value))).time()
    return first.isoformat(), last.isoformat() if last.microsecond else last.isoformat(timespec="microseconds")


def canonical(moment: datetime, *, ends: bool) -> str:
    """Return a bound as datetime fields hold moments; one that `ends` a range names its fraction, and so no second."""
    is_second = ends and not moment.microsecond
    return moment.astimezone(UTC).replace(tzinfo=None).isoformat(timespec="microseconds" if is_second else "auto") + "Z"


def _length(text: str) -> timedelta:
    """Return how long what a clock's text names lasts, without its last microsecond."""
    clock = _CLOCK.search(text)
    if clock is None or clock["fraction"]:
        return timedelta(0)
    return timedelta(seconds=1 if clock["second"] else 60) - _LEAST
