"""The Navixy surface: forms as such (given, emptied, listed, with previews), and what a client says of a task."""

from datetime import timedelta
from io import BytesIO

import pytest
from PIL import Image

from satchel.actions.files import previews
from satchel.model.digest import Digest
from surfaces.conftest import Api
from surfaces.navixy_client import Navixy, open_navixy, path_of, refusal, session

SAID: dict[str, object] = {
    "location": {"lat": 34.17, "lng": -118.59, "address": "Mill Lane 4", "radius": 150},
    "label": "Stop 1",
    "description": "Ring twice.",
    "from": "2030-02-03 04:05:06",
    "to": "2030-03-04 05:06:07",
    "external_id": "ERP-7",
    "max_delay": 5,
    "min_stay_duration": 2,
    "min_arrival_duration": 1,
    "tags": [3, 4],
}


@pytest.fixture
async def navixy(api: Api) -> Navixy:
    """The surface and a task in it."""
    return await open_navixy(api, await api.client("anonymous"))


async def _template(navixy: Navixy) -> int:
    (one,) = (await navixy.call("form/template/list")).json()["list"]
    return int(one["id"])


async def _read(navixy: Navixy, task: int) -> dict[str, object]:
    found: dict[str, object] = (await navixy.call("task/read", task_id=task)).json()["value"]
    return found


async def test_what_a_client_says_of_a_task_is_kept_and_found(navixy: Navixy) -> None:
    template = await _template(navixy)
    task = {**SAID, "form_template_id": template, "type": "task", "status": "done", "user_id": 1, "fields": {}}
    made = (await navixy.call("task/create", task=task, create_form=True)).json()["id"]
    read = await _read(navixy, made)
    assert {name: read[name] for name in SAID} == SAID
    assert read["status"] == "unassigned"
    narrow: list[dict[str, object]] = [
        {"external_id": "ERP-7"},
        {"filter": "STOP 1"},
        {"from": "2030-02-03 04:05:06", "to": "2030-03-04 05:06:07"},
        {"sort": ["label=desc", "id=asc"], "offset": 1},
    ]
    for given in narrow:
        found = (await navixy.call("task/list", **given)).json()["list"]
        assert [one["id"] for one in found] == [made], given
    changed = {"id": made, "label": "Stop 2", "description": "", "tracker_id": 2**40}
    assert (await navixy.call("task/update", task=changed)).json() == {"success": True}
    read = await _read(navixy, made)
    assert (read["label"], read["description"], read["to"]) == ("Stop 2", "", SAID["to"])
    assert "location" not in read
    assert read["external_id"] == "NAV-2"
    operations = (await navixy.call("task/history/list", task_id=made)).json()["list"]
    assert [one["operation"] for one in operations] == ["update", "update"]


async def test_a_task_completed_after_its_time_is_delayed(navixy: Navixy) -> None:
    world = navixy.api.world
    due = world.clock() + timedelta(hours=1)
    mine = world.people["clerk"]
    task = {"form_template_id": await _template(navixy), "tracker_id": mine, "to": due.isoformat()}
    made = (await navixy.call("task/create", task=task)).json()["id"]
    world.clock.advance(timedelta(hours=2))
    assert (await navixy.call("task/status/update", task_id=made, status="done")).json() == {"success": True}
    assert (await _read(navixy, made))["status"] == "delayed"
    assert refusal(await navixy.call("task/update", task={"id": made, "label": "late"})) == (400, 255)


async def test_what_cannot_be_kept_of_a_task_is_refused_by_name_and_nothing_is_started(navixy: Navixy) -> None:
    template = await _template(navixy)
    wrong: list[tuple[str, object]] = [
        ("to", "2000-01-01 00:00:00"),
        ("from", "2031-01-01 00:00:00"),
        ("type", "route"),
        ("fields", {"7": {"value": 1}}),
        ("label", " "),
        ("label", "two\nlines"),
        ("external_id", "a\x9bb"),
        ("description", "a\x7fb"),
        ("label", "x" * 201),
        ("description", 5),
        ("location.lat", {"lat": 91, "lng": 0}),
        ("location.lng", {"lat": 1}),
        ("location.radius", {"lat": 1, "lng": 1, "radius": 0}),
        ("max_delay", -1),
        ("tags", ["x"]),
        ("tracker_id", "x"),
        ("form_template_id", None),
    ]
    for name, value in wrong:
        first = name.partition(".")[0]
        given = {"form_template_id": template, "to": SAID["to"], first: value}
        answer = await navixy.call("task/create", task=given)
        assert refusal(answer) == (400, 7), name
        assert [one["parameter"] for one in answer.json()["errors"]] == [f"task.{name}"]
    stranger = navixy.api.world.people["stranger"]
    no_right = {"form_template_id": template, "tracker_id": stranger}
    assert refusal(await navixy.call("task/create", task=no_right)) == (400, 201)
    assert (await navixy.call("task/count")).json()["count"] == 1


