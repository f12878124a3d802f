"""What the sources of other vendors share: places in lists that shift, numbers for what has only names, moments."""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Self, TypeAlias

from satchel.client.refusals import Refused
from satchel.client.sources.native import moment
from satchel.client.sources.source import Missing

Json: TypeAlias = Mapping[str, object]

UNAUTHENTICATED = 401
MOST_TURNS = 10
"""How often a list is begun anew because it was shifted meanwhile."""

_NUMBER_BITS = 63


@dataclass(frozen=True, slots=True)
class OffsetCursor:
    """Where a page begins, in a list that goes by offset.

    Each page is asked for with the last one of the page before in front. If another is there, the list was shifted
    meanwhile and is begun anew, so that nothing is passed over; what is seen twice is taken once.
    """

    start: int = 0
    last: str = ""
    turns: int = 0

    @classmethod
    def read(cls, cursor: str | None) -> Self:
        """Return the place that a cursor names; None is the beginning."""
        if cursor is None:
            return cls()
        start, turns, last = cursor.split(":", 2)
        return cls(int(start), last, int(turns))

    def again(self) -> "OffsetCursor | None":
        """Return the beginning for another turn; None after too many."""
        return OffsetCursor(0, "", self.turns + 1) if self.turns < MOST_TURNS else None

    def is_shifted(self, first: str | None) -> bool:
        """Return whether another stands where the last one of the page before stood."""
        return self.start > 0 and first != self.last

    def following(self, count: int, last: str) -> str:
        """Return the cursor of the page after one of so many entries that ends with `last`."""
        return f"{self.start + count - 1}:{self.turns}:{last}"


def number_of(*names: str) -> int:
    """Return a number that stands for a name: the same on each run, and no other name's (63 bits of its digest)."""
    digest = hashlib.sha256("\0".join(names).encode()).digest()
    return int.from_bytes(digest[:8], "big") >> (64 - _NUMBER_BITS)


def utc(text: object) -> str | None:
    """Return a vendor's moment in UTC as RFC 3339; None where it is none, or has no zone."""
    if not isinstance(text, str) or not text.strip():
        return None
    try:
        at = datetime.fromisoformat(text.strip())
        return None if at.tzinfo is None else moment(at.astimezone(UTC).replace(microsecond=0))
    except (ValueError, OverflowError):
        return None


def missing(identifier: str, refused: Refused) -> Missing:
    """Return an instance that was refused, for the report.

    Raises:
        Refused: the credential has ended, which concerns every other one too.
    """
    if refused.status == UNAUTHENTICATED:
        raise refused
    return Missing(identifier=identifier, code=refused.code, message=refused.message)
