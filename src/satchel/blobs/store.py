"""The blob store's contract: immutable bytes, named by account and SHA-256.

Every implementation passes `tests/contracts/blob_store.py`. The core is `BlobStore`; what only some stores can do is a
further protocol (`ResumableStore`, `PathStore`) that callers ask for with `isinstance`.

The invariant: a name that exists holds whole, durable bytes with that digest. A crash leaves bytes that nothing names,
never a name without its bytes.

How the sweep and an arriving file share a digest. The rows belong to the database, which marks, locks and waits; the
store adds one rule, so that the two need no common lock: bytes are as old as the last `receive` that brought them (a
blob that exists already is put in place anew), and `delete` takes away nothing younger than its `older_than`, comparing
and deleting as one step. So a sweep deletes the row, commits, then calls `delete` with the end of its grace time; an
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
"""How many first bytes of a file are handed back for finding its media type."""

BATCH_BYTES = 512 * 1024
"""Bodies below this are stored in one thread call; larger ones are hashed and written in batches of it."""

READ_BYTES = 1024 * 1024
"""The size of the chunks that `open` gives; measured: 64 KiB chunks cost three times the CPU."""


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
"""What `receive` asks before the bytes get their name; raising refuses them and leaves nothing behind."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Stored:
    """One blob as the store lists it; `modified_at` is when its bytes last arrived."""

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
        attempt: tells apart the tries of one ticket; the pieces of one try share it.
    """

    account: AccountId
    upload: UploadId
    attempt: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Checksum:
    """What a piece must hash to before it counts.

    Attributes:
        algorithm: one of `CHECKSUM_ALGORITHMS`.
        digest: the raw bytes.
    """

    algorithm: str
    digest: bytes


CHECKSUM_ALGORITHMS = ("sha256", "sha1", "md5")
"""What tus clients may choose from, in the order in which we offer them."""


class LeftoverKind(StrEnum):
    """What something that is no blob is doing in the store."""

    TEMPORARY = "temporary"
    """A body that was arriving: in progress, or left by a crash."""

    PARTIAL = "partial"
    """A resumable upload that is not finished, or whose finish was not cleared away."""

    STRAY = "stray"
    """A thing that we did not put there; reported, never deleted."""

    UNREADABLE = "unreadable"
    """A directory or file that the server may not read, or that the disk fails to; blobs may be in it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Leftover:
    """Something in the store that is no blob.

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
    """Keeps immutable bytes. Its errors are `DiskFull`, `Unavailable` and those that each method names."""

    async def receive(
        self,
        account: AccountId,
        chunks: AsyncIterator[bytes],
        *,
        max_bytes: int,
        admit: Admit | None = None,
    ) -> Received:
        """Store a body and return its digest; the bytes are durable when this returns.

        Whatever `chunks` raises passes through and leaves nothing behind. The same bytes may be received any number of
        times, also at once; each time makes the blob's bytes new.

        Args:
            account: whose bytes they are.
            chunks: the body; read to its end, or until it passes `max_bytes`, but never closed.
            max_bytes: the most that is taken; the reading stops with the chunk that passes it.
            admit: asked in a worker thread once all bytes are there and before they get their name.

        Raises:
            TooLarge: the body is longer than `max_bytes`; ask for a larger ticket.
            DiskFull: there is no room; nothing was stored.
            Unavailable: the storage failed; send the bytes again.
        """
        ...

    def open(
        self, account: AccountId, digest: Digest, start: int = 0, stop: int | None = None
    ) -> AsyncGenerator[bytes, None]:
        """Give the bytes from `start` up to but without `stop` (None: the end) in chunks of `READ_BYTES` at most.

        The iterator is an async generator: whoever does not read it to its end closes it.

        Raises:
            BlobMissing: while reading, there is no such blob, or it ends before `stop`.
        """
        ...

    async def read_many(self, account: AccountId, blobs: Sequence[tuple[Digest, int]]) -> list[bytes | None]:
        """Return the whole bytes of small blobs of these sizes, for little more than the price of one.

        None stands for each that is not there or has another size; the caller sees to it that they fit into memory.
        """
        ...

    async def size(self, account: AccountId, digest: Digest) -> int | None:
        """Return how many bytes the blob has, or None if there is none."""
        ...

    async def stat_many(self, account: AccountId, digests: Sequence[Digest]) -> list[BlobStatus]:
        """Return what is known of many blobs without reading them, for little more than the price of one."""
        ...

    async def delete(self, account: AccountId, digest: Digest, *, older_than: datetime) -> bool:
        """Delete the blob if its bytes arrived before `older_than`; return whether it is gone (also: was never there).

        Only call it once no row names the blob, with that committed (see the module's text).
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

        One that is being written just now stays, and strays always stay.
        """
        ...

    async def verify(self, account: AccountId, digest: Digest) -> bool:
        """Read the blob whole and return whether its bytes still have its digest.

        Raises:
            BlobMissing: there is no such blob.
            Unavailable: it cannot be read; the operating system's error is its cause.
        """
        ...

    async def free_bytes(self) -> int | None:
        """Return how many bytes the store has room for, or None if it cannot tell."""
        ...


@runtime_checkable
class ResumableStore(Protocol):
    """A store in which a body can arrive in pieces, over connections and restarts (tus).

    An offset that was returned, by `append_partial` or by `partial_size`, is durable.
    """

    async def create_partial(self, partial: Partial) -> None:
        """Make an empty partial; one that exists stays as it is."""
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

        When `chunks` raises, what came before counts (ask `partial_size`), unless the piece has a checksum: such a
        piece counts whole or not at all. `max_bytes` is the most that the whole partial may hold.

        Raises:
            BlobMissing: there is no such partial.
            Conflict: `offset` is not the partial's size, or the partial is finished already.
            Busy: somebody else is writing to it.
            TooLarge: the piece goes past `max_bytes`; none of it counts.
            ChecksumMismatch: the piece does not have its checksum; none of it counts.
        """
        ...

    async def partial_size(self, partial: Partial) -> int | None:
        """Return how many bytes the partial holds for good, or None if there is none.

        Raises:
            Busy: somebody is writing to it.
        """
        ...

    async def finish_partial(self, partial: Partial, *, admit: Admit | None = None) -> Received:
        """Make the partial's bytes a blob, as `receive` does; may be repeated.

        The partial itself stays until `discard_partial`, so that a crash before the caller has recorded the blob can be
        made good by finishing again.

        Raises:
            BlobMissing: there is no such partial.
            Busy: somebody is writing to it.
        """
        ...

    async def discard_partial(self, partial: Partial) -> None:
        """Delete the partial, if there is one; a blob made of it stays."""
        ...


@runtime_checkable
class PathStore(Protocol):
    """A store whose blobs are files of this machine, so that a web server in front can send them."""

    def path(self, account: AccountId, digest: Digest) -> Path:
        """Return where the blob is, or would be."""
        ...
