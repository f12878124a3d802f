"""Absences, and the account's calendar."""

from collections.abc import Sequence
from datetime import datetime

from satchel.actions.calendars import Calendar, Holiday
from satchel.model.absences import Absence
from satchel.model.api import people as api
from satchel.model.api.kinds import Timestamp


def absence(row: Absence, now: datetime) -> api.Absence:
    """Return an absence."""
    return api.Absence(
        id=row.id,
        user=row.user_id,
        first_day=row.first_day,
        last_day=row.last_day,
        substitute=row.substitute_id,
        begins_at=Timestamp.of(row.from_at),
        ends_at=Timestamp.of(row.until_at),
        running=row.is_running(now),
    )


def calendar(found: Calendar, holidays: Sequence[Holiday]) -> api.Calendar:
    """Return when an account works."""
    return api.Calendar(
        time_zone=found.time_zone,
        hours=found.hours,
        country=found.country,
        subdivision=found.subdivision,
        days=[api.OwnDay(day=own.day, name=own.name, hours=own.hours) for own in found.days],
        holidays=[api.Holiday(day=one.day, name=one.name) for one in holidays],
    )
