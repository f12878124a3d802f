"""CRC-32 of blobs, which zip archives ask for: reckoned the first time that bytes go into one, then kept.

Not at intake: there it would cost as much again as the SHA-256, for every file, though few are ever exported
(docs/adr/0014).
"""

import asyncio
import zlib
from collections.abc import Iterator, Mapping, Sequence
from contextlib import aclosing

from satchel.actions.context import Context
from satchel.db import blobs as rows
from satchel.model.digest import Digest
from satchel.model.errors import BlobMissing
from satchel.model.ids import AccountId

SMALL_BYTES = 512 * 1024
"""Blobs up to this are read whole, many in one call."""

GROUP_BYTES = 1024 * 1024
"""The most that is read in one call."""

_GROUP = 256


async def crcs(context: Context, account: AccountId, sizes: Mapping[Digest, int]) -> dict[Digest, int]:
    """Return the CRC-32 of blobs of these sizes; those that are gone, or whose bytes are, are left out."""
    async with context.database.read() as tx:
        known = await rows.crcs(tx, account, list(sizes))
    found = {digest: crc for digest, crc in known.items() if crc is not None}
    wanted = [(digest, sizes[digest]) for digest, crc in known.items() if crc is None]
    reckoned: dict[Digest, int] = {}
    for group in grouped([blob for blob in wanted if blob[1] <= SMALL_BYTES]):
        read = await context.blobs.read_many(account, group)
        made = await asyncio.to_thread(_of_all, read)
        reckoned |= {digest: crc for (digest, _), crc in zip(group, made, strict=True) if crc is not None}
    for digest, size in wanted:
        if size > SMALL_BYTES and (crc := await _of_large(context, account, digest, size)) is not None:
            reckoned[digest] = crc
    if reckoned:
        async with context.database.write() as tx:
            await rows.note_crcs(tx, account, reckoned)
    return found | reckoned


def grouped(blobs: Sequence[tuple[Digest, int]]) -> Iterator[list[tuple[Digest, int]]]:
    """Give small blobs in groups that are read in one call each."""
    group: list[tuple[Digest, int]] = []
    total = 0
    for blob in blobs:
        if group and (total + blob[1] > GROUP_BYTES or len(group) >= _GROUP):
            yield group
            group, total = [], 0
        group.append(blob)
        total += blob[1]
    if group:
        yield group


def _of_all(read: Sequence[bytes | None]) -> list[int | None]:
    return [None if data is None else zlib.crc32(data) for data in read]


async def _of_large(context: Context, account: AccountId, digest: Digest, size: int) -> int | None:
    crc = 0
    try:
        async with aclosing(context.blobs.open(account, digest, 0, size)) as chunks:
            async for chunk in chunks:
                crc = await asyncio.to_thread(zlib.crc32, chunk, crc)
    except BlobMissing:
        return None
    return crc
