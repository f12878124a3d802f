"""Benchmarks of one worker process alone: calls from the queue to their record, latency, large replies, copies.

The instances are made by this process, through the actions, before the worker starts or while it has nothing else to
do: no web server and no client competes with it.
"""

import argparse
import asyncio
import os
import statistics
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import Self

from calls import BPMN

from satchel.actions.apps import deploying
from satchel.actions.context import Context
from satchel.actions.files import intake
from satchel.actions.files import tickets as uploads
from satchel.actions.files.intake import Arrival
from satchel.actions.files.tickets import UploadRequest
from satchel.actions.identity import accounts, credentials
from satchel.actions.instances import lifecycle
from satchel.actions.instances.forms import Submission
from satchel.db import accounts as account_rows
from satchel.db.embedded.cluster import remove_database
from satchel.db.embedded.server import EmbeddedServer
from satchel.main import Opening, open_context
from satchel.model.actor import Actor, Right, system
from satchel.settings import read_settings

KIBIBYTE, MEBIBYTE, GIBIBYTE = 2**10, 2**20, 2**30
QUOTA = 300 * GIBIBYTE
COPIED = 100 * MEBIBYTE
PATIENCE_S = 900

FIELDS = (
    "fields: [{{number: 0, id: paper, label: Paper, type: file}}, {{number: 1, id: back, label: Back, type: file}}]"
)
SENDS = (
    f"code: SND\nname: Sends a file\n{FIELDS}\n"
    """start: {{fields: {{paper: edit}}}}
services:
  send:
    kind: rest
    method: POST
    url: http://127.0.0.1:{port}/archive
    body: form-data
    parameters: {{file: paper}}
"""
)
RECEIVES = (
    f"code: RCV\nname: Receives a file\n{FIELDS}\n"
    """start: {{fields: {{paper: edit}}}}
services:
  send:
    kind: rest
    method: GET
    url: http://127.0.0.1:{port}/large
    output: {{binary: back}}
    reply_bytes: 2GiB
    timeout: PT15M
"""
)
COPIES_ONE = (
    f"code: CPY\nname: Copies a file\n{FIELDS}\n"
    """start: {{fields: {{}}}}
services:
  send: {{kind: instance, do: get, app: SND, identifier: "SND-1", copy: {{paper: paper}}}}
"""
)


