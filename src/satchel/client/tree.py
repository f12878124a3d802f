"""The folder that an export fills: written only below its own descriptor, never through a link (security.md, rule 2).

A file has a temporary name in `.satchel-export` until it is complete and its digest was checked; then it is moved to
its place. So however the process ends, every name in the tree is a complete file, and incomplete files are in one
known folder, which the next run clears.
"""

import errno
import fcntl
import hashlib
import itertools
import os
import stat
from collections.abc import Iterable, Iterator, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Self

from satchel.client.refusals import LocalDiskFull, PathOccupied
from satchel.model.errors import Conflict, SatchelError, Unavailable

WORK = ".satchel-export"
JOURNAL = "journal.jsonl"
MANIFEST = "manifest.jsonl"

_FOLDER = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC
_NEW = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC
_READ = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC
_FULL = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EFBIG})
_NO_FOLDER = frozenset({errno.ELOOP, errno.ENOTDIR, errno.EISDIR, errno.ENOTEMPTY, errno.EMLINK})
_READ_BYTES = 1024 * 1024


class disk_errors:  # noqa: N801  # reads as the function that it is in a `with`
    """Translates errors of the disk to ours, naming the file.

    Raises:
        LocalDiskFull: the disk is full.
        PathOccupied: the path of a folder or file is occupied by a link or something else.
        Unavailable: the disk fails otherwise.
    """

    __slots__ = ("_what",)

    def __init__(self, what: str) -> None:
        self._what = what

    def __enter__(self) -> None:
        return

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: object) -> None:
        if not isinstance(error, OSError):
            return
        if error.errno in _FULL:
            raise LocalDiskFull(self._what) from error
        if error.errno in _NO_FOLDER:
            raise PathOccupied(self._what) from error
        raise Unavailable(f"{self._what} cannot be written: {error.strerror}.") from error


def _names(folder: int) -> list[str]:
    with os.scandir(folder) as entries:
        return [entry.name for entry in entries]


def _inner(at: int, folder: str, *, make: bool) -> int:
    try:
        return os.open(folder, _FOLDER, dir_fd=at)
    except FileNotFoundError:
        if not make:
            raise
    with suppress(FileExistsError):
        os.mkdir(folder, dir_fd=at)
    return os.open(folder, _FOLDER, dir_fd=at)


class Arriving:
    """A file that is being received in the work folder; a `Sink`."""

    def __init__(self, folder: int, name: str) -> None:
        self.name = name
        self._fd = os.open(name, _NEW, 0o644, dir_fd=folder)
        self._digest = hashlib.sha256()
        self.size = 0

    @property
    def sha256(self) -> str:
        """The digest of the received bytes."""
        return self._digest.hexdigest()

    def write(self, piece: bytes | memoryview, /) -> None:
        """Write the next bytes."""
        with disk_errors(self.name):
            written = os.write(self._fd, piece)
            while written < len(piece):
                written += os.write(self._fd, memoryview(piece)[written:])
        self._digest.update(piece)
        self.size += len(piece)

    def reset(self) -> None:
        """Restart."""
        with disk_errors(self.name):
            os.ftruncate(self._fd, 0)
            os.lseek(self._fd, 0, os.SEEK_SET)
        self._digest, self.size = hashlib.sha256(), 0

    def close(self) -> None:
        """Close it; it stays until it is placed or dropped."""
        if self._fd >= 0:
            os.close(self._fd)
            self._fd = -1


