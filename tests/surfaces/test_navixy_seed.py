"""The Navixy surface: attaching files, as its published text has it, request by request."""

import json
import re
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import timedelta

import httpx
import pytest

from satchel.actions.identity import credentials, hashes
from satchel.actions.instances import tasks
from satchel.actions.upkeep import sweep
from satchel.model.ids import TaskId
from satchel.settings import read_settings
from satchel.surfaces.app import create_app
from surfaces.conftest import Api
from surfaces.navixy_client import MANIFEST, Navixy, open_navixy, path_of, refusal, session
from world import PASSWORD, PDF, bundle

BASES = ("/navixy/v2/fsm/task/form/file", "/navixy/v2/task/form/file", "/navixy/v2/task/form/file/create")


@pytest.fixture
async def navixy(api: Api) -> Navixy:
    """The surface with `navixy_strict` off."""
    client = await api.client("anonymous")
    return await open_navixy(api, client)


@pytest.fixture
async def strict(api: Api) -> AsyncIterator[Navixy]:
    """The surface with `navixy_strict` on."""
    context = replace(api.world.context, policy=replace(api.world.context.policy, navixy_strict=True))
    transport = httpx.ASGITransport(app=create_app(context, read_settings({})))
    async with httpx.AsyncClient(transport=transport, base_url="http://127.0.0.1:8080") as client:
        yield await open_navixy(api, client)


async def test_a_place_for_a_file_is_had_at_every_address_and_in_every_way(navixy: Navixy) -> None:
    given = {"hash": navixy.hash, "task_id": navixy.task, "field_id": "file1", "size": 10}
    as_text = {name: str(value) for name, value in given.items()}
    due = navixy.api.world.clock() + timedelta(minutes=10)
    for address in BASES:
        answers = [
            await navixy.client.post(address, json=given),
            await navixy.client.post(address, data=as_text),
            await navixy.client.get(address, params=as_text),
        ]
        for answer in answers:
            assert answer.status_code == 200, answer.text
            value = answer.json()["value"]
            assert answer.json()["success"] is True
            assert set(value) == {"file_id", "url", "expires", "file_field_name", "fields"}
            assert isinstance(value["file_id"], int)
            assert set(value["fields"]) == {"token"}
            assert value["expires"] == due.strftime("%Y-%m-%d %H:%M:%S")
            sent = await navixy.send(value, b"0123456789")
            assert sent.json() == {"success": True}
        assert (await navixy.submit(file1={"type": "file", "file_ids": []})).json() == {"success": True}


@pytest.mark.parametrize("part", ["file", "file1"])
async def test_the_upload_goes_as_printed_with_the_part_named_either_way(navixy: Navixy, part: str) -> None:
    content = b"\x89PNG\r\n\x1a\n0123456789"
    place = (await navixy.create(size=len(content))).json()["value"]
    boundary = "----WebKitFormBoundaryePkpFF7tjBAqx29L"
    token = place["fields"]["token"]
    body = (
        (
            f'--{boundary}\r\nContent-Disposition: form-data; name="token"\r\n\r\n{token}\r\n'
            f'--{boundary}\r\nContent-Disposition: form-data; name="{part}"; filename="actual_file_name.png"\r\n'
            "Content-Type: image/png\r\n\r\n"
        ).encode()
        + content
        + f"\r\n--{boundary}--\r\n".encode()
    )
    headers = {"Content-Type": f"multipart/form-data; boundary={boundary}", "Origin": "http://bla.org"}
    answer = await navixy.client.post(path_of(place), content=body, headers=headers)
    assert (answer.status_code, answer.json()) == (200, {"success": True})
    assert (await navixy.submit(file1={"type": "file", "file_ids": [place["file_id"]]})).json() == {"success": True}
    form = (await navixy.call("task/form/read", task_id=navixy.task)).json()
    assert form["value"]["values"]["file1"] == {"type": "file", "file_ids": [place["file_id"]]}
    (file,) = form["files"]
    assert (file["id"], file["name"], file["size"], file["state"], file["type"]) == (
        place["file_id"],
        "actual_file_name.png",
        len(content),
        "uploaded",
        "image",
    )
    fetched = await navixy.client.get(file["download_url"].removeprefix("http://127.0.0.1:8080"))
    assert fetched.content == content