@dataclass
class Receiver:
    """The other side: takes whatever is sent, and notes when each request began to arrive."""

    large_bytes: int
    port: int = 0
    arrived: list[float] = field(default_factory=list)

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Answer one connection."""
        head = await reader.readuntil(b"\r\n\r\n")
        self.arrived.append(time.perf_counter())
        for line in head.lower().split(b"\r\n"):
            if line.startswith(b"content-length:"):
                await reader.readexactly(int(line.partition(b":")[2]))
        if head.startswith(b"GET /large "):
            writer.write(
                b"HTTP/1.1 200 OK\r\nContent-Type: application/octet-stream\r\nContent-Length: %d\r\n\r\n"
                % self.large_bytes
            )
            block = os.urandom(MEBIBYTE)
            for _ in range(self.large_bytes // MEBIBYTE):
                writer.write(block)
                await writer.drain()
        else:
            writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}")
        await writer.drain()
        writer.close()


class Stand:
    """A database, a store, an account, a receiver, and one worker process when it is asked for."""

    def __init__(self, folder: Path, *, large_bytes: int) -> None:
        self.folder = folder
        self.receiver = Receiver(large_bytes)
        self.context: Context
        self.actor: Actor
        self._database = EmbeddedServer(folder / "worker")
        self._stack = AsyncExitStack()
        self._process: subprocess.Popen[bytes] | None = None

    async def __aenter__(self) -> Self:
        await self._database.start()
        server = await asyncio.start_server(self.receiver.serve, "127.0.0.1", 0, limit=2**20)
        await self._stack.enter_async_context(server)
        self.receiver.port = server.sockets[0].getsockname()[1]
        settings = read_settings(self._variables())
        self.context = await self._stack.enter_async_context(open_context(settings, Opening.CREATE))
        account = await accounts.create_account(self.context, "Bench", quota_bytes=QUOTA)
        root = system(account)
        number = await accounts.create_user(self.context, root, email="admin@bench.example", name="Admin")
        group = await accounts.create_group(self.context, root, "admins")
        await accounts.grant(self.context, root, group, Right.ADMIN, app=None)
        await accounts.set_member(self.context, root, group, number, is_member=True)
        async with self.context.database.read() as tx:
            person = await account_rows.user_by_email(tx, account, "admin@bench.example")
            found = await credentials.actor_of(tx, account, person.id) if person else None
        assert found is not None
        self.actor = found
        for manifest in (SENDS, RECEIVES, COPIES_ONE):
            text = manifest.format(port=self.receiver.port).encode()
            await deploying.deploy(self.context, self.actor, {"app.yaml": text, "process.bpmn": BPMN.encode()})
        return self

    async def __aexit__(self, *raised: object) -> None:
        self.stop_worker()
        await self._stack.aclose()
        await self._database.stop()
        await asyncio.to_thread(remove_database, self.folder / "worker")

    def _variables(self) -> dict[str, str]:
        return {
            "SATCHEL_DATABASE_URL": " ".join(sorted(self._database.dsn.split(), key=lambda part: part[:6] != "dbname")),
            "SATCHEL_DATA_DIRECTORY": str(self.folder / "worker"),
            "SATCHEL_OUTBOUND_ALLOW": f"127.0.0.1:{self.receiver.port}",
            "SATCHEL_DEFAULT_MAX_FILE_BYTES": str(2 * GIBIBYTE),
            "SATCHEL_LOG_LEVEL": "error",
        }

    def start_worker(self) -> None:
        """Start `satchel worker` as it comes."""
        with (self.folder / "worker.log").open("ab") as log:
            self._process = subprocess.Popen(
                [sys.executable, "-m", "satchel", "worker"],
                stdout=log,
                stderr=log,
                env={**os.environ, **self._variables()},  # noqa: TID251  # handed on to a child process
            )

    def stop_worker(self) -> None:
        """Stop it, if it runs."""
        if self._process is not None:
            self._process.terminate()
            self._process.wait(60)
            self._process = None

    def memory(self, *, anew: bool = False) -> int:
        """Return the worker's peak of resident bytes; `anew` has it counted from now on (Linux)."""
        pid = self._process.pid if self._process else 0
        if anew:
            Path(f"/proc/{pid}/clear_refs").write_text("5")
        lines = Path(f"/proc/{pid}/status").read_text().splitlines()
        return next(int(line.split()[1]) * KIBIBYTE for line in lines if line.startswith("VmHWM:"))

    def stored_bytes(self) -> int:
        """Return how many bytes the files in the store hold."""
        return sum(path.stat().st_size for path in (self.folder / "worker" / "blobs").rglob("*") if path.is_file())

    async def upload(self, code: str, data_bytes: int, number: int = 0) -> int:
        """Put a file of so many bytes into the start form of an app; return its ticket."""
        wish = UploadRequest(size_bytes=data_bytes, app=code, field="paper", name=f"{number}.bin")  # type: ignore[arg-type]  # a field's id is text
        ticket = await uploads.reserve(self.context, self.actor, wish)
        upload = await uploads.find(self.context, ticket.id, token=ticket.token, actor=None)
        await intake.receive(self.context, upload, _pieces(data_bytes), Arrival())
        return int(ticket.id)

    async def start(self, code: str, paper: int | None = None) -> int:
        """Start an instance, whose step is due then."""
        values = {} if paper is None else {"paper": [paper]}
        return (await lifecycle.start(self.context, self.actor, code, Submission(values=values))).instance.id

    async def until_done(self) -> None:
        """Wait until no step is due or being done; one that has an incident is neither."""

        async def is_done() -> bool:
            if self._process is not None and self._process.poll() is not None:
                raise RuntimeError((self.folder / "worker.log").read_text())
            async with self.context.database.read() as tx:
                query = (
                    "SELECT count(*) FROM calls c WHERE state = 'waiting' AND NOT EXISTS (SELECT FROM incidents i"
                    " WHERE i.account_id = c.account_id AND i.instance_id = c.instance_id AND i.closed_at IS NULL)"
                )
                return not await tx.value(int, query)

        await _until(is_done)

    async def spent_s(self, code: str) -> float:
        """Return the seconds from the first attempt's begin to the last one's end, of all of an app."""
        async with self.context.database.read() as tx:
            query = (
                "SELECT extract(epoch FROM max(t.ended_at) - min(t.started_at))::float8,"
                " count(*) FILTER (WHERE t.state <> 'done')"
                " FROM call_attempts t JOIN calls c ON c.id = t.call_id JOIN instances i ON i.id = c.instance_id"
                " WHERE i.identifier LIKE %s"
            )
            ((seconds, failed),) = await tx.pairs(query, (f"{code}-%",))
        assert failed == 0, f"{failed} attempts of {code} failed"
        return float(str(seconds))


