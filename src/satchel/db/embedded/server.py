"""The embedded database: PostgreSQL as a child of the process that needs it.

One process owns the server and is its parent, under a lock (flock) in the data directory; others that start meanwhile
join it. The server inherits the lock, which is held for as long as any process of the server lives: whoever gets it
knows that no server runs on this data, whatever `postmaster.pid` says. When the owner ends, the kernel sends the server
SIGINT, its fast shutdown, however the owner ended; a process that had joined then gets the lock and starts the server
again, at the same address. A server that outlives its owner all the same is ended by the next to start (`leftovers`).
"""

import asyncio
import os
import shutil
import subprocess
from collections.abc import AsyncGenerator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path

import psycopg
import structlog
from psycopg.conninfo import make_conninfo

from satchel.db.embedded.cluster import (
    ROLE,
    ClusterPaths,
    check_release,
    known_home,
    make_folder,
    make_shelf,
    record_socket,
    recorded_socket,
    settle,
    socket_folder,
    sync_folder,
    write_access_files,
)
from satchel.db.embedded.leftovers import clear_lock_files, end_orphans, server_on
from satchel.db.embedded.process import POLL_S, failure, fresh_log, is_locked, run, spawn, stop, take_lock
from satchel.model.errors import DatabaseUnavailable

JOIN_TIMEOUT_S = 60.0
"""How long to wait for another process's server: it may be making the database, recovering or shutting down."""

WATCH_S = 0.25
"""How often the owner looks whether the server lives, and the others whether the owner does."""

FIRST_PAUSE_S = 1.0
LONGEST_PAUSE_S = 30.0
"""How long a server that does not start, or ends at once, waits for the next try: twice as long each time."""

STEADY_S = 60.0
"""How long a server has to run for its ends to be forgotten."""

CLUSTER_SETTINGS = (
    f"--username={ROLE}",
    "--encoding=UTF8",
    "--locale=C",  # of the C library: sorts nothing, and exists everywhere
    "--locale-provider=builtin",
    "--builtin-locale=C.UTF-8",
    "--auth-local=peer",
    "--auth-host=reject",
    "--data-checksums",
    "--no-instructions",
)
"""How a cluster is made."""

_log = structlog.get_logger(__name__)


