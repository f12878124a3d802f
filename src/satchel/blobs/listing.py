"""What is in a local store: blobs in their order, and everything else, a directory at a time.

All of it blocks and runs in threads, so that no call may take long: a directory holds one 256th of an account's blobs.
What cannot be read is listed as such and hides nothing else.
"""

import errno
import os
import re
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

from satchel.blobs.layout import (
    ACCOUNT_NAME,
    INCOMING,
    MARK,
    PARTIAL_NAME,
    STORE_ID,
    TEMPORARY_NAME,
    account_name,
    modified_at,
)
from satchel.blobs.store import Leftover, LeftoverKind, Partial, Stored
from satchel.model.digest import Digest
from satchel.model.ids import AccountId, UploadId

_UNKNOWN: Final = datetime.fromtimestamp(0, UTC)
_SHARD_NAME: Final = re.compile(r"[0-9a-f]{2}")
_DIGEST_NAME: Final = re.compile(r"[0-9a-f]{64}")


def accounts(root: Path) -> list[AccountId]:
    """Return the accounts that have a directory, by number; none where the store cannot be read."""
    return sorted(AccountId(int(name)) for name in _readable(root) if ACCOUNT_NAME.fullmatch(name))


def shards(root: Path, account: AccountId) -> list[str]:
    """Return the names of an account's directories, in order; none where they cannot be read."""
    return sorted(name for name in _readable(root / account_name(account)) if _SHARD_NAME.fullmatch(name))


def blobs(root: Path, account: AccountId, shard: str, after: str = "") -> list[Stored]:
    """Return the blobs of one directory beyond a digest, in order; those that cannot be read are left out."""
    directory = root / account_name(account) / shard
    found: list[Stored] = []
    for name in sorted(name for name in _readable(directory) if name > after and _is_blob(shard, name)):
        try:
            facts = (directory / name).lstat()
        except OSError:
            continue
        found.append(Stored(account=account, digest=Digest(name), size=facts.st_size, modified_at=modified_at(facts)))
    return found


def places(root: Path) -> list[str]:
    """Return every directory of a store, as a path below its root: `leftovers` is called for each."""
    found = ["", INCOMING]
    for account in accounts(root):
        top = account_name(account)
        found.append(top)
        found += [f"{top}/{shard}" for shard in shards(root, account)]
    return found


def leftovers(root: Path, place: str) -> list[Leftover]:
    """Return everything in one of a store's directories that is no blob and no directory of the store."""
    directory = root / place
    try:
        names = os.listdir(directory)  # noqa: PTH208  # the names are enough
    except FileNotFoundError:
        return []
    except OSError as error:
        return [_unreadable(place or ".", error)]
    found: list[Leftover] = []
    if not place and STORE_ID in names:
        try:
            (directory / STORE_ID).read_bytes()
        except OSError as error:
            found.append(_unreadable(STORE_ID, error))
    for name in names:
        if not _is_own(place, name, names):
            found += _looked_at(directory, f"{place}/{name}" if place else name, name)
    return found


def _is_own(place: str, name: str, names: Sequence[str]) -> bool:
    """Return whether something in a place belongs there, or is reported with another."""
    if not place:
        return name in (INCOMING, STORE_ID) or ACCOUNT_NAME.fullmatch(name) is not None
    if place == INCOMING:
        return name.endswith(MARK) and name.removesuffix(MARK) in names
    _, _, shard = place.partition("/")
    return _is_blob(shard, name) if shard else _SHARD_NAME.fullmatch(name) is not None


def _looked_at(directory: Path, place: str, name: str) -> Iterator[Leftover]:
    try:
        facts = (directory / name).lstat()
    except FileNotFoundError:
        return
    except OSError as error:
        yield _unreadable(place, error)
        return
    kind, partial = LeftoverKind.STRAY, None
    if directory.name == INCOMING and TEMPORARY_NAME.fullmatch(name):
        kind = LeftoverKind.TEMPORARY
    elif directory.name == INCOMING and (match := PARTIAL_NAME.fullmatch(name)):
        kind = LeftoverKind.PARTIAL
        account, upload, attempt = (int(match[group]) for group in (1, 2, 3))
        partial = Partial(account=AccountId(account), upload=UploadId(upload), attempt=attempt)
    yield Leftover(name=place, kind=kind, size=facts.st_size, modified_at=modified_at(facts), partial=partial)


def _unreadable(place: str, error: OSError) -> Leftover:
    reason = errno.errorcode.get(error.errno or 0, "unknown")
    return Leftover(name=place, kind=LeftoverKind.UNREADABLE, size=0, modified_at=_UNKNOWN, reason=reason)


def _readable(directory: Path) -> list[str]:
    try:
        return os.listdir(directory)  # noqa: PTH208  # the names are enough
    except OSError:
        return []


def _is_blob(shard: str, name: str) -> bool:
    return name.startswith(shard) and _DIGEST_NAME.fullmatch(name) is not None
