"""Intake: the one procedure that is not one transaction (files.md §2).

begin (transaction: the ticket becomes `receiving`, a new attempt with a lease) → receive (the bytes become durable in
the store) → finish (transaction: the blob's row, the ticket `uploaded`). Bytes first, row second: a crash between the
two leaves bytes that nothing names, and the sweep takes them after its grace time.

A body that is cut short or refused ends nothing: the ticket is `created` again, with all that it reserved, until it
expires. Uploads that come in pieces are received by `satchel.actions.files.pieces`.

While bytes arrive the lease is renewed; a writer whose process died loses it, and another may take over, as it may from
a writer that gets no bytes (`satchel.actions.files.taking_over`). A finish counts only for the newest attempt.
"""

import asyncio
from collections.abc import AsyncIterator
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime

from satchel.actions.context import Context
from satchel.actions.files.admission import admission, name_of
from satchel.actions.files.taking_over import busy, take_over
from satchel.actions.writers import Writing
from satchel.blobs.signatures import signature_png
from satchel.blobs.store import Partial, Received, ResumableStore
from satchel.db import uploads as rows
from satchel.db.pool import OF_JOBS
from satchel.model.chunks import once
from satchel.model.errors import Busy, Conflict, InvalidState, NotFound, SatchelError, TooLarge, UploadExpired
from satchel.model.transfer.media import media_type, telling
from satchel.model.uploads import Upload, UploadState

PATIENT_BYTES = 1024 * 1024
"""From which size on a body is worth waiting for locks and connections as long as jobs do: it took long to send."""

TUS_ATTEMPT = 0
"""The store's name for the one partial of a ticket: a tus upload continues it, no matter who wrote before."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Arrival:
    """What came with the bytes: a name and a type, as the sender says."""

    name: str | None = None
    media_type: str | None = None


async def receive(
    context: Context,
    upload: Upload,
    chunks: AsyncIterator[bytes],
    arrival: Arrival,
    *,
    declared_length: int | None = None,
) -> Upload:
    """Take a ticket's bytes whole and return the ticket as `uploaded`.

    Whatever `chunks` raises (a body cut short), and bytes that break a limit, free the ticket for another try.

    Args:
        declared_length: the Content-Length of the bytes, if it is known: too many are refused before they come.

    Raises:
        UploadExpired: the ticket has ended.
        InvalidState: it was filled or claimed already.
        Busy: somebody else is writing to it.
        TooLarge, BadFile: the bytes break a limit; send others.
        DiskFull: the disk has no room; send them again later.
    """
    if declared_length is not None and declared_length > upload.declared_bytes:
        raise TooLarge("The file", upload.declared_bytes, declared_length)
    return await fill(context, upload, await begin(context, upload), chunks, arrival)


async def fill(
    context: Context, upload: Upload, attempt: int, chunks: AsyncIterator[bytes], arrival: Arrival
) -> Upload:
    """Take a ticket's bytes whole, as `receive` does, for a writer that has begun.

    Raises:
        UploadExpired, Busy, TooLarge, BadFile, DiskFull: as `receive`.
    """
    async with context.writers.writing(upload.account_id, upload.id) as writing:
        try:
            received = await context.blobs.receive(
                upload.account_id,
                renewing(context, upload, attempt, writing, chunks),
                max_bytes=upload.declared_bytes,
                admit=admission(upload, arrival.name, arrival.media_type),
            )
            return await finish(context, upload, attempt, received, arrival)
        except BaseException:
            stands = await pieces_stand(context, upload)
            await release(context, upload, attempt, state=UploadState.RECEIVING if stands else UploadState.CREATED)
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


async def begin(context: Context, upload: Upload, *, tus_length: int | None = None) -> int:
    """Make a ticket `receiving` for a new writer and return the attempt's number.

    Raises:
        NotFound, UploadExpired, InvalidState: it takes no bytes any more.
        Busy: somebody else is writing to it, and gets bytes; try again after `retry_after_s`.
    """
    attempt = await _begin(context, upload, tus_length)
    if attempt is None:
        await take_over(context, upload)
        attempt = await _begin(context, upload, tus_length)
    if attempt is None:
        raise busy(upload.id, 1)
    return attempt


async def _begin(context: Context, upload: Upload, tus_length: int | None) -> int | None:
    """Return a new attempt's number, or None where another has a lease."""
    now = context.clock()
    async with context.database.write() as tx:
        attempt = rows.begin_attempt(
            tx,
            upload.account_id,
            upload.id,
            now=now,
            lease_until=now + context.policy.lease,
            tus_length=tus_length,
        )
    if attempt.result is None:
        async with context.database.read() as reader:
            found = await rows.upload(reader, upload.account_id, upload.id)
        if found is None:
            raise NotFound("upload", upload.id)
        require_open(found, now)
    return attempt.result


