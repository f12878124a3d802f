"""Connections and transactions: the two ways in which anything reads or writes the database.

`Database.read` gives a `Reader`, `Database.write` a `Writer`, and the functions of the other modules of this package
say by their first parameter which one they need. A `Writer` is one transaction: it commits when its block ends and
rolls back when the block raises. No network and no body bytes inside it (architecture §1.3).
"""

import copy
from collections.abc import AsyncGenerator, Awaitable, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from datetime import timedelta
from types import TracebackType
from typing import LiteralString, NewType, Self

import msgspec
import psycopg
from psycopg import AsyncConnection
from psycopg.rows import args_row, dict_row, scalar_row
from psycopg.types.json import set_json_loads

from satchel.db.connections import Connections, with_network
from satchel.db.refusals import database_errors
from satchel.db.rows import Row, object_row
from satchel.model.errors import DatabaseUnavailable

Parameters = Mapping[str, object] | Sequence[object] | None

LOCK_TIMEOUT = timedelta(seconds=10)
"""How long a transaction waits for another's lock before it gives up as busy."""

STATEMENT_TIMEOUT = timedelta(seconds=30)
"""How long one statement may run: a guard against a runaway search, not a tuning knob."""

JobConnection = NewType("JobConnection", object)
"""A transaction's own connection, for the queue to enqueue on; opaque to actions."""


def assembled(query: str) -> LiteralString:
    """Return a query that was put together from constants as one that may be run; values never become part of it."""
    return query  # pyright: ignore[reportReturnType]  # the callers, all in this package, vouch for their parts


class Reader:
    """Runs queries and maps each row to a type."""

    def __init__(self, connection: AsyncConnection) -> None:
        self._connection = connection

    async def rows(self, row: type[Row], query: LiteralString, parameters: Parameters = None) -> list[Row]:
        """Return every row as an object of the class, whose fields are named as the columns are (`satchel.db.rows`)."""
        async with self._connection.cursor(row_factory=object_row(row)) as cursor:
            await cursor.execute(query, parameters)
            return await cursor.fetchall()

    async def row(self, row: type[Row], query: LiteralString, parameters: Parameters = None) -> Row | None:
        """Return the first row, or None."""
        async with self._connection.cursor(row_factory=object_row(row)) as cursor:
            await cursor.execute(query, parameters)
            return await cursor.fetchone()

    async def values(self, kind: Callable[..., Row], query: LiteralString, parameters: Parameters = None) -> list[Row]:
        """Return the first column of every row; `kind` names its type."""
        del kind
        async with self._connection.cursor(row_factory=scalar_row) as cursor:
            await cursor.execute(query, parameters)
            return await cursor.fetchall()

    async def value(self, kind: Callable[..., Row], query: LiteralString, parameters: Parameters = None) -> Row | None:
        """Return the first column of the first row, or None; `kind` names its type."""
        del kind
        async with self._connection.cursor(row_factory=scalar_row) as cursor:
            await cursor.execute(query, parameters)
            found: Row | None = await cursor.fetchone()
            return found

    async def pairs(self, query: LiteralString, parameters: Parameters = None) -> list[tuple[object, ...]]:
        """Return every row as a tuple of its columns."""
        async with self._connection.cursor(row_factory=args_row(lambda *columns: columns)) as cursor:
            await cursor.execute(query, parameters)
            return await cursor.fetchall()

    async def records(self, query: LiteralString, parameters: Parameters = None) -> list[dict[str, object]]:
        """Return every row as a dictionary of its columns."""
        async with self._connection.cursor(row_factory=dict_row) as cursor:
            await cursor.execute(query, parameters)
            return await cursor.fetchall()


class Writer(Reader):
    """One transaction that may also change rows."""

    async def execute(self, query: LiteralString, parameters: Parameters = None) -> int:
        """Run a statement and return how many rows it touched."""
        cursor = await self._connection.execute(query, parameters)
        return cursor.rowcount

    async def execute_many(self, query: LiteralString, parameters: Sequence[Parameters]) -> None:
        """Run a statement once for each set of parameters, in one round trip."""
        if parameters:
            async with self._connection.cursor() as cursor:
                await cursor.executemany(query, [p for p in parameters if p is not None])

    @property
    def job_connection(self) -> JobConnection:
        """The connection of this transaction, for `satchel.queue` alone."""
        return JobConnection(self._connection)


class Database:
    """A pool of connections to one PostgreSQL database."""

    def __init__(self, dsn: str, *, max_connections: int = 16, wait_s: float = 10.0) -> None:
        options = (
            f"-c lock_timeout={int(LOCK_TIMEOUT.total_seconds() * 1000)}"
            f" -c statement_timeout={int(STATEMENT_TIMEOUT.total_seconds() * 1000)} -c TimeZone=UTC"
        )
        self.dsn = with_network(dsn)
        self._last: Callable[[Writer], Awaitable[None]] | None = None
        self._lock_timeout: timedelta | None = None
        self._pool = Connections(
            self.dsn,
            min_size=1,
            max_size=max_connections,
            timeout=wait_s,
            kwargs={"autocommit": True, "options": options},
            name="satchel",
            configure=_configure,
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

    def with_lock_timeout(self, timeout: timedelta) -> "Database":
        """Return this database with writes that wait for another's lock no longer than this."""
        other = copy.copy(self)
        other._lock_timeout = timeout  # noqa: SLF001  # another of the same class
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
            async with self._pool.connection() as connection:
                yield Reader(connection)

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
            async with self._pool.connection() as connection, connection.transaction():
                writer = Writer(connection)
                if self._lock_timeout is not None:
                    milliseconds = str(round(self._lock_timeout.total_seconds() * 1000))
                    await connection.execute("SELECT set_config('lock_timeout', %s, true)", (milliseconds,))
                yield writer
                if self._last is not None:
                    await self._last(writer)


async def _configure(connection: AsyncConnection) -> None:
    set_json_loads(msgspec.json.decode, connection)  # the same objects as the standard library's, sooner
