"""A process that dies: after so many steps no statement reaches the database and no call the disk.

Both count the same steps, so that a test can let a process die between any two of them, and look at what is left with
a database and a store that live.
"""

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any, TypeVar

from faulty_disk import FaultyDisk, PowerLossError
from satchel.db.pool import Database, Reader, Writer
from satchel.db.trips import Later, Query

T = TypeVar("T")


@dataclass(slots=True)
class Life:
    """How many steps are left; None means that no end is set."""

    left: int | None = None
    taken: int = 0

    def step(self, name: str) -> None:
        """Take a step, or be dead."""
        if self.left is not None:
            if self.left <= 0:
                raise PowerLossError(name)
            self.left -= 1
        self.taken += 1


class DyingDisk(FaultyDisk):
    """The machine's file system, as long as the process lives."""

    def __init__(self, life: Life) -> None:
        super().__init__()
        self._life = life

    def _step(self, name: str) -> None:
        self._life.step(name)


class _DyingWriter(Writer):
    """Sends each statement by itself, also those that are put off, with a step before it."""

    def __init__(self, life: Life, living: Reader) -> None:
        super().__init__(living._wire)  # the same connection
        self._life = life
        self._waiting: list[Later[Any]] = []

    def later(self, query: Query[T]) -> Later[T]:
        later = Later(query)
        self._waiting.append(later)
        return later

    async def trip(self) -> None:
        waiting, self._waiting = self._waiting, []
        for later in waiting:
            self._life.step(later.query.text)
            self._wire.put(later)
            await self._wire.go()


class DyingDatabase(Database):
    """A living database, as long as the process lives: death before the commit is a step too."""

    def __init__(self, life: Life, living: Database) -> None:
        self.dsn = living.dsn
        self._life = life
        self._living = living

    @asynccontextmanager
    async def read(self) -> AsyncGenerator[Reader]:
        async with self._living.read() as tx:
            yield _DyingWriter(self._life, tx)

    @asynccontextmanager
    async def write(self) -> AsyncGenerator[Writer]:
        async with self._living.write() as tx:
            dying = _DyingWriter(self._life, tx)
            yield dying
            await dying.trip()
            self._life.step("commit")
