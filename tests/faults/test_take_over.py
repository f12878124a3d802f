"""A writer whose connection is dead gives its ticket up to a newcomer; one that gets bytes keeps it."""

import asyncio
from collections.abc import AsyncIterator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, replace
from datetime import timedelta
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import httpx
import pytest

from beside import beside, hearing
from edge import PATIENT, Connection, serving
from satchel.actions.files.taking_over import SILENT
from satchel.model.ids import UploadId
from satchel.settings import read_settings
from satchel.surfaces.app import create_app
from satchel.surfaces.http import listen
from surfaces.conftest import Api
from workers import until
from world import PDF, World, bundle, fields, open_world

UPLOADS = "/api/v1/uploads"
TUS = {"Tus-Resumable": "1.0.0"}
PIECE = {**TUS, "Content-Type": "application/offset+octet-stream"}
FORM = {"Content-Type": "multipart/form-data; boundary=b"}
DATA = PDF.ljust(5_000)
HALF = len(DATA) // 2
PROTOCOLS = ("put", "form", "tus", "navixy")


@dataclass
class Served:
    """The application on a port, with raw connections to it."""

    api: Api
    port: int
    stack: AsyncExitStack

    async def ticket(self) -> dict[str, Any]:
        """Ask for a ticket."""
        clerk = await self.api.client("clerk")
        asked = await clerk.post(UPLOADS, json={"app": "DED", "field": "paper", "size": len(DATA), "name": "a.pdf"})
        assert asked.status_code == 201, asked.text
        ticket: dict[str, Any] = asked.json()
        return ticket

    async def hang(self, ticket: Mapping[str, Any], protocol: str) -> Connection:
        """Send the half of a ticket's file, and then nothing."""
        method, path, headers, body = _request(ticket, protocol, DATA, 0)
        lines = [f"{method} {path} HTTP/1.1", "Host: x", f"Content-Length: {len(body)}"]
        lines += [f"{name}: {value}" for name, value in headers.items()]
        opened = await asyncio.open_connection("127.0.0.1", self.port)
        connection = Connection(*opened)
        self.stack.callback(connection.writer.close)
        await connection.send("\r\n".join([*lines, "", ""]).encode() + body[: len(body) - HALF])
        return connection

    async def hangs(self, ticket: Mapping[str, Any]) -> None:
        """Wait until the writer of a ticket waits for its client."""

        async def waits() -> bool:
            writing = self.api.world.context.writers.of(self.api.world.account, UploadId(ticket["id"]))
            return writing is not None and writing.waits_since is not None

        await until(waits, "nobody writes")

    async def send(self, ticket: Mapping[str, Any], protocol: str) -> httpx.Response:
        """Send a ticket's file as a newcomer: for tus, from where the pieces end."""
        anyone, offset = await self.api.client("anonymous"), 0
        if protocol == "tus":
            told = await anyone.head(_path(ticket["tus_url"]), headers=TUS)
            if not told.is_success:
                return told
            offset = int(told.headers["Upload-Offset"])
        method, path, headers, body = _request(ticket, protocol, DATA, offset)
        return await anyone.request(method, path, headers=headers, content=body)

    async def state(self, ticket: Mapping[str, Any]) -> str:
        """Return the state of a ticket."""
        return str((await (await self.api.client("clerk")).get(f"{UPLOADS}/{ticket['id']}")).json()["state"])


def _path(address: str) -> str:
    found = urlsplit(address)
    return f"{found.path}?{found.query}"


def _request(
    ticket: Mapping[str, Any], protocol: str, data: bytes, offset: int
) -> tuple[str, str, dict[str, str], bytes]:
    if protocol == "put":
        return "PUT", _path(ticket["put_url"]), {}, data
    if protocol == "tus":
        return "PATCH", _path(ticket["tus_url"]), {**PIECE, "Upload-Offset": str(offset)}, data[offset:]
    head = b"--b\r\nContent-Disposition: form-data; name="
    token = head + b'"token"\r\n\r\n' + ticket["form"]["fields"]["token"].encode() + b"\r\n"
    whole = token + head + b'"file"; filename="b.pdf"\r\n\r\n' + data + b"\r\n--b--\r\n"
    path = _path(ticket["form"]["url"]) if protocol == "form" else f"/navixy/file/upload/{ticket['id']}"
    return "POST", path, FORM, whole


