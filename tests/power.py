"""A disk whose power a test cuts: an ext4 file system in a file, shut down as by a power cut (FS_IOC_SHUTDOWN).

What was written and neither fsynced nor yet written back by the kernel is gone afterwards, as is every name that no
commit of the journal holds. Options of the mount keep the kernel from saving by itself what a program forgot to.
"""

import fcntl
import os
import signal
import struct
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import pytest

from embedding import wait_until

IMAGE_BYTES = 3 * 1024**3
"""Of the file, which takes only what is used of it."""

OPTIONS = "loop,commit=300,noauto_da_alloc"
"""The journal waits for an fsync for five minutes, not five seconds; a rename saves no bytes."""

_SHUTDOWN = 0x8004587D
"""FS_IOC_SHUTDOWN of <linux/fs.h>: `_IOR('X', 125, __u32)`."""

_WITHOUT_LOG = 2
"""EXT4_GOING_FLAGS_NOLOGFLUSH: what the journal holds in memory is lost too."""


class PoweredDisk:
    """A mounted file system whose power can be cut.

    Attributes:
        folder: where it is mounted.
    """

    def __init__(self, folder: Path, image: Path) -> None:
        self.folder = folder
        self._image = image

    def mount(self) -> None:
        """Mount it; the journal is replayed first."""
        done = _run("mount", "-o", OPTIONS, str(self._image), str(self.folder))
        assert done.returncode == 0, done.stderr

    def cut(self) -> None:
        """Cut the power: from now on nothing reaches the disk; programs that use it get errors."""
        descriptor = os.open(self.folder, os.O_RDONLY)
        try:
            fcntl.ioctl(descriptor, _SHUTDOWN, struct.pack("I", _WITHOUT_LOG))
        finally:
            os.close(descriptor)

    def unmount(self) -> None:
        """Unmount it, and end the processes of a database that still work in it: nothing outlives a power cut.

        One of them may wait for ever for another that the failing disk has ended.
        """
        wait_until(self._is_unmounted)

    def _is_unmounted(self) -> bool:
        for process in Path("/proc").glob("[0-9]*"):
            with suppress(OSError):  # it has just ended
                if (process / "cwd").readlink().is_relative_to(self.folder):
                    os.kill(int(process.name), signal.SIGKILL)
        return _run("umount", str(self.folder)).returncode == 0


@contextmanager
def powered_disk(folder: Path) -> Iterator[PoweredDisk]:
    """Make and mount a disk in a folder, or skip the test where that is not allowed."""
    if sys.platform != "linux" or os.geteuid() != 0:
        pytest.skip("a file system is mounted, which only root may, and shut down, which is Linux's")
    disk = PoweredDisk(folder / "disk", folder / "disk.ext4")
    disk.folder.mkdir()
    with (folder / "disk.ext4").open("wb") as image:
        image.truncate(IMAGE_BYTES)
    made = _run("mkfs.ext4", "-q", "-E", "lazy_itable_init=0,lazy_journal_init=0", image.name)
    mounted = _run("mount", "-o", OPTIONS, image.name, str(disk.folder))
    if mounted.returncode != 0:
        pytest.skip(f"no ext4 can be mounted from a file, as in many containers: {made.stderr}{mounted.stderr}")
    try:
        yield disk
    finally:
        if disk.folder.is_mount():
            disk.unmount()


def _run(*command: str) -> subprocess.CompletedProcess[str]:
    try:
        return subprocess.run(command, capture_output=True, text=True, check=False, timeout=60)
    except FileNotFoundError as error:
        return subprocess.CompletedProcess(command, 127, "", str(error))
