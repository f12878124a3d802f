"""Time as an argument: code that needs the time takes a `Clock`; and formats of datetimes."""

from datetime import UTC, datetime
from email.utils import format_datetime
from typing import Protocol


class Clock(Protocol):
    """Returns the time: the system's clock in production, one that tests set in tests."""

    def __call__(self) -> datetime:
        """Return the current time, aware and in UTC."""
        ...


def moment(at: datetime) -> str:
    """Format a datetime in UTC, its fraction of a second without trailing zeros: `2024-04-02T20:26:27.7794Z`."""
    text = at.astimezone(UTC).isoformat(timespec="microseconds").replace("+00:00", "")
    return f"{text.rstrip('0').rstrip('.')}Z"


def http_date(at: datetime) -> str:
    """Format a datetime for HTTP headers: `Tue, 02 Apr 2024 20:26:27 GMT`."""
    return format_datetime(at.astimezone(UTC), usegmt=True)
