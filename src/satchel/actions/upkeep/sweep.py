"""The sweep: ends what is past its time and takes away bytes that nothing names.

Every step is safe beside everything else that runs, and a sweep that dies in the middle is made good by the next. The
order of a blob's end: its row goes under the row's lock, that commits, and then the store deletes bytes older than
the grace time.
"""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import groupby
from operator import itemgetter

import structlog

from satchel.actions.checkins import checkins
from satchel.actions.context import Context
from satchel.actions.exports import requests
from satchel.actions.upkeep.store_sweep import drop_leftovers, drop_orphans
from satchel.db import absences as absence_rows
from satchel.db import blobs as blob_rows
from satchel.db import credentials as credential_rows
from satchel.db import deliveries as delivery_rows
from satchel.db import events as event_rows
from satchel.db import exports as export_rows
from satchel.db import files as file_rows
from satchel.db import instances as instance_rows
from satchel.db import mailings as mailing_rows
from satchel.db import notifications as notification_rows
from satchel.db import storage
from satchel.db import uploads as upload_rows
from satchel.model.causes import cause_of
from satchel.model.digest import Digest
from satchel.model.errors import Unavailable
from satchel.model.ids import AccountId, InstanceId, UploadId
from satchel.model.uploads import UploadState

AT_ONCE = 500
"""How many rows of one sort a step takes up."""

ENTRIES_AT_ONCE = 5_000
"""How many entries of ended exports go in one transaction."""

ROWS_AT_ONCE = 5_000
"""How many rows that are past their time go in one transaction."""

ENDED_KEPT = timedelta(days=7)
"""How long the row of an ended ticket or export is kept, so that a late client gets a clear answer."""

DELIVERIES_KEPT = timedelta(days=14)
"""How long the record of an ended delivery, or of a mail about notifications, is kept."""

NOTIFICATIONS_KEPT = timedelta(days=90)
"""How long the application lists a notification."""

CREDENTIALS_KEPT = timedelta(days=30)
"""How long a session or token that signing in made is kept after its end, for the history that names it."""

_log = structlog.get_logger(__name__)


@dataclass(slots=True, kw_only=True)
class SweepReport:
    """What one sweep did."""

    uploads: int = 0
    files_of_instances: int = 0
    blobs: int = 0
    orphans: int = 0
    leftovers: int = 0


async def sweep(context: Context, *, with_store: bool = False) -> SweepReport:
    """Do everything that is due once.

    Args:
        with_store: whether to list the whole store too, for bytes without a row; slow on a large one.
    """
    done = SweepReport()
    for step in STEPS.values():
        await step(context, done)
    if with_store:
        done.orphans = await drop_orphans(context)
        done.leftovers = await drop_leftovers(context)
    return done


async def expire_uploads(context: Context) -> int:
    """Expire tickets that are past their time and give their reservations back; return how many."""
    now, backoff = context.clock(), context.backoff
    async with context.database.read() as tx:
        due = await upload_rows.expiring(
            tx,
            now=now,
            start_uploaded_before=now - context.policy.start_upload_lifetime,
            limit=AT_ONCE,
            but=backoff.paused("upload", now),
        )

    async def expire(known: tuple[AccountId, UploadId]) -> None:
        await _expire(context, *known)

    await backoff.each("upload", due, expire, key=lambda it: it[1], clock=context.clock)
    return len(due)


async def _expire(context: Context, account: AccountId, upload_id: UploadId) -> None:
    now = context.clock()
    async with context.database.write() as tx:
        upload = await upload_rows.lock_upload(tx, account, upload_id)
        if upload is None or upload.is_ended:
            return
        if upload.state is UploadState.UPLOADED:
            reason = "never_started"
        elif upload.expires_at > now or (upload.lease_until is not None and upload.lease_until > now):
            return
        else:
            reason = "expired"
        await upload_rows.set_expired(tx, account, [upload_id], reason=reason, now=now)
        await storage.take(tx, account, reserved=-upload.reserved_bytes)


