"""Schedules: a saved search whose new files go to a folder of the server once a day, and its runs."""

from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta, tzinfo

from satchel.model.ids import AccountId, ScheduleId, SearchId, UserId


@dataclass(frozen=True, slots=True, kw_only=True)
class Schedule:
    """A schedule.

    Attributes:
        folder: below the account's folder in the configured directory.
        minute: of the owner's day, when it runs.
        run: the number of its newest run; 0 before the first.
        is_running: whether that one has not ended.
        cursor: the position of the newest run.
        due_at: the next run; while one runs, when it counts as dead.
    """

    account_id: AccountId
    id: ScheduleId
    owner_id: UserId
    search_id: SearchId
    folder: str
    minute: int
    run: int
    is_running: bool
    cursor: str | None
    due_at: datetime
    created_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class ScheduleRun:
    """One run: `running`, `done` or `failed`, and the files that it added to the folder."""

    number: int
    state: str
    started_at: datetime
    ended_at: datetime | None
    instances: int
    files: int
    file_bytes: int
    left_out: int
    missing: int
    error_code: str | None
    error: str | None

    @property
    def id(self) -> int:
        """Its number, by which lists are sorted."""
        return self.number


def next_run(now: datetime, minute: int, zone: tzinfo) -> datetime:
    """Return the next time after `now` that is this minute of a day in a time zone."""
    day = now.astimezone(zone).date()
    at = time(minute // 60, minute % 60)
    moment = datetime.combine(day, at, tzinfo=zone).astimezone(UTC)
    return moment if moment > now else datetime.combine(day + timedelta(days=1), at, tzinfo=zone).astimezone(UTC)
