"""The directories of a local store: `<root>/<account>/<ab>/<digest>`, `<root>/incoming/` and `<root>/store-id`.

All of it blocks and runs in threads. Directories are 0700, files 0600, unless a web server in the store's group sends
them (0750 and 0640); a name consists only of an account's number and
a digest, both checked here, or of our own random digits, so that no user's text ever becomes a path. A blob is
named and deleted under a lock on its directory (flock, which also works between processes).
"""

import errno
import fcntl
import os
import re
from collections.abc import Generator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

from satchel.blobs.disk import Disk
from satchel.blobs.store import Leftover, LeftoverKind, Partial
from satchel.model.clock import Clock
from satchel.model.digest import Digest, parse_digest
from satchel.model.errors import BlobMissing, DiskFull, InvalidRequest, Unavailable
from satchel.model.ids import AccountId, Entropy

INCOMING = "incoming"

STORE_ID = "store-id"
"""The file with the identity of the store (`satchel.blobs.identity`)."""

MARK = ".mark"
"""The suffix of the file beside a partial that holds its valid length (`satchel.blobs.partials`)."""

ACCOUNT_NAME = re.compile(r"[1-9][0-9]{0,18}")
TEMPORARY_NAME = re.compile(r"t-[0-9a-f]{32}")
PARTIAL_NAME = re.compile(r"p-([0-9]{1,19})-([0-9]{1,19})-([0-9]{1,19})(\.mark)?")

_FULL = frozenset({errno.ENOSPC, errno.EDQUOT})


SEND_AGAIN = "nothing was recorded. Send the file again."
ASK_THE_DOCTOR = "it could not be read. Try again; if it stays so, an administrator should run `satchel doctor`."
CHECK_THE_DISK = "check the disk of the data directory, and how it is mounted."
KEPT = "it was not deleted. The next sweep tries again."
"""What became of it when the storage failed to store, read, examine or delete something, and what to do."""


@contextmanager
def storage_errors(advice: str = SEND_AGAIN) -> Generator[None]:
    """Turn the operating system's errors into ours.

    Args:
        advice: what became of it, and what to do.

    Raises:
        DiskFull: the disk is full.
        Unavailable: the storage failed otherwise.
    """
    try:
        yield
    except OSError as error:
        if error.errno in _FULL:
            raise DiskFull from error
        reason = errno.errorcode.get(error.errno or 0, "unknown")
        raise Unavailable(f"The server's storage failed ({reason}); {advice}") from error


def missing(digest: str) -> BlobMissing:
    """Return the error for missing bytes."""
    return BlobMissing(
        f"The bytes {digest[:12]}… are missing from the store. An administrator should run `satchel doctor`."
    )


