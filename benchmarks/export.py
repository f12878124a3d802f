"""The benchmark of `satchel export`: the command against the script that asks for each file by itself, in turns."""

import argparse
import asyncio
import json
import os
import subprocess
import sys
import time
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path

from fill import connected, fill_for_exports
from server import BenchServer

SCRIPTS = Path(__file__).parent.parent / "examples" / "questetra"
TURNS = 2
FIELD = "catalog"
"""A file field of the Purchase Request: the loop only sees what stands in one."""
MIB = 1024 * 1024
CRITERIA = (
    '{{"processModelInfoId": {app}, "processInstanceStartDateTo": "2026-01-01",'
    ' "fields": [{{"type": "file", "number": {item}}}]}}'
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Run:
    """One run of a program: how long it took, its peak memory and the server's meanwhile, and what it left."""

    seconds: float
    peak: int
    server_peak: int
    files: int
    size: int

    def text(self) -> str:
        """Return it as a figure."""
        rates = f"{self.files / self.seconds:.0f} files/s, {self.size / MIB / self.seconds:.0f} MiB/s"
        memory = f"{self.peak / MIB:.0f} MiB of memory, the server {self.server_peak / MIB:.0f}"
        return f"{self.files} files, {self.size / MIB:.0f} MiB in {self.seconds:.1f} s: {rates}, {memory}"


async def by_command(server: BenchServer, options: argparse.Namespace) -> list[str]:
    """Export files of 1 KiB to 1 MiB by the command and by Questetra's loop, in turns, on the same server."""
    async with connected(server) as connection:
        await fill_for_exports(connection, server, options.files)
        await connection.execute("UPDATE files SET field_id = %s WHERE id >= 1000000", (FIELD,))
    login = json.loads((server.data / "demo.json").read_text())["integrator"]
    async with server.client() as client:
        app = (await client.get("/api/v1/apps/PUR")).json()
    item = next(field["number"] for field in app["fields"] if field["id"] == FIELD)
    criteria = CRITERIA.format(app=app["id"], item=item)
    environment = {
        **os.environ,  # noqa: TID251  # handed on to a child process
        "SATCHEL_URL": server.url,
        "SATCHEL_TOKEN": login["token"],
        "QUESTETRA_URL": f"{server.url}/questetra",
        "QUESTETRA_EMAIL": login["email"],
        "QUESTETRA_API_PASSWORD": login["api_password"],
    }
    command = [sys.executable, "-m", "satchel", "export", "out", "--app", "PUR", "--started-to", "2026-01-01"]
    script = [sys.executable, str(SCRIPTS / "download_all.py")]
    found: dict[str, list[Run]] = {"satchel export": [], "the loop": []}
    for turn in range(TURNS):
        for name, asked in (("satchel export", command), ("the loop", script)):
            # Each in a folder of its own, which stays to the end: ext4 passes over inodes that were freed lately one
            # by one, which costs whoever comes next a third more.
            folder = server.folder / f"{name} {turn}"
            folder.mkdir()
            (folder / "process-criteria.txt").write_text(criteria)
            found[name].append(await _run(server, asked, folder, environment))
    best = {name: min(runs, key=lambda run: run.seconds / max(run.files, 1)) for name, runs in found.items()}
    rates = [best[name].files / best[name].seconds for name in found]
    return [
        *(f"{name}: {run.text()}" for name, run in best.items()),
        f"the command is {rates[0] / rates[1]:.1f} times as fast (aim 10); memory may be 143 MiB each (150 MB)",
    ]


async def _run(server: BenchServer, command: list[str], folder: Path, environment: dict[str, str]) -> Run:
    """Run a program to its end in a folder, and count what it made there."""
    server.forget_peak()
    run = await asyncio.to_thread(_waited, command, folder, environment)
    sizes = await asyncio.to_thread(_sizes, folder)
    peak = server.resident_bytes(peak=True)
    return replace(run, files=len(sizes), size=sum(sizes), server_peak=peak)


def _sizes(folder: Path) -> list[int]:
    return [path.stat().st_size for path in folder.rglob("*.bin")]


def _waited(command: list[str], folder: Path, environment: dict[str, str]) -> Run:
    begun, peak = time.perf_counter(), 0
    process = subprocess.Popen(command, cwd=folder, env=environment, stdout=subprocess.DEVNULL)
    while process.poll() is None:
        peak = max(peak, _peak(process.pid))
        time.sleep(0.05)
    assert process.returncode == 0, command
    return Run(seconds=time.perf_counter() - begun, peak=peak, server_peak=0, files=0, size=0)


def _peak(pid: int) -> int:
    """Return the most memory that a process has had (Linux); what wait4 tells counts its parent's as well."""
    with suppress(OSError):
        for line in Path(f"/proc/{pid}/status").read_text().splitlines():
            if line.startswith("VmHWM:"):
                return int(line.split()[1]) * 1024
    return 0