async def test_a_given_name_wins_over_the_one_of_the_upload(navixy: Navixy) -> None:
    number = await navixy.uploaded(filename="said.txt")
    await navixy.submit(file1={"type": "file", "file_ids": [number]})
    (file,) = (await navixy.call("task/form/read", task_id=navixy.task)).json()["files"]
    assert file["name"] == "said.txt"


async def test_201_is_said_of_no_task_no_field_and_what_one_may_not_see(navixy: Navixy) -> None:
    assert refusal(await navixy.create(task_id=2**63 - 1)) == (400, 201)
    assert refusal(await navixy.create(field_id="nothing")) == (400, 201)
    stranger = await session(navixy.api, "stranger")
    asked = await navixy.call("task/form/file", stranger, task_id=navixy.task, field_id="file1", size=10)
    assert refusal(asked) == (400, 201)


async def test_13_is_said_of_a_right_that_is_missing_for_what_one_may_see(navixy: Navixy) -> None:
    viewer = await session(navixy.api, "viewer")
    asked = await navixy.call("task/form/file", viewer, task_id=navixy.task, field_id="file1", size=10)
    assert refusal(asked) == (403, 13)


async def test_231_is_said_of_a_field_that_holds_no_files_also_where_it_is_only_shown(navixy: Navixy) -> None:
    assert refusal(await navixy.create(field_id="note")) == (409, 231)
    form = {"assign": {"group": "clerks"}, "fields": {"note": "read", "file1": "read"}}
    await navixy.api.world.deploy(bundle({**MANIFEST, "code": "SHW", "tasks": {"a": form}}))
    started = await navixy.api.world.start(await navixy.api.world.actor("clerk"), "SHW")
    task = int((await navixy.api.world.open_task(started)).id)
    assert refusal(await navixy.create(task_id=task, field_id="note")) == (409, 231)
    assert refusal(await navixy.create(task_id=task, field_id="file1")) == (403, 13)


async def test_255_is_said_once_the_task_is_done(navixy: Navixy) -> None:
    world = navixy.api.world
    clerk = await world.actor("clerk")
    await tasks.claim(world.context, clerk, TaskId(navixy.task))
    assert (await navixy.call("task/status/update", task_id=navixy.task, status="arrived")).json()["success"]
    assert (await navixy.create()).status_code == 200
    assert (await navixy.call("task/status/update", task_id=navixy.task, status="done")).json()["success"]
    assert refusal(await navixy.create()) == (400, 255)
    assert refusal(await navixy.submit(note={"type": "text", "value": "late"})) == (400, 255)


async def test_255_is_said_in_strict_mode_until_the_form_was_submitted(strict: Navixy) -> None:
    value = {"type": "text", "value": "first"}
    assert refusal(await strict.create()) == (400, 255)
    assert refusal(await strict.submit(note=value)) == (400, 255)
    assert (await strict.submit("task/form/submit", note=value)).json() == {"success": True}
    number = await strict.uploaded()
    assert (await strict.submit(file1={"type": "file", "file_ids": [number]})).json() == {"success": True}


async def test_267_is_said_at_the_seventh_unsubmitted_file_of_a_field(navixy: Navixy) -> None:
    for _ in range(6):
        assert (await navixy.create()).status_code == 200
    assert refusal(await navixy.create()) == (400, 267)
    assert (await navixy.create(field_id="small")).status_code == 200


async def test_268_is_said_when_reservations_and_files_fill_the_quota(navixy: Navixy) -> None:
    limit = (await navixy.api.world.storage()).limit_bytes
    half = limit // 2 + 1
    assert (await navixy.create(size=half)).status_code == 200
    assert refusal(await navixy.create(size=half)) == (402, 268)


