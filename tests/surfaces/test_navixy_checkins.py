"""The Navixy surface: check-ins with comments, images and forms."""

import asyncio
import io
from collections.abc import Mapping
from datetime import timedelta

import pytest
from PIL import Image

from engine_bpmn import simple, user
from satchel.actions.apps import deploying
from satchel.actions.identity import accounts, hashes
from satchel.actions.upkeep import doctor, sweep
from satchel.model.actor import Right
from surfaces.conftest import Api
from surfaces.navixy_client import Navixy, open_navixy, path_of, refusal, session
from world import World, bundle, fields

HERE = {"lat": 53.787154, "lng": 9.75798, "address": "Moltkestrasse 32", "precision": 150}


def _picture(color: str = "red") -> bytes:
    out = io.BytesIO()
    Image.new("RGB", (4, 4), color).save(out, "PNG")
    return out.getvalue()


@pytest.fixture
async def navixy(api: Api) -> Navixy:
    """The surface, a task in it, and its clerk signed in."""
    return await open_navixy(api, await api.client("anonymous"))


def _me(navixy: Navixy) -> int:
    return int(navixy.api.world.people["clerk"])


async def _template(navixy: Navixy) -> int:
    (one,) = (await navixy.call("form/template/list")).json()["list"]
    return int(one["id"])


async def _place(navixy: Navixy, path: str = "checkin/image/create", /, **given: object) -> Mapping[str, object]:
    answer = (await navixy.call(path, **{"size": 1000, **given})).json()
    assert answer["success"] is True, answer
    found: Mapping[str, object] = answer["value"]
    return found


async def _image(navixy: Navixy, color: str = "red") -> int:
    place = await _place(navixy)
    assert (await navixy.send(place, _picture(color))).json() == {"success": True}
    return int(str(place["file_id"]))


async def _form(navixy: Navixy) -> int:
    given = {"tracker_id": _me(navixy), "template_id": await _template(navixy)}
    return int((await navixy.call("checkin/form/create", **given)).json()["id"])


async def _form_file(navixy: Navixy, form: int, field: str = "file1") -> int:
    place = await _place(navixy, "checkin/form/file/create", form_id=form, field_id=field)
    assert (await navixy.send(place, b"0123456789")).json() == {"success": True}
    return int(str(place["file_id"]))


async def _check_in(navixy: Navixy, **given: object) -> int:
    answer = (await navixy.call("checkin/create", **{"tracker_id": _me(navixy), "location": HERE, **given})).json()
    assert answer["success"] is True, answer
    return int(answer["id"])


async def _is_sound(world: World) -> None:
    assert await world.drift() == []
    report = [one async for one in doctor.examine(world.context, read_data=True)][-1]
    assert report.is_clean, report.counts


async def test_a_check_in_has_a_place_a_comment_and_images(navixy: Navixy) -> None:
    world = navixy.api.world
    image = await _image(navixy)

    number = await _check_in(navixy, comment="houston, we have a problem", file_ids=[image])

    read = (await navixy.call("checkin/read", checkin_id=number)).json()["value"]
    (file,) = read.pop("files")
    assert read == {
        "id": number,
        "marker_time": world.clock().strftime("%Y-%m-%d %H:%M:%S"),
        "user_id": _me(navixy),
        "tracker_id": _me(navixy),
        "location": HERE,
        "comment": "houston, we have a problem",
    }
    assert (file["id"], file["name"], file["type"], file["state"]) == (
        image,
        "actual_file_name.png",
        "image",
        "uploaded",
    )
    fetched = await navixy.client.get(file["download_url"].removeprefix("http://127.0.0.1:8080"))
    assert fetched.content == _picture()
    stats = (await navixy.call("file/stats/read")).json()["value"]
    assert (stats["file_count"], stats["total_size"]) == (1, len(_picture()))
    assert (await world.storage()).reserved_bytes == 0
    await _is_sound(world)
    bare = await _check_in(navixy, location={"lat": 1, "lng": -2})
    shown = (await navixy.call("checkin/read", checkin_id=bare)).json()["value"]
    assert (shown["location"], shown["files"]) == ({"lat": 1.0, "lng": -2.0, "address": ""}, [])
    assert "comment" not in shown


