"""What the machine allows, measured in the same run: the database's own program, a start's statements alone, the disk.

Nothing here passes through Satchel's server. A rate of Satchel's divided by one of these says more than the rate.
"""

import argparse
import asyncio
import hashlib
import os
import re
import resource
import shutil
import subprocess
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any
from uuid import UUID

from fill import connected
from meter import Meter
from psycopg.conninfo import conninfo_to_dict
from server import BenchServer

from satchel.actions.identity import credentials
from satchel.actions.instances import lifecycle
from satchel.actions.instances.forms import Submission
from satchel.db import accounts as account_rows
from satchel.db.apps import InstanceNumbers
from satchel.db.connections import Connections, WiredConnection, configure_wire
from satchel.db.embedded.binaries import find_binaries
from satchel.db.trips import Later, Parameters, Query, Wire
from satchel.main import open_context, system_clock
from satchel.model.ids import uuid7
from satchel.model.instance import Instance
from satchel.settings import read_settings

CLIENTS = 8
SMALL_BYTES = 10 * 1024
UNLIKE_OTHERS = 300
"""How many instances are started until their numbers are not also those of accounts, apps and people."""


async def limits(server: BenchServer, options: argparse.Namespace) -> list[str]:
    """Measure all of them; with the ratios of a start, where that was measured before in the same run."""
    lines = [
        *await pgbench(server, options.seconds),
        await bare_loop(server, options.seconds),
        await asyncio.to_thread(small_files, server.folder / "limits", options.seconds),
    ]
    if {"start", "pgbench", "bare"} <= server.measured.keys():
        (rate, took_ms), (most, _), (_, least_ms) = (server.measured[name] for name in ("start", "pgbench", "bare"))
        times = f"{took_ms / least_ms:.1f} times the processor time of the bare loop (aim 3)"
        lines.append(f"a start without tasks: {times}, {rate / most:.0%} of pgbench's rate with TPC-B (aim 25 %)")
    return lines


async def pgbench(server: BenchServer, seconds: int) -> list[str]:
    """Run pgbench on the server's own PostgreSQL, in a database of its own."""
    program = find_binaries().install / "bin" / "pgbench"
    if not program.is_file():
        found = shutil.which("pgbench")
        if found is None:
            return ["pgbench: skipped, it is neither bundled nor installed (Debian: postgresql-contrib)"]
        program = Path(found)
    async with connected(server) as connection:
        await connection.execute("DROP DATABASE IF EXISTS pgbench")
        await connection.execute("CREATE DATABASE pgbench")
        known = conninfo_to_dict(connection.info.dsn)
        environment = {
            "PGHOST": str(known["host"]),
            "PGUSER": connection.info.user,
            "PGPORT": str(connection.info.port),
        }
        lines = []
        await asyncio.to_thread(_run, [str(program), "-i", "-q", "-s", "10", "pgbench"], environment)
        for title, more in (("TPC-B, 7 statements", []), ("simple update, 5 statements", ["-N"])):
            command = [str(program), "-c", str(CLIENTS), "-T", str(seconds), "-M", "prepared", *more, "pgbench"]
            with Meter(server.pid) as meter:
                output = await asyncio.to_thread(_run, command, environment)
            rate = float(re.findall(r"tps = ([\d.]+)", output)[0])
            each = meter.database_s * 1000 / (rate * seconds)
            server.measured.setdefault("pgbench", (rate, 0.0))
            lines.append(f"pgbench, {title}, {CLIENTS} clients: {rate:.0f}/s, {each:.2f} ms of the database's each")
        await connection.execute("DROP DATABASE pgbench")
    return lines


