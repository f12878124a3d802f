"""What an export tells: how far it is while it runs, and what it did at its end."""

from dataclasses import dataclass, field
from typing import Protocol


@dataclass(slots=True, kw_only=True)
class ExportReport:
    """What a run did.

    Attributes:
        files, bytes: stored files of what was found.
        fetched, kept: files that were fetched now, and that were there already.
        links: files that are kept elsewhere.
        older: files attached before the moment from which on they were wanted.
        absent: numbers that were tried and are nobody's.
        window: how many of the newest instances a short "contains" looked at, if it did not look at all.
    """

    instances: int = 0
    files: int = 0
    bytes: int = 0
    fetched: int = 0
    fetched_bytes: int = 0
    kept: int = 0
    links: int = 0
    older: int = 0
    absent: int = 0
    failed: int = 0
    failures: list[dict[str, object]] = field(default_factory=list[dict[str, object]])
    window: int | None = None


class ProgressListener(Protocol):
    """Hears how far an export is, from any of its threads."""

    def arrived(self, count: int) -> None:
        """So many bytes have come; a negative number takes back what has to come again."""
        ...

    def placed(self, size: int, *, is_new: bool) -> None:
        """A file is in its place; unless it is new, it was there already and none of it has come."""
        ...


class NoProgress:
    """A watch that says nothing."""

    def arrived(self, count: int) -> None:
        """Say nothing."""

    def placed(self, size: int, *, is_new: bool) -> None:
        """Say nothing."""
