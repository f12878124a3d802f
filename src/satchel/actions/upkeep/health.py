"""Whether the server can work, and how much it holds: for probes and monitoring, without anybody's rights."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Generic, TypeVar

from satchel.actions.context import Context
from satchel.db import health as rows
from satchel.db.health import ServerState
from satchel.model.errors import DatabaseUnavailable, DiskFull, SatchelError
from satchel.queue.enqueue import QUEUE

T = TypeVar("T")

PATIENCE_S = 3.0
"""How long a probe waits for the database: less than the programs that probe wait for the answer."""

FULL_BYTES = 1024 * 1024
"""With less room than this, the disk counts as full: hardly a file fits any more, and no page of the database."""


class Monitor:
    """Looks at the parts of a server for those who probe it.

    Anybody may probe, as often as they like, and the database may not answer: so there is one look of a kind at a
    time, which everybody who comes meanwhile shares, and which nobody waits for longer than `PATIENCE_S`.
    """

    def __init__(self, context: Context) -> None:
        self._context = context
        self._answers = _Shared(self._answer)
        self._state = _Shared(self._read_state)

    async def check(self) -> None:
        """Return if the database answers and takes changes, and the store has room.

        Raises:
            DatabaseUnavailable: the database does not answer, or takes no changes.
            DiskFull: the disk of the store is full.
            Unavailable: the store cannot be read, or takes no changes.
        """
        await self._answers.result()
        free = await self._context.blobs.free_bytes()
        if free is not None and free < FULL_BYTES:
            raise DiskFull

    async def state(self) -> ServerState | None:
        """Return what the whole server holds, or None while the database does not answer."""
        try:
            return await self._state.result()
        except SatchelError:
            return None

    async def free_bytes(self) -> int | None:
        """Return how many bytes the store has room for, or None if it cannot tell."""
        try:
            return await self._context.blobs.free_bytes()
        except SatchelError:
            return None

    async def _answer(self) -> None:
        async with self._context.database.read() as tx:
            await rows.answer(tx)

    async def _read_state(self) -> ServerState:
        async with self._context.database.read() as tx:
            return await rows.server_state(tx, QUEUE, self._context.clock())


class _Shared(Generic[T]):
    """What several ask for at once and one finds out."""

    def __init__(self, find: Callable[[], Awaitable[T]]) -> None:
        self._find = find
        self._running: asyncio.Task[T] | None = None

    async def result(self) -> T:
        """Return what is found.

        Raises:
            DatabaseUnavailable: it takes too long; what is being looked for is not given up, since a connection that
                is interrupted would have to wait for the database as well.
        """
        if self._running is None or self._running.done():
            self._running = asyncio.ensure_future(self._find())
            self._running.add_done_callback(_see)  # what it raises after everybody has left
        done, _ = await asyncio.wait({self._running}, timeout=PATIENCE_S)
        if not done:
            raise DatabaseUnavailable(f"The database did not answer within {PATIENCE_S:g} seconds. Check that it runs.")
        return self._running.result()


def _see(ended: asyncio.Future[T]) -> None:
    if not ended.cancelled():
        ended.exception()
