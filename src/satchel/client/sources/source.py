"""What a source of processes with files is, whoever's API it speaks; and what it gives."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Protocol, runtime_checkable

from satchel.client.receiving import Sink
from satchel.client.steps import Flow


@dataclass(frozen=True, slots=True, kw_only=True)
class FoundFile:
    """A file of an instance.

    Attributes:
        field: what holds it; None is the attachments tab.
        place: a second number without which a vendor does not give the bytes.
        holder: the vendor's name of the instance, likewise.
        kind: `stored`, or `link`, `drive`, `onedrive`: kept elsewhere, at `url`.
        size: in bytes; of stored ones.
        sha256: None where the source does not tell.
        created_at: likewise; RFC 3339.
        created_by: the number or name of whoever attached it there; likewise.
        source: the address of the bytes.
    """

    id: int
    instance: int
    name: str
    field: str | None
    source: str
    kind: str = "stored"
    uuid: str | None = None
    area: str | None = None
    place: int | None = None
    holder: str | None = None
    description: str = ""
    size: int | None = None
    media_type: str | None = None
    sha256: str | None = None
    url: str | None = None
    created_at: str | None = None
    created_by: int | str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class SourceInstance:
    """An instance that a search found, with its files in order.

    Attributes:
        app: the app's code, or its number where the vendor has no codes.
        app_name: the app's name for people.
        starter: the number or name of whoever started it there.
        labels: what fields are called for people, by their names among the values.
    """

    id: int
    identifier: str
    app: str
    app_name: str
    title: str
    state: str
    started_at: str
    ended_at: str | None
    starter: int | str | None
    values: Mapping[str, object]
    files: tuple[FoundFile, ...]
    uuid: str | None = None
    labels: Mapping[str, str] = field(default_factory=dict[str, str])


@dataclass(frozen=True, slots=True, kw_only=True)
class Missing:
    """An instance of the list that cannot be had.

    Attributes:
        identifier: by which the source knows it.
        code, message: why.
    """

    identifier: str
    code: str
    message: str


@dataclass(frozen=True, slots=True, kw_only=True)
class FoundPage:
    """A page of what was found.

    Attributes:
        next: where the next page begins; None on the last.
        total: how many instances there are in all, where the source counts them.
        window: how many of the newest instances a short "contains" looked at, where it did not look at all.
        missing: what is listed and cannot be had.
        absent: how many numbers that were tried are nobody's.
    """

    items: Sequence[SourceInstance]
    next: str | None
    total: int | None = None
    window: int | None = None
    missing: Sequence[Missing] = ()
    absent: int = 0


class Source(Protocol):
    """Instances with files, a page at a time and always in the same order, and the bytes of each file.

    Attributes:
        address: of the server; a tree is filled from one only.
    """

    address: str

    def open(self) -> Flow[None]:
        """Get ready: sign in, find out what the search needs.

        Raises:
            SatchelError: the search is malformed, or not to be done by this user.
        """
        ...

    def page(self, cursor: str | None) -> Flow[FoundPage]:
        """Return the page that begins at a cursor; None is the first."""
        ...

    def fetch(self, file: FoundFile, sink: Sink) -> Flow[None]:
        """Take a stored file's bytes into a sink.

        Raises:
            Refused: it is gone, or not to be had by this user.
            Unavailable: the connection broke more often than is tried.
        """
        ...


Begin = Callable[[int], "Sink | None"]
"""Is told the number of the file that comes next, and returns where it goes; None passes over it."""

End = Callable[[int, Sink], None]
"""Is told that a file has come whole."""


Listed = Callable[[FoundPage], None]
"""Is told what a page holds, before the first of its files."""


@runtime_checkable
class StreamingSource(Protocol):
    """A source that gives the files of a whole page in one answer.

    Attributes:
        lists_in_streams: whether such an answer can tell all that the page's listing does.
    """

    lists_in_streams: bool

    def stream(self, cursor: str | None, begin: Begin, end: End, listed: Listed | None = None) -> Flow[bool]:
        """Take the bytes of a page's files, one after the other; return False where it cannot be done this way.

        What breaks off is no error: the files that did not come are fetched by themselves.

        Args:
            cursor: where the page begins.
            begin, end: are told of each file.
            listed: is told the page, where it was not listed before and `lists_in_streams`.
        """
        ...
