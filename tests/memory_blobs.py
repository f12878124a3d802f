"""A store in memory, for tests of what stands above it; it passes the same contract suite as the real ones."""

import hashlib
from collections.abc import AsyncGenerator, AsyncIterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from satchel.blobs.store import (
    HEAD_BYTES,
    READ_BYTES,
    Admit,
    BlobStatus,
    Checksum,
    Leftover,
    LeftoverKind,
    Partial,
    Received,
    Stored,
)
from satchel.model.clock import Clock
from satchel.model.digest import Digest, parse_digest
from satchel.model.errors import BlobMissing, Busy, ChecksumMismatch, Conflict, InvalidRequest, TooLarge
from satchel.model.ids import AccountId


class MemoryBlobs:
    """Keeps blobs and partials in dictionaries of one process."""

    def __init__(self, *, clock: Clock) -> None:
        self._clock = clock
        self._blobs: dict[tuple[AccountId, Digest], _Bytes] = {}
        self._partials: dict[Partial, _PartialBytes] = {}

    async def receive(
        self, account: AccountId, chunks: AsyncIterator[bytes], *, max_bytes: int, admit: Admit | None = None
    ) -> Received:
        """Store a body; see `BlobStore.receive`."""
        body = bytearray()
        async for chunk in chunks:
            body += chunk
            if len(body) > max_bytes:
                raise TooLarge("The file", max_bytes)
        return self._store(account, bytes(body), admit)

    async def open(
        self, account: AccountId, digest: Digest, start: int = 0, stop: int | None = None
    ) -> AsyncGenerator[bytes, None]:
        """Give a blob's bytes; see `BlobStore.open`."""
        data = self._found(account, digest).data
        end = len(data) if stop is None else stop
        for offset in range(start, end, READ_BYTES):
            chunk = data[offset : min(offset + READ_BYTES, end)]
            if len(chunk) < min(READ_BYTES, end - offset):
                raise _missing(digest)
            yield chunk

    async def read_many(self, account: AccountId, blobs: Sequence[tuple[Digest, int]]) -> list[bytes | None]:
        """Return the bytes of many blobs; see `BlobStore.read_many`."""
        kept = [(self._blobs.get(_key(account, digest)), size) for digest, size in blobs]
        return [blob.data if blob is not None and len(blob.data) == size else None for blob, size in kept]

    async def size(self, account: AccountId, digest: Digest) -> int | None:
        """Return a blob's size, or None if there is none."""
        blob = self._blobs.get(_key(account, digest))
        return None if blob is None else len(blob.data)

    async def stat_many(self, account: AccountId, digests: Sequence[Digest]) -> list[BlobStatus]:
        """Return the sizes of many blobs; see `BlobStore.stat_many`."""
        return [BlobStatus(size=await self.size(account, digest)) for digest in digests]

    async def delete(self, account: AccountId, digest: Digest, *, older_than: datetime) -> bool:
        """Delete a blob unless its bytes are too young; see `BlobStore.delete`."""
        key = _key(account, digest)
        blob = self._blobs.get(key)
        if blob is not None and blob.modified_at >= older_than:
            return False
        self._blobs.pop(key, None)
        return True

    async def list(
        self, account: AccountId | None = None, *, after: tuple[AccountId, str] | None = None
    ) -> AsyncIterator[Stored]:
        """Yield every blob (of one account), by account and digest."""
        for (owner, digest), blob in sorted(self._blobs.items()):
            if account in (None, owner) and (after is None or (owner, digest) > after):
                yield Stored(account=owner, digest=digest, size=len(blob.data), modified_at=blob.modified_at)

    async def leftovers(self) -> AsyncIterator[Leftover]:
        """Give the partials; bodies that fail leave nothing here."""
        for partial, kept in list(self._partials.items()):
            yield Leftover(
                name=repr(partial),
                kind=LeftoverKind.PARTIAL,
                size=len(kept.data),
                modified_at=kept.modified_at,
                partial=partial,
            )

    async def discard_leftover(self, leftover: Leftover, *, older_than: datetime) -> bool:
        """Delete a partial; see `BlobStore.discard_leftover`."""
        if leftover.partial is None:
            return False
        kept = self._partials.get(leftover.partial)
        if kept is not None and (kept.is_busy or kept.modified_at >= older_than):
            return False
        self._partials.pop(leftover.partial, None)
        return True

    async def verify(self, account: AccountId, digest: Digest) -> bool:
        """Compare a blob's bytes with its digest."""
        return hashlib.sha256(self._found(account, digest).data).hexdigest() == digest

    async def free_bytes(self) -> int | None:
        """Return None: nobody counts."""
        return None

    async def create_partial(self, partial: Partial) -> None:
        """Make an empty partial; see `ResumableStore.create_partial`."""
        if min(partial.account, partial.upload) < 1 or partial.attempt < 0:
            raise InvalidRequest("An upload in pieces is named by positive integers.")
        self._partials.setdefault(partial, _PartialBytes(modified_at=self._clock()))

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
        kept = self._partial(partial)
        if kept.is_finished:
            raise Conflict(f"Upload {partial.upload} is complete; nothing can be added to it.")
        if offset != len(kept.data):
            raise Conflict(
                f"Upload {partial.upload} holds {len(kept.data)} bytes; the piece must begin there, not at {offset}.",
                offset=len(kept.data),
            )
        kept.is_busy = True
        piece = bytearray()
        try:
            await _gather(piece, chunks, offset, max_bytes)
        except BaseException:
            if checksum is None:
                kept.data += piece
            raise
        finally:
            kept.is_busy = False
            kept.modified_at = self._clock()
        _check(piece, checksum, offset)
        kept.data += piece
        return len(kept.data)

    async def partial_size(self, partial: Partial) -> int | None:
        """Return a partial's size, or None; see `ResumableStore.partial_size`."""
        return len(self._partial(partial).data) if partial in self._partials else None

    async def finish_partial(self, partial: Partial, *, admit: Admit | None = None) -> Received:
        """Make the partial a blob; see `ResumableStore.finish_partial`."""
        kept = self._partial(partial)
        received = self._store(partial.account, bytes(kept.data), admit)
        kept.is_finished = True
        return received

    async def discard_partial(self, partial: Partial) -> None:
        """Delete a partial, if there is one."""
        self._partials.pop(partial, None)

    def _store(self, account: AccountId, body: bytes, admit: Admit | None) -> Received:
        digest = Digest(hashlib.sha256(body).hexdigest())
        received = Received(digest=digest, size=len(body), head=body[:HEAD_BYTES])
        key = _key(account, digest)
        if admit is not None:
            admit(received)
        self._blobs[key] = _Bytes(data=body, modified_at=self._clock())
        return received

    def _found(self, account: AccountId, digest: Digest) -> "_Bytes":
        try:
            return self._blobs[_key(account, digest)]
        except KeyError:
            raise _missing(digest) from None

    def _partial(self, partial: Partial) -> "_PartialBytes":
        try:
            kept = self._partials[partial]
        except KeyError:
            raise _missing(f"of upload {partial.upload}") from None
        if kept.is_busy:
            raise Busy(f"Upload {partial.upload} is being written by another request.")
        return kept


