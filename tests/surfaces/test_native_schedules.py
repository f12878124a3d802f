"""Schedules through the native API: what each run puts into the folder, and what it says."""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from psycopg import AsyncConnection

from satchel.actions.exports import schedule_runs
from satchel.actions.identity import accounts
from satchel.actions.instances import lifecycle
from satchel.db.turns import turn
from satchel.model.actor import Right
from satchel.model.ids import InstanceId, ScheduleId
from satchel.settings import read_settings
from satchel.surfaces.app import create_app
from surfaces.conftest import Api
from world import PDF, TEXT, open_world, sha256

DAY = timedelta(days=1)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """The directory that the administrator chose."""
    made = tmp_path / "exports"
    made.mkdir()
    return made


@pytest.fixture
async def nightly(populated_database: str, tmp_path: Path, folder: Path) -> AsyncIterator[Api]:
    """A world whose clerks may export, on a server with a directory for it."""
    async with open_world(populated_database, tmp_path) as world, AsyncExitStack() as stack:
        policy = replace(world.context.policy, export_directory=folder)
        world.context = replace(world.context, policy=policy)
        await world.deploy_example("product-evaluation")
        await accounts.grant(world.context, world.admin, world.groups["clerks"], Right.EXPORT, app=None)
        yield Api(world, create_app(world.context, read_settings({})), stack)


async def evaluation(api: Api, product: str, data: bytes = PDF, name: str = "a.pdf") -> InstanceId:
    clerk = await api.world.actor("clerk")
    number = await api.world.upload(clerk, data, name=name, field="description", app="EVA")
    return await api.world.start(clerk, "EVA", product=product, description=[number])


async def scheduled(api: Api, name: str = "nightly", who: str = "clerk") -> int:
    client = await api.client(who)
    saved = await client.post("/api/v1/searches", json={"name": "all", "query": {"app": "EVA"}})
    body = {"search": saved.json()["id"], "folder": name, "at": "02:30"}
    answer = await client.post("/api/v1/schedules", json=body)
    assert answer.status_code == 201, answer.text
    return int(answer.json()["id"])


async def night(api: Api, number: int) -> dict[str, object]:
    """Let a day pass and the schedule run; return the report of the run."""
    api.world.clock.advance(DAY)
    assert await schedule_runs.enqueue_due(api.world.context) == 1
    await schedule_runs.run(api.world.context, api.world.account, ScheduleId(number))
    return (await reports(api, number))[-1]


async def reports(api: Api, number: int) -> list[dict[str, object]]:
    found: list[dict[str, object]] = (await (await api.client("clerk")).get(f"/api/v1/schedules/{number}/runs")).json()[
        "items"
    ]
    return found


def contents(place: Path) -> dict[str, bytes]:
    return {str(path.relative_to(place)): path.read_bytes() for path in place.rglob("*") if path.is_file()}


async def test_each_run_adds_what_is_new_and_leaves_its_report(nightly: Api, folder: Path) -> None:
    first = await evaluation(nightly, "Desk")
    number = await scheduled(nightly)
    place = folder / f"account-{nightly.world.account}" / "nightly"

    report = await night(nightly, number)

    assert (report["state"], report["files"], report["bytes"]) == ("done", 1, len(PDF))
    desk = f"{first}_Product Evaluation_(Desk ())/a.pdf"
    found = contents(place)
    assert found[desk] == PDF
    [line] = [json.loads(line) for line in found["manifest-000001.jsonl"].splitlines()]
    assert (line["path"], line["sha256"]) == (desk, sha256(PDF))
    assert json.loads(found["report-000001.json"])["files"] == 1

    second = await evaluation(nightly, "Lamp", TEXT.join([PDF, b""]))
    assert (await night(nightly, number))["files"] == 1
    assert (await night(nightly, number))["files"] == 0
    found = contents(place)
    assert f"{second}_Product Evaluation_(Lamp ())/a.pdf" in found
    assert {name for name in found if name.startswith("report")} == {f"report-00000{n}.json" for n in (1, 2, 3)}
    assert not [name for name in found if name.startswith(".arriving")]


