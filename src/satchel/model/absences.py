"""Absences: a person, the days on which they are away, and who stands in for them."""

from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta, tzinfo

from satchel.model.ids import AbsenceId, AccountId, UserId

MAX_ABSENCES = 50
"""How many absences of one person may lie ahead."""

MAX_AHEAD = timedelta(days=3660)
"""How far ahead the last day of an absence may be."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Absence:
    """An absence.

    Attributes:
        first_day, last_day: both are days away, in the time zone that the person had when they were set.
        from_at, until_at: the same as moments; the second is the first moment after it.
    """

    account_id: AccountId
    id: AbsenceId
    user_id: UserId
    substitute_id: UserId
    first_day: date
    last_day: date
    from_at: datetime
    until_at: datetime
    created_at: datetime

    def is_running(self, now: datetime) -> bool:
        """Return whether the person is away."""
        return self.from_at <= now < self.until_at


def moments(first_day: date, last_day: date, zone: tzinfo) -> tuple[datetime, datetime]:
    """Return when an absence begins, and when it is over."""
    return _midnight(first_day, zone), _midnight(last_day + timedelta(days=1), zone)


def _midnight(day: date, zone: tzinfo) -> datetime:
    return datetime.combine(day, time(), tzinfo=zone).astimezone(UTC)
