"""Exports as tests make them: instances with files, an export begun, made and fetched."""

import csv
import io
import json
import zipfile

import httpx

from satchel.actions.exports import freeze
from satchel.actions.identity import accounts
from satchel.model.actor import Right
from satchel.model.ids import ExportId, InstanceId
from surfaces.conftest import Api
from world import PDF


async def let_clerks_export(api: Api) -> Api:
    """Deploy two apps whose files clerks may export."""
    world = api.world
    for example in ("purchase-request", "product-evaluation"):
        await world.deploy_example(example)
    await accounts.grant(world.context, world.admin, world.groups["clerks"], Right.EXPORT, app=None)
    return api


async def evaluation(
    api: Api, product: str = "Desk", name: str = "a.pdf", data: bytes = PDF, **values: object
) -> tuple[InstanceId, int]:
    """Start an instance with a description; return both numbers."""
    clerk = await api.world.actor("clerk")
    number = await api.world.upload(clerk, data, name=name, field="description", app="EVA")
    return await api.world.start(clerk, "EVA", product=product, description=[number], **values), number


async def begin(client: httpx.AsyncClient, **wish: object) -> int:
    answer = await client.post("/api/v1/exports", json=wish)
    assert answer.status_code == 202, answer.text
    assert answer.json()["state"] == "preparing"
    assert answer.headers["location"] == f"/api/v1/exports/{answer.json()['id']}"
    return int(answer.json()["id"])


async def make(api: Api, number: int) -> None:
    await freeze.prepare(api.world.context, api.world.account, ExportId(number))


async def fetch(client: httpx.AsyncClient, number: int) -> zipfile.ZipFile:
    answer = await client.get(f"/api/v1/exports/{number}/download")
    assert answer.status_code == 200, answer.text
    assert int(answer.headers["content-length"]) == len(answer.content)
    return zipfile.ZipFile(io.BytesIO(answer.content))


def lines(archive: zipfile.ZipFile, name: str = "manifest.jsonl") -> list[dict[str, object]]:
    return [json.loads(line) for line in archive.read(name).splitlines()]


def sheet(archive: zipfile.ZipFile, name: str) -> list[dict[str, str]]:
    """Return the rows of a table in an archive, below its heading."""
    return list(csv.DictReader(io.StringIO(archive.read(name).decode(), newline="")))


async def take_away(api: Api, right: Right) -> None:
    """Take a right from the clerks."""
    world = api.world
    await accounts.grant(world.context, world.admin, world.groups["clerks"], right, app=None, is_granted=False)