def require_open(upload: Upload, now: datetime) -> None:
    """Require that a ticket may still be filled.

    Raises:
        UploadExpired: it has ended; ask for another.
        InvalidState: it was filled already.
    """
    if upload.state is UploadState.EXPIRED:
        raise UploadExpired(upload.id, upload.reason or "expired")
    if upload.state is UploadState.UPLOADED or upload.state is UploadState.CLAIMED:
        raise InvalidState(f"Upload {upload.id} was filled already; a ticket is for one file. Request another.")
    if upload.expires_at <= now:
        raise UploadExpired(upload.id, "expired")


async def renewing(
    context: Context, upload: Upload, attempt: int, writing: Writing, chunks: AsyncIterator[bytes]
) -> AsyncIterator[bytes]:
    """Pass chunks on, note how long each is waited for, and renew the lease whenever a third of it is over.

    Raises:
        Conflict: the ticket has ended meanwhile, or another has taken over.
    """
    renew_at = context.clock() + context.policy.lease / 3
    while True:
        writing.waits_since = context.clock()
        try:
            chunk = await anext(chunks)
        except StopAsyncIteration:
            return
        finally:
            writing.waits_since = None
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


async def pieces_stand(context: Context, upload: Upload) -> bool:
    """Return whether pieces of a tus upload stand, which another writer of the ticket must leave."""
    if upload.tus_length is None or not isinstance(context.blobs, ResumableStore):
        return False
    try:
        return bool(await context.blobs.partial_size(partial_of(upload)))
    except Busy:
        return True


def partial_of(upload: Upload) -> Partial:
    """Return the store's name for the pieces of an upload."""
    return Partial(account=upload.account_id, upload=upload.id, attempt=TUS_ATTEMPT)


async def release(
    context: Context,
    upload: Upload,
    attempt: int,
    *,
    state: UploadState,
    expires_at: datetime | None = None,
    forgets_pieces: bool = False,
) -> None:
    """Free a ticket for another try after a writer that did not finish; does nothing if another took over.

    Where the database cannot be reached, the lease's end frees the ticket.

    Args:
        state: `created`, or `receiving` where pieces stand.
        expires_at: when the ticket expires from now on; None leaves that.
        forgets_pieces: whether what was announced of the pieces is forgotten with them.
    """
    with suppress(SatchelError):
        async with context.database.write() as tx:
            await rows.end_lease(
                tx,
                upload.account_id,
                upload.id,
                attempt=attempt,
                state=state,
                expires_at=expires_at,
                forgets_pieces=forgets_pieces,
            )


async def finish(context: Context, upload: Upload, attempt: int, received: Received, arrival: Arrival) -> Upload:
    """Record bytes that are durable: the blob's row, then the ticket, the quota last."""
    name = name_of(upload, arrival.name, arrival.media_type, received.head)
    kind = media_type(received.head, name, telling(arrival.media_type, upload.media_type))
    is_large = received.size >= PATIENT_BYTES
    database = context.database.with_waits(OF_JOBS) if is_large else context.database
    async with database.write() as tx:
        asked = tx.later(rows.locked_one(upload.account_id, upload.id))
        finished = rows.finish_attempt(
            tx,
            upload,
            attempt,
            digest=received.digest,
            size_bytes=received.size,
            name=name,
            media_type=kind,
            now=context.clock(),
        )
    if finished.result is not None:
        return finished.result
    found = asked.result
    if found is None:
        raise NotFound("upload", upload.id)
    if found.state is UploadState.EXPIRED:
        raise UploadExpired(upload.id, found.reason or "expired")
    raise Busy(f"Another writer has taken over upload {upload.id}.")
