"""Benchmark of the Alloy surface: files as base64 within JSON, and the memory that they take in the server."""

import argparse
import asyncio
import base64
import time
from collections.abc import Awaitable, Callable
from pathlib import Path

import httpx
from server import BenchServer

MEBIBYTE = 1024 * 1024
FILE_BYTES = 10 * MEBIBYTE
CLIENTS = 8
SAMPLE_S = 0.005


async def put_base64(server: BenchServer, options: argparse.Namespace) -> list[str]:
    """Add an attachment of 10 MiB with 8 clients at once, and fetch it again as base64."""
    del options
    data = await asyncio.to_thread(_random, FILE_BYTES)
    body = b'{"FileName":"ten.bin","Data":"' + base64.b64encode(data) + b'"}'
    async with httpx.AsyncClient(base_url=server.url, timeout=600) as client:
        login = server.login("integrator")
        form = {"grant_type": "client_credentials", "client_id": login["alloy_application"]}
        made = await client.post("/alloy/api/token", data={**form, "client_secret": login["alloy_secret"]})
        client.headers["Authorization"] = f"bearer {made.raise_for_status().json()['access_token']}"
        listed = await client.get("/alloy/api/COL?par_fields=OID&Status=Running&par_limit=1")
        ((oid,),) = listed.raise_for_status().json()["responseObject"]["Data"]
        path = f"/alloy/api/Object/{oid}/Attachments"

        async def put() -> None:
            answer = await client.put(path, content=body)
            assert answer.json()["success"], answer.text

        async def get() -> None:
            async with client.stream("GET", f"{path}/{number}/content") as answer:
                assert sum([len(chunk) async for chunk in answer.aiter_raw()]) > FILE_BYTES * 4 // 3

        await put()  # so that what the first request loads is not counted
        rows = await client.get(f"{path}?par_fields=ID&Name=ten.bin")
        number = rows.json()["responseObject"]["Data"][0][0]
        return [
            f"PUT of 10 MiB base64 x {CLIENTS}: {await _together(server, put)}",
            f"GET of its content x {CLIENTS}: {await _together(server, get)}",
        ]


def _random(size: int) -> bytes:
    with Path("/dev/urandom").open("rb") as source:
        return source.read(size)


async def _together(server: BenchServer, call: Callable[[], Awaitable[None]]) -> str:
    """Make a call with all clients at once and word its speed and what it took of the server's memory."""
    idle = server.resident_bytes()
    most = idle
    done = asyncio.Event()

    async def watch() -> None:
        nonlocal most
        while not done.is_set():
            most = max(most, server.resident_bytes())
            await asyncio.sleep(SAMPLE_S)

    async def run() -> None:
        await asyncio.gather(*(call() for _ in range(CLIENTS)))
        done.set()

    begun = time.perf_counter()
    await asyncio.gather(watch(), run())
    seconds = time.perf_counter() - begun
    each = (most - idle) / CLIENTS / 1e6
    speed = f"{CLIENTS * FILE_BYTES / seconds / 1e6:.0f} MB/s"
    ratio = f"{each / (FILE_BYTES / 1e6):.2f} of the file"
    return f"{speed}, {each:.1f} MB each over {idle / 1e6:.0f} MB idle (aim 24 MB), {ratio}"
