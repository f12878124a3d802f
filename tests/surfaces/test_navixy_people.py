"""The Navixy surface: users, security groups and the account's history."""

import pytest

from satchel.actions.identity import accounts, hashes
from satchel.actions.instances import tasks
from satchel.actions.instances.forms import Submission
from satchel.model.actor import Right
from surfaces.conftest import Api
from surfaces.navixy_client import MANIFEST, Navixy, open_navixy, refusal
from world import PASSWORD, bundle


@pytest.fixture
async def navixy(api: Api) -> Navixy:
    """The surface and a task in it."""
    return await open_navixy(api, await api.client("anonymous"))


@pytest.fixture
async def master(navixy: Navixy, api: Api) -> Navixy:
    """The same, signed in as the account's administrator with the other hash at hand."""
    admin = api.world.admin
    assert admin.user_id is not None
    made = await hashes.open_for(api.world.context, admin, admin.user_id)
    return Navixy(api, navixy.client, made.secret, navixy.task)


async def test_a_sub_user_gets_rights_by_a_security_group(master: Navixy) -> None:
    group = {"label": "drivers", "privileges": {"rights": ["task_update"]}}
    made = (await master.call("subuser/security_group/create", group=group)).json()
    assert refusal(await master.call("subuser/security_group/create", group=group)) == (409, 247)
    user = {"login": "driver@acme.example", "first_name": "Driver"}
    new = (await master.call("subuser/register", user=user, password=PASSWORD)).json()
    assert refusal(await master.call("subuser/register", user=user, password=PASSWORD)) == (400, 206)
    hers = (await master.call("subuser/session/create", subuser_id=new["id"])).json()["hash"]
    asked = {"task_id": master.task, "field_id": "file1", "size": 1}
    assert refusal(await master.call("task/form/file", hers, **asked)) == (400, 201)
    joined = {"group_id": made["id"], "subuser_ids": [new["id"]]}
    assert (await master.call("subuser/security_group/assign", **joined)).json() == {"success": True}
    assert (await master.call("task/form/file", hers, **asked)).status_code == 200
    shown = (await master.call("user/get_info", hers)).json()
    assert shown["user_info"]["login"] == "driver@acme.example"
    assert shown["privileges"] == {"rights": ["task_update"]}
    groups = (await master.call("subuser/security_group/list")).json()["list"]
    assert {**group, "id": made["id"]} in groups
    listed = (await master.call("subuser/list")).json()["list"]
    assert [one["security_group_id"] for one in listed if one["id"] == new["id"]] == [made["id"]]
    assert (await master.call("subuser/security_group/assign", subuser_ids=[new["id"]])).json()["success"]
    assert refusal(await master.call("task/form/file", hers, **asked)) == (400, 201)


async def test_a_user_for_a_group_that_is_not_there_is_not_created(master: Navixy) -> None:
    user = {"login": "driver@acme.example", "security_group_id": 10**6}
    assert refusal(await master.call("subuser/register", user=user, password=PASSWORD)) == (400, 201)

    del user["security_group_id"]

    assert (await master.call("subuser/register", user=user, password=PASSWORD)).json()["success"]


async def test_the_audit_log_tells_who_did_what(master: Navixy, navixy: Navixy) -> None:
    clerk = master.api.world.people["clerk"]
    assert (await navixy.submit(note={"type": "text", "value": "x"})).status_code == 200
    entries = (await master.call("user/audit/log/list", subuser_ids=[clerk], actions=["submitted"])).json()["list"]
    assert [(one["entry_category"], one["entry_id"], one["action"]) for one in entries] == [
        ("task", master.task, "submitted")
    ]
    assert len((await master.call("user/audit/log/list", limit=2, offset=1)).json()["list"]) == 2
    assert (await master.call("user/audit/log/list", to="2000-01-01 00:00:00")).json()["list"] == []


async def test_who_is_in_a_security_group_checks_in_and_with_task_update_starts_tasks(master: Navixy) -> None:
    ids = {}
    for label, rights in (("watchers", []), ("drivers", ["task_update"])):
        group = {"label": label, "privileges": {"rights": rights}}
        number = (await master.call("subuser/security_group/create", group=group)).json()["id"]
        user = {"login": f"{label}@acme.example", "security_group_id": number}
        ids[label] = (await master.call("subuser/register", user=user, password=PASSWORD)).json()["id"]
    for label, is_driver in (("watchers", False), ("drivers", True)):
        theirs = (await master.call("subuser/session/create", subuser_id=ids[label])).json()["hash"]
        (template,) = (await master.call("form/template/list", theirs)).json()["list"]
        asked = {"tracker_id": ids[label], "location": {"lat": 1, "lng": 1}}
        made = (await master.call("checkin/create", theirs, **asked)).json()
        read = (await master.call("checkin/read", theirs, checkin_id=made["id"])).json()["value"]
        assert read["tracker_id"] == ids[label]
        started = (await master.call("task/create", theirs, template_id=template["id"])).json()
        assert started["success"] is is_driver
        assert refusal(await master.call("checkin/delete", theirs, checkin_ids=[made["id"]])) == (403, 13)


