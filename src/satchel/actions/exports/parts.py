"""Archives as they go out: bytes made here and bytes of the store, in order, read ahead of who takes them.

Small blobs are read many in one call and sent in chunks of a mebibyte; large ones stream.
"""

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import aclosing
from dataclasses import dataclass

from satchel.actions.context import Context
from satchel.actions.files.checksums import GROUP_BYTES, SMALL_BYTES
from satchel.blobs import threads
from satchel.blobs.store import READ_BYTES
from satchel.model.digest import Digest
from satchel.model.errors import BlobMissing
from satchel.model.ids import AccountId

MOST_PARTS = 512


@dataclass(frozen=True, slots=True, kw_only=True)
class BlobPart:
    """Bytes of a blob of `size` bytes, from `start` up to but without `stop`."""

    digest: Digest
    size: int
    start: int
    stop: int


Part = bytes | BlobPart
"""A piece of an archive."""


async def chunks_of(context: Context, account: AccountId, parts: AsyncIterator[Part]) -> AsyncGenerator[bytes]:
    """Give the bytes of parts; while one group of small ones is taken, the next one is being read.

    Raises:
        BlobMissing: the store lacks bytes that a part names; what was given before is no whole archive.
    """
    async with aclosing(_read(context, account, parts)) as groups:
        coming = asyncio.ensure_future(anext(groups, None))
        try:
            while (group := await coming) is not None:
                coming = asyncio.ensure_future(anext(groups, None))
                if isinstance(group, bytes):
                    for at in range(0, len(group), READ_BYTES):
                        yield group[at : at + READ_BYTES]
                    continue
                async with aclosing(context.blobs.open(account, group.digest, group.start, group.stop)) as chunks:
                    async for chunk in chunks:
                        yield chunk
        finally:
            coming.cancel()
            await threads.settle(coming)


async def _read(context: Context, account: AccountId, parts: AsyncIterator[Part]) -> AsyncGenerator[bytes | BlobPart]:
    """Give the bytes of small parts, many in one piece, and large blobs as they are."""
    async for group in _groups(parts):
        yield group if isinstance(group, BlobPart) else await _bytes_of(context, account, group)


async def _groups(parts: AsyncIterator[Part]) -> AsyncGenerator[list[Part] | BlobPart]:
    """Give runs of small parts that are read together, and large blobs by themselves."""
    group: list[Part] = []
    total = 0
    async for part in parts:
        size = len(part) if isinstance(part, bytes) else part.stop - part.start
        is_large = isinstance(part, BlobPart) and part.size > SMALL_BYTES
        if group and (is_large or total + size > GROUP_BYTES or len(group) >= MOST_PARTS):
            yield group
            group, total = [], 0
        if isinstance(part, BlobPart) and is_large:
            yield part
            continue
        group.append(part)
        total += size
    if group:
        yield group


async def _bytes_of(context: Context, account: AccountId, group: list[Part]) -> bytes:
    blobs = [part for part in group if isinstance(part, BlobPart)]
    read = iter(await context.blobs.read_many(account, [(blob.digest, blob.size) for blob in blobs]))
    found: list[bytes] = []
    for part in group:
        if isinstance(part, bytes):
            found.append(part)
            continue
        data = next(read)
        if data is None:
            raise BlobMissing(f"The bytes {part.digest[:12]}… are missing from the store. Run `satchel doctor`.")
        found.append(data[part.start : part.stop])
    return b"".join(found)
