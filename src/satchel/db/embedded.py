"""The embedded database: PostgreSQL as a child of the process that needs it.

One process owns the server and is its parent, under a lock (flock) in the data directory; others that start meanwhile join
it. The server inherits the lock, so that it is held for as long as any process of the server lives: whoever gets the lock
knows that no server runs on this data, whatever `postmaster.pid` says. When the owner ends, the kernel sends the server
SIGINT, its fast shutdown, however the owner ended; a process that had joined gets the lock and starts the server again,
at the same address.
"""

import asyncio
import contextlib
import fcntl
import json
import os
import shutil
import signal
import subprocess
import sys
import threading
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path

import psycopg
import structlog
from psycopg.conninfo import make_conninfo

from satchel.db import embedded_launch
from satchel.db.embedded_cluster import (
    ROLE,
    Identity,
    Place,
    check_release,
    is_postmaster_of,
    make_folder,
    make_shelf,
    settle,
    socket_folder,
    write_access_files,
)
from satchel.model.errors import DatabaseUnavailable

START_TIMEOUT_S = 60.0
"""How long to wait for a server: crash recovery, or another process that is making the database."""

STOP_TIMEOUT_S = 20.0
"""How long a fast shutdown may take before an immediate one, which the next start recovers from."""

POLL_S = 0.01
WATCH_S = 0.25
"""How often the owner looks whether the server lives, and the others whether the owner does."""

RESTARTS = 5
"""How often in `RESTART_WINDOW_S` a server that ended by itself is started again."""

RESTART_WINDOW_S = 60.0

_log = structlog.get_logger(__name__)


