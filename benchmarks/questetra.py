"""Benchmarks of the Questetra surface: a list with many items, and the loop by which its users fetch their files."""

import argparse
import asyncio
import io
import json
import os
import subprocess
import sys
import time
import zipfile
from collections.abc import Mapping
from pathlib import Path
from statistics import median

import httpx
from server import BenchServer

SCRIPTS = Path(__file__).parent.parent / "examples" / "questetra"
PROCESSES = 100
ITEMS = 20
FILES_EACH = 10
FILE_BYTES = 10 * 1024
ROUNDS = 20

PROCESS = b"""<?xml version="1.0" encoding="UTF-8"?>
<definitions xmlns="http://www.omg.org/spec/BPMN/20100524/MODEL" id="d" targetNamespace="urn:bench">
<process id="p" isExecutable="true"><startEvent id="start"/><userTask id="task"/><endEvent id="end"/>
<sequenceFlow id="a" sourceRef="start" targetRef="task"/><sequenceFlow id="b" sourceRef="task" targetRef="end"/>
</process></definitions>"""


def _bundle() -> dict[str, bytes]:
    texts = [{"number": n, "id": f"text_{n}", "label": f"Text {n}", "type": "text"} for n in range(ITEMS - 1)]
    fields = [*texts, {"number": ITEMS - 1, "id": "files", "label": "Files", "type": "file"}]
    manifest = {
        "code": "QBM",
        "name": "Many items",
        "title": "{{ text_0 }}",
        "fields": fields,
        "start": {"fields": {str(field["id"]): "edit" for field in fields}},
        "tasks": {"task": {"fields": {}}},
    }
    return {"app.yaml": json.dumps(manifest).encode(), "process.bpmn": PROCESS}


def _zipped(files: Mapping[str, bytes]) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        for name, data in files.items():
            archive.writestr(name, data)
    return out.getvalue()


async def _fill(server: BenchServer, client: httpx.AsyncClient) -> tuple[int, str]:
    """Start processes of twenty items with ten files each, by message; return the app's number and a figure."""
    logins = json.loads((server.data / "demo.json").read_text())
    headers = {"Authorization": f"Bearer {logins['admin']['token']}", "Content-Type": "application/zip"}
    (await client.post("/api/v1/apps", content=_zipped(_bundle()), headers=headers)).raise_for_status()
    user = (await client.get("/api/v1/me")).json()["id"]
    made = await client.post(f"/api/v1/users/{user}/credentials", json={"kind": "api_key", "name": "bench"})
    listed = await client.get("/questetra/API/PE/ProcessModel/listStartable", params={"query": "Many items"})
    found = listed.json()["startableActivities"][0]
    app, node = found["processModelInfoId"], found["nodeNumber"]
    address = f"/questetra/System/Event/MessageStart/{app}/{node}/start?key={made.json()['secret']}"
    data = {f"q_text_{n}": f"text of item {n}" for n in range(ITEMS - 1)}
    waiting = asyncio.Semaphore(8)

    async def start(number: int) -> None:
        files = [("q_files", (f"{number}-{n}.bin", os.urandom(FILE_BYTES))) for n in range(FILES_EACH)]
        async with waiting:
            (await client.post(address, data=data, files=files)).raise_for_status()

    begun = time.perf_counter()
    await asyncio.gather(*(start(number) for number in range(PROCESSES)))
    took = time.perf_counter() - begun
    return int(app), f"{PROCESSES} starts with {FILES_EACH} files of 10 KiB in the request: {PROCESSES / took:.1f}/s"


async def questetra(server: BenchServer, options: argparse.Namespace) -> list[str]:
    """Measure a list of 100 processes with 20 items, and 1,000 downloads by the seed's loop."""
    del options
    async with server.client() as client:
        app, started = await _fill(server, client)
        fields = [{"type": "string", "number": n} for n in range(ITEMS - 1)] + [{"type": "file", "number": ITEMS - 1}]
        criteria = json.dumps({"processModelInfoId": app, "fields": fields})
        asked = {"criteria": criteria, "limit": PROCESSES}
        times: list[float] = []
        size = 0
        for _ in range(ROUNDS):
            begun = time.perf_counter()
            answer = await client.post("/questetra/API/OR/ProcessInstance/list", data=asked)
            times.append(time.perf_counter() - begun)
            answer.raise_for_status()
            size = len(answer.content)
    folder = server.folder / "loop"
    await asyncio.to_thread(folder.mkdir)
    (folder / "process-criteria.txt").write_text(criteria)
    login = json.loads((server.data / "demo.json").read_text())["integrator"]
    ours = {
        "QUESTETRA_URL": f"{server.url}/questetra",
        "QUESTETRA_EMAIL": login["email"],
        "QUESTETRA_API_PASSWORD": login["api_password"],
    }
    command = [sys.executable, str(SCRIPTS / "download_all.py")]
    begun = time.perf_counter()
    environment = {**os.environ, **ours}  # noqa: TID251  # handed on to a child process
    await asyncio.to_thread(subprocess.run, command, cwd=folder, env=environment, check=True)
    took = time.perf_counter() - begun
    saved = sum(1 for path in folder.glob("file_py/*/*") if path.stat().st_size == FILE_BYTES)
    return [
        started,
        f"list of {PROCESSES} processes with {ITEMS} items: median {median(times) * 1000:.0f} ms, {size // 1024} KiB",
        f"{saved} files by the seed's loop (one connection, one after the other): {took:.1f} s, {saved / took:.0f}/s",
    ]
