"""Worker processes of their own, to be killed: on the database and the store of a test's world."""

import asyncio
import os
import signal
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path

from psycopg.conninfo import conninfo_to_dict, make_conninfo

from world import VAULT_KEY, World

PATIENCE_S = 90.0


async def until(condition: Callable[[], Awaitable[bool]], what: str, *, patience_s: float = PATIENCE_S) -> float:
    """Wait for something that other processes do, and return the seconds that it took."""
    begun = time.monotonic()
    while not await condition():
        assert time.monotonic() - begun < patience_s, what
        await asyncio.sleep(0.02)  # other processes do it: there is nothing else to wait on
    return time.monotonic() - begun


@dataclass
class Workers:
    """Processes with a worker on one world, and how they are set up.

    Attributes:
        command: `worker`, or `serve` for one that answers over HTTP as well.
        settings: of each process, by environment variable.
        numbers: of those that run, by the queue's number of the worker.
    """

    world: World
    settings: dict[str, str]
    log: Path
    command: str
    numbers: dict[int, subprocess.Popen[bytes]] = field(default_factory=dict)

    async def start(self) -> int:
        """Start a process and return the number under which the queue knows it."""
        before = await self._known()
        environment = {**os.environ, "SATCHEL_LOG_LEVEL": "warning", **self.settings}  # noqa: TID251  # handed on to a child process
        with self.log.open("ab") as log:
            process = subprocess.Popen(  # noqa: ASYNC220  # ours, and it starts at once
                [sys.executable, "-m", "satchel", self.command], stdout=log, stderr=log, env=environment
            )
        found = set[int]()

        async def is_there() -> bool:
            assert process.poll() is None, self.log.read_text()[-3000:]
            found.update(await self._known() - before)
            return bool(found)

        await until(is_there, "the worker did not start")
        (number,) = found
        self.numbers[number] = process
        return number

    def kill(self, number: int) -> None:
        """End a process as a power cut would."""
        process = self.numbers.pop(number)
        assert process.poll() is None, self.log.read_text()[-3000:]
        process.send_signal(signal.SIGKILL)
        process.wait()

    async def holding(self, number: int) -> set[int]:
        """Return the calls whose jobs a worker has taken."""
        query = "SELECT (args->>'call')::bigint FROM procrastinate_jobs WHERE status = 'doing' AND worker_id = %s"
        return {int(str(row[0])) for row in await self.world.rows(query, number)}

    async def _known(self) -> set[int]:
        return {int(str(row[0])) for row in await self.world.rows("SELECT id FROM procrastinate_workers")}


@asynccontextmanager
async def open_workers(
    world: World, folder: Path, port: int, settings: Mapping[str, object], *, command: str = "worker"
) -> AsyncIterator[Workers]:
    """Lend workers that may call a port of this machine; those that live at the end are killed.

    Args:
        folder: the world's.
        port: that calls may reach on 127.0.0.1.
        command: as of `Workers`.
        settings: such as `worker_concurrency`.
    """
    database = conninfo_to_dict(world.context.database.dsn)
    given = {
        "database_url": f"dbname={database.pop('dbname')} {make_conninfo('', **database)}",
        "data_directory": folder,
        "secrets_key": VAULT_KEY.hex(),
        "outbound_allow": f"127.0.0.1:{port}",
        **settings,
    }
    variables = {f"SATCHEL_{name.upper()}": str(value) for name, value in given.items()}
    workers = Workers(world, variables, folder / "log", command)
    try:
        yield workers
    finally:
        for number in list(workers.numbers):
            workers.kill(number)
