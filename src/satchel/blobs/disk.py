"""The operating system calls that durability depends on, in one place.

They are a class so that tests can replace it with a disk that fills up, fails, is slow or loses power
(`tests/faulty_disk.py`). All of them block. The caller owns descriptors and names.
"""

import errno
import os
from collections.abc import Sequence

_NEW_FILE = os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC
_OLD_FILE = os.O_RDWR | os.O_NOFOLLOW | os.O_CLOEXEC
_READ = os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC
_DIRECTORY = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC

_MOST_PIECES = 1000
"""Below IOV_MAX (1,024 on Linux), the maximum number of buffers of one writev."""


class Disk:
    """The machine's file system."""

    def create(self, name: str, *, directory: int, mode: int = 0o600) -> int:
        """Open a new file in an open directory; never follows links, never opens an existing file."""
        return os.open(name, _NEW_FILE, mode, dir_fd=directory)

    def reopen(self, name: str, *, directory: int) -> int:
        """Open an existing file for writing."""
        return os.open(name, _OLD_FILE, dir_fd=directory)

    def open_for_reading(self, path: str | os.PathLike[str], *, directory: int | None = None) -> int:
        """Open an existing file for reading."""
        return os.open(path, _READ, dir_fd=directory)

    def open_directory(self, path: str | os.PathLike[str]) -> int:
        """Open an existing directory."""
        return os.open(path, _DIRECTORY)

    def write(self, descriptor: int, pieces: Sequence[bytes]) -> None:
        """Write all pieces, one after the other, in as many calls as needed."""
        for first in range(0, len(pieces), _MOST_PIECES):
            group = pieces[first : first + _MOST_PIECES]
            expected = sum(map(len, group))
            written = os.writev(descriptor, group)
            if written < expected:
                rest = memoryview(b"".join(group))[written:]
                while rest:
                    rest = rest[os.write(descriptor, rest) :]

    def read(self, descriptor: int, size: int, offset: int) -> bytes:
        """Read up to `size` bytes at `offset`."""
        return os.pread(descriptor, size, offset)

    def flush(self, descriptor: int) -> None:
        """Wait until the file's bytes and its length are on the disk."""
        os.fdatasync(descriptor)

    def fsync(self, descriptor: int) -> None:
        """Wait until the file or the directory is on the disk."""
        os.fsync(descriptor)

    def truncate(self, descriptor: int, size: int) -> None:
        """Truncate the file to `size`."""
        os.ftruncate(descriptor, size)

    def rename(self, name: str, new_name: str, *, directory: int, new_directory: int) -> None:
        """Rename a file, replacing an existing one."""
        os.rename(name, new_name, src_dir_fd=directory, dst_dir_fd=new_directory)

    def link(self, name: str, new_name: str, *, directory: int) -> None:
        """Give a file a second name in the same directory."""
        os.link(name, new_name, src_dir_fd=directory, dst_dir_fd=directory, follow_symlinks=False)

    def unlink(self, name: str, *, directory: int) -> None:
        """Remove a name; a missing one is not an error."""
        try:
            os.unlink(name, dir_fd=directory)
        except FileNotFoundError:
            return

    def free_bytes(self, path: str | os.PathLike[str]) -> int:
        """Return how many bytes we may still write to the file system of a path; none where it takes no new file.

        Raises:
            OSError: it cannot be read, or is read-only (EROFS), as after an error of the disk.
        """
        facts = os.statvfs(path)
        if facts.f_flag & os.ST_RDONLY:
            raise OSError(errno.EROFS, os.strerror(errno.EROFS))
        has_no_names_left = facts.f_files > 0 and facts.f_favail == 0  # some count no files, and report 0 of both
        return 0 if has_no_names_left else facts.f_bavail * facts.f_frsize
