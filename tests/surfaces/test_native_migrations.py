"""Corrections reach running instances: they move to the newest version after a look, or stay with a reason."""

import asyncio
import io
import zipfile

from engine_bpmn import boundary, el, path, simple, timer, user
from satchel.actions.apps import moves
from satchel.db import moves as move_rows
from satchel.model.ids import InstanceId, MoveId
from surfaces.conftest import Api
from world import bundle, fields

DECLARED = fields({"id": "item", "type": "text"}, {"id": "note", "type": "text"})
OUTCOMES = [{"id": "ok", "label": "OK"}]


def version(process: bytes, **changes: object) -> dict[str, bytes]:
    start = {"fields": {"item": "edit"}}
    return bundle({"code": "MOV", "fields": DECLARED, "start": start, **changes}, process)


ONE = simple(user("a"), user("b"), through=("a", "b"))


async def started(api: Api, count: int = 1) -> list[int]:
    """Start instances as the administrator and return their numbers."""
    admin = await api.client("admin")
    found = []
    for number in range(count):
        answer = await admin.post("/api/v1/apps/MOV/instances", json={"values": {"item": f"{number}"}})
        assert answer.status_code == 201, answer.text
        found.append(int(answer.json()["instance"]["id"]))
    return found


async def moved(api: Api, mapping: dict[str, str | None] | None = None) -> dict[str, object]:
    """Begin a move, do its job, and return it."""
    admin = await api.client("admin")
    begun = await admin.post("/api/v1/apps/MOV/migrations", json={"mapping": mapping or {}})
    assert begun.status_code == 202, begun.text
    await moves.perform(api.world.context, api.world.account, MoveId(begun.json()["id"]))
    return dict((await admin.get(begun.headers["Location"])).json())


async def versions(api: Api) -> list[object]:
    found = await api.world.rows(
        "SELECT v.number FROM instances i JOIN app_versions v ON v.id = i.version_id ORDER BY i.id"
    )
    return [number for (number,) in found]


async def test_a_deploy_says_how_many_instances_run_on_earlier_versions(api: Api) -> None:
    await api.world.deploy(version(ONE))
    await started(api, 2)
    admin = await api.client("admin")
    zipped = _zip(version(ONE))
    deployed = await admin.post("/api/v1/apps", content=zipped, headers={"Content-Type": "application/zip"})
    counts = {"unchanged": 2, "mapped": 0, "needs_mapping": 0, "blocked": 0}
    assert deployed.json()["older_instances"] == 2
    assert deployed.json()["move"] == {"counts": counts, "looked_at": 2, "is_whole": True}
    assert (await moves.forecast(api.world.context, api.world.admin, "MOV", look_at=1)).is_whole is False
    looked = (await admin.post("/api/v1/apps/MOV/migrations/preview", json={})).json()
    assert looked["version"] == 2
    assert looked["counts"] == counts
    assert await versions(api) == [1, 1]


async def test_a_look_names_page_by_page_what_each_instance_needs(api: Api) -> None:
    await api.world.deploy(version(ONE))
    first, second, third = await started(api, 3)
    await api.world.complete(await api.world.actor("clerk"), InstanceId(second), "a")
    renamed = simple(user("a"), user("last"), through=("a", "last"))
    await api.world.deploy(version(renamed))
    admin = await api.client("admin")

    pages = []
    cursor: str | None = "0"
    while cursor is not None:
        address = f"/api/v1/apps/MOV/migrations/preview?limit=2&cursor={cursor}"
        pages.append((await admin.post(address, json={})).json())
        cursor = pages[-1]["next"]

    items = [item for page in pages for item in page["items"]]
    assert [len(page["items"]) for page in pages] == [2, 1]
    assert [(item["instance"], item["outcome"]) for item in items] == [
        (first, "unchanged"),
        (second, "needs_mapping"),
        (third, "unchanged"),
    ]
    assert [finding["element"] for finding in items[1]["findings"]] == ["b"]
    mapped = (await admin.post("/api/v1/apps/MOV/migrations/preview", json={"mapping": {"b": "last"}})).json()
    assert mapped["counts"] == {"unchanged": 2, "mapped": 1, "needs_mapping": 0, "blocked": 0}


