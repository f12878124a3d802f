"""`satchel serve --processes 2`: both answer on one port, one that dies is replaced, and they end as one."""

import asyncio
import os
import signal
import socket
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import httpx
import pytest

from acknowledged import APP
from e2e.conftest import free_port
from embedding import linux
from plain import PLAIN
from satchel.model.errors import Unavailable
from satchel.model.metrics import packed
from satchel.processes import web_processes
from satchel.settings import read_settings
from satchel.surfaces.http import listen
from serving import Served, eventually
from world import TEXT

ANSWERED = 'satchel_requests_total{status="2xx"} '


@pytest.fixture
def server(quick_folder: Path) -> Iterator[Served]:
    served = Served(quick_folder / "data", free_port(), settings={"SATCHEL_PROCESSES": "2"})
    served.start()
    served.set_up()
    served.deploy(APP)
    yield served
    served.stop()


def _answered(server: Served) -> int:
    """Return how many requests were answered well so far, as one of the processes says."""
    lines = httpx.get(f"{server.url}/metrics", verify=PLAIN).text.splitlines()
    return next(int(line.removeprefix(ANSWERED)) for line in lines if line.startswith(ANSWERED))


def _half_sent(server: Served) -> socket.socket:
    """Return a connection that has sent half of an upload."""
    with server.client() as client:
        asked = client.post("/api/v1/uploads", json={"app": "ACK", "field": "files", "size": len(TEXT)}).json()
    path = str(asked["put_url"]).removeprefix(server.url)
    connection = socket.create_connection(("127.0.0.1", server.port))
    head = f"PUT {path} HTTP/1.1\r\nHost: x\r\nContent-Length: {len(TEXT)}\r\n\r\n".encode()
    connection.sendall(head + TEXT[:5])

    def is_receiving() -> bool:
        with server.client() as client:
            return bool(client.get(f"/api/v1/uploads/{asked['id']}").json()["state"] == "receiving")

    eventually(is_receiving)
    return connection


def _refuses(server: Served) -> bool:
    try:
        socket.create_connection(("127.0.0.1", server.port)).close()
    except OSError:
        return True
    return False


@linux
def test_two_processes_serve_as_one_are_replaced_and_end_together(server: Served) -> None:
    first = server.web_processes()
    assert len(first) == 2
    counted = [_answered(server) for _ in range(10)]
    assert counted == list(range(counted[0], counted[0] + 10))  # each counts, whichever answered

    victim = min(first)
    os.kill(victim, signal.SIGKILL)
    assert [server.status("/readyz") for _ in range(5)] == [200] * 5
    eventually(lambda: "web_process.replaced" in server.said())
    assert len(server.web_processes() - {victim}) == 2
    assert _answered(server) >= counted[-1] + 5
    assert f'"pid": {victim}, "status": -9' in server.said()

    living = server.web_processes()
    with _half_sent(server) as connection:
        assert server.process is not None
        server.process.send_signal(signal.SIGTERM)
        eventually(lambda: _refuses(server))
        connection.sendall(TEXT[5:])
        assert connection.recv(4096).startswith(b"HTTP/1.1 200")
    assert server.process.wait(timeout=60) == 0
    assert not any(Path(f"/proc/{number}").exists() for number in living)


async def test_a_server_whose_web_processes_cannot_start_does_not_start(database: str, tmp_path: Path) -> None:
    (tmp_path / "blobs").mkdir()
    settings = replace(read_settings({}, data_directory=tmp_path, processes=2), secrets_key=bytes(32))
    away = f"{database} port=1"
    (listening,) = listen("127.0.0.1", 0)
    with listening, pytest.raises(Unavailable, match="ended before it served"):
        async with web_processes(settings, away, [listening], asyncio.Event(), counted=lambda: packed([])):
            pass
