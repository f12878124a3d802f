"""Benchmarks of small actions under load: a start, two tasks, a small file in three requests and in one, a list.

The load comes from wrk (Debian: `apt-get install wrk`) with the scripts of `wrk/`, which takes little of the machine.
Without it a generator in Python makes the same requests; it needs more processor time than the server, and says so.
"""

import argparse
import asyncio
import json
import shutil
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import httpx
import processes
from meter import Meter
from server import BenchServer

CONNECTIONS = 16
WARM_UP_S = 2
DATA = b"0123456789abcdef" * 640

APP_ONE = """
code: ONE
name: No Tasks
category: Benchmark
title: "{{ subject }}"
fields:
  - {number: 0, id: subject, label: Subject, type: text, searchable: true}
start: {fields: {subject: require}}
"""

BPMN_ONE = """<?xml version="1.0" encoding="UTF-8"?>
<definitions xmlns="http://www.omg.org/spec/BPMN/20100524/MODEL" targetNamespace="https://satchel.example/bpmn">
  <process id="one" isExecutable="true">
    <startEvent id="start"/><endEvent id="end"/><sequenceFlow id="f" sourceRef="start" targetRef="end"/>
  </process>
</definitions>
"""

Operation = Callable[[httpx.AsyncClient], Awaitable[None]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Action:
    """What is done again and again.

    Attributes:
        script: of wrk.
        python: does it once, where there is no wrk.
        aim: of the server's processor time.
    """

    title: str
    script: str
    python: Operation
    aim: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Load:
    """What a generator of load reports."""

    operations: int
    failed: int
    requests: int
    seconds: float
    median_ms: float
    p99_ms: float


async def measure(action: Action, server: BenchServer, options: argparse.Namespace) -> list[str]:
    """Do it as often as it goes, and return the rate and what each takes."""
    await _deploy(server)
    generate = partial(by_wrk, action.script) if has_wrk() else partial(by_python, action.python)
    await generate(server.url, server.token, WARM_UP_S)
    with Meter(server.pid) as meter:
        load = await generate(server.url, server.token, options.seconds)
    server.measured[action.script] = load.operations / load.seconds, meter.server_s * 1000 / load.operations
    lines = [f"{action.title}, {CONNECTIONS} connections: {rate_of(load, meter)} (aim {action.aim})"]
    if not has_wrk():
        lines.append("  the load came from Python, which needs more than the server: install wrk for the true rate")
    return lines


def rate_of(load: Load, meter: Meter) -> str:
    """Return what a load reports, with what it took of the processor."""
    answers = f"answers after {load.median_ms:.1f} ms median, {load.p99_ms:.0f} ms p99"
    wrong = f", {load.failed} FAILED" if load.failed else ""
    return f"{load.operations / load.seconds:.0f}/s, {meter.each(load.operations)}, {answers}{wrong}"


def has_wrk() -> bool:
    """Return whether wrk is installed."""
    return shutil.which("wrk") is not None


async def by_wrk(script: str, url: str, token: str, seconds: float, *more: str) -> Load:
    """Run wrk with one of our scripts, which take the token and more arguments."""
    asked = ["-t", "1", "-c", str(CONNECTIONS), "-d", f"{int(seconds)}s", "--timeout", "30s", "-s", f"{script}.lua"]
    process = await asyncio.create_subprocess_exec(
        "wrk", *asked, url, "--", token, *more, cwd=Path(__file__).parent / "wrk", stdout=asyncio.subprocess.PIPE
    )
    output, _ = await process.communicate()
    if process.returncode:
        raise RuntimeError(f"wrk failed: {output.decode()}")
    return Load(**json.loads(output.decode().splitlines()[-1]))


async def by_python(do: Operation, url: str, token: str, seconds: float) -> Load:
    """Do it with as many clients at once as wrk has connections."""
    took: list[float] = []
    operations = 0
    end = time.perf_counter() + seconds
    limits = httpx.Limits(max_connections=CONNECTIONS, max_keepalive_connections=CONNECTIONS)

    async def note(answer: httpx.Response) -> None:
        answer.raise_for_status()
        await answer.aread()
        took.append(answer.elapsed.total_seconds() * 1000)

    async def count(client: httpx.AsyncClient) -> None:
        nonlocal operations
        while time.perf_counter() < end:
            await do(client)
            operations += 1

    headers = {"Authorization": f"Bearer {token}"}
    hooks = {"response": [note]}
    async with httpx.AsyncClient(base_url=url, headers=headers, timeout=60, limits=limits, event_hooks=hooks) as client:
        begun = time.perf_counter()
        await asyncio.gather(*(count(client) for _ in range(CONNECTIONS)))
        seconds = time.perf_counter() - begun
    took.sort()
    return Load(
        operations=operations,
        failed=0,
        requests=len(took),
        seconds=seconds,
        median_ms=took[len(took) // 2],
        p99_ms=took[len(took) * 99 // 100],
    )


async def _deploy(server: BenchServer) -> None:
    async with server.client() as client:
        known = {app["code"] for app in (await client.get("/api/v1/apps")).raise_for_status().json()["items"]}
    if "ONE" not in known:
        await processes.deploy(server, APP_ONE, BPMN_ONE)
        await processes.deploy(server)


async def _start(client: httpx.AsyncClient) -> None:
    await client.post("/api/v1/apps/ONE/instances", json={"values": {"subject": "bench"}})


async def _two_tasks(client: httpx.AsyncClient) -> None:
    began = await client.post("/api/v1/apps/TWO/instances", json={"values": {"subject": "bench"}})
    instance = began.json()["instance"]["id"]
    for _ in range(2):
        view = (await client.get(f"/api/v1/instances/{instance}")).json()
        task = next(task["id"] for task in view["tasks"] if task["closed_at"] is None)
        await client.post(f"/api/v1/tasks/{task}/complete", json={})


async def _ticket(client: httpx.AsyncClient) -> None:
    asked = {"app": "COL", "field": "files", "size": len(DATA)}
    ticket = (await client.post("/api/v1/uploads", json=asked)).json()
    await client.put(ticket["put_url"], content=DATA)
    values = {"subject": "bench", "files": [ticket["id"]]}
    await client.post("/api/v1/apps/COL/instances", json={"values": values})


async def _form(client: httpx.AsyncClient) -> None:
    parts = {"values": (None, b'{"subject": "bench"}', "application/json"), "files": ("bench.txt", DATA, "text/plain")}
    await client.post("/api/v1/apps/COL/instances", files=parts)


async def _list(client: httpx.AsyncClient) -> None:
    await client.get("/api/v1/instances?limit=100")


ACTIONS = {
    "start": Action(title="start without tasks", script="start", python=_start, aim="1.0 ms"),
    "process": Action(
        title="start + complete two tasks, 5 requests", script="two_tasks", python=_two_tasks, aim="3.5 ms"
    ),
    "small": Action(
        title="reserve + upload 10 KiB + claim (a start), 3 requests", script="ticket", python=_ticket, aim="3.0 ms"
    ),
    "form": Action(title="the same in one request", script="form", python=_form, aim="1.8 ms, 350/s"),
    "list": Action(title="list of 100 instances", script="list", python=_list, aim="2 ms"),
}