class EmbeddedServer:
    """A PostgreSQL server on the data directory's database, owned or joined.

    Start it from the main thread: the kernel ends the server with the thread that started it.

    Attributes:
        orphans: homes of former databases of this data directory, which an administrator may remove.
    """

    def __init__(
        self,
        data_directory: Path,
        *,
        is_durable: bool = True,
        shared_buffers_mib: int = 128,
        max_connections: int = 100,
    ) -> None:
        self.orphans: tuple[Path, ...] = ()
        self._data_directory = data_directory
        self._is_durable = is_durable
        self._shared_buffers_mib = shared_buffers_mib
        self._max_connections = max_connections
        self._shelf: Path | None = None
        self._lock: int | None = None
        self._process: subprocess.Popen[bytes] | None = None
        self._socket: Path | None = None

    @property
    def dsn(self) -> str:
        """The address of the database, for psycopg; the same after a restart."""
        return make_conninfo(host=str(self._socket), port=5432, user=ROLE, dbname=ROLE, application_name="satchel")

    @property
    def is_owner(self) -> bool:
        """Whether this process runs the server, rather than having joined another's."""
        return self._process is not None

    @property
    def pid(self) -> int | None:
        """The server's process, when this process owns it."""
        return self._process.pid if self._process else None

    async def start(self, *, timeout_s: float = START_TIMEOUT_S) -> None:
        """Start the server or join the one that runs; makes the database when there is none.

        Raises:
            DatabaseUnavailable: it does not start; the message says why.
        """
        self._shelf = make_shelf(self._data_directory)
        try:
            async with asyncio.timeout(timeout_s):
                while not await self._own() and not await self._join():  # noqa: ASYNC110  # another process's lock wakes nobody
                    await asyncio.sleep(POLL_S)
        except TimeoutError as error:
            raise DatabaseUnavailable(
                f"The database in {self._shelf} did not become ready within {timeout_s:.0f} s. See {self._shelf / 'postgres.log'}; "
                "another Satchel may be stuck on the same data directory."
            ) from error

    async def keep(self) -> None:
        """Keep a server running until cancelled: restart one that ended, take over from an owner that left.

        Raises:
            DatabaseUnavailable: it ends again and again, or does not start.
        """
        loop = asyncio.get_running_loop()
        ends: list[float] = []
        while True:
            await asyncio.sleep(WATCH_S)
            if self._process is None:
                if await self._own():
                    _log.info("database.taken_over", pid=self.pid)
            elif (status := self._process.poll()) is not None:
                ends = [at for at in ends if at > loop.time() - RESTART_WINDOW_S] + [loop.time()]
                _log.error("database.ended", pid=self.pid, status=status)
                if len(ends) > RESTARTS:
                    raise DatabaseUnavailable(
                        f"The embedded database ended {len(ends)} times within a minute. See {self._shelf}/postgres.log."
                    )
                self._release()
                await self.start()

    async def stop(self) -> None:
        """Stop the server if this process owns it, waiting for it to end; leave another's alone. Idempotent."""
        process = self._process
        if process is not None:
            for number, patience_s in (
                (signal.SIGINT, STOP_TIMEOUT_S),
                (signal.SIGQUIT, 5.0),
                (signal.SIGKILL, 5.0),
            ):
                with contextlib.suppress(ProcessLookupError):
                    process.send_signal(number)
                if await _ends(process, patience_s):
                    break
        self._release()

    async def _own(self) -> bool:
        """Start the server as its owner; return False when another process has the lock."""
        shelf = make_shelf(self._data_directory) if self._shelf is None else self._shelf
        lock = _take(shelf / "lock")
        if lock is None:
            return False
        self._lock = lock
        try:
            await self._launch(shelf, lock)
        except BaseException:
            await self.stop()
            raise
        return True

    async def _launch(self, shelf: Path, lock: int) -> None:
        place = await asyncio.to_thread(settle, shelf)
        self.orphans = place.orphans
        log = _fresh_log(shelf)
        if not place.cluster.is_dir():
            await self._make_cluster(place, lock, log)
        check_release(place.cluster)
        if is_postmaster_of(place.cluster):
            raise DatabaseUnavailable(f"Another PostgreSQL, not of Satchel, runs on {place.cluster}. Stop it first.")
        (place.cluster / "postmaster.pid").unlink(
            missing_ok=True
        )  # nobody holds the lock: stale, whatever its PID is now
        write_access_files(place)
        self._socket = socket_folder(place, _recorded_socket(shelf))
        _record(shelf, self._socket)
        self._process = _spawn(
            [str(place.binaries.postgres), "-D", str(place.cluster), *self._options(place)],
            place.identity,
            lock,
            log,
        )
        while not await self._answers():
            if self._process.poll() is not None:
                raise _failure("The embedded database does not start", log)
            await asyncio.sleep(POLL_S)

    async def _join(self) -> bool:
        """Use the server of another process; return False while it does not answer."""
        self._socket = _recorded_socket(self._shelf) if self._shelf else None
        return self._socket is not None and await self._answers()

    async def _answers(self) -> bool:
        try:
            connection = await psycopg.AsyncConnection.connect(self.dsn, connect_timeout=10)
        except psycopg.OperationalError as error:
            # Starting up and shutting down are reasons to wait; being refused is not.
            if error.sqlstate is not None and error.sqlstate.startswith("28"):
                raise DatabaseUnavailable(f"The running database does not let this user in: {error}") from error
            return False
        await connection.close()
        return True

    async def _make_cluster(self, place: Place, lock: int, log: Path) -> None:
        """Make a cluster with our database in it under another name, then rename it: whole or not at all."""
        fresh = place.home / "cluster.new"
        if fresh.exists():
            await asyncio.to_thread(shutil.rmtree, fresh)
        make_folder(fresh, place.identity)
        settings = [
            f"--username={ROLE}", "--encoding=UTF8", "--locale=C", "--locale-provider=builtin", "--builtin-locale=C.UTF-8",
            "--auth-local=peer", "--auth-host=reject", "--data-checksums", "--no-instructions",
        ]  # fmt: skip
        if not self._is_durable:
            settings.append("--no-sync")
        await _run([str(place.binaries.initdb), "-D", str(fresh), *settings], place.identity, lock, log)
        create = f"CREATE DATABASE {ROLE};\n".encode()
        single = [str(place.binaries.postgres), "--single", "-D", str(fresh)]
        await _run([*single, *self._durability(), "postgres"], place.identity, lock, log, standard_input=create)
        fresh.rename(place.cluster)

    def _options(self, place: Place) -> Sequence[str]:
        settings = {
            "listen_addresses": "",
            "unix_socket_directories": f'"{self._socket}"',
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


@asynccontextmanager
async def embedded(
    data_directory: Path,
    *,
    is_durable: bool = True,
    shared_buffers_mib: int = 128,
    max_connections: int = 100,
    timeout_s: float = START_TIMEOUT_S,
) -> AsyncIterator[EmbeddedServer]:
    """Run or join the data directory's database for as long as the block runs, and keep it running.

    Args:
        data_directory: where Satchel keeps everything; created if need be.
        is_durable: False gives up every promise about crashes, for speed in tests.
        shared_buffers_mib: PostgreSQL's own cache.
        max_connections: of all processes that use it together.
        timeout_s: how long to wait for the start.

    Raises:
        DatabaseUnavailable: it does not start, or ended again and again while the block ran.
    """
    server = EmbeddedServer(
        data_directory, is_durable=is_durable, shared_buffers_mib=shared_buffers_mib, max_connections=max_connections
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


def _take(path: Path) -> int | None:
    """Return a descriptor that holds the lock, or None when somebody else does."""
    try:
        descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    except OSError as error:
        raise DatabaseUnavailable(
            f"{path} cannot be opened ({error.strerror}): the database belongs to another user. "
            "Run Satchel as that user, or choose another data directory."
        ) from error
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        os.close(descriptor)
        return None
    return descriptor


def _spawn(
    program: Sequence[str], identity: Identity, lock: int, log: Path, *, standard_input: bytes | None = None
) -> subprocess.Popen[bytes]:
    if threading.current_thread() is not threading.main_thread():
        raise RuntimeError("the embedded database must be started from the main thread")
    launcher = [
        sys.executable,
        "-I",
        "-S",
        embedded_launch.__file__,
        str(os.getpid()),
        str(identity.uid),
        str(identity.gid),
    ]
    with log.open("ab") as output:
        process = subprocess.Popen(  # noqa: S603  # our own program and arguments
            [*launcher, *program],
            stdin=subprocess.DEVNULL if standard_input is None else subprocess.PIPE,
            stdout=output,
            stderr=output,
            cwd="/",  # the present one may be closed to the server's user
            env={"PATH": os.defpath, "LC_ALL": "C", "TZ": "UTC"},
            umask=0o077,
            start_new_session=True,  # Ctrl-C in a terminal is for Satchel, which stops the server when it is done
            pass_fds=(lock,),
        )
    if standard_input is not None and process.stdin is not None:
        with contextlib.suppress(BrokenPipeError), process.stdin:
            process.stdin.write(standard_input)  # a line: fits the pipe
    return process


async def _run(
    program: Sequence[str], identity: Identity, lock: int, log: Path, *, standard_input: bytes | None = None
) -> None:
    process = _spawn(program, identity, lock, log, standard_input=standard_input)
    try:
        while process.poll() is None:
            await asyncio.sleep(POLL_S)
    finally:
        if process.poll() is None:
            process.send_signal(signal.SIGINT)
            await _ends(process, STOP_TIMEOUT_S)
    if process.returncode != 0:
        raise _failure("The embedded database cannot be made", log)


async def _ends(process: subprocess.Popen[bytes], patience_s: float) -> bool:
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(patience_s):
            while process.poll() is None:
                await asyncio.sleep(POLL_S)
    return process.poll() is not None


def _fresh_log(shelf: Path) -> Path:
    """Return an empty log; the former one is kept as `.1`, so that logs stay two."""
    log = shelf / "postgres.log"
    if log.exists():
        log.replace(shelf / "postgres.log.1")
    log.touch(mode=0o600)
    return log


def _failure(what: str, log: Path) -> DatabaseUnavailable:
    lines = log.read_text(errors="replace").splitlines()
    told = [line for line in lines if any(word in line for word in ("FATAL", "PANIC", "error:", "ERROR"))] or lines
    reason = told[-1].strip() if told else "it said nothing"
    if any("No space left on device" in line for line in lines):
        reason = "the disk is full; free space and start again"
    return DatabaseUnavailable(f"{what}: {reason}. The whole log is {log}.")


def _recorded_socket(shelf: Path) -> Path | None:
    try:
        return Path(json.loads((shelf / "server.json").read_text())["socket"])
    except (OSError, ValueError, KeyError):
        return None


def _record(shelf: Path, socket: Path) -> None:
    fresh = shelf / "server.json.new"
    fresh.write_text(json.dumps({"socket": str(socket), "owner": os.getpid()}))
    fresh.replace(shelf / "server.json")
