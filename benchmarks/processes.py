"""The app of two tasks that benchmarks use, and how they deploy one."""

import io
import json
import zipfile

import httpx
from server import BenchServer

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
