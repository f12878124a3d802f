"""Two actions at once, one of them stopped before one of its statements until the other is done or waits for it.

Each statement, and the commit, of the first action is a point at which the second may come in between.
"""

import asyncio
from collections.abc import AsyncGenerator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from typing import LiteralString

from satchel.actions.context import Context
from satchel.db.pool import Database, Parameters, Reader, Writer
from satchel.db.rows import Row
from satchel.model.errors import SatchelError

Act = Callable[[Context], Awaitable[object]]
"""Does something with a context."""

_WAITING = (
    "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'"
    " AND state = 'active'"
)


@dataclass(slots=True)
class Turnstile:
    """Counts statements, and stops before one of them until it may go on.

    Attributes:
        stops_at: the number of the statement, from 1; None stops nowhere.
    """

    stops_at: int | None = None
    taken: int = 0
    has_stopped: asyncio.Event = field(default_factory=asyncio.Event)
    may_go_on: asyncio.Event = field(default_factory=asyncio.Event)

    async def step(self) -> None:
        """Take a step, or wait before it."""
        self.taken += 1
        if self.taken == self.stops_at:
            self.has_stopped.set()
            await self.may_go_on.wait()


class _StoppingWriter(Writer):
    def __init__(self, turnstile: Turnstile, living: Reader) -> None:
        super().__init__(living._connection)  # the same connection
        self._turnstile = turnstile

    async def rows(self, row: type[Row], query: LiteralString, parameters: Parameters = None) -> list[Row]:
        await self._turnstile.step()
        return await super().rows(row, query, parameters)

    async def row(self, row: type[Row], query: LiteralString, parameters: Parameters = None) -> Row | None:
        await self._turnstile.step()
        return await super().row(row, query, parameters)

    async def values(self, kind: Callable[..., Row], query: LiteralString, parameters: Parameters = None) -> list[Row]:
        await self._turnstile.step()
        return await super().values(kind, query, parameters)

    async def value(self, kind: Callable[..., Row], query: LiteralString, parameters: Parameters = None) -> Row | None:
        await self._turnstile.step()
        return await super().value(kind, query, parameters)

    async def pairs(self, query: LiteralString, parameters: Parameters = None) -> list[tuple[object, ...]]:
        await self._turnstile.step()
        return await super().pairs(query, parameters)

    async def records(self, query: LiteralString, parameters: Parameters = None) -> list[dict[str, object]]:
        await self._turnstile.step()
        return await super().records(query, parameters)

    async def execute(self, query: LiteralString, parameters: Parameters = None) -> int:
        await self._turnstile.step()
        return await super().execute(query, parameters)

    async def execute_many(self, query: LiteralString, parameters: Sequence[Parameters]) -> None:
        await self._turnstile.step()
        await super().execute_many(query, parameters)


class StoppingDatabase(Database):
    """A database behind a turnstile; the commit of a write is a step too."""

    def __init__(self, turnstile: Turnstile, living: Database) -> None:
        self.dsn = living.dsn
        self._turnstile = turnstile
        self._living = living

    @asynccontextmanager
    async def read(self) -> AsyncGenerator[Reader]:
        async with self._living.read() as tx:
            yield _StoppingWriter(self._turnstile, tx)

    @asynccontextmanager
    async def write(self) -> AsyncGenerator[Writer]:
        async with self._living.write() as tx:
            yield _StoppingWriter(self._turnstile, tx)
            await self._turnstile.step()


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """How two actions ended: None for each that was done, what refused it otherwise; and whether the first stopped."""

    first: SatchelError | None
    second: SatchelError | None
    has_stopped: bool


async def interleave(context: Context, first: Act, second: Act, stops_at: int) -> Outcome:
    """Run `first` up to a statement, then `second` until it is done or waits for a lock, then what is left of both."""
    turnstile = Turnstile(stops_at=stops_at)
    stopped = replace(context, database=StoppingDatabase(turnstile, context.database))
    one = asyncio.create_task(_refused(first, stopped))
    reached = asyncio.create_task(turnstile.has_stopped.wait())
    await asyncio.wait([one, reached], return_when=asyncio.FIRST_COMPLETED)
    has_stopped = turnstile.has_stopped.is_set()
    other = asyncio.create_task(_refused(second, context))
    while has_stopped and not other.done() and not await _waits(context):
        await asyncio.wait([other], timeout=0.005)
    turnstile.may_go_on.set()
    reached.cancel()
    refusals = await asyncio.gather(one, other)
    return Outcome(first=refusals[0], second=refusals[1], has_stopped=has_stopped)


async def _refused(act: Act, context: Context) -> SatchelError | None:
    try:
        await act(context)
    except SatchelError as error:
        return error
    return None


async def _waits(context: Context) -> bool:
    async with context.database.read() as tx:
        return bool(await tx.value(int, _WAITING))


async def at_every_statement(run: Callable[[int], Awaitable[bool]]) -> None:
    """Run a pair once for each statement of its first action.

    Args:
        run: takes the number of the statement, and returns whether there is one of that number.
    """
    stops_at = 1
    while await run(stops_at):
        stops_at += 1
    assert stops_at > 1, "the action has no statements"
