"""Benchmark of the Navixy surface: ask for a place, upload and submit, as its clients do."""

import argparse
import asyncio
import json
import time
from typing import Any

import httpx
import processes
from meter import Meter
from server import BenchServer

CLIENTS = 16
COUNT = 800
SIZE_BYTES = 10 * 1024

APP = """
code: NVB
name: Takes a file
category: Benchmark
fields:
  - {number: 0, id: file1, label: Papers, type: file, max_files: 1}
start: {}
tasks:
  fill: {fields: {file1: edit}}
"""

BPMN = """<?xml version="1.0" encoding="UTF-8"?>
<definitions xmlns="http://www.omg.org/spec/BPMN/20100524/MODEL" targetNamespace="https://satchel.example/bpmn">
  <process id="takes" isExecutable="true">
    <startEvent id="start"/><userTask id="fill" name="Fill in"/><endEvent id="end"/>
    <sequenceFlow id="f1" sourceRef="start" targetRef="fill"/>
    <sequenceFlow id="f2" sourceRef="fill" targetRef="end"/>
  </process>
</definitions>
"""


async def attached(server: BenchServer, options: argparse.Namespace) -> list[str]:
    """Attach files to tasks, each client to its own: create, upload, submit."""
    del options
    await processes.deploy(server, APP, BPMN)
    data = bytes(range(256)) * (SIZE_BYTES // 256)
    left = iter(range(COUNT))
    limits = httpx.Limits(max_connections=CLIENTS, max_keepalive_connections=CLIENTS)
    async with httpx.AsyncClient(base_url=server.url, timeout=600, limits=limits) as client:
        login = json.loads((server.data / "demo.json").read_text())["admin"]
        session = (await _call(client, "user/auth", login=login["email"], password=login["password"]))["hash"]
        templates = (await _call(client, "form/template/list", hash=session))["list"]
        template = next(one["id"] for one in templates if one["label"] == "Takes a file")

        async def work() -> None:
            task = (await _call(client, "task/create", hash=session, template_id=template))["id"]
            for _ in left:
                given = {"hash": session, "task_id": task}
                place = await _call(client, "task/form/file/create", **given, field_id="file1", size=SIZE_BYTES)
                value = place["value"]
                files = {value["file_field_name"]: ("a.bin", data)}
                (await client.post(value["url"], data=value["fields"], files=files)).raise_for_status()
                held = {"file1": {"type": "file", "file_ids": [value["file_id"]]}}
                await _call(client, "task/form/values/update", **given, values=held)

        begun = time.perf_counter()
        with Meter(server.pid) as meter:
            await asyncio.gather(*(work() for _ in range(CLIENTS)))
        seconds = time.perf_counter() - begun
    rate = f"{COUNT / seconds:.0f}/s, {meter.each(COUNT)}"
    return [f"create + upload 10 KiB + submit, {CLIENTS} clients: {rate}"]


async def _call(client: httpx.AsyncClient, path: str, **given: object) -> dict[str, Any]:
    answer = await client.post(f"/navixy/v2/{path}", json=given)
    answer.raise_for_status()
    found: dict[str, Any] = answer.json()
    return found
