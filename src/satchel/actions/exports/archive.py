"""The archive of a frozen export: any range of its bytes, made from the list and the store without the rest."""

from collections.abc import AsyncGenerator, AsyncIterator, Iterator

from satchel.actions.context import Context
from satchel.actions.exports.parts import BlobPart, Part, chunks_of
from satchel.db import exports as rows
from satchel.db.exports import PackedEntry
from satchel.model.errors import Gone
from satchel.model.transfer import zip_layout
from satchel.model.transfer.exports import Export
from satchel.model.transfer.zip_layout import ArchiveMember

_PAGE = 1_000
"""How many entries are read at once."""


def open_archive(context: Context, export: Export, start: int, stop: int) -> AsyncGenerator[bytes]:
    """Give the archive's bytes from `start` up to but without `stop`; two readings of a range are the same.

    Raises:
        Gone: the export ended meanwhile.
        BlobMissing: the store lacks bytes that it names.
    """
    return chunks_of(context, export.account_id, _parts(context, export, start, stop))


async def _parts(context: Context, export: Export, start: int, stop: int) -> AsyncIterator[Part]:
    progress = export.progress
    directory, end = progress.offset, progress.offset + progress.directory_bytes
    if start < directory and stop > start:
        async for part in _members(context, export, start, min(stop, directory)):
            yield part
    if start < end and stop > directory:
        async for part in _records(context, export, max(start, directory), min(stop, end)):
            yield part
    if stop > end:
        closing = zip_layout.ending(progress.members, progress.offset, progress.directory_bytes)
        yield closing[max(start, end) - end : stop - end]


async def _members(context: Context, export: Export, start: int, stop: int) -> AsyncIterator[Part]:
    async with context.database.read() as tx:
        first = await rows.packed_at(tx, export.account_id, export.id, start)
    async for packed in _from(context, export, first):
        if packed.offset >= stop:
            return
        for part in _member(packed, start, stop):
            yield part


def _member(packed: PackedEntry, start: int, stop: int) -> Iterator[Part]:
    """Give what of a member lies within a range: its header, then its bytes."""
    header = zip_layout.header(_described(packed))
    within = header[max(start - packed.offset, 0) : max(stop - packed.offset, 0)]
    if within:
        yield within
    begin = packed.offset + len(header)
    first, last = max(start - begin, 0), min(stop - begin, packed.size_bytes)
    if first < last:
        yield BlobPart(digest=packed.digest, size=packed.size_bytes, start=first, stop=last)


async def _records(context: Context, export: Export, start: int, stop: int) -> AsyncIterator[Part]:
    directory = export.progress.offset
    async with context.database.read() as tx:
        first = await rows.packed_record_at(tx, export.account_id, export.id, start - directory)
    async for packed in _from(context, export, first):
        at = directory + packed.record_offset
        if at >= stop:
            return
        yield zip_layout.record(_described(packed), packed.offset)[max(start - at, 0) : stop - at]


async def _from(context: Context, export: Export, first: PackedEntry | None) -> AsyncIterator[PackedEntry]:
    """Give the members from one on.

    Raises:
        Gone: the export ended meanwhile, and its entries went.
    """
    position, offset = (first.position, first.offset) if first is not None else (0, 0)
    while offset < export.progress.offset:
        async with context.database.read() as tx:
            page = await rows.packed(tx, export.account_id, export.id, since=position, limit=_PAGE)
        for packed in page:
            if packed.offset != offset:
                break
            yield packed
            position = packed.position + 1
            offset += zip_layout.header_bytes(packed.path, packed.size_bytes) + packed.size_bytes
        else:
            if page:
                continue
        raise Gone(f"The export {export.id} has ended. Start a new one.")


def _described(packed: PackedEntry) -> ArchiveMember:
    return ArchiveMember(path=packed.path, size=packed.size_bytes, crc32=packed.crc32, modified_at=packed.modified_at)
