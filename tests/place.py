"""Where tests keep databases: in memory, if the machine has enough, since a busy disk takes 0.3 s for a copy of one."""

import os
import shutil
import tempfile
from pathlib import Path

MEMORY = Path("/dev/shm")  # noqa: S108  # each folder in it is a new one of ours
ENOUGH_BYTES = 4 * 1024**3


def new_folder() -> Path:
    """Make a folder that everybody may pass through: as root, the database runs as another user. It is the caller's."""
    made = Path(tempfile.mkdtemp(prefix="satchel-test-", dir=MEMORY if _is_fit(MEMORY) else None))
    made.chmod(0o711)
    return made


def _is_fit(place: Path) -> bool:
    """Return whether a place takes many databases, and programs as well: some tests copy those of the database."""
    if not os.access(place, os.W_OK):
        return False
    return shutil.disk_usage(place).free >= ENOUGH_BYTES and not os.statvfs(place).f_flag & os.ST_NOEXEC
