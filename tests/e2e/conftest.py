"""A real server for whole-path tests: `satchel demo` as its own process, with its embedded database and real files."""

import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from typer.testing import CliRunner

from described import check
from place import new_folder
from plain import PLAIN
from satchel.cli import root
from satchel.db.embedded.cluster import remove_database

START_TIMEOUT_S = 180.0
PATIENCE_S = 60.0


class DemoServer:
    """One data directory, and the process that serves it.

    Attributes:
        exports: where its scheduled exports go.
    """

    def __init__(self, data: Path, port: int) -> None:
        self.data = data
        self.port = port
        self.url = f"http://127.0.0.1:{port}"
        self.receiver_port = free_port()
        self.exports = data.parent / f"{data.name}-exports"
        self.log = data.parent / f"{data.name}.log"
        self.process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Start the process and wait until it answers."""
        command = [sys.executable, "-m", "satchel", "demo", "--data", str(self.data), "--port", str(self.port)]
        command += ["--receiver-port", str(self.receiver_port)]
        self.exports.mkdir(exist_ok=True)
        ours = {"SATCHEL_LOG_LEVEL": "warning", "SATCHEL_EXPORT_DIRECTORY": str(self.exports)}
        environment = {**os.environ, **ours}  # noqa: TID251  # handed on to a child process
        with self.log.open("ab") as log:
            self.process = subprocess.Popen(command, stdout=log, stderr=log, env=environment)  # our own
        end = time.monotonic() + START_TIMEOUT_S
        with httpx.Client(verify=PLAIN, timeout=2) as anybody:
            while time.monotonic() < end and self.process.poll() is None:
                try:
                    if anybody.get(f"{self.url}/readyz").status_code == httpx.codes.OK:
                        return
                except httpx.HTTPError:
                    time.sleep(0.05)  # a process of its own: there is nothing else to wait on
        self.kill()  # nobody would end it later
        raise RuntimeError(self.log.read_text()[-3000:])

    def kill(self) -> None:
        """End the process as a power cut would."""
        if self.process is not None:
            self.process.send_signal(signal.SIGKILL)
            self.process.wait()

    def stop(self) -> int:
        """Ask the process to stop and return its exit code."""
        if self.process is None:
            return 0
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
        return self.process.wait(timeout=60)

    def token(self, who: str) -> str:
        """Return the bearer token of one of the demo's people."""
        logins: dict[str, dict[str, str]] = json.loads((self.data / "demo.json").read_text())
        return logins[who]["token"]

    def client(self, who: str = "integrator") -> httpx.Client:
        """Return a client that is signed in as one of the demo's people."""
        headers = {"Authorization": f"Bearer {self.token(who)}"}
        hooks = {"response": [check]}
        return httpx.Client(base_url=self.url, headers=headers, timeout=60, verify=PLAIN, event_hooks=hooks)


def command(*arguments: str) -> subprocess.CompletedProcess[str]:
    """Run a `satchel` command in this process: to start another takes longer than most commands."""
    ended = CliRunner().invoke(root.app, arguments)
    if ended.exception is not None and not isinstance(ended.exception, SystemExit):
        raise ended.exception
    return subprocess.CompletedProcess(arguments, ended.exit_code, ended.stdout, ended.stderr)


def process(*arguments: str) -> subprocess.CompletedProcess[str]:
    """Run a `satchel` command as the process of its own that users start."""
    started = [sys.executable, "-m", "satchel", *arguments]
    return subprocess.run(started, capture_output=True, text=True, check=False, timeout=120)  # our own


def eventually(look: Callable[[], Any]) -> Any:  # whatever the test looks for
    """Return what `look` gives once it gives something; the server works in its own time."""
    end = time.monotonic() + PATIENCE_S
    while time.monotonic() < end:
        if found := look():
            return found
        time.sleep(0.05)  # a process of its own: there is nothing else to wait on
    raise AssertionError("nothing came of it")


def free_port() -> int:
    """Return a port that nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


@pytest.fixture
def quick_folder() -> Iterator[Path]:
    """A folder in memory, if there is enough, for a server of the test's own: its database is made in half the time."""
    made = new_folder()
    yield made
    remove_database(made / "data")  # root's may lie outside the folder
    shutil.rmtree(made)


@pytest.fixture(scope="session")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[DemoServer]:
    """A demo server, shared by all tests that leave it running: its start takes longer than most of them."""
    running = DemoServer(tmp_path_factory.mktemp("demo") / "data", free_port())
    running.start()
    yield running
    running.stop()
    remove_database(running.data)  # root's lies outside the folder
