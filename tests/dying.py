"""A process that dies: after so many steps no statement reaches the database and no call the disk.

Both count the same steps, so that a test can let a process die between any two of them, and look at what is left with
a database and a store that live.
"""

from collections.abc import AsyncGenerator, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import LiteralString

from faulty_disk import FaultyDisk, PowerLossError
from satchel.db.pool import Database, Parameters, Reader, Writer
from satchel.db.rows import Row


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
    def __init__(self, life: Life, living: Reader) -> None:
        super().__init__(living._connection)  # the same connection
        self._life = life

    async def rows(self, row: type[Row], query: LiteralString, parameters: Parameters = None) -> list[Row]:
        self._life.step(query)
        return await super().rows(row, query, parameters)

    async def row(self, row: type[Row], query: LiteralString, parameters: Parameters = None) -> Row | None:
        self._life.step(query)
        return await super().row(row, query, parameters)

    async def values(self, kind: Callable[..., Row], query: LiteralString, parameters: Parameters = None) -> list[Row]:
        self._life.step(query)
        return await super().values(kind, query, parameters)

    async def value(self, kind: Callable[..., Row], query: LiteralString, parameters: Parameters = None) -> Row | None:
        self._life.step(query)
        return await super().value(kind, query, parameters)

    async def pairs(self, query: LiteralString, parameters: Parameters = None) -> list[tuple[object, ...]]:
        self._life.step(query)
        return await super().pairs(query, parameters)

    async def records(self, query: LiteralString, parameters: Parameters = None) -> list[dict[str, object]]:
        self._life.step(query)
        return await super().records(query, parameters)

    async def execute(self, query: LiteralString, parameters: Parameters = None) -> int:
        self._life.step(query)
        return await super().execute(query, parameters)

    async def execute_many(
        self, query: LiteralString, parameters: Sequence[Mapping[str, object] | Sequence[object] | None]
    ) -> None:
        self._life.step(query)
        await super().execute_many(query, parameters)


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
            yield _DyingWriter(self._life, tx)
            self._life.step("commit")
