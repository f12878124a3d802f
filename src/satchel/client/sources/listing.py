"""Shared parts of the sources of other vendors: offsets in lists that shift, numbers for names, datetimes."""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Self, TypeAlias

from satchel.client.refusals import Refused, UnexpectedReply
from satchel.client.sources.native import moment
from satchel.client.sources.source import Missing
from satchel.model.errors import SatchelError

Json: TypeAlias = Mapping[str, object]

UNAUTHENTICATED = 401
MOST_TURNS = 10
"""How often a list is restarted because it was shifted meanwhile."""

_NUMBER_BITS = 63


@dataclass(frozen=True, slots=True)
class OffsetCursor:
    """The start of a page in a list with offsets.

    Each page is requested to begin with the last entry of the previous one. If it begins with another, the list was
    shifted meanwhile and is restarted, so that no entry is skipped; an entry that is seen twice is used once.
    """

    start: int = 0
    last: str = ""
    turns: int = 0

    @classmethod
    def read(cls, cursor: str | None) -> Self:
        """Parse a cursor; None is the start."""
        if cursor is None:
            return cls()
        start, turns, last = cursor.split(":", 2)
        return cls(int(start), last, int(turns))

    def again(self) -> "OffsetCursor | None":
        """Return the start for another turn; None after too many."""
        return OffsetCursor(0, "", self.turns + 1) if self.turns < MOST_TURNS else None

    def is_shifted(self, first: str | None) -> bool:
        """Return whether the first entry is not the last one of the previous page."""
        return self.start > 0 and first != self.last

    def following(self, count: int, last: str) -> str:
        """Return the next cursor after a page of `count` entries that ends with `last`."""
        return f"{self.start + count - 1}:{self.turns}:{last}"


def number_of(*names: str) -> int:
    """Return a number for a name: the same on each run, and different for each name (63 bits of its digest)."""
    digest = hashlib.sha256("\0".join(names).encode()).digest()
    return int.from_bytes(digest[:8], "big") >> (64 - _NUMBER_BITS)


def utc(text: object) -> str | None:
    """Return a vendor's datetime in UTC as RFC 3339; None if it is malformed, or has no zone."""
    if not isinstance(text, str) or not text.strip():
        return None
    try:
        at = datetime.fromisoformat(text.strip())
        return None if at.tzinfo is None else moment(at.astimezone(UTC).replace(microsecond=0))
    except (ValueError, OverflowError):
        return None


UNREADABLE = (Refused, UnexpectedReply, TypeError, ValueError, KeyError, AttributeError, OverflowError)
"""Why one instance cannot be read, while others can: it is refused, or what is said of it has another shape."""


def missing(identifier: str, error: Exception) -> Missing:
    """Return an instance that cannot be read, for the report.

    Raises:
        Refused: the credential has expired, which affects every other instance too.
    """
    if isinstance(error, Refused) and error.status == UNAUTHENTICATED:
        raise error
    if not isinstance(error, SatchelError):
        error = UnexpectedReply(f"{type(error).__name__}: {error}")
    return Missing(identifier=identifier, code=error.code, message=error.message)
