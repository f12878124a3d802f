"""The store of one machine: blobs are files under one directory, durable before they are acknowledged.

A body is written to a temporary file, hashed on the way, fsynced, and renamed to its digest; then the directory is
fsynced. A failed fsync is never retried on the same descriptor: the file is dropped and the request fails.
"""

import errno
import hashlib
import os
import stat
from collections.abc import AsyncGenerator, AsyncIterator, Sequence
from contextlib import aclosing
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING
from uuid import UUID

from satchel.blobs import listing, threads
from satchel.blobs.disk import Disk
from satchel.blobs.identity import read_identity, write_identity
from satchel.blobs.layout import ASK_THE_DOCTOR, CHECK_THE_DISK, KEPT, StoreLayout, missing, storage_errors
from satchel.blobs.partials import LocalPartials
from satchel.blobs.pump import batches, pump
from satchel.blobs.store import BATCH_BYTES, HEAD_BYTES, READ_BYTES, Admit, BlobStatus, Leftover, Received, Stored
from satchel.model.clock import Clock
from satchel.model.digest import Digest
from satchel.model.ids import AccountId, Entropy

if TYPE_CHECKING:
    from hashlib import _Hash  # pyright: ignore[reportPrivateUsage]  # the only name that the type has


class LocalBlobs(LocalPartials):
    """A store in one directory of a local file system; many processes may share it.

    Call `prepare` once before anything else.

    Args:
        root: the directory.
        clock: dates the blobs.
        disk: the operating system's calls.
        entropy: for the names of files that are not blobs yet.
        is_read_by_group: whether a web server in the group of the directory reads the blobs.
    """

    def __init__(
        self,
        root: Path,
        *,
        clock: Clock,
        disk: Disk | None = None,
        entropy: Entropy = os.urandom,
        is_read_by_group: bool = False,
    ) -> None:
        disk = disk or Disk()
        super().__init__(StoreLayout(root, clock=clock, disk=disk, entropy=entropy, is_read_by_group=is_read_by_group))

    def prepare(self) -> None:
        """Create the store's missing directories; blocks, for the start of a process."""
        self._layout.prepare()

    async def identity(self) -> UUID | None:
        """Return the identity of the folder; None if it has none, or if there is no folder.

        Raises:
            Unavailable: it cannot be read, or the file holds something else.
        """
        return await threads.run(read_identity, self._layout.root)

    async def identify(self, identity: UUID, *, replaces: bool = False) -> UUID:
        """Create the folder if needed, write its identity, and return the one that it has then.

        Args:
            identity: to write.
            replaces: whether to replace another. If not, one that another process wrote meanwhile stays.

        Raises:
            DiskFull, Unavailable: the disk is full or failed.
        """
        return await threads.run(self._identify, identity, replaces)

    async def receive(
        self, account: AccountId, chunks: AsyncIterator[bytes], *, max_bytes: int, admit: Admit | None = None
    ) -> Received:
        """Store a body; see `BlobStore.receive`."""
        async with aclosing(batches(chunks, max_bytes=max_bytes)) as source:
            first = await anext(source, b"")
            if len(first) < BATCH_BYTES:
                return await threads.run(self._receive_small, account, first, admit)
            arriving = _Arriving(layout=self._layout)
            try:
                await threads.run(arriving.begin)
                await pump(_rejoined(first, source), write=arriving.write, flush=arriving.flush)
                return await threads.run(self._complete, arriving, account, admit)
            finally:
                await threads.run(arriving.end)

    async def open(
        self, account: AccountId, digest: Digest, start: int = 0, stop: int | None = None
    ) -> AsyncGenerator[bytes, None]:
        """Yield a blob's bytes; see `BlobStore.open`."""
        reading = _Reading(disk=self._layout.disk, path=self._layout.path(account, digest), offset=start, stop=stop)
        try:
            while chunk := await threads.run(reading.next_chunk):
                yield chunk
        finally:
            reading.end()

    async def read_many(self, account: AccountId, blobs: Sequence[tuple[Digest, int]]) -> list[bytes | None]:
        """Return the bytes of many blobs, read in one thread call; see `BlobStore.read_many`."""
        places = [(self._layout.path(account, digest), size) for digest, size in blobs]
        return await threads.run(_read_many, self._layout.disk, places)

    async def size(self, account: AccountId, digest: Digest) -> int | None:
        """Return a blob's size, or None if there is none."""
        return await threads.run(self._size, account, digest)

    async def stat_many(self, account: AccountId, digests: Sequence[Digest]) -> list[BlobStatus]:
        """Return what the file system says of many blobs, in one thread call; see `BlobStore.stat_many`."""
        paths = [self._layout.path(account, digest) for digest in digests]
        return await threads.run(_stat_many, paths)

    async def delete(self, account: AccountId, digest: Digest, *, older_than: datetime) -> bool:
        """Delete a blob unless its bytes are too young; see `BlobStore.delete`."""
        with storage_errors(KEPT):
            return await threads.run(self._layout.delete, account, digest, older_than)

    async def list(
        self, account: AccountId | None = None, *, after: tuple[AccountId, str] | None = None
    ) -> AsyncIterator[Stored]:
        """Yield every blob (of one account), a directory at a time; see `BlobStore.list`."""
        root = self._layout.root
        first, digest = after or (AccountId(0), "")
        for each in await threads.run(listing.accounts, root) if account is None else [account]:
            if each < first:
                continue
            beyond = digest if each == first else ""
            for shard in await threads.run(listing.shards, root, each):
                if shard >= beyond[:2]:
                    for stored in await threads.run(listing.blobs, root, each, shard, beyond):
                        yield stored

    async def leftovers(self) -> AsyncIterator[Leftover]:
        """Yield everything under the root that is no blob, a directory at a time."""
        root = self._layout.root
        for place in await threads.run(listing.places, root):
            for leftover in await threads.run(listing.leftovers, root, place):
                yield leftover

    async def discard_leftover(self, leftover: Leftover, *, older_than: datetime) -> bool:
        """Delete a temporary or partial; see `BlobStore.discard_leftover`."""
        with storage_errors(KEPT):
            return await threads.run(self._layout.discard, leftover, older_than)

    async def verify(self, account: AccountId, digest: Digest) -> bool:
        """Read a whole blob and compare its digest; see `BlobStore.verify`."""
        return await threads.run(self._verify, account, digest)

    async def free_bytes(self) -> int | None:
        """Return how many bytes can still be stored; see `BlobStore.free_bytes`."""
        with storage_errors(CHECK_THE_DISK):
            return await threads.run(self._layout.disk.free_bytes, self._layout.root)

    def path(self, account: AccountId, digest: Digest) -> Path:
        """Return the path of a blob, whether or not it exists; for a web server in front that sends it."""
        return self._layout.path(account, digest)

    @property
    def root(self) -> Path:
        """The folder."""
        return self._layout.root

    def _receive_small(self, account: AccountId, body: bytes, admit: Admit | None) -> Received:
        """Store a body of one batch in one thread call: more calls would cost more than the writing."""
        received = Received(digest=Digest(hashlib.sha256(body).hexdigest()), size=len(body), head=body[:HEAD_BYTES])
        if admit is not None:
            admit(received)
        arriving = _Arriving(layout=self._layout)
        try:
            arriving.begin()
            with storage_errors():
                self._layout.disk.write(arriving.descriptor, [body])
                arriving.place(account, received.digest)
        finally:
            arriving.end()
        return received

    @staticmethod
    def _complete(arriving: "_Arriving", account: AccountId, admit: Admit | None) -> Received:
        received = Received(digest=Digest(arriving.hasher.hexdigest()), size=arriving.size, head=arriving.head)
        if admit is not None:
            admit(received)
        with storage_errors():
            arriving.place(account, received.digest)
        return received

    def _identify(self, identity: UUID, replaces: bool) -> UUID:  # noqa: FBT001  # private
        self._layout.prepare()
        return write_identity(self._layout, identity, replaces=replaces)

    def _size(self, account: AccountId, digest: Digest) -> int | None:
        with storage_errors(ASK_THE_DOCTOR):
            try:
                return self._layout.path(account, digest).lstat().st_size
            except FileNotFoundError:
                return None

    def _verify(self, account: AccountId, digest: Digest) -> bool:
        reading = _Reading(disk=self._layout.disk, path=self._layout.path(account, digest))
        hasher = hashlib.sha256()
        try:
            while chunk := reading.next_chunk():
                hasher.update(chunk)
        finally:
            reading.end()
        return hasher.hexdigest() == digest