@asynccontextmanager
async def _served(world: World) -> AsyncIterator[Served]:
    declared = fields({"id": "paper", "type": "file"})
    await world.deploy(bundle({"code": "DED", "fields": declared, "start": {"fields": {"paper": "edit"}}}))
    sockets = listen("127.0.0.1", 0)
    port = int(sockets[0].getsockname()[1])
    app = create_app(world.context, read_settings({}))
    async with AsyncExitStack() as stack, serving(app, sockets, PATIENT), AsyncExitStack() as connections:
        yield Served(Api(world, app, stack, url=f"http://127.0.0.1:{port}"), port, connections)


@pytest.fixture
async def served(populated_database: str, tmp_path: Path) -> AsyncIterator[Served]:
    async with open_world(populated_database, tmp_path) as world, _served(world) as found:
        yield found


@pytest.mark.parametrize("protocol", PROTOCOLS)
async def test_a_newcomer_takes_over_from_a_writer_that_gets_no_byte(served: Served, protocol: str) -> None:
    ticket = await served.ticket()
    dead = await served.hang(ticket, protocol)
    await served.hangs(ticket)
    served.api.world.clock.advance(SILENT)

    sent = await served.send(ticket, protocol)

    assert sent.is_success, sent.text
    assert await served.state(ticket) == "uploaded"
    status, _, _ = await dead.answer()
    assert status in (409, 400)  # Navixy's number for a conflict is 400
    assert await served.api.world.drift() == []


async def test_a_newcomer_goes_on_where_the_dead_writer_ended(served: Served) -> None:
    ticket = await served.ticket()
    await served.hang(ticket, "tus")
    await served.hangs(ticket)
    served.api.world.clock.advance(SILENT)
    told = await (await served.api.client("anonymous")).head(_path(ticket["tus_url"]), headers=TUS)
    assert (told.status_code, told.headers["Upload-Offset"]) == (200, str(len(DATA) - HALF))


@pytest.mark.parametrize("protocol", PROTOCOLS)
async def test_a_writer_that_gets_bytes_keeps_its_ticket(served: Served, protocol: str) -> None:
    ticket = await served.ticket()
    living = await served.hang(ticket, protocol)
    await served.hangs(ticket)
    served.api.world.clock.advance(SILENT - timedelta(milliseconds=1))

    refused = await served.send(ticket, protocol)

    assert refused.status_code == (400 if protocol == "navixy" else 409)
    assert refused.headers["Retry-After"] == "1"
    if protocol in ("put", "form"):
        assert refused.json()["code"] == "busy"
    await living.send(_request(ticket, protocol, DATA, 0)[3][-HALF:])
    assert (await living.answer())[0] == 200 if protocol != "tus" else True

    async def is_there() -> bool:
        return await served.state(ticket) == "uploaded"

    await until(is_there, "the first writer did not finish")


async def test_of_many_newcomers_at_once_one_takes_over(served: Served) -> None:
    ticket = await served.ticket()
    await served.hang(ticket, "put")
    await served.hangs(ticket)
    served.api.world.clock.advance(SILENT)

    answers = await asyncio.gather(*(served.send(ticket, "put") for _ in range(5)))

    codes = sorted(answer.json().get("code", answer.json().get("state")) for answer in answers)
    assert codes.count("uploaded") == 1
    assert set(codes) <= {"uploaded", "busy", "invalid_state"}
    assert await served.api.world.drift() == []


@pytest.mark.parametrize("protocol", ["put", "tus"])
async def test_a_newcomer_takes_over_from_a_writer_of_another_process(
    served: Served, tmp_path: Path, protocol: str
) -> None:
    world = served.api.world
    async with beside(world, tmp_path) as other, hearing(world, other), AsyncExitStack() as stack:
        app = create_app(other.context, read_settings({}))
        elsewhere = replace(served, api=Api(other, app, stack))
        ticket = await served.ticket()
        dead = await served.hang(ticket, protocol)
        await served.hangs(ticket)
        world.clock.advance(SILENT - timedelta(milliseconds=1))
        refused = await elsewhere.send(ticket, protocol)
        world.clock.advance(timedelta(milliseconds=1))

        sent = await elsewhere.send(ticket, protocol)

        assert (refused.status_code, refused.headers["Retry-After"]) == (409, "1")
        assert sent.is_success, sent.text
        assert await served.state(ticket) == "uploaded"
        assert (await dead.answer())[0] == 409
        assert await world.drift() == []
