"""An export's progress while it runs, and its report at the end."""

from dataclasses import dataclass, field
from typing import Protocol


@dataclass(slots=True, kw_only=True)
class ExportReport:
    """The result of a run.

    Attributes:
        files, bytes: stored files of the instances found.
        fetched, kept: files that were fetched now, and that existed already.
        links: files that are kept elsewhere.
        older: files that were skipped as attached too early.
        absent: numbers that were tried and do not exist.
        window: how many of the newest instances a short "contains" searched, if not all.
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
    """Is notified of an export's progress, from any of its threads."""

    def arrived(self, count: int) -> None:
        """This many bytes were received; a negative number discards bytes that will be received again."""
        ...

    def placed(self, size: int, *, is_new: bool) -> None:
        """A file is in its place; unless it is new, it existed already and none of it was received."""
        ...


class NoProgress:
    """A listener that does nothing."""

    def arrived(self, count: int) -> None:
        """Do nothing."""

    def placed(self, size: int, *, is_new: bool) -> None:
        """Do nothing."""
