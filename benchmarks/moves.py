"""Benchmarks of moves: running instances go to a new version, alone and while others start and complete instances."""

import argparse
import asyncio
import json
import time
from collections.abc import Callable

import httpx
from processes import APP, BPMN, deploy
from server import BenchServer

CLIENTS = 8
Until = Callable[[], bool]
"""Whether it is over."""

BESIDE_S = 10.0
POLL_S = 0.2


async def running_instances(server: BenchServer, options: argparse.Namespace) -> list[str]:
    """Start instances, deploy another version, and move them; then do as much beside a second move."""
    await deploy(server)
    async with server.client(CLIENTS) as client:
        await _start(client, options.moves)
        before, _ = await _work(client, until=_seconds(BESIDE_S))
    await deploy(server, APP, BPMN.replace('id="first" name="First"', 'id="first" name="The first"'))
    token = json.loads((server.data / "demo.json").read_text())["admin"]["token"]
    headers = {"Authorization": f"Bearer {token}"}
    async with (
        httpx.AsyncClient(base_url=server.url, headers=headers, timeout=60) as admin,
        server.client(CLIENTS) as client,
    ):
        moved, seconds = await _move(admin)
        await deploy(server)
        moving = asyncio.create_task(_move(admin))
        beside, slowest_ms = await _work(client, until=moving.done)
        again, seconds_beside = await moving
    alone = f"move of {moved} running instances: {moved / seconds:.0f} instances/s"
    others = f"{beside:.0f} instances/s of two tasks started and completed beside it ({before:.0f}/s without a move)"
    return [
        alone,
        f"with others at work: {again / seconds_beside:.0f} instances/s, and {others}",
        f"slowest of those requests: {slowest_ms:.0f} ms",
    ]


async def _start(client: httpx.AsyncClient, count: int) -> None:
    left = iter(range(count))

    async def work() -> None:
        for number in left:
            body = {"values": {"subject": f"to move {number}"}}
            (await client.post("/api/v1/apps/TWO/instances", json=body)).raise_for_status()

    await asyncio.gather(*(work() for _ in range(CLIENTS)))


async def _move(admin: httpx.AsyncClient) -> tuple[int, float]:
    """Move everything to the newest version and return how many went, in how many seconds."""
    begun = time.perf_counter()
    answer = (await admin.post("/api/v1/apps/TWO/migrations", json={})).raise_for_status()
    move = answer.json()
    while move["state"] == "running":
        await asyncio.sleep(POLL_S)
        move = (await admin.get(answer.headers["location"])).raise_for_status().json()
    if move["state"] != "done" or move["refused"]:
        raise RuntimeError(str(move))
    return move["moved"], time.perf_counter() - begun


async def _work(client: httpx.AsyncClient, *, until: Until) -> tuple[float, float]:
    """Start and complete instances until something is over; return how many a second, and the slowest request in ms."""
    begun, done, slowest = time.perf_counter(), 0, 0.0

    async def timed(path: str, body: dict[str, object]) -> httpx.Response:
        nonlocal slowest
        at = time.perf_counter()
        answer = (await client.post(path, json=body)).raise_for_status()
        slowest = max(slowest, time.perf_counter() - at)
        return answer

    async def work() -> None:
        nonlocal done
        while not until():
            started = await timed("/api/v1/apps/TWO/instances", {"values": {"subject": "beside"}})
            task = started.json()["next_task"]
            while task is not None:
                task = (await timed(f"/api/v1/tasks/{task['id']}/complete", {})).json()["next_task"]
            done += 1

    await asyncio.gather(*(work() for _ in range(CLIENTS)))
    return done / (time.perf_counter() - begun), slowest * 1000


def _seconds(seconds: float) -> Until:
    ends_at = time.perf_counter() + seconds
    return lambda: time.perf_counter() > ends_at
