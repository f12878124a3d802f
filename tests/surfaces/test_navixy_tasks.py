"""The Navixy surface: tasks and form templates."""

import io
import zipfile
from zoneinfo import ZoneInfo

import pytest

from satchel.actions.identity import accounts, hashes
from surfaces.conftest import Api
from surfaces.navixy_client import Navixy, open_navixy, refusal, session


@pytest.fixture
async def navixy(api: Api) -> Navixy:
    """The surface and a task in it."""
    return await open_navixy(api, await api.client("anonymous"))


async def test_a_task_is_created_from_a_template_read_and_listed(navixy: Navixy) -> None:
    (template,) = (await navixy.call("form/template/list")).json()["list"]
    assert [field["type"] for field in template["fields"]] == [
        "file",
        "text",
        "file",
        "photo",
        "rating",
        "dropdown",
        "checkbox_group",
    ]
    one = (await navixy.call("form/template/read", template_id=template["id"])).json()["value"]
    assert one == template
    mine = navixy.api.world.people["clerk"]
    task = {"form_template_id": template["id"], "tracker_id": mine, "label": "x", "description": ""}
    made = (await navixy.call("task/create", task=task, create_form=True)).json()
    assert made["success"] is True
    read = (await navixy.call("task/read", task_id=made["id"])).json()["value"]
    assert (read["status"], read["tracker_id"], read["form_template_id"]) == ("assigned", mine, template["id"])
    assert read["form"]["template_version"] == 1
    bare = (await navixy.call("task/create", template_id=template["id"])).json()
    listed = (await navixy.call("task/list", sort=["id=desc"], limit=2)).json()
    assert ([one["id"] for one in listed["list"]], listed["count"]) == ([bare["id"], made["id"]], 3)
    stats = (await navixy.call("form/template/stats/read", template_id=template["id"])).json()
    assert stats["tasks"] == {"assigned": 1, "unassigned": 2}
    assert (await navixy.call("task/count")).json()["count"] == 3


async def test_the_list_is_narrowed_by_each_condition(navixy: Navixy) -> None:
    read = (await navixy.call("task/read", task_id=navixy.task)).json()["value"]
    mine = navixy.api.world.people["clerk"]
    narrow: list[tuple[dict[str, object], int]] = [
        ({"statuses": ["unassigned"]}, 1),
        ({"statuses": ["done", "failed"]}, 0),
        ({"trackers": [mine]}, 0),
        ({"external_id": read["external_id"]}, 1),
        ({"external_id": "NAV-99"}, 0),
        ({"filter": read["label"][:5].upper()}, 1),
        ({"filter": "%"}, 0),
        ({"from": read["from"]}, 1),
        ({"from": "2999-01-01T00:00:00Z"}, 0),
        ({"offset": 1}, 0),
        ({"sort": "label=asc"}, 1),
    ]
    for given, number in narrow:
        answer = (await navixy.call("task/list", **given)).json()
        assert len(answer["list"]) == number, given
    for name, value in (
        ("statuses", ["nothing"]),
        ("trackers", [1, 1]),
        ("sort", ["nothing=asc"]),
        ("limit", 0),
        ("from", "soon"),
        ("conditions", [1]),
    ):
        answer_to = await navixy.call("task/list", **{name: value})
        assert refusal(answer_to) == (400, 7)
        assert answer_to.json()["errors"][0]["parameter"] == name
    by_query = await navixy.client.get(
        "/navixy/v2/fsm/task/list", params={"hash": navixy.hash, "statuses": '["unassigned"]', "limit": "5"}
    )
    assert by_query.json()["count"] == 1


async def test_a_task_goes_to_a_user_and_back_and_its_history_says_so(navixy: Navixy) -> None:
    manager = await session(navixy.api, "manager")
    mine = navixy.api.world.people["clerk"]
    assert (await navixy.call("task/assign", manager, task_id=navixy.task, tracker_id=mine)).json()["success"]
    assert (await navixy.call("task/assign", task_id=navixy.task)).json()["success"]
    assert refusal(await navixy.call("task/assign", manager, task_id=navixy.task, tracker_id=2**40)) == (400, 201)
    assert (await navixy.call("task/assign", task_id=navixy.task, tracker_id=mine)).json() == {"success": True}
    assert (await navixy.call("task/assign", task_id=navixy.task)).json() == {"success": True}
    viewer = await session(navixy.api, "viewer")
    assert refusal(await navixy.call("task/assign", viewer, task_id=navixy.task, tracker_id=mine)) == (403, 13)
    entries = (await navixy.call("task/history/list", task_id=navixy.task)).json()["list"]
    assert [entry["operation"] for entry in entries] == ["assign"] * 4
    assert {entry["task_id"] for entry in entries} == {navixy.task}


