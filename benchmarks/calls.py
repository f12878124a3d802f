"""Benchmarks of service tasks: files sent to the sample receiver as form-data, by the server's one worker."""

import argparse
import asyncio
import statistics
import time
from datetime import datetime

import httpx
import processes
from server import BenchServer

COUNT = 100  # as many uploads as may wait for a start
CLIENTS = 8
SMALL = 10 * 1024
LARGE = 1024 * 1024
LARGE_COUNT = 10
PATIENCE_S = 300

APP = """
code: SND
name: Sends a file
category: Benchmark
fields:
  - {{number: 0, id: paper, label: Paper, type: file}}
start: {{fields: {{paper: require}}}}
services:
  send:
    kind: rest
    method: POST
    url: http://127.0.0.1:{port}/archive
    body: form-data
    parameters: {{file: paper}}
"""

BPMN = """<?xml version="1.0" encoding="UTF-8"?>
<definitions xmlns="http://www.omg.org/spec/BPMN/20100524/MODEL" targetNamespace="https://satchel.example/bpmn">
  <process id="sends" isExecutable="true">
    <startEvent id="start"/><serviceTask id="send" name="Send"/><endEvent id="end"/>
    <sequenceFlow id="f1" sourceRef="start" targetRef="send"/>
    <sequenceFlow id="f2" sourceRef="send" targetRef="end"/>
  </process>
</definitions>
"""


async def files_sent(server: BenchServer, options: argparse.Namespace) -> list[str]:
    """Send small files in a row, then ten of 1 MiB: calls a second, delay before each, and memory."""
    del options
    await processes.deploy(server, APP.format(port=server.receiver_port), BPMN)
    async with server.client() as client:
        uploads = await _uploads(client, SMALL, COUNT)
        took, delays = await _send(client, uploads)
        cuts = statistics.quantiles(delays, n=100)
        lines = [f"{COUNT / took:8.1f} calls/s with {SMALL} bytes, from the first start to the last recorded reply"]
        median, late = statistics.median(delays) * 1000, cuts[98] * 1000
        lines.append(
            f"{median:8.0f} ms median from due to begun, {late:.0f} ms p99, while {CLIENTS} clients start more"
        )
        alone = [(await _send(client, [one]))[1][0] for one in await _uploads(client, SMALL, 20)]
        lines.append(f"{statistics.median(alone) * 1000:8.0f} ms median from due to begun where nothing else is due")
        before = server.resident_bytes()
        await _send(client, await _uploads(client, LARGE, LARGE_COUNT))
        shown, had = server.resident_bytes(peak=True) / 2**20, before / 2**20
        lines.append(f"{shown:8.0f} MiB peak memory after {LARGE_COUNT} x 1 MiB ({had:.0f} MiB before)")
        return lines


async def _uploads(client: httpx.AsyncClient, size: int, count: int) -> list[int]:
    """Upload files that differ, ready to be named by a start; return their tickets."""
    made: list[int] = []
    for number in range(count):
        wish = {"app": "SND", "field": "paper", "size": size, "name": f"{number}.txt"}
        ticket = (await client.post("/api/v1/uploads", json=wish)).raise_for_status().json()
        data = f"{number:>10}".encode() * (size // 10 + 1)
        (await client.put(ticket["put_url"], content=data[:size])).raise_for_status()
        made.append(ticket["id"])
    return made


async def _send(client: httpx.AsyncClient, uploads: list[int]) -> tuple[float, list[float]]:
    """Start an instance for each upload; return the seconds until all are done, and each call's from due to begun."""
    left, instances = iter(uploads), list[int]()

    async def start() -> None:
        for upload in left:
            answer = await client.post("/api/v1/apps/SND/instances", json={"values": {"paper": [upload]}})
            instances.append(answer.raise_for_status().json()["instance"]["id"])

    begun = time.perf_counter()
    await asyncio.gather(*(start() for _ in range(CLIENTS)))
    async with asyncio.timeout(PATIENCE_S):
        for instance in instances:
            while (await client.get(f"/api/v1/instances/{instance}")).json()["state"] == "running":  # noqa: ASYNC110  # another process
                await asyncio.sleep(0.02)
    took = time.perf_counter() - begun
    return took, [await _delay(client, instance) for instance in instances]


async def _delay(client: httpx.AsyncClient, instance: int) -> float:
    (call,) = (await client.get(f"/api/v1/instances/{instance}/calls")).json()["items"]
    attempts = (await client.get(f"/api/v1/calls/{call['id']}")).json()["attempts"]
    due, made = datetime.fromisoformat(call["opened_at"]), datetime.fromisoformat(attempts[0]["started_at"])
    return (made - due).total_seconds()