async def test_a_form_is_handed_in_with_its_files_and_its_process_goes_on(navixy: Navixy) -> None:
    world = navixy.api.world
    form = await _form(navixy)
    paper = await _form_file(navixy, form)
    left = await _form_file(navixy, form)
    image = await _image(navixy)
    values = {"note": {"type": "text", "value": "all well"}, "file1": {"type": "file", "file_ids": [paper]}}

    number = await _check_in(navixy, file_ids=[image], form_submission={"form_id": form, "values": values})

    read = (await navixy.call("checkin/read", checkin_id=number)).json()["value"]
    assert (read["form_id"], read["form_label"]) == (form, "App NAV")
    filled = (await navixy.call("form/read", id=form)).json()
    assert filled["value"]["checkin_id"] == number
    assert filled["value"]["values"] == values
    assert [file["id"] for file in filled["files"]] == [paper]
    assert (await navixy.call("task/read", task_id=form)).json()["value"]["status"] == "done"
    kept = await world.rows("SELECT files->0->>'id' FROM submitted_forms WHERE task_id = %s", form)
    assert kept == [(str(paper),)]
    again = {"tracker_id": _me(navixy), "location": HERE, "form_submission": {"form_id": form, "values": {}}}
    assert refusal(await navixy.call("checkin/create", **again)) == (400, 201)
    late = await navixy.call("checkin/form/file/create", checkin_id=number, field_id="file1", size=1)
    assert refusal(late) == (400, 201)
    ((state,),) = await world.rows("SELECT state FROM uploads WHERE id = %s", left)
    assert state == "expired"
    assert (await world.storage()).reserved_bytes == 0
    await _is_sound(world)


async def test_forms_of_check_ins_are_no_tasks_of_the_list(navixy: Navixy) -> None:
    form = await _form(navixy)
    await _check_in(navixy, form_submission={"form_id": form, "values": {}})
    assert [one["id"] for one in (await navixy.call("task/list")).json()["list"]] == [navixy.task]
    assert (await navixy.call("task/count")).json()["count"] == 1
    template = await _template(navixy)
    forms = (await navixy.call("task/form/list", include_unsubmitted=True, template_id=template)).json()
    assert [one["form"]["id"] for one in forms["list"]] == [navixy.task]


async def test_a_refused_form_or_image_checks_nobody_in(navixy: Navixy) -> None:
    world = navixy.api.world
    form, image = await _form(navixy), await _image(navixy)
    mine = (await navixy.create()).json()["value"]["file_id"]
    empty = (await _place(navixy))["file_id"]
    good = {"form_id": form, "values": {}}
    wrong: list[tuple[dict[str, object], int, tuple[str, int] | None]] = [
        ({"form_submission": {**good, "values": {"note": {"type": "text", "value": "x" * 11}}}}, 242, ("note", 5)),
        ({"form_submission": {**good, "values": {"nothing": {"type": "text", "value": ""}}}}, 242, ("nothing", 8)),
        ({"form_submission": good, "file_ids": [image, mine]}, 242, ("images", 8)),
        ({"form_submission": good, "file_ids": [image, empty]}, 242, ("images", 10)),
        ({"form_submission": good, "file_ids": [image, image]}, 242, ("images", 8)),
        ({"form_submission": {"form_id": navixy.task, "values": {}}}, 201, None),
        ({"form_submission": {"form_id": 2**40, "values": {}}}, 201, None),
        ({"tracker_id": 2**40}, 201, None),
        ({"tracker_id": int(world.people["viewer"])}, 201, None),
    ]
    for given, code, fault in wrong:
        asked = {"tracker_id": _me(navixy), "location": HERE, "file_ids": [image], **given}
        answer = await navixy.call("checkin/create", **asked)
        assert refusal(answer) == (400, code), (given, answer.text)
        if fault is not None:
            assert [(one["field_id"], one["code"]) for one in answer.json()["errors"]] == [fault], given
    assert (await navixy.call("checkin/list")).json()["count"] == 0
    await _check_in(navixy, file_ids=[image], form_submission=good)


