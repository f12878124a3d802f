"""The interface of a source of processes with files, for any vendor's API; and its results."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Protocol, runtime_checkable

from satchel.client.receiving import Sink
from satchel.client.steps import Flow


@dataclass(frozen=True, slots=True, kw_only=True)
class FoundFile:
    """A file of an instance.

    Attributes:
        field: that holds it; None is the attachments tab.
        place: a second number that a vendor needs to fetch the bytes.
        holder: the vendor's name of the instance, likewise.
        kind: `stored`, or `link`, `drive`, `onedrive`: kept elsewhere, at `url`.
        size: in bytes; of stored ones.
        sha256: None if the source does not return it.
        created_at: likewise; RFC 3339.
        created_by: the number or name of the user who attached it there; likewise.
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
        starter: the number or name of the user who started it there.
        labels: of fields, by their names in the values.
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
    """A listed instance that cannot be read.

    Attributes:
        identifier: in the source.
        code, message: the reason.
    """

    identifier: str
    code: str
    message: str


@dataclass(frozen=True, slots=True, kw_only=True)
class FoundPage:
    """A page of found instances.

    Attributes:
        next: the cursor of the next page; None on the last.
        total: the number of all instances, if the source counts them.
        window: how many of the newest instances a short "contains" searched, if not all.
        missing: listed instances that cannot be read.
        absent: how many of the tried numbers do not exist.
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
        address: of the server; a tree has only one source.
    """

    address: str

    def open(self) -> Flow[None]:
        """Prepare: sign in, read what the search needs.

        Raises:
            SatchelError: the search is malformed, or not allowed for this user.
        """
        ...

    def page(self, cursor: str | None) -> Flow[FoundPage]:
        """Return the page at a cursor; None is the first."""
        ...

    def fetch(self, file: FoundFile, sink: Sink) -> Flow[None]:
        """Fetch a stored file's bytes into a sink.

        Raises:
            Refused: it was deleted, or this user may not read it.
            Unavailable: the connection broke too often.
        """
        ...


Begin = Callable[[int], "Sink | None"]
"""Receives the number of the next file, and returns its sink; None skips it."""

End = Callable[[int, Sink], None]
"""Is called when a file was received completely."""


Listed = Callable[[FoundPage], None]
"""Receives the instances of a page, before the first of its files."""


@runtime_checkable
class StreamingSource(Protocol):
    """A source that sends the files of a whole page in one reply.

    Attributes:
        lists_in_streams: whether such a reply has everything that the page's listing has.
    """

    lists_in_streams: bool

    def stream(self, cursor: str | None, begin: Begin, end: End, listed: Listed | None = None) -> Flow[bool]:
        """Fetch the bytes of a page's files, one after the other; return False if the source does not support it.

        A broken stream is not an error: the missing files are fetched separately.

        Args:
            cursor: of the page.
            begin, end: are called for each file.
            listed: receives the page, if it was not listed before and `lists_in_streams`.
        """
        ...
