"""What the tests of the embedded database share: processes that run or join one, and questions to it."""

import asyncio
import json
import os
import pwd
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

import psycopg
import pytest

from satchel.db.embedded.binaries import may_enter, may_run

IS_ROOT = os.geteuid() == 0
NOBODY = pwd.getpwnam("nobody")
linux = pytest.mark.skipif(sys.platform != "linux", reason="only Linux tells a child of its parent's death")
as_root = pytest.mark.skipif(not IS_ROOT, reason="only root can become another user")

PROGRAM = """
import asyncio, json, sys
from pathlib import Path
from satchel.db.embedded.server import embedded
from satchel.model.errors import DatabaseUnavailable

async def main():
    async with embedded(Path(sys.argv[1]), is_durable=False) as server:
        print(json.dumps({"dsn": server.dsn, "pid": server.pid}), flush=True)
        await asyncio.to_thread(sys.stdin.read)

try:
    asyncio.run(main())
except DatabaseUnavailable as error:
    print(json.dumps({"error": error.message}), flush=True)
"""


UNWATCHED = """
import tempfile, types
from satchel.db.embedded import launch, process
with tempfile.NamedTemporaryFile("w", suffix=".py", delete=False) as copy:
    copy.write(open(launch.__file__).read().replace('sys.platform == "linux"', "False"))
process.launch = types.SimpleNamespace(__file__=copy.name)
"""
"""Before the program: has the kernel not asked to end the server with its owner, as where there is no way to ask."""


class Command:
    """A process that runs or joins a data directory's database until it is told to end."""

    def __init__(
        self, data: Path, *, prefix: tuple[str, ...] = (), python: str = sys.executable, is_watched: bool = True
    ) -> None:
        environment = {"PATH": os.defpath, "PYTHONPATH": os.pathsep.join(sys.path), "TMPDIR": str(data.parent)}
        self.process = subprocess.Popen(
            [*prefix, python, "-c", PROGRAM if is_watched else UNWATCHED + PROGRAM, str(data)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            env=environment,
            cwd="/",
        )

    def told(self) -> dict[str, Any]:
        """Return what the process said when it was ready, or why it was not."""
        assert self.process.stdout is not None
        line = b""
        while not line.startswith(b"{"):  # the log comes first
            line = self.process.stdout.readline()
            assert line, "the process ended without a word"
        found: dict[str, Any] = json.loads(line)
        return found

    def end(self) -> None:
        """Let the process end, and wait for it."""
        self.process.communicate(timeout=60)


def ask(dsn: str, query: Any) -> Any:
    with psycopg.connect(dsn, autocommit=True) as connection:
        cursor = connection.execute(query)
        row = cursor.fetchone() if cursor.description else None
        return row[0] if row else None


async def ask_when_back(dsn: str, query: str) -> Any:
    """Return the answer of a server that may be restarting."""
    async with asyncio.timeout(30):
        while True:
            try:
                return ask(dsn, query)
            except psycopg.OperationalError:
                await asyncio.sleep(0.02)


def wait_until(is_so: Callable[[], bool], patience_s: float = 30) -> None:
    patience = threading.Event()
    for _ in range(int(patience_s / 0.02)):
        if is_so():
            return
        patience.wait(0.02)
    raise AssertionError("it did not come true in time")


def is_gone(pid: int) -> bool:
    return not Path(f"/proc/{pid}").exists()


LAST_PID = Path("/proc/sys/kernel/ns_last_pid")


@contextmanager
def somebody(number: int | None = None) -> Iterator[subprocess.Popen[bytes]]:
    """A process that is no database, of the user that the database runs as: its number looks like a server's.

    Args:
        number: which it gets, where the kernel can be asked for one (as root) and nobody else is faster.
    """
    with subprocess.Popen(["sleep", "300"], **_as_the_database()) as first, ExitStack() as stack:
        stack.callback(first.kill)
        yield next(_tries(number, stack), first)


def _tries(number: int | None, stack: ExitStack) -> Iterator[subprocess.Popen[bytes]]:
    """Give a process of the number that is asked for, if one of some tries gets it."""
    for _ in range(20 if number is not None else 0):
        try:
            LAST_PID.write_text(str((number or 0) - 1))
        except OSError:  # some kernels let everybody open it, and only root write
            return
        process = subprocess.Popen(["sleep", "300"], **_as_the_database())
        stack.callback(process.wait)
        stack.callback(process.kill)
        if process.pid == number:
            yield process


def _as_the_database() -> dict[str, Any]:
    return {"user": NOBODY.pw_uid, "group": NOBODY.pw_gid} if IS_ROOT else {}


@contextmanager
def closed(folder: Path) -> Iterator[Path]:
    """A folder below which only root may look, as its home is."""
    made = folder / "home"
    made.mkdir(mode=0o700)
    yield made
    made.chmod(0o700)


def python_for_everybody() -> str:
    """Return an interpreter of this version that `nobody` may execute."""
    for found in (Path(sys.executable).resolve(), Path(f"/usr/bin/python3.{sys.version_info.minor}")):
        if found.is_file() and may_run(found, NOBODY.pw_uid, NOBODY.pw_gid):
            return str(found)
    pytest.skip("no interpreter of this version that an ordinary user may execute")


def ordinary() -> tuple[str, ...]:
    """Return the words that run a command as an ordinary user, or skip where that cannot work."""
    for place in (Path(p) for p in sys.path if Path(p).name in ("src", "site-packages")):
        if not may_enter(place, NOBODY.pw_uid, NOBODY.pw_gid):
            pytest.skip("the checkout is closed to ordinary users")
    return ("setpriv", f"--reuid={NOBODY.pw_uid}", f"--regid={NOBODY.pw_gid}", "--clear-groups")