def _run(command: list[str], environment: Mapping[str, str]) -> str:
    done = subprocess.run(
        command,
        env={**os.environ, **environment},  # noqa: TID251  # handed on to a child process
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        raise RuntimeError(f"{command[0]} failed: {done.stderr[-500:]}")
    return done.stdout


async def bare_loop(server: BenchServer, seconds: int) -> str:
    """Repeat the statements of one start, in the same round trips, and nothing else."""
    settings = read_settings({"SATCHEL_DATA_DIRECTORY": str(server.data), "SATCHEL_POOL_SIZE": "4"})
    async with open_context(settings) as context:
        async with context.database.read() as tx:
            (person,) = await account_rows.users_signing_in(tx, [server.login("integrator")["email"]])
            actor = await credentials.actor_of(tx, person.account_id, person.id)
        if actor is None:
            raise LookupError("the demo's integrator is gone")
        given = Submission(values={"subject": "bench"})
        for _ in range(UNLIKE_OTHERS):
            await lifecycle.start_as(context, actor, "ONE", given)
        with _recorded() as trips:
            started = await lifecycle.start_as(context, actor, "ONE", given)
        connections = Connections(
            context.database.dsn,
            min_size=CLIENTS,
            max_size=CLIENTS,
            name="bare",
            kwargs={"autocommit": True},
            connection_class=WiredConnection,
            configure=configure_wire,
        )
        async with connections:
            await _repeated(connections, trips, started, seconds=1)
            used = resource.getrusage(resource.RUSAGE_SELF)
            with Meter(server.pid) as meter:
                count = await _repeated(connections, trips, started, seconds=seconds)
            own = resource.getrusage(resource.RUSAGE_SELF)
    own_ms = (own.ru_utime + own.ru_stime - used.ru_utime - used.ru_stime) * 1000 / count
    server.measured["bare"] = count / seconds, own_ms
    statements = sum(map(len, trips))
    return (
        f"the {statements} statements of a start in {len(trips)} trips, {CLIENTS} connections: {count / seconds:.0f}/s,"
        f" {own_ms:.2f} ms of its processor time and {meter.database_s * 1000 / count:.2f} of the database's each"
    )


@contextmanager
def _recorded() -> Iterator[list[list[Query[Any]]]]:
    """Yield the statements that this process sends while the block runs, by round trip."""
    trips: list[list[Query[Any]]] = []
    go = Wire.go

    async def noting(wire: Wire) -> None:
        if wire.waiting:
            trips.append([later.query for later in wire._put])  # noqa: SLF001  # nothing else shows what is sent together
        await go(wire)

    Wire.go = noting  # type: ignore[assignment,method-assign]  # for as long as the block runs
    try:
        yield trips
    finally:
        Wire.go = go  # type: ignore[method-assign]  # as it was


async def _repeated(connections: Connections, trips: list[list[Query[Any]]], started: Instance, *, seconds: int) -> int:
    """Start instances like the recorded one by its statements; return how many."""
    end, count = time.perf_counter() + seconds, 0

    async def again() -> None:
        nonlocal count
        async with connections.wire() as wire:
            while time.perf_counter() < end:
                changed: dict[object, object] = {started.uuid: uuid7(system_clock(), os.urandom)}
                for trip in trips:
                    sent = [
                        wire.put(Later(replace(query, parameters=_with(query.parameters, changed)))) for query in trip
                    ]
                    await wire.go()
                    for numbers in (one.result for one in sent if isinstance(one.result, InstanceNumbers)):
                        changed |= {started.id: numbers.id, started.number: numbers.number}
                        changed[started.identifier] = started.identifier.replace(
                            str(started.number), str(numbers.number)
                        )
                count += 1

    await asyncio.gather(*(again() for _ in range(CLIENTS)))
    return count


def _with(parameters: Parameters, changed: Mapping[object, object]) -> Parameters:
    """Return parameters with some values replaced by others."""

    def other(value: object) -> object:
        return changed.get(value, value) if isinstance(value, int | str | UUID) else value

    if isinstance(parameters, Mapping):
        return {name: other(value) for name, value in parameters.items()}
    return [other(value) for value in parameters] if parameters is not None else None


def small_files(folder: Path, seconds: int) -> str:
    """Store small files as a store has to: hash, write, sync, rename, and sync the folder."""
    folder.mkdir()
    directory = os.open(folder, os.O_RDONLY)
    data = os.urandom(SMALL_BYTES)
    end, count = time.perf_counter() + seconds, 0
    while time.perf_counter() < end:
        name = hashlib.sha256(count.to_bytes(8) + data).hexdigest()
        descriptor = os.open("new", os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600, dir_fd=directory)
        os.write(descriptor, data)
        os.fsync(descriptor)
        os.close(descriptor)
        os.rename("new", name, src_dir_fd=directory, dst_dir_fd=directory)
        os.fsync(directory)
        count += 1
    os.close(directory)
    shutil.rmtree(folder)
    return f"hash + write + fsync + rename + fsync of the folder, 10 KiB, one at a time: {count / seconds:.0f}/s"