@dataclass(slots=True, kw_only=True)
class _Arriving:
    """A temporary file that is being filled."""

    layout: StoreLayout
    name: str = ""
    descriptor: int = -1
    hasher: "_Hash" = field(default_factory=hashlib.sha256)
    size: int = 0
    head: bytes = b""

    def begin(self) -> None:
        with storage_errors():
            self.name, self.descriptor = self.layout.new_temporary()

    def write(self, batch: bytes) -> None:
        if len(self.head) < HEAD_BYTES:
            self.head += batch[: HEAD_BYTES - len(self.head)]
        self.hasher.update(batch)
        self.size += len(batch)
        with storage_errors():
            self.layout.disk.write(self.descriptor, [batch])

    def flush(self) -> None:
        with storage_errors():
            self.layout.disk.flush(self.descriptor)

    def place(self, account: AccountId, digest: Digest) -> None:
        self.layout.stamp(self.descriptor)
        self.layout.disk.fsync(self.descriptor)
        self.layout.place(self.name, account, digest)
        self.name = ""

    def end(self) -> None:
        """Close the file, and delete it unless it was placed."""
        if self.descriptor >= 0:
            os.close(self.descriptor)
        if self.name:
            with storage_errors():
                self.layout.drop(self.name)


@dataclass(slots=True, kw_only=True)
class _Reading:
    """A blob that is being read, opened by the first read; `stop` None is its end."""

    disk: Disk
    path: Path
    offset: int = 0
    stop: int | None = None
    descriptor: int = -1

    def next_chunk(self) -> bytes:
        """Return the next bytes, or none at the end."""
        with storage_errors(ASK_THE_DOCTOR):
            if self.descriptor < 0:
                self._begin()
            wanted = READ_BYTES if self.stop is None else min(READ_BYTES, self.stop - self.offset)
            chunk = self.disk.read(self.descriptor, wanted, self.offset) if wanted > 0 else b""
        if not chunk and wanted > 0 and self.stop is not None:
            raise missing(self.path.name)
        self.offset += len(chunk)
        return chunk

    def end(self) -> None:
        if self.descriptor >= 0:
            os.close(self.descriptor)

    def _begin(self) -> None:
        try:
            self.descriptor = self.disk.open_for_reading(self.path)
        except FileNotFoundError:
            raise missing(self.path.name) from None