async def test_what_is_asked_for_files_is_refused_by_its_code(navixy: Navixy) -> None:
    form = await _form(navixy)
    path, image = "checkin/form/file/create", "checkin/image/create"
    limit = (await navixy.api.world.storage()).limit_bytes
    wrong: list[tuple[str, dict[str, object], tuple[int, int]]] = [
        (path, {"form_id": form, "field_id": "nothing", "size": 1}, (400, 201)),
        (path, {"form_id": navixy.task, "field_id": "file1", "size": 1}, (400, 201)),
        (path, {"checkin_id": 2**40, "field_id": "file1", "size": 1}, (400, 201)),
        (path, {"form_id": form, "field_id": "note", "size": 1}, (409, 231)),
        (path, {"form_id": form, "field_id": "small", "size": 101}, (413, 271)),
        (path, {"form_id": form, "field_id": "file1", "size": limit + 1}, (402, 268)),
        (path, {"form_id": form, "checkin_id": 1, "field_id": "file1", "size": 1}, (400, 7)),
        (path, {"field_id": "file1", "size": 1}, (400, 7)),
        (image, {"size": limit + 1}, (402, 268)),
        (image, {"size": 16_777_217}, (413, 271)),
        (image, {"size": 0}, (400, 7)),
        ("checkin/form/create", {"tracker_id": _me(navixy), "template_id": 2**40}, (400, 201)),
        ("checkin/form/create", {"tracker_id": 2**40, "template_id": await _template(navixy)}, (400, 201)),
    ]
    for call, given, code in wrong:
        assert refusal(await navixy.call(call, **given)) == code, (call, given)
    for _ in range(6):
        await _place(navixy, path, form_id=form, field_id="file1")
    assert refusal(await navixy.call(path, form_id=form, field_id="file1", size=1)) == (400, 267)
    assert refusal(await navixy.send(await _place(navixy), b"no image")) == (400, 234)
    missing: list[tuple[str, dict[str, object]]] = [
        ("location", {}),
        ("location.lat", {"location": {"lat": 91, "lng": 1}}),
        ("file_ids", {"location": HERE, "file_ids": ["x"]}),
        ("form_submission.values", {"location": HERE, "form_submission": {"form_id": form}}),
    ]
    for name, given in missing:
        answer = await navixy.call("checkin/create", tracker_id=_me(navixy), **given)
        assert refusal(answer) == (400, 7), name
        assert [one["parameter"] for one in answer.json()["errors"]] == [name]


async def test_images_and_forms_that_no_check_in_comes_for_end_and_free_their_bytes(navixy: Navixy) -> None:
    world = navixy.api.world
    form = await _form(navixy)
    await _form_file(navixy, form)
    await _image(navixy)
    await _place(navixy)
    assert (await world.storage()).reserved_bytes > 1000
    world.clock.advance(world.context.policy.start_upload_lifetime + timedelta(seconds=1))

    await sweep.sweep(world.context)

    assert (await world.storage()).reserved_bytes == 0
    assert refusal(await navixy.call("form/read", id=form)) == (400, 201)
    assert await world.rows("SELECT 1 FROM checkin_forms") == []
    world.clock.advance(world.context.policy.sweep_grace)
    await sweep.sweep(world.context, with_store=True)
    assert await world.rows("SELECT 1 FROM blobs") == []
    await _is_sound(world)
    assert (await navixy.call("task/count")).json()["count"] == 1


async def test_a_form_whose_task_was_done_otherwise_stays_and_is_a_task_from_then_on(navixy: Navixy) -> None:
    world = navixy.api.world
    form = await _form(navixy)
    assert (await navixy.call("task/status/update", task_id=form, status="done")).json() == {"success": True}
    world.clock.advance(world.context.policy.start_upload_lifetime + timedelta(seconds=1))

    await sweep.sweep(world.context)

    assert (await navixy.call("task/count")).json()["count"] == 2
    assert (await navixy.call("task/read", task_id=form)).json()["value"]["status"] == "done"


