"""Intake: the one procedure that is not one transaction (files.md §2).

begin (transaction: the ticket becomes `receiving`, a new attempt with a lease) → receive (the bytes become durable in
the store) → finish (transaction: the blob's row, the ticket `uploaded`; or `expired` with its reason). Bytes first,
row second: a crash between the two leaves bytes that nothing names, and the sweep takes them after its grace time.

While bytes arrive the lease is renewed; a writer whose process died loses it, and another may take over. A finish
counts only for the newest attempt.
"""

import asyncio
from collections.abc import AsyncIterator
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime

from satchel.actions.context import Context
from satchel.actions.files.admission import admission, name_of
from satchel.blobs.signatures import signature_png
from satchel.blobs.store import Checksum, Partial, Received, ResumableStore
from satchel.db import blobs as blob_rows
from satchel.db import storage
from satchel.db import uploads as rows
from satchel.db.pool import Writer
from satchel.model.chunks import once
from satchel.model.errors import (
    BadFile,
    Busy,
    Conflict,
    InvalidRequest,
    InvalidState,
    NotFound,
    SatchelError,
    TooLarge,
    Unavailable,
    UploadExpired,
)
from satchel.model.transfer.media import media_type
from satchel.model.transfer.names import clean_upload_name
from satchel.model.uploads import Upload, UploadState

