"""A server of its own for the benchmarks: `satchel demo` as a process, and what one does to it."""

import asyncio
import json
import os
import socket
import subprocess
import sys
from pathlib import Path
from typing import Self

import httpx

from satchel.db.embedded.cluster import remove_database

READY_TIMEOUT_S = 90


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


class BenchServer:
    """Starts the demo's server on a free port and stops it.

    Attributes:
        measured: by benchmark, its rate and the milliseconds of the server's processor time for each, for ratios.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.data = folder / "data"
        self.port, self.receiver_port = _free_port(), _free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        self.measured: dict[str, tuple[float, float]] = {}
        self._process: subprocess.Popen[bytes] | None = None

    async def __aenter__(self) -> Self:
        command = [sys.executable, "-m", "satchel", "demo", "--data", str(self.data), "--port", str(self.port)]
        command += ["--receiver-port", str(self.receiver_port)]
        environment = {**os.environ, "SATCHEL_LOG_LEVEL": "error", "SATCHEL_POOL_SIZE": "24"}  # noqa: TID251  # handed on to a child process
        with (self.folder / "log").open("wb") as log:
            self._process = subprocess.Popen(command, stdout=log, stderr=log, env=environment)  # noqa: ASYNC220  # started once
        async with asyncio.timeout(READY_TIMEOUT_S), httpx.AsyncClient() as client:
            while True:
                try:
                    if (await client.get(f"{self.url}/readyz")).is_success and (self.data / "demo.json").exists():
                        return self  # and not another server, to which the port went meanwhile
                except httpx.HTTPError as error:
                    if self._process.poll() is not None:
                        raise RuntimeError((self.folder / "log").read_text()[-2000:]) from error
                    await asyncio.sleep(0.1)

    async def __aexit__(self, *raised: object) -> None:
        if self._process is not None:
            self._process.terminate()
            await asyncio.to_thread(self._process.wait, 60)
            await asyncio.to_thread(remove_database, self.data)  # as root, it is not within the folder

    @property
    def token(self) -> str:
        """A token of somebody who may do everything with every app."""
        return self.login("integrator")["token"]

    def login(self, who: str) -> dict[str, str]:
        """Return what one of the demo's people signs in with."""
        logins: dict[str, dict[str, str]] = json.loads((self.data / "demo.json").read_text())
        return logins[who]

    def client(self, connections: int = 32) -> httpx.AsyncClient:
        """Return a client that is signed in."""
        limits = httpx.Limits(max_connections=connections, max_keepalive_connections=connections)
        headers = {"Authorization": f"Bearer {self.token}"}
        return httpx.AsyncClient(base_url=self.url, headers=headers, timeout=600, limits=limits)

    @property
    def pid(self) -> int:
        """The server's process."""
        return self._process.pid if self._process else 0

    def resident_bytes(self, *, peak: bool = False) -> int:
        """Return the server process's resident memory, now or at its most (Linux)."""
        wanted = "VmHWM:" if peak else "VmRSS:"
        for line in Path(f"/proc/{self.pid}/status").read_text().splitlines():
            if line.startswith(wanted):
                return int(line.split()[1]) * 1024
        return 0

    def forget_peak(self) -> None:
        """Have the peak of resident memory counted from now on (Linux)."""
        Path(f"/proc/{self.pid}/clear_refs").write_text("5")