async def test_deleted_check_ins_take_images_and_forms_along_all_or_none(navixy: Navixy) -> None:
    world = navixy.api.world
    form = await _form(navixy)
    values = {"file1": {"type": "file", "file_ids": [await _form_file(navixy, form)]}}
    submission = {"form_id": form, "values": values}
    first = await _check_in(navixy, file_ids=[await _image(navixy)], form_submission=submission)
    second = await _check_in(navixy, file_ids=[await _image(navixy, "blue")])
    ((other,),) = await world.rows("SELECT instance_id FROM tasks WHERE id = %s", navixy.task)
    viewer = await session(navixy.api, "viewer")
    for numbers in ([first, 2**40], [first, other]):
        assert refusal(await navixy.call("checkin/delete", checkin_ids=numbers)) == (400, 201)
    assert refusal(await navixy.call("checkin/delete", viewer, checkin_ids=[first])) == (403, 13)
    assert refusal(await navixy.call("checkin/delete", checkin_ids=[])) == (400, 7)
    assert (await navixy.call("checkin/list")).json()["count"] == 2

    asked = {"hash": navixy.hash, "checkin_ids": f"[{first},{second}]"}
    assert (await navixy.client.get("/navixy/v2/checkin/delete", params=asked)).json() == {"success": True}

    assert (await navixy.call("checkin/list")).json() == {"success": True, "list": [], "count": 0}
    assert refusal(await navixy.call("checkin/read", checkin_id=first)) == (404, 204)
    assert refusal(await navixy.call("form/read", id=form)) == (400, 201)
    assert (await navixy.call("file/stats/read")).json()["value"]["total_size"] == 0
    await _is_sound(world)


async def test_check_ins_are_listed_by_whom_when_where_and_what(navixy: Navixy) -> None:
    world = navixy.api.world
    await accounts.grant(world.context, world.admin, world.groups["clerks"], Right.MANAGE, app=None)
    viewer, mine = int(world.people["viewer"]), _me(navixy)
    one = await _check_in(navixy, comment="leak", file_ids=[await _image(navixy)])
    world.clock.advance(timedelta(hours=1))
    form = await _form(navixy)
    two = await _check_in(navixy, location={"lat": 0, "lng": 0}, form_submission={"form_id": form, "values": {}})
    three = await _check_in(navixy, tracker_id=viewer, location={"lat": 0.001, "lng": 0}, comment="Fire")
    now = world.clock().strftime("%Y-%m-%d %H:%M:%S")
    contains = {"type": "contains", "field": "comment", "value": "LEA"}
    template = await _template(navixy)
    wanted: list[tuple[dict[str, object], list[int]]] = [
        ({}, [one, two, three]),
        ({"trackers": [viewer]}, [three]),
        ({"from": now}, [two, three]),
        ({"to": "2001-01-01 00:00:00"}, []),
        ({"sort": ["marker_time=desc", "comment=asc"], "limit": 1}, [two]),
        ({"sort": ["employee=desc"], "limit": 1}, [three]),
        ({"offset": 2}, [three]),
        ({"location": {"lat": 0, "lng": 0, "radius": 50}}, [two]),
        ({"location": {"lat": 0, "lng": 0, "radius": 150}}, [two, three]),
        ({"conditions": [contains]}, [one]),
        ({"conditions": [{"type": "not", "condition": contains}]}, [two, three]),
        ({"conditions": [{"type": "eq", "field": "form", "value": template}]}, [two]),
        ({"conditions": [{"type": "eq", "field": "tracker_id", "value": mine}]}, [one, two]),
        ({"conditions": [{"type": "contains", "field": "location", "value": "moltke"}]}, [one]),
    ]
    for given, numbers in wanted:
        answer = (await navixy.call("checkin/list", **given)).json()
        assert [found["id"] for found in answer["list"]] == numbers, given
    assert (await navixy.call("checkin/list", limit=1)).json()["count"] == 3
    assert refusal(await navixy.call("checkin/list", trackers=[mine, 2**40])) == (400, 217)
    assert refusal(await navixy.call("checkin/list", **{"from": now, "to": now})) == (400, 7)
    assert refusal(await navixy.call("checkin/list", sort=["id=asc"])) == (400, 7)
    for kind, head in (("xlsx", b"PK"), ("pdf", b"%PDF")):
        sheet = await navixy.call("checkin/list", format=kind)
        assert sheet.content.startswith(head)
        assert sheet.headers["content-disposition"] == f'attachment; filename="checkins.{kind}"'
    assert refusal(await navixy.call("checkin/list", format="doc")) == (400, 7)