async def purge_files(context: Context) -> int:
    """Remove deleted files whose restore window is over; return of how many instances."""
    now, backoff = context.clock(), context.backoff
    before = now - context.policy.restore_window
    async with context.database.read() as tx:
        due = await file_rows.instances_to_purge(tx, before, AT_ONCE, backoff.paused("deleted files", now))

    async def purge(known: tuple[AccountId, InstanceId]) -> None:
        account, instance = known
        async with context.database.write() as tx:
            await instance_rows.lock_instance(tx, account, InstanceId(instance))
            freed = await file_rows.purge_files(tx, account, instance, deleted_before=before)
            await storage.take(tx, account, used=-freed)

    await backoff.each("deleted files", due, purge, key=lambda it: it[1], clock=context.clock)
    return len(due)


async def end_exports(context: Context) -> int:
    """End exports that are past their time and remove the entries of those that ended; return how many ended."""
    ended = await requests.expire(context)
    while True:
        async with context.database.write() as tx:
            if await export_rows.drop_entries(tx, ENTRIES_AT_ONCE) < ENTRIES_AT_ONCE:
                return ended


async def drop_blobs(context: Context) -> int:
    """Remove the rows, then the bytes, of blobs that nothing names; return how many."""
    grace_end = context.clock() - context.policy.sweep_grace
    dropped = 0
    after = (0, "")
    while True:
        async with context.database.read() as tx:
            page = await blob_rows.unnamed(tx, created_before=grace_end, after=after, limit=AT_ONCE)
        for account, blobs in groupby(page, key=itemgetter(0)):
            async with context.database.write() as tx:
                gone = await blob_rows.delete_unnamed(tx, account, [digest for _, digest in blobs])
            dropped += len(gone)
            for digest in gone:
                await _drop_bytes(context, account, digest, grace_end)
        if len(page) < AT_ONCE:
            return dropped
        last_account, last_digest = page[-1]
        after = (last_account, last_digest)


async def _drop_bytes(context: Context, account: AccountId, digest: Digest, grace_end: datetime) -> None:
    try:
        await context.blobs.delete(account, digest, older_than=grace_end)
    except Unavailable as error:  # without a row they are an orphan now, which the sweep of the store takes
        _log.warning("sweep.bytes_stay", account=account, digest=digest, cause=cause_of(error))


async def _forget(context: Context) -> None:
    """Remove rows that are past their time, some thousand in a transaction: never one statement for all of them."""
    now, policy = context.clock(), context.policy
    for forget, before in (
        (upload_rows.forget_ended, now - ENDED_KEPT),
        (event_rows.forget_downloads, now - policy.download_event_window),
        (event_rows.forget_keys, now - policy.idempotency_lifetime),
        (credential_rows.forget_failures, now),
        (credential_rows.forget_ended, now - CREDENTIALS_KEPT),
        (absence_rows.forget_ended, now),
        (export_rows.forget_ended, now - ENDED_KEPT),
        (delivery_rows.forget_ended, now - DELIVERIES_KEPT),
        (notification_rows.forget, now - NOTIFICATIONS_KEPT),
        (mailing_rows.forget_ended, now - DELIVERIES_KEPT),
    ):
        removed = ROWS_AT_ONCE
        while removed >= ROWS_AT_ONCE:
            async with context.database.write() as tx:
                removed = await forget(tx, before, ROWS_AT_ONCE)


async def _expire_uploads(context: Context, done: SweepReport) -> None:
    done.uploads += await expire_uploads(context)


async def _end_forgotten(context: Context, done: SweepReport) -> None:
    del done
    await checkins.end_forgotten(context)


async def _purge_files(context: Context, done: SweepReport) -> None:
    done.files_of_instances += await purge_files(context)


async def _end_exports(context: Context, done: SweepReport) -> None:
    del done
    await end_exports(context)


async def _drop_blobs(context: Context, done: SweepReport) -> None:
    done.blobs += await drop_blobs(context)


async def _forget_rows(context: Context, done: SweepReport) -> None:
    del done
    await _forget(context)


STEPS: Mapping[str, Callable[[Context, SweepReport], Awaitable[None]]] = {
    "uploads": _expire_uploads,
    "forgotten forms": _end_forgotten,
    "deleted files": _purge_files,
    "exports": _end_exports,
    "blobs": _drop_blobs,
    "old rows": _forget_rows,
}
"""What is swept apart from the store, in this order: each frees what the next may take away."""