async def test_a_sub_user_is_changed_kept_out_let_in_and_deleted(master: Navixy) -> None:
    user = {"login": "driver@acme.example", "first_name": "Dora", "last_name": "Driver"}
    number = (await master.call("subuser/register", user=user, password=PASSWORD)).json()["id"]
    hers = (await master.call("subuser/session/create", subuser_id=number)).json()["hash"]

    async def shown() -> dict[str, object] | None:
        listed = (await master.call("subuser/list")).json()["list"]
        found: dict[str, object] | None = next((one for one in listed if one["id"] == number), None)
        return found

    changed = {"id": number, "login": "dora@acme.example", "first_name": "Dora", "last_name": "Diver"}
    assert (await master.call("subuser/update", user=changed)).json() == {"success": True}
    expected = {"id": number, "activated": True, "login": "dora@acme.example", "first_name": "Dora Diver"}
    assert await shown() == expected
    out = {"id": number, "activated": False}
    assert (await master.call("subuser/update", user=out)).json() == {"success": True}
    assert await shown() == {**expected, "activated": False}
    assert refusal(await master.call("user/get_info", hers)) == (400, 4)
    assert refusal(await master.call("user/auth", login="dora@acme.example", password=PASSWORD)) == (400, 102)
    group = (await master.call("subuser/security_group/create", group={"label": "drivers"})).json()["id"]
    back = {"id": number, "activated": True, "security_group_id": group}
    assert (await master.call("subuser/update", user=back)).json() == {"success": True}
    assert await shown() == {**expected, "security_group_id": group}
    assert (await master.call("subuser/session/create", subuser_id=number)).json()["success"] is True

    me = (await master.call("user/get_info")).json()["user_info"]["id"]
    wrong: list[tuple[dict[str, object], int]] = [
        ({"id": number, "login": "ADMIN@acme.example"}, 206),
        ({"id": number, "login": "nobody"}, 7),
        ({"id": number, "security_group_id": 2**40}, 201),
        ({"id": 2**40}, 201),
        ({"id": me, "activated": False}, 201),
        ({"login": "x@acme.example"}, 7),
    ]
    for given, code in wrong:
        assert refusal(await master.call("subuser/update", user=given)) == (400, code), given
    assert await shown() == {**expected, "security_group_id": group}

    assert (await master.call("subuser/delete", subuser_id=number)).json() == {"success": True}
    assert await shown() is None
    assert refusal(await master.call("subuser/update", user=back)) == (400, 201)
    assert refusal(await master.call("subuser/delete", subuser_id=me)) == (400, 201)
    assert (await master.call("subuser/register", user=changed, password=PASSWORD)).json()["success"] is True


async def test_a_security_group_is_changed_and_deleted(master: Navixy) -> None:
    world = master.api.world
    group = {"label": "drivers", "privileges": {"rights": ["task_update"]}}
    number = (await master.call("subuser/security_group/create", group=group)).json()["id"]
    user = {"login": "driver@acme.example", "security_group_id": number}
    member = (await master.call("subuser/register", user=user, password=PASSWORD)).json()["id"]
    hers = (await master.call("subuser/session/create", subuser_id=member)).json()["hash"]

    async def rights() -> list[str]:
        found: list[str] = (await master.call("user/get_info", hers)).json()["privileges"]["rights"]
        return found

    changed = {"id": number, "label": "bosses", "privileges": {"rights": ["form_template_update"]}}
    assert (await master.call("subuser/security_group/update", group=changed)).json() == {"success": True}
    assert await rights() == ["form_template_update"]
    held = await world.rows('SELECT "right" FROM grants WHERE group_id = %s AND app_id IS NULL', number)
    assert sorted(held) == [("manage",), ("view",)]
    assert (await master.call("subuser/security_group/update", group={"id": number, "label": "x"})).status_code == 200
    assert await rights() == ["form_template_update"]
    wrong: list[tuple[dict[str, object], tuple[int, int]]] = [
        ({"id": number, "label": "clerks"}, (409, 247)),
        ({"id": number, "label": ""}, (400, 7)),
        ({"id": number, "label": "x", "privileges": {"rights": ["fly"]}}, (400, 7)),
        ({"id": 2**40, "label": "x"}, (400, 201)),
    ]
    for given, code in wrong:
        assert refusal(await master.call("subuser/security_group/update", group=given)) == code, given

    clerks = int(world.groups["clerks"])
    assert refusal(await master.call("subuser/security_group/delete", id=clerks)) == (400, 203)
    assert (await master.call("subuser/security_group/delete", id=number)).json() == {"success": True}
    assert await rights() == []
    assert refusal(await master.call("subuser/security_group/delete", security_group_id=number)) == (400, 201)