async def test_who_may_not_start_the_app_checks_nobody_in_and_who_may_not_view_it_sees_none(navixy: Navixy) -> None:
    world = navixy.api.world
    viewer, stranger = await session(navixy.api, "viewer"), await session(navixy.api, "stranger")
    asked = {"tracker_id": int(world.people["viewer"]), "location": HERE}
    assert refusal(await navixy.call("checkin/create", viewer, **asked)) == (400, 201)
    assert refusal(await navixy.call("checkin/image/create", stranger, size=1)) == (400, 201)
    assert (await navixy.call("checkin/list", viewer)).json()["count"] == 0
    number = await _check_in(navixy, file_ids=[await _image(navixy)])
    assert refusal(await navixy.call("checkin/create", viewer, **asked)) == (403, 13)
    assert (await navixy.call("checkin/read", viewer, checkin_id=number)).json()["value"]["id"] == number
    assert refusal(await navixy.call("checkin/read", stranger, checkin_id=number)) == (404, 204)
    assert (await navixy.call("checkin/list", stranger)).json()["count"] == 0
    await accounts.grant(world.context, world.admin, world.groups["viewers"], Right.START, app="CHECKIN")
    assert (await navixy.call("checkin/create", viewer, **asked)).json()["success"] is True


async def test_what_follows_a_check_in_is_up_to_the_accounts_own_version_of_the_app(navixy: Navixy) -> None:
    world = navixy.api.world
    await _check_in(navixy)
    (newest,) = await deploying.versions(world.context, world.admin, "CHECKIN")
    files = {"app.yaml": newest.manifest, "process.bpmn": simple(user("a"))}
    await deploying.deploy(world.context, world.admin, files)

    number = await _check_in(navixy, comment="somebody look")

    assert (await navixy.call("checkin/read", checkin_id=number)).json()["value"]["comment"] == "somebody look"
    states = await world.rows("SELECT state FROM tasks WHERE instance_id = %s", number)
    assert states == [("unassigned",)]


async def test_an_app_of_the_same_code_that_is_none_for_check_ins_is_left_alone(navixy: Navixy) -> None:
    world = navixy.api.world
    await world.deploy(bundle({"code": "CHECKIN", "fields": fields({"id": "person", "type": "text"})}))
    await world.start(world.admin, "CHECKIN")
    asked: list[tuple[str, dict[str, object], tuple[int, int]]] = [
        ("checkin/image/create", {"size": 1}, (400, 201)),
        ("checkin/create", {"tracker_id": _me(navixy), "location": HERE}, (400, 201)),
        ("checkin/list", {}, (400, 201)),
        ("checkin/read", {"checkin_id": 1}, (404, 204)),
        ("checkin/delete", {"checkin_ids": [1]}, (400, 201)),
    ]
    for path, given, code in asked:
        assert refusal(await navixy.call(path, **given)) == code, path
    assert world.admin.user_id is not None
    master = (await hashes.open_for(world.context, world.admin, world.admin.user_id)).secret
    made = await navixy.call("subuser/security_group/create", master, group={"label": "drivers"})
    assert made.json()["success"] is True


async def test_of_two_check_ins_at_once_one_has_the_form_and_the_image(navixy: Navixy) -> None:
    world = navixy.api.world
    form, image = await _form(navixy), await _image(navixy)
    submission = {"form_id": form, "values": {"file1": {"type": "file", "file_ids": [await _form_file(navixy, form)]}}}
    whole = {"tracker_id": _me(navixy), "location": HERE, "file_ids": [image], "form_submission": submission}
    bare = {"tracker_id": _me(navixy), "location": HERE, "file_ids": [image]}

    answers = await asyncio.gather(*(navixy.call("checkin/create", **one) for one in (whole, bare, whole, bare)))

    assert sorted(answer.json()["success"] for answer in answers) == [False, False, False, True]
    assert all(answer.status_code < 500 for answer in answers)
    assert (await navixy.call("checkin/list")).json()["count"] == 1
    await _is_sound(world)


async def test_a_place_for_an_image_is_used_as_any_other(navixy: Navixy) -> None:
    place = await _place(navixy, filename="said.png", metadata={"orientation": 6})
    assert path_of(place).startswith("/navixy/file/upload/")
    assert (await navixy.send(place, _picture())).json() == {"success": True}
    number = await _check_in(navixy, file_ids=[place["file_id"]])
    (file,) = (await navixy.call("checkin/read", checkin_id=number)).json()["value"]["files"]
    assert (file["name"], file["metadata"]["orientation"]) == ("said.png", 6)
