"""Working time: when a task is due that is counted in working days or in hours of work.

A calendar says when an account works: in a time zone, by weekday, but for holidays and days of the account's own. Times
of a day are times on the wall there. A day on which clocks change therefore has the hours that its wall shows, and the
hours that pass are counted as they pass. Everything here is a pure function of its arguments, and each search ends
after `HORIZON_DAYS`.
"""

import re
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta, tzinfo
from itertools import pairwise
from typing import TypeAlias, assert_never

HORIZON_DAYS = 3660
"""How many days ahead are looked at for enough working time."""

MAX_WORKING_DAYS = 1_000
MAX_WORKING_SPAN = timedelta(hours=8_000)

WEEKDAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")

_HOURS = re.compile(r"([01][0-9]|2[0-3]):([0-5][0-9])-(?:([01][0-9]|2[0-3]):([0-5][0-9])|(24):(00))", re.ASCII)
_FURTHEST = timedelta(hours=26)
"""More than any time zone is away from UTC."""


@dataclass(frozen=True, slots=True, kw_only=True)
class WorkingDays:
    """The end of work on the n-th working day after the one on which a task opened."""

    count: int


@dataclass(frozen=True, slots=True, kw_only=True)
class WorkingSpan:
    """The moment when this much working time has passed since a task opened."""

    span: timedelta


Due: TypeAlias = timedelta | WorkingDays | WorkingSpan
"""How long after its opening a task is due; a `timedelta` passes by day and night."""


@dataclass(frozen=True, slots=True, kw_only=True, order=True)
class Hours:
    """A part of a day during which there is work: minutes since midnight, on the wall.

    Attributes:
        end: exclusive; 1440 is the end of the day.
    """

    start: int
    end: int


@dataclass(frozen=True, slots=True, kw_only=True)
class WorkCalendar:
    """When an account works.

    Attributes:
        week: the hours of each weekday, from Monday; sorted, and none overlaps another.
        days: other hours of single days; none means that nobody works on that day.
        holidays: returns the days of a year on which nobody works, unless `days` has hours for them.
    """

    zone: tzinfo
    week: Sequence[Sequence[Hours]]
    days: Mapping[date, Sequence[Hours]]
    holidays: Callable[[int], Collection[date]]

    def hours_of(self, day: date) -> Sequence[Hours]:
        """Return the hours of a day."""
        own = self.days.get(day)
        if own is not None:
            return own
        hours = self.week[day.weekday()]
        return () if hours and day in self.holidays(day.year) else hours


class NoWorkingTimeError(Exception):
    """A calendar has too little working time within `HORIZON_DAYS`."""


def due_at(due: Due, opened_at: datetime, calendar: WorkCalendar) -> datetime:
    """Return when a task is due.

    Raises:
        NoWorkingTimeError: the calendar has too little working time.
    """
    match due:
        case timedelta():
            return opened_at + due
        case WorkingDays():
            return _after_days(due.count, opened_at, calendar)
        case WorkingSpan():
            return _after_span(due.span, opened_at, calendar)
        case _:
            assert_never(due)


def _after_days(count: int, opened_at: datetime, calendar: WorkCalendar) -> datetime:
    first = opened_at.astimezone(calendar.zone).date() + timedelta(days=1)
    for day in _days_from(first):
        worked = _worked(calendar, day)
        count -= bool(worked)
        if count == 0:
            return worked[-1][1]
    raise NoWorkingTimeError


def _after_span(span: timedelta, opened_at: datetime, calendar: WorkCalendar) -> datetime:
    for day in _days_from(opened_at.astimezone(calendar.zone).date()):
        for start, end in _worked(calendar, day):
            begins = max(start, opened_at)
            left = end - begins
            if left >= span:
                return begins + span
            span -= max(left, timedelta(0))
    raise NoWorkingTimeError


def _days_from(first: date) -> Iterator[date]:
    return (first + timedelta(days=after) for after in range(HORIZON_DAYS))


def _worked(calendar: WorkCalendar, day: date) -> list[tuple[datetime, datetime]]:
    """Return when there is work on a day, in UTC and in order."""
    return sorted(part for hours in calendar.hours_of(day) for part in _passed(calendar.zone, day, hours))


def _passed(zone: tzinfo, day: date, hours: Hours) -> Iterator[tuple[datetime, datetime]]:
    """Yield the moments at which a wall shows one of these hours: two stretches where a clock is put back within it."""
    midnight = datetime.combine(day, time(), tzinfo=UTC)
    start, end = midnight + timedelta(minutes=hours.start), midnight + timedelta(minutes=hours.end)
    for low, high, offset in _offsets(zone, start - _FURTHEST, end + _FURTHEST):
        begins, ends = max(start - offset, low), min(end - offset, high)
        if begins < ends:
            yield begins, ends


def _offsets(zone: tzinfo, low: datetime, high: datetime) -> Iterator[tuple[datetime, datetime, timedelta]]:
    """Yield the stretches of `low` to `high` in which the zone is the same time away from UTC."""
    before, after = _offset(zone, low), _offset(zone, high)
    if before == after:
        yield low, high, before
        return
    left, right = 0, round((high - low).total_seconds())  # the clocks change behind `left`, and have changed at `right`
    while right - left > 1:
        middle = (left + right) // 2
        left, right = (middle, right) if _offset(zone, low + timedelta(seconds=middle)) == before else (left, middle)
    changed = low + timedelta(seconds=right)
    yield low, changed, before
    yield from _offsets(zone, changed, high)


def _offset(zone: tzinfo, at: datetime) -> timedelta:
    return at.astimezone(zone).utcoffset() or timedelta(0)


def due_text(due: WorkingDays | WorkingSpan) -> str:
    """Return working time as app.yaml has it."""
    if isinstance(due, WorkingDays):
        return f"{due.count} working day{'s' if due.count != 1 else ''}"
    minutes, hours = (int(due.span.total_seconds()) // 60) % 60, due.span // timedelta(hours=1)
    return f"PT{f'{hours}H' if hours else ''}{f'{minutes}M' if minutes else ''} working"


def parse_hours(text: str) -> Hours | None:
    """Return the hours that a text such as `09:00-17:00` names; None if it names none."""
    found = _HOURS.fullmatch(text)
    if found is None:
        return None
    start = int(found[1]) * 60 + int(found[2])
    end = int(found[3] or found[5]) * 60 + int(found[4] or found[6])
    return Hours(start=start, end=end) if start < end else None


def hours_text(hours: Hours) -> str:
    """Return hours as `parse_hours` takes them."""
    return f"{hours.start // 60:02}:{hours.start % 60:02}-{hours.end // 60:02}:{hours.end % 60:02}"


def overlap(hours: Sequence[Hours]) -> bool:
    """Return whether some hours of a day overlap."""
    ordered = sorted(hours)
    return any(first.end > second.start for first, second in pairwise(ordered))
