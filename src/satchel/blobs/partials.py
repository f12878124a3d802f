"""Bodies that arrive in pieces, on a local disk: one file per partial, fsynced before its offset is returned.

The file's length is the offset; nothing else is stored, so nothing can contradict it. Only a piece with a checksum
is written before it is valid: a mark beside the file, durable before the first byte of the piece, holds the
length before it, and the partial is truncated to that when it is opened after a crash.

The SHA-256 of the whole is kept in memory while the process lives, with the state of the file that it is of; after a
restart, or where another process has written to the file or replaced it meanwhile, finishing reads the file again.
"""

import fcntl
import hashlib
import os
from collections import OrderedDict
from collections.abc import AsyncIterator
from contextlib import aclosing
from dataclasses import dataclass
from typing import TYPE_CHECKING

from satchel.blobs import threads
from satchel.blobs.disk import Disk
from satchel.blobs.layout import MARK, StoreLayout, account_name, missing, partial_name, storage_errors
from satchel.blobs.pump import batches, pump
from satchel.blobs.store import HEAD_BYTES, READ_BYTES, Admit, Checksum, Partial, Received
from satchel.model.digest import Digest
from satchel.model.errors import Busy, ChecksumMismatch, Conflict, TooLarge

if TYPE_CHECKING:
    from hashlib import _Hash  # pyright: ignore[reportPrivateUsage]  # the only name that the type has

MOST_CARRIED = 1024
"""How many unfinished uploads have their hash in memory; the others are read again when they finish."""


@dataclass(frozen=True, slots=True)
class _State:
    """What tells a file from itself before or after any write, and from another of the same name and size."""

    inode: int
    size: int
    changed_ns: int


_Carried = tuple[_State, "_Hash"]


class LocalPartials:
    """The part of a local store that receives bodies in pieces."""

    def __init__(self, layout: StoreLayout) -> None:
        self._layout = layout
        self._carried: OrderedDict[Partial, _Carried] = OrderedDict()

    async def create_partial(self, partial: Partial) -> None:
        """Create an empty partial; see `ResumableStore.create_partial`."""
        await threads.run(self._create, partial)

    async def append_partial(
        self,
        partial: Partial,
        offset: int,
        chunks: AsyncIterator[bytes],
        *,
        max_bytes: int,
        checksum: Checksum | None = None,
    ) -> int:
        """Append a piece; see `ResumableStore.append_partial`."""
        piece = _Piece(layout=self._layout, partial=partial, checksum=checksum)
        try:
            await threads.run(piece.begin, offset, self._carried.pop(partial, None))
            try:
                arriving = batches(chunks, max_bytes=max_bytes - offset, limit_bytes=max_bytes, cut_counts=True)
                async with aclosing(arriving) as source:
                    await pump(source, write=piece.write, flush=piece.flush)
            except TooLarge:
                await threads.run(piece.take_back)
                raise
            except BaseException:
                await threads.run(piece.keep_or_take_back)
                raise
            await threads.run(piece.complete)
        finally:
            carried = await threads.run(piece.end)
            if carried is not None:
                self._carry(partial, carried)
        return piece.size

    async def partial_size(self, partial: Partial) -> int | None:
        """Return a partial's durable size, or None; see `ResumableStore.partial_size`."""
        return await threads.run(self._size_of_partial, partial)

    async def finish_partial(self, partial: Partial, *, admit: Admit | None = None) -> Received:
        """Turn the partial into a blob; see `ResumableStore.finish_partial`."""
        return await threads.run(self._finish, partial, admit)

    async def discard_partial(self, partial: Partial) -> None:
        """Delete a partial, if there is one."""
        self._carried.pop(partial, None)
        await threads.run(self._discard, partial)

    def _carry(self, partial: Partial, carried: _Carried) -> None:
        self._carried[partial] = carried
        if len(self._carried) > MOST_CARRIED:
            self._carried.popitem(last=False)

    def _create(self, partial: Partial) -> None:
        account_name(partial.account)
        layout = self._layout
        with storage_errors(), layout.incoming() as directory:
            try:
                descriptor = layout.disk.create(partial_name(partial), directory=directory, mode=layout.file_mode)
            except FileExistsError:
                return
            os.close(descriptor)
            layout.disk.fsync(directory)

    def _size_of_partial(self, partial: Partial) -> int | None:
        piece = _Piece(layout=self._layout, partial=partial)
        try:
            if not piece.open():
                return None
            # A killed process may have written more than it acknowledged; a returned size must be durable.
            piece.flush()
            return piece.size
        finally:
            piece.end()

    def _finish(self, partial: Partial, admit: Admit | None) -> Received:
        piece = _Piece(layout=self._layout, partial=partial)
        try:
            if not piece.open():
                raise missing(partial_name(partial))
            received = piece.describe(self._carried.get(partial))
            if admit is not None:
                admit(received)
            piece.place(received.digest)
        finally:
            piece.end()
        return received

    def _discard(self, partial: Partial) -> None:
        name = partial_name(partial)
        with storage_errors():
            self._layout.drop(name)
            self._layout.drop(name + MARK)


