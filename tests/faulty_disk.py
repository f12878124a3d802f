"""A disk that fails on purpose, for tests of what the stores and everything above them make of it.

It stands in for `satchel.blobs.disk.Disk` under a real local store, so that the store's own code meets the failure.
"""

import errno
import os
import threading
import time
from collections.abc import Sequence
from dataclasses import dataclass

from satchel.blobs.disk import Disk


class PowerLossError(BaseException):
    """The process ends here, as far as the disk is concerned: nothing that comes after reaches it."""


@dataclass(slots=True, kw_only=True)
class Faults:
    """What goes wrong. A test may change it while the disk is in use.

    Attributes:
        room_bytes: how many bytes can still be written before ENOSPC; None means no end.
        fsync_delay_s: what every fsync and flush takes.
        failing_fsyncs: how many of the next fsyncs and flushes fail with EIO.
        longest_read: the most bytes that one read gives; None means as many as asked for.
        lost_after: how many more steps (create, write, fsync, rename, ...) reach the disk; None means all.
    """

    room_bytes: int | None = None
    fsync_delay_s: float = 0.0
    failing_fsyncs: int = 0
    longest_read: int | None = None
    lost_after: int | None = None


class FaultyDisk(Disk):
    """The machine's file system with `Faults`; may be used from several threads."""

    def __init__(self, faults: Faults | None = None) -> None:
        self.faults = faults or Faults()
        self.steps: list[str] = []
        self.failed_descriptors: set[int] = set()
        self._lock = threading.Lock()

    def create(self, name: str, *, directory: int, mode: int = 0o600) -> int:
        """Create a file, while there is room."""
        self._step("create")
        if self.faults.room_bytes is not None and self.faults.room_bytes <= 0:
            raise OSError(errno.ENOSPC, "no room left, on purpose")
        descriptor = super().create(name, directory=directory, mode=mode)
        self.failed_descriptors.discard(descriptor)
        return descriptor

    def reopen(self, name: str, *, directory: int) -> int:
        """Open a file for writing."""
        self._step("reopen")
        descriptor = super().reopen(name, directory=directory)
        self.failed_descriptors.discard(descriptor)
        return descriptor

    def write(self, descriptor: int, pieces: Sequence[bytes]) -> None:
        """Write as far as there is room."""
        self._step("write")
        data = b"".join(pieces)
        with self._lock:
            room = self.faults.room_bytes
            if room is not None:
                self.faults.room_bytes = max(0, room - len(data))
        if room is not None and len(data) > room:
            os.write(descriptor, data[:room])
            raise OSError(errno.ENOSPC, "no room left, on purpose")
        super().write(descriptor, [data])

    def read(self, descriptor: int, size: int, offset: int) -> bytes:
        """Read, as much as one read gives."""
        longest = self.faults.longest_read
        return super().read(descriptor, size if longest is None else min(size, longest), offset)

    def flush(self, descriptor: int) -> None:
        """Flush, if the disk can."""
        self._step("flush")
        self._slow_and_faulty(descriptor)
        super().flush(descriptor)

    def fsync(self, descriptor: int) -> None:
        """Wait for the disk, if it can."""
        self._step("fsync")
        self._slow_and_faulty(descriptor)
        super().fsync(descriptor)

    def truncate(self, descriptor: int, size: int) -> None:
        """Cut a file."""
        self._step("truncate")
        super().truncate(descriptor, size)

    def rename(self, name: str, new_name: str, *, directory: int, new_directory: int) -> None:
        """Rename a file."""
        self._step("rename")
        super().rename(name, new_name, directory=directory, new_directory=new_directory)

    def link(self, name: str, new_name: str, *, directory: int) -> None:
        """Link a file."""
        self._step("link")
        super().link(name, new_name, directory=directory)

    def unlink(self, name: str, *, directory: int) -> None:
        """Unlink a file."""
        self._step("unlink")
        super().unlink(name, directory=directory)

    def free_bytes(self, path: str | os.PathLike[str]) -> int:
        """Return the room that is left."""
        return super().free_bytes(path) if self.faults.room_bytes is None else self.faults.room_bytes

    def _step(self, name: str) -> None:
        with self._lock:
            if self.faults.lost_after is not None:
                if self.faults.lost_after <= 0:
                    raise PowerLossError(name)
                self.faults.lost_after -= 1
            self.steps.append(name)

    def _slow_and_faulty(self, descriptor: int) -> None:
        if self.faults.fsync_delay_s:
            time.sleep(self.faults.fsync_delay_s)  # the thread of one slow disk, not a test that waits
        with self._lock:
            if descriptor in self.failed_descriptors:
                raise AssertionError("an fsync that failed was tried again on the same descriptor")
            if self.faults.failing_fsyncs > 0:
                self.faults.failing_fsyncs -= 1
                self.failed_descriptors.add(descriptor)
                raise OSError(errno.EIO, "the disk failed, on purpose")