async def test_271_is_said_beyond_16_mib_and_beyond_the_fields_own_limit(navixy: Navixy) -> None:
    assert refusal(await navixy.create(size=16_777_217)) == (413, 271)
    assert refusal(await navixy.create(field_id="small", size=101)) == (413, 271)


async def test_7_names_the_parameter_that_is_wrong(navixy: Navixy) -> None:
    wrong: list[tuple[str, object]] = [
        ("size", None),
        ("size", 0),
        ("size", "many"),
        ("size", 1.5),
        ("size", 2**63),
        ("task_id", None),
        ("task_id", "x"),
        ("field_id", None),
        ("field_id", 5),
        ("filename", ""),
        ("metadata", "text"),
        ("metadata", []),
    ]
    for name, value in wrong:
        answer = await navixy.create(**{name: value})
        assert refusal(answer) == (400, 7), (name, value)
        assert [one["parameter"] for one in answer.json()["errors"]] == [name]


async def test_metadata_goes_with_images_only(navixy: Navixy) -> None:
    answer = await navixy.create(field_id="small", metadata={"orientation": 1})
    assert refusal(answer) == (400, 7)
    assert (await navixy.create(field_id="photos", metadata={"orientation": 1})).status_code == 200


async def test_a_place_that_was_not_used_ends_at_its_time_and_frees_its_bytes(navixy: Navixy) -> None:
    world = navixy.api.world
    place = (await navixy.create(size=1000)).json()["value"]
    assert (await world.storage()).reserved_bytes == 1000
    world.clock.advance(timedelta(minutes=10, seconds=1))
    assert refusal(await navixy.send(place, b"late")) == (400, 269)
    await sweep.expire_uploads(world.context)
    assert (await world.storage()).reserved_bytes == 0
    assert refusal(await navixy.send(place, b"later")) == (400, 269)


async def test_a_file_that_no_value_names_goes_at_the_next_submission(navixy: Navixy) -> None:
    kept, left = await navixy.uploaded(), await navixy.uploaded(field_id="small", data=PDF, filename="x.pdf")
    waiting = (await navixy.create()).json()["value"]
    assert (await navixy.submit(file1={"type": "file", "file_ids": [kept]})).json() == {"success": True}
    files = (await navixy.call("task/form/read", task_id=navixy.task)).json()["files"]
    assert [(file["id"], file["state"]) for file in files] == [(kept, "uploaded"), (waiting["file_id"], "created")]
    assert "download_url" not in files[1]
    late = await navixy.submit(small={"type": "file", "file_ids": [left]})
    assert refusal(late) == (400, 242)
    assert late.json()["errors"][0]["code"] == 10
    assert (await navixy.submit(file1={"type": "file", "file_ids": []})).json() == {"success": True}
    files = (await navixy.call("task/form/read", task_id=navixy.task)).json()["files"]
    assert [file["id"] for file in files] == [waiting["file_id"]]


async def test_an_upload_that_is_refused_may_be_made_again_at_the_same_place(navixy: Navixy) -> None:
    place = (await navixy.create(field_id="small", size=100, filename="a.pdf")).json()["value"]
    for data in (b"no PDF at all", PDF.ljust(20_000), PDF.ljust(200_000)):
        assert (await navixy.send(place, data)).json()["success"] is False
        (row,) = await navixy.api.world.rows(
            "SELECT state, reserved_bytes FROM uploads WHERE id = %s", place["file_id"]
        )
        assert row == ("created", 100)
    assert (await navixy.send(place, PDF)).json() == {"success": True}


async def test_an_upload_is_refused_without_its_token_twice_too_large_or_without_a_file(navixy: Navixy) -> None:
    place = (await navixy.create()).json()["value"]
    for token in ("wrong", ""):
        assert refusal(await navixy.send({**place, "fields": {"token": token}}, b"x")) == (403, 11)
    no_file = await navixy.client.post(path_of(place), files={"token": (None, place["fields"]["token"])})
    assert refusal(no_file) == (400, 233)
    assert refusal(await navixy.client.post(path_of(place), content=b"x")) == (400, 234)
    assert refusal(await navixy.send(place, b"0123456789+")) == (413, 271)
    second = (await navixy.create()).json()["value"]
    assert (await navixy.send(second, b"0123456789")).json() == {"success": True}
    assert refusal(await navixy.send(second, b"0123456789")) == (400, 269)


