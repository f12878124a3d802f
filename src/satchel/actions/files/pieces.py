"""Uploads that come in pieces (tus): each piece is an attempt of its own, and what came before it stands.

The pieces are one partial of the store, no matter who wrote them. A whole that is refused is dropped, and the ticket is
`created` again as if nothing had been announced.
"""

from collections.abc import AsyncIterator
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import datetime

from satchel.actions.context import Context
from satchel.actions.files.admission import admission
from satchel.actions.files.intake import (
    Arrival,
    begin,
    finish,
    partial_of,
    pieces_stand,
    release,
    renewing,
    require_open,
)
from satchel.actions.files.taking_over import take_over
from satchel.blobs.store import Checksum, ResumableStore
from satchel.db import uploads as rows
from satchel.model.errors import (
    BadFile,
    Busy,
    Conflict,
    InvalidRequest,
    NotFound,
    SatchelError,
    TooLarge,
    Unavailable,
    UploadExpired,
)
from satchel.model.transfer.names import clean_upload_name, parse_upload_metadata
from satchel.model.uploads import Upload, UploadState


@dataclass(frozen=True, slots=True, kw_only=True)
class Progress:
    """How far a tus upload is.

    Attributes:
        size_bytes: None until the client has said it.
        metadata: the Upload-Metadata that it was created with, as it was sent.
    """

    offset_bytes: int
    size_bytes: int | None
    expires_at: datetime
    metadata: str | None


async def progress(context: Context, upload: Upload) -> Progress:
    """Return how far a tus upload is; where all its bytes are there but were not recorded, that is done first.

    A client takes an upload whose offset is its length for finished, so that it must be when we say so: a server that
    died after the last piece left it otherwise, and an upload of no bytes has no piece.

    Raises:
        UploadExpired: the ticket has ended without its bytes.
        Busy: somebody is writing to it.
        BadFile: the bytes, now that they are whole, break a limit; begin again with others.
    """
    if upload.state is UploadState.EXPIRED:
        raise UploadExpired(upload.id, upload.reason or "expired")
    if upload.size_bytes is not None:
        size = upload.size_bytes
        return _progress(upload, size, size, upload.expires_at)
    require_open(upload, context.clock())
    offset = await _offset(context, upload)
    if offset == upload.tus_length:
        return await append(context, upload, offset, _nothing(), checksum=None)
    return _progress(upload, offset, _tus_size(upload), upload.expires_at)


async def _offset(context: Context, upload: Upload) -> int:
    """Return where the pieces end; the caller is a newcomer, for whom a silent writer has to leave.

    Raises:
        Busy: somebody is writing to it, and gets bytes.
    """
    store, partial = _resumable(context), partial_of(upload)
    try:
        return await store.partial_size(partial) or 0
    except Busy:
        await take_over(context, upload)
    return await store.partial_size(partial) or 0


def _progress(upload: Upload, offset: int, size: int, expires_at: datetime) -> Progress:
    return Progress(
        offset_bytes=offset,
        size_bytes=size,
        expires_at=expires_at,
        metadata=upload.tus_metadata,
    )


async def _nothing() -> AsyncIterator[bytes]:
    pieces: tuple[bytes, ...] = ()
    for piece in pieces:
        yield piece


def _tus_size(upload: Upload) -> int:
    return upload.declared_bytes if upload.tus_length is None else upload.tus_length


async def announce(context: Context, upload: Upload, *, length: int | None, metadata: str | None = None) -> None:
    """Note the length, and the name and type, that a tus client creates its upload with; none is finished at once.

    Args:
        length: the Upload-Length; None where the client says it later.
        metadata: the Upload-Metadata, as it was sent.

    Raises:
        InvalidRequest: the length is negative, or the metadata is malformed.
        Conflict: another length was announced before.
        BadFile: no bytes are too few, or the name is empty.
        TooLarge: the ticket was made for less.
        UploadExpired, InvalidState: the ticket has ended or was filled.
    """
    if length is not None and length < 0:
        raise InvalidRequest("Upload-Length must be 0 or more.")
    if length is not None and length > upload.declared_bytes:
        raise TooLarge("The file", upload.declared_bytes, length)
    if name := _arrival(metadata).name:
        clean_upload_name(name)
    async with context.database.write() as tx:
        locked = await rows.lock_upload(tx, upload.account_id, upload.id)
        if locked is None:
            raise NotFound("upload", upload.id)
        require_open(locked, context.clock())
        if length is not None and locked.tus_length not in (None, length):
            raise Conflict(f"Upload {upload.id} was announced with {locked.tus_length} bytes. Continue with those.")
        await rows.set_tus(tx, upload.account_id, upload.id, length=length, metadata=metadata)
        announced = await rows.upload(tx, upload.account_id, upload.id)
    if length == 0 and announced is not None:
        await progress(context, announced)


