"""Turns: what several processes must not do at once, though each of them may."""

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager, suppress

import psycopg
from psycopg import AsyncConnection

from satchel.db.pool import Writer
from satchel.model.errors import Unavailable

TAKE_OVER = 0x5A7C_4E1D
"""The advisory lock's key: any constant that nobody else on the database uses."""


async def take_turn(tx: Writer) -> bool:
    """Return whether it is this transaction's turn to take over the jobs of dead workers, until it ends."""
    return bool(await tx.value(bool, "SELECT pg_try_advisory_xact_lock(%s)", (TAKE_OVER,)))


@asynccontextmanager
async def turn(dsn: str, kind: str, account: int, number: int) -> AsyncGenerator[bool]:
    """Hold the turn at one thing of an account for as long as the block runs; yield whether it was free.

    It has a connection of its own, so that work which takes minutes holds none of the pool's; a process that dies
    gives its turn up with it.

    Raises:
        Unavailable: the database cannot be reached; try again.
    """
    try:
        connection = await AsyncConnection.connect(dsn, autocommit=True)
    except psycopg.OperationalError as error:
        raise Unavailable("The database cannot be reached at the moment. Try again shortly.") from error
    async with connection:
        key = f"{kind} {account} {number}"
        cursor = await connection.execute("SELECT pg_try_advisory_lock(hashtextextended(%s, 0))", (key,))
        found = await cursor.fetchone()
        try:
            yield bool(found and found[0])
        finally:
            # The database notices a closed connection some time later; the next one finds the turn free at once.
            with suppress(psycopg.Error):
                await connection.execute("SELECT pg_advisory_unlock_all()")
