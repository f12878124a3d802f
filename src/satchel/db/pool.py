"""Connections and transactions: the two ways in which anything reads or writes the database.

`Database.read` gives a `Reader`, `Database.write` a `Writer`, and the functions of the other modules of this package
say by their first parameter which one they need. A `Writer` is one transaction: it commits when its block ends and
rolls back when the block raises. No network and no body bytes inside it (architecture §1.3).
"""

import copy
from collections.abc import AsyncGenerator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from datetime import timedelta
from types import TracebackType
from typing import Final, LiteralString, Self, TypeVar

import psycopg

from satchel.db import trips
from satchel.db.connections import Connections, WiredConnection, configure_wire, with_network
from satchel.db.refusals import database_errors
from satchel.db.trips import Later, Parameters, Query, Wire
from satchel.model.errors import DatabaseUnavailable

T = TypeVar("T")


@dataclass(frozen=True, slots=True, kw_only=True)
class Waits:
    """How long work waits for what other work holds.

    Attributes:
        lock: how long a transaction waits for another's lock before it gives up as busy.
        connection: how long it waits for a connection before the database counts as unavailable.
    """

    lock: timedelta
    connection: timedelta


OF_JOBS: Final = Waits(lock=timedelta(seconds=10), connection=timedelta(seconds=10))
"""The waits of jobs and commands, for which nobody waits with a request open."""

STATEMENT_TIMEOUT = timedelta(seconds=30)
"""How long one statement may run: a guard against a runaway search, not a tuning knob."""


def assembled(query: str) -> LiteralString:
    """Return a query that was put together from constants as one that may be run; values never become part of it."""
    return query  # pyright: ignore[reportReturnType]  # the callers, all in this package, vouch for their parts


class Reader:
    """Runs queries and maps each row to a type.

    Each of its methods waits for the database; what was put off by `later` goes along, in front, in the same trip.
    """

    def __init__(self, wire: Wire) -> None:
        self._wire = wire

    def later(self, query: Query[T]) -> Later[T]:
        """Put a query off until somebody waits: for a later one, for `trip`, or for the end of the transaction.

        Several that are put off are one round trip. The database runs them in their order, each with a snapshot of its
        own, as if each were waited for; what fails shows only then.
        """
        return self._wire.put(Later(query))

    async def trip(self) -> None:
        """Wait for all that was put off."""
        await self._wire.go()

    async def ask(self, query: Query[T]) -> T:
        """Return what a query finds."""
        later = self.later(query)
        await self.trip()
        return later.result

    async def rows(self, row: type[T], query: LiteralString, parameters: Parameters = None) -> list[T]:
        """Return every row as an object of the class, whose fields are named as the columns are (`satchel.db.rows`)."""
        return await self.ask(trips.rows_of(row, query, parameters))

    async def row(self, row: type[T], query: LiteralString, parameters: Parameters = None) -> T | None:
        """Return the first row, or None."""
        return await self.ask(trips.row_of(row, query, parameters))

    async def values(self, kind: Callable[..., T], query: LiteralString, parameters: Parameters = None) -> list[T]:
        """Return the first column of every row; `kind` names its type."""
        return await self.ask(trips.values_of(kind, query, parameters))

    async def value(self, kind: Callable[..., T], query: LiteralString, parameters: Parameters = None) -> T | None:
        """Return the first column of the first row, or None; `kind` names its type."""
        return await self.ask(trips.value_of(kind, query, parameters))

    async def pairs(self, query: LiteralString, parameters: Parameters = None) -> list[tuple[object, ...]]:
        """Return every row as a tuple of its columns."""
        return await self.ask(trips.pairs_of(query, parameters))

    async def records(self, query: LiteralString, parameters: Parameters = None) -> list[dict[str, object]]:
        """Return every row as a dictionary of its columns."""
        return await self.ask(trips.records_of(query, parameters))


class Writer(Reader):
    """One transaction that may also change rows.

    It begins with its first statement, in the same trip, and what was put off is sent along with its end.
    """

    async def execute(self, query: LiteralString, parameters: Parameters = None) -> int:
        """Run a statement, wait for it, and return how many rows it touched."""
        return await self.ask(trips.count_of(query, parameters))

    def put(self, query: LiteralString, parameters: Parameters = None) -> Later[int]:
        """Have a statement run whose answer nobody waits for."""
        return self.later(trips.count_of(query, parameters))

    def put_many(self, query: LiteralString, parameters: Sequence[Parameters]) -> None:
        """Have a statement run once for each set of parameters."""
        for one in parameters:
            self.put(query, one)


