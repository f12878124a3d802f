"""Working time against a wall that is looked at once a minute."""

from collections.abc import Sequence
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from satchel.model.working_time import (
    HORIZON_DAYS,
    Due,
    Hours,
    NoWorkingTimeError,
    WorkCalendar,
    WorkingDays,
    WorkingSpan,
    due_at,
    hours_text,
    parse_hours,
)

MINUTE = timedelta(minutes=1)

ZONES = ("UTC", "Europe/Berlin", "America/New_York", "Australia/Lord_Howe", "Asia/Kathmandu", "America/Santiago")
"""Lord Howe moves its clocks by half an hour, Santiago at midnight."""

TURNS = (
    datetime(2026, 3, 29, 1, 0, tzinfo=UTC),  # Berlin leaves out an hour
    datetime(2026, 10, 25, 1, 0, tzinfo=UTC),  # and has one twice
    datetime(2026, 3, 8, 7, 0, tzinfo=UTC),
    datetime(2026, 11, 1, 6, 0, tzinfo=UTC),
    datetime(2026, 4, 4, 15, 0, tzinfo=UTC),
    datetime(2026, 10, 3, 15, 30, tzinfo=UTC),
    datetime(2026, 9, 6, 4, 0, tzinfo=UTC),
    datetime(2026, 4, 5, 3, 0, tzinfo=UTC),
)
"""Moments at which clocks are moved in one of the zones."""


@st.composite
def _day(draw: st.DrawFn) -> list[Hours]:
    edges = sorted(draw(st.sets(st.integers(0, 48), max_size=4)))
    return [Hours(start=a * 30, end=b * 30) for a, b in zip(edges[::2], edges[1::2], strict=False)]


@st.composite
def _calendars(draw: st.DrawFn) -> WorkCalendar:
    week = draw(st.lists(_day(), min_size=7, max_size=7).filter(any))
    free = draw(st.frozensets(st.dates(date(2026, 3, 1), date(2026, 11, 30)), max_size=3))
    own = draw(st.dictionaries(st.dates(date(2026, 3, 1), date(2026, 11, 30)), _day(), max_size=3))
    return WorkCalendar(zone=ZoneInfo(draw(st.sampled_from(ZONES))), week=week, days=own, holidays=lambda _: free)


@st.composite
def _moments(draw: st.DrawFn) -> datetime:
    return draw(st.sampled_from(TURNS)) + draw(st.integers(-4 * 1440, 1440)) * MINUTE


_DUES = st.one_of(
    st.integers(1, 3).map(lambda count: WorkingDays(count=count)),
    st.integers(1, 600).map(lambda minutes: WorkingSpan(span=minutes * MINUTE)),
)


def _is_work(calendar: WorkCalendar, wall: datetime) -> bool:
    minute, day = wall.hour * 60 + wall.minute, wall.date()
    hours: Sequence[Hours] = calendar.week[day.weekday()]
    if day in calendar.days:
        hours = calendar.days[day]
    elif day in calendar.holidays(day.year):
        hours = ()
    return any(one.start <= minute < one.end for one in hours)


def _by_the_minute(due: Due, opened_at: datetime, calendar: WorkCalendar) -> datetime | None:
    """Return when a task is due, by looking at the wall at each minute of three weeks."""
    left = due.span // MINUTE if isinstance(due, WorkingSpan) else 0
    first, ends = opened_at.astimezone(calendar.zone).date(), dict[date, datetime]()
    for after in range(21 * 1440):
        now = opened_at + after * MINUTE
        wall = now.astimezone(calendar.zone)
        if not _is_work(calendar, wall):
            continue
        if isinstance(due, WorkingDays) and wall.date() > first:
            if len(ends) == due.count and wall.date() not in ends:
                return max(ends.values())
            ends[wall.date()] = now + MINUTE
        elif isinstance(due, WorkingSpan):
            left -= 1
            if left == 0:
                return now + MINUTE
    return None


BERLIN = ZoneInfo("Europe/Berlin")
NIGHTS = WorkCalendar(
    zone=BERLIN, week=[[Hours(start=90, end=180), Hours(start=1380, end=1440)]] * 7, days={}, holidays=lambda _: ()
)


@settings(deadline=None, max_examples=60)
@given(_DUES, _moments(), _calendars())
@example(WorkingSpan(span=timedelta(minutes=90)), TURNS[0] - 2 * timedelta(hours=1), NIGHTS)
@example(WorkingSpan(span=timedelta(minutes=140)), TURNS[1] - 2 * timedelta(hours=1), NIGHTS)
def test_a_task_is_due_when_the_wall_has_shown_enough_working_time(
    due: Due, opened_at: datetime, calendar: WorkCalendar
) -> None:
    expected = _by_the_minute(due, opened_at, calendar)
    if expected is not None:
        assert due_at(due, opened_at, calendar) == expected


@pytest.mark.parametrize("due", [WorkingDays(count=1), WorkingSpan(span=MINUTE)])
def test_a_calendar_without_working_time_is_said_and_not_searched_for_ever(due: Due) -> None:
    looked_at: list[int] = []
    every_day = frozenset(date(2026, 1, 1) + timedelta(days=day) for day in range(2 * HORIZON_DAYS))

    def holidays(year: int) -> frozenset[date]:
        looked_at.append(year)
        return every_day

    every_day_free = WorkCalendar(zone=BERLIN, week=[[Hours(start=540, end=600)]] * 7, days={}, holidays=holidays)
    with pytest.raises(NoWorkingTimeError):
        due_at(due, TURNS[0], every_day_free)
    assert len(looked_at) == HORIZON_DAYS


@given(_day())
def test_hours_are_written_as_they_are_read(hours: list[Hours]) -> None:
    assert [parse_hours(hours_text(one)) for one in hours] == hours
