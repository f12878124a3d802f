"""Previews of uploads that no form has used yet: for the one who uploaded them, and as harmless as those of files."""

import io

import pytest
from PIL import Image

from satchel.actions.files import tickets
from satchel.cli.demo.samples import drawing_png, photo_jpeg
from surfaces.conftest import Api
from world import PDF


async def _uploaded(api: Api, data: bytes, *, name: str = "desk.jpg") -> int:
    """Upload bytes as a clerk for the start of an evaluation, and return the ticket's number."""
    await api.world.deploy_example("product-evaluation")
    return await api.upload("clerk", data, app="EVA", field="photos", name=name)


async def test_an_uploaded_photo_has_a_small_picture_that_can_only_be_shown(api: Api) -> None:
    number = await _uploaded(api, photo_jpeg())
    sent = await (await api.client("clerk")).get(f"/api/v1/uploads/{number}/preview")
    assert (sent.status_code, sent.headers["Content-Type"]) == (200, "image/jpeg")
    assert max(Image.open(io.BytesIO(sent.content)).size) <= 512
    assert sent.headers["Content-Disposition"].startswith("inline")
    assert sent.headers["X-Content-Type-Options"] == "nosniff"
    assert sent.headers["Content-Security-Policy"] == "default-src 'none'; sandbox; frame-ancestors 'none'"
    assert sent.headers["Cache-Control"] == "private, no-cache"
    again = await (await api.client("clerk")).get(
        f"/api/v1/uploads/{number}/preview", headers={"If-None-Match": sent.headers["ETag"]}
    )
    assert (again.status_code, again.content) == (304, b"")
    part = await (await api.client("clerk")).get(f"/api/v1/uploads/{number}/preview", headers={"Range": "bytes=0-9"})
    assert (part.status_code, part.content) == (206, sent.content[:10])


@pytest.mark.parametrize("who", ["viewer", "admin", "rival", "stranger"])
async def test_nobody_else_sees_it(api: Api, who: str) -> None:
    number = await _uploaded(api, photo_jpeg())
    client = await api.client(who)
    theirs = await client.get(f"/api/v1/uploads/{number}/preview")
    unknown = await client.get("/api/v1/uploads/999999/preview")
    assert (theirs.status_code, unknown.status_code) == (404, 404)
    assert theirs.json()["detail"].replace(str(number), "999999") == unknown.json()["detail"]


async def test_a_tickets_token_puts_bytes_in_and_gets_none_out(api: Api) -> None:
    await api.world.deploy_example("product-evaluation")
    clerk, anyone = await api.client("clerk"), await api.client("anonymous")
    wish = {"app": "EVA", "field": "photos", "size": len(photo_jpeg()), "name": "desk.jpg"}
    ticket = (await clerk.post("/api/v1/uploads", json=wish)).json()
    address, token = f"/api/v1/uploads/{ticket['id']}/preview", ticket["form"]["fields"]["token"]
    early = await clerk.get(address)
    assert (early.status_code, early.json()["code"]) == (409, "invalid_state")
    assert (await anyone.put(ticket["put_url"], content=photo_jpeg())).status_code == 200
    assert (await anyone.get(address)).status_code == 401
    assert (await anyone.get(address, params={"token": token})).status_code == 401


async def test_what_is_no_image_has_no_picture(api: Api) -> None:
    await api.world.deploy_example("product-evaluation")
    number = await api.upload("clerk", PDF, app="EVA", field="description", name="a.pdf")
    answer = await (await api.client("clerk")).get(f"/api/v1/uploads/{number}/preview")
    assert (answer.status_code, answer.json()["code"]) == (404, "not_found")


async def test_an_image_that_is_damaged_has_no_picture(api: Api) -> None:
    number = await _uploaded(api, drawing_png()[:60], name="desk.png")
    answer = await (await api.client("clerk")).get(f"/api/v1/uploads/{number}/preview")
    assert (answer.status_code, answer.json()["code"]) == (404, "not_found")


async def test_an_upload_that_has_ended_has_no_picture(api: Api) -> None:
    number = await _uploaded(api, photo_jpeg())
    world, clerk = api.world, await api.client("clerk")
    upload = await tickets.find(world.context, number, token=None, actor=await world.actor("clerk"))  # type: ignore[arg-type]  # a number from outside
    await tickets.end(world.context, upload, reason="deleted")
    answer = await clerk.get(f"/api/v1/uploads/{number}/preview")
    assert (answer.status_code, answer.json()["code"]) == (410, "upload_expired")