async def test_a_task_has_its_form_from_the_start(navixy: Navixy) -> None:
    template = await _template(navixy)
    assert refusal(await navixy.call("task/form/create", task_id=navixy.task, template_id=template)) == (409, 247)
    assert refusal(await navixy.call("task/form/create", task_id=2**40, template_id=template)) == (400, 201)
    assert refusal(await navixy.call("task/form/create", task_id=navixy.task, template_id=2**40)) == (400, 201)


async def test_a_deleted_form_loses_its_values_and_files_and_was_never_submitted(navixy: Navixy) -> None:
    number = await navixy.uploaded()
    given = {"note": {"type": "text", "value": "x"}, "file1": {"type": "file", "file_ids": [number]}}
    assert (await navixy.submit(**given)).json() == {"success": True}
    waiting = (await navixy.create()).json()["value"]
    viewer = await session(navixy.api, "viewer")
    assert refusal(await navixy.call("task/form/delete", viewer, task_id=navixy.task)) == (403, 13)

    assert (await navixy.call("task/form/delete", task_id=navixy.task)).json() == {"success": True}

    read = (await navixy.call("task/form/read", task_id=navixy.task)).json()
    assert read["files"] == []
    assert "values" not in read["value"]
    assert "submitted" not in read["value"]
    assert refusal(await navixy.send(waiting, b"x")) == (400, 269)
    assert (await navixy.submit(note={"type": "text", "value": "y"})).json() == {"success": True}
    read = (await navixy.call("task/form/read", task_id=navixy.task)).json()
    assert read["value"]["values"] == {"note": {"type": "text", "value": "y"}}


async def test_forms_are_listed_over_all_tasks_by_what_was_submitted(navixy: Navixy) -> None:
    template = await _template(navixy)
    other = (await navixy.call("task/create", template_id=template)).json()["id"]
    assert (await navixy.submit(note={"type": "text", "value": "x"})).json() == {"success": True}
    both = [navixy.task, other]

    async def listed(**given: object) -> list[int]:
        answer = (await navixy.call("task/form/list", **given)).json()
        assert len(answer["list"]) == answer["count"], answer
        return [one["task"]["id"] for one in answer["list"] if one["form"]["task_id"] == one["task"]["id"]]

    assert await listed(include_unsubmitted=False) == []
    assert await listed(include_unsubmitted=False, template_id=template) == [navixy.task]
    assert await listed(include_unsubmitted=True, task_ids=both, order_by="task_id", ascending=False) == both[::-1]
    assert await listed(include_unsubmitted=False, task_ids=[other]) == []
    past = {"from": "2000-01-01 00:00:00", "to": "2000-01-02 00:00:00"}
    assert await listed(include_unsubmitted=False, task_ids=both, submit_period=past) == []
    assert (await navixy.call("task/form/delete", task_id=navixy.task)).json() == {"success": True}
    assert await listed(include_unsubmitted=False, task_ids=both) == []
    stranger = await session(navixy.api, "stranger")
    hidden = await navixy.call("task/form/list", stranger, include_unsubmitted=True, task_ids=both)
    assert hidden.json() == {"success": True, "list": [], "count": 0}


@pytest.mark.parametrize(
    ("name", "given"),
    [
        ("include_unsubmitted", {"include_unsubmitted": None}),
        ("order_by", {"order_by": "nothing"}),
        ("filters", {"filters": {"label": "x"}}),
        ("submit_period.from", {"submit_period": {"from": "soon"}}),
        ("task_ids", {"task_ids": ["x"]}),
    ],
)
async def test_a_list_of_forms_names_the_parameter_that_is_wrong(
    navixy: Navixy, name: str, given: dict[str, object]
) -> None:
    answer = await navixy.call("task/form/list", **{"include_unsubmitted": True, **given})

    assert refusal(answer) == (400, 7)
    assert answer.json()["errors"][0]["parameter"] == name


async def test_a_photo_has_a_preview_once_it_was_made(navixy: Navixy) -> None:
    out = BytesIO()
    Image.new("RGB", (1200, 800), (200, 30, 30)).save(out, "PNG")
    number = await navixy.uploaded(out.getvalue(), field_id="photos")
    assert (await navixy.submit(photos={"type": "photo", "file_ids": [number]})).json() == {"success": True}
    (file,) = (await navixy.call("task/form/read", task_id=navixy.task)).json()["files"]
    assert "previews" not in file
    world = navixy.api.world
    ((digest,),) = await world.rows("SELECT digest FROM files WHERE id = %s", number)

    await previews.make(world.context, world.account, Digest(str(digest)))

    (file,) = (await navixy.call("task/form/read", task_id=navixy.task)).json()["files"]
    (preview,) = file["previews"]
    fetched = await navixy.client.get(path_of({"url": preview["download_url"]}))
    assert fetched.status_code == 200
    assert Image.open(BytesIO(fetched.content)).width < 1200
    (plain,) = (await navixy.call("form/read", id=navixy.task)).json()["files"]
    assert "previews" not in plain
    assert "bindings" not in plain
