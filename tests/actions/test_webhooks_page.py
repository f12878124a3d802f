"""The receiver of docs/howto/webhooks.md takes what Satchel sends, once, and nothing else."""

import asyncio
import os
import re
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from pathlib import Path

import httpx

from e2e.conftest import free_port
from house.tree import ROOT
from satchel.actions.webhooks import deliveries, subscriptions
from satchel.actions.webhooks.subscriptions import WebhookSettings
from satchel.main import system_clock
from satchel.model.actor import Actor
from satchel.outbound.allowed import parse_allowed
from satchel.outbound.guard import Guard
from satchel.outbound.http import HttpClient
from webhook_steps import deploy, records, run_jobs
from world import World


@dataclass
class Program:
    """The page's program while it runs."""

    url: str
    output: asyncio.StreamReader

    async def line(self) -> str:
        async with asyncio.timeout(30):
            return (await self.output.readline()).decode().strip()


@asynccontextmanager
async def running(folder: Path, port: int, secret: str) -> AsyncIterator[Program]:
    page = (ROOT / "docs" / "howto" / "webhooks.md").read_text(encoding="utf-8")
    (code,) = re.findall(r"^```python\n(.*?)^```", page, re.MULTILINE | re.DOTALL)
    (folder / "receiver.py").write_text(code, encoding="utf-8")
    environment = {**os.environ, "WEBHOOK_SECRET": secret}  # noqa: TID251  # handed on to a child process
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        str(folder / "receiver.py"),
        str(port),
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.DEVNULL,
        env=environment,
    )
    assert process.stdout is not None
    try:
        async with asyncio.timeout(30):
            while True:
                try:
                    _, writer = await asyncio.open_connection("127.0.0.1", port)
                except OSError:
                    await asyncio.sleep(0.05)  # a process of its own: there is nothing else to wait on
                    continue
                writer.close()
                await writer.wait_closed()
                break
        yield Program(f"http://127.0.0.1:{port}/satchel", process.stdout)
    finally:
        process.kill()
        await process.wait()


async def test_the_page_s_receiver_takes_genuine_messages_once(world: World, clerk: Actor, tmp_path: Path) -> None:
    await deploy(world)
    port = free_port()
    client = HttpClient(Guard(allowed=(parse_allowed(f"127.0.0.1:{port}"),)))
    world.context = replace(world.context, http=client, clock=system_clock)
    settings = WebhookSettings(url=f"http://127.0.0.1:{port}/satchel", events=["start"])
    made = await subscriptions.create(world.context, world.admin, "HOK", settings)
    async with running(tmp_path, port, made.secret) as program:
        await world.start(clerk, "HOK", name="Desk")
        await run_jobs(world)
        assert await program.line() == "start HOK-1"
        (record,) = await records(world)
        assert [attempt.status for attempt in record.attempts] == [204]

        await subscriptions.redeliver(world.context, world.admin, record.delivery.id)
        await run_jobs(world)
        await subscriptions.change_secret(world.context, world.admin, made.webhook.id)
        await subscriptions.send_test(world.context, world.admin, made.webhook.id)
        await run_jobs(world)
        assert await program.line() == "test -"
        assert [attempt.status for record in await records(world) for attempt in record.attempts] == [204, 204, 204]

        await subscriptions.change_secret(world.context, world.admin, made.webhook.id, at_once=True)
        number = await subscriptions.send_test(world.context, world.admin, made.webhook.id)
        await deliveries.deliver(world.context, world.account, number, 1)
        assert (await records(world))[-1].attempts[0].status == 401
        async with httpx.AsyncClient() as anybody:
            assert (await anybody.post(program.url, json={"type": "start", "data": {}})).status_code == 401