class ExportTree:
    """An export's folder, held by one process at a time.

    Attributes:
        was_empty: whether it was empty when it was opened.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self.was_empty = False
        self._root = self._work = -1
        self._numbers = itertools.count(1)
        self._is_new = self._is_held = False

    def open(self, *, resume: bool) -> Self:
        """Create the folder, or open one that an export has started to fill.

        Raises:
            Conflict: it is not empty and not resumed, holds something else, or is being written to.
            SatchelError: it cannot be created or opened.
        """
        with disk_errors(str(self.path)):
            self._is_new = not self.path.exists()
            self.path.mkdir(parents=True, exist_ok=True)
            self._root = os.open(self.path, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        try:
            self._check(resume=resume)
            with disk_errors(WORK), suppress(FileExistsError):
                os.mkdir(WORK, 0o700, dir_fd=self._root)
            with disk_errors(WORK):
                self._work = os.open(WORK, _FOLDER, dir_fd=self._root)
            self._lock()
            self._clear()
        except BaseException:
            self.close()
            raise
        return self

    def _check(self, *, resume: bool) -> None:
        names = set(_names(self._root))
        self.was_empty = not names
        if not names:
            return
        if not resume:
            raise Conflict(f"{self.path} is not empty. Name another folder, or continue with --resume.")
        if not names & {WORK, MANIFEST}:
            raise Conflict(f"{self.path} is not empty and holds no export to continue. Name another folder.")

    def _lock(self) -> None:
        try:
            fcntl.flock(self._work, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            raise Conflict(f"Another export is writing to {self.path}. Wait for it to end.") from None
        self._is_held = True

    def _clear(self) -> None:
        """Delete what a killed run left behind."""
        for name in _names(self._work):
            if name != JOURNAL:
                with disk_errors(f"{WORK}/{name}"):
                    os.unlink(name, dir_fd=self._work)

    def close(self) -> None:
        """Close the folder; incomplete files are deleted, and the folder too if it never held any file."""
        if self._work >= 0 and self._is_held:
            with suppress(SatchelError):
                self._clear()
            if not any(line.strip() for line in self._lines(self._work, JOURNAL)):
                with suppress(SatchelError, OSError):
                    self.finish()
        if self._work >= 0:
            os.close(self._work)
        if self._root >= 0:
            os.close(self._root)
        if self._is_new:
            with suppress(OSError):
                self.path.rmdir()
        self._root = self._work = -1

    def finish(self) -> None:
        """Delete the work folder: the manifest has all its records."""
        with disk_errors(WORK):
            with suppress(FileNotFoundError):
                os.unlink(JOURNAL, dir_fd=self._work)
            os.rmdir(WORK, dir_fd=self._root)
        os.close(self._work)
        self._work = -1

    def journal(self) -> int:
        """Return the descriptor of the journal, to which lines are added; the caller closes it."""
        with disk_errors(f"{WORK}/{JOURNAL}"):
            flags = os.O_RDWR | os.O_CREAT | os.O_APPEND | os.O_NOFOLLOW | os.O_CLOEXEC
            return os.open(JOURNAL, flags, 0o600, dir_fd=self._work)

    def arriving(self) -> Arriving:
        """Return a new file to write to."""
        with disk_errors(WORK):
            return Arriving(self._work, f"{next(self._numbers)}.part")

    def drop(self, file: Arriving) -> None:
        """Delete a file that will not be placed."""
        file.close()
        with suppress(OSError):
            os.unlink(file.name, dir_fd=self._work)

    def place(self, file: Arriving, folders: Sequence[str], name: str) -> None:
        """Give a complete file its name, replacing an existing file.

        Raises:
            PathOccupied: one of the folders is a link or a file, or the file is a folder.
            LocalDiskFull, Unavailable: the disk is full or fails.
        """
        file.close()
        with disk_errors("/".join((*folders, name))):
            folder = self._enter(folders, make=True)
            try:
                os.rename(file.name, name, src_dir_fd=self._work, dst_dir_fd=folder)
            finally:
                os.close(folder)

    def _enter(self, folders: Sequence[str], *, make: bool) -> int:
        """Return a descriptor of a folder in the tree; the caller closes it."""
        at = os.dup(self._root)
        for folder in folders:
            try:
                inner = _inner(at, folder, make=make)
            finally:
                os.close(at)
            at = inner
        return at

    def look(self, folders: Sequence[str], name: str, *, size: int | None = None) -> tuple[int, str] | None:
        """Return size and digest of a file in the tree; None if there is no regular file, or none of that size."""
        try:
            folder = self._enter(folders, make=False)
        except OSError:
            return None
        try:
            fd = os.open(name, _READ, dir_fd=folder)
        except OSError:
            return None
        finally:
            os.close(folder)
        try:
            about = os.fstat(fd)
            if not stat.S_ISREG(about.st_mode) or (size is not None and about.st_size != size):
                return None
            digest, count = hashlib.sha256(), 0
            while piece := os.read(fd, _READ_BYTES):
                digest.update(piece)
                count += len(piece)
            return count, digest.hexdigest()
        except OSError:
            return None
        finally:
            os.close(fd)

    def lines(self, name: str) -> Iterator[bytes]:
        """Yield the lines of a file at the top of the tree; none if there is no such regular file."""
        yield from self._lines(self._root, name)

    def _lines(self, folder: int, name: str) -> Iterator[bytes]:
        try:
            fd = os.open(name, _READ, dir_fd=folder)
        except OSError:
            return
        with os.fdopen(fd, "rb") as file:
            if stat.S_ISREG(os.fstat(fd).st_mode):
                yield from file

    def write(self, name: str, pieces: Iterable[bytes]) -> None:
        """Write a file at the top of the tree, durably, replacing an existing one.

        Raises:
            LocalDiskFull, Unavailable, PathOccupied: as `place`; the existing file is unchanged.
        """
        made = f"{name}.new"
        with disk_errors(name):
            with suppress(FileNotFoundError):
                os.unlink(made, dir_fd=self._work)
            fd = os.open(made, _NEW, 0o644, dir_fd=self._work)
            with os.fdopen(fd, "wb", buffering=_READ_BYTES) as file:
                for piece in pieces:
                    file.write(piece)
                file.flush()
                os.fsync(fd)
            os.rename(made, name, src_dir_fd=self._work, dst_dir_fd=self._root)


def open_plain(root: Path, path: str) -> int:
    """Return a descriptor, for reading, of a regular file in a tree; no part of its path is a link or leads outside.

    Raises:
        PathOccupied: there is no such file.
    """
    *folders, name = path.split("/")
    if not name or any(part in ("", ".", "..") for part in (*folders, name)):
        raise PathOccupied(path)
    at = os.open(root, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        for folder in folders:
            inner = os.open(folder, _FOLDER, dir_fd=at)
            os.close(at)
            at = inner
        fd = os.open(name, _READ, dir_fd=at)
    except OSError as error:
        raise PathOccupied(path) from error
    finally:
        os.close(at)
    if not stat.S_ISREG(os.fstat(fd).st_mode):
        os.close(fd)
        raise PathOccupied(path)
    return fd
