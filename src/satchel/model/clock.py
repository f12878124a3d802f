"""Time as an argument: whoever needs to know the time takes a `Clock`; and how a moment is written for others."""

from datetime import UTC, datetime
from email.utils import format_datetime
from typing import Protocol


class Clock(Protocol):
    """Tells the time: the system's clock in production, one that tests move by hand."""

    def __call__(self) -> datetime:
        """Return the present moment, aware and in UTC."""
        ...


def moment(at: datetime) -> str:
    """Return a moment in UTC, its fraction of a second without zeros at the end: `2024-04-02T20:26:27.7794Z`."""
    text = at.astimezone(UTC).isoformat(timespec="microseconds").replace("+00:00", "")
    return f"{text.rstrip('0').rstrip('.')}Z"


def http_date(at: datetime) -> str:
    """Return a moment as HTTP's headers have it: `Tue, 02 Apr 2024 20:26:27 GMT`."""
    return format_datetime(at.astimezone(UTC), usegmt=True)
