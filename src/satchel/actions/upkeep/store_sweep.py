"""The sweep of the store: deletes bytes that no row names, and what writers that are gone left behind.

It goes through the whole store in batches, by account and digest, and notes after each how far it came: one that dies,
or is stopped, is continued there by the next process that looks. Of several processes one sweeps at a time.
"""

from collections.abc import AsyncGenerator, AsyncIterator, Callable, Sequence
from contextlib import aclosing
from dataclasses import dataclass
from datetime import datetime, timedelta

import structlog

from satchel.actions.context import Context
from satchel.blobs.store import LeftoverKind, Stored
from satchel.db import blobs as blob_rows
from satchel.db import store_sweeps as rows
from satchel.db import uploads as upload_rows
from satchel.model.causes import cause_of
from satchel.model.errors import Unavailable

BATCH = 500
"""How many blobs are asked for in one statement, and how many are looked at until that is noted."""

EVERY = timedelta(hours=6)
"""From the end of a sweep to the next."""

LEASE = timedelta(minutes=10)
"""How long a sweep is taken to be alive without a note; a batch takes less than a second."""

_log = structlog.get_logger(__name__)


@dataclass(slots=True, kw_only=True)
class StoreSweepReport:
    """What a sweep of the store deleted."""

    orphans: int = 0
    leftovers: int = 0


async def sweep_store(context: Context, is_stopping: Callable[[], bool] = lambda: False) -> StoreSweepReport | None:
    """Sweep the store if that is due and no other process does, or continue the sweep of one that is gone.

    Args:
        context: the parts.
        is_stopping: asked after each batch; the sweep is then left to the next process.

    Returns:
        What was deleted; None where there was nothing to do.
    """
    async with context.database.write() as tx:
        position = await rows.claim(tx, now=context.clock(), until=context.clock() + LEASE)
    if position is None:
        return None
    done = StoreSweepReport()
    async with aclosing(_batches(context.blobs.list(after=position))) as batches:
        async for batch in batches:
            done.orphans += await _drop_orphans_of(context, batch, _grace_end(context))
            reached = (batch[-1].account, str(batch[-1].digest))
            due_at = context.clock() if is_stopping() else context.clock() + LEASE
            async with context.database.write() as tx:
                is_own = await rows.note(tx, position, reached, due_at=due_at)
            if is_stopping() or not is_own:
                return done
            position = reached
    done.leftovers = await drop_leftovers(context)
    async with context.database.write() as tx:
        await rows.note(tx, position, rows.START, due_at=context.clock() + EVERY)
    return done


async def drop_orphans(context: Context) -> int:
    """Delete bytes of the whole store without a row that are older than the grace time; return how many."""
    grace_end = _grace_end(context)
    dropped = 0
    async with aclosing(_batches(context.blobs.list())) as batches:
        async for batch in batches:
            dropped += await _drop_orphans_of(context, batch, grace_end)
    return dropped


async def drop_leftovers(context: Context) -> int:
    """Delete temporary and partial files of writers that are gone; return how many."""
    grace_end = _grace_end(context)
    async with context.database.read() as tx:
        living = await upload_rows.living_partials(tx)
    dropped = 0
    async for leftover in context.blobs.leftovers():
        owner = leftover.partial
        if leftover.kind in (LeftoverKind.STRAY, LeftoverKind.UNREADABLE) or leftover.modified_at >= grace_end:
            continue
        if owner is not None and (owner.account, owner.upload) in living:
            continue
        try:
            dropped += await context.blobs.discard_leftover(leftover, older_than=grace_end)
        except Unavailable as error:  # as with orphans
            _log.warning("store_sweep.failed", leftover=leftover.name, cause=cause_of(error))
    return dropped


async def unknown(context: Context, batch: Sequence[Stored]) -> list[Stored]:
    """Return those of a batch that have no row."""
    async with context.database.read() as tx:
        known = await blob_rows.existing_of_all(tx, [(stored.account, stored.digest) for stored in batch])
    return [stored for stored in batch if (stored.account, stored.digest) not in known]


async def batches(context: Context) -> AsyncGenerator[Sequence[Stored]]:
    """Yield every blob of the store, some hundred at a time."""
    async with aclosing(_batches(context.blobs.list())) as found:
        async for batch in found:
            yield batch


async def _batches(listed: AsyncIterator[Stored]) -> AsyncGenerator[Sequence[Stored]]:
    batch: list[Stored] = []
    async for stored in listed:
        batch.append(stored)
        if len(batch) == BATCH:
            yield batch
            batch = []
    if batch:
        yield batch


async def _drop_orphans_of(context: Context, batch: Sequence[Stored], grace_end: datetime) -> int:
    dropped = 0
    for stored in await unknown(context, [stored for stored in batch if stored.modified_at < grace_end]):
        try:
            dropped += await context.blobs.delete(stored.account, stored.digest, older_than=grace_end)
        except Unavailable as error:  # the next sweep tries again; the others must not wait for that
            _log.warning("store_sweep.failed", account=stored.account, digest=stored.digest, cause=cause_of(error))
    return dropped


def _grace_end(context: Context) -> datetime:
    return context.clock() - context.policy.sweep_grace
