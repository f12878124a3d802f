"""A server whose database is read-only, away, or cuts its connections: it refuses, continues, and recovers."""

import asyncio
import contextlib
import json
import os
import signal
import time
from collections.abc import Iterator
from pathlib import Path

import httpx
import psycopg
import pytest

from acknowledged import APP, Acknowledged, busy, lost, wait_for_more
from e2e.conftest import free_port
from embedding import ask
from engine_bpmn import boundary, flow, simple, timer, user
from satchel.db.embedded.server import EmbeddedServer
from serving import Served, eventually
from world import bundle

TIMED = bundle(
    {"code": "TIM"},
    simple(user("a"), boundary("late", "a", timer("PT1S")), user("b"), flow("late", "b"), flow("b", "end", name="z")),
)
AWAY = "The database cannot be reached at the moment. Try again shortly."
FOREIGN = """
SELECT pg_terminate_backend(pid, 10000) FROM pg_stat_activity WHERE pid <> pg_backend_pid() AND datname = 'satchel'
"""
"""Waits until each has ended: a signal alone returns before the connection is closed."""


class Postgres:
    """A PostgreSQL that is not the server's own, to be stopped and started."""

    def __init__(self, folder: Path, runner: asyncio.Runner) -> None:
        self._server = EmbeddedServer(folder, is_durable=False)
        self._runner = runner

    def start(self) -> None:
        self._runner.run(self._server.start())

    def stop(self) -> None:
        self._runner.run(self._server.stop())

    @property
    def dsn(self) -> str:
        return self._server.dsn

    def set_read_only(self, *, is_so: bool) -> None:
        """Have the database take no changes, as an administrator or a failing-over cluster does, in new sessions."""
        with psycopg.connect(self.dsn, autocommit=True, options="-c default_transaction_read_only=off") as connection:
            word = "on" if is_so else "off"
            connection.execute(f"ALTER DATABASE satchel SET default_transaction_read_only = {word}".encode())

    def cut_connections(self) -> int:
        """End every connection but this one's, and return how many there were."""
        with psycopg.connect(self.dsn, autocommit=True) as connection:
            return len(connection.execute(FOREIGN).fetchall())


@pytest.fixture
def postgres(folder: Path) -> Iterator[Postgres]:
    with asyncio.Runner() as runner:
        made = Postgres(folder / "postgres", runner)
        made.start()
        yield made
        made.stop()


@pytest.fixture
def server(folder: Path, postgres: Postgres) -> Iterator[Served]:
    served = Served(folder / "data", free_port(), settings={"SATCHEL_DATABASE_URL": postgres.dsn})
    served.set_up()
    served.start()
    served.deploy(APP)
    served.deploy(TIMED)
    yield served
    served.stop()


def start(client: httpx.Client, code: str = "TIM") -> httpx.Response:
    return client.post(f"/api/v1/apps/{code}/instances", json={"values": {}})


def has_fired(client: httpx.Client, instance: int) -> bool:
    """Return whether the timer of an instance has taken its task away."""
    answer = client.get(f"/api/v1/instances/{instance}")
    if answer.status_code != httpx.codes.OK:
        return False
    return any(task["element"] == "b" for task in answer.json()["tasks"])


def lives(server: Served) -> bool:
    return server.process is not None and server.process.poll() is None


def test_a_read_only_database_refuses_changes_and_takes_them_again_by_itself(
    server: Served, postgres: Postgres
) -> None:
    with server.client() as client:
        instance = int(start(client).json()["instance"]["id"])
        postgres.set_read_only(is_so=True)
        postgres.cut_connections()

        refused = [start(client) for _ in range(5)]
        read = client.get(f"/api/v1/instances/{instance}")
        ready = client.get("/readyz")

        assert {answer.status_code for answer in refused} == {503}
        assert refused[-1].json()["code"] == "database_unavailable"
        assert "read-only" in refused[-1].json()["detail"]
        assert refused[-1].headers["content-type"] == "application/problem+json"
        assert (read.status_code, ready.status_code) == (200, 503)
        assert not has_fired(client, instance)
        assert lives(server)

        postgres.set_read_only(is_so=False)  # sessions that are open by now stay as they are

        eventually(lambda: start(client).status_code == httpx.codes.CREATED, patience_s=15)
        eventually(server.is_ready, patience_s=15)
        eventually(lambda: has_fired(client, instance), patience_s=30)


