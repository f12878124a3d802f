"""Writes files into a folder of this machine for other programs, each atomically.

No link is ever followed below the root, and nothing is written in place: each file is written beside the others,
compared with its digest, made durable, and then gets its name. All of it blocks but `write`.
"""

import errno
import hashlib
import os
from collections.abc import AsyncIterator, Callable, Generator, Sequence
from contextlib import contextmanager
from pathlib import Path

from satchel.blobs import threads
from satchel.blobs.disk import Disk
from satchel.blobs.layout import storage_errors
from satchel.model.digest import Digest
from satchel.model.errors import BlobMissing, Conflict
from satchel.model.ids import Entropy
from satchel.model.transfer.names import safe_name

ARRIVING = ".arriving"
"""The folder for incomplete files."""

RUN_AGAIN = "the file was not put into the folder. Run the schedule again."
"""What to do after the disk failed."""

_NO_FOLDER = frozenset({errno.ELOOP, errno.ENOTDIR})


class FolderWriter:
    """A folder under a root that the administrator chose; `parts` of a path are names, made safe again here."""

    def __init__(self, root: Path, place: Sequence[str], *, disk: Disk, entropy: Entropy) -> None:
        self._root = root
        self._place = list(place)
        self._disk = disk
        self._entropy = entropy

    async def write(self, parts: Sequence[str], chunks: AsyncIterator[bytes], digest: Digest | None = None) -> None:
        """Write a file into the folder, replacing an existing one.

        Raises:
            BlobMissing: the bytes do not have the digest; nothing was written.
            Conflict: something other than a folder has the name of a required folder.
            DiskFull, Unavailable: the disk is full or failed.
        """
        name = f"a-{self._entropy(16).hex()}"
        descriptor = await threads.run(self._begin, name)
        hasher = hashlib.sha256()
        try:
            async for chunk in chunks:
                await threads.run(self._add, descriptor, hasher.update, chunk)
            if digest is not None and hasher.hexdigest() != digest:
                raise BlobMissing(f"The bytes {digest[:12]}… are damaged in the store. Run `satchel doctor`.")
            await threads.run(self._end, descriptor, name, parts)
        finally:
            os.close(descriptor)
            await threads.run(self._drop, name)

    def clear(self) -> None:
        """Delete incomplete files of a process that died."""
        with self._folder([ARRIVING]) as folder:
            for name in os.listdir(folder):  # noqa: PTH208  # of an open directory
                self._disk.unlink(name, directory=folder)

    def _begin(self, name: str) -> int:
        with self._folder([ARRIVING]) as folder:
            return self._disk.create(name, directory=folder)

    def _add(self, descriptor: int, update: Callable[[bytes], None], chunk: bytes) -> None:
        update(chunk)
        with storage_errors(RUN_AGAIN):
            self._disk.write(descriptor, [chunk])

    def _end(self, descriptor: int, name: str, parts: Sequence[str]) -> None:
        *folders, last = (safe_name(part) for part in parts)
        with self._folder([ARRIVING]) as arriving, self._folder(folders) as folder:
            self._disk.fsync(descriptor)
            self._disk.rename(name, last, directory=arriving, new_directory=folder)
            self._disk.fsync(folder)

    def _drop(self, name: str) -> None:
        with self._folder([ARRIVING]) as folder:
            self._disk.unlink(name, directory=folder)

    @contextmanager
    def _folder(self, parts: Sequence[str]) -> Generator[int]:
        """Open a folder, made if it is not there, without ever following a link."""
        with storage_errors(RUN_AGAIN):
            descriptor = os.open(self._root, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
            try:
                for part in [*self._place, *parts]:
                    descriptor = self._enter(descriptor, part)
                yield descriptor
            finally:
                os.close(descriptor)

    def _enter(self, parent: int, name: str) -> int:
        """Open a folder within another, and close the latter."""
        try:
            try:
                os.mkdir(name, mode=0o755, dir_fd=parent)
                self._disk.fsync(parent)
            except FileExistsError:
                pass
            entered = os.open(name, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC, dir_fd=parent)
        except OSError as error:
            if error.errno in _NO_FOLDER:
                raise Conflict(
                    f"{name} is not a folder, but one is required. Move it, and run the schedule again."
                ) from error
            raise
        os.close(parent)
        return entered
