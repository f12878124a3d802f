"""The composition root: assembles the parts, and closes them in the right order.

`open_context` gives commands everything that actions need. `serve` adds the web server, the worker, the tick and the
sweep, in one process, or with the web server in several others (`satchel.processes`, `satchel.web_process`). Where the
worker, the tick or the sweep fails, it is started again and the others continue; when the web server ends, all stop,
the embedded database last.
"""

import asyncio
import gc
import logging
import os
import sys
from collections.abc import AsyncGenerator, Awaitable, Callable, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import replace
from datetime import UTC, datetime
from enum import Enum
from functools import partial
from typing import TYPE_CHECKING

import structlog
from structlog.typing import Processor

from satchel import __version__
from satchel.actions.context import Context
from satchel.actions.files.signing import KEY_BYTES
from satchel.actions.loading import LoadedApps
from satchel.actions.upkeep import belonging
from satchel.actions.vault import Vault
from satchel.actions.webhook_formats import NATIVE_FORMAT, by_name
from satchel.blobs.local import LocalBlobs
from satchel.db.embedded.server import embedded
from satchel.db.health import connection_limit
from satchel.db.keys import ensure_key
from satchel.db.migrate import migrate
from satchel.db.pool import OF_JOBS, Database, Waits
from satchel.model.clock import Clock
from satchel.model.errors import DatabaseUnavailable, InvalidSettings
from satchel.model.ids import Entropy
from satchel.model.metrics import Metrics, packed
from satchel.model.policy import SECRETS_KEY_BYTES
from satchel.outbound.allowed import parse_allowed
from satchel.outbound.guard import Guard
from satchel.outbound.http import HttpClient
from satchel.outbound.trust import Trust
from satchel.place import BLOBS, SECRETS_KEY_FILE, check_place, own_key
from satchel.processes import share_of, web_processes
from satchel.queue.enqueue import Queue
from satchel.settings import Settings
from satchel.surfaces.flokzu.webhooks import FORMAT as FLOKZU_FORMAT
from satchel.work.heaps import return_freed_memory, share_heap

if TYPE_CHECKING:
    from satchel.surfaces.kit.dispatch import Asgi
    from satchel.work.worker import Worker

_log = structlog.get_logger(__name__)

Part = Callable[[asyncio.Event], Awaitable[None]]
"""Runs a part of a server until the event is set."""

MIN_CONNECTIONS = 100
"""Minimum number of connections of the embedded database."""

SPARE_CONNECTIONS = 50
"""Connections for workers, commands and the database's own work, in addition to the pools."""


def system_clock() -> datetime:
    """Return the machine's time, in UTC."""
    return datetime.now(UTC)  # noqa: TID251  # the one place that reads the clock


class Opening(Enum):
    """What a process may do to its data directory and its database beyond what actions do."""

    CREATE = "create"
    """Create them where there are none, and store files."""

    SERVE = "serve"
    """Store files in those that exist."""

    USE = "use"
    """Use those that exist, as an administrator at the command line."""

    EXAMINE = "examine"
    """Look at those that exist, also where the disk does not read all of them."""

    ACCEPT_FILES = "accept_files"
    """Use those that exist, and record that these files are the database's."""

    ACCEPT_KEY = "accept_key"
    """Use those that exist, and record that the secrets are sealed with this key, which is created if it is missing."""

    @property
    def writes(self) -> bool:
        """Whether the process writes files into the data directory."""
        return self not in (Opening.USE, Opening.EXAMINE)

    @property
    def stores(self) -> bool:
        """Whether the process stores files."""
        return self in (Opening.CREATE, Opening.SERVE)