TUS_ATTEMPT = 0
"""The store's name for the one partial of a ticket: a tus upload goes on with it whoever wrote before."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Arrival:
    """What came with the bytes: a name and a type, as the sender says."""

    name: str | None = None
    media_type: str | None = None


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


async def receive(
    context: Context,
    upload: Upload,
    chunks: AsyncIterator[bytes],
    arrival: Arrival,
    *,
    declared_length: int | None = None,
) -> Upload:
    """Take a ticket's bytes whole and return the ticket as `uploaded`.

    Whatever `chunks` raises (a body cut short) frees the ticket for another try. Bytes that break a limit end it.

    Args:
        declared_length: the Content-Length of the bytes, if it is known: too many are refused before they come.

    Raises:
        UploadExpired: the ticket has ended.
        InvalidState: it was filled or claimed already.
        Busy: somebody else is writing to it.
        TooLarge, BadFile: the bytes break a limit; the ticket has ended.
        DiskFull: the disk has no room; the ticket is free for another try.
    """
    if declared_length is not None and declared_length > upload.declared_bytes:
        raise TooLarge(f"Upload {upload.id}", upload.declared_bytes, declared_length)
    attempt = await _begin(context, upload)
    try:
        received = await context.blobs.receive(
            upload.account_id,
            _renewing(context, upload, attempt, chunks),
            max_bytes=upload.declared_bytes,
            admit=admission(upload, arrival.name, arrival.media_type),
        )
        return await _finish(context, upload, attempt, received, arrival)
    except BaseException as error:
        await _give_up(context, upload, attempt, error)
        raise


async def sign(context: Context, upload: Upload, path_data: str) -> Upload:
    """Fill a ticket with a signature that a pad sends as SVG path data; it is stored as a PNG.

    Raises:
        InvalidRequest: it is no path data that a pad makes.
        UploadExpired, InvalidState, Busy, TooLarge, BadFile, DiskFull: as `receive`.
    """
    picture = await asyncio.to_thread(signature_png, path_data)

    arrival = Arrival(name="signature.png", media_type="image/png")
    return await receive(context, upload, once(picture), arrival, declared_length=len(picture))


async def _begin(context: Context, upload: Upload, *, tus_length: int | None = None) -> int:
    async with context.database.write() as tx:
        locked = await rows.lock_upload(tx, upload.account_id, upload.id)
        if locked is None:
            raise NotFound("upload", upload.id)
        now = context.clock()
        _require_open(locked, now)
        if locked.lease_until is not None and locked.lease_until > now:
            raise Busy(
                f"Somebody else is writing to upload {upload.id}. Wait until they are done, or try again shortly."
            )
        return await rows.begin_attempt(
            tx, upload.account_id, upload.id, lease_until=now + context.policy.lease, tus_length=tus_length
        )


def _require_open(upload: Upload, now: datetime) -> None:
    if upload.state is UploadState.EXPIRED:
        raise UploadExpired(upload.id, upload.reason or "expired")
    if upload.state is UploadState.UPLOADED or upload.state is UploadState.CLAIMED:
        raise InvalidState(f"Upload {upload.id} was filled already; a ticket is for one file. Ask for another.")
    if upload.expires_at <= now:
        raise UploadExpired(upload.id, "expired")


async def _renewing(
    context: Context, upload: Upload, attempt: int, chunks: AsyncIterator[bytes]
) -> AsyncIterator[bytes]:
    """Pass chunks on and renew the lease whenever a third of it is over."""
    renew_at = context.clock() + context.policy.lease / 3
    async for chunk in chunks:
        yield chunk
        now = context.clock()
        if now >= renew_at:
            renew_at = now + context.policy.lease / 3
            async with context.database.write() as tx:
                alive = await rows.extend_lease(
                    tx, upload.account_id, upload.id, attempt=attempt, lease_until=now + context.policy.lease
                )
            if not alive:
                raise Conflict(f"Upload {upload.id} was ended, or taken over by another writer.")


async def _give_up(context: Context, upload: Upload, attempt: int, error: BaseException | None) -> None:
    """Free the ticket for another try; or end it, where the bytes themselves were wrong.

    None stands for a piece that was refused whole: what came before it stands, and the upload can go on. Where the
    database cannot be told, the lease's end frees the ticket.
    """
    with suppress(SatchelError):
        async with context.database.write() as tx:
            await _give_up_in(tx, context, upload, attempt, error)


async def _give_up_in(tx: Writer, context: Context, upload: Upload, attempt: int, error: BaseException | None) -> None:
    locked = await rows.lock_upload(tx, upload.account_id, upload.id)
    if locked is None or locked.attempt != attempt or locked.state is not UploadState.RECEIVING:
        return
    now = context.clock()
    if isinstance(error, BadFile | TooLarge):
        await rows.set_expired(tx, upload.account_id, [upload.id], reason=error.code, now=now)
        await storage.take(tx, upload.account_id, reserved=-locked.reserved_bytes)
        return
    state, expires_at = UploadState.CREATED, locked.expires_at
    if locked.tus_length is not None:
        # A large upload outlives its ticket's first minutes, and a cut must not end what has come of it.
        state, expires_at = UploadState.RECEIVING, _renewed(context, locked)
    await rows.end_lease(tx, upload.account_id, upload.id, attempt=attempt, state=state, expires_at=expires_at)


def _renewed(context: Context, upload: Upload) -> datetime:
    return max(upload.expires_at, context.clock() + context.policy.ticket_lifetime)


async def _finish(context: Context, upload: Upload, attempt: int, received: Received, arrival: Arrival) -> Upload:
    """Record bytes that are durable: the blob's row, then the ticket, the quota last."""
    name = name_of(upload, arrival.name, arrival.media_type, received.head)
    kind = media_type(received.head, name, arrival.media_type or upload.media_type)
    async with context.database.write() as tx:
        locked = await rows.lock_upload(tx, upload.account_id, upload.id)
        if locked is None:
            raise NotFound("upload", upload.id)
        if locked.state is UploadState.EXPIRED:
            raise UploadExpired(upload.id, locked.reason or "expired")
        if locked.state is not UploadState.RECEIVING or locked.attempt != attempt:
            raise Busy(f"Another writer has taken over upload {upload.id}.")
        now = context.clock()
        await blob_rows.insert_blob(tx, upload.account_id, received.digest, received.size, now)
        await rows.set_uploaded(
            tx,
            locked,
            digest=received.digest,
            size_bytes=received.size,
            name=name,
            media_type=kind,
            metadata=locked.metadata,
        )
        await storage.take(tx, upload.account_id, reserved=received.size - locked.reserved_bytes)
        finished = await rows.upload(tx, upload.account_id, upload.id)
    if finished is None:
        raise NotFound("upload", upload.id)
    return finished


def _resumable(context: Context) -> ResumableStore:
    if not isinstance(context.blobs, ResumableStore):
        raise Unavailable("This server's storage cannot resume uploads. Use the form or PUT address of the ticket.")
    return context.blobs


def _partial(upload: Upload) -> Partial:
    return Partial(account=upload.account_id, upload=upload.id, attempt=TUS_ATTEMPT)


