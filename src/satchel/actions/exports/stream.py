"""Exports that are streamed at once: one archive of one page of a search, made while it is sent.

Nothing is kept of it, so there is nothing to resume; its cursor says where the next page begins. The manifest comes
first, so that a reader of the stream knows each file before its bytes.
"""

import tarfile
import zlib
from collections.abc import AsyncGenerator, AsyncIterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from satchel.actions.context import Context
from satchel.actions.exports.pages import ExportPage, page_of
from satchel.actions.exports.parts import BlobPart, Part, chunks_of
from satchel.actions.exports.requests import ExportRequest, checked
from satchel.db import exports as rows
from satchel.model.actor import Actor
from satchel.model.transfer import zip_layout
from satchel.model.transfer.exports import INSTANCES, MANIFEST, Selection
from satchel.model.transfer.zip_layout import ArchiveMember

_BLOCK = 512
_END_BLOCKS = 2
_MODE = 0o644
_NAME_BYTES = 100
_SIZE_BYTES = 8**11
"""What a plain header has room for."""


class ArchiveFormat(StrEnum):
    """What a streamed archive is."""

    ZIP = "zip"
    TAR = "tar"


@dataclass(frozen=True, slots=True, kw_only=True)
class Streamed:
    """A streamed archive.

    Attributes:
        cursor: for the next page; None on the last.
        left_out: how many files the actor may view but not export.
        window: as in `ExportPage`.
        chunks: its `size_bytes` bytes.
    """

    size_bytes: int
    cursor: str | None
    left_out: int
    window: int | None
    chunks: AsyncGenerator[bytes]


@dataclass(frozen=True, slots=True, kw_only=True)
class _File:
    path: str
    size: int
    crc32: int
    modified_at: datetime
    content: Part


async def stream(
    context: Context, actor: Actor, request: ExportRequest, form: ArchiveFormat, *, cursor: str | None, limit: int
) -> Streamed:
    """Return an archive of one page of a query, in the query's order.

    Raises:
        InvalidRequest, InvalidValues, NotFound, Forbidden: as `exports.checked`; also where the cursor is another's.
    """
    selection = await checked(context, actor, request)
    page = await page_of(context, actor, selection, cursor=cursor, limit=limit, with_crcs=form is ArchiveFormat.ZIP)
    files = _files(selection, page, context.clock())
    parts = _zip(files) if form is ArchiveFormat.ZIP else _tar(files)
    await _note(context, actor, page)
    return Streamed(
        size_bytes=sum(len(part) if isinstance(part, bytes) else part.size for part in parts),
        cursor=page.cursor,
        left_out=page.left_out,
        window=page.window,
        chunks=chunks_of(context, actor.account_id, _given(parts)),
    )


async def _note(context: Context, actor: Actor, page: ExportPage) -> None:
    exported = {one.instance.id: [int(item.file.id) for item in one.items] for one in page.listed if one.items}
    async with context.database.write() as tx:
        await rows.note_exported(
            tx, actor.account_id, at=context.clock(), user=actor.user_id, data={"export": None}, files=exported
        )


def _files(selection: Selection, page: ExportPage, now: datetime) -> list[_File]:
    reports = {MANIFEST: [item.line for one in page.listed for item in one.items]}
    if selection.values:
        reports[INSTANCES] = [one.line for one in page.listed]
    files: list[_File] = []
    for name, lines in reports.items():
        text = "".join(f"{line}\n" for line in lines).encode()
        files.append(_File(path=name, size=len(text), crc32=zlib.crc32(text), modified_at=now, content=text))
    for one in page.listed:
        for item in one.items:
            digest, size = item.file.digest, item.file.size_bytes
            if item.path is not None and digest is not None and size is not None:
                blob = BlobPart(digest=digest, size=size, start=0, stop=size)
                at = item.file.created_at
                files.append(_File(path=item.path, size=size, crc32=page.crcs[digest], modified_at=at, content=blob))
    return files


def _zip(files: Sequence[_File]) -> list[Part]:
    parts: list[Part] = []
    directory: list[bytes] = []
    offset = 0
    for file in files:
        member = ArchiveMember(path=file.path, size=file.size, crc32=file.crc32, modified_at=file.modified_at)
        header = zip_layout.header(member)
        parts += [header, file.content]
        directory.append(zip_layout.record(member, offset))
        offset += len(header) + file.size
    records = b"".join(directory)
    return [*parts, records, zip_layout.ending(len(files), offset, len(records))]


def _tar(files: Sequence[_File]) -> list[Part]:
    parts: list[Part] = []
    for file in files:
        parts += [_tar_header(file), file.content, bytes(-file.size % _BLOCK)]
    return [*parts, bytes(_BLOCK * _END_BLOCKS)]


def _tar_header(file: _File) -> bytes:
    """Return a member's header (POSIX.1-2001, `ustar`).

    `tarfile` makes those that need an extended header. For all others it would take a fifth of the whole export's time.
    """
    modified_at = int(file.modified_at.timestamp())
    if not file.path.isascii() or len(file.path) > _NAME_BYTES or file.size >= _SIZE_BYTES:
        header = tarfile.TarInfo(file.path)
        header.size, header.mode, header.mtime = file.size, _MODE, modified_at
        return header.tobuf(tarfile.PAX_FORMAT)
    name = file.path.encode().ljust(_NAME_BYTES, b"\0")
    numbers = b"%07o\0" % _MODE + b"0000000\0" * 2 + b"%011o\0%011o\0" % (file.size, modified_at)
    rest = b"0".ljust(101, b"\0") + b"ustar\x0000"  # the member's type, no link's target; magic and version
    total = sum(name) + sum(numbers) + sum(rest) + 8 * ord(" ")
    return (name + numbers + b"%06o\0 " % total + rest).ljust(_BLOCK, b"\0")


async def _given(parts: Sequence[Part]) -> AsyncIterator[Part]:
    for part in parts:
        yield part