@dataclass(frozen=True, slots=True, kw_only=True)
class _Bytes:
    data: bytes
    modified_at: datetime


@dataclass(slots=True, kw_only=True)
class _PartialBytes:
    modified_at: datetime
    data: bytearray = field(default_factory=bytearray)
    is_busy: bool = False
    is_finished: bool = False


async def _gather(piece: bytearray, chunks: AsyncIterator[bytes], offset: int, max_bytes: int) -> None:
    """Add the chunks to `piece`, which is emptied when they are too many."""
    async for chunk in chunks:
        piece += chunk
        if offset + len(piece) > max_bytes:
            piece.clear()
            raise TooLarge("The file", max_bytes)


def _check(piece: bytearray, checksum: Checksum | None, offset: int) -> None:
    if checksum is None:
        return
    if hashlib.new(checksum.algorithm, piece, usedforsecurity=False).digest() != checksum.digest:
        raise ChecksumMismatch(
            f"The piece does not have the {checksum.algorithm} that came with it. Send it again.", offset=offset
        )


def _key(account: AccountId, digest: Digest) -> tuple[AccountId, Digest]:
    if account < 1:
        raise InvalidRequest("An account's number is a positive integer.")
    return account, parse_digest(digest)


def _missing(what: str) -> BlobMissing:
    return BlobMissing(f"The bytes {what[:24]} are missing from the store.")