async def _pieces(data_bytes: int) -> AsyncIterator[bytes]:
    left = data_bytes
    while left:
        piece = os.urandom(min(left, MEBIBYTE))
        left -= len(piece)
        yield piece


async def _until(condition: Callable[[], Awaitable[bool]]) -> None:
    async with asyncio.timeout(PATIENCE_S):
        while not await condition():  # noqa: ASYNC110  # another process does it
            await asyncio.sleep(0.01)


async def calls_alone(folder: Path, options: argparse.Namespace) -> list[str]:
    """Calls from the queue to their record, the latency of one, memory while sending, a large reply, and copies."""
    large = int(options.gib * 1024) * MEBIBYTE
    async with Stand(folder, large_bytes=large) as stand:
        return [
            *await _copies(stand, options.copies),
            *await _queue(stand, options.calls),
            *await _latency(stand, options.calls // 5),
            *await _memory(stand),
            *await _large_reply(stand, large),
        ]


async def _queue(stand: Stand, count: int) -> list[str]:
    stand.stop_worker()
    async with stand.context.database.write() as tx:
        await tx.execute("DELETE FROM call_attempts")
    for number in range(count):
        await stand.start("SND", await stand.upload("SND", 10 * KIBIBYTE, number))
    stand.start_worker()
    await stand.until_done()
    seconds = await stand.spent_s("SND")
    return [f"{count / seconds:8.1f} calls/s with 10 KiB as form-data, from the queue to the recorded reply"]


async def _latency(stand: Stand, count: int) -> list[str]:
    delays: list[float] = []
    for number in range(count):
        ticket = await stand.upload("SND", 10 * KIBIBYTE, number)
        stand.receiver.arrived.clear()
        await stand.start("SND", ticket)
        committed = time.perf_counter()
        await stand.until_done()
        delays.append(stand.receiver.arrived[0] - committed)
    cuts: Sequence[float] = statistics.quantiles(delays, n=100)
    middle, late = statistics.median(delays) * 1000, cuts[98] * 1000
    return [
        f"{middle:8.0f} ms median, {late:.0f} ms p99, from the commit that makes a call due to its request's arrival"
    ]


async def _memory(stand: Stand) -> list[str]:
    tickets = [await stand.upload("SND", MEBIBYTE, number) for number in range(10)]
    before = stand.memory(anew=True)
    for ticket in tickets:
        await stand.start("SND", ticket)
    await stand.until_done()
    peak, had = stand.memory() / MEBIBYTE, before / MEBIBYTE
    return [f"{peak:8.0f} MiB peak memory while sending 10 x 1 MiB ({had:.0f} MiB before)"]


async def _large_reply(stand: Stand, large: int) -> list[str]:
    before = stand.memory(anew=True)
    await stand.start("RCV")
    await stand.until_done()
    seconds = await stand.spent_s("RCV")
    return [
        f"{large / seconds / 1e6:8.0f} MB/s for a reply of {large / GIBIBYTE:g} GiB that is kept ({seconds:.1f} s)",
        f"{stand.memory() / MEBIBYTE:8.0f} MiB peak memory while it came ({before / MEBIBYTE:.0f} MiB before)",
    ]


async def _copies(stand: Stand, count: int) -> list[str]:
    stand.start_worker()
    await stand.start("SND", await stand.upload("SND", COPIED))  # SND-1, which gives the file: too large to be sent
    await stand.until_done()
    await stand.start("CPY")
    await stand.until_done()  # everything is loaded
    async with stand.context.database.write() as tx:
        await tx.execute("DELETE FROM call_attempts")
    stored, before = stand.stored_bytes(), stand.memory(anew=True)
    for _ in range(count):
        await stand.start("CPY")
    await stand.until_done()
    seconds = await stand.spent_s("CPY")
    return [
        f"{count / seconds:8.1f} copies/s of a file of 100 MiB by service tasks, started meanwhile ({seconds:.1f} s)",
        f"{stand.stored_bytes() - stored:8} bytes more in the store after them",
        f"{stand.memory() / MEBIBYTE:8.0f} MiB peak memory meanwhile ({before / MEBIBYTE:.0f} MiB before)",
    ]
