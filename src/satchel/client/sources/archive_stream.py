"""A tar archive that is read as it arrives: each file's bytes go to a sink, and its names are never used as paths."""

import tarfile
from collections.abc import Callable, Mapping, Sequence
from typing import TypeVar

import msgspec

from satchel.client.receiving import Sink
from satchel.client.sources.source import Begin, End
from satchel.model.transfer.exports import INSTANCES, MANIFEST

T = TypeVar("T")

MOST_MANIFEST_BYTES = 256 * 1024 * 1024
_BLOCK = 512


class BadArchiveError(Exception):
    """The received bytes are not an archive of an export."""


class Line(msgspec.Struct, frozen=True, kw_only=True):
    """A file's line of the manifest."""

    id: int
    instance: int
    name: str
    path: str | None = None
    field: str | None = None
    area: str | None = None
    kind: str = "stored"
    uuid: str | None = None
    description: str = ""
    size: int | None = None
    media_type: str | None = None
    sha256: str | None = None
    url: str | None = None
    created_at: str | None = None
    created_by: int | None = None


class InstanceLine(msgspec.Struct, frozen=True, kw_only=True):
    """An instance's line of the list of instances."""

    id: int
    uuid: str
    identifier: str
    app: str
    title: str
    state: str
    started_at: str
    ended_at: str | None = None
    starter: int | None = None
    values: Mapping[str, object] = {}


Read = Callable[[Sequence[InstanceLine], Sequence[Line]], None]
"""Receives the lists of an archive, before the first of its files."""


class _Header:
    """A member's header (POSIX.1-2001, `ustar`), as far as our archives use it.

    `tarfile` needs ten times as long to read it, which matters for small members.
    """

    def __init__(self, block: bytes) -> None:
        try:
            checksum = int(block[148:156].rstrip(b" \0"), 8)
            self.size = int(block[124:136].rstrip(b" \0"), 8)
        except ValueError:
            raise BadArchiveError("A header is malformed.") from None
        if sum(block) - sum(block[148:156]) + 8 * ord(" ") != checksum:
            raise BadArchiveError("A header's checksum is wrong.")
        self.kind = block[156:157]
        name = block[:100].partition(b"\0")[0]
        prefix = block[345:500].partition(b"\0")[0]
        self.name = (prefix + b"/" + name if prefix else name).decode(errors="surrogateescape")


class ArchiveStream:
    """Reads an archive's bytes piece by piece.

    Args:
        begin, end: as for `StreamingSource.stream`.
        read: receives its lists; then it must have a list of instances after its manifest.
    """

    def __init__(self, begin: Begin, end: End, read: Read | None = None) -> None:
        self._begin, self._end, self._read = begin, end, read
        self._lines: list[Line] = []
        self._header = bytearray()
        self._numbers: Mapping[str, int] | None = None
        self._extended: Mapping[str, str] = {}
        self._left = 0
        self._padding = 0
        self._kept: bytearray | None = None
        self._kind, self._name = b"", ""
        self._number: int | None = None
        self._sink: Sink | None = None

    def take(self, piece: bytes | memoryview) -> None:
        """Read the next bytes.

        Raises:
            BadArchiveError: they are not such an archive.
        """
        view = memoryview(piece)
        while view:
            if self._left:
                view = self._content(view)
            elif self._padding:
                skipped = min(self._padding, len(view))
                self._padding -= skipped
                view = view[skipped:]
            else:
                missing = _BLOCK - len(self._header)
                self._header += view[:missing]
                view = view[missing:]
                if len(self._header) == _BLOCK:
                    self._member(bytes(self._header))
                    self._header.clear()

    def _content(self, view: memoryview) -> memoryview:
        here = view[: self._left]
        if self._kept is not None:
            self._kept += here
        elif self._sink is not None:
            self._sink.write(here)
        self._left -= len(here)
        if not self._left:
            self._close()
        return view[len(here) :]

    def _member(self, header: bytes) -> None:
        if not any(header):
            return
        about = _Header(header)
        self._kind = about.kind
        is_ours = self._kind in (tarfile.REGTYPE, tarfile.XHDTYPE)
        extended: Mapping[str, str] = self._extended if self._kind == tarfile.REGTYPE else {}
        name = extended.get("path", about.name)
        self._left = int(extended.get("size", about.size))
        self._padding = -self._left % _BLOCK
        self._name = name
        is_list = (self._numbers is None and name == MANIFEST) or (self._read is not None and name == INSTANCES)
        is_kept = self._kind == tarfile.XHDTYPE or is_list
        if not is_ours or self._left < 0 or (is_kept and self._left > MOST_MANIFEST_BYTES):
            raise BadArchiveError(f"There is a member of the type {self._kind!r} and {self._left} bytes.")
        self._kept = bytearray() if is_kept else None
        self._number = None if is_kept or self._numbers is None else self._numbers.get(name)
        self._sink = None if self._number is None else self._begin(self._number)
        if not self._left:
            self._close()

    def _close(self) -> None:
        if self._kept is not None and self._kind == tarfile.XHDTYPE:
            self._extended = _records(bytes(self._kept))
        else:
            self._extended = {}
            if self._kept is not None:
                self._take_list(bytes(self._kept))
        self._kept = None
        number, sink = self._number, self._sink
        self._number = self._sink = None
        if number is not None and sink is not None:
            self._end(number, sink)

    def _take_list(self, text: bytes) -> None:
        if self._name == MANIFEST:
            self._lines = _decoded(text, Line)
            self._numbers = {line.path: line.id for line in self._lines if line.path is not None}
        elif self._read is not None:
            self._read(_decoded(text, InstanceLine), self._lines)
            self._read = None


def _decoded(text: bytes, kind: type[T]) -> list[T]:
    decoder = msgspec.json.Decoder(kind)
    try:
        return [decoder.decode(line) for line in text.splitlines()]
    except msgspec.DecodeError as error:
        raise BadArchiveError(str(error)) from None


def _records(data: bytes) -> Mapping[str, str]:
    """Return the records of an extended header (POSIX.1-2001): `LENGTH KEY=VALUE`, each with its line end."""
    found: dict[str, str] = {}
    while data:
        length, _, _ = data.partition(b" ")
        if not length.isdigit() or not 0 < int(length) <= len(data):
            raise BadArchiveError("An extended header is malformed.")
        record = data[len(length) + 1 : int(length) - 1]
        key, _, value = record.partition(b"=")
        found[key.decode(errors="replace")] = value.decode(errors="surrogateescape")
        data = data[int(length) :]
    return found