class Database:
    """A pool of connections to one PostgreSQL database.

    Args:
        dsn: the database.
        max_connections: of the pool.
        waits: for locks and connections, of all work but what `with_waits` says otherwise of.
    """

    def __init__(self, dsn: str, *, max_connections: int = 16, waits: Waits = OF_JOBS) -> None:
        options = (
            f"-c lock_timeout={_milliseconds(waits.lock)}"
            f" -c statement_timeout={_milliseconds(STATEMENT_TIMEOUT)} -c TimeZone=UTC"
        )
        self.dsn = with_network(dsn)
        self._last: Callable[[Writer], Awaitable[None]] | None = None
        self._guard: tuple[Query[int], Exception] | None = None
        self._lock_timeout: timedelta | None = None
        self._connection_wait_s: float | None = None
        self._pool = Connections(
            self.dsn,
            min_size=1,
            max_size=max_connections,
            timeout=waits.connection.total_seconds(),
            kwargs={"autocommit": True, "options": options},
            name="satchel",
            connection_class=WiredConnection,
            configure=configure_wire,
        )

    async def __aenter__(self) -> Self:
        try:
            await self._pool.open(wait=True)
        except psycopg.Error as error:
            await self._pool.close()
            raise DatabaseUnavailable(
                "The database cannot be reached. Check SATCHEL_DATABASE_URL and that it runs."
            ) from error
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._pool.close()

    def with_every_write(self, last: Callable[[Writer], Awaitable[None]]) -> "Database":
        """Return this database with something to be done at the end of each write, within its transaction."""
        other = copy.copy(self)
        other._last = last  # noqa: SLF001  # another of the same class
        return other

    def with_guard(self, query: Query[int], refused: Exception) -> "Database":
        """Return this database with a statement that goes first in each write, in the same trip as what follows it.

        A write in which it touches no row is rolled back, and ends with `refused`.
        """
        other = copy.copy(self)
        other._guard = query, refused  # noqa: SLF001  # another of the same class
        return other

    def with_lock_timeout(self, timeout: timedelta) -> "Database":
        """Return this database with writes that wait for another's lock no longer than this."""
        other = copy.copy(self)
        other._lock_timeout = timeout  # noqa: SLF001  # another of the same class
        return other

    def with_waits(self, waits: Waits) -> "Database":
        """Return this database for work that waits for as long as this."""
        other = self.with_lock_timeout(waits.lock)
        other._connection_wait_s = waits.connection.total_seconds()  # noqa: SLF001  # another of the same class
        return other

    @asynccontextmanager
    async def read(self) -> AsyncGenerator[Reader]:
        """Yield a connection for queries; each one sees what is committed when it starts.

        Raises:
            DatabaseUnavailable: the database cannot be reached or all connections stay in use; try again.
            Unavailable: it took too long, or failed otherwise.
            InvalidRequest: a text or number that came in cannot be stored or compared.
        """
        with database_errors():
            async with self._pool.wire(self._connection_wait_s) as wire:
                try:
                    yield Reader(wire)
                finally:
                    wire.drop()

    @asynccontextmanager
    async def write(self) -> AsyncGenerator[Writer]:
        """Yield a connection for one transaction.

        Raises:
            DatabaseUnavailable: the database cannot be reached, takes no changes, or all connections stay in use; try
                again.
            Unavailable: it took too long, or failed otherwise.
            Busy: a lock was held for too long, or two transactions met in the wrong order; try again.
            Conflict: what the change names was removed meanwhile, or a rule of a table refuses it.
            DiskFull: the database has no room.
            InvalidRequest: a text or number that came in cannot be stored.
        """
        with database_errors():
            async with self._pool.wire(self._connection_wait_s) as wire:
                writer = Writer(wire)
                wire.put(Later(_BEGIN))
                if self._lock_timeout is not None:
                    milliseconds = _milliseconds(self._lock_timeout)
                    writer.put("SELECT set_config('lock_timeout', %s, true)", (str(milliseconds),))
                guard = wire.put(Later(self._guard[0])) if self._guard is not None else None
                preamble = wire.waiting
                try:
                    yield writer
                    if self._last is not None:
                        await wire.go()
                        await self._last(writer)
                    if wire.is_in_transaction or wire.waiting > preamble:  # else it did nothing
                        await self._check(guard, wire)
                        wire.put(Later(_COMMIT))
                        await wire.go()
                except BaseException:
                    await _roll_back(wire)
                    raise
                finally:
                    wire.drop()

    async def _check(self, guard: Later[int] | None, wire: Wire) -> None:
        if guard is None or self._guard is None:
            return
        if not guard.is_sent:
            await wire.go()
        if not guard.result:
            raise self._guard[1]


def _milliseconds(wait: timedelta) -> int:
    return round(wait.total_seconds() * 1000)


async def _roll_back(wire: Wire) -> None:
    """End a transaction that failed; where that cannot be done, the pool closes its connection."""
    wire.drop()
    if wire.is_in_transaction:
        wire.put(Later(_ROLLBACK))
        with suppress(psycopg.Error):
            await wire.go()


_BEGIN: Final = trips.count_of("BEGIN")
_COMMIT: Final = trips.count_of("COMMIT")
_ROLLBACK: Final = trips.count_of("ROLLBACK")