def name_said(upload: Upload) -> str | None:
    """Return the name that a tus client gave a file, unchanged, or None."""
    return _arrival(upload.tus_metadata).name if upload.tus_metadata else None


def _arrival(metadata: str | None) -> Arrival:
    """Return what Upload-Metadata says of the file, under the names that clients use."""
    said = parse_upload_metadata(metadata or "")
    return Arrival(
        name=said.get("filename") or said.get("name") or None,
        media_type=said.get("filetype") or said.get("type") or None,
    )


async def append(
    context: Context,
    upload: Upload,
    offset: int,
    chunks: AsyncIterator[bytes],
    *,
    checksum: Checksum | None,
    length: int | None = None,
) -> Progress:
    """Append a piece of a tus upload; the last one finishes the ticket. Each piece renews the ticket's life.

    Args:
        length: the Upload-Length, where the client says it only now.

    Raises:
        UploadExpired, InvalidState, Busy: as `receive`.
        Conflict: `offset` is not where the upload stands; ask with HEAD.
        ChecksumMismatch: the piece does not have its checksum and was discarded.
        TooLarge: the piece goes past the upload's length; none of it counts.
        BadFile: the whole breaks a limit and was dropped; begin again with other bytes.
    """
    if length is not None and length > upload.declared_bytes:
        raise TooLarge("The file", upload.declared_bytes, length)
    store, partial = _resumable(context), partial_of(upload)
    size = _tus_size(upload) if length is None else length
    said = _arrival(upload.tus_metadata)
    attempt = await begin(context, upload, tus_length=size)
    async with context.writers.writing(upload.account_id, upload.id) as writing:
        try:
            await store.create_partial(partial)
            arriving = renewing(context, upload, attempt, writing, chunks)
            reached = await store.append_partial(partial, offset, arriving, max_bytes=size, checksum=checksum)
            if reached < size:
                expires_at = _renewed(context, upload)
                await _pause(context, upload, attempt, expires_at)
                return _progress(upload, reached, size, expires_at)
            received = await store.finish_partial(partial, admit=admission(upload, said.name, said.media_type))
            finished = await finish(context, upload, attempt, received, said)
        except BadFile:
            with suppress(SatchelError):  # before the ticket is free: the next writer's pieces have the same name
                await store.discard_partial(partial)
            await release(context, upload, attempt, state=UploadState.CREATED, forgets_pieces=True)
            raise
        except BaseException:
            await _keep(context, upload, attempt)
            raise
    await store.discard_partial(partial)
    return _progress(upload, size, size, finished.expires_at)


async def _keep(context: Context, upload: Upload, attempt: int) -> None:
    """Free the ticket after a piece that was cut short or refused; what came before it, or of it, stands."""
    if await pieces_stand(context, replace(upload, tus_length=_tus_size(upload))):
        # A large upload outlives its ticket's first minutes, and a cut must not end what has come of it.
        expires_at = _renewed(context, upload)
        await release(context, upload, attempt, state=UploadState.RECEIVING, expires_at=expires_at)
    else:
        await release(context, upload, attempt, state=UploadState.CREATED)


def _renewed(context: Context, upload: Upload) -> datetime:
    return max(upload.expires_at, context.clock() + context.policy.ticket_lifetime)


async def _pause(context: Context, upload: Upload, attempt: int, expires_at: datetime) -> None:
    """Free the ticket for the next piece.

    Raises:
        Unavailable: the database cannot be reached; ask with HEAD.
    """
    async with context.database.write() as tx:
        await rows.end_lease(
            tx, upload.account_id, upload.id, attempt=attempt, state=UploadState.RECEIVING, expires_at=expires_at
        )


def _resumable(context: Context) -> ResumableStore:
    if not isinstance(context.blobs, ResumableStore):
        raise Unavailable("This server's storage cannot resume uploads. Use the form or PUT address of the ticket.")
    return context.blobs


async def abandon(context: Context, upload: Upload) -> None:
    """Throw away what came of a tus upload that was ended."""
    if isinstance(context.blobs, ResumableStore):
        await context.blobs.discard_partial(partial_of(upload))
