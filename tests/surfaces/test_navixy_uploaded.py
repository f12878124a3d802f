"""The Navixy surface: files between their upload and the form that names them, and how many requests are answered."""

from dataclasses import replace
from datetime import timedelta

import httpx
import pytest

from satchel.settings import read_settings
from satchel.surfaces.app import create_app
from surfaces.conftest import Api
from surfaces.navixy_client import Navixy, open_navixy, refusal, session


@pytest.fixture
async def navixy(api: Api) -> Navixy:
    """The surface, and a task with a form."""
    return await open_navixy(api, await api.client("anonymous"))


async def test_a_file_counts_and_can_be_downloaded_from_its_upload_on(navixy: Navixy) -> None:
    number = await navixy.uploaded(b"0123456789")
    stats = (await navixy.call("file/stats/read")).json()["value"]
    assert (stats["file_count"], stats["total_size"]) == (1, 10)
    for who in (navixy.hash, await session(navixy.api, "viewer")):
        (file,) = (await navixy.call("task/form/read", who, task_id=navixy.task)).json()["files"]
        address = file["download_url"].removeprefix("http://127.0.0.1:8080")
        assert (file["bindings"]["form_field"]["submitted"], "uploaded" in file) == (False, True)
        assert (await navixy.client.get(address)).content == b"0123456789"
    assert (await navixy.submit(file1={"type": "file", "file_ids": [number]})).json() == {"success": True}
    assert (await navixy.client.get(address)).content == b"0123456789"  # now of the file that it became
    assert (await navixy.call("file/stats/read")).json()["value"] == stats
    another = await navixy.uploaded(b"another")
    files = (await navixy.call("task/form/read", task_id=navixy.task)).json()["files"]
    (address,) = [one["download_url"] for one in files if one["id"] == another]
    assert (await navixy.submit()).json() == {"success": True}  # which names it not
    assert (await navixy.client.get(address.removeprefix("http://127.0.0.1:8080"))).status_code == 410


async def test_photos_are_of_the_types_that_are_images_there(navixy: Navixy) -> None:
    heads = {"bmp": b"BM" + bytes(60), "tiff": b"II*\x00" + bytes(60), "gif": b"GIF89a" + bytes(60)}
    answers = {}
    for kind, data in heads.items():
        place = (await navixy.create(field_id="photos", size=len(data), filename=f"a.{kind}")).json()["value"]
        answers[kind] = (await navixy.send(place, data)).status_code
    assert answers == {"bmp": 400, "tiff": 400, "gif": 200}


async def test_requests_beyond_the_limit_are_15_until_the_next_second(navixy: Navixy) -> None:
    world = navixy.api.world
    context = replace(world.context, policy=replace(world.context.policy, navixy_requests_per_second=2))
    app = create_app(context, read_settings({}))
    by_user, by_address = {"path": "user/get_info", "hash": navixy.hash}, {"path": "dealer/get_ui_config"}
    # Two requests of a user from different addresses, and two of one address.
    plan = [(1, by_user, 200), (2, by_user, 200), (3, by_user, 429), (4, by_address, 200), (4, by_address, 200)]
    for _ in range(2):
        for place, asked, status in [*plan, (4, by_address, 429), (5, by_address, 200)]:
            transport = httpx.ASGITransport(app=app, client=(f"192.0.2.{place}", 1))
            async with httpx.AsyncClient(transport=transport, base_url="http://127.0.0.1:8080") as client:
                answer = await client.post(f"/navixy/v2/{asked['path']}", json=asked)
            assert answer.status_code == status, (place, asked, answer.text)
            if status == 429:
                assert refusal(answer) == (429, 15)
                assert answer.headers["retry-after"]
        world.clock.advance(timedelta(seconds=1))
