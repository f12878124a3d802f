"""Two actions at once, one of them stopped before one of its statements until the other is done or waits for it.

Each statement, and the commit, of the first action is a point at which the second may come in between.
"""

import asyncio
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from typing import Any, TypeVar

from satchel.actions.context import Context
from satchel.db.pool import Database, Reader, Writer
from satchel.db.trips import Later, Query
from satchel.model.errors import SatchelError, Unavailable

T = TypeVar("T")
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
    """Sends each statement by itself, also those that are put off, with a step before it."""

    def __init__(self, turnstile: Turnstile, living: Reader) -> None:
        super().__init__(living._wire)  # the same connection
        self._turnstile = turnstile
        self._waiting: list[Later[Any]] = []

    def later(self, query: Query[T]) -> Later[T]:
        later = Later(query)
        self._waiting.append(later)
        return later

    async def trip(self) -> None:
        waiting, self._waiting = self._waiting, []
        for later in waiting:
            await self._turnstile.step()
            self._wire.put(later)
            await self._wire.go()


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
            stopping = _StoppingWriter(self._turnstile, tx)
            yield stopping
            await stopping.trip()
            await self._turnstile.step()


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """How two actions ended: None for each that was done, what refused it otherwise; and whether the first stopped."""

    first: SatchelError | None
    second: SatchelError | None
    has_stopped: bool

    def require_done(self, what: str, *, only_one: bool) -> None:
        """Require that one was done at least, or exactly `only_one`, and that none met a fault of the database."""
        refusals = [self.first, self.second]
        assert not any(isinstance(refused, Unavailable) for refused in refusals), f"{what}: {refusals}"
        assert None in refusals, f"{what}: neither is done: {refusals}"
        if only_one:
            assert refusals.count(None) == 1, f"{what}: both are done"


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
