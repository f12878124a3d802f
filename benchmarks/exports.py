"""Benchmarks of getting everything out: a frozen zip, streamed pages, and a loop that asks for each file by itself."""

import argparse
import asyncio
import time
from dataclasses import dataclass

import httpx
import requests
from fill import connected, fill_for_exports
from server import BenchServer

PAGE = 200
LOOPED = 500
"""How many files the loop fetches; its rate does not change with more."""

MIB = 1024 * 1024
FILLED = {"query": {"app": "PUR", "started_to": "2026-01-01"}, "values": True}


@dataclass(frozen=True, slots=True, kw_only=True)
class Rate:
    """How much went out, and how fast; `first_s` is until the first byte."""

    files: int
    size: int
    seconds: float
    first_s: float

    def text(self) -> str:
        """Return it as a figure."""
        rates = f"{self.files / self.seconds:.0f} files/s, {self.size / MIB / self.seconds:.0f} MiB/s"
        return f"{self.files} files, {self.size / MIB:.0f} MiB: {rates}, first byte after {self.first_s * 1000:.0f} ms"


async def everything_out(server: BenchServer, options: argparse.Namespace) -> list[str]:
    """Export files of 1 KiB to 1 MiB in each way, on the same server."""
    count = options.files
    async with connected(server) as connection:
        total = await fill_for_exports(connection, server, count)
    idle = server.resident_bytes() / MIB
    server.forget_peak()  # of its start, and of other benchmarks
    lines: list[str] = []
    async with server.client() as client:
        begun = time.perf_counter()
        number = await _frozen(client)
        seconds = time.perf_counter() - begun
        lines.append(f"freeze, first time: {count} files, {total / MIB:.0f} MiB: {count / seconds:.0f} files/s")
        begun = time.perf_counter()
        await _frozen(client)
        again = time.perf_counter() - begun
        lines.append(f"freeze again, CRCs known: {count / again:.0f} files/s")
        zipped = await _taken(client, "GET", f"/api/v1/exports/{number}/download", count)
        lines.append(f"zip, frozen: {zipped.text()}")
        streamed = await _streamed(client, count)
        lines.append(f"tar, streamed by pages of {PAGE}: {streamed.text()}")
    looped = await asyncio.to_thread(_looped, server)
    lines.append(f"loop, one request a file: {looped.text()}")
    rates = [rate.files / rate.seconds for rate in (zipped, streamed, looped)]
    lines.append(f"zip {rates[0] / rates[2]:.1f} and tar {rates[1] / rates[2]:.1f} times the loop (aim 10)")
    peak = server.resident_bytes(peak=True) / MIB
    lines.append(f"server's memory {idle:.0f} MiB before, {peak:.0f} at its peak (aim 143, which is 150 MB)")
    return lines


async def _frozen(client: httpx.AsyncClient) -> int:
    begun = await client.post("/api/v1/exports", json=FILLED)
    number: int = begun.raise_for_status().json()["id"]
    while True:
        told = (await client.get(f"/api/v1/exports/{number}")).json()
        if told["state"] != "preparing":
            assert told["state"] == "ready", told
            return number
        await asyncio.sleep(0.05)


async def _taken(client: httpx.AsyncClient, method: str, address: str, files: int) -> Rate:
    begun, first, size = time.perf_counter(), 0.0, 0
    async with client.stream(method, address) as answer:
        answer.raise_for_status()
        async for chunk in answer.aiter_raw():
            first = first or time.perf_counter() - begun
            size += len(chunk)
    return Rate(files=files, size=size, seconds=time.perf_counter() - begun, first_s=first)


async def _streamed(client: httpx.AsyncClient, files: int) -> Rate:
    begun, first, size = time.perf_counter(), 0.0, 0
    asked = {"stream": "tar", "limit": str(PAGE)}
    while True:
        async with client.stream("POST", "/api/v1/exports", params=asked, json=FILLED) as answer:
            answer.raise_for_status()
            async for chunk in answer.aiter_raw():
                first = first or time.perf_counter() - begun
                size += len(chunk)
        if "satchel-cursor" not in answer.headers:
            return Rate(files=files, size=size, seconds=time.perf_counter() - begun, first_s=first)
        asked["cursor"] = answer.headers["satchel-cursor"]


def _looped(server: BenchServer) -> Rate:
    """Fetch files as the vendor's script does: a search, then a request and a connection for each file."""
    headers = {"Authorization": f"Bearer {server.token}"}
    query = "app=PUR&include=files&limit=200&started_to=2026-01-01"
    found = requests.get(f"{server.url}/api/v1/instances?{query}", headers=headers, timeout=60).json()["items"]
    numbers = [file["id"] for item in found for file in item["files"]][:LOOPED]
    begun, first, size = time.perf_counter(), 0.0, 0
    for number in numbers:
        answer = requests.get(f"{server.url}/api/v1/files/{number}/content", headers=headers, timeout=60)
        answer.raise_for_status()
        first = first or time.perf_counter() - begun
        size += len(answer.content)
    return Rate(files=len(numbers), size=size, seconds=time.perf_counter() - begun, first_s=first)
