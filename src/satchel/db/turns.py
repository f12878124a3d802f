"""Turns: what several processes must not do at once, though each of them may."""

from satchel.db.pool import Writer

TAKE_OVER = 0x5A7C_4E1D
"""The advisory lock's key: any constant that nobody else on the database uses."""


async def take_turn(tx: Writer) -> bool:
    """Return whether it is this transaction's turn to take over the jobs of dead workers, until it ends."""
    return bool(await tx.value(bool, "SELECT pg_try_advisory_xact_lock(%s)", (TAKE_OVER,)))