def test_a_database_that_stops_and_starts_again_is_found_again_soon(server: Served, postgres: Postgres) -> None:
    with server.client() as client:
        instance = int(start(client).json()["instance"]["id"])
        postgres.stop()

        answers = [client.get("/api/v1/instances"), start(client), client.get("/readyz")]
        alive, counts = client.get("/healthz"), client.get("/metrics")

        assert [answer.status_code for answer in answers] == [503, 503, 503]
        assert {answer.json()["code"] for answer in answers} == {"database_unavailable"}
        assert {answer.json()["detail"] for answer in answers[:2]} == {AWAY}
        assert alive.status_code == httpx.codes.OK
        assert "\nsatchel_database_up 0\n" in counts.text
        assert 'satchel_requests_total{status="5xx"} 3\n' in counts.text
        assert "\nsatchel_queue_jobs{" not in counts.text
        assert lives(server)
        lines = [json.loads(line) for line in server.log.read_text().splitlines()]
        assert "psycopg.pool" in {line.get("logger") for line in lines}

        postgres.start()
        begun = time.monotonic()
        eventually(lambda: start(client).status_code == httpx.codes.CREATED, patience_s=20)
        assert time.monotonic() - begun < 15  # a busy machine may be late: it is looked for every other second
        eventually(lambda: has_fired(client, instance), patience_s=30)


def test_connections_that_are_cut_in_the_middle_lose_nothing_and_end_nothing(
    server: Served, postgres: Postgres
) -> None:
    known = Acknowledged()
    cut = 0
    with busy(server, known) as clients:
        for _ in range(15):
            wait_for_more(known, 3)
            cut += postgres.cut_connections()
        wait_for_more(known, 3)
    with server.client() as client:
        instance = int(start(client).json()["instance"]["id"])
        eventually(lambda: has_fired(client, instance), patience_s=30)

    assert cut > 15
    assert clients.refusals <= {409, 503}
    assert lost(server, known) == []
    assert lives(server)


def test_an_idle_servers_first_request_after_a_restart_of_the_database_is_answered(
    server: Served, postgres: Postgres
) -> None:
    with server.client() as client:
        for _ in range(3):
            assert client.get("/api/v1/instances").status_code == httpx.codes.OK
        postgres.cut_connections()

        assert client.get("/api/v1/instances").status_code == httpx.codes.OK


def test_an_embedded_database_that_does_not_start_for_a_while_does_not_end_the_server(folder: Path) -> None:
    served = Served(folder / "data", free_port())
    served.set_up()
    served.start()
    served.deploy(TIMED)
    control = folder / "data" / "database" / "cluster" / "global" / "pg_control"
    aside = control.with_name("aside")
    try:
        with served.client() as client:
            instance = int(start(client).json()["instance"]["id"])
            control.rename(aside)
            pid = served.database_pid()
            assert pid is not None
            os.kill(pid, signal.SIGKILL)

            eventually(lambda: "database.not_started" in served.said(), patience_s=30)
            assert start(client).status_code == httpx.codes.SERVICE_UNAVAILABLE
            assert lives(served)

            aside.rename(control)
            eventually(lambda: start(client).status_code == httpx.codes.CREATED, patience_s=60)
            eventually(lambda: has_fired(client, instance), patience_s=30)
    finally:
        served.stop()


@pytest.mark.parametrize("times", [3, pytest.param(7, marks=pytest.mark.soak)])
def test_an_embedded_database_that_is_killed_again_and_again_does_not_end_the_server(folder: Path, times: int) -> None:
    served = Served(folder / "data", free_port())
    served.set_up()
    served.start()
    served.deploy(TIMED)
    try:
        killed: set[int] = set()
        for _ in range(times):
            eventually(lambda: served.database_pid() not in (None, *killed), patience_s=60)
            pid = served.database_pid()
            assert pid is not None
            killed.add(pid)
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        with served.client() as client:
            eventually(lambda: start(client).status_code == httpx.codes.CREATED, patience_s=90)
        assert lives(served)
    finally:
        served.stop()


def test_what_asks_meanwhile_is_told_when_the_database_is_only_busy(server: Served, postgres: Postgres) -> None:
    with server.client() as client, psycopg.connect(postgres.dsn) as other:
        instance = int(start(client, "ACK").json()["instance"]["id"])
        other.execute("SELECT FROM instances FOR UPDATE")

        refused = client.post(f"/api/v1/instances/{instance}/comments", json={"text": "hello"})

        assert refused.status_code == httpx.codes.CONFLICT
        assert refused.json()["code"] == "busy"
        assert ask(postgres.dsn, "SELECT count(*) FROM instances") == 1