async def test_open_tasks_take_the_new_form_and_keep_what_was_saved(api: Api) -> None:
    task = {"assign": {"group": "buyers"}, "fields": {"item": "edit"}}
    await api.world.deploy(version(ONE, tasks={"a": task}))
    (number,) = await started(api)
    buyer = await api.client("buyer")
    opened = await api.world.take_task(await api.world.actor("buyer"), InstanceId(number))
    before = await buyer.get(f"/api/v1/tasks/{opened}")
    saved = await buyer.post(
        f"/api/v1/tasks/{opened}/save", json={"values": {"item": "kept"}}, headers={"If-Match": before.headers["ETag"]}
    )
    assert saved.status_code == 200, saved.text
    held = saved.headers["ETag"]
    new = {**task, "fields": {"item": "read", "note": "require"}, "outcomes": OUTCOMES}
    await api.world.deploy(version(simple(user("first"), user("b"), through=("first", "b")), tasks={"first": new}))

    done = await moved(api, {"a": "first"})

    assert (done["state"], done["moved"], done["refused"]) == ("done", 1, 0)
    after = await buyer.get(f"/api/v1/tasks/{opened}")
    assert {field["id"]: field["access"] for field in after.json()["form"]["fields"]} == {
        "item": "read",
        "note": "require",
    }
    assert after.json()["values"]["item"] == "kept"
    given = {"values": {"note": "n"}, "outcome": "ok"}
    late = await buyer.post(f"/api/v1/tasks/{opened}/complete", json=given, headers={"If-Match": held})
    assert late.status_code == 412  # the form is another one now
    good = await buyer.post(f"/api/v1/tasks/{opened}/complete", json=given, headers={"If-Match": after.headers["ETag"]})
    assert good.status_code == 200, good.text
    kinds = await api.world.kinds(InstanceId(number))
    assert kinds.count("instance.moved") == 1
    assert (await api.world.open_task(InstanceId(number))).element == "b"


async def test_a_field_that_is_gone_keeps_its_value_in_the_history(api: Api) -> None:
    await api.world.deploy(version(ONE))
    (number,) = await started(api)
    kept = [field for field in DECLARED if field["id"] == "note"]
    await api.world.deploy(bundle({"code": "MOV", "fields": kept}, ONE))
    await moved(api)
    admin = await api.client("admin")
    history = (await admin.get(f"/api/v1/instances/{number}/history")).json()["items"]
    (event,) = [event for event in history if event["kind"] == "instance.moved"]
    assert event["data"] == {"app": "MOV", "from": 1, "to": 2, "gone": {"item": "0"}}


async def test_what_cannot_move_stays_whole_and_says_why(api: Api) -> None:
    await api.world.deploy(version(ONE))
    first, second = await started(api, 2)
    await api.world.complete(await api.world.actor("clerk"), InstanceId(second), "a")
    before = await api.world.rows("SELECT * FROM instance_states WHERE instance_id = %s", second)
    service = simple(user("a"), el("serviceTask", "b"), through=("a", "b"))
    await api.world.deploy(version(service, services={"b": {"kind": "manual"}}))

    done = await moved(api)

    assert (done["moved"], done["refused"]) == (1, 1)
    assert await versions(api) == [2, 1]
    assert await api.world.rows("SELECT * FROM instance_states WHERE instance_id = %s", second) == before
    admin = await api.client("admin")
    address = f"/api/v1/apps/MOV/migrations/{done['id']}/results"
    items = (await admin.get(address)).json()["items"]
    assert [(one["instance"], one["outcome"]) for one in items] == [(first, "unchanged"), (second, "needs_mapping")]
    assert items[1]["findings"][0]["code"] == "kind_changed"
    (only,) = (await admin.get(f"{address}?outcome=needs_mapping")).json()["items"]
    assert only["instance"] == second
    assert (await admin.get(f"{address}?outcome=lost")).status_code == 400
    await api.world.complete(await api.world.actor("clerk"), InstanceId(second), "b")


async def test_timers_keep_their_time_and_new_ones_are_armed(api: Api) -> None:
    old = simple(user("a"), boundary("t", "a", timer("P1D")), path("t", "end"))
    new = simple(
        user("a"),
        boundary("late", "a", timer("P9D")),
        path("late", "end"),
        boundary("x", "a", timer("P2D")),
        path("x", "end"),
    )
    await api.world.deploy(version(old))
    await started(api)
    (before,) = await api.world.rows("SELECT token, due_at FROM waits")
    await api.world.deploy(version(new))
    await moved(api, {"t": "late"})
    after = await api.world.rows("SELECT element, token, due_at FROM waits ORDER BY due_at")
    assert [row[0] for row in after] == ["late", "x"]
    assert after[0][1:] == before


async def test_a_move_that_died_goes_on_where_it_was_and_does_nothing_twice(api: Api) -> None:
    await api.world.deploy(version(ONE))
    numbers = await started(api, 3)
    await api.world.deploy(version(ONE))
    admin = await api.client("admin")
    begun = (await admin.post("/api/v1/apps/MOV/migrations", json={})).json()
    async with api.world.context.database.write() as tx:  # somebody has looked at the first and died
        found = await move_rows.lock_move(tx, api.world.account, MoveId(begun["id"]))
        assert found is not None
        await tx.execute("UPDATE moves SET position = %s", (numbers[0],))
    jobs = [moves.perform(api.world.context, api.world.account, MoveId(begun["id"])) for _ in range(3)]
    await asyncio.gather(*jobs)
    assert await versions(api) == [1, 2, 2]
    for number in numbers[1:]:
        assert (await api.world.kinds(InstanceId(number))).count("instance.moved") == 1
    done = (await admin.get(f"/api/v1/apps/MOV/migrations/{begun['id']}")).json()
    assert (done["state"], done["moved"]) == ("done", 2)


