"""Service tasks through the API: what a reply of another server leaves in an instance, and what its record says."""

import pytest

from calling import allow, deploy_task
from peers import peer
from satchel.model.ids import InstanceId
from surfaces.conftest import Api
from world import PDF


async def start(api: Api) -> int:
    """Start an instance that holds a file in the field that replies go to."""
    admin = await api.client("admin")
    old = await api.upload("admin", PDF, app="RST", field="receipt", name="old.pdf")
    started = await admin.post("/api/v1/apps/RST/instances", json={"values": {"receipt": [old]}})
    assert started.status_code == 201, started.text
    return int(started.json()["instance"]["id"])


@pytest.mark.parametrize(
    ("raw", "attempt"),
    [
        (b"HTTP/1.1 204 No Content\r\n\r\n", ("done", None, "no file came")),
        (b"HTTP/1.1 205 Reset Content\r\nContent-Length: 0\r\n\r\n", ("done", None, "no file came")),
        (b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n", ("done", None, "no file came")),
        (
            b"HTTP/1.1 206 Partial Content\r\nContent-Range: bytes 0-2/10\r\nContent-Length: 3\r\n\r\nabc",
            ("failed", "reply_partial", None),
        ),
    ],
)
async def test_a_reply_without_a_whole_file_leaves_the_file_and_the_record_says_so(
    api: Api, raw: bytes, attempt: tuple[str, str | None, str | None]
) -> None:
    async with peer() as other:
        allow(api.world, other)
        url = other.says("/", raw)
        await deploy_task(api.world, kind="rest", method="POST", url=url, output={"binary": "receipt"})
        number = await start(api)
        await api.world.perform(InstanceId(number))

    admin = await api.client("admin")
    (kept,) = (await admin.get(f"/api/v1/instances/{number}/files")).json()["items"]
    assert (kept["name"], kept["size"]) == ("old.pdf", len(PDF))
    (call,) = await api.world.rows("SELECT id FROM calls")
    (made,) = (await admin.get(f"/api/v1/calls/{call[0]}")).json()["attempts"]
    assert (made["state"], made["reason"], made["details"].get("note")) == attempt