def _stat_many(paths: Sequence[Path]) -> list[BlobStatus]:
    found: list[BlobStatus] = []
    for path in paths:
        try:
            found.append(_status(path.lstat()))
        except FileNotFoundError:
            found.append(BlobStatus())
        except OSError as error:
            found.append(BlobStatus(reason=errno.errorcode.get(error.errno or 0, "unknown")))
    return found


def _status(facts: os.stat_result) -> BlobStatus:
    """Return what a name stands for; the reason is that of opening it, where that is no file."""
    if stat.S_ISREG(facts.st_mode):
        return BlobStatus(size=facts.st_size)
    if stat.S_ISDIR(facts.st_mode):
        return BlobStatus(reason="EISDIR")
    return BlobStatus(reason="ELOOP" if stat.S_ISLNK(facts.st_mode) else "EINVAL")


def _read_many(disk: Disk, places: Sequence[tuple[Path, int]]) -> list[bytes | None]:
    found: list[bytes | None] = []
    for path, size in places:
        with storage_errors(ASK_THE_DOCTOR):
            try:
                descriptor = disk.open_for_reading(path)
            except FileNotFoundError:
                found.append(None)
                continue
            try:
                data = disk.read(descriptor, size + 1, 0)
            finally:
                os.close(descriptor)
        found.append(data if len(data) == size else None)
    return found


async def _rejoined(first: bytes, rest: AsyncIterator[bytes]) -> AsyncIterator[bytes]:
    yield first
    async for batch in rest:
        yield batch