async def test_a_silent_move_is_taken_up_again(api: Api) -> None:
    await api.world.deploy(version(ONE))
    await started(api)
    await api.world.deploy(version(ONE))
    admin = await api.client("admin")
    await admin.post("/api/v1/apps/MOV/migrations", json={})
    assert await moves.enqueue_silent(api.world.context) == 0
    api.world.clock.advance(moves.LEASE)
    assert await moves.enqueue_silent(api.world.context) == 1
    (jobs,) = await api.world.rows("SELECT count(*) FROM procrastinate_jobs WHERE task_name = 'instances.move'")
    assert jobs == (2,)


async def test_while_instances_move_nothing_else_moves_or_is_deployed(api: Api) -> None:
    await api.world.deploy(version(ONE))
    await started(api)
    await api.world.deploy(version(ONE))
    admin = await api.client("admin")
    begun = await admin.post("/api/v1/apps/MOV/migrations", json={})
    second = await admin.post("/api/v1/apps/MOV/migrations", json={})
    assert (second.status_code, second.json()["code"]) == (409, "conflict")
    from_bundle = version(ONE)
    zipped = _zip(from_bundle)
    deployed = await admin.post("/api/v1/apps", content=zipped, headers={"Content-Type": "application/zip"})
    assert (deployed.status_code, deployed.json()["code"]) == (409, "conflict")
    assert "being moved" in deployed.json()["detail"]
    stopped = await admin.post(f"{begun.headers['Location']}/stop")
    assert stopped.json()["state"] == "stopped"
    assert (await admin.post(f"{begun.headers['Location']}/stop")).status_code == 409
    await moves.perform(api.world.context, api.world.account, MoveId(begun.json()["id"]))
    assert await versions(api) == [1]
    again = await admin.post("/api/v1/apps", content=zipped, headers={"Content-Type": "application/zip"})
    assert (again.status_code, again.json()["older_instances"]) == (201, 1)


async def test_a_mapping_that_fits_nothing_is_refused_before_anything_moves(api: Api) -> None:
    await api.world.deploy(version(ONE))
    await started(api)
    service = simple(user("a"), user("b"), el("serviceTask", "s"), through=("a", "b", "s"))
    await api.world.deploy(version(service, services={"s": {"kind": "manual"}}))
    admin = await api.client("admin")
    for mapping, code in (
        ({"a": "s"}, "kind_changed"),
        ({"a": "nowhere"}, "unknown_element"),
        ({"nowhere": "a"}, "unknown_element"),
        ({"a": None}, "not_droppable"),
    ):
        for address in ("migrations", "migrations/preview"):
            refused = await admin.post(f"/api/v1/apps/MOV/{address}", json={"mapping": mapping})
            assert refused.status_code == 422, refused.text
            assert [one["code"] for one in refused.json()["errors"]] == [code]
    assert await versions(api) == [1]


async def test_only_those_who_manage_the_app_move_its_instances(api: Api) -> None:
    await api.world.deploy(version(ONE))
    await started(api)
    await api.world.deploy(version(ONE))
    for who, status in (("clerk", 403), ("stranger", 404), ("rival", 404)):
        client = await api.client(who)
        for address in ("migrations", "migrations/preview"):
            assert (await client.post(f"/api/v1/apps/MOV/{address}", json={})).status_code == status
        assert (await client.get("/api/v1/apps/MOV/migrations")).status_code == status
    admin = await api.client("admin")
    assert (await admin.get("/api/v1/apps/MOV/migrations/77")).status_code == 404
    assert (await admin.get("/api/v1/apps/MOV/migrations")).json()["items"] == []


async def test_a_service_task_that_waited_for_a_person_is_done_by_itself_from_then_on(api: Api) -> None:
    process = simple(el("serviceTask", "s"), user("b"), through=("s", "b"))
    await api.world.deploy(version(process, services={"s": {"kind": "manual"}}))
    (number,) = await started(api)
    other = {"kind": "instance", "do": "create", "app": "MOV", "set": {"item": "item"}, "result": "note"}
    await api.world.deploy(version(process, services={"s": other}))
    await moved(api)
    ((kind, attempt),) = await api.world.rows("SELECT kind, attempt FROM calls")
    assert (kind, attempt) == ("instance", 0)
    (jobs,) = await api.world.rows("SELECT count(*) FROM procrastinate_jobs WHERE task_name = 'service.perform'")
    assert jobs == (1,)
    await api.world.perform(InstanceId(number))
    assert (await api.world.open_task(InstanceId(number))).element == "b"


def _zip(files: dict[str, bytes]) -> bytes:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        for name, data in files.items():
            archive.writestr(name, data)
    return packed.getvalue()