class StoreLayout:
    """The directories of one store, and the atomic steps in them."""

    def __init__(
        self, root: Path, *, clock: Clock, disk: Disk, entropy: Entropy, is_read_by_group: bool = False
    ) -> None:
        self.root = root
        self.clock = clock
        self.disk = disk
        self.entropy = entropy
        self.file_mode = 0o640 if is_read_by_group else 0o600
        self._directory_mode = 0o750 if is_read_by_group else 0o700
        self._durable: set[Path] = set()  # directories whose own entry this process has made durable

    def prepare(self) -> None:
        """Create the directories of every store; existing ones stay unchanged."""
        with storage_errors():
            self.root.mkdir(mode=self._directory_mode, parents=True, exist_ok=True)
            self._make_directory(self.root / INCOMING)

    def path(self, account: AccountId, digest: Digest) -> Path:
        """Return the path of a blob, whether or not it exists.

        Raises:
            InvalidRequest: the account or the digest is malformed.
        """
        checked = parse_digest(digest)
        return self.root.joinpath(account_name(account), checked[:2], checked)

    @contextmanager
    def incoming(self) -> Generator[int]:
        """Open the directory of incoming files."""
        with self._directory(self.root / INCOMING) as descriptor:
            yield descriptor

    def new_temporary(self) -> tuple[str, int]:
        """Create a file for a body, locked while it is open; return its name and descriptor."""
        name = f"t-{self.entropy(16).hex()}"
        with self.incoming() as directory:
            descriptor = self.disk.create(name, directory=directory, mode=self.file_mode)
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        return name, descriptor

    def stamp(self, descriptor: int) -> None:
        """Set the file's modification time to now."""
        now = int(self.clock().timestamp() * 1_000_000) * 1_000
        os.utime(descriptor, ns=(now, now))

    def place(self, name: str, account: AccountId, digest: Digest) -> None:
        """Give a durable file in `incoming` its blob's name, replacing an older one, and make the name durable."""
        target = self.path(account, digest)
        self._make_directory(target.parent.parent)
        self._make_directory(target.parent)
        with self.incoming() as incoming, self._directory(target.parent) as shard:
            with _locked(shard):
                self.disk.rename(name, target.name, directory=incoming, new_directory=shard)
            self.disk.fsync(shard)

    def drop(self, name: str) -> None:
        """Delete a name in `incoming`, if it exists."""
        with self.incoming() as directory:
            self.disk.unlink(name, directory=directory)

    def delete(self, account: AccountId, digest: Digest, older_than: datetime) -> bool:
        """Delete a blob unless its bytes arrived at or after `older_than`; return whether it is gone."""
        target = self.path(account, digest)
        try:
            with self._directory(target.parent) as shard, _locked(shard):
                facts = os.stat(target.name, dir_fd=shard, follow_symlinks=False)
                if modified_at(facts) >= older_than:
                    return False
                self.disk.unlink(target.name, directory=shard)
                self.disk.fsync(shard)
        except FileNotFoundError:
            pass
        return True

    def discard(self, leftover: Leftover, older_than: datetime) -> bool:
        """Delete a leftover of ours unless it is in use or younger; return whether it is gone."""
        if leftover.kind is LeftoverKind.STRAY:
            return False
        name = leftover.name.removeprefix(f"{INCOMING}/")
        if not (TEMPORARY_NAME.fullmatch(name) or PARTIAL_NAME.fullmatch(name)):
            return False
        with self.incoming() as directory:
            try:
                descriptor = self.disk.open_for_reading(name, directory=directory)
            except FileNotFoundError:
                return True
            try:
                fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
                if modified_at(os.fstat(descriptor)) >= older_than:
                    return False
                self.disk.unlink(name, directory=directory)
                self.disk.unlink(name + MARK, directory=directory)
            except BlockingIOError:
                return False
            finally:
                os.close(descriptor)
        return True

    def _make_directory(self, path: Path) -> None:
        """Create a directory and make its entry durable, once per process: another may have died between the two."""
        if path in self._durable:
            return
        path.mkdir(mode=self._directory_mode, exist_ok=True)
        self.make_durable(path.parent)
        self._durable.add(path)

    def make_durable(self, directory: Path) -> None:
        """Make the names in a directory durable."""
        with self._directory(directory) as descriptor:
            self.disk.fsync(descriptor)

    @contextmanager
    def _directory(self, path: Path) -> Generator[int]:
        descriptor = self.disk.open_directory(path)
        try:
            yield descriptor
        finally:
            os.close(descriptor)


def account_name(account: AccountId) -> str:
    """Return the name of an account's directory.

    Raises:
        InvalidRequest: the number is not valid for an account.
    """
    name = str(int(account))
    if not ACCOUNT_NAME.fullmatch(name):
        raise InvalidRequest("An account's number is a positive integer.")
    return name


def partial_name(partial: Partial) -> str:
    """Return the name of a partial in `incoming`.

    Raises:
        InvalidRequest: one of its numbers is not valid.
    """
    name = f"p-{int(partial.account)}-{int(partial.upload)}-{int(partial.attempt)}"
    if not PARTIAL_NAME.fullmatch(name):
        raise InvalidRequest("An upload in pieces is named by positive integers.")
    return name


@contextmanager
def _locked(directory: int) -> Generator[None]:
    fcntl.flock(directory, fcntl.LOCK_EX)
    try:
        yield
    finally:
        fcntl.flock(directory, fcntl.LOCK_UN)


def modified_at(facts: os.stat_result) -> datetime:
    """Return when a file was last written, to the microsecond."""
    return datetime.fromtimestamp(facts.st_mtime_ns // 1_000 / 1_000_000, UTC)
