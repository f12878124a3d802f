"""The pool of connections, and what it does about those that are of no use any more.

A server that restarts, fails over or becomes read-only leaves connections behind that look well: closed ones, which
the first statement would find out, and open ones that go on refusing changes when the server takes them again. The
first are told by their socket, without a trip; the others are dropped when a statement fails for it.
"""

import json
import select
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import asynccontextmanager
from time import monotonic
from typing import Any, Final, cast

import msgspec
import psycopg
from psycopg import AsyncConnection, errors
from psycopg.conninfo import conninfo_to_dict, make_conninfo
from psycopg.types.json import set_json_dumps, set_json_loads
from psycopg_pool import AsyncConnectionPool, PoolTimeout

from satchel.db.trips import Wire

RECONNECT_S: Final = 3.0
"""How long one attempt to connect backs off before the next begins: so often is a server that is away looked for."""

DRAIN_S: Final = 1.0
"""How often at most all connections are replaced because one of them went stale."""

NETWORK: Final = {
    "connect_timeout": "10",
    "keepalives_idle": "20",
    "keepalives_interval": "5",
    "keepalives_count": "4",
    "tcp_user_timeout": "40000",
}
"""How soon a server that vanished without a word is given up, unless the address says otherwise: after 40 s, more than
a statement may take. Of no effect on a socket of this machine."""

_STALE = (errors.ReadOnlySqlTransaction, errors.FeatureNotSupported, errors.InvalidSqlStatementName)
"""What a connection goes on to answer, though a new one might not: it is read-only; its prepared statements are of
tables that a newer release has changed since."""


def with_network(dsn: str) -> str:
    """Return an address with `NETWORK` wherever it says nothing of it."""
    known = conninfo_to_dict(dsn)
    return make_conninfo(dsn, **{name: value for name, value in NETWORK.items() if name not in known})


class WiredConnection(AsyncConnection):
    """A connection of which only `Wire` makes use.

    Attributes:
        wire: sends statements over it; made when the connection is configured.
    """

    wire: Wire


class Connections(AsyncConnectionPool[AsyncConnection]):
    """A pool that hands out no connection which the server has closed, and keeps none that went stale."""

    def __init__(
        self,
        conninfo: str,
        *,
        min_size: int,
        max_size: int,
        name: str,
        timeout: float = 30.0,
        kwargs: dict[str, Any] | None = None,
        connection_class: type[AsyncConnection] = AsyncConnection,
        configure: Callable[[AsyncConnection], Awaitable[None]] | None = None,
    ) -> None:
        super().__init__(
            conninfo,
            connection_class=connection_class,
            open=False,
            min_size=min_size,
            max_size=max_size,
            name=name,
            timeout=timeout,
            kwargs=kwargs,
            configure=configure,
            reconnect_timeout=RECONNECT_S,
            reconnect_failed=_look_again,
        )
        self._renewed_at = 0.0
        self._is_refused = False

    async def getconn(self, timeout: float | None = None) -> AsyncConnection:
        """Return a connection that is open, as far as this side knows.

        Raises:
            OperationalError: the server lets nobody in.
            PoolTimeout: all connections stayed in use.
        """
        while True:
            try:
                connection = await super().getconn(timeout)
            except PoolTimeout as error:
                if self._is_refused:
                    raise errors.OperationalError("no connection could be made") from error
                raise
            if not await _is_closed(connection):
                return connection
            await connection.close()
            await self.putconn(connection)

    @asynccontextmanager
    async def connection(self, timeout: float | None = None) -> AsyncGenerator[AsyncConnection]:
        """Open a connection for a block; one that went stale in it is closed, and the others are replaced."""
        async with super().connection(timeout) as connection:
            try:
                yield connection
            except BaseException as error:
                if isinstance(database_error(error), _STALE):
                    await connection.close()
                    await self._renew()
                raise

    @asynccontextmanager
    async def wire(self, timeout: float | None = None) -> AsyncGenerator[Wire]:
        """Yield the wire of a connection for a block, which ends whatever transaction it opens.

        Connections that went stale are treated as `connection` does.

        Args:
            timeout: how long to wait for a connection, in seconds; None for as long as the pool says.
        """
        connection = cast("WiredConnection", await self.getconn(timeout))  # as `Database` asks its pool for
        try:
            yield connection.wire
        except BaseException as error:
            if isinstance(database_error(error), _STALE):
                await connection.close()
                await self._renew()
            raise
        finally:
            await self.putconn(connection)

    async def _connect(self, timeout: float | None = None) -> AsyncConnection:
        """Make a connection; whether that was possible is noted, as the pool itself only logs it."""
        try:
            connection = await super()._connect(timeout)
        except psycopg.Error:
            self._is_refused = True
            raise
        self._is_refused = False
        return connection

    async def _renew(self) -> None:
        now = monotonic()
        if now - self._renewed_at >= DRAIN_S:
            self._renewed_at = now
            await self.drain()


def database_error(error: BaseException | None) -> psycopg.Error | None:
    """Return the error of the database that an error is, or that a library wrapped."""
    if isinstance(error, psycopg.Error):
        return error
    cause = None if error is None else error.__cause__
    return cause if isinstance(cause, psycopg.Error) else None


async def configure_wire(connection: AsyncConnection) -> None:
    """Prepare a new connection for its wire."""
    set_json_loads(msgspec.json.decode, connection)  # the same objects as the standard library's, sooner
    set_json_dumps(_json, connection)
    connection.prepare_threshold = None  # psycopg would forget, by DEALLOCATE ALL, what the wire has prepared
    if isinstance(connection, WiredConnection):
        connection.wire = Wire(connection)


def _json(value: object) -> bytes:
    try:
        return msgspec.json.encode(value)
    except UnicodeEncodeError:  # half a surrogate pair: the database says what is wrong with it
        return json.dumps(value).encode()


async def _look_again(pool: AsyncConnectionPool[Any]) -> None:
    await pool.check()


async def _is_closed(connection: AsyncConnection) -> bool:
    """Return whether the server has closed an idle connection: only then, or rarely, is there something to read."""
    if connection.closed:
        return True
    poll = select.poll()
    poll.register(connection.fileno(), select.POLLIN)
    if not poll.poll(0):
        return False
    try:
        await AsyncConnectionPool.check_connection(connection)
    except psycopg.Error:
        return True
    return False
