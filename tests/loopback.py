"""A file system of a test's own, in a file: one whose power can be cut."""

import fcntl
import os
import shutil
import struct
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

FS_IOC_SHUTDOWN = 0x8004587D
"""Of the kernel's `include/uapi/linux/fs.h` (ext4 and XFS): the file system ends as in a power cut."""

NO_LOG_FLUSH = 2
"""Nothing that only memory has reaches the disk, the journal included."""


class LoopDisk:
    """An ext4 in a file, mounted over a folder."""

    def __init__(self, image: Path, folder: Path) -> None:
        self.image = image
        self.folder = folder

    def mount(self) -> None:
        """Mount it; its journal is replayed where that is needed."""
        _run("mount", "-o", "loop", str(self.image), str(self.folder))

    def unmount(self) -> None:
        """Unmount it; what used it must have ended."""
        _run("umount", str(self.folder))

    def remount_read_only(self) -> None:
        """Refuse every change from now on, as after an error."""
        _run("mount", "-o", "remount,ro", str(self.folder))

    def cut_power(self) -> None:
        """Lose everything that was not flushed, and fail whatever comes after."""
        descriptor = os.open(self.folder, os.O_RDONLY)
        try:
            fcntl.ioctl(descriptor, FS_IOC_SHUTDOWN, struct.pack("I", NO_LOG_FLUSH))
        finally:
            os.close(descriptor)


@contextmanager
def loop_disk(image: Path, folder: Path, *, megabytes: int) -> Iterator[LoopDisk]:
    """Mount a new ext4 over a folder, or skip the test and say why that cannot be done here."""
    if os.geteuid() != 0:
        pytest.skip("only root may mount a file system in a file (a loop device) and cut its power")
    if shutil.which("mkfs.ext4") is None:
        pytest.skip("mkfs.ext4 (e2fsprogs) makes the file system whose power is cut, and is not installed")
    with image.open("wb") as file:
        file.truncate(megabytes * 1024 * 1024)
    _run("mkfs.ext4", "-q", "-F", str(image))
    disk = LoopDisk(image, folder)
    try:
        disk.mount()
    except subprocess.CalledProcessError as error:
        pytest.skip(f"loop mounts are not allowed here, as in most containers: {error.stderr.strip()}")
    try:
        yield disk
    finally:
        if os.path.ismount(folder):  # mounts of loop devices, too
            disk.unmount()


def _run(*command: str) -> None:
    subprocess.run(command, capture_output=True, text=True, check=True)
