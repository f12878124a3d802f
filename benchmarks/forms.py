"""Benchmark of a form with 60 reacting fields: read and saved over HTTP, in turns with the same form without rules."""

import argparse
import statistics
import time

import httpx
from processes import deploy
from server import BenchServer

FIELDS = 60
ROUNDS = 40

BPMN = """<?xml version="1.0" encoding="UTF-8"?>
<definitions xmlns="http://www.omg.org/spec/BPMN/20100524/MODEL" targetNamespace="https://satchel.example/bpmn">
  <process id="form" isExecutable="true">
    <startEvent id="start"/><userTask id="fill" name="Fill in"/><endEvent id="end"/>
    <sequenceFlow id="f1" sourceRef="start" targetRef="fill"/>
    <sequenceFlow id="f2" sourceRef="fill" targetRef="end"/>
  </process>
</definitions>
"""


def app(code: str, *, reacts: bool) -> str:
    """Return an app of 60 fields: every third is computed, the others are shown, required or start with something."""
    fields: list[str] = ["  - {number: 0, id: f0, label: First, type: decimal, digits: 2}"]
    access: list[str] = ["f0: edit"]
    for number in range(1, FIELDS):
        before = number - 1
        if number % 3 == 0:
            rule = f"compute: (f{number - 2} ?? 0) + (f{before} ?? 0) + 1"
        elif number % 3 == 1:
            rule = f'show_if: "f{before} != null and f{before} >= 0", require_if: f{before} > 1000000'
        else:
            rule = f"default: f{before} * 2, require_if: f{before} > 1000000"
        is_computed = reacts and number % 3 == 0
        rules = f", {rule}" if reacts else ""
        fields.append(f"  - {{number: {number}, id: f{number}, label: F{number}, type: decimal, digits: 2{rules}}}")
        access.append(f"f{number}: {'read' if is_computed else 'edit'}")
    checks = [f'  - {{if: "f{number} < 1000000000", message: Too much.}}' for number in range(0, FIELDS, 6)]
    return "\n".join(
        [
            f"code: {code}",
            f"name: Form {code}",
            "fields:",
            *fields,
            *(["checks:", *checks] if reacts else []),
            f"start: {{fields: {{{', '.join(access)}}}}}",
            f"tasks: {{fill: {{assign: {{starter: true}}, fields: {{{', '.join(access)}}}}}}}",
        ]
    )


async def _task(client: httpx.AsyncClient, code: str) -> int:
    made = await client.post(f"/api/v1/apps/{code}/instances", json={"values": {"f0": "1.50"}})
    made.raise_for_status()
    return int(made.json()["next_task"]["id"])


async def _timed(client: httpx.AsyncClient, task: int, number: int) -> tuple[float, float]:
    """Return the milliseconds that reading and saving a form took."""
    begun = time.perf_counter()
    (await client.get(f"/api/v1/tasks/{task}")).raise_for_status()
    read = time.perf_counter()
    saved = await client.post(f"/api/v1/tasks/{task}/save", json={"values": {"f0": f"{number}.25"}})
    saved.raise_for_status()
    return (read - begun) * 1_000, (time.perf_counter() - read) * 1_000


async def reacting(server: BenchServer, options: argparse.Namespace) -> list[str]:
    """Read and save a form of 60 fields, with rules and without, in turns."""
    del options
    for code, reacts in (("RCT", True), ("PLN", False)):
        await deploy(server, app(code, reacts=reacts), BPMN)
    times: dict[str, list[tuple[float, float]]] = {"RCT": [], "PLN": []}
    async with server.client(1) as client:
        tasks = {code: await _task(client, code) for code in times}
        for number in range(ROUNDS):
            for code, task in tasks.items():
                times[code].append(await _timed(client, task, number))
    lines: list[str] = []
    for place, what in enumerate(("read", "saved")):
        with_rules, without = (statistics.median(one[place] for one in times[code]) for code in ("RCT", "PLN"))
        lines.append(
            f"form of {FIELDS} reacting fields, {what}: {with_rules:.1f} ms median; without rules {without:.1f} ms"
        )
    return lines
