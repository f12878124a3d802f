"""One item that cannot be done never keeps the tick from the others: it is tried less and less often, and shown."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import psycopg
import pytest

from calling import deploy_task
from e2e.conftest import free_port
from engine_bpmn import boundary, flow, simple, timer, user
from satchel.actions.calls import by_hand
from satchel.actions.exports import requests, schedules
from satchel.actions.exports.requests import ExportRequest
from satchel.actions.files import attached
from satchel.actions.instances.due import AT_ONCE
from satchel.actions.lists import search
from satchel.model.files import FileKind
from satchel.model.ids import FileId
from satchel.model.transfer.exports import Selection
from satchel.work import keeping
from satchel.work.sweeping import Sweeping
from satchel.work.tick import Tick
from serving import Served, eventually
from webhook_steps import deploy as deploy_hook
from webhook_steps import subscribe
from world import TEXT, World, bundle, fields, open_world

SECOND = timedelta(seconds=1)
TIMED = {
    "code": "TIM",
    "fields": fields({"id": "files", "type": "file", "max_files": 9}),
    "start": {"fields": {"files": "edit"}},
    "tasks": {"a": {"assign": {"starter": True}, "fields": {"files": "edit"}}},
}
LATE = simple(user("a"), boundary("late", "a", timer("PT1S")), user("b"), flow("late", "b"), flow("b", "end", name="z"))

POISON = (
    "CREATE FUNCTION poison() RETURNS trigger LANGUAGE plpgsql AS"
    " $$ BEGIN RAISE EXCEPTION 'poisoned on purpose' USING ERRCODE = {code}; END $$"
)


async def no_dead_workers() -> int:
    return 0


@pytest.fixture
async def world(populated_database: str, tmp_path: Path) -> AsyncIterator[World]:
    async with open_world(populated_database, tmp_path) as opened:
        policy = replace(opened.context.policy, export_directory=tmp_path, restore_window=timedelta(0))
        opened.context = replace(opened.context, policy=policy)
        await opened.deploy(bundle(TIMED, LATE))
        yield opened


async def poison(world: World, table: str, number: int, *, code: str = "raise_exception") -> None:
    """Have the database refuse whatever is done to one row."""
    async with world.context.database.write() as tx:
        await tx.execute(POISON.format(code=f"'{code}'"))
        for event in ("UPDATE", "DELETE"):
            await tx.execute(
                f"CREATE TRIGGER poison_{event} BEFORE {event} ON {table} FOR EACH ROW WHEN (OLD.id = {number})"
                " EXECUTE FUNCTION poison()"
            )


async def cure(world: World) -> None:
    async with world.context.database.write() as tx:
        await tx.execute("DROP FUNCTION poison CASCADE")


async def _exports(world: World) -> tuple[str, str]:
    for _ in range(2):
        await requests.begin(world.context, world.admin, ExportRequest(selection=Selection(query={"app": "TIM"})))
    world.clock.advance(timedelta(minutes=5))
    return "exports", "SELECT id FROM exports WHERE due_at <= %s ORDER BY id"


async def _schedules(world: World) -> tuple[str, str]:
    saved = await search.save(world.context, world.admin, "all", {"app": "TIM"}, [])
    for folder in ("first", "second"):
        await schedules.create(world.context, world.admin, saved, folder=folder, at="02:30")
    world.clock.advance(timedelta(days=1))
    return "schedules", "SELECT id FROM schedules WHERE due_at <= %s ORDER BY id"


async def _deliveries(world: World) -> tuple[str, str]:
    await deploy_hook(world)
    await subscribe(world, "http://127.0.0.1:9/hook", "start")
    for _ in range(2):
        await world.start(world.admin, "HOK")
    async with world.context.database.write() as tx:
        await tx.execute("UPDATE webhook_deliveries SET due_at = %s", (world.clock(),))
    return "webhook_deliveries", "SELECT id FROM webhook_deliveries WHERE due_at <= %s ORDER BY id"


async def _calls(world: World) -> tuple[str, str]:
    await deploy_task(world, kind="rest", method="POST", url="http://127.0.0.1:9/")
    for _ in range(2):
        await world.start(world.admin, "RST")
    async with world.context.database.write() as tx:
        await tx.execute("UPDATE calls SET due_at = %s", (world.clock(),))
    return "calls", "SELECT id FROM calls WHERE due_at <= %s ORDER BY id"


async def _uploads(world: World) -> tuple[str, str]:
    for _ in range(2):
        await world.ask(world.admin, size=5, app="TIM", field="files")
    world.clock.advance(timedelta(hours=1))
    return "uploads", "SELECT id FROM uploads WHERE state = 'created' AND expires_at <= %s ORDER BY id"


async def _deleted_files(world: World) -> tuple[str, str]:
    for _ in range(2):
        number = await world.upload(world.admin, TEXT, app="TIM", field="files")
        await world.start(world.admin, "TIM", files=[number])
        await attached.delete(world.context, world.admin, FileId(number))
    world.clock.advance(SECOND)
    assert {row[0] for row in await world.rows("SELECT kind FROM files")} == {FileKind.STORED.value}
    return "files", "SELECT id FROM files WHERE deleted_at <= %s ORDER BY id"


async def _expired_exports(world: World) -> tuple[str, str]:
    await _exports(world)
    async with world.context.database.write() as tx:
        await tx.execute("UPDATE exports SET state = 'failed', due_at = NULL, expires_at = %s", (world.clock(),))
    return "exports", "SELECT id FROM exports WHERE state <> 'ended' AND expires_at <= %s ORDER BY id"


KINDS: dict[str, Callable[[World], Awaitable[tuple[str, str]]]] = {
    "exports": _exports,
    "schedules": _schedules,
    "deliveries": _deliveries,
    "calls": _calls,
    "uploads": _uploads,
    "deleted files": _deleted_files,
    "expired exports": _expired_exports,
}


@pytest.mark.parametrize("code", ["raise_exception", "check_violation", "foreign_key_violation", "XX001"])
@pytest.mark.parametrize("kind", KINDS)
async def test_an_item_that_the_database_refuses_stops_none_of_its_kind(world: World, kind: str, code: str) -> None:
    table, due = await KINDS[kind](world)
    bad, good = [int(str(row[0])) for row in await world.rows(due, world.clock())]
    await poison(world, table, bad, code=code)
    tick, sweeping = Tick(world.context, no_dead_workers), Sweeping(world.context)

    for _ in range(3):
        await tick.once()
        await sweeping.once()

    assert [int(str(row[0])) for row in await world.rows(due, world.clock())] == [bad], f"{good} is not done"
    assert len(world.context.backoff.paused(_named(kind), world.clock())) == 1

    await cure(world)
    world.clock.advance(timedelta(seconds=31))
    await tick.once()
    await sweeping.once()
    assert bad not in [int(str(row[0])) for row in await world.rows(due, world.clock())]


def _named(kind: str) -> str:
    return kind if kind == "deleted files" else kind.removesuffix("s").replace("deliverie", "delivery")


async def _incidents(world: World) -> list[tuple[str, str]]:
    found = await by_hand.incidents(world.context, world.admin, instance_id=None, after=0, limit=500)
    return [(incident.element, incident.code) for incident in found]


async def test_a_timer_that_can_never_fire_gets_an_incident_and_waits_for_a_person(world: World) -> None:
    instance = await world.start(world.admin, "TIM")
    (kept,) = await world.rows("SELECT state FROM instance_states WHERE instance_id = %s", instance)
    async with world.context.database.write() as tx:
        await tx.execute("UPDATE instance_states SET state = '{}' WHERE instance_id = %s", (instance,))
    tick = Tick(world.context, no_dead_workers)
    world.clock.advance(2 * SECOND)

    for _ in range(3):
        await tick.once()

    assert await _incidents(world) == [("late", "corrupt_state")]
    assert await world.rows("SELECT due_at FROM waits WHERE instance_id = %s", instance) == [(None,)]

    async with world.context.database.write() as tx:
        await tx.execute("UPDATE instance_states SET state = %s WHERE instance_id = %s", (kept[0], instance))
    (incident,) = await by_hand.incidents(world.context, world.admin, instance_id=None, after=0, limit=9)
    await by_hand.retry(world.context, world.admin, incident.id)
    await tick.once()
    assert (await world.open_task(instance)).element == "b"
    assert await _incidents(world) == []


async def test_a_timer_that_meets_a_fault_of_the_server_is_shown_and_tried_again_ever_less_often(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    instance = await world.start(world.admin, "TIM")
    world.clock.advance(2 * SECOND)
    tick = Tick(world.context, no_dead_workers)
    tried = 0

    def fault(*_: object, **__: object) -> None:
        nonlocal tried
        tried += 1
        raise KeyError("a fault that nobody foresaw")

    with monkeypatch.context() as patch:
        patch.setattr("satchel.actions.instances.advance.step", fault)
        pauses = [30, 60, 120, 240, 480, 960, 1920, 3600, 3600]
        for number, pause in enumerate(pauses, start=1):
            await tick.once()
            await tick.once()
            assert tried == number
            assert await _incidents(world) == [("late", "fault")]
            world.clock.advance(timedelta(seconds=pause))

    await tick.once()
    assert (await world.open_task(instance)).element == "b"
    assert await _incidents(world) == []
    assert (await world.kinds(instance)).count("incident.opened") == 1


async def test_more_timers_that_fail_than_one_tick_takes_up_keep_no_other_waiting(world: World) -> None:
    poisoned = [await world.start(world.admin, "TIM") for _ in range(AT_ONCE + 5)]
    async with world.context.database.write() as tx:
        await tx.execute("UPDATE instance_states SET state = '{}'")
        await tx.execute(POISON.format(code="'raise_exception'"))
        # Nothing can be recorded of their failures either.
        await tx.execute("CREATE TRIGGER poison BEFORE UPDATE ON waits FOR EACH ROW EXECUTE FUNCTION poison()")
    world.clock.advance(SECOND)
    healthy = await world.start(world.admin, "TIM")
    world.clock.advance(2 * SECOND)
    tick = Tick(world.context, no_dead_workers)

    for _ in range(3):
        await tick.once()

    assert len(poisoned) > AT_ONCE
    waiting = {row[0] for row in await world.rows("SELECT instance_id FROM waits WHERE kind = 'timer'")}
    assert waiting == set(poisoned), f"{healthy} has not fired"


@pytest.fixture
def server(folder: Path) -> Iterator[Served]:
    served = Served(folder / "data", free_port())
    served.set_up()
    served.start()
    served.deploy(bundle(TIMED, LATE))
    yield served
    served.stop()


@contextlib.contextmanager
def database_of(server: Served) -> Iterator[psycopg.Connection]:
    socket = server.data / "database" / "socket"
    with psycopg.connect(host=str(socket), user="satchel", dbname="satchel", autocommit=True) as connection:
        yield connection


def elements(server: Served, instance: int) -> set[str]:
    with server.client() as client:
        return {task["element"] for task in client.get(f"/api/v1/instances/{instance}").json()["tasks"]}


def started(server: Served) -> int:
    with server.client() as client:
        answer = client.post("/api/v1/apps/TIM/instances", json={"values": {}})
        return int(answer.json()["instance"]["id"])


def test_a_served_timer_that_can_never_fire_is_an_incident_and_the_next_one_fires(server: Served) -> None:
    bad = started(server)
    with database_of(server) as connection:
        connection.execute("UPDATE instance_states SET state = '{}' WHERE instance_id = %s", (bad,))
    good = started(server)

    eventually(lambda: "b" in elements(server, good))

    assert elements(server, bad) == {"a"}
    with server.client() as client:
        eventually(lambda: client.get("/api/v1/incidents").json()["items"])
        (incident,) = client.get("/api/v1/incidents").json()["items"]
    assert incident["instance"] == bad


@pytest.mark.parametrize("waits_for_all", [False, pytest.param(True, marks=pytest.mark.soak)])
def test_a_served_instance_that_stays_locked_keeps_no_other_timer_waiting(
    server: Served, *, waits_for_all: bool
) -> None:
    held = [started(server) for _ in range(10)]
    with database_of(server) as connection, connection.transaction():
        connection.execute("SELECT FROM instances WHERE id = ANY(%s) FOR UPDATE", (held,))
        good = started(server)

        eventually(lambda: "b" in elements(server, good), patience_s=45)

    assert all(elements(server, instance) == {"a"} for instance in held[:2])
    if waits_for_all:  # for their pauses, half a minute
        eventually(lambda: all("b" in elements(server, instance) for instance in held), patience_s=90)


def test_a_duty_that_fails_as_a_whole_ends_neither_the_others_nor_the_server(server: Served) -> None:
    with database_of(server) as connection:
        connection.execute("ALTER TABLE webhook_deliveries RENAME TO gone")
        connection.execute("ALTER TABLE schedules RENAME TO gone_too")

        instance = started(server)
        eventually(lambda: "b" in elements(server, instance))

        connection.execute("ALTER TABLE gone RENAME TO webhook_deliveries")
        connection.execute("ALTER TABLE gone_too RENAME TO schedules")
    assert server.process is not None
    assert server.process.poll() is None
    assert server.is_ready()


async def test_a_part_that_crashes_is_started_again_and_the_others_run_on() -> None:
    stop, runs, ticks = asyncio.Event(), 0, 0

    async def crash(_: asyncio.Event) -> None:
        nonlocal runs
        runs += 1
        raise RuntimeError("a fault that nobody foresaw")

    async def tick(stopping: asyncio.Event) -> None:
        nonlocal ticks
        while not stopping.is_set():
            ticks += 1
            if runs >= 2:
                stopping.set()
            await asyncio.sleep(0.01)

    async with asyncio.TaskGroup() as group:
        group.create_task(keeping.keep_running("crashing", crash, stop))
        group.create_task(keeping.keep_running("tick", tick, stop))

    assert runs == 2
    assert ticks > 10