async def progress(context: Context, upload: Upload) -> Progress:
    """Return how far a tus upload is; where all its bytes are there but were not recorded, that is done first.

    A client takes an upload whose offset is its length for finished, so that it must be when we say so: a server that
    died after the last piece left it otherwise, and an upload of no bytes has no piece.

    Raises:
        UploadExpired: the ticket has ended without its bytes.
        Busy: somebody is writing to it.
        BadFile: the bytes, now that they are whole, break a limit; the ticket has ended.
    """
    if upload.state is UploadState.EXPIRED:
        raise UploadExpired(upload.id, upload.reason or "expired")
    if upload.size_bytes is not None:
        size = upload.size_bytes
        return _progress(upload, size, size, upload.expires_at)
    _require_open(upload, context.clock())
    offset = await _resumable(context).partial_size(_partial(upload)) or 0
    if offset == upload.tus_length:
        return await append(context, upload, offset, _nothing(), checksum=None)
    return _progress(upload, offset, _tus_size(upload), upload.expires_at)


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


async def announce(
    context: Context, upload: Upload, *, length: int | None, arrival: Arrival, metadata: str | None = None
) -> None:
    """Note the length, name and type that a tus client creates its upload with; one of no bytes is finished at once.

    Args:
        length: the Upload-Length; None where the client says it later.
        metadata: the Upload-Metadata, as it was sent.

    Raises:
        InvalidRequest: the length is negative.
        Conflict: another length was announced before.
        BadFile: no bytes are too few.
        TooLarge: the ticket was made for less.
        UploadExpired, InvalidState: the ticket has ended or was filled.
    """
    if length is not None and length < 0:
        raise InvalidRequest("Upload-Length must be 0 or more.")
    if length is not None and length > upload.declared_bytes:
        raise TooLarge(f"Upload {upload.id}", upload.declared_bytes, length)
    async with context.database.write() as tx:
        locked = await rows.lock_upload(tx, upload.account_id, upload.id)
        if locked is None:
            raise NotFound("upload", upload.id)
        _require_open(locked, context.clock())
        if length is not None and locked.tus_length not in (None, length):
            raise Conflict(f"Upload {upload.id} was announced with {locked.tus_length} bytes. Go on with those.")
        name = clean_upload_name(arrival.name) if arrival.name else None
        await rows.set_tus(
            tx,
            upload.account_id,
            upload.id,
            length=length,
            name=name,
            media_type=arrival.media_type,
            metadata=metadata,
        )
        announced = await rows.upload(tx, upload.account_id, upload.id)
    if length == 0 and announced is not None:
        await progress(context, announced)


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
        TooLarge, BadFile: the bytes break a limit; too many end nothing, a wrong whole ends the ticket.
    """
    if length is not None and length > upload.declared_bytes:
        raise TooLarge(f"Upload {upload.id}", upload.declared_bytes, length)
    store, partial = _resumable(context), _partial(upload)
    size = _tus_size(upload) if length is None else length
    attempt = await _begin(context, upload, tus_length=size)
    try:
        await store.create_partial(partial)
        reached = await store.append_partial(
            partial, offset, _renewing(context, upload, attempt, chunks), max_bytes=size, checksum=checksum
        )
        if reached < size:
            expires_at = _renewed(context, upload)
            await _pause(context, upload, attempt, expires_at)
            return _progress(upload, reached, size, expires_at)
        received = await store.finish_partial(partial, admit=admission(upload, None, None))
        finished = await _finish(context, upload, attempt, received, Arrival())
    except BadFile as error:
        await _give_up(context, upload, attempt, error)
        await store.discard_partial(partial)
        raise
    except BaseException as error:
        await _give_up(context, upload, attempt, None if isinstance(error, TooLarge) else error)
        raise
    await store.discard_partial(partial)
    return _progress(upload, size, size, finished.expires_at)


async def _pause(context: Context, upload: Upload, attempt: int, expires_at: datetime) -> None:
    async with context.database.write() as tx:
        await rows.end_lease(
            tx, upload.account_id, upload.id, attempt=attempt, state=UploadState.RECEIVING, expires_at=expires_at
        )


async def abandon(context: Context, upload: Upload) -> None:
    """Throw away what came of a tus upload that was ended."""
    if isinstance(context.blobs, ResumableStore):
        await context.blobs.discard_partial(_partial(upload))
