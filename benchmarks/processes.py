"""Benchmarks of processes: instances with two tasks, started and completed over HTTP."""

import argparse
import asyncio
import io
import json
import time
import zipfile

import httpx
from server import BenchServer

COUNT = 600
CLIENTS = 8

APP = """
code: TWO
name: Two Tasks
category: Benchmark
title: "{{ subject }}"
fields:
  - {number: 0, id: subject, label: Subject, type: text, searchable: true}
start: {fields: {subject: require}}
tasks:
  first: {assign: {starter: true}, fields: {subject: edit}}
  second: {assign: {starter: true}, fields: {subject: edit}}
"""

BPMN = """<?xml version="1.0" encoding="UTF-8"?>
<definitions xmlns="http://www.omg.org/spec/BPMN/20100524/MODEL" targetNamespace="https://satchel.example/bpmn">
  <process id="two" isExecutable="true">
    <startEvent id="start"/><userTask id="first" name="First"/><userTask id="second" name="Second"/><endEvent id="end"/>
    <sequenceFlow id="f1" sourceRef="start" targetRef="first"/>
    <sequenceFlow id="f2" sourceRef="first" targetRef="second"/>
    <sequenceFlow id="f3" sourceRef="second" targetRef="end"/>
  </process>
</definitions>
"""


async def deploy(server: BenchServer, manifest: str = APP, process: str = BPMN) -> None:
    """Deploy an app, by default that of two tasks, as the administrator."""
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        archive.writestr("app.yaml", manifest)
        archive.writestr("process.bpmn", process)
    token = json.loads((server.data / "demo.json").read_text())["admin"]["token"]
    headers = {"Authorization": f"Bearer {token}", "Content-Type": "application/zip"}
    async with httpx.AsyncClient(base_url=server.url, timeout=60) as client:
        (await client.post("/api/v1/apps", content=packed.getvalue(), headers=headers)).raise_for_status()


async def start_and_complete(server: BenchServer, options: argparse.Namespace) -> list[str]:
    """Start instances of two tasks and complete both."""
    del options
    await deploy(server)
    left = iter(range(COUNT))

    async def work(client: httpx.AsyncClient) -> None:
        for number in left:
            body = {"values": {"subject": f"bench {number}"}}
            instance = (await client.post("/api/v1/apps/TWO/instances", json=body)).json()["instance"]["id"]
            for _ in range(2):
                view = (await client.get(f"/api/v1/instances/{instance}")).json()
                task = next(task["id"] for task in view["tasks"] if task["closed_at"] is None)
                (await client.post(f"/api/v1/tasks/{task}/complete", json={})).raise_for_status()

    async with server.client(CLIENTS) as client:
        begun = time.perf_counter()
        await asyncio.gather(*(work(client) for _ in range(CLIENTS)))
        seconds = time.perf_counter() - begun
    rate = COUNT / seconds
    requests = f"5 requests each: {rate * 5:.0f} requests/s"
    return [f"start + complete two tasks: {rate:.0f} instances/s, {requests} (aim 250/s a core)"]
