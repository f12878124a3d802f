"""An export's index of its tree: the path and digest of each file; in constant memory, at any size.

The source of truth is the tree: `manifest.jsonl` of finished runs, and the journal of an unfinished one, to which a
line is added as each file is placed. Each run rebuilds the ledger from both, in a temporary SQLite database
without a name, which ends with the process.
"""

import os
import sqlite3
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from typing import cast

import msgspec

from satchel.client.layout import RESERVED, path_key
from satchel.client.sources.source import FoundFile, SourceInstance
from satchel.client.tree import MANIFEST, ExportTree, disk_errors
from satchel.model.errors import Conflict
from satchel.model.transfer.names import FolderNames

INSTANCES = "instances.jsonl"
REPORT = "report.json"

_SCHEMA = """
CREATE TABLE files (id INTEGER PRIMARY KEY, instance INTEGER NOT NULL, path TEXT, line BLOB NOT NULL);
CREATE INDEX files_instance ON files (instance, id);
CREATE TABLE taken (key TEXT PRIMARY KEY, file INTEGER NOT NULL) WITHOUT ROWID;
CREATE TABLE instances (id INTEGER PRIMARY KEY, line BLOB NOT NULL, is_seen INTEGER NOT NULL);
"""


class Placed(msgspec.Struct, frozen=True, kw_only=True):
    """The manifest's record of a file that an earlier run placed."""

    id: int
    instance: int
    path: str | None = None
    size: int | None = None
    sha256: str | None = None


