"""The blob store's contract: immutable bytes, named by account and SHA-256.

Every implementation passes `tests/contracts/blob_store.py`. The core is `BlobStore`; optional capabilities are
further protocols (`ResumableStore`, `PathStore`) that callers check with `isinstance`.

The invariant: every existing name has complete, durable bytes with that digest. A crash leaves unreferenced bytes,
never a name without its bytes.

Sweeping and receiving the same digest. The rows belong to the database, which marks, locks and waits; the
store adds one rule, so that the two need no common lock: the age of bytes is that of the last `receive` of them (an
existing blob is replaced), and `delete` deletes nothing younger than its `older_than`, comparing
and deleting in one step. So a sweep deletes the row, commits, then calls `delete` with the end of its grace time; an
upload of the same bytes that arrived meanwhile keeps them, whichever of the two comes first.
"""

from collections.abc import AsyncGenerator, AsyncIterator, Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from pathlib import Path
from typing import Protocol, runtime_checkable

from satchel.model.digest import Digest
from satchel.model.ids import AccountId, UploadId

HEAD_BYTES = 8 * 1024
"""How many first bytes of a file are returned to determine its media type."""

BATCH_BYTES = 512 * 1024
"""Bodies below this are stored in one thread call; larger ones are hashed and written in batches of it."""

READ_BYTES = 1024 * 1024
"""The size of the chunks of `open`; measured: 64 KiB chunks need three times the CPU time."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Received:
    """Bytes that are in the store.

    Attributes:
        head: the first `HEAD_BYTES` bytes, or all of a smaller file.
    """

    digest: Digest
    size: int
    head: bytes


Admit = Callable[[Received], None]
"""Called by `receive` before the bytes get their name; raising refuses them and leaves nothing behind."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Stored:
    """A listed blob; `modified_at` is when its bytes last arrived."""

    account: AccountId
    digest: Digest
    size: int
    modified_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class BlobStatus:
    """What a store says of a blob that it has not read.

    Attributes:
        size: in bytes; None where there is none, or where that cannot be found out.
        reason: the operating system's word for why it cannot be found out, such as EACCES.
    """

    size: int | None = None
    reason: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Partial:
    """The name of an upload that arrives in pieces.

    Attributes:
        attempt: distinguishes the attempts of one ticket; the pieces of one attempt share it.
    """

    account: AccountId
    upload: UploadId
    attempt: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Checksum:
    """The required checksum of a piece.

    Attributes:
        algorithm: one of `CHECKSUM_ALGORITHMS`.
        digest: the raw bytes.
    """

    algorithm: str
    digest: bytes


CHECKSUM_ALGORITHMS = ("sha256", "sha1", "md5")
"""The algorithms for tus clients, in order of preference."""


