"""Timers: when one is due.

Durations and moments are ISO 8601. A duration may have years and months, which are counted on the calendar: a month
after 31 January is the last day of February. The clock is never read; `now` is an argument.
"""

import re
from calendar import monthrange
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import MAXYEAR, UTC, date, datetime, timedelta
from decimal import Decimal

from satchel.engine.graph import Timer, TimerKind
from satchel.engine.value import EvaluationError
from satchel.model.durations import is_negative, is_repeating

MAX_YEARS = 100
"""The longest duration, and so the latest due time from now."""

_DURATION = re.compile(
    r"P(?!$)(?:(?P<years>\d{1,4})Y)?(?:(?P<months>\d{1,5})M)?(?:(?P<weeks>\d{1,5})W)?(?:(?P<days>\d{1,6})D)?"
    r"(?:T(?=\d)(?:(?P<hours>\d{1,7})H)?(?:(?P<minutes>\d{1,9})M)?(?:(?P<seconds>\d{1,10}(?:[.,]\d{1,6})?)S)?)?",
    re.ASCII,
)
_MOMENT = re.compile(r"\d{4}-\d{2}-\d{2}(?:T\d{2}:\d{2}(?::\d{2}(?:\.\d{1,6})?)?(?:Z|[+-]\d{2}:\d{2})?)?", re.ASCII)


@dataclass(frozen=True, slots=True, kw_only=True)
class Duration:
    """A length of time: months on the calendar, then exact time."""

    months: int
    exact: timedelta

    def after(self, moment: datetime) -> datetime:
        """Return the moment that comes this much later; OverflowError past the year 9999."""
        if self.months:
            year, month = divmod(moment.year * 12 + moment.month - 1 + self.months, 12)
            if year > MAXYEAR:
                raise OverflowError
            day = min(moment.day, monthrange(year, month + 1)[1])
            moment = moment.replace(year=year, month=month + 1, day=day)
        return moment + self.exact


def parse_duration(text: str) -> Duration | None:
    """Return the duration that an ISO 8601 text says (`P3D`, `PT10M`, `P1M`), or None if it says none."""
    found = _DURATION.fullmatch(text.strip())
    if found is None:
        return None
    part = {name: int(digits or 0) for name, digits in found.groupdict().items() if name != "seconds"}
    seconds = Decimal((found["seconds"] or "0").replace(",", "."))
    exact = timedelta(
        weeks=part["weeks"],
        days=part["days"],
        hours=part["hours"],
        minutes=part["minutes"],
        microseconds=int(seconds * 1_000_000),
    )
    duration = Duration(months=part["years"] * 12 + part["months"], exact=exact)
    if duration.months > MAX_YEARS * 12 or duration.exact > timedelta(days=366 * MAX_YEARS):
        return None
    return duration


def parse_moment(text: str) -> datetime | None:
    """Return the moment that an ISO 8601 text says, in UTC, or None; a date is its first moment, no zone means UTC."""
    text = text.strip()
    if not _MOMENT.fullmatch(text):
        return None
    try:
        moment = datetime.fromisoformat(text)
        return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)
    except (ValueError, OverflowError):
        return None


def due_at(timer: Timer, now: datetime, values: Mapping[str, object]) -> datetime:
    """Return when a timer that starts now is due, in UTC; it may lie in the past.

    Raises:
        EvaluationError: its expression gives no duration or no moment.
    """
    given = timer.text if timer.expression is None else _value(timer, values)
    if timer.kind is TimerKind.DATE:
        moment = _moment(given)
        if moment is None:
            raise EvaluationError("timer_value", f"{_named(given)} is no date and no moment")
        return moment
    duration = parse_duration(given) if isinstance(given, str) else None
    if duration is None and isinstance(given, str) and is_repeating(given):
        raise EvaluationError("timer_value", f"{_named(given)} repeats; a timer waits once, for a duration like P3D")
    if duration is None and isinstance(given, str) and is_negative(given):
        raise EvaluationError("timer_value", f"{_named(given)} is negative; a timer waits for a time to come, like P3D")
    if duration is None:
        raise EvaluationError(
            "timer_value", f"{_named(given)} is no ISO 8601 duration of at most {MAX_YEARS} years, like P3D"
        )
    try:
        return duration.after(now.astimezone(UTC))
    except (OverflowError, ValueError):
        raise EvaluationError("timer_value", f"{_named(given)} from now is past the end of the calendar") from None


def _value(timer: Timer, values: Mapping[str, object]) -> object:
    """Return what the timer's expression gives; a bare name keeps its date as it is."""
    expression = timer.expression
    if expression is None or expression.text not in expression.names or expression.text not in values:
        return expression.evaluate(values) if expression is not None else None
    return values[expression.text]


def _moment(given: object) -> datetime | None:
    if isinstance(given, datetime):
        return given.replace(tzinfo=UTC) if given.tzinfo is None else given.astimezone(UTC)
    if isinstance(given, date):
        return datetime(given.year, given.month, given.day, tzinfo=UTC)
    if isinstance(given, int) and not isinstance(given, bool):
        # what `date(...)` gives: seconds since 1970
        try:
            return datetime.fromtimestamp(given, UTC)
        except (OverflowError, ValueError, OSError):
            return None
    return parse_moment(given) if isinstance(given, str) else None


def _named(given: object) -> str:
    return "nothing (the value is empty)" if given is None else repr(str(given)[:60])
