"""Real servers to be hurt: `satchel serve` as a process of its own, with one account, one administrator and an app."""

import contextlib
import io
import os
import signal
import subprocess
import sys
import time
import zipfile
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import httpx
from typer.testing import CliRunner

from plain import PLAIN
from satchel.cli import root

PATIENCE_S = 60.0
PASSWORD = "a long enough one"
EMAIL = "ann@example.com"


def command(*arguments: str, env: Mapping[str, str] | None = None) -> subprocess.CompletedProcess[str]:
    """Run a `satchel` command in this process: to start another takes longer than most commands."""
    ended = CliRunner().invoke(root.app, arguments, env=env)
    if ended.exception is not None and not isinstance(ended.exception, SystemExit):
        raise ended.exception
    return subprocess.CompletedProcess(arguments, ended.exit_code, ended.stdout, ended.stderr)


def eventually(look: Callable[[], Any], *, patience_s: float = PATIENCE_S) -> Any:  # whatever the test looks for
    """Return what `look` gives once it gives something; the server works in its own time."""
    end = time.monotonic() + patience_s
    while time.monotonic() < end:
        if found := look():
            return found
        time.sleep(0.05)  # a process of its own: there is nothing else to wait on
    raise AssertionError("it did not come true in time")


class Served:
    """One data directory, and the process that serves it.

    Attributes:
        settings: of the process and of commands beside it, by environment variable.
        program: starts the process instead of `python -m satchel`.
        token: of the administrator, once `set_up` was called.
    """

    def __init__(
        self, data: Path, port: int, *, settings: Mapping[str, str] | None = None, program: tuple[str, ...] = ()
    ) -> None:
        self.data = data
        self.port = port
        self.url = f"http://127.0.0.1:{port}"
        self.log = data.parent / f"{data.name}.log"
        self.settings = {"SATCHEL_DATA_DIRECTORY": str(data), "SATCHEL_LOG_LEVEL": "warning", **(settings or {})}
        self.program = program or (sys.executable, "-m", "satchel")
        self.process: subprocess.Popen[bytes] | None = None
        self.token = ""

    def set_up(self) -> None:
        """Make the account `North` and its administrator, who gets a token."""
        self.command("admin", "account", "North")
        self.command("admin", "user", EMAIL, "Ann", "--group", "administrators", "--password", PASSWORD)
        self.command("admin", "grant", "administrators", "start", "view", "modify", "delete", "manage", "export")
        self.token = self.command("admin", "token", EMAIL).stdout.strip()

    def command(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        """Run a command on the same data directory and database; it must succeed."""
        done = command(*arguments, env=self.settings)
        assert done.returncode == 0, done.stdout + done.stderr
        return done

    def start(self, *, patience_s: float = PATIENCE_S) -> float:
        """Start the process, wait until it answers, and return the seconds that took."""
        begun = time.monotonic()
        environment = {**os.environ, **self.settings}  # noqa: TID251  # handed on to a child process
        with self.log.open("ab") as log:
            self.process = subprocess.Popen(
                [*self.program, "serve", "--port", str(self.port)], stdout=log, stderr=log, env=environment
            )
        try:
            eventually(self._answers_or_ended, patience_s=patience_s)
        except AssertionError:
            self.kill()
            raise AssertionError(self.said()) from None
        assert self.process.poll() is None, self.said()
        return time.monotonic() - begun

    def refused(self, *, patience_s: float = PATIENCE_S) -> str:
        """Start the process, which must end by itself, and return what it said."""
        environment = {**os.environ, **self.settings}  # noqa: TID251  # handed on to a child process
        ended = subprocess.run(
            [*self.program, "serve", "--port", str(self.port)],
            capture_output=True,
            text=True,
            check=False,
            env=environment,
            timeout=patience_s,
        )
        assert ended.returncode != 0, ended.stdout
        return " ".join((ended.stdout + ended.stderr).split())

    def said(self) -> str:
        """Return the end of the process's log."""
        return self.log.read_text(errors="replace")[-4000:]

    def is_ready(self) -> bool:
        """Return whether the server says that it can work."""
        return self.status("/readyz") == httpx.codes.OK

    def status(self, path: str) -> int | None:
        """Return what a request without credentials is answered; None where nobody answers."""
        try:
            return httpx.get(f"{self.url}{path}", timeout=20, verify=PLAIN).status_code
        except httpx.HTTPError:
            return None

    def kill(self) -> None:
        """End the process as a power cut would."""
        if self.process is not None and self.process.poll() is None:
            self.process.send_signal(signal.SIGKILL)
            self.process.wait()

    def stop(self) -> int:
        """Ask the process to stop and return its exit code."""
        if self.process is None:
            return 0
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
        return self.process.wait(timeout=60)

    def client(self) -> httpx.Client:
        """Return a client that is signed in as the administrator."""
        headers = {"Authorization": f"Bearer {self.token}"}
        return httpx.Client(base_url=self.url, headers=headers, timeout=60, verify=PLAIN)

    def deploy(self, files: Mapping[str, bytes]) -> None:
        """Deploy a bundle."""
        packed = io.BytesIO()
        with zipfile.ZipFile(packed, "w") as archive:
            for name, data in files.items():
                archive.writestr(name, data)
        with self.client() as client:
            answer = client.post("/api/v1/apps", content=packed.getvalue(), headers={"Content-Type": "application/zip"})
        assert answer.status_code == 201, answer.text

    def web_processes(self) -> set[int]:
        """Return the processes that answer for the one that was started (Linux), where there are several."""
        if self.process is None:
            return set()
        found: set[int] = set()
        with contextlib.suppress(OSError):
            for thread in Path(f"/proc/{self.process.pid}/task").iterdir():
                for number in (thread / "children").read_text().split():
                    if b"satchel.web_process" in Path(f"/proc/{number}/cmdline").read_bytes():
                        found.add(int(number))
        return found

    def database_pid(self) -> int | None:
        """Return the process of the embedded database, as it says itself."""
        with contextlib.suppress(OSError, ValueError):
            lines = (self.data / "database" / "cluster" / "postmaster.pid").read_text().splitlines()
            return int(lines[0])
        return None

    def _answers_or_ended(self) -> bool:
        ended = self.process is None or self.process.poll() is not None
        return ended or self.is_ready()