@dataclass(slots=True, kw_only=True)
class _Piece:
    """An open, locked partial and the piece that is being appended to it; every method blocks.

    Attributes:
        base: the durable length before the piece.
        size: the length now.
        hasher: over the whole partial, or None if it is not in memory.
        is_unsure: a flush failed, so written bytes of the piece may not be on the disk.
    """

    layout: StoreLayout
    partial: Partial
    checksum: Checksum | None = None
    descriptor: int = -1
    base: int = 0
    size: int = 0
    hasher: "_Hash | None" = None
    hasher_before: "_Hash | None" = None
    check: "_Hash | None" = None
    is_unsure: bool = False

    @property
    def name(self) -> str:
        return partial_name(self.partial)

    def open(self) -> bool:
        """Open and lock the partial, repaired if a crash left it marked; return whether it exists."""
        with storage_errors(), self.layout.incoming() as directory:
            try:
                self.descriptor = self.layout.disk.reopen(self.name, directory=directory)
            except FileNotFoundError:
                return False
            try:
                fcntl.flock(self.descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                raise Busy(f"Upload {self.partial.upload} is being written by another request.") from None
            self._mend(directory)
            self.base = self.size = os.fstat(self.descriptor).st_size
        return True

    def begin(self, offset: int, carried: _Carried | None) -> None:
        """Prepare to append at `offset`."""
        if not self.open():
            raise missing(self.name)
        if os.fstat(self.descriptor).st_nlink > 1:
            raise Conflict(f"Upload {self.partial.upload} is complete; nothing can be added to it.")
        if offset != self.size:
            raise Conflict(
                f"Upload {self.partial.upload} has {self.size} bytes; the piece must start there, not at {offset}.",
                offset=self.size,
            )
        if offset == 0:
            self.hasher = hashlib.sha256()
        else:
            self.hasher = self._hash_of(carried)
        if self.checksum is not None:
            self.check = hashlib.new(self.checksum.algorithm, usedforsecurity=False)
            self._write_mark()
        self.hasher_before = self.hasher.copy() if self.hasher is not None else None

    def write(self, batch: bytes) -> None:
        with storage_errors():
            os.lseek(self.descriptor, self.size, os.SEEK_SET)
            self.layout.disk.write(self.descriptor, [batch])
        self.size += len(batch)
        if self.hasher is not None:
            self.hasher.update(batch)
        if self.check is not None:
            self.check.update(batch)

    def flush(self) -> None:
        try:
            with storage_errors():
                self.layout.disk.flush(self.descriptor)
        except BaseException:
            self.is_unsure = True
            raise

    def complete(self) -> None:
        """Commit the piece: durable, and with its checksum."""
        if self.checksum is not None and self.check is not None and self.check.digest() != self.checksum.digest:
            self.take_back()
            raise ChecksumMismatch(
                f"The piece does not have the {self.checksum.algorithm} that was sent with it. Send it again.",
                offset=self.base,
            )
        try:
            with storage_errors():
                self.layout.disk.fsync(self.descriptor)
                if self.checksum is not None:
                    self.layout.drop(self.name + MARK)
        except BaseException:
            self.take_back()
            raise

    def keep_or_take_back(self) -> None:
        """Keep the received bytes of an incomplete piece, unless they can no longer be checked."""
        if self.checksum is not None or self.is_unsure:
            self.take_back()
            return
        with storage_errors():
            self.layout.disk.truncate(self.descriptor, self.size)  # drops a partly written batch
        self.complete()

    def take_back(self) -> None:
        """Truncate the partial to its length before the piece.

        A failed fsync is not repeated on its descriptor: the truncation is made durable by a new one. If that fails
        too, the state of the bytes is unknown, and the partial is deleted.
        """
        self.hasher = self.hasher_before
        self.size = self.base
        with storage_errors(), self.layout.incoming() as directory:
            try:
                descriptor = self.layout.disk.reopen(self.name, directory=directory)
                try:
                    self.layout.disk.truncate(descriptor, self.base)
                    self.layout.disk.fsync(descriptor)
                finally:
                    os.close(descriptor)
            except OSError:
                self.layout.disk.unlink(self.name, directory=directory)
                raise
            self.layout.disk.unlink(self.name + MARK, directory=directory)

    def end(self) -> _Carried | None:
        """Close and unlock; return the hash of the whole for the next piece, if there is one."""
        if self.descriptor < 0:
            return None
        state = self._state()
        os.close(self.descriptor)
        self.descriptor = -1
        return (state, self.hasher) if self.hasher is not None and state.size == self.size else None

    def describe(self, carried: _Carried | None) -> Received:
        """Return a description of the whole partial, reading it again unless its hash is in memory."""
        disk = self.layout.disk
        with storage_errors():
            head = _read_exactly(disk, self.descriptor, min(HEAD_BYTES, self.size))
            known = self._hash_of(carried)
            if known is not None:
                return Received(digest=Digest(known.hexdigest()), size=self.size, head=head)
            hasher = hashlib.sha256()
            offset = 0
            while offset < self.size:
                chunk = disk.read(self.descriptor, READ_BYTES, offset)
                if not chunk:
                    raise missing(self.name)
                hasher.update(chunk)
                offset += len(chunk)
        return Received(digest=Digest(hasher.hexdigest()), size=self.size, head=head)

    def place(self, digest: Digest) -> None:
        """Give the bytes their blob's name in addition to the partial's."""
        with storage_errors():
            self.layout.stamp(self.descriptor)
            self.layout.disk.fsync(self.descriptor)
            second = f"t-{self.layout.entropy(16).hex()}"
            with self.layout.incoming() as directory:
                self.layout.disk.link(self.name, second, directory=directory)
            try:
                self.layout.place(second, self.partial.account, digest)
            finally:
                # rename(2) leaves both names if they are already the same file: a repeated finish
                self.layout.drop(second)

    def _state(self) -> _State:
        facts = os.fstat(self.descriptor)
        return _State(inode=facts.st_ino, size=facts.st_size, changed_ns=facts.st_ctime_ns)

    def _hash_of(self, carried: _Carried | None) -> "_Hash | None":
        """Return the hash that was kept, if the file is unchanged since."""
        return carried[1] if carried is not None and carried[0] == self._state() else None

    def _write_mark(self) -> None:
        with storage_errors(), self.layout.incoming() as directory:
            descriptor = self.layout.disk.create(self.name + MARK, directory=directory)
            try:
                self.layout.disk.write(descriptor, [f"{self.base}\n".encode()])
                self.layout.disk.fsync(descriptor)
            finally:
                os.close(descriptor)
            self.layout.disk.fsync(directory)

    def _mend(self, directory: int) -> None:
        """Truncate to the mark's length; an incomplete mark was written before its piece had a byte."""
        try:
            descriptor = self.layout.disk.open_for_reading(self.name + MARK, directory=directory)
        except FileNotFoundError:
            return
        try:
            text = self.layout.disk.read(descriptor, 32, 0)
        finally:
            os.close(descriptor)
        if text.endswith(b"\n") and int(text) < os.fstat(self.descriptor).st_size:
            self.layout.disk.truncate(self.descriptor, int(text))
        self.layout.disk.fsync(self.descriptor)
        self.layout.disk.unlink(self.name + MARK, directory=directory)


def _read_exactly(disk: Disk, descriptor: int, size: int) -> bytes:
    data = b""
    while len(data) < size:
        chunk = disk.read(descriptor, size - len(data), len(data))
        if not chunk:
            break
        data += chunk
    return data
