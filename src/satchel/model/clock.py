"""Time as an argument: whoever needs to know the time takes a `Clock`."""

from datetime import datetime
from typing import Protocol


class Clock(Protocol):
    """Tells the time: the system's clock in production, one that tests move by hand."""

    def __call__(self) -> datetime:
        """Return the present moment, aware and in UTC."""
        ...