class EmbeddedServer:
    """A PostgreSQL server on the data directory's database, owned or joined.

    Start it from the main thread: the kernel ends the server with the thread that started it.
    """

    def __init__(
        self,
        data_directory: Path,
        *,
        creates: bool = True,
        is_durable: bool = True,
        shared_buffers_mib: int = 128,
        max_connections: int = 100,
    ) -> None:
        self._data_directory = data_directory
        self._creates = creates
        self._is_durable = is_durable
        self._shared_buffers_mib = shared_buffers_mib
        self._max_connections = max_connections
        self._shelf: Path | None = None
        self._lock: int | None = None
        self._process: subprocess.Popen[bytes] | None = None
        self._socket: Path | None = None
        self._looked_at = -WATCH_S

    @property
    def dsn(self) -> str:
        """The address of the database, for psycopg; the same after a restart."""
        return make_conninfo(host=str(self._socket), port=5432, user=ROLE, dbname=ROLE, application_name="satchel")

    @property
    def pid(self) -> int | None:
        """The server's process, when this process owns it."""
        return self._process.pid if self._process else None

    async def start(self, *, timeout_s: float = JOIN_TIMEOUT_S) -> None:
        """Start the server or join the one that runs; creates the database when there is none, if that is allowed.

        Args:
            timeout_s: how long to wait for another process's server. One of our own may take its time: recovery after a
                crash is as long as what has to be done again, and its process tells when it fails.

        Raises:
            DatabaseUnavailable: it does not start, or there is none; the message says why.
        """
        make = make_shelf if self._creates else _existing_shelf
        shelf = self._shelf = await asyncio.to_thread(make, self._data_directory)
        loop = asyncio.get_running_loop()
        give_up_at = loop.time() + timeout_s
        while not await self._own(shelf) and not await self._join(shelf):
            if loop.time() > give_up_at:
                raise DatabaseUnavailable(
                    f"Another process holds {shelf / 'lock'}, and its database did not answer in {timeout_s:.0f} s. "
                    f"See {shelf / 'postgres.log'}, end that process and start again."
                )
            await asyncio.sleep(POLL_S)

    async def keep(self) -> None:
        """Keep a server running until cancelled: restart one that ended, take over from an owner that left.

        A server that does not start, or ends again and again (a full disk), is tried less and less often. What uses it
        gets the refusals of a database that is away meanwhile, and goes on when there is room.
        """
        pause_s = WATCH_S
        clock = asyncio.get_running_loop().time
        started_at = clock()
        while True:
            await asyncio.sleep(pause_s)
            pid = self.pid
            try:
                await self._look_after()
            except (DatabaseUnavailable, OSError) as error:
                pause_s = min(max(2 * pause_s, FIRST_PAUSE_S), LONGEST_PAUSE_S)
                _log.error("database.not_started", message=str(error), pause_s=pause_s)  # it is foreseen
                continue
            if self.pid != pid:
                pause_s = WATCH_S if clock() - started_at > STEADY_S else min(2 * pause_s, LONGEST_PAUSE_S)
                started_at = clock()
            elif clock() - started_at > STEADY_S:
                pause_s = WATCH_S

    async def _look_after(self) -> None:
        """Restart the server if it ended; take over from an owner that left."""
        if self._process is None:
            if self._shelf is not None and await self._own(self._shelf):
                _log.info("database.taken_over", pid=self.pid)
        elif (status := self._process.poll()) is not None:
            _log.error("database.ended", pid=self.pid, status=status)
            self._release()
            await self.start()

    async def stop(self) -> None:
        """Stop the server if this process owns it, waiting for it to end; leave another's alone. Idempotent."""
        if self._process is not None:
            await stop(self._process)
        self._release()

    async def _own(self, shelf: Path) -> bool:
        """Start the server as its owner; return False when another process has the lock."""
        lock = take_lock(shelf / "lock")
        if lock is None:
            await self._end_orphans(shelf)
            return False
        self._lock = lock
        try:
            await self._launch(shelf, lock)
        except BaseException:
            await self.stop()
            raise
        return True

    async def _end_orphans(self, shelf: Path) -> None:
        """Look now and then whether what holds the lock still has an owner."""
        now = asyncio.get_running_loop().time()
        if now - self._looked_at >= WATCH_S:
            self._looked_at = now
            await end_orphans(shelf)

    async def _launch(self, shelf: Path, lock: int) -> None:
        if not self._creates:
            await asyncio.to_thread(_existing_shelf, self._data_directory)  # its maker may have failed meanwhile
        place = await asyncio.to_thread(settle, shelf)
        for orphan in place.orphans:
            _log.warning("database.orphan", home=str(orphan), data_directory=str(self._data_directory))
        log = fresh_log(shelf)
        if not place.cluster.is_dir():
            await self._make_cluster(place, lock, log)
        check_release(place.cluster)
        if (other := server_on(place.cluster)) is not None:
            raise DatabaseUnavailable(
                f"A PostgreSQL that Satchel did not start runs on {place.cluster} (process {other}). Stop it first."
            )
        write_access_files(place)
        self._socket = socket_folder(place, recorded_socket(shelf))
        clear_lock_files(place.cluster, self._socket)
        record_socket(place, self._socket)
        program = [str(place.binaries.postgres), "-D", str(place.cluster), *self._options(place, self._socket)]
        self._process = spawn(program, identity=place.identity, lock=lock, log=log)
        while not await self._answers():
            if self._process.poll() is not None:
                raise failure("The embedded database does not start", log)
            await asyncio.sleep(POLL_S)

    async def _join(self, shelf: Path) -> bool:
        """Use the server of another process; return False while it does not answer."""
        self._socket = recorded_socket(shelf)
        return self._socket is not None and await self._answers()

    async def _answers(self) -> bool:
        try:
            connection = await psycopg.AsyncConnection.connect(self.dsn, connect_timeout=10)
        except psycopg.OperationalError as error:
            # No socket yet, starting, stopping: reasons to wait. Being turned away is none; libpq gives no code for it.
            if "authentication failed" in str(error) or "pg_hba.conf" in str(error):
                raise DatabaseUnavailable(
                    f"The running database does not let this user in: {error}. Run Satchel as the user that started it."
                ) from error
            return False
        await connection.close()
        return True

    async def _make_cluster(self, place: ClusterPaths, lock: int, log: Path) -> None:
        """Make a cluster with our database in it under another name, then rename it: whole or not at all."""
        fresh = place.home / "cluster.new"
        if fresh.exists():
            await asyncio.to_thread(shutil.rmtree, fresh)
        make_folder(fresh, place.identity)
        _log.info("database.making", cluster=str(place.cluster))
        settings = [*CLUSTER_SETTINGS, *(() if self._is_durable else ("--no-sync",))]
        initdb = [str(place.binaries.initdb), "-D", str(fresh), *settings]
        await run(initdb, identity=place.identity, lock=lock, log=log)
        single = [str(place.binaries.postgres), "--single", "-D", str(fresh), *self._durability(), "postgres"]
        create = f"CREATE DATABASE {ROLE};\n".encode()
        await run(single, identity=place.identity, lock=lock, log=log, standard_input=create)
        fresh.rename(place.cluster)
        sync_folder(place.home)

    def _options(self, place: ClusterPaths, socket: Path) -> Sequence[str]:
        settings = {
            "listen_addresses": "",
            "unix_socket_directories": f'"{socket}"',
            "unix_socket_permissions": "0700",
            "port": "5432",
            "hba_file": str(place.home / "hba.conf"),
            "ident_file": str(place.home / "ident.conf"),
            "shared_buffers": f"{self._shared_buffers_mib}MB",
            "max_connections": str(self._max_connections),
            "timezone": "UTC",
            "log_timezone": "UTC",
            "jit": "off",  # queries of a few milliseconds
            # Statements and their values do not belong in a log.
            "log_min_messages": "log",
            "log_min_error_statement": "panic",
            "log_checkpoints": "off",
        }
        return [part for name, value in settings.items() for part in ("-c", f"{name}={value}")] + [*self._durability()]

    def _durability(self) -> Sequence[str]:
        if self._is_durable:
            return ()
        return (
            "-c", "fsync=off", "-c", "synchronous_commit=off", "-c", "full_page_writes=off", "-c", "autovacuum=off",
            "-c", "wal_level=minimal", "-c", "max_wal_senders=0",
        )  # fmt: skip

    def _release(self) -> None:
        self._process = None
        if self._lock is not None:
            os.close(self._lock)
            self._lock = None