async def test_a_group_that_tasks_were_offered_to_stays(master: Navixy) -> None:
    world = master.api.world
    await accounts.grant(world.context, world.admin, world.groups["clerks"], Right.MANAGE, app="NAV")
    manifest = {**MANIFEST, "tasks": {"a": {"fields": {}}}}
    await world.deploy(bundle(manifest))
    assert refusal(await master.call("subuser/security_group/delete", id=int(world.groups["clerks"]))) == (400, 203)
    assert (await master.call("task/delete", task_id=master.task)).json() == {"success": True}
    assert (await master.call("subuser/security_group/delete", id=int(world.groups["clerks"]))).status_code == 200


async def test_what_administrators_do_is_refused_to_all_others(navixy: Navixy, master: Navixy) -> None:
    for path in (
        "subuser/list",
        "subuser/register",
        "subuser/security_group/list",
        "subuser/security_group/create",
        "subuser/security_group/assign",
        "subuser/security_group/update",
        "subuser/security_group/delete",
        "subuser/update",
        "subuser/delete",
        "user/settings/read",
        "user/settings/update",
        "user/settings/file_storage/update",
        "user/audit/log/list",
    ):
        assert refusal(await navixy.call(path)) == (403, 13), path
    assert refusal(await navixy.call("subuser/session/create", subuser_id=1)) == (403, 13)
    assert refusal(await master.call("subuser/session/create", subuser_id=2**40)) == (400, 201)
    assert refusal(await master.call("subuser/register", user={"login": "x"}, password="short")) == (400, 7)
    wrong = await master.call("user/settings/file_storage/update", file_storage_settings={})
    assert wrong.json()["errors"][0]["parameter"] == "file_storage_settings.auto_overwrite"
    assert (await master.call("user/settings/read")).json()["file_storage_settings"] == {"auto_overwrite": False}


async def test_the_oldest_files_of_ended_instances_give_way_where_that_is_wanted(
    navixy: Navixy, master: Navixy
) -> None:
    world = navixy.api.world
    clerk = await world.actor("clerk")
    kept = await navixy.uploaded(b"k" * 1000)
    assert (await navixy.submit(file1={"type": "file", "file_ids": [kept]})).json() == {"success": True}
    ended = []
    for _ in range(3):
        task = (await world.open_task(await world.start(clerk, "NAV"))).id
        other = Navixy(navixy.api, navixy.client, navixy.hash, int(task))
        ended.append(await other.uploaded(b"e" * 1000))
        assert (await other.submit(file1={"type": "file", "file_ids": [ended[-1]]})).json() == {"success": True}
        await tasks.claim(world.context, clerk, task)
        await tasks.complete(world.context, clerk, task, Submission())
    await accounts.set_quota(world.context, world.admin, 4500)

    assert refusal(await navixy.create(size=2000)) == (402, 268)
    on = {"file_storage_settings": {"auto_overwrite": True}}
    assert (await master.call("user/settings/file_storage/update", **on)).json() == {"success": True}
    assert (await master.call("user/settings/read")).json() == {"success": True, **on}
    assert refusal(await navixy.create(size=3600)) == (402, 268)
    assert (await navixy.create(size=2000)).status_code == 200

    left = [int(str(number)) for (number,) in await world.rows("SELECT id FROM files ORDER BY id")]
    assert left == [kept, ended[2]]
    assert await world.drift() == []
    assert (await world.storage()).used_bytes == 2000
    entries = (await master.call("user/audit/log/list", actions=["overwritten", "overwriting_set"])).json()["list"]
    assert [entry.get("entry_id") for entry in entries] == [None, *sorted(ended[:2])]
    assert entries[1]["payload"] == {"name": "actual_file_name.png", "size_bytes": 1000}