async def test_242_names_the_field_and_why(navixy: Navixy) -> None:
    wrong: list[tuple[str, object, int]] = [
        ("note", None, 3),
        ("note", {"type": "text"}, 3),
        ("note", {"type": "date", "value": "2026-01-01"}, 2),
        ("note", {"type": "text", "value": "eleven char"}, 5),
        ("stars", {"type": "rating", "value": 6}, 7),
        ("stars", {"type": "rating", "value": 0}, 6),
        ("kind", {"type": "dropdown", "value_index": 2}, 4),
        ("checks", {"type": "checkbox_group", "values": [True]}, 5),
        ("file1", {"type": "file", "file_ids": [2**62]}, 8),
        ("missing", {"type": "text", "value": "x"}, 8),
    ]
    for field, value, code in wrong:
        answer = await navixy.submit(**{field: value})
        assert refusal(answer) == (400, 242), (field, value)
        assert [(one["field_id"], one["code"]) for one in answer.json()["errors"]] == [(field, code)]


async def test_values_come_back_as_they_were_given_and_those_not_sent_stay(navixy: Navixy) -> None:
    given = {
        "note": {"type": "text", "value": "short"},
        "stars": {"type": "rating", "value": 3},
        "kind": {"type": "dropdown", "value_index": 1},
        "checks": {"type": "checkbox_group", "values": [False, True]},
    }
    assert (await navixy.submit(**given)).json() == {"success": True}
    assert (await navixy.submit(note={"type": "text", "value": "new"})).json() == {"success": True}
    form = (await navixy.call("task/form/read", task_id=navixy.task, iso_datetime=True)).json()["value"]
    assert form["values"] == {**given, "note": {"type": "text", "value": "new"}}
    assert form["submitted"].endswith("+00:00")


async def test_a_file_of_another_field_is_none_of_this_ones(navixy: Navixy) -> None:
    number = await navixy.uploaded(data=PDF)
    answer = await navixy.submit(small={"type": "file", "file_ids": [number]})
    assert answer.json()["errors"][0]["code"] == 8


async def test_the_hash_goes_in_the_header_too_and_bad_ones_are_told_apart(navixy: Navixy) -> None:
    address = "/navixy/v2/file/stats/read"
    good = await navixy.client.get(address, headers={"Authorization": f"NVX {navixy.hash}"})
    assert good.json()["value"]["file_count"] == 0
    assert refusal(await navixy.client.get(address)) == (400, 3)
    assert refusal(await navixy.client.get(address, headers={"Authorization": f"NVX{navixy.hash}"})) == (400, 3)
    assert refusal(await navixy.client.get(address, params={"hash": "bad"})) == (400, 4)
    both = await navixy.client.get(address, headers={"Authorization": f"NVX {navixy.hash}"}, params={"hash": "0" * 32})
    assert refusal(both) == (400, 7)
    assert refusal(await navixy.client.get(f"{address}?hash={navixy.hash}&hash={navixy.hash}")) == (400, 7)