@asynccontextmanager
async def open_context(
    settings: Settings,
    opening: Opening = Opening.USE,
    *,
    clock: Clock = system_clock,
    entropy: Entropy = os.urandom,
    waits: Waits = OF_JOBS,
    connections: int | None = None,
) -> AsyncGenerator[Context]:
    """Open the database (starting or joining the embedded one) and the store, and yield them for actions.

    Migrates the database if needed; safe from several processes at once.

    Args:
        settings: of this process.
        opening: what it may do besides actions.
        clock: the time.
        entropy: chance.
        waits: how long actions wait for locks and connections.
        connections: of this process, where it has a part of the server's only.

    Raises:
        DatabaseUnavailable: the database cannot be started or reached, or takes fewer connections than the pool has.
        Unavailable: there is no Satchel here, and this process may not create one; or the database and the files do
            not belong together; or root would store files for another user.
        InvalidSettings: there is no key for secrets, or none that is one, or not the one of this database; a process
            that only looks finds that in the vault instead.
    """
    _spare_stacks()
    creates = opening is Opening.CREATE
    may_lack_files = creates or (opening is Opening.ACCEPT_FILES and settings.database_url is not None)
    check_place(settings.data_directory, creates=may_lack_files, writes=opening.writes)
    async with AsyncExitStack() as stack:
        dsn = await stack.enter_async_context(_database_of(settings, creates=creates))
        await migrate(dsn, creates=creates)
        pool = Database(dsn, max_connections=connections or settings.pool_size, waits=waits)
        database = await stack.enter_async_context(pool)
        await _check_pool(database, settings.pool_size)
        has_reader = settings.x_accel_prefix is not None
        blobs = LocalBlobs(settings.data_directory / BLOBS, clock=clock, entropy=entropy, is_read_by_group=has_reader)
        if opening is Opening.ACCEPT_FILES:
            await belonging.accept_files(database, blobs, entropy)
        is_looking = opening is Opening.EXAMINE
        await belonging.check_files(database, blobs, entropy, adopts=opening.stores, may_be_unreadable=is_looking)
        vault = await _open_vault(settings, database, opening, entropy)
        if opening.stores:
            await asyncio.to_thread(blobs.prepare)
            async with database.write() as tx:
                await ensure_key(tx, entropy(KEY_BYTES), clock())
        yield _context(settings, database, blobs, vault, clock=clock, entropy=entropy)


def _context(
    settings: Settings, database: Database, blobs: LocalBlobs, vault: Vault, *, clock: Clock, entropy: Entropy
) -> Context:
    return Context(
        database=database,
        blobs=blobs,
        clock=clock,
        entropy=entropy,
        policy=settings.policy(),
        apps=LoadedApps(),
        queue=Queue(),
        http=HttpClient(
            Guard(allowed=tuple(parse_allowed(entry) for entry in settings.outbound_allow)),
            Trust(settings.outbound_ca_file),
        ),
        vault=vault,
        mail_server=settings.smtp_url,
        webhook_formats=by_name(NATIVE_FORMAT, FLOKZU_FORMAT),
    )


@asynccontextmanager
async def open_database(settings: Settings, *, creates: bool) -> AsyncGenerator[str]:
    """Yield the address of the database, whatever is in it; the embedded one is started or joined.

    Args:
        settings: of this process.
        creates: whether an embedded database is created where there is none.

    Raises:
        DatabaseUnavailable: the embedded database cannot be started.
        Unavailable: there is no data directory for it, or root would create it for another user.
    """
    if settings.database_url is None:
        check_place(settings.data_directory, creates=creates, writes=creates)
    async with _database_of(settings, creates=creates) as dsn:
        yield dsn


@asynccontextmanager
async def _database_of(settings: Settings, *, creates: bool) -> AsyncGenerator[str]:
    if settings.database_url is not None:
        yield settings.database_url
        return
    most = embedded_connections(settings.pool_size)
    async with embedded(settings.data_directory, creates=creates, max_connections=most) as server:
        yield server.dsn


async def _open_vault(settings: Settings, database: Database, opening: Opening, entropy: Entropy) -> Vault:
    try:
        return await _vault_of_server(settings, database, opening, entropy)
    except InvalidSettings as error:
        if opening is not Opening.EXAMINE:
            raise
        fault = "; ".join(f"{one.name} {one.message}" for one in error.faults)
        return Vault(entropy(SECRETS_KEY_BYTES), fault=fault)