async def test_a_deleted_task_takes_its_files_with_it(navixy: Navixy) -> None:
    number = await navixy.uploaded()
    await navixy.submit(file1={"type": "file", "file_ids": [number]})
    stats = (await navixy.call("file/stats/read")).json()["value"]
    assert (stats["file_count"], stats["total_size"]) == (1, 10)
    assert (await navixy.call("task/delete", task_id=navixy.task)).json() == {"success": True}
    assert refusal(await navixy.call("task/read", task_id=navixy.task)) == (400, 201)
    assert (await navixy.call("file/stats/read")).json()["value"]["file_count"] == 0


async def test_strangers_and_other_accounts_see_no_task_at_all(navixy: Navixy) -> None:
    stranger = await session(navixy.api, "stranger")
    (template,) = (await navixy.call("form/template/list")).json()["list"]
    for path, given in (
        ("task/read", {"task_id": navixy.task}),
        ("task/assign", {"task_id": navixy.task}),
        ("task/delete", {"task_id": navixy.task}),
        ("task/history/list", {"task_id": navixy.task}),
        ("task/form/read", {"task_id": navixy.task}),
        ("form/template/read", {"template_id": template["id"]}),
        ("task/create", {"template_id": template["id"]}),
    ):
        answer = await navixy.client.post(f"/navixy/v2/{path}", json={"hash": stranger, **given})
        assert refusal(answer) == (400, 201), path
    assert (await navixy.call("task/list", stranger)).json()["count"] == 0
    assert (await navixy.call("form/template/list", stranger)).json()["list"] == []


async def test_dates_are_on_the_users_clock_or_iso_with_its_offset(navixy: Navixy) -> None:
    world = navixy.api.world
    zone = "Europe/Berlin"
    berlin = await accounts.create_user(
        world.context, world.admin, email="berlin@acme.example", name="Berlin", time_zone=zone
    )
    await accounts.set_member(world.context, world.admin, world.groups["viewers"], berlin, is_member=True)
    navixy.hash = (await hashes.open_for(world.context, world.admin, berlin)).secret
    plain = (await navixy.call("task/read", task_id=navixy.task)).json()["value"]["creation_date"]
    iso = (await navixy.call("task/read", task_id=navixy.task, iso_datetime=True)).json()["value"]["creation_date"]
    by_header = await navixy.client.get(
        "/navixy/v2/task/read",
        params={"hash": navixy.hash, "task_id": str(navixy.task)},
        headers={"NVX-ISO-DateTime": "true"},
    )
    local = world.clock().astimezone(ZoneInfo(zone)).replace(microsecond=0)
    assert plain == local.strftime("%Y-%m-%d %H:%M:%S")
    assert iso == by_header.json()["value"]["creation_date"] == local.isoformat()


async def test_a_filled_form_is_had_as_a_spreadsheet_of_texts(navixy: Navixy) -> None:
    number = await navixy.uploaded(filename="paper.txt")
    given = {
        "note": {"type": "text", "value": "=1+1 Ж"},
        "kind": {"type": "dropdown", "value_index": 1},
        "checks": {"type": "checkbox_group", "values": [True, True]},
        "file1": {"type": "file", "file_ids": [number]},
    }
    assert (await navixy.submit(**given)).json() == {"success": True}
    for path, name in (("task/form/download", "task_id"), ("form/download", "id")):
        answer = await navixy.call(path, **{name: navixy.task, "format": "xlsx"})
        with zipfile.ZipFile(io.BytesIO(answer.content)) as book:
            texts = book.read("xl/sharedStrings.xml").decode()
            assert "<f>" not in book.read("xl/worksheets/sheet1.xml").decode()
        for text in ("=1+1 Ж", "<t>Y</t>", "P, Q", "paper.txt"):
            assert text in texts
    assert refusal(await navixy.call("task/form/download", task_id=navixy.task, format="docx")) == (400, 7)
    assert refusal(await navixy.call("task/form/download", task_id=2**40, format="xlsx")) == (400, 201)