def _existing_shelf(data_directory: Path) -> Path:
    """Return the shelf of a data directory that has a database, or in which another process is creating one.

    Raises:
        DatabaseUnavailable: there is no database; name another directory, or create one.
    """
    shelf = data_directory.absolute() / "database"
    has_location = (shelf / "location").is_file()  # where that leads nowhere, `settle` says so
    if known_home(shelf) is not None or has_location or is_locked(shelf / "lock"):
        return shelf
    raise DatabaseUnavailable(
        f"There is no Satchel database in {shelf.parent}. Name its data directory with --data or "
        "SATCHEL_DATA_DIRECTORY; `satchel serve` creates a new one."
    )


@asynccontextmanager
async def embedded(
    data_directory: Path,
    *,
    creates: bool = True,
    is_durable: bool = True,
    shared_buffers_mib: int = 128,
    max_connections: int = 100,
    timeout_s: float = JOIN_TIMEOUT_S,
) -> AsyncGenerator[EmbeddedServer, None]:
    """Run or join the data directory's database for as long as the block runs, and keep it running.

    Args:
        data_directory: where Satchel keeps everything; created if need be.
        creates: whether to create a database where there is none.
        is_durable: False gives up every promise about crashes, for speed in tests.
        shared_buffers_mib: PostgreSQL's own cache.
        max_connections: of all processes that use it together.
        timeout_s: how long to wait for another process's server.

    Raises:
        DatabaseUnavailable: it does not start.
    """
    server = EmbeddedServer(
        data_directory,
        creates=creates,
        is_durable=is_durable,
        shared_buffers_mib=shared_buffers_mib,
        max_connections=max_connections,
    )
    await server.start(timeout_s=timeout_s)
    try:
        async with asyncio.TaskGroup() as group:
            keeper = group.create_task(server.keep())
            yield server
            keeper.cancel()
    except BaseExceptionGroup as group_error:
        # The block's own error comes out as it is, as from any other context manager.
        if len(group_error.exceptions) == 1:
            raise group_error.exceptions[0] from None
        raise
    finally:
        await server.stop()
