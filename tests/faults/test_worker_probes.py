"""The probes of a process that only runs jobs, on a port of its own."""

import json
from dataclasses import replace
from pathlib import Path

import httpx

from e2e.conftest import free_port
from plain import PLAIN
from satchel.main import system_clock
from satchel.queue.enqueue import MAKE_PREVIEW
from workers import open_workers, until
from world import open_world, sha256


async def test_a_worker_says_on_its_port_how_it_is_and_what_it_has_done(
    populated_database: str, tmp_path: Path
) -> None:
    port = free_port()
    settings = {"worker_port": port, "log_level": "info"}
    async with (
        open_world(populated_database, tmp_path) as world,
        open_workers(world, tmp_path, port, settings) as workers,
        httpx.AsyncClient(base_url=f"http://127.0.0.1:{port}", verify=PLAIN) as client,
    ):
        context = replace(world.context, clock=system_clock)
        async with context.database.write() as tx:
            await context.queue.enqueue(tx, MAKE_PREVIEW, {"account": world.account, "digest": sha256(b"none")})
        await workers.start()
        counted = f'satchel_job_duration_seconds_count{{name="{MAKE_PREVIEW}",outcome="done"}} 1\n'

        async def has_counted() -> bool:
            return counted in (await client.get("/metrics")).text

        await until(has_counted, "the worker counted no job")
        statuses = [(await client.get(path)).status_code for path in ("/healthz", "/readyz", "/api/v1/me", "/")]

    assert statuses == [200, 200, 404, 404]
    assert "worker.started" in [json.loads(line)["event"] for line in workers.log.read_text().splitlines()]