async def test_sessions_are_renewed_end_and_die_with_the_password(navixy: Navixy) -> None:
    world = navixy.api.world
    clerk = await world.actor("clerk")
    assert clerk.user_id is not None
    await credentials.set_password(world.context, clerk, clerk.user_id, PASSWORD)
    login = {"login": "clerk@acme.example", "password": PASSWORD}
    made = (await navixy.client.post("/navixy/v2/fsm/user/auth", json=login)).json()
    assert set(made) == {"success", "type", "hash"}
    assert made["type"] == "authenticated"
    navixy.hash = made["hash"]
    assert re.fullmatch(r"[0-9a-f]{32}", navixy.hash)
    world.clock.advance(timedelta(days=29))
    assert (await navixy.call("user/session/renew")).json() == {"success": True}
    world.clock.advance(timedelta(days=29))
    assert (await navixy.call("file/stats/read")).status_code == 200
    await credentials.set_password(world.context, clerk, clerk.user_id, PASSWORD)
    assert refusal(await navixy.call("file/stats/read")) == (400, 4)
    other = (await navixy.client.post("/navixy/v2/user/auth/", data=login)).json()["hash"]
    assert (await navixy.call("user/logout", other)).json() == {"success": True}
    assert refusal(await navixy.call("user/logout", other)) == (400, 4)
    wrong = await navixy.client.post("/navixy/v2/user/auth", json={"login": "clerk@acme.example", "password": "no"})
    assert refusal(wrong) == (400, 102)


async def test_unknown_addresses_bodies_and_json_are_refused_in_the_same_envelope(navixy: Navixy) -> None:
    post = navixy.client.post
    assert refusal(await post("/navixy/v2/nothing/read")) == (400, 111)
    assert refusal(await post("/navixy/v2/task/form/nothing")) == (400, 112)
    assert refusal(await navixy.client.get("/navixy/v2/task/form/values/update")) == (400, 112)
    address = "/navixy/v2/task/form/file"
    headers = {"Content-Type": "application/json"}
    for body in (b"{", b"[]", b'{"a":1,"a":2}', json.dumps("x").encode(), b'{"x":"\\u0000"}', b"\xff"):
        assert refusal(await post(address, content=body, headers=headers)) == (400, 7)
    assert refusal(await post(address, content=b"<a/>", headers={"Content-Type": "text/xml"})) == (400, 5)


async def test_keys_are_made_and_ended_by_administrators_with_a_session(navixy: Navixy) -> None:
    assert refusal(await navixy.call("api/key/create", title="mine")) == (403, 13)


async def test_another_accounts_task_is_no_task(navixy: Navixy) -> None:
    world = navixy.api.world
    assert world.rival.user_id is not None
    rival = (await hashes.open_for(world.context, world.rival, world.rival.user_id)).secret
    asked = await navixy.call("task/form/file", rival, task_id=navixy.task, field_id="file1", size=10)
    assert refusal(asked) == (400, 201)
    key = (await navixy.call("api/key/create", rival, title="job")).json()["value"]
    assert (await navixy.call("file/stats/read", key["hash"])).status_code == 200
    assert refusal(await navixy.call("api/key/list", key["hash"])) == (400, 4)
    (listed,) = (await navixy.call("api/key/list", rival)).json()["list"]
    assert listed["title"] == "job"
    assert (await navixy.call("api/key/delete", rival, key=key["hash"])).json() == {"success": True}
    assert refusal(await navixy.call("file/stats/read", key["hash"])) == (400, 4)


async def test_a_form_is_read_by_its_number_too(navixy: Navixy) -> None:
    await navixy.create()
    form = (await navixy.call("form/read", id=navixy.task)).json()
    assert form["files"] == []
    assert form["value"]["task_id"] == navixy.task
    assert form["value"]["fields"][1] == {
        "id": "note",
        "label": "note",
        "required": False,
        "type": "text",
        "min_length": 0,
        "max_length": 10,
    }
    assert "submitted" not in form["value"]


async def test_the_caps_are_told_to_everybody(navixy: Navixy) -> None:
    caps = (await navixy.client.get("/navixy/v2/dealer/get_ui_config")).json()["platform"]
    assert caps["form"]["file_field"]["max_files_per_field"] == 6
    assert caps["form"]["file_field"]["max_count"] == 16
    assert caps["file_storage"]["hard_max_file_size"] == 16_777_216


async def test_a_body_that_is_too_large_is_told_from_a_file_that_is(navixy: Navixy) -> None:
    assert refusal(await navixy.call("task/list", filter="x" * 2_000_000)) == (412, 9)
    assert refusal(await navixy.create(size=16_777_217)) == (413, 271)