class ExportLedger:
    """The files and instances of one tree; for one thread at a time."""

    def __init__(self, tree: ExportTree) -> None:
        self._tree = tree
        self._database = sqlite3.connect("", isolation_level=None, check_same_thread=False)
        self._database.executescript("PRAGMA journal_mode = OFF; PRAGMA synchronous = OFF;" + _SCHEMA)
        self._database.execute("BEGIN")
        self._database.executemany("INSERT INTO taken VALUES (?, 0)", [(path_key((), name),) for name in RESERVED])
        self._journal = -1

    def open(self, source: str) -> None:
        """Read the records of earlier runs, and start the journal of this one.

        Args:
            source: the address of this run's source.

        Raises:
            Conflict: the tree was filled from another source, where the same numbers mean other files.
        """
        before = b"".join(self._tree.lines(REPORT))
        with suppress(msgspec.DecodeError):
            known = msgspec.json.decode(before or b"{}", type=dict[str, object]).get("source", source)
            if known != source:
                raise Conflict(f"This tree was filled from {known}. Name another folder for {source}.")
        for line in self._tree.lines(MANIFEST):
            self._learn(line)
        for line in self._tree.lines(INSTANCES):
            self._learn_instance(line)
        self._journal = self._tree.journal()
        with os.fdopen(os.dup(self._journal), "rb") as file:
            file.seek(0)
            for line in file:
                self._learn(line)
        os.write(self._journal, b"\n")  # a line cut short by a kill must not swallow the next one

    def _learn(self, line: bytes) -> None:
        """Read a line of the manifest or journal; an incomplete line is skipped."""
        try:
            placed = msgspec.json.decode(line, type=Placed)
        except msgspec.DecodeError:
            return
        if placed.path is not None and not _is_inside(placed.path):
            return
        self._put(placed.id, placed.instance, placed.path, line.strip())
        if placed.path is not None:
            *folders, name = placed.path.split("/")
            self._database.execute("INSERT OR REPLACE INTO taken VALUES (?, ?)", (path_key(folders, name), placed.id))

    def _learn_instance(self, line: bytes) -> None:
        with suppress(msgspec.DecodeError):
            number = msgspec.json.decode(line, type=dict[str, object]).get("id")
            if isinstance(number, int):
                self._database.execute("INSERT OR REPLACE INTO instances VALUES (?, ?, 0)", (number, line.strip()))

    def _put(self, number: int, instance: int, path: str | None, line: bytes) -> None:
        self._database.execute("INSERT OR REPLACE INTO files VALUES (?, ?, ?, ?)", (number, instance, path, line))

    def close(self) -> None:
        """Delete the temporary database; the journal stays in the tree."""
        if self._journal >= 0:
            os.close(self._journal)
            self._journal = -1
        self._database.close()

    def note_instance(self, found: SourceInstance) -> bool:
        """Record an instance with its values; return False if this run did so before."""
        seen = "SELECT 1 FROM instances WHERE id = ? AND is_seen"
        if self._database.execute(seen, (found.id,)).fetchone() is not None:
            return False
        line = msgspec.json.encode(
            {
                "id": found.id,
                "uuid": found.uuid,
                "identifier": found.identifier,
                "app": found.app,
                "app_name": found.app_name,
                "title": found.title,
                "state": found.state,
                "starter": found.starter,
                "started_at": found.started_at,
                "ended_at": found.ended_at,
                "values": dict(found.values),
                **({"labels": dict(found.labels)} if found.labels else {}),
            }
        )
        self._database.execute("INSERT OR REPLACE INTO instances VALUES (?, ?, 1)", (found.id, line))
        return True

    def known(self, file: FoundFile) -> Placed | None:
        """Return an earlier run's record of a file."""
        if self._tree.was_empty:
            return None
        row = cast(
            "tuple[bytes] | None", self._database.execute("SELECT line FROM files WHERE id = ?", (file.id,)).fetchone()
        )
        return msgspec.json.decode(row[0], type=Placed) if row is not None else None

    def reserve(self, file: FoundFile, folders: Sequence[str], *, known: Placed | None) -> tuple[tuple[str, ...], str]:
        """Return a file's path: its `known` one, or a name in these folders that no other file has."""
        if known is not None and known.path is not None:
            *before, name = known.path.split("/")
            return tuple(before), name
        names = FolderNames()
        while True:
            name = names.take(file.name)
            key = path_key(folders, name)
            row = cast(
                "tuple[int] | None",
                self._database.execute("SELECT file FROM taken WHERE key = ?", (key,)).fetchone(),
            )
            if row is None or row[0] == file.id:
                self._database.execute("INSERT OR REPLACE INTO taken VALUES (?, ?)", (key, file.id))
                return tuple(folders), name

    def note(
        self, found: SourceInstance, file: FoundFile, path: str | None, *, size: int | None, sha256: str | None
    ) -> None:
        """Record durably that a file is in its place (or is kept elsewhere)."""
        line = msgspec.json.encode(_line(found, file, path, size=size, sha256=sha256))
        self._put(file.id, file.instance, path, line)
        with disk_errors("the journal"):
            os.write(self._journal, line + b"\n")

    def forget(self, file: FoundFile) -> None:
        """Remove a file from the next manifest: it is missing or incomplete."""
        self._database.execute("DELETE FROM files WHERE id = ?", (file.id,))

    def file_lines(self) -> Iterator[bytes]:
        """Yield the manifest's lines, by instance and file."""
        yield from self._lines("SELECT line FROM files ORDER BY instance, id")

    def instance_lines(self) -> Iterator[bytes]:
        """Yield a line for each instance, by number."""
        yield from self._lines("SELECT line FROM instances ORDER BY id")

    def _lines(self, query: str) -> Iterator[bytes]:
        for (line,) in cast("Iterator[tuple[bytes]]", self._database.execute(query)):
            yield line + b"\n"


def _is_inside(path: str) -> bool:
    """Return whether a manifest's path stays in the tree."""
    parts = path.split("/")
    return all(part not in ("", ".", "..") and "\0" not in part for part in parts)


def _line(
    found: SourceInstance, file: FoundFile, path: str | None, *, size: int | None, sha256: str | None
) -> Mapping[str, object]:
    return {
        "path": path,
        "id": file.id,
        "uuid": file.uuid,
        "instance": file.instance,
        "identifier": found.identifier,
        "app": found.app,
        "field": file.field,
        "area": file.area,
        "kind": file.kind,
        "name": file.name,
        "description": file.description,
        "size": size,
        "media_type": file.media_type,
        "sha256": sha256,
        "url": file.url,
        "created_at": file.created_at,
        "created_by": file.created_by,
        "source": file.source,
    }
