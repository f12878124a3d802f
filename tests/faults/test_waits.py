"""Requests wait for locks and connections for as long as the settings say, and then get an answer that is true."""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager, closing
from datetime import timedelta
from itertools import islice
from pathlib import Path

import httpx
import pytest
from psycopg.conninfo import conninfo_to_dict, make_conninfo

from satchel.actions.files.intake import PATIENT_BYTES
from satchel.actions.instances import lifecycle
from satchel.db.pool import OF_JOBS, Waits
from satchel.settings import read_settings
from satchel.surfaces.app import create_app
from satchel.web_server import waits_of_requests
from surfaces.conftest import Api
from world import bundle, fields, open_world

SHORT = Waits(lock=timedelta(milliseconds=300), connection=timedelta(milliseconds=300))
POOL = 3
CLIENTS = 64
APP = bundle(
    {
        "code": "ONE",
        "fields": fields({"id": "subject", "type": "text"}, {"id": "papers", "type": "file"}),
        "start": {"fields": {"papers": "edit"}},
        "tasks": {"a": {"assign": {"starter": True}, "fields": {"subject": "edit"}}},
    }
)


@asynccontextmanager
async def _opened(dsn: str, folder: Path, waits: Waits) -> AsyncIterator[Api]:
    async with open_world(dsn, folder, max_connections=POOL, waits=waits) as world, AsyncExitStack() as stack:
        await world.deploy(APP)
        yield Api(world, create_app(world.context, read_settings({})), stack)


@pytest.fixture
async def hasty(populated_database: str, tmp_path: Path) -> AsyncIterator[Api]:
    async with _opened(populated_database, tmp_path, SHORT) as api:
        yield api


def _is_true(answer: httpx.Response) -> bool:
    """Return whether an answer is a success, a conflict, or says when to try again."""
    return answer.is_success or answer.status_code in (409, 412) or _is_busy(answer)


def _is_busy(answer: httpx.Response) -> bool:
    return (answer.status_code, answer.headers.get("Retry-After")) == (503, "1")


async def test_of_64_clients_on_one_instance_each_gets_a_true_answer(populated_database: str, tmp_path: Path) -> None:
    async with _opened(populated_database, tmp_path, waits_of_requests(read_settings({}))) as api:
        clerk = await api.client("clerk")
        started = (await clerk.post("/api/v1/apps/ONE/instances", json={"values": {}})).json()
        path, task = f"/api/v1/instances/{started['instance']['id']}", f"/api/v1/tasks/{started['next_task']['id']}"
        base = {"If-Match": (await clerk.get(path)).headers["ETag"]}

        async def act(number: int) -> tuple[str, httpx.Response]:
            change = {"values": {"subject": str(number)}}
            match number % 4:
                case 0:
                    return "comment", await clerk.post(f"{path}/comments", json={"text": str(number)})
                case 1:
                    return "change", await clerk.patch(f"{path}/values", json=change, headers=base)
                case 2:
                    return "save", await clerk.post(f"{task}/save", json=change)
                case _:
                    return "complete", await clerk.post(f"{task}/complete", json=change)

        answers = await asyncio.gather(*(act(number) for number in range(CLIENTS)))

        untrue = [answer.text for _, answer in answers if not _is_true(answer)]
        assert untrue == []
        done = Counter(what for what, answer in answers if answer.is_success)
        assert done["change"] <= 1
        assert done["complete"] == 1
        kinds = Counter(await api.world.kinds(started["instance"]["id"]))
        assert kinds["comment"] == done["comment"]


async def test_a_lock_that_is_held_on_is_busy_to_a_request_and_waited_for_by_a_job(hasty: Api) -> None:
    world, clerk = hasty.world, await hasty.client("clerk")
    instance = await world.start(await world.actor("clerk"), "ONE")
    jobs = world.context.database.with_waits(OF_JOBS)
    path = f"/api/v1/instances/{instance}"

    async def job() -> None:
        async with jobs.write() as tx:
            await tx.execute("UPDATE instances SET title = 'by a job' WHERE id = %s", (instance,))

    async with world.context.database.write() as tx:
        await tx.execute("SELECT 1 FROM instances WHERE id = %s FOR UPDATE", (instance,))
        waiting = asyncio.create_task(job())
        refused = await clerk.post(f"{path}/cancel", json={})
    await waiting

    assert (refused.status_code, refused.json()["code"], refused.headers["Retry-After"]) == (409, "busy", "1")
    assert (await lifecycle.read(world.context, world.admin, instance)).instance.title == "by a job"
    assert (await clerk.post(f"{path}/comments", json={"text": "x"})).is_success