class LeftoverKind(StrEnum):
    """The kinds of things in the store that are not blobs."""

    TEMPORARY = "temporary"
    """A body that is being received, or was left by a crash."""

    PARTIAL = "partial"
    """A resumable upload that is unfinished, or was not deleted after it was finished."""

    STRAY = "stray"
    """A foreign file; reported, never deleted."""

    UNREADABLE = "unreadable"
    """A directory or file that the server may not read, or that the disk fails to; blobs may be in it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Leftover:
    """Something in the store that is not a blob.

    Attributes:
        name: opaque; for `discard_leftover` and for reports.
        modified_at: when it was last written; the epoch where that cannot be read.
        partial: whose it is, when it is a partial.
        reason: the operating system's word for why it cannot be read, such as EACCES.
    """

    name: str
    kind: LeftoverKind
    size: int
    modified_at: datetime
    partial: Partial | None = None
    reason: str | None = None


@runtime_checkable
class BlobStore(Protocol):
    """Stores immutable bytes. Its errors are `DiskFull`, `Unavailable` and those that each method documents."""

    async def receive(
        self,
        account: AccountId,
        chunks: AsyncIterator[bytes],
        *,
        max_bytes: int,
        admit: Admit | None = None,
    ) -> Received:
        """Store a body and return its digest; the bytes are durable when this returns.

        Errors of `chunks` pass through and leave nothing behind. The same bytes may be received any number of
        times, also concurrently; each time renews the blob's age.

        Args:
            account: the owner of the bytes.
            chunks: the body; read to its end, or until it exceeds `max_bytes`, but never closed.
            max_bytes: the maximum size; reading stops at the chunk that exceeds it.
            admit: called in a worker thread after all bytes were received and before they get their name.

        Raises:
            TooLarge: the body is longer than `max_bytes`; request a larger ticket.
            DiskFull: the disk is full; nothing was stored.
            Unavailable: the storage failed; send the bytes again.
        """
        ...

    def open(
        self, account: AccountId, digest: Digest, start: int = 0, stop: int | None = None
    ) -> AsyncGenerator[bytes, None]:
        """Yield the bytes from `start` (inclusive) to `stop` (exclusive; None: the end) in chunks of `READ_BYTES`.

        The iterator is an async generator: close it if you do not read it to its end.

        Raises:
            BlobMissing: while reading, there is no such blob, or it ends before `stop`.
        """
        ...

    async def read_many(self, account: AccountId, blobs: Sequence[tuple[Digest, int]]) -> list[bytes | None]:
        """Return the whole bytes of small blobs of these sizes, at little more than the cost of one.

        A missing blob, or one of another size, is None; the caller ensures that they fit into memory.
        """
        ...

    async def size(self, account: AccountId, digest: Digest) -> int | None:
        """Return how many bytes the blob has, or None if there is none."""
        ...

    async def stat_many(self, account: AccountId, digests: Sequence[Digest]) -> list[BlobStatus]:
        """Return what is known of many blobs without reading them, for little more than the price of one."""
        ...

    async def delete(self, account: AccountId, digest: Digest, *, older_than: datetime) -> bool:
        """Delete the blob if its bytes arrived before `older_than`; return whether it is gone (or never existed).

        Only call it after the deletion of the last row that names the blob is committed (see the module's text).
        """
        ...

    def list(
        self, account: AccountId | None = None, *, after: tuple[AccountId, str] | None = None
    ) -> AsyncIterator[Stored]:
        """Yield every blob (of one account), by account and digest; those that come or go meanwhile may be left out.

        Args:
            account: whose; None for everybody's.
            after: an account and a digest; only what comes after them is yielded, so that a listing can be continued.
        """
        ...

    def leftovers(self) -> AsyncIterator[Leftover]:
        """Yield everything in the store that is no blob, and what cannot be read, in no order."""
        ...

    async def discard_leftover(self, leftover: Leftover, *, older_than: datetime) -> bool:
        """Delete a temporary or partial last written before `older_than`; return whether it is gone.

        One that is currently being written stays, and strays always stay.
        """
        ...

    async def verify(self, account: AccountId, digest: Digest) -> bool:
        """Read the whole blob and return whether its bytes still have its digest.

        Raises:
            BlobMissing: there is no such blob.
            Unavailable: it cannot be read; the operating system's error is its cause.
        """
        ...

    async def free_bytes(self) -> int | None:
        """Return how many bytes can still be stored, or None if unknown.

        Raises:
            Unavailable: the storage cannot be read, or takes no changes.
        """
        ...


@runtime_checkable
class ResumableStore(Protocol):
    """A store in which a body can arrive in pieces, over connections and restarts (tus).

    An offset that was returned, by `append_partial` or by `partial_size`, is durable.
    """

    async def create_partial(self, partial: Partial) -> None:
        """Create an empty partial; an existing one stays unchanged."""
        ...

    async def append_partial(
        self,
        partial: Partial,
        offset: int,
        chunks: AsyncIterator[bytes],
        *,
        max_bytes: int,
        checksum: Checksum | None = None,
    ) -> int:
        """Append a piece at `offset`, which must be the partial's size, and return the new size.

        If `chunks` raises, the bytes before are kept (see `partial_size`), unless the piece has a checksum: such a
        piece is kept completely or not at all. `max_bytes` is the maximum size of the whole partial.

        Raises:
            BlobMissing: there is no such partial.
            Conflict: `offset` is not the partial's size, or the partial is already finished.
            Busy: another request is writing to it.
            TooLarge: the piece exceeds `max_bytes`; none of it is kept.
            ChecksumMismatch: the piece does not have its checksum; none of it is kept.
        """
        ...

    async def partial_size(self, partial: Partial) -> int | None:
        """Return the partial's durable size, or None if there is none.

        Raises:
            Busy: a request is writing to it.
        """
        ...

    async def finish_partial(self, partial: Partial, *, admit: Admit | None = None) -> Received:
        """Turn the partial's bytes into a blob, as `receive` does; may be repeated.

        The partial itself stays until `discard_partial`, so that after a crash before the caller has recorded the blob
        it can be finished again.

        Raises:
            BlobMissing: there is no such partial.
            Busy: a request is writing to it.
        """
        ...

    async def discard_partial(self, partial: Partial) -> None:
        """Delete the partial, if there is one; a blob made of it stays."""
        ...


@runtime_checkable
class PathStore(Protocol):
    """A store whose blobs are files of this machine, so that a web server in front can send them."""

    def path(self, account: AccountId, digest: Digest) -> Path:
        """Return the path of the blob, whether or not it exists."""
        ...
