"""Benchmarks of files: large ones against the machine's own tools, memory, copies."""

import argparse
import asyncio
import subprocess
import time
from collections.abc import AsyncIterator
from pathlib import Path

import httpx
from server import BenchServer

MEBIBYTE = 1024 * 1024
CLIENTS = 32


async def ask(client: httpx.AsyncClient, size: int) -> dict[str, object]:
    """Ask for a ticket."""
    answer = await client.post("/api/v1/uploads", json={"app": "COL", "field": "files", "size": size})
    answer.raise_for_status()
    ticket: dict[str, object] = answer.json()
    return ticket


async def start(client: httpx.AsyncClient, numbers: list[int]) -> int:
    """Start an instance that claims uploads."""
    body = {"values": {"subject": "bench", "files": numbers}}
    answer = await client.post("/api/v1/apps/COL/instances", json=body)
    answer.raise_for_status()
    return int(answer.json()["instance"]["id"])


def _make(path: Path, size: int) -> None:
    subprocess.run(
        ["dd", "if=/dev/urandom", f"of={path}", "bs=1M", f"count={size // MEBIBYTE}", "status=none"], check=True
    )


async def _chunks(path: Path) -> AsyncIterator[bytes]:
    with path.open("rb") as file:  # the generator of load may block
        while chunk := file.read(MEBIBYTE):
            yield chunk


def _curl(*arguments: str) -> float:
    begun = time.perf_counter()
    subprocess.run(["curl", "-sS", "--fail", "-o", "/dev/null", *arguments], check=True)
    return time.perf_counter() - begun


def _shell(script: str) -> float:
    begun = time.perf_counter()
    subprocess.run(["bash", "-c", script], check=True, capture_output=True)
    return time.perf_counter() - begun


async def one_large_upload(server: BenchServer, options: argparse.Namespace) -> list[str]:
    """Upload one large file, in turns with hashing and writing it by the machine's own tools."""
    size = int(options.gib * 1024) * MEBIBYTE
    source = server.folder / "large.bin"
    await asyncio.to_thread(_make, source, size)
    ours, limit = [], []
    async with server.client() as client:
        for _ in range(3):
            ticket = await ask(client, size)
            ours.append(await asyncio.to_thread(_curl, "-T", str(source), str(ticket["put_url"])))
            hashed = f"cat {source} | tee >(sha256sum >/dev/null)"
            script = f"{hashed} | dd of={source}.copy bs=1M iflag=fullblock conv=fsync"
            limit.append(await asyncio.to_thread(_shell, script))
    rate, machine = size / min(ours) / 1e6, size / min(limit) / 1e6
    compared = f"sha256sum + dd fsync {machine:.0f} MB/s: {rate / machine:.0%} (aim 70 %)"
    return [f"{size >> 20} MiB upload: {rate:.0f} MB/s; {compared}"]


async def many_large_uploads(server: BenchServer, options: argparse.Namespace) -> list[str]:
    """Upload 32 files at once and look at the server's memory."""
    size = int(options.gib * 256) * MEBIBYTE
    source = server.folder / "quarter.bin"
    await asyncio.to_thread(_make, source, size)
    before = server.resident_bytes()
    async with server.client(CLIENTS) as client:

        async def upload() -> int:
            ticket = await ask(client, size)
            headers = {"Content-Length": str(size)}
            return (await client.put(str(ticket["put_url"]), content=_chunks(source), headers=headers)).status_code

        begun = time.perf_counter()
        statuses = await asyncio.gather(*(upload() for _ in range(CLIENTS)))
        seconds = time.perf_counter() - begun
    failed = sum(status != httpx.codes.OK for status in statuses)
    peak = server.resident_bytes(peak=True)
    speed = f"{32 * size / seconds / 1e6:.0f} MB/s, {failed} failed"
    memory = f"server's peak memory {peak / 1e6:.0f} MB, {before / 1e6:.0f} MB before (aim 256 MB)"
    return [f"32 uploads of {size >> 20} MiB at once: {speed}, {memory}"]


async def one_large_download(server: BenchServer, options: argparse.Namespace) -> list[str]:
    """Download one large file, in turns with reading it from the disk."""
    size = int(options.gib * 1024) * MEBIBYTE
    source = server.folder / "download.bin"
    await asyncio.to_thread(_make, source, size)
    async with server.client() as client:
        ticket = await ask(client, size)
        await asyncio.to_thread(_curl, "-T", str(source), str(ticket["put_url"]))
        number = int(str(ticket["id"]))
        await start(client, [number])
    address = f"{server.url}/api/v1/files/{number}/content"
    authorization = f"Authorization: Bearer {server.token}"
    ours, limit = [], []
    for _ in range(3):
        ours.append(await asyncio.to_thread(_curl, "-H", authorization, address))
        limit.append(await asyncio.to_thread(_shell, f"cat {source} >/dev/null"))
    rate, machine = size / min(ours) / 1e6, size / min(limit) / 1e6
    return [f"{size >> 20} MiB download: {rate:.0f} MB/s over loopback; cat of the file {machine:.0f} MB/s"]


async def copy_of_a_large_file(server: BenchServer, options: argparse.Namespace) -> list[str]:
    """Copy a large attachment into another instance."""
    size = int(options.gib * 1024) * MEBIBYTE
    source = server.folder / "copied.bin"
    await asyncio.to_thread(_make, source, size)
    async with server.client() as client:
        ticket = await ask(client, size)
        await asyncio.to_thread(_curl, "-T", str(source), str(ticket["put_url"]))
        number = int(str(ticket["id"]))
        await start(client, [number])
        target = await start(client, [])
        times = []
        for _ in range(10):
            begun = time.perf_counter()
            answer = await client.post(f"/api/v1/files/{number}/copies", json={"instance": target, "field": "files"})
            answer.raise_for_status()
            times.append((time.perf_counter() - begun) * 1000)
    return [f"copy of a {size >> 20} MiB attachment: {sorted(times)[5]:.1f} ms median of 10 (aim 10 ms)"]
