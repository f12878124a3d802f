"""A record of an import's steps, so that after an interruption the next run does only the rest, and nothing twice.

Before a request that creates something is sent, its body is recorded; after the answer, the created thing. A request
without an answer in the journal is sent again with the same body and the same Idempotency-Key, so that the server,
which remembers keys for 24 hours, performs it once. The key is of this folder and this body: another folder, another
app or other files are another import.
"""

import os
import secrets
import sqlite3
from collections.abc import Mapping
from contextlib import suppress
from hashlib import sha256
from pathlib import Path
from typing import cast

import msgspec

from satchel.client.tree import disk_errors

NAME = "import.jsonl"
_FOLDER = "folder"
"""The step whose body names the folder: a copy of it continues its import, another folder from the same source not."""


class _Line(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    to: str
    name: str
    body: dict[str, object] | None = None
    made: int | None = None


class ImportJournal:
    """The journal of imports from one tree.

    Args:
        path: the file, beside the manifest.
        source: the tree's source.
        to: the target server and account; records of other targets are ignored.
    """

    def __init__(self, path: Path, *, source: str, to: str) -> None:
        self._source, self._to = source, to
        self._database = sqlite3.connect("", isolation_level=None)
        self._database.execute("CREATE TABLE steps (name TEXT PRIMARY KEY, body BLOB, made INTEGER)")
        with disk_errors(str(path)):
            self._fd = os.open(path, os.O_RDWR | os.O_CREAT | os.O_APPEND | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600)
        with os.fdopen(os.dup(self._fd), "rb") as file:
            for text in file:
                with suppress(msgspec.DecodeError):
                    self._learn(msgspec.json.decode(text, type=_Line))
        os.write(self._fd, b"\n")  # a line cut short by a kill must not swallow the next one
        if self._row(_FOLDER) is None:
            self.begin(_FOLDER, {"id": secrets.token_hex(16)})

    def close(self) -> None:
        """Close the file."""
        os.close(self._fd)
        self._database.close()

    def _learn(self, line: _Line) -> None:
        if line.to != self._to:
            return
        body = None if line.body is None else msgspec.json.encode(line.body)
        self._database.execute(
            "INSERT INTO steps VALUES (?, ?, ?) ON CONFLICT (name) DO UPDATE"
            " SET body = coalesce(excluded.body, body), made = coalesce(excluded.made, made)",
            (line.name, body, line.made),
        )

    def _write(self, line: _Line) -> None:
        self._learn(line)
        with disk_errors(NAME):
            os.write(self._fd, msgspec.json.encode(line) + b"\n")
            os.fsync(self._fd)

    def made(self, name: str) -> int | None:
        """Return the number of the thing that a step created, if it is done."""
        row = self._row(name)
        return None if row is None else row[1]

    def body(self, name: str) -> dict[str, object] | None:
        """Return the body of a step that was started."""
        row = self._row(name)
        return None if row is None or row[0] is None else msgspec.json.decode(row[0], type=dict[str, object])

    def _row(self, name: str) -> tuple[bytes | None, int | None] | None:
        found: object = self._database.execute("SELECT body, made FROM steps WHERE name = ?", (name,)).fetchone()
        return cast("tuple[bytes | None, int | None] | None", found)

    def begin(self, name: str, body: Mapping[str, object]) -> None:
        """Record a body that is about to be sent; an empty body cancels the previous record."""
        self._write(_Line(to=self._to, name=name, body=dict(body)))

    def finish(self, name: str, made: int) -> None:
        """Record the thing that it created."""
        self._write(_Line(to=self._to, name=name, made=made))

    def key(self, name: str) -> str:
        """Return the Idempotency-Key of a step, as its body is now."""
        folder, body = self.body(_FOLDER) or {}, self.body(name) or {}
        about = f"satchel import\0{folder.get('id')}\0{self._source}\0{self._to}\0{name}\0".encode()
        return sha256(about + msgspec.json.encode(body)).hexdigest()