async def _vault_of_server(settings: Settings, database: Database, opening: Opening, entropy: Entropy) -> Vault:
    key, place = settings.secrets_key, "SATCHEL_SECRETS_KEY"
    if key is None:
        directory, place = settings.data_directory, str((settings.data_directory / SECRETS_KEY_FILE).absolute())
        creates = opening is Opening.ACCEPT_KEY
        creates |= opening is Opening.CREATE and not await belonging.has_key(database)
        key = await asyncio.to_thread(own_key, directory, entropy, creates=creates)
    vault = Vault(key)
    if opening is Opening.ACCEPT_KEY:
        await belonging.accept_key(database, vault, entropy)
    await belonging.check_key(database, vault, entropy, place=place, adopts=opening.stores)
    return vault


def embedded_connections(pool_size: int) -> int:
    """Return the number of connections of the embedded database: enough for two processes with this pool, and more."""
    return max(MIN_CONNECTIONS, 2 * pool_size + SPARE_CONNECTIONS)


async def _check_pool(database: Database, pool_size: int) -> None:
    async with database.read() as tx:
        most = await connection_limit(tx)
    if pool_size > most:
        raise DatabaseUnavailable(
            f"SATCHEL_POOL_SIZE is {pool_size}, but the database allows {most} connections in all."
            " Lower it, or raise max_connections (the embedded database does so after all its users restarted)."
        )


async def serve(
    settings: Settings,
    *,
    with_web: bool,
    with_worker: bool,
    on_ready: Callable[[str], None],
    opening: Opening = Opening.CREATE,
    prepare: Callable[[Context], Awaitable[None]] | None = None,
) -> None:
    """Serve HTTP, run jobs, or both, until SIGINT or SIGTERM.

    Args:
        settings: of this process.
        with_web: whether to serve HTTP; otherwise only probes are answered, on `settings.worker_port` if that is set.
        with_worker: whether to run jobs and the tick.
        on_ready: called with the server's address once everything runs.
        opening: what the process may create.
        prepare: run once before anything is served.

    Raises:
        Unavailable: the port is in use, or the database cannot be started or reached.
    """
    share_heap()
    # Parts for servers only, above all the web framework, take a second to import: commands avoid them.
    from satchel.surfaces.http import stop_on_signals  # noqa: PLC0415  # as said
    from satchel.web_server import open_sockets, serve_web, waits_of_requests  # noqa: PLC0415  # as said
    from satchel.work.keeping import keep_running  # noqa: PLC0415  # as said

    is_one = not with_web or settings.processes == 1
    share = None if is_one else share_of(settings)
    async with stop_on_signals() as stop, AsyncExitStack() as stack:
        sockets = await open_sockets(settings, settings.port if with_web else settings.worker_port)
        for taken in sockets:
            stack.callback(taken.close)
        waits = waits_of_requests(settings) if with_web and is_one else OF_JOBS
        context = await stack.enter_async_context(open_context(settings, opening, waits=waits, connections=share))
        if prepare is not None:
            await prepare(context)
        metrics = Metrics(__version__)
        parts: dict[str, Part] = {"memory": partial(return_freed_memory, metrics)}
        if with_worker:
            jobs = context if waits == OF_JOBS else replace(context, database=context.database.with_waits(OF_JOBS))
            parts |= await stack.enter_async_context(_jobs(jobs, settings, metrics))
        if not is_one:
            dsn, counted = context.database.dsn, partial(_counted, metrics)
            await stack.enter_async_context(web_processes(settings, dsn, sockets, stop, counted=counted))
        group = await stack.enter_async_context(asyncio.TaskGroup())
        for name, run in parts.items():
            group.create_task(keep_running(name, run, stop))
        if sockets and is_one:
            app = _application(context, settings, metrics, with_web=with_web)
            ready = asyncio.Event()
            group.create_task(serve_web(app, context, settings, sockets=sockets, stop=stop, on_ready=ready.set))
            await ready.wait()
        # What is there by now stays; the collector need not look through all of it again and again.
        gc.collect()
        gc.freeze()
        _log.info("process.started", version=__version__, address=settings.public_url if with_web else None)
        on_ready(settings.public_url)
        await stop.wait()


