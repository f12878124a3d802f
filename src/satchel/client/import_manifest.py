"""The lines of an export's tree, for an import: each instance with its files."""

import sqlite3
from collections.abc import Generator, Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import BinaryIO, TypeVar, cast
from urllib.parse import urlsplit

import msgspec

from satchel.client.ledger import INSTANCES, REPORT
from satchel.client.tree import MANIFEST
from satchel.model.errors import InvalidRequest

T = TypeVar("T")


class ManifestFile(msgspec.Struct, frozen=True, kw_only=True):
    """A line of a manifest."""

    id: int
    instance: int
    name: str
    path: str | None = None
    field: str | None = None
    area: str | None = None
    kind: str = "stored"
    description: str = ""
    media_type: str | None = None
    sha256: str | None = None
    url: str | None = None
    created_at: str | None = None
    created_by: int | str | None = None


class ManifestInstance(msgspec.Struct, frozen=True, kw_only=True):
    """A line of the list of instances."""

    id: int
    app: str
    identifier: str = ""
    title: str = ""
    state: str = ""
    starter: int | str | None = None
    started_at: str = ""
    values: Mapping[str, object] = {}
    labels: Mapping[str, str] = {}


class Lines:
    """The lists of a tree, in any order: `satchel export` sorts by number, an archive from a server by start.

    A temporary database holds the position of each file's line, so that a list of any length needs little memory.
    """

    def __init__(self, tree: Path) -> None:
        self._tree = tree
        self._database = sqlite3.connect("", isolation_level=None)
        self._database.executescript(
            "PRAGMA journal_mode = OFF; PRAGMA synchronous = OFF;"
            "CREATE TABLE files (instance INTEGER NOT NULL, at INTEGER NOT NULL); BEGIN;"
        )

    def close(self) -> None:
        """Delete the temporary database."""
        self._database.close()

    def read(self) -> Iterator[tuple[ManifestInstance, list[ManifestFile]]]:
        """Yield each instance with its files.

        Raises:
            InvalidRequest: a line is malformed.
        """
        with _disk_errors(self._tree, MANIFEST) as manifest, _disk_errors(self._tree, INSTANCES) as lines:
            at = 0
            for text in manifest:
                self._database.execute("INSERT INTO files VALUES (?, ?)", (_decoded(text, ManifestFile).instance, at))
                at += len(text)
            self._database.execute("CREATE INDEX files_instance ON files (instance, at)")
            for text in lines:
                found = _decoded(text, ManifestInstance)
                yield found, [self._file(manifest, place) for place in self._places(found.id)]

    def _places(self, instance: int) -> list[int]:
        query = "SELECT at FROM files WHERE instance = ? ORDER BY at"
        places = [at for (at,) in cast("Iterator[tuple[int]]", self._database.execute(query, (instance,)))]
        self._database.execute("DELETE FROM files WHERE instance = ?", (instance,))
        return places

    def left(self) -> int:
        """Return how many files belong to instances that are not listed, after all were read."""
        row = cast("tuple[int]", self._database.execute("SELECT count(*) FROM files").fetchone())
        return row[0]

    def _file(self, manifest: BinaryIO, at: int) -> ManifestFile:
        manifest.seek(at)
        return _decoded(manifest.readline(), ManifestFile)


def source_of(tree: Path) -> str:
    """Return a tree's source, from its report or its first file; empty if unknown."""
    with suppress(OSError, msgspec.DecodeError):
        about = msgspec.json.decode((tree / REPORT).read_bytes(), type=dict[str, object])
        return str(about.get("source") or "")
    with suppress(OSError, msgspec.DecodeError, ValueError), (tree / MANIFEST).open("rb") as manifest:
        about = msgspec.json.decode(manifest.readline(), type=dict[str, object])
        parts = urlsplit(str(about.get("source") or ""))
        return f"{parts.scheme}://{parts.netloc}" if parts.netloc else ""
    return ""


@contextmanager
def _disk_errors(tree: Path, name: str) -> Generator[BinaryIO]:
    try:
        with (tree / name).open("rb") as file:
            yield file
    except FileNotFoundError:
        raise InvalidRequest(f"{tree} is not an export: it has no {name}.") from None


def _decoded(text: bytes, kind: type[T]) -> T:
    try:
        return msgspec.json.decode(text, type=kind)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise InvalidRequest(f"A line of the tree's lists is malformed ({error}).") from None