async def test_a_large_body_is_worth_a_longer_wait_than_a_small_one(hasty: Api) -> None:
    world, clerk = hasty.world, await hasty.client("clerk")

    async def ticket(size: int) -> str:
        asked = await clerk.post("/api/v1/uploads", json={"app": "ONE", "field": "papers", "size": size})
        return str(asked.json()["put_url"])

    large, small = await ticket(PATIENT_BYTES), await ticket(5)
    async with world.context.database.write() as tx:
        await tx.execute("SELECT 1 FROM storage WHERE account_id = %s FOR UPDATE", (world.account,))
        waiting = asyncio.create_task(clerk.put(large, content=bytes(PATIENT_BYTES)))
        refused = [await clerk.put(small, content=b"small") for _ in range(2)]  # by the second the large one waits
    assert [(answer.status_code, answer.json()["code"]) for answer in refused] == [(409, "busy")] * 2
    assert (await waiting).status_code == 200
    assert await world.drift() == []


ASKED = (
    ("/api/v1/me", "Bearer x"),
    ("/questetra/API/OR/ProcessInstance/list", "Bearer x"),
    ("/alloy/api/v2/Object/T1", "Bearer x"),
    ("/flokzu/flokzuopenapi/api/commons/assignee/list", ""),
    ("/navixy/v2/user/get_info", "NVX x"),
)
"""An address of each surface, and what it wants to look up in the database."""


async def test_a_pool_that_is_exhausted_refuses_on_each_surface_and_recovers(hasty: Api) -> None:
    anybody = await hasty.client("anonymous")

    async def ask(path: str, proof: str) -> httpx.Response:
        headers = {"Authorization": proof} if proof else {"X-Api-Key": "x", "X-Username": "a@b.example"}
        return await anybody.get(path, headers=headers)

    async with AsyncExitStack() as held:
        for _ in range(POOL):
            tx = await held.enter_async_context(hasty.world.context.database.read())
            await tx.value(int, "SELECT 1")
        refused = await asyncio.gather(*(ask(*one) for one in ASKED))
    after = [await ask(*one) for one in ASKED]  # one after the other: a busy machine connects slowly

    assert [answer.text for answer in refused if not _is_busy(answer)] == []
    assert {answer.status_code for answer in after} <= {400, 401, 403}


@asynccontextmanager
async def _stalling(dsn: str) -> AsyncIterator[tuple[str, asyncio.Event]]:
    """Relay connections to a database, and hold everything back while the event is not set."""
    flows, parts = asyncio.Event(), conninfo_to_dict(dsn)
    flows.set()
    host, port = str(parts["host"]), str(parts.get("port", 5432))

    async def carry(source: asyncio.StreamReader, target: asyncio.StreamWriter) -> None:
        with closing(target):
            while data := await source.read(65536):
                await flows.wait()
                target.write(data)

    async def relay(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if host.startswith("/"):
            there = await asyncio.open_unix_connection(f"{host}/.s.PGSQL.{port}")
        else:
            there = await asyncio.open_connection(host, int(port))
        await asyncio.gather(carry(reader, there[1]), carry(there[0], writer))
        await there[1].wait_closed()
        await writer.wait_closed()

    async with asyncio.TaskGroup() as group:

        def accept(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            group.create_task(relay(reader, writer))

        async with await asyncio.start_server(accept, "127.0.0.1", 0) as server:
            number = server.sockets[0].getsockname()[1]
            yield make_conninfo(dsn, host="127.0.0.1", port=number, sslmode="disable", gssencmode="disable"), flows


async def test_a_database_that_stalls_refuses_those_that_find_no_connection_and_recovers(
    populated_database: str, tmp_path: Path
) -> None:
    async with _stalling(populated_database) as (dsn, flows), _opened(dsn, tmp_path, SHORT) as api:
        clerk = await api.client("clerk")
        await _all_served(clerk)
        flows.clear()
        asking = [asyncio.create_task(clerk.get("/api/v1/me")) for _ in range(2 * POOL)]
        first = [await one for one in islice(asyncio.as_completed(asking), POOL)]  # the others wait for an answer
        flows.set()
        answers = await asyncio.gather(*asking)

        assert [answer.text for answer in first if not _is_busy(answer)] == []
        assert 0 < sum(answer.is_success for answer in answers) <= POOL  # those that had a connection
        await _all_served(clerk)


async def _all_served(client: httpx.AsyncClient) -> None:
    """Ask more at once than there are connections, until all are answered: a busy machine may first be too slow."""
    async with asyncio.timeout(60):
        while not all(answer.is_success for answer in await _at_once(client, 2 * POOL)):
            pass


async def _at_once(client: httpx.AsyncClient, count: int) -> list[httpx.Response]:
    return await asyncio.gather(*(client.get("/api/v1/me") for _ in range(count)))