async def test_a_run_that_died_goes_on_and_one_that_ran_twice_adds_nothing(
    nightly: Api, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(schedule_runs, "PAGE", 2)
    for n in range(5):
        await evaluation(nightly, f"Desk {n}")
    world, number = nightly.world, await scheduled(nightly)
    world.clock.advance(DAY)
    assert await schedule_runs.enqueue_due(world.context) == 1
    assert await schedule_runs._step(world.context, world.account, ScheduleId(number))  # and then it dies
    arriving = folder / f"account-{world.account}" / "nightly" / ".arriving" / "a-left"
    arriving.write_bytes(b"half")
    assert await schedule_runs.enqueue_due(world.context) == 0
    world.clock.advance(2 * schedule_runs.LEASE)

    assert await schedule_runs.enqueue_due(world.context) == 1
    for _ in range(2):
        await schedule_runs.run(world.context, world.account, ScheduleId(number))

    [report] = await reports(nightly, number)
    assert (report["state"], report["files"], report["instances"]) == ("done", 5, 5)
    found = contents(folder)
    assert len([name for name in found if name.endswith(".pdf")]) == 5
    await night(nightly, number)
    assert not arriving.exists()


async def test_a_turn_is_free_before_the_database_notices_that_its_connection_closed(
    populated_database: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    unnoticed: list[AsyncConnection] = []
    close = AsyncConnection.close

    async def close_later(connection: AsyncConnection) -> None:
        unnoticed.append(connection)

    monkeypatch.setattr(AsyncConnection, "close", close_later)
    for _ in range(2):
        async with (
            turn(populated_database, "schedule", 1, 1) as first,
            turn(populated_database, "schedule", 1, 1) as other,
        ):
            assert (first, other) == (True, False)
    for connection in unnoticed:
        await close(connection)


async def test_two_jobs_of_one_run_at_once_export_each_file_once(nightly: Api, folder: Path) -> None:
    world, number = nightly.world, await scheduled(nightly)
    for n in range(3):
        await evaluation(nightly, f"Desk {n}")
        world.clock.advance(DAY)
        assert await schedule_runs.enqueue_due(world.context) == 1

        await asyncio.gather(*(schedule_runs.run(world.context, world.account, ScheduleId(number)) for _ in range(4)))

        report = (await reports(nightly, number))[-1]
        assert (report["state"], report["files"], report["instances"]) == ("done", 1, n + 1)
    assert len([name for name in contents(folder) if name.endswith(".pdf")]) == 3
    told = await world.rows("SELECT count(*) FROM events WHERE kind = 'files.exported'")
    assert told == [(3,)]


async def test_links_in_the_folder_are_never_followed(nightly: Api, folder: Path, tmp_path: Path) -> None:
    instance = await evaluation(nightly, "Desk")
    outside = tmp_path / "outside"
    outside.mkdir()
    place = folder / f"account-{nightly.world.account}" / "nightly"
    place.mkdir(parents=True)
    (place / f"{instance}_Product Evaluation_(Desk ())").symlink_to(outside)
    number = await scheduled(nightly)

    report = await night(nightly, number)

    assert report["state"] == "failed"
    assert report["error"]["code"] == "conflict"  # type: ignore[index]  # JSON
    assert list(outside.iterdir()) == []
    kinds = await nightly.world.rows("SELECT kind FROM events WHERE kind LIKE 'schedule.%%' ORDER BY id")
    assert [kind for (kind,) in kinds] == ["schedule.created", "schedule.failed"]
    (place / f"{instance}_Product Evaluation_(Desk ())").unlink()
    assert (await night(nightly, number))["files"] == 1


async def test_a_run_whose_owner_lost_the_right_fails_and_says_so(nightly: Api, folder: Path) -> None:
    await evaluation(nightly, "Desk")
    world, number = nightly.world, await scheduled(nightly)
    group = world.groups["clerks"]
    await accounts.grant(world.context, world.admin, group, Right.EXPORT, app=None, is_granted=False)
    report = await night(nightly, number)
    assert (report["state"], report["error"]["code"]) == ("failed", "forbidden")  # type: ignore[index]  # JSON
    assert [name for name in contents(folder) if name.endswith(".pdf")] == []


async def test_names_stay_apart_when_titles_and_files_change(nightly: Api, folder: Path) -> None:
    world = nightly.world
    instance = await evaluation(nightly, "Desk")
    number = await scheduled(nightly)
    await night(nightly, number)
    clerk = await nightly.client("clerk")
    tab = await nightly.upload("clerk", TEXT, instance=int(instance), name="A.PDF")
    assert (await clerk.post(f"/api/v1/instances/{instance}/files", json={"uploads": [tab]})).status_code == 201
    view = await lifecycle.read(world.context, world.admin, instance)
    changed = await clerk.patch(
        f"/api/v1/instances/{instance}/values",
        json={"values": {"product": "Table"}},
        headers={"If-Match": f'"{view.instance.revision}"'},
    )
    assert changed.status_code == 200, changed.text

    await night(nightly, number)

    files = {name.rpartition("/")[2] for name in contents(folder) if "Desk" in name}
    assert files == {"a.pdf", "A (2).PDF"}
    assert not [name for name in contents(folder) if "Table" in name]


@pytest.mark.parametrize("name", ["", "..", ".hidden", "a/b", "/etc", "a\\b", "con", "x" * 101, "dot."])
async def test_a_folder_is_one_harmless_name(nightly: Api, name: str) -> None:
    clerk = await nightly.client("clerk")
    saved = (await clerk.post("/api/v1/searches", json={"name": "all", "query": {"app": "EVA"}})).json()["id"]
    answer = await clerk.post("/api/v1/schedules", json={"search": saved, "folder": name, "at": "02:30"})
    assert (answer.status_code, answer.json()["code"]) == (422, "invalid_values")


async def test_schedules_belong_to_their_owner_and_can_be_run_and_removed(nightly: Api, folder: Path) -> None:
    await evaluation(nightly, "Desk")
    number = await scheduled(nightly)
    world, clerk = nightly.world, await nightly.client("clerk")
    for who, status in (("viewer", 404), ("rival", 404), ("admin", 200), ("clerk", 200)):
        assert (await (await nightly.client(who)).get(f"/api/v1/schedules/{number}")).status_code == status
    body = {"search": 1, "folder": "nightly", "at": "25:00"}
    assert (await clerk.post("/api/v1/schedules", json=body)).status_code == 422
    assert (await clerk.post("/api/v1/schedules", json={**body, "at": "01:00"})).status_code == 409
    assert (await clerk.post("/api/v1/schedules", json={**body, "at": "01:00", "search": 99})).status_code == 404

    assert await schedule_runs.enqueue_due(world.context) == 0
    assert (await clerk.post(f"/api/v1/schedules/{number}/run")).status_code == 202
    assert await schedule_runs.enqueue_due(world.context) == 1
    await schedule_runs.run(world.context, world.account, ScheduleId(number))
    assert [report["state"] for report in await reports(nightly, number)] == ["done"]

    assert (await clerk.delete(f"/api/v1/schedules/{number}")).status_code == 204
    assert (await clerk.get(f"/api/v1/schedules/{number}")).status_code == 404
    assert any(name.endswith("a.pdf") for name in contents(folder))


async def test_a_server_without_a_directory_has_no_schedules(api: Api) -> None:
    admin = await api.client("admin")
    saved = (await admin.post("/api/v1/searches", json={"name": "all"})).json()["id"]
    answer = await admin.post("/api/v1/schedules", json={"search": saved, "folder": "a", "at": "02:30"})
    assert (answer.status_code, answer.json()["code"]) == (409, "invalid_state")