def _application(context: Context, settings: Settings, metrics: Metrics, *, with_web: bool) -> "Asgi":
    if with_web:
        from satchel.surfaces.app import create_app  # noqa: PLC0415  # only a server needs it

        return create_app(context, settings, metrics=metrics)
    from satchel.surfaces.probes import create_probes  # noqa: PLC0415  # same

    return create_probes(context, settings, metrics)


def _counted(metrics: Metrics) -> bytes:
    """Return what this process has counted, to be added to what others have."""
    from satchel.surfaces.probes import of_process  # noqa: PLC0415  # only a server needs it

    return packed([*metrics.families(), *of_process()])


@asynccontextmanager
async def _jobs(context: Context, settings: Settings, metrics: Metrics) -> AsyncGenerator[Mapping[str, Part]]:
    """Open a worker, which outlives the parts that use it, and yield what runs beside the web server."""
    async with _worker(context, settings, metrics) as worker:
        yield _background(context, worker)


def _worker(context: Context, settings: Settings, metrics: Metrics) -> "Worker":
    from satchel.work.handlers import handlers  # noqa: PLC0415  # only a server needs them
    from satchel.work.worker import Worker  # noqa: PLC0415  # same

    concurrency, silence = settings.worker_concurrency, settings.worker_silence_s
    dsn = context.database.dsn
    return Worker(dsn, handlers(context), concurrency=concurrency, silence=silence, metrics=metrics)


def _background(context: Context, worker: "Worker") -> Mapping[str, Part]:
    """Return what runs beside the web server: each fails alone."""
    from satchel.work.sweeping import Sweeping  # noqa: PLC0415  # only a server needs them
    from satchel.work.tick import Tick  # noqa: PLC0415  # same

    tick, sweeping = Tick(context, worker.take_over), Sweeping(context)
    return {"worker": worker.run, "tick": tick.run, "sweep": sweeping.run, "store_sweep": sweeping.run_store}


def _spare_stacks() -> None:
    """Have `zen` leave out the stacks of its errors, which nobody sees.

    Where RUST_BACKTRACE is set, each takes 30 ms, and rules of forms that need an empty field fail all the time.
    """
    os.environ["RUST_LIB_BACKTRACE"] = "0"  # noqa: TID251  # it is set for a library, not read


def logs_for_people(settings: Settings) -> bool:
    """Return whether logs are to be read on a terminal; otherwise each line is a JSON document."""
    return settings.log_format == "console" or (settings.log_format == "auto" and sys.stderr.isatty())


def set_up_logs(settings: Settings) -> None:
    """Send structured logs to standard error, those of libraries too: readable on a terminal, JSON lines elsewhere."""
    for_people = logs_for_people(settings)
    renderer = structlog.dev.ConsoleRenderer() if for_people else structlog.processors.JSONRenderer()
    level = logging.getLevelNamesMapping()[settings.log_level.upper()]
    stamp = structlog.processors.TimeStamper(fmt="iso", utc=True)
    shared: list[Processor] = [structlog.processors.add_log_level, stamp, structlog.processors.format_exc_info]
    structlog.configure(
        processors=[structlog.contextvars.merge_contextvars, *shared, renderer],
        wrapper_class=structlog.make_filtering_bound_logger(level),
        logger_factory=lambda *_: structlog.WriteLogger(sys.stderr),  # the one of that moment
    )
    # What libraries log, psycopg and asyncio above all, comes in the same form.
    handler = logging.StreamHandler(sys.stderr)
    drop = structlog.stdlib.ProcessorFormatter.remove_processors_meta
    before: list[Processor] = [structlog.stdlib.add_logger_name, *shared]
    handler.setFormatter(structlog.stdlib.ProcessorFormatter(processors=[drop, renderer], foreign_pre_chain=before))
    logging.basicConfig(level=max(level, logging.WARNING), handlers=[handler])
