"""Whether the server can work, and how much it holds: for probes and monitoring, without anybody's rights."""

from satchel.actions.context import Context
from satchel.db import health as rows
from satchel.db.health import Totals


async def check(context: Context) -> None:
    """Return if the database answers and takes changes, and the store can tell its room.

    Raises:
        Unavailable: one of them does not; the message says which.
    """
    async with context.database.read() as tx:
        await rows.answer(tx)
    await context.blobs.free_bytes()


async def totals(context: Context) -> Totals:
    """Return how much the whole server holds."""
    async with context.database.read() as tx:
        return await rows.totals(tx)


async def free_bytes(context: Context) -> int | None:
    """Return how many bytes the store has room for, or None if it cannot tell."""
    return await context.blobs.free_bytes()
